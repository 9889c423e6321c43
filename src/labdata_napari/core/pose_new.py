"""What a new label set is made of: frames of videos that somebody chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.core.pose_suggest import suggest_frames, uniform_frames
from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.video_thread import Pictures

WAYS = ("kmeans", "uniform")
"""How frames are suggested: few that look different, or at even distances."""


@dataclass(frozen=True)
class NewSet:
    """What a person asks for.

    Attributes
    ----------
    frames
        Numbers of frames by video; repeated ones count once.
    skeleton
        The body parts to label, one at least.
    description, labeler
        Of the set; the labeler is a member of the lab.
    """

    frames: Mapping[VideoKey, tuple[int, ...]]
    skeleton: Skeleton = field(default_factory=Skeleton)
    description: str | None = None
    labeler: str | None = None

    @property
    def missing(self) -> str:
        """Say in one sentence what is still needed; empty when nothing is."""
        if not any(self.frames.values()):
            return "Choose frames of a video to label."
        if not self.skeleton.bodyparts:
            return "Name the body parts to label."
        return ""


def suggest_in(
    reader: Pictures,
    count: int,
    way: str = "kmeans",
    known: Collection[int] = (),
    progress: Progress = silent,
) -> list[int]:
    """Choose frames of a video that are worth labelling.

    Parameters
    ----------
    reader
        Such as a `VideoReader`.
    count
        How many frames.
    way
        One of `WAYS`.
    known
        Frames that are chosen already.
    progress
        Called with what is done and how much it is; raise `Cancelled` in it to stop.

    Returns
    -------
    list of int
        Ascending, none of `known`; fewer than `count` where there are not that many.

    Raises
    ------
    InvalidValue
        When there is no such way, or `count` is not positive.
    """
    if way not in WAYS:
        raise InvalidValue(f"Frames are chosen by {' or '.join(WAYS)}, not by {way!r}.")
    if way == "uniform":
        return uniform_frames(len(reader), count, known)
    return suggest_frames(reader, count, known, progress)
