"""Annotations while somebody works on them: they may lack points or be invalid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation import NAME_LENGTH, Annotation, AnnotationSet
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Draft:
    """One annotation of a working copy.

    Attributes
    ----------
    name, type
        As typed; not checked.
    points
        (N, 3) pixels in the order of the stored axes; N may be 0.
    annotation_id
        Of its row; None while it has none.
    """

    name: str
    type: str
    points: NDArray[np.float64]
    annotation_id: int | None = None

    def same_as(self, other: Draft) -> bool:
        """Whether all four are the same."""
        return (
            (self.name, self.type, self.annotation_id)
            == (other.name, other.type, other.annotation_id)
        ) and np.array_equal(self.points, other.points, equal_nan=True)


def drafts_of(annotations: Iterable[Annotation]) -> tuple[Draft, ...]:
    """Take valid annotations as drafts."""
    return tuple(Draft(a.name, a.type, a.points, a.annotation_id) for a in annotations)


def differ(drafts: Sequence[Draft], baseline: AnnotationSet) -> bool:
    """Whether a working copy holds anything that `baseline` does not.

    A name without points counts: it was typed and is nowhere else.
    """
    if any(not len(d.points) and d.annotation_id is None for d in drafts):
        return True
    try:
        edited = AnnotationSet(
            tuple(
                Annotation(d.name, d.type, d.points, d.annotation_id)
                for d in drafts
                if len(d.points)
            )
        )
    except InvalidValue:
        return True
    return bool(baseline.changes_to(edited))


def usable(drafts: Sequence[Draft]) -> AnnotationSet:
    """Make the best of drafts: all that has points, made to fit the table.

    Points that are no place are left out, long names and types are cut, and names
    that this makes alike get numbers.
    """
    kept: list[Annotation] = []
    for draft in drafts:
        points = draft.points[np.isfinite(draft.points).all(axis=1)]
        if not len(points):
            continue
        name = _fitting(draft.name, {a.name for a in kept})
        kept.append(
            Annotation(name, draft.type[:NAME_LENGTH], points, draft.annotation_id)
        )
    return AnnotationSet(tuple(kept))


def pointless(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Return the new annotations that have a name but no points yet."""
    return tuple(d for d in drafts if not len(d.points) and d.annotation_id is None)


def _fitting(name: str, taken: set[str]) -> str:
    stem = name.strip() or "unnamed"
    free, number = stem[:NAME_LENGTH], 2
    while free in taken:
        mark = f" ({number})"
        free = stem[: NAME_LENGTH - len(mark)] + mark
        number += 1
    return free
