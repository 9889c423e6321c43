"""Bind the templates to one connection: attach to what is there, or create it.

This is the only file that touches private names of DataJoint (2.3). Four things
about it make labdata's own databases, declared by DataJoint 0.14, usable as they
are, without a single statement that changes them:

* no schema, table, job table or ``~lineage`` is ever created on attach;
* a blob column without a type marker in its comment is a serialised value;
* what an attribute descends from is read from the foreign keys, not from
  ``~lineage``, which other clients may have left missing, partial or wrong;
* on PostgreSQL the catalogue is asked in a way that also answers a reader who
  may only SELECT.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

import datajoint as dj
from datajoint.adapters.mysql import MySQLAdapter
from datajoint.adapters.postgres import PostgreSQLAdapter
from datajoint.codecs import get_codec
from datajoint.heading import Heading

from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.schema.template import (
    TEMPLATES,
    load_templates,
    parts_of,
    references,
    table,
    table_names,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TEMPLATES", "Tables", "table"]

# Lower case only: DataJoint's catalogue queries on PostgreSQL fold names, and
# MySQL on Windows and macOS does so itself.
_NAME = {
    "mysql": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$-]{0,50}"),
    "postgresql": re.compile(r"[a-z_][a-z0-9_]{0,50}"),
}
_MARKER = re.compile(r"^:[^:]*:")


class Tables:
    """The lab's table classes, bound to one connection; ask for one by its name.

    A class is bound when it is first asked for (``tables.FixedBrain``), because
    binding costs a query each, and far away that is most of a second.

    Parameters
    ----------
    instance
        The connection, a `datajoint.Instance`. Belongs to one thread, so does this.
    name
        Name of the lab's database.
    project
        Project whose databases are used; None for the lab's own.
    create
        Declare what is missing. Only for an empty database or one of ours: on
        attach (False) nothing but the rows you write is ever changed.
    owner
        What the bound classes find as ``.lab``; this object itself when None.

    Attributes
    ----------
    connection
        The DataJoint connection.
    schemas
        Database name per scope: ``"global"``, ``"data"``, ``"computed"``.

    Raises
    ------
    InvalidValue
        When `name` or `project` cannot be part of a database's name.
    """

    def __init__(
        self,
        instance: Any,
        name: str = "lab_data",
        project: str | None = None,
        create: bool = False,
        owner: Any = None,
    ) -> None:
        self.connection = instance.connection
        self.create = create
        self.owner = self if owner is None else owner
        adapter = _adapt(self.connection)
        for word in (name, project):
            if word is not None and not _NAME[adapter.backend].fullmatch(word):
                raise InvalidValue(
                    f"'{word}' cannot be part of a database's name; use letters, "
                    "digits and underscores (on PostgreSQL lower case only)."
                )
        data = f"{name}_{project}" if project else name
        self.schemas = {"global": name, "data": data, "computed": f"{data}_computed"}
        self._templates = load_templates()
        self._bound: dict[str, Any] = {}
        self._open: dict[str, _Schema] = {}
        # all of them at once, so that the graph of foreign keys is complete
        for schema in dict.fromkeys(self.schemas.values()):
            if create or _exists(self.connection, schema):
                self._open[schema] = _Schema(schema, self.connection, create)

    def own_errors(self) -> contextlib.AbstractContextManager[None]:
        """Leave what a driver raises as it is: only a `Lab` has words for it."""
        return contextlib.nullcontext()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._templates:
            raise AttributeError(
                f"There is no table class '{name}'; the classes are named as in "
                "labdata, for example FixedBrain. Files and what opens them belong to "
                "a Lab, which labdata_napari.connect() returns."
            )
        return self._bind(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the 52 classes that can be asked for, there or not."""
        return tuple(self._templates)

    @property
    def missing(self) -> tuple[str, ...]:
        """Tables the server does not show us, as ``Master`` or ``Master.Part``.

        They do not exist, or this user may not read them.
        """
        return tuple(
            full
            for template in self._templates.values()
            for full, name in table_names(template).items()
            if name not in self._present(template)
        )

    def bind_all(self) -> Tables:
        """Bind every table that is there; with ``create``, declare the others."""
        for name, template in self._templates.items():
            if self.create or template.table_name in self._present(template):  # type: ignore[attr-defined]
                self._bind(name)
        return self

    def _present(self, template: Any) -> set[str]:
        schema = self._open.get(self.schemas[template.lab_scope])
        return set() if schema is None else schema.present

    def _bind(self, name: str) -> Any:
        if name in self._bound:
            return self._bound[name]
        template: Any = self._templates[name]
        if not self.create and template.table_name not in self._present(template):
            raise NotFound(
                f"The table {name} is not in the database "
                f"'{self.schemas[template.lab_scope]}', or you may not read it; ask "
                "whoever looks after the database."
            )
        bound = self._bound[name] = _subclass(template, self.owner)
        try:
            # definitions are read, and parents needed, only where declared
            parents = references(template) if self.create else ()
            context = {parent: self._bind(parent) for parent in parents}
            schema = self._open[self.schemas[template.lab_scope]]
            schema(bound, context={name: bound, **context})
        except BaseException:
            del self._bound[name]
            raise
        return bound


def _subclass(template: Any, lab: Any) -> Any:
    """Make a class of our own to bind: DataJoint keeps connections on the class."""
    own: dict[str, Any] = {"lab": lab, "__module__": template.__module__}
    members = {"__doc__": template.__doc__, **own}
    for name, part in parts_of(template).items():
        members[name] = type(part)(name, (part,), {"__doc__": part.__doc__, **own})
    if issubclass(template, dj.Imported | dj.Computed):
        members["jobs"] = _NoJobs()
    return type(template)(template.__name__, (template,), members)


class _NoJobs:
    """Stands for `.jobs`, the mere reading of which declares tables."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError(
            "Job tables are not used here, reading them would create them; call "
            "populate() without reserve_jobs."
        )


class _Schema(dj.Schema):
    """A schema that declares only what is missing and only when told to."""

    def __init__(self, name: str, connection: Any, create: bool) -> None:
        self._declares = create
        super().__init__(
            name, connection=connection, create_schema=create, create_tables=create
        )
        sql = connection.adapter.list_tables_sql(name)
        self.present = {row[0] for row in connection.query(sql)}

    def _decorate_table(
        self, table_class: Any, context: dict[str, Any], assert_declared: bool = False
    ) -> None:
        name = table_class.table_name
        # an existing table is only read, on create too: DataJoint would go on to
        # write ~lineage for it
        self.create_tables = self._declares and name not in self.present
        with _lineage_shown(self.connection.adapter):
            super()._decorate_table(table_class, context, assert_declared)
        if self.create_tables:
            self.present.add(name)
        table_class._heading = _Heading(table_info=table_class._heading.table_info)


class _Heading(Heading):
    """A heading that also understands tables declared by DataJoint 0.14."""

    def _init_from_database(self) -> None:
        super()._init_from_database()
        info = self.table_info
        connection = info["conn"]
        full = connection.adapter.make_full_table_name(
            info["database"], info["table_name"]
        )
        origin = _origins(connection)
        blob = get_codec("blob")
        for name, attribute in self._attributes.items():
            known = {"lineage": origin(full, name)}
            # unmarked, a blob is a value serialised by 0.14 (or by us on MySQL)
            raw = attribute.codec is None and attribute.original_type != "bytes"
            if attribute.is_blob and raw:
                known.update(codec=blob, type="<blob>")
            self._attributes[name] = attribute._replace(**known)
        self._lineage_available = True


def _origins(connection: Any) -> Callable[[str, str], str | None]:
    """Find where an attribute was first declared by following the foreign keys."""
    graph = connection.dependencies
    graph.load(force=False)
    split = connection.adapter.split_full_table_name

    def origin(
        table_name: str, attribute: str, seen: tuple[str, ...] = ()
    ) -> str | None:
        if table_name not in graph or table_name in seen:
            return None
        for parent, _, edge in graph.in_edges(table_name, data=True):
            if attribute in edge["attr_map"]:
                path = (*seen, table_name)
                return origin(parent, edge["attr_map"][attribute], path)
        if attribute in (graph.nodes[table_name].get("primary_key") or ()):
            return ".".join((*split(table_name), attribute))
        return None

    return origin


class _HidesLineage:
    """Adapter that does not see ``~lineage``: its rows may be partial or wrong."""

    hides_lineage = True

    def get_table_info_sql(self, schema_name: str, table_name: str) -> str:
        sql: str = super().get_table_info_sql(schema_name, table_name)  # type: ignore[misc]
        if self.hides_lineage and table_name == "~lineage":
            return sql.replace("WHERE", "WHERE 1 = 0 AND", 1)
        return sql


class _MySQL(_HidesLineage, MySQLAdapter):
    """Declares columns without type markers, so that labdata itself can read them."""

    def create_schema_sql(self, schema_name: str) -> str:
        # the server's default may be latin1; exact comparison, as on PostgreSQL
        name = self.quote_identifier(schema_name)
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

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


class _PostgreSQL(_HidesLineage, PostgreSQLAdapter):
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


_PRIMARY_KEYS = (
    "FROM pg_catalog.pg_constraint c "
    "JOIN pg_catalog.pg_class r ON r.oid = c.conrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace "
    "CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, position) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.number "
    "WHERE c.contype = 'p'"
)


def _adapt(connection: Any) -> Any:
    """Give the connection our adapter in place of the one it came with."""
    if not isinstance(connection.adapter, _HidesLineage):
        mysql = connection.adapter.backend == "mysql"
        connection.adapter = _MySQL() if mysql else _PostgreSQL()
    return connection.adapter


@contextlib.contextmanager
def _lineage_shown(adapter: Any) -> Iterator[None]:
    """While a table is declared: what DataJoint then writes must be right."""
    adapter.hides_lineage = False
    try:
        yield
    finally:
        adapter.hides_lineage = True


def _exists(connection: Any, schema: str) -> bool:
    sql = connection.adapter.schema_exists_sql(schema)
    return bool(connection.query(sql).rowcount)


class _Expected(logging.Filter):
    """Drops a warning that DataJoint gives once per operation, 200 for a delete."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Semantic check disabled" not in str(record.msg)


logging.getLogger("datajoint").addFilter(_Expected())
