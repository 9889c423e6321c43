"""Restrictions of bound tables: backslashes as they are, misspelt columns noticed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import datajoint as dj
import numpy as np
import pandas as pd

from labdata_napari.core.spelling import misspelt
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.schema.columns import KnownRows
from labdata_napari.schema.contract import contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Named(NamedTuple):
    """Names by which a table was restricted, some of which are not its columns."""

    given: Mapping[str, Any]
    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    negated: bool = False

    @property
    def names_none(self) -> bool:
        """Whether DataJoint would restrict nothing by it."""
        return bool(self.given) and self._names.isdisjoint(self.columns)

    @property
    def problem(self) -> str:
        """Why other rows than the meant ones may be selected; empty when they are not.

        A row of another table may say more than the table has columns.
        """
        hint = misspelt_column(self.given, self.columns)
        if self.names_none:
            selected = "no" if self.negated else "every"
            return (
                f"names no column of {self.table}, so {selected} row would have been "
                f"selected{hint and f'; {hint}'}"
            )
        if not hint or self._names.issuperset(self.key):
            return ""
        many = "few" if self.negated else "many"
        return f"would have selected too {many} rows of {self.table}: {hint}"

    @property
    def _names(self) -> set[str]:
        return _names(self.given)


class Restricted(KnownRows):
    """Goes before a table's own class; what is selected is what was meant.

    DataJoint leaves out of a dict what is no column, because a row of another table is
    a restriction too. A dict of which nothing is left selects every row: that is noted
    here, so that such a selection can be refused where rows would go. Whatever is made
    of such a table, a join or an aggregation, is of this kind too.

    Attributes
    ----------
    half_named
        Restrictions with names that are no columns, also of the tables it is
        restricted by.
    """

    half_named: tuple[_Named, ...] = ()

    @property
    def support(self: Any) -> list[Any]:
        """What this selects from; all that an aggregation by `dj.U` keeps of it."""
        return _Support(super().support, self.half_named)  # type: ignore[misc]

    @property
    def unmatched(self: Any) -> Mapping[str, Any] | None:
        """The first restriction that named no column of the table, if there was one."""
        columns = tuple(self.heading.names)
        own = (n for n in self.half_named if n.columns == columns and not n.negated)
        return next((n.given for n in own if n.names_none), None)

    def restrict(self: Any, restriction: Any, semantic_check: bool = True) -> Any:
        """Restrict as DataJoint does; the operator ``&`` comes here."""
        if self.connection.adapter.backend == "postgresql":
            restriction = _with_backslashes(restriction)
        rows = super().restrict(restriction, semantic_check)  # type: ignore[misc]
        return _noting(rows, (*self.half_named, *_half_named(self, restriction)))

    def join(self: Any, other: Any, *args: Any, **kwargs: Any) -> Any:
        """Join as DataJoint does; the operator ``*`` comes here."""
        rows = _ours(super().join(other, *args, **kwargs))  # type: ignore[misc]
        return _noting(rows, (*self.half_named, *_half_named(self, other)))

    def aggr(self: Any, group: Any, *args: Any, **kwargs: Any) -> Any:
        """Aggregate as DataJoint does."""
        rows = _ours(super().aggr(group, *args, **kwargs))  # type: ignore[misc]
        return _noting(rows, (*self.half_named, *_half_named(self, group)))

    aggregate = aggr

    def make_subquery(self: Any) -> Any:
        """Select from this, as DataJoint does before what it can do in no other way."""
        return _ours(super().make_subquery())  # type: ignore[misc]

    def __add__(self: Any, other: Any) -> Any:
        return _ours(super().__add__(other))  # type: ignore[misc]

    def update1(self: Any, row: Mapping[str, Any]) -> None:
        """Update one row as DataJoint does."""
        if self.connection.adapter.backend == "postgresql" and isinstance(row, Mapping):
            key = {n: v for n, v in row.items() if n in self.primary_key}
            row = {**row, **_with_backslashes(key)}
        super().update1(row)  # type: ignore[misc]


class _Support(list[Any]):
    """What is selected from, and what was noted of the selection."""

    def __init__(self, support: list[Any], half_named: tuple[_Named, ...]) -> None:
        super().__init__(support)
        self.half_named = half_named


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
    hint = misspelt_column(restriction, columns)
    if hint or _names(restriction).isdisjoint(columns):
        raise InvalidValue(
            f"{dict(restriction)!r} cannot say which rows are meant: "
            f"{hint or 'none of its names is a column'}. Correct the name."
        )


def misspelt_column(given: Iterable[str], columns: Iterable[str]) -> str:
    """Say which name is probably that of a column, misspelt; empty when none is.

    What is a column of another of labdata's tables is not: a row of one table is a
    restriction of others, whatever else it holds.
    """
    columns = list(columns)
    return misspelt([n for n in given if n in columns or n not in _known()], columns)


@cache
def _known() -> frozenset[str]:
    return frozenset(name for table in contract().values() for name in table["columns"])


def _names(restriction: Mapping[str, Any]) -> set[str]:
    """Return the columns that a dict means; ``a.b`` is a part of a JSON column."""
    return {str(name).split(".", 1)[0] for name in restriction}


def _noting(rows: Any, noted: tuple[_Named, ...]) -> Any:
    if not noted:
        return rows
    rows = copy.copy(rows)
    rows.half_named = noted
    return rows


def _ours(rows: Any) -> Any:
    """Return the same expression as one that notes what it is restricted by."""
    if isinstance(rows, Restricted):
        return rows
    kind: Any = type(rows)
    made = _of_ours(kind)()
    made.__dict__.update(rows.__dict__)
    return made


@cache
def _of_ours(kind: Any) -> Any:
    return type(kind.__name__, (Restricted, kind), {})


def _half_named(rows: Any, restriction: Any) -> Iterator[_Named]:
    """Find what names no columns in a restriction of some rows, once for all alike."""
    columns = tuple(rows.heading.names)
    name = type(rows).__name__ if isinstance(rows, dj.Table) else "the query"
    seen: set[tuple[str, ...]] = set()
    for each, negated in _parts(restriction):
        if isinstance(each, dj.expression.QueryExpression):
            yield from _noted(each)
        elif not _names(each).issubset(columns) and tuple(each) not in seen:
            seen.add(tuple(each))
            yield _Named(each, name, columns, tuple(rows.primary_key), negated)


def _parts(restriction: Any, negated: bool = False) -> Iterator[tuple[Any, bool]]:
    """Yield dicts and tables of a restriction, in whatever combined; whether negated.

    Of records, which all have the same names, one stands for all.
    """
    if isinstance(restriction, dj.Not):
        yield from _parts(restriction.restriction, not negated)
    elif isinstance(restriction, Mapping | dj.expression.QueryExpression):
        yield restriction, negated
    elif isinstance(restriction, list | tuple | set | frozenset):
        for each in restriction:
            yield from _parts(each, negated)
    elif isinstance(restriction, pd.DataFrame):
        # an index without a name is no column
        named = restriction.head(1).reset_index(drop=None in restriction.index.names)
        yield from _parts(named.to_dict("records"), negated)
    elif isinstance(restriction, np.ndarray | np.void) and restriction.dtype.names:
        for record in np.atleast_1d(restriction).ravel()[:1]:
            yield dict(zip(record.dtype.names, record.item(), strict=True)), negated


def _noted(rows: Any) -> Iterator[_Named]:
    """Yield what was noted of some rows, and of those they are selected from."""
    yield from getattr(rows.support, "half_named", ())
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
