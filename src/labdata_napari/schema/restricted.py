"""Restrictions of bound tables: backslashes as they are, misspelt columns noticed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import datajoint as dj

from labdata_napari.core.spelling import misspelt
from labdata_napari.errors import InvalidValue, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Named(NamedTuple):
    """Names by which a table was restricted, some of which are not its columns."""

    given: Mapping[str, Any]
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def names_none(self) -> bool:
        """Whether DataJoint would restrict nothing by it."""
        return bool(self.given) and self._names.isdisjoint(self.columns)

    @property
    def problem(self) -> str:
        """Why other rows than the meant ones may be selected; empty when they are not.

        A row of another table may say more than the table has columns.
        """
        hint = misspelt(self.given, self.columns)
        if self.names_none:
            return (
                f"names no column of {self.table}, so every row would have been "
                f"selected{hint and f'; {hint}'}"
            )
        if not hint or self._names.issuperset(self.key):
            return ""
        return f"would have selected too many rows of {self.table}: {hint}"

    @property
    def _names(self) -> set[str]:
        return _names(self.given)


class Restricted:
    """Goes before a table's own class; what is selected is what was meant.

    DataJoint leaves out of a dict what is no column, because a row of another table is
    a restriction too. A dict of which nothing is left selects every row: that is noted
    here, so that such a selection can be refused where rows would go.

    Attributes
    ----------
    half_named
        Restrictions with names that are no columns, also of the tables it is
        restricted by.
    """

    half_named: tuple[_Named, ...] = ()

    @property
    def unmatched(self: Any) -> Mapping[str, Any] | None:
        """The first restriction that named no column of the table, if there was one."""
        own = (n for n in self.half_named if n.columns == tuple(self.heading.names))
        return next((n.given for n in own if n.names_none), None)

    def restrict(self: Any, restriction: Any, semantic_check: bool = True) -> Any:
        """Restrict as DataJoint does; the operator ``&`` comes here."""
        if self.connection.adapter.backend == "postgresql":
            restriction = _with_backslashes(restriction)
        rows = super().restrict(restriction, semantic_check)  # type: ignore[misc]
        return _noting(rows, (*self.half_named, *_half_named(self, restriction)))

    def join(self: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        """Join as DataJoint does; the operator ``*`` comes here."""
        rows = super().join(other, *args, **kwargs)  # type: ignore[misc]
        return _noting(rows, (*self.half_named, *_half_named(self, other)))

    def update1(self: Any, row: Mapping[str, Any]) -> None:
        """Update one row as DataJoint does."""
        if self.connection.adapter.backend == "postgresql" and isinstance(row, Mapping):
            key = {n: v for n, v in row.items() if n in self.primary_key}
            row = {**row, **_with_backslashes(key)}
        super().update1(row)  # type: ignore[misc]


def require_matched(rows: Any) -> None:
    """Refuse to delete what was selected by no column of a table, or a misspelt one.

    Raises
    ------
    WriteRefused
        When a restriction named none, or misspells one.
    """
    for named in rows.half_named:
        if named.problem:
            raise WriteRefused(
                f"Nothing was deleted: {dict(named.given)!r} {named.problem}. Correct "
                "the name."
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
    if hint or _names(restriction).isdisjoint(columns):
        raise InvalidValue(
            f"{dict(restriction)!r} cannot say which rows are meant: "
            f"{hint or 'none of its names is a column'}. Correct the name."
        )


def _names(restriction: Mapping[str, Any]) -> set[str]:
    """Return the columns that a dict means; ``a.b`` is a part of a JSON column."""
    return {str(name).split(".", 1)[0] for name in restriction}


def _noting(rows: Any, noted: tuple[_Named, ...]) -> Any:
    if not noted:
        return rows
    rows = copy.copy(rows)
    rows.half_named = noted
    return rows


def _half_named(rows: Any, restriction: Any) -> Iterator[_Named]:
    """Find what names no columns in a restriction of some rows, once for all alike."""
    columns = tuple(rows.heading.names)
    seen: set[tuple[str, ...]] = set()
    for each in _parts(restriction):
        if isinstance(each, dj.expression.QueryExpression):
            yield from _noted(each)
        elif not _names(each).issubset(columns) and tuple(each) not in seen:
            seen.add(tuple(each))
            yield _Named(each, type(rows).__name__, columns, tuple(rows.primary_key))


def _parts(restriction: Any) -> Iterator[Any]:
    """Yield the dicts and tables of a restriction, whatever they are combined in."""
    if isinstance(restriction, Mapping | dj.expression.QueryExpression):
        yield restriction
    elif isinstance(restriction, list | tuple | set | frozenset):
        for each in restriction:
            yield from _parts(each)


def _noted(rows: Any) -> Iterator[_Named]:
    """Yield what was noted of some rows, and of those they are selected from."""
    yield from getattr(rows, "half_named", ())
    for each in rows.support:
        if isinstance(each, dj.expression.QueryExpression):
            yield from _noted(each)


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
