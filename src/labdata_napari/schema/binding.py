"""Bind the templates to one connection: attach to what is there, or create it.

This is the only file that touches private names of DataJoint (2.3). Five things
about it make labdata's own databases, declared by DataJoint 0.14, usable as they
are, without a single statement that changes them:

* no schema, table, job table or ``~lineage`` is ever created on attach;
* a blob column without a type marker in its comment is a serialised value;
* what an attribute descends from is read from the foreign keys, not from
  ``~lineage``, which other clients may have left missing, partial or wrong;
* what headings say comes from the `Catalogue`, which is read once for all tables;
* on PostgreSQL the catalogue is asked in a way that also answers a reader who
  may only SELECT.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import datajoint as dj
from datajoint.heading import Heading

from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.schema.adapters import Answer, adapt, lineage_shown
from labdata_napari.schema.catalogue import Catalogue
from labdata_napari.schema.columns import column_blob
from labdata_napari.schema.contract import contract
from labdata_napari.schema.guarded import Guarded, Kept
from labdata_napari.schema.stored import StoredFiles
from labdata_napari.schema.template import (
    TEMPLATES,
    class_name,
    load_templates,
    parts_of,
    references,
    table,
    table_names,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.schema.catalogue import TableFacts

__all__ = ["TEMPLATES", "Tables", "table"]

# Lower case only: DataJoint's catalogue queries on PostgreSQL fold names, and
# MySQL on Windows and macOS does so itself.
_NAME = {
    "mysql": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$-]{0,50}"),
    "postgresql": re.compile(r"[a-z_][a-z0-9_]{0,50}"),
}


class Tables:
    """The lab's table classes, bound to one connection; ask for one by its name.

    Attaching sends two queries, which tell all there is to know of every table; a
    class is bound when it is first asked for (``tables.FixedBrain``), at no cost.

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
        adapter = adapt(self.connection)
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
        self._catalogue = Catalogue(self.connection, self.schemas.values())
        adapter.catalogues |= dict.fromkeys(self.schemas.values(), self._catalogue)
        if create and project:
            adapter.match_lab(self.connection, name)
        # all of them at once, so that the graph of foreign keys is complete
        self._open = {
            schema: _Schema(schema, self.connection, self._catalogue, create)
            for schema in dict.fromkeys(self.schemas.values())
            if create or self._catalogue.tables(schema)
        }

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

        They do not exist, or this user may not read them, or not their keys.
        """
        return tuple(
            name
            for template in self._templates.values()
            for name in table_names(template)
            if not self._is_shown(name)
        )

    @property
    def lacking(self) -> dict[str, tuple[str, ...]]:
        """Columns of labdata that tables are shown without, by ``Master[.Part]``.

        An older labdata did not have them, or this user may not read them. Tables in
        `missing`, and those that lack nothing, are left out.
        """
        found = {}
        for name, wanted in contract().items():
            there = self._columns(name)
            if self._is_shown(name) and not there.issuperset(wanted["columns"]):
                found[name] = tuple(c for c in wanted["columns"] if c not in there)
        return found

    def shows(self, scope: str, table: str) -> bool:
        """Whether the server shows us a table, which need not be one of the 88."""
        return table in self._catalogue.tables(self.schemas[scope])

    def learn(self, scope: str, table: str) -> None:
        """Take note of a table that was made since."""
        self._catalogue.add(self.schemas[scope], table)

    def bind_all(self) -> Tables:
        """Bind every table that is there; with ``create``, declare the others."""
        for name in self._templates:
            if self.create or self._is_shown(name):
                self._bind(name)
        return self

    def _is_shown(self, name: str) -> bool:
        return self._columns(name).issuperset(contract()[name]["primary_key"])

    def _columns(self, name: str) -> set[str]:
        wanted = contract()[name]
        facts = self._catalogue.facts(self.schemas[wanted["scope"]], wanted["table"])
        return set() if facts is None else set(facts.columns)

    def _bind(self, name: str) -> Any:
        if name in self._bound:
            return self._bound[name]
        template: Any = self._templates[name]
        if not self.create and not self._is_shown(name):
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
        below = {"__doc__": part.__doc__, **own}
        members[name] = _metaclass(type(part))(name, (Guarded, part), below)
    if issubclass(template, dj.Imported | dj.Computed):
        members["jobs"] = _NoJobs()
    # those of files bring a guard of their own
    guard = Kept if issubclass(template, StoredFiles) else Guarded
    made = _metaclass(type(template))
    return made(template.__name__, (guard, template), members)


class _OfAllRows(type):
    """Methods of ours may be called on the class, as DataJoint's may."""

    def __getattribute__(cls, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not inspect.isfunction(found):
            return found
        if name in getattr(cls, "of_selected_rows", ()):
            return partial(_refuse_all_rows, cls.__name__, name)
        return getattr(cls(), name)


def _metaclass(kind: type) -> Any:
    return type(f"{kind.__name__}OfAllRows", (_OfAllRows, kind), {})


def _refuse_all_rows(table: str, method: str, *_: object, **__: object) -> NoReturn:
    raise InvalidValue(
        f"{table}.{method}() takes the rows it is about; select them, as in "
        f"({table} & {{...}}).{method}(), or write {table}().{method}() for every row."
    )


class _NoJobs:
    """Stands for `.jobs`, the mere reading of which declares tables."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError(
            "Job tables are not used here, reading them would create them; call "
            "populate() without reserve_jobs."
        )


class _Schema(dj.Schema):
    """A schema that declares only what is missing and only when told to."""

    def __init__(
        self, name: str, connection: Any, catalogue: Catalogue, create: bool
    ) -> None:
        self._catalogue = catalogue
        self._declares = create
        super().__init__(
            name, connection=connection, create_schema=create, create_tables=create
        )

    @property
    def exists(self) -> bool:
        """Whether the server has it; one is attached to only where it does."""
        return not self._declares or super().exists

    def _decorate_table(
        self, table_class: Any, context: dict[str, Any], assert_declared: bool = False
    ) -> None:
        name = table_class.table_name
        if self._declares and name not in self._catalogue.tables(self.database):
            with lineage_shown(self.connection.adapter):
                super()._decorate_table(table_class, context, assert_declared)
            self._catalogue.add(self.database, name)
        # an existing table is only read, on create too: DataJoint would go on to
        # write ~lineage for it
        table_class.database = self.database
        table_class.declaration_context = context
        table_class._connection = self.connection
        table_class._support = [table_class.full_table_name]
        table_class._heading = _Heading(
            table_info={
                "conn": self.connection,
                "database": self.database,
                "table_name": name,
                "context": context,
            },
            catalogue=self._catalogue,
        )


class _Heading(Heading):
    """A heading that also understands tables declared by DataJoint 0.14."""

    def __init__(self, table_info: dict[str, Any], catalogue: Catalogue) -> None:
        super().__init__()
        self.table_info: dict[str, Any] = table_info
        self._catalogue = catalogue

    def _init_from_database(self) -> None:
        info = self.table_info
        place = info["database"], info["table_name"]
        self.table_info = info | {"conn": _Answers(self._catalogue.facts(*place))}
        try:
            super()._init_from_database()
        finally:
            self.table_info = info
        table = class_name(info["table_name"])
        for name, attribute in self._attributes.items():
            known = {"lineage": self._catalogue.origin(*place, name)}
            # Unmarked, a blob is a value serialised by 0.14 (or by us on MySQL). No
            # table of ours has any other codec: some would fetch files when read.
            raw = attribute.codec is None and attribute.original_type == "bytes"
            if (attribute.is_blob and not raw) or attribute.codec is not None:
                known.update(codec=column_blob(table, name), type="<blob>")
            self._attributes[name] = attribute._replace(**known)
        self._lineage_available = True


class _Answers:
    """Stands for the connection from which a heading asks all about its table.

    Each of its questions is answered at once; to send the answer gives the rows.
    """

    def __init__(self, facts: TableFacts | None) -> None:
        self.adapter = self
        self._facts = facts

    def get_table_info_sql(self, schema_name: str, table_name: str) -> list[Any]:
        if self._facts is None or table_name == "~lineage":
            return []
        comment = self._facts.comment
        return [{"table_name": table_name, "table_comment": comment}]

    def get_columns_sql(self, schema_name: str, table_name: str) -> list[Any]:
        return [] if self._facts is None else [*self._facts.columns.values()]

    def parse_column_info(self, row: dict[str, Any]) -> dict[str, Any]:
        return dict(row)

    def get_primary_key_sql(self, schema_name: str, table_name: str) -> list[Any]:
        key = () if self._facts is None else self._facts.primary_key
        return [{"column_name": name} for name in key]

    def get_indexes_sql(self, schema_name: str, table_name: str) -> list[Any]:
        return [] if self._facts is None else self._facts.indexes

    def query(self, rows: Sequence[Any], as_dict: bool = False) -> Answer:
        return Answer(rows)


class _Expected(logging.Filter):
    """Drops a warning that DataJoint gives once per operation, 200 for a delete."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Semantic check disabled" not in str(record.msg)


logging.getLogger("datajoint").addFilter(_Expected())
