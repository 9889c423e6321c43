"""A label set while somebody works on it: what rows hold, and what they cannot say.

Rows hold x, y and z. Whether a body part is hidden behind something, and who says
where it is, is kept beside them, sparsely: most labels are seen, and set by hand.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.pose import Label

Place: TypeAlias = tuple[FrameKey, str]
"""A body part in a frame: what a label is matched by."""

MANUAL = -1
COPIED = -2
INTERPOLATED = -3
TRACKED = -4
"""Sources of labels; a number from 0 on is that of the model that predicted it."""


class State(enum.IntEnum):
    """What is known of a body part in a frame; the numbers are those of COCO."""

    ABSENT = 0
    OCCLUDED = 1
    VISIBLE = 2


@dataclass(frozen=True)
class Keypoint:
    """A body part in a frame.

    Attributes
    ----------
    x, y
        Pixels from the left and top; None where it has no place.
    z
        Where there is a third axis.
    state
        Follows from the place where it is not given. What is visible has a place,
        what is absent has none, what is occluded may have one.
    source
        Who put it there: `MANUAL`, `COPIED`, …, or the number of a model.

    Raises
    ------
    InvalidValue
        When state and place contradict each other.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    state: State | None = None
    source: int = MANUAL

    def __post_init__(self) -> None:
        there = self.x is not None and self.y is not None
        if self.state is None:
            object.__setattr__(self, "state", State.VISIBLE if there else State.ABSENT)
        half = (self.x is None) != (self.y is None)
        wrong = self.state is (State.ABSENT if there else State.VISIBLE)
        if half or wrong:
            raise InvalidValue(
                f"A body part that is {self.state.name.lower()} cannot be at "  # type: ignore[union-attr]
                f"({self.x}, {self.y}); give it x and y, or neither."
            )

    @property
    def is_placed(self) -> bool:
        """Whether it has a place in the picture."""
        return self.x is not None


ABSENT = Keypoint()
"""A body part that is not labelled."""


@dataclass(frozen=True, eq=False)
class PoseDraft:
    """The working copy of a label set; edited by making another one.

    Attributes
    ----------
    labels
        Where body parts are.
    occluded
        Those that are hidden, with or without a place.
    sources
        Where labels come from that were not set by hand.
    """

    labels: PoseLabels = field(default_factory=PoseLabels)
    occluded: frozenset[Place] = frozenset()
    sources: Mapping[Place, int] = field(default_factory=lambda: MappingProxyType({}))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PoseDraft):
            return NotImplemented
        mine = (self.occluded, dict(self.sources), self.labels)
        return mine == (other.occluded, dict(other.sources), other.labels)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, place: Place) -> Keypoint:
        """Give the body part in a frame; `ABSENT` where it is not labelled."""
        return self.at((place,))[place]

    def at(self, places: Iterable[Place]) -> dict[Place, Keypoint]:
        """Give the body parts at some places, as indexing does each."""
        wanted = tuple(places)
        labels = self.labels.by_place(wanted)
        return {place: self._keypoint(place, labels.get(place)) for place in wanted}

    def _keypoint(self, place: Place, label: Label | None) -> Keypoint:
        hidden = place in self.occluded
        if label is None:
            return replace(ABSENT, state=State.OCCLUDED) if hidden else ABSENT
        state = State.OCCLUDED if hidden else State.VISIBLE
        source = self.sources.get(place, MANUAL)
        return Keypoint(label.x, label.y, label.z, state, source)

    def states(self) -> NDArray[np.uint8]:
        """(frames, bodyparts): a `State` each."""
        there = ~np.isnan(self.labels.xyz[..., 0])
        found = np.where(there, State.VISIBLE, State.ABSENT).astype(np.uint8)
        of_frame = {key: n for n, key in enumerate(self.labels.frames)}
        of_name = {name: n for n, name in enumerate(self.labels.bodyparts)}
        for frame, name in self.occluded:
            if frame in of_frame and name in of_name:
                found[of_frame[frame], of_name[name]] = State.OCCLUDED
        return found

    def is_done(self) -> NDArray[np.bool_]:
        """(frames,): whether every body part is labelled, or said to be hidden."""
        done: NDArray[np.bool_] = np.all(self.states() != State.ABSENT, axis=1)
        return done

    def with_keypoints(
        self, places: Sequence[Place], keypoints: Sequence[Keypoint]
    ) -> PoseDraft:
        """Put body parts somewhere, or take their labels away; frames may be new."""
        labels = self.labels.extended(
            (frame for frame, _ in places), (name for _, name in places)
        )
        of_frame = {key: n for n, key in enumerate(labels.frames)}
        of_name = {name: n for n, name in enumerate(labels.bodyparts)}
        values = np.array(labels.xyz)
        occluded, sources = set(self.occluded), dict(self.sources)
        for place, keypoint in zip(places, keypoints, strict=True):
            frame, name = place
            here = keypoint.x, keypoint.y, keypoint.z
            values[of_frame[frame], of_name[name]] = [
                np.nan if value is None else value for value in here
            ]
            _put(occluded, place, keypoint.state is State.OCCLUDED)
            if keypoint.is_placed and keypoint.source != MANUAL:
                sources[place] = keypoint.source
            else:
                sources.pop(place, None)
        if not (labels.has_z or any(k.z is not None for k in keypoints)):
            values = values[..., :2]
        return PoseDraft(
            replace(labels, coordinates=values),
            frozenset(occluded),
            MappingProxyType(sources),
        )


def _put(members: set[Place], place: Place, inside: bool) -> None:
    if inside:
        members.add(place)
    else:
        members.discard(place)
