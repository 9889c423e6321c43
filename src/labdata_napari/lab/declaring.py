"""Making a lab's tables where there are none."""

from __future__ import annotations

import contextlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import WriteRefused
from labdata_napari.lab.cluster import DATABASE
from labdata_napari.schema import Tables, insert_vocabulary
from labdata_napari.settings import DEFAULT_NAME

if TYPE_CHECKING:
    from labdata_napari.lab.cluster import Cluster

_LOCK = 0x1ABDA7A  # any number; all our processes must agree on it


def declare_embedded(
    cluster: Cluster, instance: Any, name: str, project: str | None
) -> None:
    """Make what is missing in an embedded database: tables, then their vocabulary.

    Parameters
    ----------
    cluster
        Its server must run.
    instance
        A DataJoint connection to it.
    name, project
        As of `connect`.
    """
    if not missing_tables(instance, name, project):
        return
    with contextlib.closing(cluster.connect(DATABASE)) as plain:
        cursor = plain.cursor()
        # one at a time, if two programs open a new database at once
        cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        declare(instance, name, project)


def declare_empty(instance: Any, name: str, project: str | None) -> None:
    """Make all tables on a server somebody else runs, where it has none of them.

    Raises
    ------
    WriteRefused
        When the database has some tables already: it is somebody's.
    """
    missing = missing_tables(instance, name, project)
    if not missing:
        return
    present = _count_tables(instance, name, project)
    if present:
        raise WriteRefused(
            f"The database '{name}' is not empty (it has {present} tables), and "
            f"{len(missing)} of the lab's are missing; tables are only made in an "
            "empty database, so let labdata make these, or choose another name."
        )
    declare(instance, name, project)


def declare(instance: Any, name: str, project: str | None) -> None:
    """Make the tables and words that are missing, the quickest way there is."""
    if (name, project) == (DEFAULT_NAME, None) and _is_untouched(instance):
        # sent as one, so done whole or not at all
        instance.connection.query(snapshot())
    if missing_tables(instance, name, project):
        declare_each(instance, name, project)


def declare_each(instance: Any, name: str, project: str | None) -> None:
    """Have DataJoint declare what is missing.

    The vocabulary comes first: when this is killed, some table is still missing, so
    it is done again.
    """
    tables = Tables(instance, name, project, create=True)
    insert_vocabulary(tables)
    tables.bind_all()


def snapshot() -> str:
    """Return the SQL that makes all tables of the default name and their vocabulary.

    It is what pg_dump says of a database that `declare_each` made, and takes a tenth
    of the time. A test keeps the two equal; ``scripts/snapshot.py`` writes it.
    """
    file = resources.files("labdata_napari.schema") / "postgresql.sql"
    return file.read_text("utf-8")


def missing_tables(instance: Any, name: str, project: str | None) -> tuple[str, ...]:
    """Return the classes whose tables are not there, or not for us to read."""
    return Tables(instance, name, project).missing


def _is_untouched(instance: Any) -> bool:
    """Whether a PostgreSQL has not even a schema of the default name."""
    if instance.connection.adapter.backend != "postgresql":
        return False
    schemas = tuple(Tables(instance, DEFAULT_NAME).schemas.values())
    cursor = instance.connection.query(
        "SELECT FROM pg_catalog.pg_namespace WHERE nspname IN %s", (schemas,)
    )
    return not cursor.rowcount


def _count_tables(instance: Any, name: str, project: str | None) -> int:
    schemas = tuple(set(Tables(instance, name, project).schemas.values()))
    cursor = instance.connection.query(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema IN %s",
        (schemas,),
    )
    return int(cursor.fetchone()[0])
