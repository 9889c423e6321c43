"""Which tables of a server refer to one of the lab's, plugins' and projects' too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.schema.contract import contract

if TYPE_CHECKING:
    from labdata_napari.schema.binding import Tables


@dataclass(frozen=True)
class Reference:
    """A foreign key as the server tells of it.

    Attributes
    ----------
    schema, table
        Where it is.
    columns
        Its columns, in the order of the primary key they refer to.
    readable
        Whether this user may read that table.
    """

    schema: str
    table: str
    columns: tuple[str, ...]
    readable: bool = True


def references_to(tables: Tables, name: str) -> tuple[Reference, ...]:
    """Ask the server for every foreign key that refers to one of our tables.

    Parameters
    ----------
    tables
        A binding; its server is only read.
    name
        Of the table referred to, as ``AnalysisFile``.

    Returns
    -------
    tuple of Reference
        Of all databases the server shows this user, not only the binding's: those of
        the lab's projects share its files. MySQL hides what one may not read at all.
    """
    wanted = contract()[name]
    connection = tables.connection
    backend = connection.adapter.backend
    rows = connection.query(
        _MYSQL if backend == "mysql" else _POSTGRESQL,
        (tables.schemas[wanted["scope"]], wanted["table"]),
    ).fetchall()
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    readable = {}
    for schema, table, constraint, column, parent_column, may_read in rows:
        found.setdefault((schema, table, constraint), {})[parent_column] = column
        readable[schema, table] = bool(may_read)
    return tuple(
        Reference(
            schema,
            table,
            tuple(pairs[column] for column in wanted["primary_key"]),
            readable[schema, table],
        )
        for (schema, table, _), pairs in found.items()
        if set(wanted["primary_key"]) <= set(pairs)
    )


_MYSQL = """
    SELECT table_schema, table_name, constraint_name, column_name,
           referenced_column_name, 1
    FROM information_schema.key_column_usage
    WHERE referenced_table_schema = %s AND referenced_table_name = %s
    ORDER BY table_schema, table_name, constraint_name
"""
_POSTGRESQL = """
    SELECT n.nspname, r.relname, c.conname, a.attname, pa.attname,
           has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(r.oid, 'SELECT')
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k(number, parent)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
    JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.parent
    WHERE c.contype = 'f' AND pn.nspname = %s AND p.relname = %s
    ORDER BY 1, 2, 3
"""
