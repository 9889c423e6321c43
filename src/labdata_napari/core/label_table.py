"""Labels as files hold them: a table of pictures or frames, and body parts.

What the tools of the field write differs in how the table is stored, not in what it
says; the modules of each format read to and write from this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.pose_draft import State
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

SINGLE = "single"
"""DeepLabCut's name for body parts that belong to no individual."""


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The labels of a file.

    Attributes
    ----------
    scorer
        Who labelled, or the model.
    bodyparts
        Distinct names; of several animals "individual/part".
    rows
        Paths of pictures with slashes between their parts, or numbers of frames.
    xy
        (rows, bodyparts, 2) float64 pixels; NaN where there is none.
    likelihood
        (rows, bodyparts) 0 to 1, where a model predicted them.
    states
        (rows, bodyparts) uint8, a `State` each, where the file says it.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    rows: tuple[str | int, ...]
    xy: NDArray[np.float64]
    likelihood: NDArray[np.float64] | None = None
    states: NDArray[np.uint8] | None = None

    @property
    def is_of_frames(self) -> bool:
        """Whether its rows are numbers of frames, not pictures."""
        return bool(self.rows) and all(isinstance(row, int) for row in self.rows)

    def without_repeated_rows(self) -> LabelTable:
        """Keep the first of rows with the same name, as DeepLabCut does."""
        first = {row: n for n, row in reversed(list(enumerate(self.rows)))}
        if len(first) == len(self.rows):
            return self
        return self.selected(sorted(first.values()))

    def selected(self, kept: Sequence[int]) -> LabelTable:
        """Keep some rows, by their number."""
        at = list(kept)
        return replace(
            self,
            rows=tuple(self.rows[n] for n in at),
            xy=self.xy[at],
            likelihood=None if self.likelihood is None else self.likelihood[at],
            states=None if self.states is None else self.states[at],
        )


Column = tuple[str, ...]
"""Scorer, (individual,) body part, and "x", "y", "likelihood" or "visible"."""

_COORDS = ("x", "y", "likelihood", "visible")


def table_of(
    columns: Sequence[Column],
    rows: Sequence[str | int],
    values: NDArray[np.float64],
    where: str,
) -> LabelTable:
    """Put a table together from columns as DeepLabCut and its relatives have them.

    Parameters
    ----------
    columns
        One per column, in any order.
    rows
        One per row.
    values
        (rows, columns).
    where
        The file, for messages.

    Raises
    ------
    UnreadableFile
        When it is no table of labels.
    """
    wrong = [c for c in columns if len(c) not in (3, 4) or c[-1] not in _COORDS]
    if wrong or not columns:
        what = f"a column {'/'.join(wrong[0])!r}" if wrong else "no columns"
        raise UnreadableFile(
            f"'{where}' is no table of labels: it has {what}; columns must be of a "
            "scorer, a body part, and x, y, likelihood or visible."
        )
    scorers = dict.fromkeys(column[0] for column in columns)
    if len(scorers) > 1:
        raise UnreadableFile(
            f"'{where}' holds labels of {' and '.join(scorers)}; write one file for "
            "each."
        )
    at = {(_part(column), column[-1]): n for n, column in enumerate(columns)}
    names = tuple(dict.fromkeys(_part(column) for column in columns))
    lacking = [n for n in names if not {(n, "x"), (n, "y")} <= at.keys()]
    if lacking:
        raise UnreadableFile(f"'{where}' has no x and y of {lacking[0]!r}.")
    if len(at) != len(columns):
        raise UnreadableFile(f"'{where}' has a column twice.")

    def of(coordinate: str) -> NDArray[np.float64] | None:
        if not any((name, coordinate) in at for name in names):
            return None
        found = np.full((len(rows), len(names)), np.nan)
        for n, name in enumerate(names):
            column = at.get((name, coordinate))
            if column is not None:
                found[:, n] = values[:, column]
        return found

    x, y, visible = of("x"), of("y"), of("visible")
    assert x is not None  # nothing is lacking
    assert y is not None
    xy = np.stack([x, y], axis=2)
    xy[np.isnan(xy).any(axis=2)] = np.nan
    states = None
    if visible is not None:
        states, xy = _states(visible, xy)
    table = LabelTable(next(iter(scorers)), names, tuple(rows), xy, of("likelihood"))
    return replace(table, states=states).without_repeated_rows()


def columns_of(
    table: LabelTable, individuals: bool, more: Sequence[str] = ()
) -> list[Column]:
    """Give the columns that `table_of` reads.

    Parameters
    ----------
    table
        The table.
    individuals
        Whether there is a level for them.
    more
        Coordinates besides x and y.
    """
    columns: list[Column] = []
    for name in table.bodyparts:
        animal, slash, part = name.partition("/")
        where = (animal, part) if slash else (SINGLE, name)
        middle = where if individuals else (name,)
        columns += [(table.scorer, *middle, c) for c in ("x", "y", *more)]
    return columns


def values_of(
    table: LabelTable, more: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Give the values under `columns_of`, (rows, columns)."""
    parts = [table.xy[..., 0], table.xy[..., 1], *more.values()]
    return np.stack(parts, axis=2).reshape(len(table.rows), -1)


def has_individuals(table: LabelTable) -> bool:
    """Whether a body part belongs to an animal: "mouse1/nose"."""
    return any("/" in name for name in table.bodyparts)


def _part(column: Column) -> str:
    if len(column) == 4 and column[1] != SINGLE:
        return f"{column[1]}/{column[2]}"
    return column[-2]


def _states(
    visible: NDArray[np.float64], xy: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Take flags as COCO means them, as far as places allow: they go before."""
    flags = np.nan_to_num(visible, nan=-1)
    placed = ~np.isnan(xy[..., 0])
    states = np.where(placed, State.VISIBLE, State.ABSENT).astype(np.uint8)
    states[flags == State.OCCLUDED] = State.OCCLUDED
    absent = flags == State.ABSENT
    states[absent] = State.ABSENT
    return states, np.where(absent[..., None], np.nan, xy)


def shortest(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each number as the shortest decimal that is the same float32.

    Written so, 21.521 that went through a column of single precision is 21.521 again.
    """
    flat = np.asarray(values, np.float32)
    text = flat.astype("U32")
    found: NDArray[np.float64] = text.astype(np.float64)
    return found
