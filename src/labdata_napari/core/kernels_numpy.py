"""The inner loops of a transform on NumPy and SciPy alone.

`labdata_napari.core.kernels_numba` has the same functions, compiled; every sum there is
made in the same order as here, so that the numbers are the same to the last bit.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.spline import coefficients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Grid

__all__ = [
    "WHOLE_WINDOWS",
    "add_weighted",
    "blend",
    "coefficients",
    "plane_coefficients",
    "reduce_frame",
    "sample",
    "turn",
    "weights_of",
    "zoom_frames",
]

WHOLE_WINDOWS = False
"""Whether `sample` is best given all there is, rather than a piece at a time."""
_TOGETHER = 65536  # voxels interpolated in one go: fewer would wait for the GIL, more
# would not stay in the caches
_STRIP = 64  # rows of the result that a frame is reduced to in one go


def reduce_frame(
    frame: NDArray[Any], y_matrix: Any, x_matrix: Any, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Reduce a (y, x) frame along both axes.

    Parameters
    ----------
    frame
        Voxels of any type.
    y_matrix, x_matrix
        Sparse (n_out, n_in), or None where nothing is reduced.
    dtype
        Float type to work in.
    """
    rows, columns = frame.shape
    strips = _strips(rows, y_matrix)
    most = max((stop - start for _, start, stop, _ in strips), default=0)
    floats = _room("floats", most, columns, dtype)
    along_y = rows if y_matrix is None else y_matrix.shape[0]
    if x_matrix is None:
        kept = np.empty((along_y, columns), dtype)
    else:
        turned = _buffer("turned", (columns, _STRIP), dtype)
        found = np.empty((x_matrix.shape[0], along_y), dtype)
    for first, start, stop, part in strips:
        near = floats[: stop - start]
        near[:, :columns] = frame[start:stop]
        reduced = near if part is None else part @ near
        after = first + len(reduced)
        if x_matrix is None:
            kept[first:after] = reduced[:, :columns]
        else:
            turned[:, : len(reduced)] = reduced[:, :columns].T
            found[:, first:after] = (x_matrix @ turned)[:, : len(reduced)]
    return kept if x_matrix is None else found.T


_Strip = tuple[int, int, int, Any]
"""First row of the result, first row and the one after the last that it is made of,
and the weights of these; None for the rows themselves."""


def _strips(rows: int, matrix: Any) -> list[_Strip]:
    """Cut what a frame is reduced by along y so that a part stays in the caches."""
    if matrix is None:
        cuts = range(0, rows, _STRIP)
        return [(k, k, min(k + _STRIP, rows), None) for k in cuts]
    held = getattr(_local, "strips", None)
    if held is None or held[0] is not matrix:  # cutting takes a third of the reducing
        held = matrix, [_strip(matrix, k) for k in range(0, matrix.shape[0], _STRIP)]
        _local.strips = held
    found: list[_Strip] = held[1]
    return found


def _strip(matrix: Any, first: int) -> _Strip:
    part = matrix[first : first + _STRIP]
    start, stop = int(part.indices.min()), int(part.indices.max()) + 1
    return first, start, stop, part[:, start:stop]


_local = threading.local()


def _room(name: str, rows: int, columns: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Memory of this thread's, used again and again: new memory costs more than work.

    It is wider than asked for, so that one column's voxels do not lie a power of two
    apart, which caches do not like: turning such an array takes six times as long.
    """
    width = (columns * dtype.itemsize // 64 + 1) * 64 // dtype.itemsize
    width += 0 if width * dtype.itemsize % 512 else 64 // dtype.itemsize
    found = getattr(_local, name, None)
    if found is None or found.shape != (rows, width) or found.dtype != dtype:
        found = np.zeros((rows, width), dtype)
        setattr(_local, name, found)
    return found


def add_weighted(total: NDArray[Any], part: NDArray[Any], weight: float) -> None:
    """Add `part` times `weight` to `total`."""
    if weight == 1:
        total += part
    else:
        total += part * total.dtype.type(weight)


def plane_coefficients(
    plane: NDArray[Any], along_y: bool, along_x: bool
) -> NDArray[Any]:
    """Give cubic B-spline coefficients of a (y, x) plane along some axes."""
    # Lines that do not lie along memory are filtered twice as fast.
    if along_x:
        plane = coefficients(_turned(plane), 0).T
    if along_y:
        plane = coefficients(_turned(plane.T), 0)
    return plane


def _turned(plane: NDArray[Any]) -> NDArray[Any]:
    """Copy a plane with its second axis first, unless it lies so in memory."""
    if plane.T.flags.c_contiguous:
        return plane.T
    # rows that lie a power of two bytes apart make for a very slow copy
    padded = np.empty((len(plane), plane.shape[1] // 16 * 16 + 24), plane.dtype)
    padded[:, : plane.shape[1]] = plane
    return np.ascontiguousarray(padded[:, : plane.shape[1]].T)


def sample(data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None:
    """Interpolate float voxels at the places of a grid, all channels at the same.

    Parameters
    ----------
    data
        (c, z, y, x) voxels, or coefficients where four taps are taken, C-contiguous,
        with all the neighbours that are asked for.
    grid
        Where, and from how many neighbours.
    out
        (c, grid.shape) floats of the type of `data`, C-contiguous.
    """
    tx = grid.taps[2]
    strides = (data.shape[2] * data.shape[3], data.shape[3], 1)
    runs = [_runs(f"runs {c}", one.reshape(-1), tx) for c, one in enumerate(data)]
    ni, nj, nk = grid.shape
    lines = out.reshape(len(out), ni * nj, nk)
    together = max(1, _TOGETHER // nk)
    for start in range(0, ni * nj, together):
        rows = np.arange(start, min(start + together, ni * nj))
        index, weights, inside = _places(grid, rows, strides, data.dtype)
        wide = [
            _wide(name, w, tx) for name, w in zip(("wz", "wy"), weights, strict=False)
        ]
        for near, some in zip(runs, lines[:, start : start + together], strict=True):
            total = _columns(near, index, strides[:2], *wide)
            target, more = some.reshape(-1), _buffer("more", index.shape, data.dtype)
            np.multiply(total[:, 0], weights[2][0], out=target)
            for c in range(1, tx):
                target += np.multiply(total[:, c], weights[2][c], out=more)
            if inside is not None:
                target[~inside] = 0


def _columns(
    runs: NDArray[Any],
    index: NDArray[np.intp],
    strides: tuple[int, ...],
    wz: list[NDArray[Any]],
    wy: list[NDArray[Any]],
) -> NDArray[Any]:
    """Sum the neighbours along z and y, for each of those along x."""
    shape = (len(index), runs.shape[1])
    total, plane, row = (
        _buffer(name, shape, runs.dtype) for name in ("total", "plane", "row")
    )
    for a, weight in enumerate(wz):
        for b, weight_y in enumerate(wy):
            into = row if b else plane
            near = runs[a * strides[0] + b * strides[1] :]
            np.take(near, index, axis=0, out=into, mode="clip")
            into *= weight_y
            if b:
                plane += row
        plane *= weight
        if a:
            total += plane
        else:
            total, plane = plane, total
    return total


def _runs(name: str, flat: NDArray[Any], length: int) -> NDArray[Any]:
    """Give each voxel with those that follow, to be fetched in one go."""
    if length == 1:
        return flat[:, None]
    runs = _buffer(name, (flat.size, length), flat.dtype)
    for k in range(length):
        runs[: flat.size - k, k] = flat[k:]
        runs[flat.size - k :, k] = 0
    return runs


def _buffer(name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Memory of this thread's for some array, used again and again."""
    size = math.prod(shape)
    found = getattr(_local, name, None)
    if found is None or found.size < size or found.dtype != dtype:
        found = np.empty(size, dtype)
        setattr(_local, name, found)
    part: NDArray[Any] = found[:size].reshape(shape)
    return part


def _wide(name: str, weights: list[NDArray[Any]], width: int) -> list[NDArray[Any]]:
    """Give each weight as often as a run is long."""
    wide = []
    for number, weight in enumerate(weights):
        copies = _buffer(f"{name} {number}", (weight.size, width), weight.dtype)
        for k in range(width):  # faster than repeating or broadcasting
            copies[:, k] = weight
        wide.append(copies)
    return wide


def _places(
    grid: Grid, rows: NDArray[np.intp], strides: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[NDArray[np.intp], list[list[NDArray[Any]]], NDArray[np.bool_] | None]:
    """First neighbour, weights along z, y, x, and whether a place is inside."""
    (i, j), k = np.divmod(rows, grid.shape[1]), np.arange(grid.shape[2])
    shape = (len(rows), len(k))
    place, whole, total = (
        _buffer(name, shape, np.float64) for name in ("place", "whole", "first")
    )
    inside: Any = None
    weights = []
    for axis, taps in enumerate(grid.taps):
        m0, m1, m2 = grid.matrix[axis]
        np.add.outer(grid.offset[axis] + m0 * i + m1 * j, m2 * k, out=place)
        low, high = grid.low[axis], grid.high[axis]
        if not grid.inside:
            here = (place >= low - grid.TOLERANCE) & (place <= high + grid.TOLERANCE)
            inside = here if inside is None else inside & here
            np.clip(place, low, high, out=place)
        (np.rint if taps == 1 else np.floor)(place, out=whole)  # all are positive
        fraction = np.empty(shape, dtype)
        np.subtract(place, whole, out=fraction, casting="same_kind")
        weights.append(weights_of(fraction.reshape(-1), taps))
        whole -= taps == 4
        whole *= strides[axis]
        if axis:
            total += whole
        else:
            total, whole = whole, total
    index = _buffer("index", shape, np.intp)
    np.copyto(index, total, casting="unsafe")
    return index.reshape(-1), weights, None if inside is None else inside.reshape(-1)


def weights_of(fraction: NDArray[Any], taps: int) -> list[NDArray[Any]]:
    """Weights of 1, 2 (linear) or 4 (cubic B-spline) neighbours."""
    if taps == 1:
        return [np.ones_like(fraction)]
    one = fraction.dtype.type(1)
    rest = one - fraction
    if taps == 2:
        return [rest, fraction]
    sixth, half = fraction.dtype.type(1 / 6), fraction.dtype.type(0.5)
    two, most = fraction.dtype.type(2), fraction.dtype.type(2 / 3)
    squares = rest * rest, fraction * fraction
    first, last = squares[0] * rest, squares[1] * fraction
    first *= sixth
    last *= sixth
    middle = [fraction - two, rest - two]
    for weight, square in zip(middle, reversed(squares), strict=True):
        weight *= square
        weight *= half
        weight += most
    return [first, *middle, last]


# --- as labdata computes ----------------------------------------------------------
# In double precision, one product after the other as scipy makes them (ni_interpolation
# of scipy.ndimage, order 1), rounded to the type of the voxels after each step.


def zoom_frames(
    frames: NDArray[Any], y_step: float, x_step: float, out: NDArray[Any]
) -> None:
    """Zoom (n, y, x) frames: `out` voxel i, k comes from i * y_step, k * x_step."""
    rows, columns = frames.shape[1:]
    y0, y1, wy, y_inside = _between(np.arange(out.shape[1]) * y_step, rows)
    x0, x1, wx, x_inside = _between(np.arange(out.shape[2]) * x_step, columns)
    wy = wy[:, None]
    vy, vx = 1.0 - wy, 1.0 - wx
    inside = y_inside[:, None] & x_inside
    for frame, target in zip(frames, out, strict=True):
        above, below = frame[y0], frame[y1]
        total = above[:, x0] * vy * vx
        total += above[:, x1] * vy * wx
        total += below[:, x0] * wy * vx
        total += below[:, x1] * wy * wx
        _round(np.where(inside, total, 0), target)


def blend(
    first: NDArray[Any], second: NDArray[Any], weight: float, out: NDArray[Any]
) -> None:
    """Interpolate between two planes."""
    _round(first * (1.0 - weight) + second * weight, out)


def turn(
    data: NDArray[Any],
    first: tuple[int, int],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    full: tuple[int, int],
    start: tuple[int, int],
    out: NDArray[Any],
) -> None:
    """Turn the first two of three axes.

    Parameters
    ----------
    data
        Part of the voxels before, from `first` on along the two axes.
    matrix, offset
        (2, 2) and (2,); index after to index before.
    full
        Length of the two axes, of which there is only a part here.
    start, out
        The part wanted: its first index along the two axes, and its voxels.
    """
    along = start[1] + np.arange(out.shape[1])
    for i, target in enumerate(out):
        places = [
            (o + (start[0] + i) * m0) + along * m1
            for (m0, m1), o in zip(matrix, offset, strict=True)
        ]
        a0, a1, wa, a_inside = _between(places[0], full[0])
        b0, b1, wb, b_inside = _between(places[1], full[1])
        inside = a_inside & b_inside
        target[~inside] = 0
        if not inside.any():
            continue
        a0, a1 = a0[inside] - first[0], a1[inside] - first[0]
        b0, b1 = b0[inside] - first[1], b1[inside] - first[1]
        wa, wb = wa[inside][:, None], wb[inside][:, None]
        va, vb = 1.0 - wa, 1.0 - wb
        total = data[a0, b0] * va * vb
        total += data[a0, b1] * va * wb
        total += data[a1, b0] * wa * vb
        total += data[a1, b1] * wa * wb
        rounded = np.empty(total.shape, target.dtype)
        _round(total, rounded)
        target[inside] = rounded


def _between(
    places: NDArray[Any], length: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Neighbours of places on a line, weight of the second, whether they are on it."""
    inside = (places >= 0) & (places <= length - 1)
    held = np.where(inside, places, 0.0)
    below = np.floor(held).astype(np.intp)
    return below, np.minimum(below + 1, length - 1), held - below, inside


def _round(values: NDArray[np.float64], out: NDArray[Any]) -> None:
    most = np.iinfo(out.dtype).max
    shifted = np.where(values > 0, values + 0.5, 0.0)
    np.copyto(out, np.minimum(shifted, most), casting="unsafe")
