"""Which edits lead from one state of annotations to another, and edits of many at once.

A viewer only says that something changed; what it was is read off the states before
and after.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation_edits import (
    DeleteAnnotation,
    DeletePoints,
    Edit,
    InsertAnnotation,
    InsertPoints,
    MovePoints,
    Rename,
    Retype,
    Several,
    State,
)
from labdata_napari.core.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray


def edit_between(before: State, after: State, words: str = "") -> Edit | None:
    """Find the edit that makes one state of another.

    A row that goes by another name, and an annotation without a row whose points are
    those of one that is gone, were renamed.

    Parameters
    ----------
    before, after
        Drafts with distinct names.
    words
        What a person would call it; by default it is described.

    Returns
    -------
    Edit or None
        None when nothing changed. Row ids that changed are no edit.
    """
    edits: list[Edit] = []
    state = before
    for edit in _renames(before, after):
        edits.append(edit)
        state = edit.apply(state)
    kept = {d.name for d in after}
    for draft in state:
        if draft.name not in kept:
            edits.append(DeleteAnnotation(draft.name))
    state = tuple(d for d in state if d.name in kept)
    edits += _moves_and_insertions(state, after)
    old = {d.name: d for d in state}
    for draft in after:
        if draft.name in old:
            edits += _within(old[draft.name], draft)
    if not edits:
        return None
    if len(edits) == 1 and not words:
        return edits[0]
    return Several(tuple(edits), words or _together(edits))


def place(
    state: State,
    points: Mapping[str, ArrayLike],
    type: str,  # noqa: A002
    words: str,
) -> Edit | None:
    """Give annotations these points in one edit; those that are missing are made.

    For templates and for pasting. Annotations that are there keep their type.

    Parameters
    ----------
    state
        As it is.
    points
        Name to (N, 3) pixels.
    type
        Of new annotations.
    words
        What a person would call it.
    """
    wanted = {n: np.array(p, np.float64).reshape(-1, 3) for n, p in points.items()}
    after = tuple(
        replace(d, points=wanted[d.name]) if d.name in wanted else d for d in state
    )
    known = {d.name for d in state}
    new = (Draft(n, type, p) for n, p in wanted.items() if n not in known)
    return edit_between(state, (*after, *new), words)


def _renames(before: State, after: State) -> list[Edit]:
    """Match annotations that are gone with ones that are new."""
    old, new = {d.name for d in before}, {d.name for d in after}
    gone = [d for d in before if d.name not in new]
    come = [d for d in after if d.name not in old]
    edits: list[Edit] = []
    for draft in come:
        for candidate in gone:
            if _is_renamed(candidate, draft):
                edits.append(Rename(candidate.name, draft.name))
                gone.remove(candidate)
                break
    return edits


def _is_renamed(old: Draft, new: Draft) -> bool:
    if old.annotation_id is not None or new.annotation_id is not None:
        return old.annotation_id == new.annotation_id
    return len(old.points) > 0 and _same(old.points, new.points)


def _moves_and_insertions(state: State, after: State) -> list[Edit]:
    """Bring annotations into the order of `after`, and make those that are new."""
    edits: list[Edit] = []
    names = [d.name for d in state]
    drafts = {d.name: d for d in state}
    for position, draft in enumerate(after):
        if position < len(names) and names[position] == draft.name:
            continue
        if draft.name in names:  # moved in the list: taken out and put in again
            edits.append(DeleteAnnotation(draft.name))
            names.remove(draft.name)
        known = drafts.get(draft.name, draft)
        edits.append(InsertAnnotation(position, known))
        names.insert(position, draft.name)
    return edits


def _within(old: Draft, new: Draft) -> list[Edit]:
    edits: list[Edit] = []
    if old.type != new.type:
        edits.append(Retype(old.name, new.type))
    if _same(old.points, new.points):
        return edits
    name, before, after = old.name, old.points, new.points
    if len(before) == len(after):
        differ = ~((before == after) | (np.isnan(before) & np.isnan(after)))
        at = _indices(differ.any(axis=1))
        return [*edits, MovePoints(name, at, after[list(at)])]
    stay_before, stay_after = _common(before, after)
    if not stay_before.all():
        edits.append(DeletePoints(name, _indices(~stay_before)))
    if not stay_after.all():
        at = _indices(~stay_after)
        edits.append(InsertPoints(name, at, after[list(at)]))
    return edits


def _common(
    before: NDArray[np.float64], after: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which points stay, in both orders, when some came or went."""
    stay_before = np.zeros(len(before), np.bool_)
    stay_after = np.zeros(len(after), np.bool_)
    # As bytes, so that a NaN equals itself.
    old = [row.tobytes() for row in np.ascontiguousarray(before)]
    new = [row.tobytes() for row in np.ascontiguousarray(after)]
    if _is_rising(before) and _is_rising(after):  # as the blocks of painted regions
        kept = set(old) & set(new)
        return (
            np.array([row in kept for row in old], np.bool_),
            np.array([row in kept for row in new], np.bool_),
        )
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for block in matcher.get_matching_blocks():
        stay_before[block.a : block.a + block.size] = True
        stay_after[block.b : block.b + block.size] = True
    return stay_before, stay_after


def _is_rising(points: NDArray[np.float64]) -> bool:
    """Whether points are sorted by their coordinates, each of them another."""
    steps = np.diff(points, axis=0)
    leading = steps[np.arange(len(steps)), (steps != 0).argmax(axis=1)]
    return bool((leading > 0).all())


def _indices(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.flatnonzero(mask))


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _together(edits: list[Edit]) -> str:
    if len(edits) > 3:
        return f"{edits[0].words} and {len(edits) - 1} more changes"
    return ", ".join(edit.words for edit in edits)
