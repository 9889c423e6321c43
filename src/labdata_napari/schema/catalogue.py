"""What a server says of a lab's tables: two queries, however many there are.

Asked table by table, as DataJoint does, it takes seven queries each, which far away
is most of a second for every table. Only what this user may read is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    Column = tuple[str, str, str]
    """Schema, table and column."""


@dataclass
class TableFacts:
    """A table as the server describes it.

    Attributes
    ----------
    comment
        Of the table.
    columns
        By name, in order; each as DataJoint's adapter takes it apart.
    primary_key
        Names of its columns.
    indexes
        One row for each column of each index but the primary key; MySQL only.
    """

    comment: str = ""
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    primary_key: set[str] = field(default_factory=set)
    indexes: list[dict[str, Any]] = field(default_factory=list)


class Catalogue:
    """The tables of some schemas, as they were when it was read.

    Parameters
    ----------
    connection
        A DataJoint connection.
    schemas
        Names of databases (PostgreSQL: schemas); those that are not there, or that
        this user may not look into, have no tables.
    """

    def __init__(self, connection: Any, schemas: Iterable[str]) -> None:
        self._connection = connection
        self._schemas = tuple(dict.fromkeys(schemas))
        # where MySQL folds the names of databases, it may not say them as asked for
        self._asked = {name.lower(): name for name in self._schemas}
        self._tables: dict[tuple[str, str], TableFacts] = {}
        self._parents: dict[Column, Column] = {}
        self._read(self._schemas)

    def tables(self, schema: str) -> set[str]:
        """Names of the tables of a schema."""
        return {name for place, name in self._tables if place == schema}

    def facts(self, schema: str, table: str) -> TableFacts | None:
        """Everything about one table; None when it is not there for us."""
        return self._tables.get((schema, table))

    def add(self, schema: str, table: str) -> None:
        """Read a table that was declared since."""
        self._read([schema], table)

    def origin(self, schema: str, table: str, column: str) -> str | None:
        """Where a column was first declared, found by following the foreign keys.

        Returns
        -------
        str or None
            ``schema.table.column``; None for what is neither a key nor refers to one.
        """
        place, seen = (schema, table, column), set()
        while place in self._parents and place not in seen:
            seen.add(place)
            place = self._parents[place]
        known = self._tables.get(place[:2])
        # what a foreign key refers to is a key, also where we may not see it
        is_key = bool(seen) if known is None else place[2] in known.primary_key
        return ".".join(place) if is_key else None

    def _read(self, schemas: Iterable[str], table: str | None = None) -> None:
        quote = self._connection.adapter.quote_string
        where = {"schemas": f"IN ({', '.join(map(quote, schemas))})", "one": ""}
        mysql = self._connection.adapter.backend == "mysql"
        if table is not None:
            column = "table_name" if mysql else "r.relname"
            where["one"] = f"AND {column} = {quote(table)}"
        columns, links = (
            self._connection.query(query.format(**where)).fetchall()
            for query in (_MYSQL if mysql else _POSTGRESQL)
        )
        self._take_columns(columns)
        self._take_links(links)

    def _schema(self, name: str) -> str:
        return name if name in self._schemas else self._asked.get(name.lower(), name)

    def _take_columns(self, rows: Iterable[tuple[Any, ...]]) -> None:
        adapter = self._connection.adapter
        names = _MYSQL_FIELDS if adapter.backend == "mysql" else _POSTGRESQL_FIELDS
        for schema, table, is_key, *values in rows:
            place = self._schema(schema), table
            facts = self._tables.setdefault(place, TableFacts())
            column = adapter.parse_column_info(dict(zip(names, values, strict=True)))
            facts.columns[column["name"]] = column
            if is_key:
                facts.primary_key.add(column["name"])

    def _take_links(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for schema, table, what, name, column, *rest in rows:
            place = self._schema(schema), table
            facts = self._tables.get(place, TableFacts())
            if what == "comment":
                facts.comment = name or ""
            elif what == "index":
                values = (name, column, int(rest[0]), int(rest[1]))
                facts.indexes.append(dict(zip(_INDEX_FIELDS, values, strict=True)))
            else:
                parent = self._schema(rest[0]), rest[1], rest[2]
                self._parents.setdefault((*place, column), parent)


_INDEX_FIELDS = ("index_name", "column_name", "non_unique", "seq_in_index")
_MYSQL_FIELDS = ("Field", "Type", "Null", "Key", "Default", "Comment", "Extra")
# MariaDB writes defaults as they stand in SQL, and so "NULL" for none.
_MYSQL = (
    """
    SELECT table_schema, table_name, column_key = 'PRI',
           column_name, column_type, is_nullable, column_key,
           CASE WHEN LOCATE('MariaDB', VERSION()) = 0 THEN column_default
                WHEN column_default = 'NULL' THEN NULL
                WHEN column_default LIKE '''%%'
                THEN REPLACE(SUBSTR(column_default, 2,
                                    CHAR_LENGTH(column_default) - 2), '''''', '''')
                ELSE column_default END,
           column_comment, extra
    FROM information_schema.columns
    WHERE table_schema {schemas} {one}
    AND (privileges = '' OR FIND_IN_SET('select', privileges))
    ORDER BY table_schema, table_name, ordinal_position
    """,
    """
    SELECT table_schema, table_name, 'key', constraint_name, column_name,
           referenced_table_schema, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema {schemas} {one} AND referenced_table_name IS NOT NULL
    UNION ALL
    SELECT table_schema, table_name, 'index', index_name, column_name,
           non_unique, seq_in_index, NULL
    FROM information_schema.statistics
    WHERE table_schema {schemas} {one} AND index_name <> 'PRIMARY'
    UNION ALL
    SELECT table_schema, table_name, 'comment', table_comment, NULL, NULL, NULL, NULL
    FROM information_schema.tables
    WHERE table_schema {schemas} {one}
    ORDER BY 1, 2, 3, 4
    """,
)

_POSTGRESQL_FIELDS = (
    "column_name",
    "data_type",
    "udt_name",
    "is_nullable",
    "column_default",
    "column_comment",
    "character_maximum_length",
    "numeric_precision",
    "numeric_scale",
)
_POSTGRESQL = (
    """
    SELECT n.nspname, r.relname,
           EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.contype = 'p'
                   AND c.conrelid = r.oid AND a.attnum = ANY (c.conkey)),
           a.attname,
           CASE t.typtype WHEN 'e' THEN 'USER-DEFINED'
                ELSE format_type(a.atttypid, NULL) END,
           t.typname,
           CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END,
           pg_get_expr(d.adbin, d.adrelid),
           col_description(r.oid, a.attnum),
           information_schema._pg_char_max_length(a.atttypid, a.atttypmod),
           information_schema._pg_numeric_precision(a.atttypid, a.atttypmod),
           information_schema._pg_numeric_scale(a.atttypid, a.atttypmod)
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
    WHERE n.nspname {schemas} {one} AND a.attnum > 0 AND NOT a.attisdropped
    AND has_schema_privilege(n.oid, 'USAGE')
    AND has_column_privilege(r.oid, a.attnum, 'SELECT')
    ORDER BY n.nspname, r.relname, a.attnum
    """,
    """
    SELECT n.nspname, r.relname, 'key', c.conname, a.attname,
           pn.nspname, p.relname, pa.attname
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
    JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k(number, parent)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number
    JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.parent
    WHERE c.contype = 'f' AND n.nspname {schemas} {one}
    UNION ALL
    SELECT n.nspname, r.relname, 'comment', obj_description(r.oid, 'pg_class'),
           NULL, NULL, NULL, NULL
    FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    WHERE n.nspname {schemas} {one} AND r.relkind IN ('r', 'p')
    ORDER BY 1, 2, 3, 4
    """,
)
