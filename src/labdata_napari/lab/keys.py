"""Rows by their primary key, and sentences that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.spelling import misspelt
from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def key_of(table: Any, key: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of `key` what is the primary key of a table.

    Raises
    ------
    InvalidValue
        When a part of it is missing.
    """
    missing = [name for name in table.primary_key if key.get(name) is None]
    if missing:
        hint = misspelt(key, table.primary_key)
        raise InvalidValue(
            f"A key of {named(table)} needs {', '.join(table.primary_key)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
            f"{hint and f': {hint}'}."
        )
    return {name: key[name] for name in table.primary_key}


def row_of(table: Any, key: Mapping[str, Any]) -> Row:
    """Fetch the one row with a key.

    Raises
    ------
    NotFound
        When there is none.
    """
    try:
        rows = (table & key_of(table, key)).to_dicts()
    except InvalidValue as error:
        row = words({n: key[n] for n in table.primary_key if n in key})
        raise InvalidValue(f"The {named(table)} of {row}: {error}") from error
    return the_row(table, key, rows)


class Row(dict[str, Any]):
    """A row by its columns; one that the table here does not have says so."""

    def __init__(self, table: Any, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._table = named(table)

    def __missing__(self, column: str) -> Any:
        raise NotFound(
            f"The table {self._table} of this lab has no column '{column}', or you may "
            "not read it; ask whoever looks after the database."
        )


def the_row(table: Any, key: Mapping[str, Any], rows: Sequence[dict[str, Any]]) -> Row:
    """Return the one row that was found with a key.

    Raises
    ------
    NotFound
        When there is none.
    """
    if not rows:
        raise NotFound(
            f"There is no {named(table)} with {words(key_of(table, key))}; it may have "
            "been deleted or renamed, look at the list again."
        )
    return Row(table, rows[0])


def named(table: Any) -> str:
    """Class name of a table."""
    return str((table if isinstance(table, type) else type(table)).__name__)


def words(key: Mapping[str, Any]) -> str:
    """Say a key: "subject 'M1', session '20260101_120000'"."""
    parts = (
        f"{name.removesuffix('_name').replace('_', ' ')} {value!r}"
        for name, value in key.items()
    )
    return ", ".join(parts)
