"""How DataJoint speaks to the two kinds of server, with what labdata's need.

Tables on MySQL carry no type markers, so that labdata itself can read them, and
PostgreSQL is asked in a way that also answers a reader who may only SELECT.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

from datajoint.adapters.mysql import MySQLAdapter
from datajoint.adapters.postgres import PostgreSQLAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labdata_napari.schema.catalogue import Catalogue, TableFacts

_MARKER = re.compile(r"^:[^:]*:")


class Answered(str):
    """A question to the server whose answer is known already.

    Attributes
    ----------
    answer
        The rows, as the server would give them but for columns, which are taken apart.
    """

    answer: Answer

    @classmethod
    def by(cls, rows: Sequence[Mapping[str, Any]], question: str) -> Answered:
        """Give the question its answer."""
        answered = cls(question)
        answered.answer = Answer(rows)
        return answered


class Answer(list[Any]):
    """Rows that look like a cursor."""

    def fetchone(self) -> Any:
        """Return the first row, None without one."""
        return self[0] if self else None

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        return self

    @property
    def rowcount(self) -> int:
        """How many rows."""
        return len(self)


class _Column(dict[str, Any]):
    """A column that has been taken apart."""


class _Knowing:
    """Adapter that asks nothing of tables that were described when a lab was opened.

    DataJoint looks at tables it has no class for, as those below a deleted row, with
    four questions each and anew at every step: a thousand for a subject. ``~lineage``,
    whose rows may be partial or wrong, it does not see at all.
    """

    hides_lineage = True

    def __init__(self) -> None:
        super().__init__()
        self.catalogues: dict[str, Catalogue] = {}
        """By the name of the schema."""

    def match_lab(self, connection: Any, schema: str) -> None:
        """Make new schemas fit those of a lab that is there, where that matters."""

    def get_table_info_sql(self, schema_name: str, table_name: str) -> str:
        sql: str = super().get_table_info_sql(schema_name, table_name)  # type: ignore[misc]
        if self.hides_lineage and table_name == "~lineage":
            return Answered.by([], sql.replace("WHERE", "WHERE 1 = 0 AND", 1))
        facts = self._facts(schema_name, table_name)
        if facts is None:
            return sql
        row = {"table_name": table_name, "table_comment": facts.comment}
        return Answered.by([row], sql)

    def get_columns_sql(self, schema_name: str, table_name: str) -> str:
        sql: str = super().get_columns_sql(schema_name, table_name)  # type: ignore[misc]
        facts = self._facts(schema_name, table_name)
        if facts is None:
            return sql
        return Answered.by([_Column(c) for c in facts.columns.values()], sql)

    def get_primary_key_sql(self, schema_name: str, table_name: str) -> str:
        sql: str = super().get_primary_key_sql(schema_name, table_name)  # type: ignore[misc]
        facts = self._facts(schema_name, table_name)
        if facts is None:
            return sql
        return Answered.by([{"column_name": n} for n in facts.primary_key], sql)

    def get_indexes_sql(self, schema_name: str, table_name: str) -> str:
        sql: str = super().get_indexes_sql(schema_name, table_name)  # type: ignore[misc]
        facts = self._facts(schema_name, table_name)
        return sql if facts is None else Answered.by(facts.indexes, sql)

    def parse_column_info(self, row: dict[str, Any]) -> dict[str, Any]:
        if isinstance(row, _Column):
            return dict(row)
        column: dict[str, Any] = super().parse_column_info(row)  # type: ignore[misc]
        return column

    def _facts(self, schema_name: str, table_name: str) -> TableFacts | None:
        catalogue = self.catalogues.get(schema_name)
        return None if catalogue is None else catalogue.facts(schema_name, table_name)


class _MySQL(_Knowing, MySQLAdapter):
    """Declares columns without type markers, so that labdata itself can read them."""

    # the server's default may be latin1; exact comparison, as on PostgreSQL
    collation = "utf8mb4_bin"

    def match_lab(self, connection: Any, schema: str) -> None:
        """Create schemas with the collation of a lab's tables, where there are any.

        A foreign key of text must have its parent's.
        """
        found = connection.query(
            "SELECT collation_name FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = '#strain' "
            "AND column_name = 'strain_name'",
            (schema,),
        ).fetchone()
        if found and str(found[0]).isidentifier():
            self.collation = str(found[0])

    def create_schema_sql(self, schema_name: str) -> str:
        name = self.quote_identifier(schema_name)
        letters = self.collation.partition("_")[0]
        return (
            f"CREATE DATABASE {name} CHARACTER SET {letters} COLLATE {self.collation}"
        )

    def format_column_definition(
        self,
        name: str,
        sql_type: str,
        nullable: bool = False,
        default: str | None = None,
        comment: str | None = None,
    ) -> str:
        comment = None if comment is None else _MARKER.sub("", comment)
        sql: str = super().format_column_definition(
            name, sql_type, nullable, default, comment
        )
        return sql


class _AsksCatalogue(PostgreSQLAdapter):
    """Asks pg_catalog: information_schema hides keys from users who only read."""

    def schema_exists_sql(self, schema_name: str) -> str:
        # a schema that one may not look into is as good as none
        name = self.quote_string(schema_name)
        return (
            "SELECT nspname FROM pg_catalog.pg_namespace "
            f"WHERE nspname = {name} AND has_schema_privilege(oid, 'USAGE')"
        )

    def get_primary_key_sql(self, schema_name: str, table_name: str) -> str:
        schema, name = self.quote_string(schema_name), self.quote_string(table_name)
        return (
            f"SELECT a.attname AS column_name {_PRIMARY_KEYS} "
            f"AND n.nspname = {schema} AND r.relname = {name} ORDER BY k.position"
        )

    def load_primary_keys_sql(self, schemas_list: str, like_pattern: str) -> str:
        return (
            "SELECT '\"' || n.nspname || '\".\"' || r.relname || '\"' AS tab, "
            f"a.attname AS column_name {_PRIMARY_KEYS} "
            f"AND n.nspname IN ({schemas_list}) AND r.relname NOT LIKE {like_pattern}"
        )


class _PostgreSQL(_Knowing, _AsksCatalogue):
    """Answers also a reader who may only SELECT."""


_PRIMARY_KEYS = (
    "FROM pg_catalog.pg_constraint c "
    "JOIN pg_catalog.pg_class r ON r.oid = c.conrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace "
    "CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, position) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number "
    "WHERE c.contype = 'p'"
)


def adapt(connection: Any) -> Any:
    """Give the connection our adapter in place of the one it came with."""
    if not isinstance(connection.adapter, _Knowing):
        mysql = connection.adapter.backend == "mysql"
        connection.adapter = _MySQL() if mysql else _PostgreSQL()
    return connection.adapter


@contextlib.contextmanager
def lineage_shown(adapter: Any) -> Iterator[None]:
    """While a table is declared: what DataJoint then writes must be right."""
    adapter.hides_lineage = False
    try:
        yield
    finally:
        adapter.hides_lineage = True
