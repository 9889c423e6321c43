"""What labdata's databases look like, and how far a server's are from that."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.schema.binding import Tables

# Server types that hold what the contract's type holds. Two are wider where we
# declare the table: a blob may be long, a colour is not padded with blanks.
_MYSQL = {
    "blob": {"blob", "longblob"},
    "char(8)": {"char(8)", "varchar(8)"},
    "tinyint(1)": {"tinyint"},
}
_POSTGRESQL = {
    "int": {"integer"},
    "tinyint": {"smallint"},
    "float": {"real"},
    "double": {"double precision"},
    "datetime": {"timestamp"},
    "blob": {"bytea"},
    "longblob": {"bytea"},
    "char(8)": {"varchar(8)"},
}


@dataclass
class _Table:
    """A table as a server describes it."""

    columns: dict[str, tuple[str, bool, str | None]] = field(default_factory=dict)
    primary_key: list[str] = field(default_factory=list)
    foreign_keys: dict[str, list[tuple[str, str, str, str, str]]] = field(
        default_factory=dict
    )


@cache
def contract() -> dict[str, Any]:
    """Read names, types and keys of the 88 tables, by ``Master`` or ``Master.Part``.

    Returns
    -------
    dict
        For each table its ``scope``, ``table`` (name on the server),
        ``primary_key``, ``columns`` (name to ``type`` as MySQL spells it, and
        ``nullable``, ``default`` where there is one) and ``foreign_keys``. All
        foreign keys update in cascade and restrict deletes.
    """
    text = files("labdata_napari.schema").joinpath("contract.json").read_text("utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


def differences(tables: Tables) -> tuple[str, ...]:
    """Compare the tables on the server with the contract, missing ones left out.

    Parameters
    ----------
    tables
        A binding; its server is only read.

    Returns
    -------
    tuple of str
        One line for each difference, empty when there is none. Extra tables are
        no difference: plugins add them.
    """
    actual = _describe(tables)
    missing = set(tables.missing)
    found: list[str] = []
    for name, wanted in contract().items():
        if name not in missing:
            place = tables.schemas[wanted["scope"]], wanted["table"]
            there = actual.get(place, _Table())
            found += [
                f"{name}: {line}" for line in _compare(tables, name, wanted, there)
            ]
    return tuple(found)


def _compare(
    tables: Tables, name: str, wanted: dict[str, Any], there: _Table
) -> Iterator[str]:
    columns = wanted["columns"]
    yield from _compare_names(list(columns), list(there.columns))
    if wanted["primary_key"] != there.primary_key:
        yield f"primary key {there.primary_key}, not {wanted['primary_key']}"
    backend = tables.connection.adapter.backend
    for column, rule in columns.items():
        if column in there.columns:
            kind, nullable, default = there.columns[column]
            if kind not in _accepted(backend, rule["type"]):
                yield f"{column} is {kind}, not {rule['type']}"
            if nullable != rule.get("nullable", False):
                yield f"{column} {'may' if nullable else 'may not'} be null"
            if default != rule.get("default"):
                yield f"{column} defaults to {default!r}, not {rule.get('default')!r}"
    keys = {_foreign_key(tables, key) for key in wanted["foreign_keys"]}
    present = {tuple(sorted(key)) for key in there.foreign_keys.values()}
    for key in sorted(keys - present):
        yield f"foreign key {_in_words(key)} is missing"
    for key in sorted(present - keys):
        yield f"foreign key {_in_words(key)} is not expected"


def _compare_names(wanted: list[str], there: list[str]) -> Iterator[str]:
    for column in wanted:
        if column not in there:
            yield f"column {column} is missing, or not for this user to read"
    for column in there:
        if column not in wanted:
            yield f"column {column} is not one of labdata's"
    known = [column for column in there if column in wanted]
    if known != [column for column in wanted if column in there]:
        yield f"columns stand in another order: {', '.join(known)}"


def _foreign_key(
    tables: Tables, key: dict[str, Any]
) -> tuple[tuple[str, str, str, str, str], ...]:
    parent = contract()[key["parent"]]
    schema = tables.schemas[parent["scope"]]
    pairs = zip(key["columns"], key["parent_columns"], strict=True)
    return tuple(
        sorted((a, schema, parent["table"], b, "CASCADE RESTRICT") for a, b in pairs)
    )


def _in_words(key: tuple[tuple[str, str, str, str, str], ...]) -> str:
    return ", ".join(f"{a} -> {t}.{b} ({rule})" for a, _, t, b, rule in key)


def _accepted(backend: str, kind: str) -> set[str]:
    known = _MYSQL if backend == "mysql" else _POSTGRESQL
    return known.get(kind, {kind})


def _describe(tables: Tables) -> dict[tuple[str, str], _Table]:
    """Ask the server for every table of the binding's databases, in three queries."""
    connection = tables.connection
    quoted = map(connection.adapter.quote_string, set(tables.schemas.values()))
    names = ", ".join(quoted)
    mysql = connection.adapter.backend == "mysql"
    queries = _MYSQL_QUERIES if mysql else _POSTGRESQL_QUERIES
    columns, primary, foreign = (
        connection.query(query.format(names=names)).fetchall() for query in queries
    )
    described: dict[tuple[str, str], _Table] = {}
    for schema, name, column, kind, nullable, default in columns:
        table = described.setdefault((schema, name), _Table())
        entry = _kind(kind), bool(nullable), _default(default)
        table.columns[column] = entry
    for schema, name, column in primary:
        described[schema, name].primary_key.append(column)
    for schema, name, constraint, *link in foreign:
        keys = described[schema, name].foreign_keys
        keys.setdefault(constraint, []).append(tuple(link))
    return described


def _kind(kind: str) -> str:
    """One spelling for a type: no display width, no time zone, no long names."""
    kind = re.sub(r"^(int|smallint|tinyint)\(\d+\)", r"\1", kind)
    kind = kind.replace("character varying", "varchar").replace("numeric", "decimal")
    return kind.replace("timestamp without time zone", "timestamp")


def _default(default: str | None) -> str | None:
    value = None if default is None else re.sub(r"::[\w ]+$", "", default)
    return None if value in (None, "NULL") else value.strip("'")


# Who may only SELECT is shown foreign keys but not their rules: taken for right.
_MYSQL_QUERIES = (
    """
    SELECT table_schema, table_name, column_name, column_type,
           is_nullable = 'YES', column_default
    FROM information_schema.columns WHERE table_schema IN ({names})
    ORDER BY table_schema, table_name, ordinal_position
    """,
    """
    SELECT table_schema, table_name, column_name
    FROM information_schema.key_column_usage
    WHERE table_schema IN ({names}) AND constraint_name = 'PRIMARY'
    ORDER BY table_schema, table_name, ordinal_position
    """,
    """
    SELECT k.table_schema, k.table_name, k.constraint_name, k.column_name,
           k.referenced_table_schema, k.referenced_table_name,
           k.referenced_column_name,
           coalesce(concat(r.update_rule, ' ', r.delete_rule), 'CASCADE RESTRICT')
    FROM information_schema.key_column_usage k
    LEFT JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema
     AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
    WHERE k.table_schema IN ({names}) AND k.referenced_table_name IS NOT NULL
    """,
)

# An enum is spelled with its values, the server's name for it means nothing.
_POSTGRESQL_QUERIES = (
    """
    SELECT n.nspname, r.relname, a.attname,
           coalesce(
               (SELECT 'enum(' || string_agg(quote_literal(e.enumlabel), ','
                                             ORDER BY e.enumsortorder) || ')'
                FROM pg_catalog.pg_enum e WHERE e.enumtypid = a.atttypid),
               format_type(a.atttypid, a.atttypmod)),
           NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class r ON r.oid = a.attrelid AND r.relkind = 'r'
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    WHERE n.nspname IN ({names}) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY n.nspname, r.relname, a.attnum
    """,
    """
    SELECT n.nspname, r.relname, a.attname
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, position)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
    WHERE c.contype = 'p' AND n.nspname IN ({names})
    ORDER BY n.nspname, r.relname, k.position
    """,
    """
    SELECT n.nspname, r.relname, c.conname, a.attname, pn.nspname, p.relname,
           pa.attname,
           CASE c.confupdtype WHEN 'c' THEN 'CASCADE' ELSE 'OTHER' END || ' ' ||
           CASE c.confdeltype WHEN 'r' THEN 'RESTRICT' ELSE 'OTHER' END
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k(number, parent)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
    JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.parent
    WHERE c.contype = 'f' AND n.nspname IN ({names})
    """,
)
