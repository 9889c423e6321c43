"""What statements a server was sent, in the shape of verb and table; what it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from databases import Place

# nothing that changes a row, a table or the server; FOR UPDATE only locks
_READS = (
    r"\(?SELECT\b(?!.*\bINTO (OUTFILE|DUMPFILE)\b)",
    r"SHOW\b",
    r"SET (NAMES|AUTOCOMMIT|SESSION|sql_mode|TIME_ZONE|@@session|wait_timeout)\b",
    r"START TRANSACTION\b",
    r"(BEGIN|COMMIT|ROLLBACK)$",
)
_READ = re.compile("|".join(f"(?:{shape})" for shape in _READS), re.I | re.S)
_WRITE = re.compile(
    r"(INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM) `(\w+)`\.`([^`]+)`", re.I
)


def writes(statements: Iterable[str]) -> set[str]:
    """Return every statement that does not only read, once for each shape.

    Rows that change are ``"INSERT INTO <database>.<table>"`` and the like; anything
    else is the statement as it was sent.
    """
    found = set()
    for statement in statements:
        if _READ.match(statement):
            continue
        write = _WRITE.match(statement)
        found.add(
            f"{write[1].upper()} {write[2]}.{write[3]}" if write else statement[:300]
        )
    return found


def declared(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Everything on a MariaDB that only an administrator should change."""
    own = "NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
    asked = {
        "schemata": "schema_name, default_character_set_name, default_collation_name",
        "tables": "table_schema, table_name, table_type, engine, row_format, "
        "table_collation, create_options, table_comment",
        "columns": "table_schema, table_name, ordinal_position, column_name, "
        "column_type, is_nullable, column_default, extra, collation_name, "
        "column_comment",
        "statistics": "table_schema, table_name, index_name, seq_in_index, "
        "column_name, non_unique, index_comment",
        "referential_constraints": "constraint_schema, table_name, constraint_name, "
        "referenced_table_name, update_rule, delete_rule",
        "key_column_usage": "table_schema, table_name, constraint_name, column_name, "
        "referenced_table_schema, referenced_table_name, referenced_column_name",
        "triggers": "trigger_schema, trigger_name, action_statement",
        "routines": "routine_schema, routine_name, routine_definition",
        "events": "event_schema, event_name, event_definition",
        "views": "table_schema, table_name, view_definition",
        "user_privileges": "grantee, privilege_type",
        "schema_privileges": "grantee, table_schema, privilege_type",
    }
    found = {}
    for name, columns in asked.items():
        schema = columns.split(",")[0]
        where = "" if name.endswith("privileges") else f"WHERE {schema} {own}"
        found[name] = sorted(
            place.sql(f"SELECT {columns} FROM information_schema.{name} {where}"),
            key=repr,
        )
    hidden = [
        f"`{schema}`.`{table}`"
        for schema, table, *_ in found["tables"]
        if table.startswith("~")
    ]
    if hidden:
        found["hidden rows"] = place.sql(f"CHECKSUM TABLE {', '.join(hidden)}")
    return found
