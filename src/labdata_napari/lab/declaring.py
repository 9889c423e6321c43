"""Making a lab's tables where there are none."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import WriteRefused
from labdata_napari.lab.cluster import DATABASE
from labdata_napari.lab.pose_tables import POSE_TABLES
from labdata_napari.schema import Tables, insert_vocabulary
from labdata_napari.schema.contract import contract
from labdata_napari.schema.vocabulary import VOCABULARY
from labdata_napari.settings import DEFAULT_NAME

if TYPE_CHECKING:
    from labdata_napari.lab.cluster import Cluster

_LOG = "~log"
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


@dataclass(frozen=True)
class Plan:
    """Tables that are to be made.

    Attributes
    ----------
    tables
        As ``Master`` or ``Master.Part``; empty when all are there.
    schemas
        The databases (PostgreSQL: schemas) they go into.
    """

    tables: tuple[str, ...]
    schemas: tuple[str, ...]


def plan(instance: Any, name: str, project: str | None) -> Plan:
    """Say what would be made on a server somebody else runs; only looks.

    A project on a lab that is there has databases of its own, and only those are to be
    made. What an interrupted creation left is completed: empty tables of ours alone.

    Parameters
    ----------
    instance
        Whatever has a DataJoint `connection`.
    name, project
        As of `connect`.

    Raises
    ------
    WriteRefused
        When such a database has some tables already: it is somebody's.
    """
    tables = Tables(instance, name, project)
    missing = tables.missing
    scopes = {contract()[table]["scope"] for table in missing}
    schemas = tuple(dict.fromkeys(s for k, s in tables.schemas.items() if k in scopes))
    for schema in schemas:
        present = _table_names(instance.connection, schema)
        if present and not _is_unfinished(tables, schema, present):
            raise WriteRefused(
                f"The database '{schema}' is not empty (it has {len(present)} tables), "
                f"and {len(missing)} of the lab's are missing; tables are only made in "
                "an empty database, so let labdata make these, or choose another name."
            )
    return Plan(missing, schemas)


def declare_empty(instance: Any, name: str, project: str | None) -> Plan:
    """Make all tables on a server somebody else runs, where it has none of them.

    Parameters and errors as `plan`.

    Returns
    -------
    Plan
        What was made.
    """
    planned = plan(instance, name, project)
    if planned.tables:
        declare(instance, name, project)
    return planned


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
    missing = missing_tables(instance, name, project)
    scopes = {contract()[table]["scope"] for table in missing}
    tables = Tables(instance, name, project, create=True)
    # the words of a lab that a project is added to are its own
    insert_vocabulary(tables, scopes)
    _make_log(tables)
    tables.bind_all()


def _make_log(tables: Tables) -> None:
    """Make the table in which labdata notes what it deletes; only MySQL knows labdata.

    It would make it itself, but not in the transaction of its first deletion, which
    then fails. We write nothing into it.
    """
    if tables.connection.adapter.backend != "mysql":
        return
    for schema in dict.fromkeys(tables.schemas.values()):
        tables.connection.query(
            f"CREATE TABLE IF NOT EXISTS `{schema}`.`{_LOG}` ("
            "id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, "
            "timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, "
            "version varchar(12) NOT NULL, user varchar(255) NOT NULL, "
            "host varchar(255) NOT NULL DEFAULT '', "
            "event varchar(255) NOT NULL DEFAULT '')"
        )


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


def _table_names(connection: Any, schema: str) -> set[str]:
    rows = connection.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
        (schema,),
    )
    return {str(row[0]) for row in rows}


def _is_unfinished(tables: Tables, schema: str, present: set[str]) -> bool:
    """Whether a database holds only what `declare_each` made before it was stopped.

    That is some of our tables, with DataJoint's ``~lineage`` that labdata never makes,
    and not a row but the vocabulary; or nothing but labdata's log.
    """
    names = {
        rule["table"]: full
        for full, rule in contract().items()
        if tables.schemas[rule["scope"]] == schema
    }
    ours = present - {"~lineage", _LOG, *POSE_TABLES}
    # the log alone is there before the first table is
    declared_by_us = "~lineage" in present or not ours
    if not declared_by_us or not ours <= names.keys():
        return False
    connection = tables.connection
    for table in ours:
        if names[table] not in VOCABULARY:
            name = connection.adapter.make_full_table_name(schema, table)
            if connection.query(f"SELECT 1 FROM {name} LIMIT 1").rowcount:
                return False
    return True
