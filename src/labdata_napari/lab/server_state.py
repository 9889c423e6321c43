"""What a server says of itself, and of a lab's databases on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.lab.privileges import rights_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ServerState:
    """What a server is.

    Attributes
    ----------
    kind, version
        As ``"MariaDB"`` and ``"10.11.19"``.
    tls
        The protocol that encrypts the connection, as ``"TLSv1.3"``; empty when it is
        not encrypted.
    """

    kind: str
    version: str
    tls: str


@dataclass(frozen=True)
class SchemaState:
    """One of a lab's databases (PostgreSQL: schemas).

    Attributes
    ----------
    name
        On the server.
    tables
        How many tables this user is shown in it, ours or not; 0 where it is not there.
    may_write
        Whether this user may add rows to some of them.
    """

    name: str
    tables: int
    may_write: bool


def lab_names(connection: Any) -> tuple[str, ...]:
    """List the databases with a lab's tables, its own and its projects', by name."""
    rows = connection.query(
        "SELECT table_schema FROM information_schema.tables "
        "WHERE table_name = 'subject' ORDER BY table_schema"
    ).fetchall()
    return tuple(str(name) for (name,) in rows)


def server_state(connection: Any) -> ServerState:
    """Ask a server what it is; changes nothing.

    Parameters
    ----------
    connection
        A DataJoint connection.
    """
    if connection.adapter.backend == "postgresql":
        version, tls = connection.query(
            "SELECT current_setting('server_version'), (SELECT version "
            "FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid())"
        ).fetchone()
        return ServerState("PostgreSQL", version.split()[0], tls or "")
    (version,) = connection.query("SELECT VERSION()").fetchone()
    said = connection.query("SHOW SESSION STATUS LIKE 'Ssl_version'").fetchone()
    kind = "MariaDB" if "MariaDB" in version else "MySQL"
    # what follows is the packager's: 10.11.19-MariaDB-0+deb12u1
    return ServerState(kind, version.split("-")[0], said[1] if said else "")


def schema_states(
    connection: Any, schemas: Mapping[str, str]
) -> tuple[SchemaState, ...]:
    """Count the tables of a lab's databases, and say where this user may write.

    Parameters
    ----------
    connection
        A DataJoint connection.
    schemas
        As `Tables.schemas`.
    """
    names = tuple(dict.fromkeys(schemas.values()))
    rows = connection.query(
        "SELECT table_schema, count(*) FROM information_schema.tables "
        "WHERE table_schema IN %s AND table_name NOT LIKE '~%%' GROUP BY table_schema",
        (names,),
    ).fetchall()
    counts = {str(name): int(count) for name, count in rows}
    return tuple(
        SchemaState(
            name,
            counts.get(name, 0),
            name in counts and rights_of(connection, name).may_write,
        )
        for name in names
    )
