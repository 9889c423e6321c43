"""An atlas of the brain: which region a place is in.

Places are *atlas µm*: (N, 3) along the axes of the annotation volume, in its order,
from the outer edge of its first voxel (`labdata_napari.core.axes`, edge micrometres).
In BrainGlobe's atlases, whose orientation is "asr", that is backwards from the front
edge, downwards from the upper edge, and leftwards from the right edge.

The volume is not read as a whole: only the blocks that places lie in are, and what
was decoded last is kept. Templates are never read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.atlas_regions import OUTSIDE, Regions
from labdata_napari.core.axes import checked_um
from labdata_napari.core.orientation import (
    check_orientation,
    left_right_axis,
    opposite,
)
from labdata_napari.core.progress import Progress, silent
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.atlas_regions import Region

    Floats = NDArray[np.float64]
    Ids = NDArray[np.int64]

MOST_LOADED = 512 * 2**20
"""Bytes that `AtlasVolume.loaded` reads at most: Allen's at 25 µm has 308 MB."""

_DIRECTIONS = 128
_BATCH = 500_000  # places looked up at once
_MOST_SAMPLES = 200_000  # along a line


@dataclass(frozen=True, eq=False)
class AtlasVolume:
    """An atlas: a volume of region numbers, and what the numbers mean.

    Attributes
    ----------
    name
        Such as "allen_mouse_25um".
    annotation
        3-D array of whole numbers, in memory or lazy (``shape``, ``dtype``, slicing,
        ``chunks``); 0 outside the brain.
    resolution_um
        Size of its voxels along its axes.
    orientation
        Code of its axes (`labdata_napari.core.orientation`).
    regions
        What the numbers mean.
    path
        Where it was opened from.
    hemispheres
        Volume of 1 (left) and 2 (right) of an atlas whose halves differ; None where
        the midline is in the middle.

    Raises
    ------
    InvalidValue
        When these do not go together.
    """

    name: str
    annotation: Any
    resolution_um: tuple[float, float, float]
    orientation: str
    regions: Regions
    path: Path | None = None
    hemispheres: Any = None

    def __post_init__(self) -> None:
        shape = tuple(self.annotation.shape)
        if len(shape) != 3 or np.dtype(self.annotation.dtype).kind not in "iu":
            raise InvalidValue(
                f"The annotation volume of {self.name} must be 3-D with whole numbers; "
                f"it is {shape} of {self.annotation.dtype}."
            )
        a, b, c = checked_um(self.resolution_um, "ZYX")
        object.__setattr__(self, "resolution_um", (a, b, c))
        object.__setattr__(self, "orientation", check_orientation(self.orientation))
        halves = self.hemispheres
        if halves is not None and tuple(halves.shape) != shape:
            raise InvalidValue(
                f"The hemispheres of {self.name} have the shape {halves.shape}, its "
                f"regions {shape}."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along the axes."""
        a, b, c = (int(n) for n in self.annotation.shape)
        return a, b, c

    @property
    def extent_um(self) -> tuple[float, float, float]:
        """Length of the volume along its axes, from edge to edge."""
        a, b, c = (n * r for n, r in zip(self.shape, self.resolution_um, strict=True))
        return a, b, c

    def loaded(
        self, most_bytes: int = MOST_LOADED, progress: Progress = silent
    ) -> AtlasVolume:
        """Return the atlas with its volume in memory, where it is not too large.

        Each look-up then takes a tenth of a millisecond instead of some. Takes
        seconds for an atlas of 25 µm.

        Parameters
        ----------
        most_bytes
            What is too large.
        progress
            Told of each slab of blocks that was read.

        Raises
        ------
        UnreadableFile
            When a block of the volume is damaged.
        """
        size = math.prod(self.shape) * np.dtype(self.annotation.dtype).itemsize
        if isinstance(self.annotation, np.ndarray) or size > most_bytes:
            return self
        volume = np.empty(self.shape, self.annotation.dtype)
        depth = max(int(self.annotation.chunks[0]), 1)
        for first in range(0, len(volume), depth):
            progress(first, len(volume))
            volume[first : first + depth] = self.annotation[first : first + depth]
        progress(len(volume), len(volume))
        return replace(self, annotation=volume)

    def voxels(self, points_um: ArrayLike) -> tuple[Ids, NDArray[np.bool_]]:
        """Return the voxel (N, 3) each place is in, and whether there is one.

        Where there is none (outside, not finite) the index is that of voxel 0.
        """
        places = _places(points_um)
        with np.errstate(invalid="ignore"):
            index = np.floor(places / np.asarray(self.resolution_um))
            inside = np.all((index >= 0) & (index < self.shape), axis=1)
        return np.where(inside[:, None], index, 0).astype(np.int64), inside

    def region_ids(self, points_um: ArrayLike) -> Ids:
        """Look up the region of each place.

        Parameters
        ----------
        points_um
            (N, 3) or (3,) atlas µm.

        Returns
        -------
        ndarray
            (N,) int64; 0 outside the brain and outside the volume.

        Raises
        ------
        UnreadableFile
            When a block of the volume is damaged.
        """
        index, inside = self.voxels(points_um)
        ids = np.zeros(len(index), np.int64)
        ids[inside] = values_at(self.annotation, index[inside])
        return ids

    def inside(self, points_um: ArrayLike) -> NDArray[np.bool_]:
        """Whether each place (N, 3) is in the brain."""
        return np.not_equal(self.region_ids(points_um), OUTSIDE)

    def regions_at(self, points_um: ArrayLike) -> list[Region | None]:
        """Return the region of each place (N, 3); None outside, or where nameless."""
        return [self.regions.get(int(number)) for number in self.region_ids(points_um)]

    def hemisphere(self, points_um: ArrayLike) -> NDArray[np.str_]:
        """Tell the half of each place (N, 3): "left", "right", "" outside the volume.

        Where the atlas is symmetric the midline is in the middle of the volume, and a
        place exactly on it counts to the half further along the axis, which in
        BrainGlobe's atlases is the left one.
        """
        index, inside = self.voxels(points_um)
        if self.hemispheres is not None:
            far = np.zeros(len(index), np.int64)
            far[inside] = values_at(self.hemispheres, index[inside])
            return np.select([far == 1, far == 2], ["left", "right"], "")
        axis = left_right_axis(self.orientation)
        names = {"l": "left", "r": "right"}
        start = self.orientation[axis]
        beyond = _places(points_um)[:, axis] >= self.extent_um[axis] / 2
        side = np.where(beyond, names[opposite(start)], names[start])
        return np.where(inside, side, "")

    def surface_along(
        self, start_um: ArrayLike, end_um: ArrayLike, step_um: float | None = None
    ) -> Floats | None:
        """Find where a line first enters the brain.

        Parameters
        ----------
        start_um, end_um
            (3,) atlas µm; the line goes from the first to the second.
        step_um
            Distance of the places that are looked at; half a voxel when not given.
            What is thinner than that may be passed over.

        Returns
        -------
        ndarray or None
            (3,) atlas µm, to a 16th of a step; the start when that is in the brain;
            None when the line does not touch it.
        """
        start, end = _places(start_um)[0], _places(end_um)[0]
        length = float(np.linalg.norm(end - start))
        if not math.isfinite(length):
            return None
        step = min(self.resolution_um) / 2 if step_um is None else float(step_um)
        count = int(min(max(math.ceil(length / max(step, 1e-6)), 1), _MOST_SAMPLES))
        along = np.linspace(0, 1, count + 1)
        first = self._first_inside(start, end, along)
        if first is None:
            return None
        if first:
            fine = np.linspace(along[first - 1], along[first], 17)
            found = self._first_inside(start, end, fine)
            start = start + fine[found or 0] * (end - start)
        return np.asarray(start)

    def distance_to_other(
        self,
        points_um: ArrayLike,
        reach_um: float = 500.0,
        to: int | Iterable[int | str] | None = None,
    ) -> Floats:
        """Measure how far each place is from the nearest other region.

        Looks along 128 directions in steps of half a voxel, so what it finds is at
        most half a voxel short, and a few percent long where a border is bent.

        Parameters
        ----------
        points_um
            (N, 3) atlas µm.
        reach_um
            How far to look.
        to
            Level or set of regions to compare, as of `Regions.roll_up`.

        Returns
        -------
        ndarray
            (N,) µm; infinite where there is nothing else within reach. Outside the
            brain is another region, too.
        """
        places = _places(points_um)
        step = min(self.resolution_um) / 2
        radii = np.arange(step, reach_um + step / 2, step)
        rays = _directions(_DIRECTIONS)[:, None, :] * radii[:, None]  # (D, R, 3)
        targets = tuple(to) if to is not None and not isinstance(to, int) else to

        def look(points: Floats) -> Ids:
            ids = self.region_ids(points)
            return ids if targets is None else self.regions.roll_up(ids, targets)

        own = look(places)
        found = np.full(len(places), np.inf)
        batch = max(1, _BATCH // max(1, rays.shape[0] * rays.shape[1]))
        for first in range(0, len(places), batch):
            part = slice(first, first + batch)
            around = places[part, None, None, :] + rays
            ids = look(around.reshape(-1, 3)).reshape(around.shape[:-1])
            other = (ids != own[part, None, None]).any(axis=1)  # (n, R)
            hit = other.any(axis=1)
            found[part] = np.where(hit, radii[other.argmax(axis=1)] - step / 2, np.inf)
        return found

    def _first_inside(self, start: Floats, end: Floats, along: Floats) -> int | None:
        inside = self.inside(start + along[:, None] * (end - start))
        return int(inside.argmax()) if inside.any() else None


def _places(points_um: ArrayLike) -> Floats:
    places = np.atleast_2d(np.asarray(points_um, np.float64))
    if places.ndim != 2 or places.shape[1] != 3:
        raise InvalidValue(
            f"Places in an atlas are an (N, 3) array in µm; got {places.shape}."
        )
    return places


def _directions(count: int) -> Floats:
    """Spread unit vectors evenly over a sphere: a Fibonacci lattice."""
    k = np.arange(count) + 0.5
    polar = np.arccos(1 - 2 * k / count)
    turn = np.pi * (1 + 5**0.5) * k
    return np.column_stack(
        [np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)]
    )


def values_at(volume: Any, index: Ids) -> NDArray[Any]:
    """Return the values of voxels (N, 3); of a lazy volume each block is read once."""
    if isinstance(volume, np.ndarray):
        return np.asarray(volume[tuple(index.T)])
    chunks = np.asarray(volume.chunks, np.int64)
    grid = -(-np.asarray(volume.shape) // chunks)
    block = np.ravel_multi_index(tuple((index // chunks).T), tuple(grid))
    order = np.argsort(block, kind="stable")
    borders = np.flatnonzero(np.diff(block[order])) + 1
    values = np.zeros(len(index), volume.dtype)
    for members in np.split(order, borders) if len(order) else ():
        low, high = index[members].min(axis=0), index[members].max(axis=0) + 1
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        values[members] = np.asarray(volume[box])[tuple((index[members] - low).T)]
    return values
