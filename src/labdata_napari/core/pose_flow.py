"""Where body parts went between two frames, by optical flow around each.

Pyramidal Lucas-Kanade: B. D. Lucas and T. Kanade, "An iterative image registration
technique with an application to stereo vision", IJCAI 1981; iterated over a pyramid as
in J.-Y. Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker", Intel
2000. A displacement d is looked for that makes the window W around a point x alike in
both pictures: with the gradient g of the first, each step adds

    (sum_W g g^T)^-1  sum_W g (A(x) - B(x + d)).

What was carried is carried back again, and is believed where it comes back to: Z. Kalal
et al., "Forward-backward error: automatic detection of tracking failures", ICPR 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.ndimage import correlate1d, map_coordinates

from labdata_napari.core.pose_draft import TRACKED, Keypoint, State
from labdata_napari.core.pose_edits import SetKeypoints
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft

    Floats: TypeAlias = NDArray[np.float32]

MOST_ERROR = 2.0
"""Pixels by which a point may miss where it came from when it is carried back."""

_HALF = 10  # pixels from the middle of a window to its edge
_LEVELS = 4  # the coarsest is an eighth: some 80 pixels are caught
_STEPS = 20
_ENOUGH = 0.01  # pixels; a step shorter than that is the last
_FLAT = 1.0  # grey values per pixel; less contrast along any direction holds no point
_SMOOTH = np.array([1, 4, 6, 4, 1], np.float32) / 16
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601


@dataclass(frozen=True, eq=False)
class Carried:
    """Where points went.

    Attributes
    ----------
    points
        (N, 2) pixels, x and y; NaN where they are not carried.
    error
        (N,) pixels by which each missed its origin when it was carried back; infinite
        where it was lost.
    """

    points: NDArray[np.float64]
    error: NDArray[np.float64]

    @property
    def is_carried(self) -> NDArray[np.bool_]:
        """(N,): whether each can be believed."""
        carried: NDArray[np.bool_] = self.error <= MOST_ERROR
        return carried


def carry(before: ArrayLike, after: ArrayLike, points: ArrayLike) -> Carried:
    """Carry points from one picture to another.

    Parameters
    ----------
    before, after
        (Y, X) or (Y, X, 3), of the same size.
    points
        (N, 2) pixels, x and y, in `before`.

    Raises
    ------
    InvalidValue
        When the pictures differ in size.
    """
    return carry_through([before, after], points)


def carry_through(pictures: Iterable[ArrayLike], points: ArrayLike) -> Carried:
    """Carry points through the pictures of a video, each to the next.

    Parameters
    ----------
    pictures
        (Y, X) or (Y, X, 3), of the same size, from that in which the points are to
        that to which they are carried; one at a time is looked at, with the next.
    points
        (N, 2) pixels, x and y, in the first of them.

    Returns
    -------
    Carried
        In the last of them. The errors of the ways add up.

    Raises
    ------
    InvalidValue
        When the pictures differ in size.
    """
    here = np.array(points, np.float64).reshape(-1, 2)
    error = np.where(np.isnan(here).any(axis=1), np.inf, 0.0)
    for a, b in pairwise(map(_pyramid, pictures)):
        if a[0].shape != b[0].shape:
            raise InvalidValue(
                f"Points cannot be carried from a picture of {a[0].shape} to one of "
                f"{b[0].shape}; choose frames of one video."
            )
        left = np.flatnonzero(error <= MOST_ERROR)
        if not len(left):
            break
        there, is_there = _flow(a, b, here[left])
        back, is_back = _flow(b, a, there)
        missed = np.hypot(*(back - here[left]).T)
        error[left] += np.where(is_there & is_back, missed, np.inf)
        here[left] = there
    here[~(error <= MOST_ERROR)] = np.nan
    return Carried(here, error)


def track(
    draft: PoseDraft,
    source: FrameKey,
    frame: FrameKey,
    pictures: Iterable[ArrayLike],
    overwrite: bool = False,
) -> SetKeypoints | None:
    """Carry the labels of a frame over to another one of the same video.

    Parameters
    ----------
    draft
        The working copy.
    source, frame
        From where to where, either way.
    pictures
        From that of `source` to that of `frame`, both of them and those between.
    overwrite
        Whether also where there is a label; else only what is missing.

    Returns
    -------
    SetKeypoints or None
        An edit as those of `labdata_napari.core.pose_edits`; None where there is
        nothing to carry or nothing was. Body parts that are hidden in `source` are
        left out: what would be followed is what they are behind.

    Raises
    ------
    InvalidValue
        When the pictures differ in size.
    """
    here = draft.at((frame, name) for name in draft.labels.bodyparts)
    seen = draft.at((source, name) for name in draft.labels.bodyparts)
    names = [
        name
        for (_, name), k in seen.items()
        if k.state is State.VISIBLE
        and (overwrite or here[frame, name].state is State.ABSENT)
    ]
    if not names:
        return None
    there = np.array([(seen[source, n].x, seen[source, n].y) for n in names], float)
    carried = carry_through(pictures, there)
    kept = [
        (name, point)
        for name, point, held in zip(
            names, carried.points.tolist(), carried.is_carried, strict=True
        )
        if held
    ]
    if not kept:
        return None
    what = kept[0][0] if len(kept) == 1 else f"{len(kept)} labels"
    return SetKeypoints(
        tuple((frame, name) for name, _ in kept),
        tuple(
            Keypoint(x, y, here[frame, name].z, source=TRACKED) for name, (x, y) in kept
        ),
        f"track {what}",
    )


def _pyramid(picture: ArrayLike) -> list[Floats]:
    """Make a picture grey, and halve it again and again while windows fit."""
    image = np.asarray(picture, np.float32)
    levels = [image @ _GREY if image.ndim == 3 else image]
    while len(levels) < _LEVELS and min(levels[-1].shape) > 4 * _HALF:
        smooth = levels[-1]
        for axis in (0, 1):
            smooth = correlate1d(smooth, _SMOOTH, axis=axis, mode="nearest")
        levels.append(np.ascontiguousarray(smooth[::2, ::2]))
    return levels


def _flow(
    before: Sequence[Floats], after: Sequence[Floats], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return where points went, and whether each is in the picture and on something."""
    moved = np.zeros_like(points)
    holds = np.ones(len(points), np.bool_)
    for level in reversed(range(len(before))):
        scale = 2.0**level
        moved, holds = _at_level(
            before[level], after[level], points / scale, moved / scale
        )
        moved *= scale
    there = points + moved
    height, width = after[0].shape
    inside = ((there >= 0) & (there <= (width - 1, height - 1))).all(axis=1)
    return there, holds & inside


def _at_level(
    before: Floats,
    after: Floats,
    points: NDArray[np.float64],
    moved: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Better displacements at one level; and whether there is enough contrast."""
    wide = _window(before, points, _HALF + 1)
    here = wide[:, 1:-1, 1:-1]
    slopes = np.stack(
        [
            (wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2]) / 2,
            (wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]) / 2,
        ],
        axis=-1,
    )
    tensor = np.einsum("nyxi,nyxj->nij", slopes, slopes, dtype=np.float64)
    area = (2 * _HALF + 1) ** 2
    holds = np.linalg.eigvalsh(tensor)[:, 0] > area * _FLAT**2
    inverse = np.zeros_like(tensor)
    inverse[holds] = np.linalg.inv(tensor[holds])
    moved = np.array(moved)
    active = np.flatnonzero(holds)
    for _ in range(_STEPS):
        if not len(active):
            break
        there = _window(after, points[active] + moved[active], _HALF)
        apart = here[active] - there
        lean = np.einsum("nyxi,nyx->ni", slopes[active], apart, dtype=np.float64)
        step = np.einsum("nij,nj->ni", inverse[active], lean)
        moved[active] += step
        active = active[np.hypot(*step.T) > _ENOUGH]
    return moved, holds


def _window(image: Floats, points: NDArray[np.float64], half: int) -> Floats:
    """(N, Y, X): the picture around points, the edge continued beyond it."""
    offsets = np.arange(-half, half + 1)
    y = points[:, 1, None, None] + offsets[:, None]
    x = points[:, 0, None, None] + offsets
    window: Floats = map_coordinates(
        image, np.broadcast_arrays(y, x), order=1, mode="nearest", output=np.float32
    )
    return window
