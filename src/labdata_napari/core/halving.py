"""Halve a volume plane by plane: exact area means in bounded memory."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# Levels go on until the longest axis is at most this long.
_SMALLEST = 128
# An axis is halved while its voxels are at most this much longer than the shortest.
_MUCH_COARSER = 1.5


def level_shapes(
    shape: Sequence[int], um_per_pixel: Sequence[float] | None
) -> list[tuple[int, int, int]]:
    """Shapes ``(Z, Y, X)`` of a pyramid's levels, the full one first.

    Each level halves the axes whose voxels are not yet much longer than the others':
    sections far apart stay as they are until the pixels within them have caught up.

    An odd length is rounded up. All levels span the same edges, so one voxel of a
    level is ``shape[0][axis] / shape[level][axis]`` fine voxels wide, a little less
    than a power of two. That is how viewers place levels, and so a feature stays
    where it is when the level changes.
    """
    z, y, x = (int(n) for n in shape)
    full = (z, y, x)
    um = tuple(um_per_pixel) if um_per_pixel is not None else (1.0, 1.0, 1.0)
    levels = [full]
    while max(levels[-1]) > _SMALLEST:
        last = levels[-1]
        spacing = [u * n / m for u, n, m in zip(um, full, last, strict=True)]
        finest = min(s for s, n in zip(spacing, last, strict=True) if n > 1)
        halved = [
            -(-n // 2) if s <= _MUCH_COARSER * finest else n
            for s, n in zip(spacing, last, strict=True)
        ]
        levels.append((halved[0], halved[1], halved[2]))
    return levels


@functools.lru_cache(maxsize=64)
def area_weights(length: int, reduced: int) -> sparse.csr_array:
    """Matrix ``(reduced, length)`` of the share of each voxel in each coarse voxel.

    Coarse voxel k covers ``[k * f, (k + 1) * f)`` with ``f = length / reduced``; voxels
    on the border count in part. Each row sums to one.
    """
    rows, columns, values = [], [], []
    for k in range(reduced):
        # Integer arithmetic in units of 1 / reduced voxels: no rounding at borders.
        start, stop = k * length, (k + 1) * length
        for n in range(start // reduced, -(-stop // reduced)):
            share = min(stop, (n + 1) * reduced) - max(start, n * reduced)
            rows.append(k)
            columns.append(n)
            values.append(share / length)
    return sparse.csr_array(
        (np.array(values, np.float32), (rows, columns)), shape=(reduced, length)
    )


def area_means(values: NDArray[Any], reduced: int, axis: int) -> NDArray[Any]:
    """Reduce floats along one axis to means of equal parts; see `area_weights`."""
    length = values.shape[axis]
    if length == reduced:
        return values
    if length == 2 * reduced:  # the same sums, five times as fast
        every = (slice(None),) * axis
        means: NDArray[Any] = (
            values[(*every, slice(0, None, 2))] + (values[(*every, slice(1, None, 2))])
        )
        means *= values.dtype.type(0.5)
        return means
    moved = np.moveaxis(values, axis, 0)
    flat = area_weights(length, reduced) @ moved.reshape(length, -1)
    means = flat.reshape(reduced, *moved.shape[1:]).astype(values.dtype, copy=False)
    return np.moveaxis(means, 0, axis)


def float_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Float type in which means of `dtype` are exact enough."""
    small = dtype.itemsize <= 2 or dtype.str[1:] == "f4"
    return np.dtype(np.float32 if small else np.float64)


def as_type(plane: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Means in the type of the stack: rounded for integers, halves for booleans."""
    if dtype.kind in "ui":
        plane = np.rint(plane)
    elif dtype.kind == "b":
        plane = plane >= 0.5
    return plane.astype(dtype, copy=False)


class Reducer:
    """Turns the planes of one level into those of the next, in order.

    Feed plane after plane along Z; finished planes come out as soon as nothing more
    can contribute to them. Holds two planes at most.
    """

    def __init__(
        self, shape: tuple[int, int, int], reduced: tuple[int, int, int]
    ) -> None:
        self._depth, self._reduced_depth = shape[0], reduced[0]
        self._rows, self._columns = reduced[1:]
        self._next = 0  # plane that comes next
        self._sums: dict[int, NDArray[Any]] = {}

    def within_plane(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Reduce floats along Y and X only. May be called from several threads."""
        return area_means(area_means(plane, self._rows, 0), self._columns, 1)

    def push(self, plane: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Add the next plane, already reduced within; yield planes that are done."""
        n, length, reduced = self._next, self._depth, self._reduced_depth
        self._next += 1
        if length == reduced:
            yield plane
            return
        first = n * reduced // length
        last = ((n + 1) * reduced - 1) // length
        for k in range(first, last + 1):
            share = min((k + 1) * length, (n + 1) * reduced) - max(
                k * length, n * reduced
            )
            weighted = plane * plane.dtype.type(share / length)
            held = self._sums.get(k)
            if held is None:
                self._sums[k] = weighted
            else:
                held += weighted
            if (k + 1) * length <= (n + 1) * reduced:
                yield self._sums.pop(k)
