"""Which regions a track runs through, by depth.

Depths are µm in the brain as it was imaged, along the track, not µm of the atlas: a
probe keeps its length, whatever the atlas makes of the brain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.atlas_regions import OUTSIDE
from labdata_napari.core.axes import checked_um
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.atlas_regions import Color
    from labdata_napari.core.registration import AtlasMapping

    Floats = NDArray[np.float64]
    Ids = NDArray[np.int64]

REACH_UM = 3000.0
"""How far above a track's first point its entry into the brain is looked for."""

_BISECTIONS = 6
_MOST_SAMPLES = 100_000
_CONFIDENCE_STEP_UM = 40.0


@dataclass(frozen=True)
class Interval:
    """A stretch of a track in one region.

    Attributes
    ----------
    region_id, acronym, name, color
        The region; number 0, without a name, outside the brain.
    entry_um, exit_um
        Depths where it begins and ends.
    confidence_um
        How far from any other region the track gets in it: an error of the track as
        large as that may have made it up. Infinite beyond 500 µm, NaN when that was
        not asked for.
    """

    region_id: int
    acronym: str
    name: str
    color: Color
    entry_um: float
    exit_um: float
    confidence_um: float = math.nan

    @property
    def length_um(self) -> float:
        """Length of the stretch."""
        return self.exit_um - self.entry_um


@dataclass(frozen=True)
class TrackRegions:
    """The regions along a track.

    Attributes
    ----------
    intervals
        From its beginning to its tip, without gaps; what is outside the brain is an
        interval, too.
    length_um
        Depth of the tip.
    surface_um
        Depth at which the track enters the brain by the atlas: negative when that is
        above the beginning, NaN where there is no such place.
    """

    intervals: tuple[Interval, ...]
    length_um: float
    surface_um: float

    @property
    def in_brain(self) -> tuple[Interval, ...]:
        """The intervals inside the brain."""
        return tuple(i for i in self.intervals if i.region_id != OUTSIDE)

    @property
    def tip(self) -> Interval | None:
        """Where the tip is; None for a track of no length."""
        return self.intervals[-1] if self.intervals else None

    def at(self, depth_um: float) -> Interval | None:
        """Return the interval at a depth; None beyond the ends."""
        for interval in self.intervals:
            if interval.entry_um <= depth_um < interval.exit_um:
                return interval
        tip = self.tip
        return tip if tip is not None and depth_um == tip.exit_um else None


def regions_along(
    atlas: AtlasVolume,
    mapping: AtlasMapping,
    path: ArrayLike,
    um_per_pixel: Sequence[float],
    *,
    step_um: float = 10.0,
    to: int | Iterable[int | str] | None = None,
    from_surface: bool = False,
    confidence: bool = False,
) -> TrackRegions:
    """List the regions along a track.

    Parameters
    ----------
    atlas, mapping
        The atlas, and how the brain lies in it.
    path
        (M, 3) pixels from the beginning of the track to its tip; two for a straight
        one.
    um_per_pixel
        Of the brain: z, y, x.
    step_um
        Distance of the places that are looked up. Borders are then found to a 64th
        of it; a region thinner than it may be passed over.
    to
        Level or set of regions to roll up to, as of `Regions.roll_up`.
    from_surface
        Prolong or cut the track so that it begins where it enters the brain; depths
        count from there. Where it does not, nothing changes.
    confidence
        Whether to measure that, too: some hundred times slower.

    Raises
    ------
    InvalidValue
        When the path or the voxel size cannot be used.
    NotFound, UnreadableFile
        When files of the atlas or of the mapping are gone or damaged.
    """
    line = _Line.of(path, um_per_pixel, mapping)
    targets = tuple(to) if to is not None and not isinstance(to, int) else to
    surface = _surface(atlas, line)
    if from_surface and not math.isnan(surface):
        line = line.from_depth(surface)
        surface = 0.0
    if line.length <= 0:
        return TrackRegions((), 0.0, surface)
    look = _Look(atlas, line, targets)
    intervals = _intervals(look, step_um)
    if confidence:
        intervals = tuple(_with_confidence(look, i) for i in intervals)
    return TrackRegions(intervals, line.length, surface)


@dataclass(frozen=True, eq=False)
class _Line:
    """A track by depth."""

    pixels: Floats
    depths: Floats  # of each pixel, ascending
    um: Floats
    mapping: AtlasMapping

    @classmethod
    def of(
        cls, path: ArrayLike, um_per_pixel: Sequence[float], mapping: AtlasMapping
    ) -> _Line:
        pixels = np.asarray(path, np.float64)
        if pixels.ndim != 2 or pixels.shape[1] != 3 or len(pixels) < 2:
            raise InvalidValue(
                f"A track is an (M, 3) array of two places or more; got {pixels.shape}."
            )
        if not np.isfinite(pixels).all():
            raise InvalidValue("A track has places that are not finite; fit it again.")
        um = np.asarray(checked_um(um_per_pixel, "ZYX"))
        steps = np.linalg.norm(np.diff(pixels, axis=0) * um, axis=1)
        return cls(pixels, np.concatenate([[0.0], np.cumsum(steps)]), um, mapping)

    @property
    def length(self) -> float:
        return float(self.depths[-1] - self.depths[0])

    def at(self, depths: Floats) -> Floats:
        """Pixels at depths; above the beginning straight on as it begins."""
        inner = np.column_stack(
            [np.interp(depths, self.depths, self.pixels[:, k]) for k in range(3)]
        )
        above = np.minimum(depths - self.depths[0], 0.0)
        return np.asarray(inner + above[:, None] * self._beginning())

    def places(self, depths: Floats) -> Floats:
        """µm of the atlas at depths."""
        return self.mapping.to_atlas_um(self.at(depths))

    def from_depth(self, depth: float) -> _Line:
        """Begin at a depth, which becomes 0."""
        first = self.at(np.array([depth]))
        kept = self.depths > depth
        depths = np.concatenate([[0.0], self.depths[kept] - depth])
        pixels = np.concatenate([first, self.pixels[kept]])
        return _Line(pixels, depths, self.um, self.mapping)

    def _beginning(self) -> Floats:
        """Pixels per µm where the track begins."""
        moved = np.flatnonzero(self.depths > self.depths[0])
        if not len(moved):
            return np.zeros(3)
        k = moved[0]
        way = (self.pixels[k] - self.pixels[0]) / (self.depths[k] - self.depths[0])
        return np.asarray(way)


@dataclass(frozen=True, eq=False)
class _Look:
    """Regions at depths of a line, rolled up."""

    atlas: AtlasVolume
    line: _Line
    to: int | tuple[int | str, ...] | None

    def __call__(self, depths: Floats) -> Ids:
        ids = self.atlas.region_ids(self.line.places(depths))
        return ids if self.to is None else self.atlas.regions.roll_up(ids, self.to)


def _surface(atlas: AtlasVolume, line: _Line) -> float:
    """Depth where the track enters the brain, from outside; NaN where it does not.

    The last place outside above the first place inside: a gap further up, such as the
    space between two halves of a brain, does not count.
    """
    step = max(min(atlas.resolution_um) / 4, line.length / _MOST_SAMPLES)
    depths = np.arange(-REACH_UM, line.length + step, step)
    inside = atlas.inside(line.places(depths))
    within = np.flatnonzero(inside & (depths >= 0))
    if not len(within):
        return math.nan
    outside = np.flatnonzero(~inside[: within[0]])
    if not len(outside):
        return math.nan  # it does not end within reach
    low, high = depths[outside[-1]], depths[outside[-1] + 1]
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if atlas.inside(line.places(np.array([middle])))[0]:
            high = middle
        else:
            low = middle
    return float(high)


def _intervals(look: _Look, step_um: float) -> tuple[Interval, ...]:
    length = look.line.length
    count = int(min(max(math.ceil(length / max(step_um, 1e-3)), 1), _MOST_SAMPLES))
    depths = (np.arange(count) + 0.5) * length / count
    ids = look(depths)
    change = np.flatnonzero(np.diff(ids))
    low, high, before = depths[change], depths[change + 1], ids[change]
    for _ in range(_BISECTIONS if len(change) else 0):
        middle = (low + high) / 2
        same = look(middle) == before
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    borders = [0.0, *((low + high) / 2).tolist(), length]
    firsts = ids[[0, *(change + 1)]].tolist()
    regions = look.atlas.regions
    return tuple(
        Interval(
            number,
            regions.label(number),
            regions.name_of(number),
            regions.color_of(number),
            entry,
            leave,
        )
        for number, (entry, leave) in zip(firsts, pairwise(borders), strict=True)
    )


def _with_confidence(look: _Look, interval: Interval) -> Interval:
    if interval.region_id == OUTSIDE:
        return interval
    count = max(1, math.ceil(interval.length_um / _CONFIDENCE_STEP_UM))
    steps = (np.arange(count) + 0.5) / count
    places = look.line.places(interval.entry_um + steps * interval.length_um)
    found = look.atlas.distance_to_other(places, to=look.to)
    return Interval(
        **{**interval.__dict__, "confidence_um": float(found.max())},
    )
