"""What is known of a label beside its place: hidden or not, by whom, when and how."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.pose_draft import MANUAL, Keypoint, PoseDraft, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labdata_napari.core.pose import PoseLabels
    from labdata_napari.core.pose_draft import Place


@dataclass(frozen=True)
class Detail:
    """What was said of a body part in a frame.

    Attributes
    ----------
    state
        Whether it is hidden, or gone.
    source
        How it came there; as `labdata_napari.core.pose_draft.Keypoint` has it.
    x, y
        Where it was then, None where it had no place. Somebody may have moved it
        since with a program that knows nothing of this.
    user
        Who saved it, as the database calls them.
    when
        When, by their computer's clock, without a zone, to the second.
    """

    state: State
    source: int
    x: float | None
    y: float | None
    user: str
    when: datetime.datetime

    def holds_for(self, keypoint: Keypoint) -> bool:
        """Whether it is about a label that is where it was then."""
        return _single(self.x, self.y) == _single(keypoint.x, keypoint.y)


def now() -> datetime.datetime:
    """Give the time as details have it."""
    return datetime.datetime.now().replace(microsecond=0)


def details_of(
    draft: PoseDraft, places: Iterable[Place], user: str, when: datetime.datetime
) -> dict[Place, Detail]:
    """Tell what is to be kept of labels; those that are gone are absent."""
    return {
        place: Detail(State(k.state or 0), k.source, k.x, k.y, user, when)
        for place, k in draft.at(places).items()
    }


def holding(details: Mapping[Place, Detail], labels: PoseLabels) -> dict[Place, Detail]:
    """Leave out what is about labels that were moved or removed since."""
    here = PoseDraft(labels).at(details)
    return {place: d for place, d in details.items() if d.holds_for(here[place])}


def draft_of(labels: PoseLabels, details: Mapping[Place, Detail]) -> PoseDraft:
    """Make the working copy of labels and of what is known of them."""
    held = holding(details, labels)
    frames = set(labels.frames)
    # a frame that left the set takes along what is hidden in it
    hidden = {
        place
        for place, d in held.items()
        if d.state is State.OCCLUDED and place[0] in frames
    }
    names = sorted({name for _, name in hidden})
    sources = {
        place: d.source
        for place, d in held.items()
        if d.source != MANUAL and d.x is not None
    }
    return PoseDraft(labels.extended((), names), frozenset(hidden), sources)


def _single(x: float | None, y: float | None) -> tuple[float, ...]:
    """Round a place to the digits that its columns keep."""
    if x is None or y is None:
        return ()
    return float(np.float32(x)), float(np.float32(y))
