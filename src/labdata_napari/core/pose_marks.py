"""What is to be drawn of body parts in one frame: labels, and what a model saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from labdata_napari.core.pose_draft import MANUAL, State

if TYPE_CHECKING:
    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.pose_predictions import Predictions, VideoKey


@dataclass(frozen=True)
class Mark:
    """A body part with a place in a frame.

    Attributes
    ----------
    bodypart
        Its name.
    x, y
        Pixels from the left and top.
    is_label
        Whether it is a label; else a model sees it there and nobody has said so.
    is_occluded
        Whether it is hidden behind something.
    likelihood
        How sure the model is, 0 to 1; 1 for labels.
    source
        Who put a label there, as of a `Keypoint`.
    """

    bodypart: str
    x: float
    y: float
    is_label: bool = True
    is_occluded: bool = False
    likelihood: float = 1.0
    source: int = MANUAL


class VideoFrames(Sequence["FrameKey"]):
    """The keys of all frames of a video, made when they are asked for.

    Parameters
    ----------
    video
        Which.
    length
        How many frames it has.
    """

    def __init__(self, video: VideoKey, length: int) -> None:
        self.video = video
        self._length = length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> FrameKey: ...

    @overload
    def __getitem__(self, index: slice) -> list[FrameKey]: ...

    def __getitem__(self, index: int | slice) -> FrameKey | list[FrameKey]:
        numbers = range(self._length)[index]
        if isinstance(numbers, range):
            return [self.video.frame(number) for number in numbers]
        return self.video.frame(numbers)

    def number_of(self, frame: FrameKey) -> int | None:
        """Return where a frame is; None for one of another video, or beyond."""
        if frame[:4] != self.video or not 0 <= frame.frame_num < self._length:
            return None
        return frame.frame_num


def marks_of(
    draft: PoseDraft,
    frame: FrameKey,
    bodyparts: Sequence[str],
    predictions: Predictions | None = None,
) -> tuple[Mark, ...]:
    """Say what to draw in a frame, in the order of `bodyparts`.

    Parameters
    ----------
    draft
        The working copy of the label set.
    frame
        Which.
    bodyparts
        What is wanted.
    predictions
        Of the frame's video; shown where nothing is labelled, or said to be hidden.
    """
    seen = {} if predictions is None else predictions.at(frame.frame_num)
    marks: list[Mark] = []
    for name in bodyparts:
        label = draft[frame, name]
        hidden = label.state is State.OCCLUDED
        if label.x is not None and label.y is not None:
            source = label.source
            marks.append(Mark(name, label.x, label.y, True, hidden, 1.0, source))
        elif name in seen and not hidden and math.isfinite(seen[name].x):
            x, y, sure = seen[name]
            marks.append(Mark(name, x, y, False, False, sure, predictions.source))  # type: ignore[union-attr]
    return tuple(marks)
