"""Cubic B-spline coefficients by a filter that looks only at near neighbours.

The usual recursive filter starts at one end of a line, so its last bits depend on
where the line was cut. Its impulse response falls by 0.27 per voxel; cut off after
`REACH` voxels (1.4e-7 is left, the precision of float32) it is a product of three
short symmetric filters, and a coefficient comes out the same to the last bit whatever
window it is computed in.

The factors: with a = √3 - 2 the pole of the cubic B-spline (Unser, Aldroubi & Eden
1993, "B-spline signal processing"), 1 / (1 - a z) up to a¹¹ z¹¹ is
(1 + a z) (1 + a² z²) (1 + a⁴ z⁴ + a⁸ z⁸); each is applied together with its mirror
image, with 1 in the middle, and what the sum of all weights must be at the end.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 11
_STRIP = 1 << 18  # voxels filtered together: in a cache still; fewer wait for the GIL

_POLE = 3**0.5 - 2
_FAR = _POLE**4
_MIDDLE = 1 + _FAR**2 + _FAR**4
# reach, and distance and weight of the pairs of neighbours
FACTORS = (
    (1, ((1, -0.25),)),
    (2, ((2, 1 / 14),)),
    (8, ((4, (_FAR + _FAR**3) / _MIDDLE), (8, _FAR**2 / _MIDDLE))),
)
GAIN = 1.75 * _MIDDLE / (1 + _FAR + _FAR**2) ** 2


def coefficients(
    values: NDArray[Any], axis: int, cut: tuple[bool, bool] = (False, False)
) -> NDArray[Any]:
    """Return cubic B-spline coefficients of some lines, mirrored at their ends.

    Parameters
    ----------
    values
        Floats, C-contiguous. Lines cut out of longer ones give wrong coefficients
        within `REACH` of the cuts.
    axis
        Along which the lines run; one voxel alone is its own coefficient.
    cut
        Ends at which `REACH` voxels are there as neighbours alone.

    Returns
    -------
    ndarray
        Of the type of `values`, and of their shape less what is `cut`.
    """
    length = values.shape[axis]
    if length == 1:
        return values
    before = math.prod(values.shape[:axis])
    after = math.prod(values.shape[axis + 1 :])
    lines = values.reshape(before, length, after)
    left = length - REACH * sum(cut)
    out = np.empty((before, left, after), lines.dtype)
    strip = max(1, _STRIP // length)
    if after == 1:
        rows, results = lines[:, :, 0], out[:, :, 0]
        for k in range(0, before, strip):
            _filter(rows[k : k + strip].T, results[k : k + strip].T, cut, "F")
    else:
        for block, result in zip(lines, out, strict=True):
            for k in range(0, after, strip):
                _filter(block[:, k : k + strip], result[:, k : k + strip], cut, "C")
    return out.reshape(*values.shape[:axis], left, *values.shape[axis + 1 :])


def _filter(
    lines: NDArray[Any], out: NDArray[Any], cut: tuple[bool, bool], layout: Any
) -> None:
    """Filter lines along the first of two axes."""
    length, width = lines.shape
    start, end = (0 if there else REACH for there in cut)
    shape = (start + length + end, width)
    found, other, again = (np.empty(shape, lines.dtype, layout) for _ in range(3))
    found[start : start + length] = lines
    period = 2 * (length - 1)
    for k in range(1, start + 1):
        mirrored = k % period
        found[start - k] = lines[min(mirrored, period - mirrored)]
    for k in range(1, end + 1):
        mirrored = (length - 1 + k) % period
        found[start + length - 1 + k] = lines[min(mirrored, period - mirrored)]
    scale = lines.dtype.type
    for reach, pairs in FACTORS:
        count = len(found) - 2 * reach
        target = other[:count]
        for number, (distance, weight) in enumerate(pairs):
            both = again[:count] if number else target
            below = found[reach - distance :][:count]
            above = found[reach + distance :][:count]
            np.add(below, above, out=both)
            both *= scale(weight)
            target += both if number else found[reach : reach + count]
        found, other = target, found
    np.multiply(found, scale(GAIN), out=out)
