"""What a person said so far about which way a brain lies, and pictures to ask them by.

Nothing is guessed: what one answer makes impossible is taken back, what it leaves
open stays open, and a code comes out only when all three axes have been named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.orientation import SIDES, check_orientation, opposite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

Starts = tuple[str | None, str | None, str | None]

GLANCES = ((1, 2), (1, 0), (0, 2))
"""Axes (0 z, 1 y, 2 x) of the rows and columns of each of the three `glances`."""

_SAMPLES = 256  # of a picture along its longer side
_MIDDLE = 0.1  # of the planes are averaged


@dataclass(frozen=True)
class OrientationAnswer:
    """The sides at which the axes z, y and x start, as far as somebody said.

    Attributes
    ----------
    starts
        A letter or None for each axis.
    """

    starts: Starts = (None, None, None)

    @classmethod
    def of(cls, code: str | None) -> OrientationAnswer:
        """Return the answer that a code is; an empty one for None."""
        if code is None:
            return cls()
        letters = check_orientation(code)
        return cls((letters[0], letters[1], letters[2]))

    @property
    def code(self) -> str | None:
        """Three letters, once all is said."""
        z, y, x = self.starts
        return None if z is None or y is None or x is None else z + y + x

    def side(self, axis: int, *, end: bool) -> str | None:
        """Return the letter of the side at an axis's start or end."""
        letter = self.starts[axis]
        return opposite(letter) if letter is not None and end else letter

    def choices(self, axis: int) -> tuple[str, ...]:
        """Return the letters an axis may get without taking another answer back."""
        others = [s for k, s in enumerate(self.starts) if s is not None and k != axis]
        taken = {letter for s in others for letter in (s, opposite(s))}
        return tuple(letter for letter in SIDES if letter not in taken)

    def said(self, axis: int, letter: str, *, end: bool) -> OrientationAnswer:
        """Take an answer: the side at an axis's start or end is this one.

        An axis that ran along the same direction so far is open again.
        """
        start = opposite(letter) if end else letter
        pair = {start, opposite(start)}
        starts: list[str | None] = [None if s in pair else s for s in self.starts]
        starts[axis] = start
        return replace(self, starts=(starts[0], starts[1], starts[2]))


def glances(volume: Any) -> tuple[Picture, Picture, Picture]:
    """Make the three pictures by which a person tells which way a brain lies.

    Parameters
    ----------
    volume
        (Z, Y, X), one channel, small or lazily read. Of a large one only planes in
        the middle and samples along the way are read.

    Returns
    -------
    tuple of ndarray
        uint8; means over the middle planes, seen along z (Y, X), along x (Y, Z) and
        along y (Z, X), at most 256 pixels wide or high.
    """
    steps = [max(1, n // _SAMPLES) for n in volume.shape]
    along_z, along_y, along_x = (_glance(volume, axis, steps) for axis in range(3))
    return along_z, along_x.T, along_y


def _glance(volume: Any, axis: int, steps: Sequence[int]) -> Picture:
    n = volume.shape[axis]
    depth = max(1, round(n * _MIDDLE))
    first = (n - depth) // 2
    window = [slice(None, None, step) for step in steps]
    window[axis] = slice(first, first + depth, max(1, depth // 16))
    mean = np.asarray(volume[tuple(window)], np.float32).mean(axis=axis)
    low, high = np.percentile(mean, (1, 99.7))
    scaled = (mean - low) * (255 / max(high - low, 1e-6))
    return np.asarray(np.clip(scaled, 0, 255), np.uint8)
