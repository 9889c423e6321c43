"""Who we are on a server, and whether we may change anything there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

_CHANGES = {"INSERT", "UPDATE", "DELETE"}
_GRANT = re.compile(r"^GRANT (?P<rights>.+?) ON (?P<what>.+?) TO ", re.IGNORECASE)


@dataclass(frozen=True)
class Rights:
    """What a server lets us do.

    Attributes
    ----------
    user
        Who it says we are, without the computer's name.
    may_write
        Whether we may insert rows into some table of the lab.
    """

    user: str
    may_write: bool


def rights_of(connection: Any, schema: str) -> Rights:
    """Read what the server says about rights; tries nothing.

    Parameters
    ----------
    connection
        A DataJoint connection.
    schema
        Name of the lab's database (PostgreSQL: schema).
    """
    if connection.adapter.backend == "postgresql":
        return _rights_postgresql(connection, schema)
    return _rights_mysql(connection, schema)


def may_change(connection: Any, schema: str, tables: Collection[str]) -> bool:
    """Whether we may insert, update and delete rows of every one of some tables.

    Parameters
    ----------
    connection
        A DataJoint connection.
    schema
        Name of their database (PostgreSQL: schema).
    tables
        Their names.
    """
    if connection.adapter.backend != "postgresql":
        _, _, grants = _asked_mysql(connection)
        return all(_rights_on(grants, schema, name) >= _CHANGES for name in tables)
    full = [connection.adapter.make_full_table_name(schema, name) for name in tables]
    asked = [(name, right) for name in full for right in sorted(_CHANGES)]
    rights = " AND ".join(["has_table_privilege(%s, %s)"] * len(asked))
    values = tuple(value for pair in asked for value in pair)
    [(may,)] = connection.query(f"SELECT {rights}", values).fetchall()
    return bool(may)


def _rights_postgresql(connection: Any, schema: str) -> Rights:
    cursor = connection.query(
        "SELECT current_user, NOT pg_is_in_recovery() "
        "AND current_setting('transaction_read_only') = 'off' "
        "AND EXISTS (SELECT FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind = 'r' "
        "AND has_schema_privilege(n.oid, 'USAGE') "
        "AND has_table_privilege(c.oid, 'INSERT'))",
        (schema,),
    )
    user, may_write = cursor.fetchone()
    return Rights(user, bool(may_write))


def _rights_mysql(connection: Any, schema: str) -> Rights:
    name, closed, grants = _asked_mysql(connection)
    shut = closed and not any(_passes_read_only(grant) for grant in grants)
    writes = "INSERT" in _rights_on(grants, schema)
    return Rights(name.rpartition("@")[0] or name, writes and not shut)


def _asked_mysql(connection: Any) -> tuple[str, bool, list[str]]:
    """Return who we are, whether the server is read-only, and what is granted to us."""
    name, closed, role, version = connection.query(
        "SELECT USER(), @@global.read_only, CURRENT_ROLE(), VERSION()"
    ).fetchone()
    grants = "SHOW GRANTS"
    if "MariaDB" not in version and role not in {None, "NONE"}:
        # MySQL lists the rights of roles only when told which; MariaDB always does
        grants = f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
    return name, bool(closed), [row[0] for row in connection.query(grants).fetchall()]


def _passes_read_only(grant: str) -> bool:
    return bool(re.search(r"ALL PRIVILEGES ON \*\.\*|SUPER|READ.ONLY ADMIN", grant))


def _rights_on(grants: list[str], schema: str, table: str = "") -> set[str]:
    """Return rights that change rows, of a table, or of any in a database."""
    found: set[str] = set()
    for match in filter(None, map(_GRANT.match, grants)):
        database, _, name = match["what"].removeprefix("TABLE ").rpartition(".")
        if not _matches(database.strip("`"), schema):
            continue
        if not table or name.strip("`") in ("*", table):
            # rights on single columns are written INSERT (`a`, `b`)
            listed = re.sub(r"\([^)]*\)", "", match["rights"]).upper().split(",")
            found |= {right.strip() for right in listed}
    return _CHANGES if found & {"ALL", "ALL PRIVILEGES"} else found & _CHANGES


def _matches(pattern: str, schema: str) -> bool:
    """Compare a database of a grant, where % and _ stand for others unless escaped."""
    if pattern == "*":
        return True
    words = re.split(r"(\\_|\\%|%|_)", pattern)
    meaning = {"%": ".*", "_": ".", "\\_": "_", "\\%": "%"}
    return bool(
        re.fullmatch("".join(meaning.get(w, re.escape(w)) for w in words), schema)
    )
