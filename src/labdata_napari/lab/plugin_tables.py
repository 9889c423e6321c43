"""Tables of labdata's plugin for atlas registration, where a server has them.

They are not among the lab's 88 and in a database of their own, so they are found by
their names and read and written as they stand. Nothing is ever declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.failures import translate_errors
from labdata_napari.schema.blobs import packed, unpacked
from labdata_napari.schema.catalogue import Catalogue, TableFacts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]

REGISTRATION = "atlas_registration"
ANNOTATION = "atlas_registration_annotation"
TRACK = "probe_track"
REGION = "probe_track__region"
_COLUMNS = {
    REGISTRATION: (),
    ANNOTATION: ("annotation_id", "annotation_name", "annotation_type", "xyz"),
    TRACK: ("annotation_id", "probe_id", "shank", "track_length_um"),
    REGION: ("region_index", "region_id", "region_acronym", "entry_um", "exit_um"),
}
"""What a table of that name must have to be the plugin's, and a primary key."""

_TIERS = ("", "_", "__", "#")
_BLOBS = ("blob", "longblob", "mediumblob", "tinyblob", "bytea")


@dataclass(frozen=True)
class PluginTable:
    """A table found on the server.

    Attributes
    ----------
    schema, name
        As the server has them.
    columns
        Their types by name, in order.
    key
        Columns of the primary key.
    """

    schema: str
    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


@dataclass(frozen=True)
class PluginTables:
    """The plugin's tables in one database."""

    registration: PluginTable
    annotation: PluginTable
    track: PluginTable
    region: PluginTable


def find_plugin_tables(lab: Any) -> PluginTables | None:
    """Find the plugin's tables; None where this user sees none.

    Raises
    ------
    InvalidValue
        When several databases have them.
    """
    wanted = {f"{tier}{name}": name for name in _COLUMNS for tier in _TIERS}
    marks = ", ".join(["%s"] * len(wanted))
    with translate_errors("Looking for the tables of the atlas registration"):
        found = lab.connection.query(
            "SELECT DISTINCT table_schema FROM information_schema.tables "
            f"WHERE table_name IN ({marks})",
            tuple(wanted),
        ).fetchall()
        schemas = [str(schema) for (schema,) in found]
        if not schemas:
            return None
        catalogue = Catalogue(lab.connection, schemas)
    by_schema: dict[str, dict[str, PluginTable]] = {}
    for schema in schemas:
        for table in sorted(catalogue.tables(schema) & wanted.keys()):
            name, made = wanted[table], _described(catalogue, schema, table)
            if made.key and set(_COLUMNS[name]) <= made.columns.keys():
                by_schema.setdefault(schema, {})[name] = made
    whole = {s: t for s, t in by_schema.items() if len(t) == len(_COLUMNS)}
    if len(whole) > 1:
        raise InvalidValue(
            f"The databases {', '.join(sorted(whole))} all have tables of the atlas "
            "registration, so it is not known where the tracks belong."
        )
    for tables in whole.values():
        return PluginTables(*(tables[name] for name in _COLUMNS))
    return None


def _described(catalogue: Catalogue, schema: str, table: str) -> PluginTable:
    facts = catalogue.facts(schema, table) or TableFacts()
    columns = {name: column["type"] for name, column in facts.columns.items()}
    key = tuple(name for name in columns if name in facts.primary_key)
    return PluginTable(schema, table, columns, key)


def rows_of(
    lab: Any, table: PluginTable, key: Mapping[str, Any], locked: bool = False
) -> list[Row]:
    """Read the rows with a key, blobs unpacked; within a transaction lock them."""
    names = ", ".join(_quoted(lab, name) for name in table.columns)
    where, values = _where(lab, table, key)
    found = lab.connection.query(
        f"SELECT {names} FROM {_full(lab, table)}{where}"
        + (" FOR UPDATE" if locked else ""),
        values,
    ).fetchall()
    return [
        {
            name: unpacked(value) if kind in _BLOBS and value is not None else value
            for (name, kind), value in zip(table.columns.items(), row, strict=True)
        }
        for row in found
    ]


def insert_row(lab: Any, table: PluginTable, row: Mapping[str, Any]) -> None:
    """Insert a row; columns the table does not have are left out."""
    kept = _stored(table, row)
    names = ", ".join(_quoted(lab, name) for name in kept)
    marks = ", ".join(["%s"] * len(kept))
    lab.connection.query(
        f"INSERT INTO {_full(lab, table)} ({names}) VALUES ({marks})",
        tuple(kept.values()),
    )


def update_row(lab: Any, table: PluginTable, row: Mapping[str, Any]) -> None:
    """Change the row with the key that a row has, where it is."""
    kept = _stored(table, row)
    values = {name: value for name, value in kept.items() if name not in table.key}
    where, key = _where(lab, table, {name: kept[name] for name in table.key})
    changes = ", ".join(f"{_quoted(lab, name)} = %s" for name in values)
    lab.connection.query(
        f"UPDATE {_full(lab, table)} SET {changes}{where}", (*values.values(), *key)
    )


def delete_row(lab: Any, table: PluginTable, row: Mapping[str, Any]) -> None:
    """Delete one row; the server refuses while others refer to it."""
    where, key = _where(lab, table, {name: row[name] for name in table.key})
    lab.connection.query(f"DELETE FROM {_full(lab, table)}{where}", key)


def same_row(table: PluginTable, one: Mapping[str, Any], other: Row) -> bool:
    """Whether a row says what another one that was read does, in its own columns."""
    return all(_same(one[name], other[name]) for name in table.columns if name in one)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    # a column of single precision gives back the nearest it could hold
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-6)


def _stored(table: PluginTable, row: Mapping[str, Any]) -> Row:
    return {
        name: packed(np.asarray(value))
        if table.columns[name] in _BLOBS and value is not None
        else value
        for name, value in row.items()
        if name in table.columns
    }


def _where(
    lab: Any, table: PluginTable, key: Mapping[str, Any]
) -> tuple[str, Sequence[Any]]:
    names = [name for name in key if name in table.columns]
    if not names:
        return "", ()
    conditions = " AND ".join(f"{_quoted(lab, name)} = %s" for name in names)
    return f" WHERE {conditions}", tuple(key[name] for name in names)


def _full(lab: Any, table: PluginTable) -> str:
    name: str = lab.connection.adapter.make_full_table_name(table.schema, table.name)
    return name


def _quoted(lab: Any, name: str) -> str:
    quoted: str = lab.connection.adapter.quote_identifier(name)
    return quoted
