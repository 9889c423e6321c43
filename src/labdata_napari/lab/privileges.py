"""Who we are on a server, and whether we may change anything there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

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
    name, closed, role, version = connection.query(
        "SELECT USER(), @@global.read_only, CURRENT_ROLE(), VERSION()"
    ).fetchone()
    grants = "SHOW GRANTS"
    if "MariaDB" not in version and role not in {None, "NONE"}:
        # MySQL lists the rights of roles only when told which; MariaDB always does
        grants = f"SHOW GRANTS FOR CURRENT_USER() USING {role}"
    rows = [row[0] for row in connection.query(grants).fetchall()]
    shut = bool(closed) and not any(_passes_read_only(row) for row in rows)
    writes = any(_allows_insert(row, schema) for row in rows)
    return Rights(name.rpartition("@")[0] or name, writes and not shut)


def _passes_read_only(grant: str) -> bool:
    return bool(re.search(r"ALL PRIVILEGES ON \*\.\*|SUPER|READ.ONLY ADMIN", grant))


def _allows_insert(grant: str, schema: str) -> bool:
    match = _GRANT.match(grant)
    if not match:
        return False
    # rights on single columns are written INSERT (`a`, `b`)
    rights = re.sub(r"\([^)]*\)", "", match["rights"]).upper().split(",")
    if not {"INSERT", "ALL", "ALL PRIVILEGES"} & {right.strip() for right in rights}:
        return False
    database = match["what"].removeprefix("TABLE ").rpartition(".")[0].strip("`")
    return _matches(database, schema)


def _matches(pattern: str, schema: str) -> bool:
    """Compare a database of a grant, where % and _ stand for others unless escaped."""
    if pattern == "*":
        return True
    words = re.split(r"(\\_|\\%|%|_)", pattern)
    meaning = {"%": ".*", "_": ".", "\\_": "_", "\\%": "%"}
    return bool(
        re.fullmatch("".join(meaning.get(w, re.escape(w)) for w in words), schema)
    )
