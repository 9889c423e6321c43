"""The inner loops of a transform as labdata computes it, compiled.

The sums are those of `labdata_napari.core.kernels_numpy`, in its order and precision.
Imported only where numba is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.kernels_compiling import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
            p = (offset[0] + a * matrix[0, 0]) + b * matrix[0, 1]
            q = (offset[1] + a * matrix[1, 0]) + b * matrix[1, 1]
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
