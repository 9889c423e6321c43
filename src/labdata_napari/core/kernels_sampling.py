"""The interpolation of `labdata_napari.core.kernels_numba`, compiled.

The sum over 4 × 4 × 4 neighbours is made in vectors of four: numba leaves out the step
of its compiler that would find them; four neighbours along x that lie side by side are
one load, one product and one sum here. No option allows these to be made in another
order or precision than written. Imported only where numba is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from labdata_napari.core.kernels_compiling import compiled

_F4 = np.float32
_ONE, _TWO, _HALF = _F4(1), _F4(2), _F4(0.5)
_SIXTH, _MOST = _F4(1 / 6), _F4(2 / 3)

_INDEX, _FLOAT = ir.IntType(64), ir.FloatType()
_FOUR = ir.VectorType(_FLOAT, 4)


@intrinsic
def cubic_sum(  # type: ignore[no-untyped-def]
    typing_context, flat, at, plane, row, weights, k
):
    """Weighted sum of 64 neighbours.

    Parameters
    ----------
    flat
        float32 coefficients, C-contiguous.
    at
        Index of the first neighbour.
    plane, row
        How far the next ones along z and y are.
    weights
        float32 (3, 4, n), C-contiguous, along z, y, x.
    k
        Which of the n.
    """
    signature = types.float32(
        flat, types.intp, types.intp, types.intp, weights, types.intp
    )
    return signature, _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    flat, at, plane, row, weights, k = arguments
    data = context.make_array(signature.args[0])(context, builder, flat).data
    held = context.make_array(signature.args[4])(context, builder, weights)
    length = cgutils.unpack_tuple(builder, held.shape, 3)[2]

    def weight(axis: int, tap: int) -> Any:
        place = builder.mul(length, _INDEX(4 * axis + tap))
        return builder.load(builder.gep(held.data, [builder.add(place, k)]))

    def wide(value: Any) -> Any:
        zero = ir.IntType(32)(0)
        one = builder.insert_element(ir.Constant(_FOUR, ir.Undefined), value, zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), 4), [0, 0, 0, 0])
        return builder.shuffle_vector(one, one, mask)

    def run(a: int, b: int) -> Any:
        place = builder.add(at, builder.mul(plane, _INDEX(a)))
        place = builder.add(place, builder.mul(row, _INDEX(b)))
        start = builder.gep(data, [place])
        return builder.load(builder.bitcast(start, _FOUR.as_pointer()), align=4)

    def summed(parts: Any) -> Any:
        total = next(parts)
        for part in parts:
            total = builder.fadd(total, part)
        return total

    along_y = [wide(weight(1, b)) for b in range(4)]
    planes = (
        builder.fmul(
            summed(builder.fmul(run(a, b), along_y[b]) for b in range(4)),
            wide(weight(0, a)),
        )
        for a in range(4)
    )
    columns = summed(planes)
    return summed(
        builder.fmul(builder.extract_element(columns, ir.IntType(32)(c)), weight(2, c))
        for c in range(4)
    )


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
def sample_cubic(  # type: ignore[no-untyped-def]
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
def sample_linear(  # type: ignore[no-untyped-def]
    data, matrix, offset, low, high, margin, taps, out
):
    """Two neighbours along all axes."""
    n, plane, row = out.shape[3], data.shape[2] * data.shape[3], data.shape[3]
    first, weights = np.empty((4, n), np.int32), np.empty((3, 4, n), np.float32)
    numbers, fraction = np.arange(n).astype(np.float64), np.empty(n, np.float32)
    where = (matrix, offset, low, high, margin, taps, numbers, first, fraction, weights)
    z0, z1 = weights[0, 0], weights[0, 1]
    y0, y1 = weights[1, 0], weights[1, 1]
    x0, x1 = weights[2, 0], weights[2, 1]
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
                    p = np.uintp(first[0, k] * plane + first[1, k] * row + first[2, k])
                    q, one, down = np.uintp(p + plane), np.uintp(1), np.uintp(row)
                    before = (flat[p] * y0[k] + flat[p + down] * y1[k]) * z0[k]
                    before += (flat[q] * y0[k] + flat[q + down] * y1[k]) * z1[k]
                    p, q = p + one, q + one
                    after = (flat[p] * y0[k] + flat[p + down] * y1[k]) * z0[k]
                    after += (flat[q] * y0[k] + flat[q + down] * y1[k]) * z1[k]
                    line[k] = before * x0[k] + after * x1[k]


@compiled
def sample_any(  # type: ignore[no-untyped-def]
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
