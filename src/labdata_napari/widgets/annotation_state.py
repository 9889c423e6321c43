"""Whether an annotation layer is saved, and the badge that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.errors import LabdataError
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.offer_flow import WAITING

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.widgets.journaling import Journaling


@dataclass(frozen=True)
class AnnotationState:
    """How the working copy stands to the rows.

    Attributes
    ----------
    count
        Of annotations that a save would write or remove.
    added, changed
        Names of those that are new, and of those that are another than their row.
    problem
        Why it cannot be said, and nothing be saved; empty when it can.
    is_restored
        Whether what is unsaved was recovered from a journal.
    in_conflict
        Whether a save was refused because somebody else had saved.
    is_asked
        Whether it is asked what becomes of unsaved changes of another time.
    """

    count: int = 0
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    problem: str = ""
    is_restored: bool = False
    in_conflict: bool = False
    is_asked: bool = False

    @property
    def badge(self) -> str:
        """Say it in a few words."""
        if not self.count:
            return WAITING if self.is_asked else "✓ all saved"
        plural = "change" if self.count == 1 else "changes"
        why = "conflict, " * self.in_conflict or "recovered, " * self.is_restored
        return f"● {why}{self.count} unsaved {plural}"


def state_of(
    layer: Points | None, journaling: Journaling, *, in_conflict: bool
) -> AnnotationState:
    """Compare a layer with its rows; all is saved where there is no layer."""
    if layer is None:
        return AnnotationState()
    try:
        changes = working_copy.unsaved(layer)
    except LabdataError as error:
        return AnnotationState(1, problem=str(error))
    count = len(changes.added) + len(changes.changed) + len(changes.removed)
    if not count:
        journaling.settle(layer)
    return AnnotationState(
        count,
        tuple(a.name for a in changes.added),
        tuple(c.after.name for c in changes.changed),
        is_restored=journaling.is_restored(layer),
        in_conflict=in_conflict and count > 0,
        is_asked=journaling.offer_for(layer) is not None,
    )
