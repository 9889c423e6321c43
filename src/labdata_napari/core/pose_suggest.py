"""Frames worth labelling: few that look different, chosen by k-means on thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, LabdataError

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.video_thread import Pictures

_ROWS, _COLUMNS = 22, 30
_LOOKED_AT = 2000
_ROUNDS = 20


def suggest_frames(
    video: Pictures,
    count: int,
    known: Collection[int] = (),
    progress: Progress = silent,
    looked_at: int = _LOOKED_AT,
    seed: int = 0,
) -> list[int]:
    """Choose frames of a video that differ from each other.

    Evenly spaced frames are made small and grey and grouped by k-means; of each group
    the one nearest to its middle is taken, as DeepLabCut does.

    Parameters
    ----------
    video
        Such as a `VideoReader`.
    count
        How many frames.
    known
        Frames that are labelled already; never chosen.
    progress
        Called with frames looked at and in all; raise `Cancelled` in it to stop.
    looked_at
        Among how many frames to choose at most.
    seed
        The same one chooses the same frames.

    Returns
    -------
    list of int
        Ascending; fewer than `count` where the video does not have that many.

    Raises
    ------
    InvalidValue
        When `count` is not positive.
    """
    if count < 1:
        raise InvalidValue(
            f"How many frames to suggest must be 1 or more, not {count}."
        )
    taken = frozenset(known)
    every = max(1, len(video) // max(looked_at, count))
    numbers = [n for n in range(0, len(video), every) if n not in taken]
    found: list[int] = []
    small: list[NDArray[np.float32]] = []
    for done, number in enumerate(numbers, start=1):
        try:
            small.append(_thumbnail(video.picture(number)))
            found.append(number)
        except LabdataError:  # a damaged one is none to label
            continue
        finally:
            progress(done, len(numbers))
    if len(found) <= count:
        return found
    return sorted(found[n] for n in _middles(np.array(small), count, seed))


def uniform_frames(length: int, count: int, known: Collection[int] = ()) -> list[int]:
    """Choose frames at even distances, none of those that are known.

    Parameters
    ----------
    length
        Of the video.
    count
        How many frames.
    known
        Frames that are labelled already.
    """
    free = np.setdiff1d(np.arange(length), np.fromiter(known, int, len(known)))
    at = np.linspace(0, len(free) - 1, min(count, len(free))).round().astype(int)
    return [int(number) for number in free[np.unique(at)]]


def _thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Make a picture (22, 30) and grey, each pixel the mean of a part of it."""
    height, width = picture.shape[:2]
    rows, columns = max(1, height // _ROWS), max(1, width // _COLUMNS)
    # every fourth pixel of a large part is enough for its mean
    picture = picture[:: max(1, rows // 4), :: max(1, columns // 4)]
    height, width = picture.shape[:2]
    rows, columns = max(1, height // _ROWS), max(1, width // _COLUMNS)
    whole = picture[: height // rows * rows, : width // columns * columns]
    grey = whole.mean(axis=2, dtype=np.float32) if whole.ndim == 3 else whole
    parts = grey.reshape(height // rows, rows, width // columns, columns)
    small: NDArray[np.float32] = parts.mean(axis=(1, 3), dtype=np.float32).ravel()
    return small


def _middles(points: NDArray[np.float32], count: int, seed: int) -> list[int]:
    """Group points by k-means (Lloyd, begun by k-means++); one point of each group."""
    from scipy.cluster.vq import kmeans2

    points = points - points.mean(axis=0)
    centres, labels = kmeans2(
        points, count, iter=_ROUNDS, minit="++", rng=np.random.default_rng(seed)
    )
    chosen = []
    for number, centre in enumerate(centres):
        members = np.flatnonzero(labels == number)
        if len(members):
            away = np.linalg.norm(points[members] - centre, axis=1)
            chosen.append(int(members[np.argmin(away)]))
    return _filled(points, chosen, count)


def _filled(points: NDArray[np.float32], chosen: list[int], count: int) -> list[int]:
    """Add the points farthest from those chosen, where a group came out empty."""
    away = np.full(len(points), np.inf, np.float32)
    for n in chosen:
        away = np.minimum(away, np.linalg.norm(points - points[n], axis=1))
    while len(chosen) < count:
        away[chosen] = -1
        chosen.append(int(np.argmax(away)))
        last = points[chosen[-1]]
        away = np.minimum(away, np.linalg.norm(points - last, axis=1))
    return chosen
