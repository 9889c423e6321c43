"""The sum over 4 × 4 × 4 neighbours, in vectors of four: numba finds none itself.

numba leaves out the step of its compiler that would find them; four neighbours along x
that lie side by side are one load, one product and one sum here. No option allows these
to be made in another order or precision than written. Imported only where numba is.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

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
