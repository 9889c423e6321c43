"""One interpolation of a window, and how its values become the result's type."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labdata_napari.core import kernels_numpy
from labdata_napari.core.spline import coefficients
from labdata_napari.core.threads import STEP_VOXELS, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.kernels import Kernels

    Taps = tuple[int, int, int]

ORDERS = (1, 3)
DEFAULT_ORDER = 3
OUTSIDE = 1e-6  # voxels beyond the outermost centres that still count as inside
# Output voxels interpolated from one piece of the data: at most, and where the piece
# is much larger than what comes out of it.
_MOST, _LEAST = STEP_VOXELS, 1 << 14
_MUCH = 3


@dataclass(frozen=True, eq=False)
class Grid:
    """Places to interpolate at, in a piece of data that holds all their neighbours.

    Attributes
    ----------
    matrix, offset
        (3, 3) and (3,); output index to data index (z, y, x).
    shape
        Of the output.
    taps
        Neighbours taken along z, y, x: 1 where every place is a voxel's centre, 2 for
        linear interpolation, 4 for the cubic B-spline.
    low, high
        First and last voxel of the stack, as places in the data; what lies beyond is 0.
    inside
        Whether it is known that nothing lies beyond.
    """

    TOLERANCE: ClassVar[float] = OUTSIDE

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    shape: tuple[int, int, int]
    taps: Taps
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    inside: bool


def working_dtype(source: np.dtype[Any]) -> np.dtype[Any]:
    """Float type that holds every value of a source type."""
    small = source.itemsize <= 2 or source.str[1:] == "f4"
    return np.dtype(np.float32 if small else np.float64)


def taps_of(
    matrix: NDArray[np.float64], offset: NDArray[np.float64], order: int
) -> Taps:
    """Neighbours to take along each data axis: one where all places are centres."""
    whole = (matrix == np.rint(matrix)).all(axis=1) & (offset == np.rint(offset))
    z, y, x = (1 if still else order + 1 for still in whole)
    return z, y, x


def interpolate(
    data: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
    order: int = DEFAULT_ORDER,
    kernels: Kernels = kernels_numpy,
) -> NDArray[Any]:
    """Sample a whole volume at matrix @ index + offset for every index of a shape.

    Parameters
    ----------
    data
        (z, y, x) voxels; outside of them everything is 0.
    matrix, offset
        (3, 3) and (3,); output index to data index, voxel centres.
    shape
        Of the output.
    order
        1 for linear interpolation, 3 for cubic B-splines.
    kernels
        What does the work.

    Returns
    -------
    ndarray
        Float values; where every sample is a voxel's centre, a view of the voxels.
    """
    taps = taps_of(matrix, offset, order)
    if taps == (1, 1, 1):
        view = _view(data, matrix, offset, shape)
        if view is not None:
            return view
    out = np.empty(shape, working_dtype(data.dtype))
    for axis in (2, 1, 0):
        if taps[axis] == 4:
            data = coefficients(np.ascontiguousarray(data, out.dtype), axis)
    full = np.array(data.shape)
    resample([data], [out], np.zeros(3), full, matrix, offset, taps, kernels)
    return out


def resample(
    windows: Sequence[NDArray[Any]] | NDArray[Any],
    targets: Sequence[NDArray[Any]],
    first: NDArray[Any],
    full: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    taps: Taps,
    kernels: Kernels,
    made: Callable[[int], object] = nothing,
) -> None:
    """Interpolate from windows of stacks that hold every neighbour needed.

    Parameters
    ----------
    windows
        (z, y, x) voxels of each channel; B-spline coefficients along the axes with
        four taps.
    targets
        What the values of each channel are stored in.
    first, full
        Where the windows begin in the stack, and the stack's shape.
    matrix, offset
        Output index to index in the stack.
    taps
        As `taps_of` gives them.
    kernels
        What does the work.
    made
        Called after each piece with the voxels made; what it raises goes through.
    """
    shape = np.array(targets[0].shape)
    if taps == (1, 1, 1):
        views = [_view(window, matrix, offset - first, shape) for window in windows]
        if views[0] is not None:
            for view, target in zip(views, targets, strict=True):
                assert view is not None  # all are of one shape
                store(view, target)
                made(view.size)
            return
    # The output axis that walks the data's x innermost: neighbours are near then.
    order = _axis_order(matrix)
    turned = [target.transpose(order) for target in targets]
    pieces = [(np.zeros(3, np.intp), shape[order])]
    matrix = matrix[:, order]
    while pieces:
        start, size = pieces.pop()
        begin = offset + matrix @ start
        box = neighbours(matrix, begin, size, full, taps)
        where = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
        parts = [target[where] for target in turned]
        voxels = len(parts) * parts[0].size
        if box is None:
            for part in parts:
                part[...] = 0
            made(voxels)
            continue
        longest = int(np.argmax(size))
        pieces_wanted = not kernels.WHOLE_WINDOWS
        if pieces_wanted and _too_large(voxels, len(parts), box[1] - box[0]):
            half = size[longest] // 2
            for a, n in ((0, half), (half, size[longest] - half)):
                at, length = start.copy(), size.copy()
                at[longest] += a
                length[longest] = n
                pieces.append((at, length))
            continue
        _piece(windows, first, full, box, matrix, begin, taps, kernels, parts)
        made(voxels)


def _too_large(voxels: int, channels: int, piece: NDArray[np.intp]) -> bool:
    """Whether to cut an output of some size, made from a piece of each channel."""
    needed = channels * int(np.prod(piece, dtype=np.int64))
    if voxels > _MOST:
        return True
    return voxels > _LEAST and needed > _MUCH * voxels


def neighbours(
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
    full: NDArray[Any],
    taps: Taps,
    more: tuple[int, int, int] = (0, 0, 0),
) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """First voxel and the one after the last that some places need; None for none."""
    corners = np.array(list(itertools.product((0, 1), repeat=3))) * (shape - 1)
    places = corners @ matrix.T + offset
    low, high = places.min(axis=0), places.max(axis=0)
    if np.any(high < -OUTSIDE) or np.any(low > full - 1 + OUTSIDE):
        return None
    margin = np.array(taps) // 2 + more
    last = np.array(full) - 1
    first = np.clip(np.floor(low).astype(np.intp) - margin, 0, last)
    end = np.clip(np.ceil(high).astype(np.intp) + margin, 0, last) + 1
    return first, end


def _piece(
    windows: Sequence[NDArray[Any]] | NDArray[Any],
    first: NDArray[Any],
    full: NDArray[Any],
    box: tuple[NDArray[np.intp], NDArray[np.intp]],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    taps: Taps,
    kernels: Kernels,
    parts: Sequence[NDArray[Any]],
) -> None:
    low, high = box
    inner = tuple(
        slice(int(a - f), int(b - f)) for a, b, f in zip(low, high, first, strict=True)
    )
    # Beyond the stack's faces coefficients are mirrored.
    margins = [
        (before if a == 0 else 0, after if b == n else 0)
        for a, b, n, (before, after) in zip(
            low,
            high,
            full,
            ({1: (0, 0), 2: (0, 1), 4: (1, 2)}[t] for t in taps),
            strict=True,
        )
    ]
    dtype = working_dtype(windows[0].dtype)
    data: Any = windows
    whole = isinstance(data, np.ndarray) and data.shape[1:] == tuple(high - low)
    if not whole or data.dtype != dtype:
        data = np.array([window[inner] for window in windows], dtype)
    if np.any(margins):
        data = np.pad(data, [(0, 0), *margins], "reflect")
    shift = np.array([before for before, _ in margins]) - low
    ends = np.array([shift, full - 1 + shift], dtype=np.float64)
    corners = np.array(list(itertools.product((0, 1), repeat=3)))
    shape = parts[0].shape
    places = corners * (np.array(shape) - 1) @ matrix.T + offset
    grid = Grid(
        np.ascontiguousarray(matrix),
        offset + shift,
        _three(shape),
        taps,
        _three(ends[0].tolist()),
        _three(ends[1].tolist()),
        bool(np.all(places >= 0) and np.all(places <= full - 1)),
    )
    values = np.empty((len(parts), *shape), dtype)
    kernels.sample(data, grid, values)
    for value, part in zip(values, parts, strict=True):
        store(value, part)


def _three(values: Any) -> tuple[Any, Any, Any]:
    a, b, c = values
    return a, b, c


def _axis_order(matrix: NDArray[np.float64]) -> NDArray[np.intp]:
    """Output axes, each at the place of the data axis that it walks most."""
    size = np.abs(matrix)
    order = np.zeros(3, np.intp)
    for _ in range(3):
        axis, along = np.unravel_index(np.argmax(size), size.shape)
        order[axis] = along
        size[axis], size[:, along] = -1, -1
    return order


def _view(
    data: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
) -> NDArray[Any] | None:
    """Give the voxels themselves, where slices and an axis order reach all of them."""
    used = matrix != 0
    if not (np.all(used.sum(axis=0) == 1) and np.all(used.sum(axis=1) == 1)):
        return None
    axes = used.argmax(axis=0)  # data axis of each output axis
    slices = [slice(None)] * 3
    for k, axis in enumerate(axes):
        first, step = int(offset[axis]), int(matrix[axis, k])
        last = first + step * (int(shape[k]) - 1)
        if min(first, last) < 0 or max(first, last) >= data.shape[axis]:
            return None
        beyond = last + (1 if step > 0 else -1)
        slices[axis] = slice(first, None if beyond < 0 else beyond, step)
    return data[tuple(slices)].transpose(axes)


def store(values: NDArray[Any], target: NDArray[Any]) -> None:
    """Write values into the result; whole-number types get them rounded and clipped.

    Halves go to the even neighbour; what is not a number becomes 0.
    """
    if target.dtype.kind == "f" or values.dtype == target.dtype:
        target[...] = values
        return
    limits = np.iinfo(target.dtype)
    low, high = limits.min, limits.max
    if values.dtype.kind == "f":
        if target.dtype.itemsize > 2:  # float32 cannot hold the limits of these
            values = values.astype(np.float64)
        values = np.rint(values)
        if np.isnan(values.min()):
            values[np.isnan(values)] = 0
        np.clip(values, low, high, out=values)
    else:
        values = values.astype(np.uint8) if values.dtype.kind == "b" else values
        held = np.iinfo(values.dtype)
        values = np.clip(values, max(low, held.min), min(high, held.max))
    np.copyto(target, values, casting="unsafe")
