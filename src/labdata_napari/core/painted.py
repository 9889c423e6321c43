"""Painted regions as points, so that a table of points can hold them.

A region is made of blocks of voxels, and each block is one point, its centre. A block
is a power of two of voxels long along each axis, and begins where a whole number of
such blocks fits before it. So the point alone tells its size: along each axis it is
the largest power of two that divides 2 p + 1. A single voxel is a whole number, two
voxels end in .5, four in 1.5, 5.5, 9.5 and so on.

Whoever does not know this has points spread evenly over the region: their mean is its
centroid, and their number times the volume of a block its volume.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.measures import Injection, no_injection, region_numbers
from labdata_napari.core.places import as_pitch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Sides = tuple[int, int, int]

BLOCK_UM = 25.0
"""How long a block should be along each axis, as nearly as powers of two allow."""
MOST_BLOCKS = 4000
"""Points that a region may take; a larger one is made of larger blocks."""
_MOST_CELLS = 1 << 25
_NEARLY = 1e-6


def block_sides(um_per_pixel: ArrayLike, shape: Sequence[int]) -> Sides:
    """Choose the blocks (voxels z, y, x) that regions of a stack are painted with."""
    um = as_pitch(um_per_pixel)
    sides = 2 ** np.maximum(np.rint(np.log2(BLOCK_UM / um)), 0).astype(np.int64)
    while np.prod(-(-np.asarray(shape) // sides)) > _MOST_CELLS:
        sides[np.argmin(sides * um)] *= 2
    z, y, x = (int(n) for n in sides)
    return z, y, x


def grid_shape(shape: Sequence[int], sides: Sides) -> Sides:
    """Return how many blocks (z, y, x) cover a stack."""
    z, y, x = (-(-int(n) // side) for n, side in zip(shape, sides, strict=True))
    return z, y, x


def points_of_blocks(mask: NDArray[np.bool_], sides: Sides) -> Array:
    """Return the centres of the blocks of a mask, in pixels of the stack.

    Parameters
    ----------
    mask
        (Z, Y, X), one element a block, from the first voxel of the stack on.
    sides
        Of a block, in voxels.

    Returns
    -------
    (N, 3), N at most `MOST_BLOCKS`: in a region of more, eight blocks become one where
    at least half of them belong to it, as often as it takes.
    """
    return centres_of(np.argwhere(mask), sides)


def centres_of(blocks: NDArray[np.int64], sides: Sides) -> Array:
    """Return the centres (N, 3) of blocks (M, 3), as `points_of_blocks` does."""
    size = np.asarray(sides, np.int64)
    while len(blocks) > MOST_BLOCKS:
        blocks, counts = _distinct(blocks // 2)
        blocks, size = blocks[counts >= 4], size * 2
    return np.asarray(blocks * size + (size - 1) / 2, np.float64)


def repainted(
    blocks: NDArray[np.int64], mask: NDArray[np.bool_], corner: Sequence[int]
) -> NDArray[np.int64]:
    """Return the blocks (M, 3) of a region of which a box was painted anew.

    Parameters
    ----------
    blocks
        (N, 3) that it had.
    mask
        (Z, Y, X), which blocks of the box it has now.
    corner
        (3,) the first block of the box.
    """
    first = np.asarray(corner, np.int64)
    outside = np.zeros(len(blocks), np.bool_)
    for axis, size in enumerate(mask.shape):  # much faster than all three at once
        along = blocks[:, axis] - first[axis]
        outside |= (along < 0) | (along >= size)
    return _distinct(np.concatenate([blocks[outside], np.argwhere(mask) + first]))[0]


def sides_of(points: ArrayLike) -> NDArray[np.int64]:
    """Return how many voxels (N, 3) the blocks are long that points stand for.

    1 where a point is no centre of a block.
    """
    double = 2 * np.asarray(points, np.float64).reshape(-1, 3) + 1
    whole = np.rint(np.where(np.isfinite(double), double, 1.0)).astype(np.int64)
    is_centre = (np.abs(double - whole) < _NEARLY) & (whole > 0)
    return np.where(is_centre, whole & -whole, 1)


def blocks_of_points(points: ArrayLike, sides: Sides) -> NDArray[np.int64]:
    """Return the blocks (M, 3) of a grid that the blocks of points lie in.

    Parameters
    ----------
    points
        (N, 3) pixels.
    sides
        Of the grid's blocks, in voxels; larger blocks are cut, smaller ones fill one.
    """
    places = np.asarray(points, np.float64).reshape(-1, 3)
    places = places[np.isfinite(places).all(axis=1)]
    size, grid = sides_of(places), np.asarray(sides, np.int64)
    first = np.floor((places - (size - 1) / 2 + 0.5) / grid).astype(np.int64)
    counts = np.maximum(size // grid, 1)
    parts = [np.zeros((0, 3), np.int64)]
    for each in np.unique(counts, axis=0):
        own = first[(counts == each).all(axis=1)]
        steps = np.array(list(product(*(range(n) for n in each))), np.int64)
        parts.append((own[:, None] + steps).reshape(-1, 3))
    return _distinct(np.concatenate(parts))[0]


def mask_of_points(points: ArrayLike, shape: Sequence[int]) -> NDArray[np.bool_]:
    """Return the voxels (Z, Y, X) of a stack that a region holds."""
    mask = np.zeros(tuple(int(n) for n in shape), np.bool_)
    voxels = blocks_of_points(points, (1, 1, 1))
    inside = ((voxels >= 0) & (voxels < mask.shape)).all(axis=1)
    mask[tuple(voxels[inside].T)] = True
    return mask


def region_of(points: ArrayLike, um_per_pixel: ArrayLike) -> Injection:
    """Measure the region that points stand for.

    Parameters
    ----------
    points
        (N, 3) pixels, centres of blocks that do not overlap.
    um_per_pixel
        (3,) pitch of the stack.

    Raises
    ------
    InvalidValue
        When the pitch is no pitch.
    """
    um = as_pitch(um_per_pixel)
    places = np.asarray(points, np.float64).reshape(-1, 3)
    places = places[np.isfinite(places).all(axis=1)]
    if not len(places):
        return no_injection("Nothing is painted yet; press R and paint the site.")
    sides = sides_of(places)
    voxels = sides.prod(axis=1)
    low, high = (places - sides / 2).min(axis=0), (places + sides / 2).max(axis=0)
    return region_numbers(
        centroid=(places * voxels[:, None]).sum(axis=0) / voxels.sum(),
        volume_um3=float(voxels.sum() * np.prod(um)),
        extent_um=(high - low) * um,
    )


def _distinct(blocks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the distinct of blocks (N, 3), in order, and how often each is there.

    Counted in the box that holds them, as sorting rows takes a hundred times as long.
    """
    if not len(blocks):
        return blocks, np.zeros(0, np.int64)
    first = blocks.min(axis=0)
    size = blocks.max(axis=0) - first + 1
    if np.prod(size.astype(np.float64)) > _MOST_CELLS:
        return np.unique(blocks, axis=0, return_counts=True)
    rows = np.ravel_multi_index(tuple((blocks - first).T), tuple(size))
    counts = np.bincount(rows)
    (cells,) = np.nonzero(counts)
    places = np.stack(np.unravel_index(cells, tuple(size)), axis=1) + first
    return places, counts[cells]
