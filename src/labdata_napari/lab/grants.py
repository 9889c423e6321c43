"""Which users a lab's server needs, and the statements that make them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROWS = "SELECT, INSERT, UPDATE, DELETE"


@dataclass(frozen=True)
class UserKind:
    """A kind of user.

    Attributes
    ----------
    name
        What stands for the user's name in the statements, ``PASSWORD`` for the
        password: ``ADMIN``, ``WRITER`` or ``READER``.
    purpose
        Who needs it.
    statements
        SQL for an administrator, without semicolons.
    """

    name: str
    purpose: str
    statements: tuple[str, ...]


def user_kinds(connection: Any, schemas: Mapping[str, str]) -> tuple[UserKind, ...]:
    """Return the users that a lab needs, on the kind of server it is on.

    Parameters
    ----------
    connection
        A DataJoint connection, which tells the name of a PostgreSQL's database.
    schemas
        As `Tables.schemas`.
    """
    names = tuple(dict.fromkeys(schemas.values()))
    if connection.adapter.backend == "postgresql":
        [(database,)] = connection.query("SELECT current_database()").fetchall()
        statements = _postgresql(str(database), names)
    else:
        statements = _mysql(schemas["global"], names)
    purposes = {
        "ADMIN": "looks after the database: may also make tables and projects",
        "WRITER": "works with the lab's data: may read and write every row",
        "READER": "looks: may read every row and write none",
    }
    return tuple(
        UserKind(name, purpose, statements[name]) for name, purpose in purposes.items()
    )


def _mysql(name: str, schemas: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    def user(kind: str, *grants: str) -> tuple[str, ...]:
        made = f"CREATE USER '{kind}'@'%' IDENTIFIED BY 'PASSWORD'"
        return made, *(f"{grant} TO '{kind}'@'%'" for grant in grants)

    return {
        # the databases of projects begin with the lab's name
        "ADMIN": user("ADMIN", f"GRANT ALL PRIVILEGES ON `{_literal(name)}%`.*"),
        "WRITER": user(
            "WRITER", *(f"GRANT {_ROWS} ON `{_literal(s)}`.*" for s in schemas)
        ),
        "READER": user(
            "READER", *(f"GRANT SELECT ON `{_literal(s)}`.*" for s in schemas)
        ),
    }


def _literal(schema: str) -> str:
    """Escape what stands for any letter in the database of a grant."""
    return re.sub(r"([_%])", r"\\\1", schema)


def _postgresql(database: str, schemas: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    inside = ", ".join(_quoted(schema) for schema in schemas)

    def user(kind: str, connect: str, use: str, rows: str) -> tuple[str, ...]:
        return (
            f"CREATE ROLE \"{kind}\" LOGIN PASSWORD 'PASSWORD'",
            f'GRANT {connect} ON DATABASE {_quoted(database)} TO "{kind}"',
            f'GRANT {use} ON SCHEMA {inside} TO "{kind}"',
            f'GRANT {rows} ON ALL TABLES IN SCHEMA {inside} TO "{kind}"',
        )

    return {
        "ADMIN": user("ADMIN", "CONNECT, CREATE", "ALL", "ALL"),
        "WRITER": user("WRITER", "CONNECT", "USAGE", _ROWS),
        "READER": user("READER", "CONNECT", "USAGE", "SELECT"),
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
