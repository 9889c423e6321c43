"""Columns of serialised values, which say what they are when a value is damaged.

DataJoint tells whoever reads a value nothing of where it comes from. Here every such
column has a reader of its own, and each value comes with the key of its row.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.schema.blobs import CheckedBlob, DamagedValue, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_columns: dict[str, CheckedBlob] = {}
_making = threading.Lock()


@dataclass(frozen=True)
class _Stored:
    """A value as it is kept, and the key of the row that it is of."""

    value: Any
    key: Mapping[str, Any]


class _ColumnBlob(CheckedBlob, register=False):  # type: ignore[call-arg]
    """Codec of one column, which a subclass names."""

    table = column = ""

    def decode(self, stored: Any, *, key: Any = None) -> Any:
        """Read with care; raises DamagedValue, which says where the value is."""
        value, row = stored, ""
        if isinstance(stored, _Stored):
            value, row = stored.value, f" of {dict(stored.key)!r}"
        try:
            return unpacked(value)
        except DamagedValue as error:
            raise DamagedValue(
                error.reason,
                f"{self.table}.{self.column}{row}",
                f", or fetch the other columns with .proj(..., '-{self.column}')",
            ) from error


def column_blob(table: str, column: str) -> CheckedBlob:
    """Return the codec of a column of serialised values.

    Parameters
    ----------
    table
        Class of the table, as ``FixedBrain`` or ``Widefield.Projection``.
    column
        Its name there, whatever it is called in a projection.
    """
    name = f"{CheckedBlob.name} {table}.{column}"
    with _making:
        if name not in _columns:
            # DataJoint finds codecs by their names, which it takes from classes
            members = {"name": name, "table": table, "column": column}
            _columns[name] = type("ColumnBlob", (_ColumnBlob,), members)()
        return _columns[name]


class KnownRows:
    """Goes before a table's own class: serialised values come with keys of rows."""

    def cursor(self: Any, as_dict: bool = False) -> Any:
        """Ask for the rows as DataJoint does, which all that fetches goes through."""
        cursor = super().cursor(as_dict)  # type: ignore[misc]
        heading = self.heading
        blobs = [n for n in heading.names if isinstance(heading[n].codec, CheckedBlob)]
        if not blobs:
            return cursor
        return _Rows(cursor, heading.names, heading.primary_key, blobs)


class _Rows:
    """A cursor whose serialised values come with the key of their row."""

    def __init__(
        self,
        cursor: Any,
        names: Sequence[str],
        key: Sequence[str],
        blobs: Sequence[str],
    ) -> None:
        self._cursor = cursor
        self._names, self._key, self._blobs = names, key, blobs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __iter__(self) -> Iterator[Any]:
        return map(self._with_key, self._cursor)

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        return row and self._with_key(row)

    def fetchall(self) -> list[Any]:
        return list(map(self._with_key, self._cursor.fetchall()))

    def _with_key(self, row: Any) -> Any:
        values = (
            row if isinstance(row, dict) else dict(zip(self._names, row, strict=True))
        )
        key = {name: values[name] for name in self._key}
        stored = {
            name: _Stored(values[name], key)
            for name in self._blobs
            if values[name] is not None
        }
        values = {**values, **stored}
        return values if isinstance(row, dict) else tuple(values.values())
