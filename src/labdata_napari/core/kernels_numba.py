"""The inner loops of a transform, compiled; the numbers are those of NumPy's.

Every sum is made in the order of `labdata_napari.core.kernels_numpy`, in the same
precision, and no compiler option lets it be made in another: on x86-64 the results are
equal to the last bit. Where the processor's C compiler fuses a product with a sum
(arm64), SciPy's own sums differ in the last bit of a float, here and there a count.

What is not worth compiling (floats of 8 bytes, axes that are not reduced) is left to
NumPy. Imported only where numba is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core import kernels_numpy as plain
from labdata_napari.core.kernels_compiling import compiled
from labdata_napari.core.kernels_exact import blend, turn, zoom_frames
from labdata_napari.core.kernels_sampling import sample_any, sample_cubic, sample_linear
from labdata_napari.core.spline import FACTORS, GAIN, REACH

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
    "zoom_frames",
]

WHOLE_WINDOWS = True


def reduce_frame(
    frame: NDArray[Any], y_matrix: Any, x_matrix: Any, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Reduce a (y, x) frame along both axes; see `kernels_numpy`."""
    small = frame.dtype in (np.uint8, np.uint16) and dtype == np.float32
    if y_matrix is None or x_matrix is None or not small:
        return plain.reduce_frame(frame, y_matrix, x_matrix, dtype)
    out = np.empty((y_matrix.shape[0], x_matrix.shape[0]), np.float32)
    few = int(np.diff(x_matrix.indptr).max(initial=0)) <= _FEW
    reduce = _reduce_by_few if few else _reduce
    reduce(
        *_flat(frame),
        *(y_matrix.data, y_matrix.indices, y_matrix.indptr),
        *(x_matrix.data, x_matrix.indices, x_matrix.indptr),
        out,
    )
    return out


def _flat(frame: NDArray[Any]) -> tuple[NDArray[Any], int, int]:
    """Lay a frame out as one line: the line, a row's distance from the next, columns.

    Compiled code takes lines that are part of a larger frame so without a copy.
    """
    rows, columns = frame.shape
    beyond, step = frame.strides
    if step != frame.itemsize or beyond % step or beyond < columns * step:
        frame = np.ascontiguousarray(frame)
        beyond = columns * frame.itemsize
    distance = beyond // frame.itemsize
    length = (rows - 1) * distance + columns
    line = np.lib.stride_tricks.as_strided(frame, (length,), (frame.itemsize,))
    return line, distance, columns


_FEW = 6  # neighbours along x that fit into the registers of a processor


@compiled
def _reduce_by_few(frame, distance, width, yw, yi, yp, xw, xi, xp, out):  # type: ignore[no-untyped-def]
    """Reduce where at most `_FEW` neighbours are summed along x, side by side."""
    ny, nx = out.shape
    first, weights = np.zeros(nx, np.int32), np.zeros((_FEW, nx), np.float32)
    for k in range(nx):
        for t in range(xp[k], xp[k + 1]):
            first[k] = xi[xp[k]]
            weights[t - xp[k], k] = xw[t]
    rows = np.zeros((2, width + _FEW), np.float32)  # weights of 0 reach beyond
    spare = np.empty(nx, np.float32)
    for r in range(0, ny, 2):
        for i in range(min(2, ny - r)):
            start, stop = yp[r + i], yp[r + i + 1]
            line = rows[i, :width]
            _weighted_lines(frame, distance, yw, yi, start, stop, line)
        after = out[r + 1] if r + 1 < ny else spare
        _sum_along(rows[0], rows[1], first, weights, out[r], after)


@compiled
def _sum_along(one, two, first, weights, out, after):  # type: ignore[no-untyped-def]
    """Sum neighbours along two lines at once: weights are loaded once for both."""
    w0, w1, w2 = weights[0], weights[1], weights[2]
    w3, w4, w5 = weights[3], weights[4], weights[5]
    for k in range(out.size):
        a = np.uintp(first[k])
        b, c, d = a + np.uintp(1), a + np.uintp(2), a + np.uintp(3)
        e, f = a + np.uintp(4), a + np.uintp(5)
        v0, v1, v2, v3, v4, v5 = w0[k], w1[k], w2[k], w3[k], w4[k], w5[k]
        near = (v0 * one[a] + v1 * one[b]) + v2 * one[c]
        out[k] = ((near + v3 * one[d]) + v4 * one[e]) + v5 * one[f]
        near = (v0 * two[a] + v1 * two[b]) + v2 * two[c]
        after[k] = ((near + v3 * two[d]) + v4 * two[e]) + v5 * two[f]


_TOGETHER = 8  # rows whose sums along x are made side by side


@compiled
def _reduce(frame, distance, width, yw, yi, yp, xw, xi, xp, out):  # type: ignore[no-untyped-def]
    ny, nx = out.shape
    rows = np.empty((_TOGETHER, width), np.float32)
    turned = np.empty((width, _TOGETHER), np.float32)
    totals = np.empty(_TOGETHER, np.float32)
    for first in range(0, ny, _TOGETHER):
        count = min(_TOGETHER, ny - first)
        for r in range(count):
            start, stop = yp[first + r], yp[first + r + 1]
            _weighted_lines(frame, distance, yw, yi, start, stop, rows[r])
        for x in range(width):
            for r in range(_TOGETHER):
                turned[x, r] = rows[r, x]
        for k in range(nx):
            totals[:] = 0
            for t in range(xp[k], xp[k + 1]):
                weight, line = xw[t], turned[xi[t]]
                for r in range(_TOGETHER):
                    totals[r] += weight * line[r]
            for r in range(count):
                out[first + r, k] = totals[r]


@compiled
def _weighted_lines(frame, distance, weights, lines, start, stop, row):  # type: ignore[no-untyped-def]
    """Sum weighted lines of a frame, two at a time: fewer passes over the row."""
    row[:] = 0
    t = start
    while t + 1 < stop:
        w0, w1 = weights[t], weights[t + 1]
        one, two = frame[lines[t] * distance :], frame[lines[t + 1] * distance :]
        for x in range(row.size):
            row[x] = (row[x] + w0 * np.float32(one[x])) + w1 * np.float32(two[x])
        t += 2
    if t < stop:
        w0, one = weights[t], frame[lines[t] * distance :]
        for x in range(row.size):
            row[x] += w0 * np.float32(one[x])


def add_weighted(total: NDArray[Any], part: NDArray[Any], weight: float) -> None:
    """Add `part` times `weight` to `total`."""
    lined_up = total.flags.c_contiguous and part.flags.c_contiguous
    if total.dtype == part.dtype == np.float32 and lined_up:
        _add_weighted(total, part, np.float32(weight))
    else:
        plain.add_weighted(total, part, weight)


@compiled
def _add_weighted(total, part, weight):  # type: ignore[no-untyped-def]
    for j in range(total.shape[0]):
        for k in range(total.shape[1]):
            total[j, k] += part[j, k] * weight


def plane_coefficients(
    plane: NDArray[Any], along_y: bool, along_x: bool
) -> NDArray[Any]:
    """Give cubic B-spline coefficients of a (y, x) plane along some axes."""
    plane = np.ascontiguousarray(plane)
    if along_x:
        plane = coefficients(plane, 1)
    if along_y:
        plane = coefficients(plane, 0)
    return plane


def coefficients(
    values: NDArray[Any], axis: int, cut: tuple[bool, bool] = (False, False)
) -> NDArray[Any]:
    """Give cubic B-spline coefficients; see `labdata_napari.core.spline`."""
    length = values.shape[axis]
    before, after = math.prod(values.shape[:axis]), math.prod(values.shape[axis + 1 :])
    if values.dtype != np.float32 or length == 1 or (after == 1 and any(cut)):
        return plain.coefficients(values, axis, cut)
    left = length - REACH * sum(cut)
    lines = values.reshape(before, length, after)
    out = np.empty((before, left, after), np.float32)
    if after == 1:
        _filter_rows(lines[:, :, 0], out[:, :, 0], REACH, tuple(_WEIGHTS))
    else:
        start, _ = (0 if there else REACH for there in cut)
        _filter_columns(lines, out, start, REACH, tuple(_WEIGHTS))
    return out.reshape(*values.shape[:axis], left, *values.shape[axis + 1 :])


_STRIP = 32  # columns filtered together: they stay in the nearest caches
(_, ((_, _NEAR),)), (_, ((_, _NEXT),)), (_, ((_, _FOURTH), (_, _EIGHTH))) = FACTORS
_WEIGHTS = np.array([_NEAR, _NEXT, _FOURTH, _EIGHTH, GAIN], np.float32)


@compiled
def _mirrored(k, length):  # type: ignore[no-untyped-def]
    period = 2 * (length - 1)
    k = k % period
    return min(k, period - k)


@compiled
def _filter(one, two, step, length, weights):  # type: ignore[no-untyped-def]
    """Filter what lies in `one`; neighbours are `step` apart. Ends in `two`."""
    near1, near2, near4, near8, gain = weights
    for k in range((length + 20) * step):
        two[k] = (one[k] + one[k + 2 * step]) * near1 + one[k + step]
    for k in range((length + 16) * step):
        one[k] = (two[k] + two[k + 4 * step]) * near2 + two[k + 2 * step]
    for k in range(length * step):
        near = (one[k + 4 * step] + one[k + 12 * step]) * near4 + one[k + 8 * step]
        two[k] = (near + (one[k] + one[k + 16 * step]) * near8) * gain


@compiled
def _filter_rows(rows, out, reach, weights):  # type: ignore[no-untyped-def]
    length = rows.shape[1]
    one = np.empty(length + 2 * reach, np.float32)
    two = np.empty(length + 2 * reach, np.float32)
    for row in range(rows.shape[0]):
        one[reach : reach + length] = rows[row]
        for k in range(reach):
            one[k] = rows[row, _mirrored(reach - k, length)]
            one[reach + length + k] = rows[row, _mirrored(length + k, length)]
        _filter(one, two, 1, length, weights)
        out[row] = two[:length]


@compiled
def _filter_columns(blocks, out, start, reach, weights):  # type: ignore[no-untyped-def]
    """Filter along the second axis, `start` voxels mirrored before its first."""
    length, left, width = blocks.shape[1], out.shape[1], blocks.shape[2]
    one = np.zeros((left + 2 * reach) * _STRIP, np.float32)
    two = np.zeros((left + 2 * reach) * _STRIP, np.float32)
    for block in range(blocks.shape[0]):
        for first in range(0, width, _STRIP):
            count = min(_STRIP, width - first)
            for k in range(left + 2 * reach):
                row = blocks[block, _mirrored(k - start, length)]
                for x in range(count):
                    one[k * _STRIP + x] = row[first + x]
            _filter(one, two, _STRIP, left, weights)
            for k in range(left):
                row = out[block, k]
                for x in range(count):
                    row[first + x] = two[k * _STRIP + x]


def sample(data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None:
    """Interpolate float voxels at the places of a grid; see `kernels_numpy`."""
    if data.dtype != np.float32:
        plain.sample(data, grid, out)
        return
    low, high = np.array(grid.low), np.array(grid.high)
    where = (grid.matrix, grid.offset, low, high, grid.TOLERANCE)
    whole = {(4, 4, 4): sample_cubic, (2, 2, 2): sample_linear}
    kernel = whole.get(grid.taps, sample_any)
    kernel(data, *where, np.array(grid.taps), out)


def load() -> None:
    """Compile, or load what was compiled before, for brains of 8 and 16 bits."""
    weights = np.ones(1, np.float32), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    line, data = np.zeros((1, 1), np.float32), np.zeros((4, 4, 4), np.float32)
    for kind in (np.uint8, np.uint16):
        for reduce in (_reduce_by_few, _reduce):
            reduce(np.zeros(1, kind), 1, 1, *weights, *weights, line)
    _add_weighted(line, line, np.float32(1))
    for axis in (0, 2):
        coefficients(data, axis)
    low, ones = np.ones(3), np.ones(3, np.int64)
    for kernel in (sample_any, sample_linear, sample_cubic):
        one = np.zeros((1, 1, 1, 1), np.float32)
        kernel(data[None], np.eye(3), low, low, low, 0.0, ones, one)
