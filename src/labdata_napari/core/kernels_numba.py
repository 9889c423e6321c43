"""The inner loops of a transform, compiled; the numbers are those of NumPy's.

Every sum is made in the order of `labdata_napari.core.kernels_numpy`, in the same
precision, and no compiler option lets it be made in another: on x86-64 the results are
equal to the last bit. Where the processor's C compiler fuses a product with a sum
(arm64), SciPy's own sums differ in the last bit of a float, here and there a count.

What is not worth compiling (floats of 8 bytes, axes that are not reduced) is left to
NumPy. Imported only where numba is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core import kernels_numpy as plain
from labdata_napari.core.kernels_compiling import compiled
from labdata_napari.core.kernels_exact import blend, turn, zoom_frames
from labdata_napari.core.kernels_vector import cubic_sum
from labdata_napari.core.spline import FACTORS, GAIN, REACH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Grid

__all__ = [
    "add_weighted",
    "blend",
    "coefficients",
    "plane_coefficients",
    "reduce_frame",
    "sample",
    "turn",
    "zoom_frames",
]

_F4 = np.float32
_ONE, _TWO, _HALF = _F4(1), _F4(2), _F4(0.5)
_SIXTH, _MOST = _F4(1 / 6), _F4(2 / 3)


def reduce_frame(
    frame: NDArray[Any], y_matrix: Any, x_matrix: Any, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Reduce a (y, x) frame along both axes; see `kernels_numpy`."""
    small = frame.dtype in (np.uint8, np.uint16) and dtype == np.float32
    if y_matrix is None or x_matrix is None or not small:
        return plain.reduce_frame(frame, y_matrix, x_matrix, dtype)
    out = np.empty((y_matrix.shape[0], x_matrix.shape[0]), np.float32)
    _reduce(
        frame,
        *(y_matrix.data, y_matrix.indices, y_matrix.indptr),
        *(x_matrix.data, x_matrix.indices, x_matrix.indptr),
        out,
    )
    return out


_TOGETHER = 8  # rows whose sums along x are made side by side


@compiled
def _reduce(frame, yw, yi, yp, xw, xi, xp, out):  # type: ignore[no-untyped-def]
    ny, nx = out.shape
    width = frame.shape[1]
    rows = np.empty((_TOGETHER, width), np.float32)
    turned = np.empty((width, _TOGETHER), np.float32)
    totals = np.empty(_TOGETHER, np.float32)
    for first in range(0, ny, _TOGETHER):
        count = min(_TOGETHER, ny - first)
        for r in range(count):
            _weighted_lines(frame, yw, yi, yp[first + r], yp[first + r + 1], rows[r])
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
def _weighted_lines(frame, weights, lines, start, stop, row):  # type: ignore[no-untyped-def]
    """Sum weighted lines of a frame, two at a time: fewer passes over the row."""
    row[:] = 0
    t = start
    while t + 1 < stop:
        w0, w1 = weights[t], weights[t + 1]
        one, two = frame[lines[t]], frame[lines[t + 1]]
        for x in range(row.size):
            row[x] = (row[x] + w0 * np.float32(one[x])) + w1 * np.float32(two[x])
        t += 2
    if t < stop:
        w0, one = weights[t], frame[lines[t]]
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


def coefficients(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """Give cubic B-spline coefficients; see `labdata_napari.core.spline`."""
    length = values.shape[axis]
    if values.dtype != np.float32 or length == 1:
        return plain.coefficients(values, axis)
    before = int(np.prod(values.shape[:axis], dtype=np.int64))
    out = np.empty_like(values)
    lines, found = (v.reshape(before, length, -1) for v in (values, out))
    if lines.shape[2] == 1:
        _filter_rows(lines[:, :, 0], found[:, :, 0])
    else:
        _filter_columns(lines, found)
    return out


_STRIP = 32  # columns filtered together: they stay in the nearest caches
(_, ((_, _NEAR),)), (_, ((_, _NEXT),)), (_, ((_, _FOURTH), (_, _EIGHTH))) = FACTORS
_W1, _W2, _W4, _W8 = _F4(_NEAR), _F4(_NEXT), _F4(_FOURTH), _F4(_EIGHTH)
_GAIN = _F4(GAIN)


@compiled
def _mirrored(k, length):  # type: ignore[no-untyped-def]
    period = 2 * (length - 1)
    k = k % period
    return min(k, period - k)


@compiled
def _filter(one, two, step, length):  # type: ignore[no-untyped-def]
    """Filter what lies in `one`; neighbours are `step` apart. Ends in `two`."""
    for k in range((length + 20) * step):
        two[k] = (one[k] + one[k + 2 * step]) * _W1 + one[k + step]
    for k in range((length + 16) * step):
        one[k] = (two[k] + two[k + 4 * step]) * _W2 + two[k + 2 * step]
    for k in range(length * step):
        near = (one[k + 4 * step] + one[k + 12 * step]) * _W4 + one[k + 8 * step]
        two[k] = (near + (one[k] + one[k + 16 * step]) * _W8) * _GAIN


@compiled
def _filter_rows(rows, out):  # type: ignore[no-untyped-def]
    length = rows.shape[1]
    one = np.empty(length + 2 * REACH, np.float32)
    two = np.empty(length + 2 * REACH, np.float32)
    for row in range(rows.shape[0]):
        one[REACH : REACH + length] = rows[row]
        for k in range(REACH):
            one[k] = rows[row, _mirrored(REACH - k, length)]
            one[REACH + length + k] = rows[row, _mirrored(length + k, length)]
        _filter(one, two, 1, length)
        out[row] = two[:length]


@compiled
def _filter_columns(blocks, out):  # type: ignore[no-untyped-def]
    length, width = blocks.shape[1], blocks.shape[2]
    one = np.zeros((length + 2 * REACH) * _STRIP, np.float32)
    two = np.zeros((length + 2 * REACH) * _STRIP, np.float32)
    for block in range(blocks.shape[0]):
        for start in range(0, width, _STRIP):
            count = min(_STRIP, width - start)
            for k in range(-REACH, length + REACH):
                row = blocks[block, _mirrored(k, length)]
                for x in range(count):
                    one[(REACH + k) * _STRIP + x] = row[start + x]
            _filter(one, two, _STRIP, length)
            for k in range(length):
                row = out[block, k]
                for x in range(count):
                    row[start + x] = two[k * _STRIP + x]


def sample(data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None:
    """Interpolate float voxels at the places of a grid; see `kernels_numpy`."""
    if data.dtype != np.float32:
        plain.sample(data, grid, out)
        return
    low, high = np.array(grid.low), np.array(grid.high)
    where = (grid.matrix, grid.offset, low, high, grid.TOLERANCE)
    kernel = _sample_cubic if grid.taps == (4, 4, 4) else _sample
    kernel(data, *where, np.array(grid.taps), out)


# In the two below every number is of a kind that the processor has vectors of, and
# nothing branches, so that the compiler takes several places at once.
@compiled
def _places(  # type: ignore[no-untyped-def]
    start, step, low, high, margin, numbers, first, fraction, outside
):
    """Places along one line and one axis: voxel before, rest, and what is outside."""
    least, most = low - margin, high + margin
    for k in range(numbers.size):
        place = start + step * numbers[k]
        outside[k] |= np.int32((place < least) | (place > most))
        place = low if place < low else place
        place = high if place > high else place
        near = np.int32(place)
        first[k] = near
        fraction[k] = np.float32(place - near)


@compiled
def _weights(fraction, weights):  # type: ignore[no-untyped-def]
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for k in range(fraction.size):
        f = fraction[k]
        rest = _ONE - f
        w0[k] = rest * rest * rest * _SIXTH
        w1[k] = f * f * (f - _TWO) * _HALF + _MOST
        w2[k] = rest * rest * (rest - _TWO) * _HALF + _MOST
        w3[k] = f * f * f * _SIXTH


@compiled
def _line(  # type: ignore[no-untyped-def]
    i, j, matrix, offset, low, high, margin, taps, numbers, first, fraction, weights
):
    """Neighbours of the voxels of one line of the output; in first[3], those outside.

    `fraction` is room to work in.
    """
    first[3] = 0
    for axis in range(3):
        start = offset[axis] + matrix[axis, 0] * i + matrix[axis, 1] * j
        step = matrix[axis, 2]
        where = (low[axis], high[axis], margin, numbers)
        near = first[axis]
        _places(start, step, *where, near, fraction, first[3])
        if taps[axis] == 4:
            near -= np.int32(1)
            _weights(fraction, weights[axis])
        elif taps[axis] == 2:
            weights[axis, 0], weights[axis, 1] = _ONE - fraction, fraction
        else:  # every place is a voxel's centre
            weights[axis, 0] = _ONE


@compiled
def _sample_cubic(  # type: ignore[no-untyped-def]
    data, matrix, offset, low, high, margin, taps, out
):
    """Four neighbours along all axes."""
    n, plane, row = out.shape[3], data.shape[2] * data.shape[3], data.shape[3]
    first, weights = np.empty((4, n), np.int32), np.empty((3, 4, n), np.float32)
    numbers, fraction = np.arange(n).astype(np.float64), np.empty(n, np.float32)
    where = (matrix, offset, low, high, margin, taps, numbers, first, fraction, weights)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            _line(i, j, *where)
            for channel in range(out.shape[0]):
                flat = data[channel].reshape(plane * data.shape[1])
                line = out[channel, i, j]
                for k in range(n):
                    if first[3, k]:
                        line[k] = 0
                        continue
                    at = first[0, k] * plane + first[1, k] * row + first[2, k]
                    line[k] = cubic_sum(flat, at, plane, row, weights, k)


@compiled
def _sample(  # type: ignore[no-untyped-def]
    data, matrix, offset, low, high, margin, taps, out
):
    """As many neighbours along each axis as `taps` says."""
    n, plane, row = out.shape[3], data.shape[2] * data.shape[3], data.shape[3]
    first, weights = np.empty((4, n), np.int32), np.empty((3, 4, n), np.float32)
    numbers, fraction = np.arange(n).astype(np.float64), np.empty(n, np.float32)
    where = (matrix, offset, low, high, margin, taps, numbers, first, fraction, weights)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            _line(i, j, *where)
            for channel in range(out.shape[0]):
                flat = data[channel].reshape(plane * data.shape[1])
                line = out[channel, i, j]
                for k in range(n):
                    if first[3, k]:
                        line[k] = 0
                        continue
                    at = first[0, k] * plane + first[1, k] * row + first[2, k]
                    line[k] = _sum(flat, at, plane, row, weights, taps, k)


@compiled
def _sum(flat, at, plane, row, weights, taps, k):  # type: ignore[no-untyped-def]
    """Weighted sum of as many neighbours as `taps` says."""
    total = _F4(0)
    for c in range(taps[2]):
        t = _F4(0)
        for a in range(taps[0]):
            s = _F4(0)
            for b in range(taps[1]):
                p = np.uintp(at + a * plane + b * row + c)
                s += flat[p] * weights[1, b, k]
            t += s * weights[0, a, k]
        total += t * weights[2, c, k]
    return total


def load() -> None:
    """Compile, or load what was compiled before, for brains of 8 and 16 bits."""
    weights = np.ones(1, np.float32), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    line, data = np.zeros((1, 1), np.float32), np.zeros((4, 4, 4), np.float32)
    for kind in (np.uint8, np.uint16):
        _reduce(np.zeros((1, 1), kind), *weights, *weights, line)
    _add_weighted(line, line, np.float32(1))
    for axis in (0, 2):
        coefficients(data, axis)
    low, ones = np.ones(3), np.ones(3, np.int64)
    for kernel in (_sample, _sample_cubic):
        one = np.zeros((1, 1, 1, 1), np.float32)
        kernel(data[None], np.eye(3), low, low, low, 0.0, ones, one)
