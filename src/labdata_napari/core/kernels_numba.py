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

import numba
import numpy as np

from labdata_napari.core import kernels_numpy as plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Grid

_F4 = np.float32
_ONE, _TWO, _HALF = _F4(1), _F4(2), _F4(0.5)
_SIXTH, _MOST = _F4(1 / 6), _F4(2 / 3)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile on first use; keep the result on disk where there is room for it."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # neither the package nor the home folder can be written
        return numba.njit(nogil=True)(function)


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
    if total.dtype == part.dtype == np.float32 and part.flags.c_contiguous:
        _add_weighted(total, part, np.float32(weight))
    else:
        plain.add_weighted(total, part, weight)


@compiled
def _add_weighted(total, part, weight):  # type: ignore[no-untyped-def]
    for j in range(total.shape[0]):
        for k in range(total.shape[1]):
            total[j, k] += part[j, k] * weight


def sample(data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None:
    """Interpolate float voxels at the places of a grid; see `kernels_numpy`."""
    if data.dtype != np.float32:
        plain.sample(data, grid, out)
        return
    low, high, margin = np.array(grid.low), np.array(grid.high), grid.TOLERANCE
    kernel = _sample_cubic if grid.taps[2] == 4 else _sample
    kernel(data, grid.matrix, grid.offset, low, high, margin, np.array(grid.taps), out)


@compiled
def _weights(fraction, taps, into):  # type: ignore[no-untyped-def]
    if taps == 1:
        into[0] = _ONE
        return
    rest = _ONE - fraction
    if taps == 2:
        into[0], into[1] = rest, fraction
        return
    into[0] = rest * rest * rest * _SIXTH
    into[1] = fraction * fraction * (fraction - _TWO) * _HALF + _MOST
    into[2] = rest * rest * (rest - _TWO) * _HALF + _MOST
    into[3] = fraction * fraction * fraction * _SIXTH


@compiled
def _first(place, low, high, taps, into):  # type: ignore[no-untyped-def]
    """First neighbour of a place inside; its weights go to `into`."""
    place = min(max(place, low), high)
    first = int(np.rint(place)) if taps == 1 else int(place)
    _weights(np.float32(place - first), taps, into)
    return first - 1 if taps == 4 else first


@compiled
def _outside(place, low, high, margin):  # type: ignore[no-untyped-def]
    return place < low - margin or place > high + margin


@compiled
def _sample_cubic(  # type: ignore[no-untyped-def]
    data, matrix, offset, low, high, margin, taps, out
):
    """Four neighbours along x, as many as `taps` says along z and y."""
    wz, wy, wx = np.empty(4, _F4), np.empty(4, _F4), np.empty(4, _F4)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            z0 = offset[0] + matrix[0, 0] * i + matrix[0, 1] * j
            y0 = offset[1] + matrix[1, 0] * i + matrix[1, 1] * j
            x0 = offset[2] + matrix[2, 0] * i + matrix[2, 1] * j
            for k in range(out.shape[2]):
                z = z0 + matrix[0, 2] * k
                y = y0 + matrix[1, 2] * k
                x = x0 + matrix[2, 2] * k
                if (
                    _outside(z, low[0], high[0], margin)
                    or _outside(y, low[1], high[1], margin)
                    or _outside(x, low[2], high[2], margin)
                ):
                    out[i, j, k] = 0
                    continue
                fz = _first(z, low[0], high[0], taps[0], wz)
                fy = _first(y, low[1], high[1], taps[1], wy)
                fx = _first(x, low[2], high[2], 4, wx)
                t0 = t1 = t2 = t3 = _F4(0)
                for a in range(taps[0]):
                    s0 = s1 = s2 = s3 = _F4(0)
                    for b in range(taps[1]):
                        line, w = data[fz + a, fy + b], wy[b]
                        s0 += line[fx] * w
                        s1 += line[fx + 1] * w
                        s2 += line[fx + 2] * w
                        s3 += line[fx + 3] * w
                    w = wz[a]
                    t0 += s0 * w
                    t1 += s1 * w
                    t2 += s2 * w
                    t3 += s3 * w
                out[i, j, k] = ((t0 * wx[0] + t1 * wx[1]) + t2 * wx[2]) + t3 * wx[3]


@compiled
def _sample(  # type: ignore[no-untyped-def]
    data, matrix, offset, low, high, margin, taps, out
):
    """One or two neighbours along x."""
    wz, wy, wx = np.empty(4, _F4), np.empty(4, _F4), np.empty(4, _F4)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            z0 = offset[0] + matrix[0, 0] * i + matrix[0, 1] * j
            y0 = offset[1] + matrix[1, 0] * i + matrix[1, 1] * j
            x0 = offset[2] + matrix[2, 0] * i + matrix[2, 1] * j
            for k in range(out.shape[2]):
                z = z0 + matrix[0, 2] * k
                y = y0 + matrix[1, 2] * k
                x = x0 + matrix[2, 2] * k
                if (
                    _outside(z, low[0], high[0], margin)
                    or _outside(y, low[1], high[1], margin)
                    or _outside(x, low[2], high[2], margin)
                ):
                    out[i, j, k] = 0
                    continue
                fz = _first(z, low[0], high[0], taps[0], wz)
                fy = _first(y, low[1], high[1], taps[1], wy)
                fx = _first(x, low[2], high[2], taps[2], wx)
                t0 = t1 = _F4(0)
                for a in range(taps[0]):
                    s0 = s1 = _F4(0)
                    for b in range(taps[1]):
                        line, w = data[fz + a, fy + b], wy[b]
                        s0 += line[fx] * w
                        if taps[2] == 2:
                            s1 += line[fx + 1] * w
                    t0 += s0 * wz[a]
                    t1 += s1 * wz[a]
                total = t0 * wx[0]
                if taps[2] == 2:
                    total += t1 * wx[1]
                out[i, j, k] = total


# --- as labdata computes ----------------------------------------------------------


@compiled
def _rounded(value, most):  # type: ignore[no-untyped-def]
    if value <= 0:
        return 0.0
    return min(value + 0.5, most)


def zoom_frames(
    frames: NDArray[Any], y_step: float, x_step: float, out: NDArray[Any]
) -> None:
    """Zoom (n, y, x) frames; see `kernels_numpy`."""
    _zoom_frames(frames, y_step, x_step, float(np.iinfo(out.dtype).max), out)


@compiled
def _zoom_frames(frames, y_step, x_step, most, out):  # type: ignore[no-untyped-def]
    rows, columns = frames.shape[1], frames.shape[2]
    count = out.shape[2]
    x0, x1, wx = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    inside = count
    for k in range(count):
        x = k * x_step
        if x > columns - 1:
            inside = min(inside, k)
        x0[k] = int(np.floor(x))
        x1[k] = min(x0[k] + 1, columns - 1)
        wx[k] = x - x0[k]
    for f in range(out.shape[0]):
        for i in range(out.shape[1]):
            y = i * y_step
            if y > rows - 1:
                out[f, i, :] = 0
                continue
            y0 = int(np.floor(y))
            wy = y - y0
            vy = 1.0 - wy
            above, below = frames[f, y0], frames[f, min(y0 + 1, rows - 1)]
            for k in range(inside):
                a, b, w = x0[k], x1[k], wx[k]
                v = 1.0 - w
                total = above[a] * vy * v
                total += above[b] * vy * w
                total += below[a] * wy * v
                total += below[b] * wy * w
                out[f, i, k] = _rounded(total, most)
            out[f, i, inside:] = 0


def blend(
    first: NDArray[Any], second: NDArray[Any], weight: float, out: NDArray[Any]
) -> None:
    """Interpolate between two planes."""
    _blend(first, second, weight, float(np.iinfo(out.dtype).max), out)


@compiled
def _blend(first, second, weight, most, out):  # type: ignore[no-untyped-def]
    rest = 1.0 - weight
    for j in range(out.shape[0]):
        for k in range(out.shape[1]):
            total = first[j, k] * rest + second[j, k] * weight
            out[j, k] = _rounded(total, most)


def turn(
    data: NDArray[Any],
    first: tuple[int, int],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    full: tuple[int, int],
    start: tuple[int, int],
    out: NDArray[Any],
) -> None:
    """Turn the first two of three axes; see `kernels_numpy`."""
    shape = out.shape[:2]
    cells = np.empty((*shape, 4), np.int32)
    weights = np.empty((*shape, 2), np.float64)
    _cells(
        matrix, offset, np.array(full), np.array(start), np.array(first), cells, weights
    )
    most = float(np.iinfo(out.dtype).max)
    # The loop innermost is the one along memory.
    inner = _turn_lines if out.strides[2] < out.strides[1] else _turn_planes
    inner(data, cells, weights, most, out)


@compiled
def _cells(  # type: ignore[no-untyped-def]
    matrix, offset, full, start, first, cells, weights
):
    """Neighbours along both axes, in the part there is, and weights; -1 for none."""
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            a, b = start[0] + i, start[1] + j
            p = (0.0 + a * matrix[0, 0]) + b * matrix[0, 1] + offset[0]
            q = (0.0 + a * matrix[1, 0]) + b * matrix[1, 1] + offset[1]
            if p < 0 or p > full[0] - 1 or q < 0 or q > full[1] - 1:
                cells[i, j, 0] = -1
                continue
            p0, q0 = int(np.floor(p)), int(np.floor(q))
            weights[i, j, 0], weights[i, j, 1] = p - p0, q - q0
            cells[i, j, 0] = p0 - first[0]
            cells[i, j, 1] = min(p0 + 1, full[0] - 1) - first[0]
            cells[i, j, 2] = q0 - first[1]
            cells[i, j, 3] = min(q0 + 1, full[1] - 1) - first[1]


@compiled
def _turn_lines(data, cells, weights, most, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            p0, p1, q0, q1 = cells[i, j]
            if p0 < 0:
                for k in range(out.shape[2]):
                    out[i, j, k] = 0
                continue
            wp, wq = weights[i, j]
            vp, vq = 1.0 - wp, 1.0 - wq
            for k in range(out.shape[2]):
                total = data[p0, q0, k] * vp * vq
                total += data[p0, q1, k] * vp * wq
                total += data[p1, q0, k] * wp * vq
                total += data[p1, q1, k] * wp * wq
                out[i, j, k] = _rounded(total, most)


@compiled
def _turn_planes(data, cells, weights, most, out):  # type: ignore[no-untyped-def]
    for k in range(out.shape[2]):
        for i in range(out.shape[0]):
            for j in range(out.shape[1]):
                p0, p1, q0, q1 = cells[i, j]
                if p0 < 0:
                    out[i, j, k] = 0
                    continue
                wp, wq = weights[i, j]
                vp, vq = 1.0 - wp, 1.0 - wq
                total = data[p0, q0, k] * vp * vq
                total += data[p0, q1, k] * vp * wq
                total += data[p1, q0, k] * wp * vq
                total += data[p1, q1, k] * wp * wq
                out[i, j, k] = _rounded(total, most)


def load() -> None:
    """Compile, or load what was compiled before, for brains of 8 and 16 bits."""
    weights = np.ones(1, np.float32), np.zeros(1, np.int32), np.array([0, 1], np.int32)
    line, data = np.zeros((1, 1), np.float32), np.zeros((4, 4, 4), np.float32)
    for kind in (np.uint8, np.uint16):
        _reduce(np.zeros((1, 1), kind), *weights, *weights, line)
    _add_weighted(line, line, np.float32(1))
    low, ones = np.ones(3), np.ones(3, np.int64)
    for kernel in (_sample, _sample_cubic):
        kernel(data, np.eye(3), low, low, low, 0.0, ones, data[:1, :1, :1].copy())
