"""Restrictions of bound tables: backslashes as they are, misspelt columns noticed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import datajoint as dj

from labdata_napari.core.spelling import misspelt
from labdata_napari.errors import InvalidValue, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterable


class Restricted:
    """Goes before a table's own class; what is selected is what was meant.

    DataJoint leaves out of a dict what is no column, because a row of another table is
    a restriction too. A dict of which nothing is left selects every row: that is noted
    here, so that such a selection can be refused where rows would go.

    Attributes
    ----------
    unmatched
        The first restriction that named no column, if there was one.
    """

    unmatched: Mapping[str, Any] | None = None

    def restrict(self: Any, restriction: Any, semantic_check: bool = True) -> Any:
        """Restrict as DataJoint does; the operator ``&`` comes here."""
        if self.connection.adapter.backend == "postgresql":
            restriction = _with_backslashes(restriction)
        rows = super().restrict(restriction, semantic_check)  # type: ignore[misc]
        unmatched = _unmatched(restriction, self.heading.names)
        if unmatched is not None and self.unmatched is None:
            rows = copy.copy(rows)
            rows.unmatched = unmatched
        return rows

    def update1(self: Any, row: Mapping[str, Any]) -> None:
        """Update one row as DataJoint does."""
        if self.connection.adapter.backend == "postgresql" and isinstance(row, Mapping):
            key = {n: v for n, v in row.items() if n in self.primary_key}
            row = {**row, **_with_backslashes(key)}
        super().update1(row)  # type: ignore[misc]


def require_matched(rows: Any) -> None:
    """Refuse to delete what was selected by no column of the table.

    Raises
    ------
    WriteRefused
        When a restriction named none.
    """
    if rows.unmatched is None:
        return
    table = type(rows).__name__
    hint = misspelt(rows.unmatched, rows.heading.names)
    raise WriteRefused(
        f"Nothing was deleted: {dict(rows.unmatched)!r} names no column of {table}, so "
        f"every row would have been selected{hint and f'; {hint}'}. Correct the name."
    )


def require_columns(rows: Any, restriction: Any) -> None:
    """Refuse a dict that names no column of some rows, or misspells one.

    Raises
    ------
    InvalidValue
        With what was probably meant.
    """
    if not isinstance(restriction, Mapping) or not restriction:
        return
    columns = rows.heading.names
    hint = misspelt(restriction, columns)
    if hint or _unmatched(restriction, columns):
        raise InvalidValue(
            f"{dict(restriction)!r} cannot say which rows are meant: "
            f"{hint or 'none of its names is a column'}. Correct the name."
        )


def _unmatched(restriction: Any, columns: Iterable[str]) -> Mapping[str, Any] | None:
    """Return a dict by which DataJoint restricts nothing, also one of several."""
    if isinstance(restriction, Mapping):
        named = {str(name).split(".", 1)[0] for name in restriction}
        return restriction if restriction and named.isdisjoint(columns) else None
    if isinstance(restriction, list | tuple | set | frozenset):
        found = (_unmatched(each, columns) for each in restriction)
        return next((each for each in found if each is not None), None)
    return None


def _with_backslashes(restriction: Any) -> Any:
    """Have strings compared as they are, of dicts in whatever they are combined."""
    if isinstance(restriction, dj.Not):
        return dj.Not(_with_backslashes(restriction.restriction))
    if isinstance(restriction, Mapping):
        return {
            name: _AsItIs(value) if isinstance(value, str) and "\\" in value else value
            for name, value in restriction.items()
        }
    if isinstance(restriction, dj.AndList):
        return dj.AndList(map(_with_backslashes, restriction))
    if isinstance(restriction, list | tuple):
        return [_with_backslashes(each) for each in restriction]
    return restriction


class _AsItIs(str):
    """A text in which DataJoint doubles no backslash, as it should for MySQL alone."""

    __slots__ = ()

    def replace(self, old: str, new: str, *count: Any) -> str:
        """Replace anything but backslashes."""
        return self if old == "\\" else _AsItIs(super().replace(old, new, *count))
