"""Where three orthogonal planes of a stack lie on one sheet, in pixels and in µm.

The plane across the first axis is at the top left; beside it, sharing its rows, the
plane across the third axis; below it, sharing its columns, the one across the second.
A place in the stack is then at the same height in the two upper planes and at the
same column in the two left ones.

World coordinates (y, x) are µm with 0 at the centre of the sheet's first pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

COARSEST = 4
"""Planes begin at multiples of this many pixels, so sheets can be painted coarsely."""

_GAP = 0.03  # of the sheet's longer side
_WHOLE = ((0, 1, 2), (2, 1, 0), (1, 0, 2))  # across, down, to the right


@dataclass(frozen=True)
class Pane:
    """One plane on the sheet.

    Attributes
    ----------
    axis, rows, columns
        Axes of the stack: the one it is cut across, downwards, and to the right.
    lengths
        Voxels along rows and columns.
    top, left
        First pixel on the sheet.
    height, width
        Pixels on the sheet.
    pitch
        µm per pixel of the sheet.
    """

    axis: int
    rows: int
    columns: int
    lengths: tuple[int, int]
    top: int
    left: int
    height: int
    width: int
    pitch: float

    @property
    def um(self) -> tuple[float, float]:
        """µm on the sheet per voxel, downwards and to the right."""
        return (
            self.height * self.pitch / self.lengths[0],
            self.width * self.pitch / self.lengths[1],
        )

    @property
    def edges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """World (y, x) of the upper left and the lower right corner."""
        top, left = (self.top - 0.5) * self.pitch, (self.left - 0.5) * self.pitch
        bottom, right = top + self.height * self.pitch, left + self.width * self.pitch
        return (top, left), (bottom, right)

    def contains(self, world: Sequence[float]) -> bool:
        """Whether a place (y, x) is in it."""
        (top, left), (bottom, right) = self.edges
        return top <= world[0] < bottom and left <= world[1] < right

    def to_frame(self, world: Sequence[float], cross: ArrayLike) -> NDArray[np.float64]:
        """Give the voxel coordinates of a place (y, x); across the plane, the cross's.

        Places outside the plane are extrapolated.
        """
        (top, left), _ = self.edges
        um = self.um
        place = np.array(cross, dtype=np.float64)
        place[self.rows] = (world[0] - top) / um[0] - 0.5
        place[self.columns] = (world[1] - left) / um[1] - 0.5
        return place

    def to_world(self, frame: ArrayLike) -> NDArray[np.float64]:
        """Give the places (..., 2) in y, x of voxel coordinates (..., 3)."""
        points = np.asarray(frame, dtype=np.float64)
        corner, um = self.edges[0], self.um
        y = corner[0] + (points[..., self.rows] + 0.5) * um[0]
        x = corner[1] + (points[..., self.columns] + 0.5) * um[1]
        return np.stack([y, x], axis=-1)


@dataclass(frozen=True)
class Layout:
    """All planes of a stack on one sheet.

    Attributes
    ----------
    panes
        Three; one where the stack is a single plane.
    shape
        Rows and columns of the sheet, in pixels.
    pitch
        µm per pixel of the sheet.
    """

    panes: tuple[Pane, ...]
    shape: tuple[int, int]
    pitch: float

    def pane_at(self, world: Sequence[float]) -> Pane | None:
        """Return the plane at a place (y, x), if there is one."""
        return next((pane for pane in self.panes if pane.contains(world)), None)


def lay_out(
    shape: Sequence[int],
    um: Sequence[float] | None,
    max_pixels: int = 8_000_000,
    *,
    only: int | None = None,
) -> Layout:
    """Put the planes of a stack on a sheet.

    Parameters
    ----------
    shape
        Its three lengths.
    um
        Voxel size along each; None counts voxels.
    max_pixels
        Above these a pixel of the sheet is larger than the smallest voxel side.
    only
        Show only the plane across this axis, as of frames over time.

    Returns
    -------
    Layout
        Where voxels are about as long as wide, a pixel is a voxel.
    """
    lengths = [int(n) for n in shape]
    sizes = [1.0] * 3 if um is None else [float(u) for u in um]
    if len(lengths) != 3 or min(lengths) < 1 or min(sizes) <= 0:
        raise InvalidValue(f"A stack of shape {tuple(shape)} cannot be laid out.")
    extent = [n * u for n, u in zip(lengths, sizes, strict=True)]
    flat = lengths.index(1) if only is None and 1 in lengths else only
    across = (0, 1, 2) if flat is None else next(w for w in _WHOLE if w[0] == flat)
    used = {across[1], across[2]} if flat is not None else {0, 1, 2}
    pitch = min(sizes[axis] for axis in used)
    area = _area(extent, across, alone=flat is not None)
    pitch = max(pitch, float(np.sqrt(area / max_pixels)))
    pixels = [max(1, round(e / pitch)) for e in extent]
    for axis in used:  # nearly equal sizes are drawn voxel by voxel
        if abs(pixels[axis] - lengths[axis]) <= max(1, 0.01 * lengths[axis]):
            pixels[axis] = lengths[axis]
    if flat is not None:
        pane = _pane(across, lengths, pixels, (0, 0), pitch)
        return Layout((pane,), (pane.height, pane.width), pitch)
    height, width = pixels[1] + pixels[0], pixels[2] + pixels[0]
    gap = max(2, round(_GAP * max(height, width)))
    right, below = _aligned(pixels[2] + gap), _aligned(pixels[1] + gap)
    panes = tuple(
        _pane(axes, lengths, pixels, corner, pitch)
        for axes, corner in zip(_WHOLE, ((0, 0), (0, right), (below, 0)), strict=True)
    )
    return Layout(panes, (below + pixels[0], right + pixels[0]), pitch)


def _aligned(pixels: int) -> int:
    return -(-pixels // COARSEST) * COARSEST


def _area(extent: Sequence[float], across: Sequence[int], *, alone: bool) -> float:
    if alone:
        return extent[across[1]] * extent[across[2]]
    return (extent[1] + extent[0]) * (extent[2] + extent[0]) * (1 + _GAP) ** 2


def _pane(
    axes: tuple[int, ...],
    lengths: Sequence[int],
    pixels: Sequence[int],
    corner: tuple[int, int],
    pitch: float,
) -> Pane:
    axis, rows, columns = axes
    return Pane(
        axis,
        rows,
        columns,
        (lengths[rows], lengths[columns]),
        corner[0],
        corner[1],
        pixels[rows],
        pixels[columns],
        pitch,
    )
