"""Places of body parts over time, drawn in a moment however long a video is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.pose_predictions import Predictions

_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Outline:
    """A series as a picture of some width can show it.

    Attributes
    ----------
    edges
        (K + 1,) frames at which columns begin, and the last one ends.
    low, high
        (K,) the lowest and highest value in each; NaN where there is none.
    """

    edges: NDArray[np.int64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @property
    def is_of_frames(self) -> bool:
        """Whether each column is one frame."""
        return bool(self.edges[-1] - self.edges[0] == len(self.low))

    @property
    def range(self) -> tuple[float, float] | None:
        """The lowest and highest of all; None where there is no value."""
        if np.isnan(self.low).all():
            return None
        return float(np.nanmin(self.low)), float(np.nanmax(self.high))

    def joined(self) -> Outline:
        """Stretch columns so that each touches the one before, as a line would."""
        low, high = self.low.copy(), self.high.copy()
        low[1:] = np.where(
            np.isnan(self.high[:-1]), low[1:], np.fmin(low[1:], self.high[:-1])
        )
        high[1:] = np.where(
            np.isnan(self.low[:-1]), high[1:], np.fmax(high[1:], self.low[:-1])
        )
        there = ~np.isnan(self.low)
        low[~there] = high[~there] = np.nan
        return Outline(self.edges, low, high)


class Envelope:
    """The lowest and highest values of a series in any span, at once.

    Parameters
    ----------
    values
        (N,) one for each frame; NaN where there is none.
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values: NDArray[np.float32] = np.ascontiguousarray(values, np.float32)
        begins = np.arange(0, len(self.values), _BLOCK)
        ends = np.minimum(begins + _BLOCK, len(self.values))
        self._lows = _reduced(np.fmin, self.values, begins, ends)
        self._highs = _reduced(np.fmax, self.values, begins, ends)

    def __len__(self) -> int:
        return len(self.values)

    def between(self, start: int, stop: int, most: int) -> Outline:
        """Show a span.

        Parameters
        ----------
        start, stop
            Frames, the second not included; what lies outside of the series is left
            out.
        most
            How many columns there may be.

        Returns
        -------
        Outline
            A column for each frame where they fit. The lowest and highest of every
            frame are in it, whatever the width.
        """
        start, stop = max(int(start), 0), min(int(stop), len(self.values))
        count = min(max(stop - start, 0), max(int(most), 1))
        if not count:
            return Outline(np.array([start]), self.values[:0], self.values[:0])
        edges = start + (np.arange(count + 1) * (stop - start)) // count
        begins, ends = edges[:-1], edges[1:]
        lows = highs = self.values
        if (stop - start) // count >= 4 * _BLOCK:
            # a block in which one column ends and the next begins counts in both
            begins, ends = begins // _BLOCK, (ends - 1) // _BLOCK + 1
            lows, highs = self._lows, self._highs
        low = _reduced(np.fmin, lows, begins, ends)
        high = _reduced(np.fmax, highs, begins, ends)
        return Outline(edges, low, high)


@dataclass(frozen=True, eq=False)
class Trace:
    """Where a body part is over a video, and how sure a model is of it.

    Attributes
    ----------
    bodypart
        Its name.
    x, y, likelihood
        Of each frame.
    """

    bodypart: str
    x: Envelope
    y: Envelope
    likelihood: Envelope


def trace_of(predictions: Predictions, bodypart: str) -> Trace | None:
    """Take what a model saw of a body part; None where it knows none of that name."""
    if bodypart not in predictions.bodyparts:
        return None
    number = predictions.bodyparts.index(bodypart)
    x, y = predictions.xy[:, number].T
    likelihood = predictions.likelihood[:, number]
    return Trace(bodypart, Envelope(x), Envelope(y), Envelope(likelihood))


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """The labels of a body part in a video.

    Attributes
    ----------
    frames
        (K,) numbers, sorted.
    xy
        (K, 2) pixels.
    """

    frames: NDArray[np.int64]
    xy: NDArray[np.float32]


def labelled_points(
    draft: PoseDraft, video: tuple[str, ...], bodypart: str
) -> LabelledPoints:
    """Take the labels of a body part in the frames of a video.

    Parameters
    ----------
    draft
        The working copy.
    video
        The first four parts of its frames' keys.
    bodypart
        Its name; one that is nowhere has no labels.
    """
    labels = draft.labels
    if bodypart not in labels.bodyparts:
        return LabelledPoints(np.empty(0, np.int64), np.empty((0, 2), np.float32))
    xy = labels.xyz[:, labels.bodyparts.index(bodypart), :2]
    there = np.flatnonzero(~np.isnan(xy[:, 0]))
    rows = [n for n in there.tolist() if labels.frames[n][:4] == tuple(video)]
    numbers = np.array([labels.frames[n].frame_num for n in rows], np.int64)
    order = np.argsort(numbers)
    return LabelledPoints(numbers[order], xy[rows][order])


def _reduced(
    pick: np.ufunc,
    values: NDArray[np.float32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the extreme value of each piece, NaN only where all of it is."""
    if not len(begins):
        return values[:0]
    # what is between an end and the next begin is reduced too, and left out
    cuts = np.stack([begins, ends], axis=1).ravel()[:-1]
    reduced: NDArray[np.float32] = pick.reduceat(values[: ends[-1]], cuts)[::2]
    return reduced
