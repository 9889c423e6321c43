"""Whether frames kept in a database are those that a video has under their numbers.

Other programs count frames otherwise where a file has an edit list or B-frames in an
AVI; then all labels lie some frames beside their pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from labdata_napari.core.video_thread import Pictures

_COMPARED = 3
_FARTHEST = 3
# Mean difference in grey levels that coding a picture anew makes at most.
_ALIKE = 6.0


@dataclass(frozen=True)
class Alignment:
    """How stored frames and a video fit together.

    Attributes
    ----------
    offset
        Frame n as it is stored is frame n + `offset` of the video; None where it
        cannot be told.
    words
        A sentence for a person; empty where all is well.
    """

    offset: int | None
    words: str = ""


def alignment_of(video: Pictures, stored: Mapping[int, NDArray[np.uint8]]) -> Alignment:
    """Compare a few stored frames with those around their numbers in a video.

    Parameters
    ----------
    video
        Such as a `VideoReader`.
    stored
        Pictures (Y, X) or (Y, X, 3) by frame number; up to three of them are used.

    Returns
    -------
    Alignment
        Offset 0 without words where the frames are those of their numbers, or nothing
        else fits better, as in a video in which nothing moves.
    """
    numbers = sorted(stored)
    picked = [
        numbers[round(at)]
        for at in np.linspace(0, len(numbers) - 1, min(_COMPARED, len(numbers)))
    ]
    differences = [_differences(video, number, stored[number]) for number in picked]
    known = [d for d in differences if d is not None]
    if not known:
        return Alignment(None, _cannot_tell(len(video), picked))
    mean = np.nanmean(known, axis=0)
    best = int(np.nanargmin(mean)) - _FARTHEST
    if not mean[best + _FARTHEST] <= _ALIKE:
        return Alignment(
            None,
            f"The frames of this set do not look like those {_FARTHEST} before to "
            f"{_FARTHEST} after their numbers in the video; it may be another video.",
        )
    here = mean[_FARTHEST]
    if best == 0 or here <= mean[best + _FARTHEST] * 1.5 + 0.5:
        return Alignment(0)
    side = "later" if best > 0 else "earlier"
    count = f"{abs(best)} frame{'' if abs(best) == 1 else 's'}"
    return Alignment(
        best,
        f"The frames of this set are {count} {side} in the video than their numbers "
        "say: the program that stored them counted otherwise. Labels made on the "
        "stored frames are right; going from them to the video lands beside them.",
    )


def _cannot_tell(length: int, numbers: list[int]) -> str:
    beyond = [number for number in numbers if number >= length]
    if beyond:
        return (
            f"The set has a frame {beyond[-1]} and the video only {length} frames; it "
            "may be another video, or one whose end is missing."
        )
    return "" if not numbers else "The video has no frames of this size to compare."


def _differences(
    video: Pictures, number: int, picture: NDArray[np.uint8]
) -> NDArray[np.float64] | None:
    """Mean difference in grey to each frame around; NaN where there is none."""
    if number >= len(video):
        return None
    wanted = _grey(picture)
    found = np.full(2 * _FARTHEST + 1, np.nan)
    for at in range(len(found)):
        other = number + at - _FARTHEST
        if not 0 <= other < len(video):
            continue
        try:
            grey = _grey(video.picture(other))
        except LabdataError:
            continue
        if grey.shape != wanted.shape:
            return None
        found[at] = np.abs(grey - wanted).mean()
    return None if np.isnan(found).all() else found


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    # every second pixel is enough to tell frames apart
    part = picture[::2, ::2].astype(np.float32)
    return part.mean(axis=2) if part.ndim == 3 else part
