"""The rotations of a transform one after the other, as labdata makes them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import cosdg, sindg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Range = tuple[int, int]
Ranges = tuple[Range, Range, Range]

# position in `rotate`, and the axes (of z, y, x) turned, in the order of labdata
_STEPS = ((2, (1, 2)), (1, (0, 2)), (0, (0, 1)))


@dataclass(frozen=True, eq=False)
class Turn:
    """A rotation of two axes, as scipy.ndimage.rotate does it without reshaping."""

    axes: tuple[int, int]
    matrix: NDArray[np.float64]  # (2, 2)
    offset: NDArray[np.float64]  # (2,)
    shape: tuple[int, int]

    def source(self, ranges: Ranges) -> Ranges:
        """Give the part before the turn that a part after it needs."""
        corners = np.array(
            list(
                itertools.product(
                    *((ranges[a][0], ranges[a][1] - 1) for a in self.axes)
                )
            ),
            dtype=np.float64,
        )
        places = corners @ self.matrix.T + self.offset
        needed = list(ranges)
        for k, (axis, n) in enumerate(zip(self.axes, self.shape, strict=True)):
            low = min(max(int(np.floor(places[:, k].min())) - 1, 0), n - 1)
            high = max(min(int(np.ceil(places[:, k].max())) + 2, n), low + 1)
            needed[axis] = low, high
        return needed[0], needed[1], needed[2]


def turns_of(rotate: Sequence[float], grid: Sequence[int]) -> list[Turn]:
    """Give the rotations of `rotate` that turn anything, in labdata's order.

    Parameters
    ----------
    rotate
        The three angles in degrees, as the column holds them, and more.
    grid
        Voxels along z, y, x.
    """
    turns = []
    for position, axes in _STEPS:
        if rotate[position]:
            angle = float(rotate[position])
            cosine, sine = float(cosdg(angle)), float(sindg(angle))
            matrix = np.array([[cosine, sine], [-sine, cosine]])
            shape = np.array([grid[a] for a in axes])
            offset = (shape - 1) / 2 - matrix @ ((shape - 1) / 2)
            turns.append(Turn(axes, matrix, offset, (int(shape[0]), int(shape[1]))))
    return turns
