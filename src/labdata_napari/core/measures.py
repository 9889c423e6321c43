"""The numbers of annotations that are no tracks: injections, landmarks, boundaries.

Whatever the points are, there is an answer: `problem` says in a sentence what is
missing, and what cannot be told is NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from labdata_napari.core.places import as_pitch, in_um
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_FLAT = 0.02  # of its extent: how far a boundary may leave its plane and have an area
_MOST_CHECKED = 1000  # points of a boundary that is checked for crossing itself

Summary = tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Injection:
    """An injection site.

    Attributes
    ----------
    problem
        What keeps it from having a volume; empty when nothing does.
    centroid
        (3,) pixels: mean of the points, or of the voxels of a region.
    volume_um3
        Of the region; of points, of the smallest convex body that holds them.
    extent_um
        (3,) from end to end along the stack's axes.
    diameter_um
        Of the ball of that volume.
    """

    problem: str
    centroid: Array
    volume_um3: float
    extent_um: Array
    diameter_um: float

    @property
    def summary(self) -> Summary:
        """What there is to say, as pairs of a label and a text."""
        said = []
        if math.isfinite(self.volume_um3):
            said.append(("volume", _volume(self.volume_um3)))
            said.append(("diameter", f"{self.diameter_um:,.0f} µm (ball)"))
        if np.isfinite(self.extent_um).all():
            sizes = " × ".join(f"{v:,.0f}" for v in self.extent_um)
            said.append(("extent", f"{sizes} µm"))
        return (*said, *_note(self.problem))


@dataclass(frozen=True, eq=False)
class Landmark:
    """A single place.

    Attributes
    ----------
    problem
        Empty when there is exactly one place.
    place
        (3,) pixels; the mean where there are several.
    place_um
        (3,) µm of the stack, from the centre of its first voxel.
    spread_um
        Greatest distance of a point from the mean.
    """

    problem: str
    place: Array
    place_um: Array
    spread_um: float

    @property
    def summary(self) -> Summary:
        """What there is to say, as pairs of a label and a text."""
        said = []
        if np.isfinite(self.place).all():
            said.append(("at", ", ".join(f"{v:,.0f}" for v in self.place_um) + " µm"))
        return (*said, *_note(self.problem))


@dataclass(frozen=True, eq=False)
class Boundary:
    """The boundary of a region, clicked in its order.

    Attributes
    ----------
    problem
        What keeps it from having a length or an area.
    is_closed
        Whether it goes back to its first point.
    length_um
        Along it.
    area_um2
        Enclosed; NaN when it is open, does not lie in a plane, or crosses itself.
    off_plane_um
        Greatest distance of a point from the plane that fits best.
    centroid
        (3,) pixels, the mean of the points.
    """

    problem: str
    is_closed: bool
    length_um: float
    area_um2: float
    off_plane_um: float
    centroid: Array

    @property
    def summary(self) -> Summary:
        """What there is to say, as pairs of a label and a text."""
        said = []
        if math.isfinite(self.length_um):
            said.append(("length", f"{self.length_um:,.0f} µm"))
        if math.isfinite(self.area_um2):
            said.append(("area", f"{self.area_um2 / 1e6:.4g} mm²"))
        return (*said, *_note(self.problem))


def injection_of(points: ArrayLike, um_per_pixel: ArrayLike) -> Injection:
    """Measure an injection site that was marked by points on its rim.

    Parameters
    ----------
    points
        (N, 3) pixels along the stack's axes; any.
    um_per_pixel
        (3,) pitch of these axes.

    Raises
    ------
    InvalidValue
        When the pitch is no pitch, or the array has another shape.
    """
    um = as_pitch(um_per_pixel)
    places = _places(points, um)
    if not len(places):
        return no_injection("An injection needs points on its rim; click them.")
    volume, problem = math.nan, ""
    try:
        volume = float(ConvexHull(places - places.mean(axis=0)).volume)
    except (QhullError, ValueError):
        problem = "For a volume, click four points or more that are not in one plane."
    return Injection(
        problem=problem,
        centroid=places.mean(axis=0) / um,
        volume_um3=volume,
        extent_um=np.ptp(places, axis=0),
        diameter_um=_diameter(volume),
    )


def injection_of_region(
    mask: Any, um_per_pixel: ArrayLike, corner: Sequence[float] = (0, 0, 0)
) -> Injection:
    """Measure an injection site that was painted.

    Parameters
    ----------
    mask
        (Z, Y, X), read plane by plane: what is not 0 belongs to it.
    um_per_pixel
        (3,) pitch.
    corner
        Pixel of the stack in which the mask begins.

    Raises
    ------
    InvalidValue
        When the mask has other than three axes, or the pitch is no pitch.
    """
    um = as_pitch(um_per_pixel)
    if len(mask.shape) != 3:
        raise InvalidValue(f"A region has three axes (Z, Y, X), not {len(mask.shape)}.")
    profiles = [np.zeros(n, np.int64) for n in mask.shape]
    for z in range(mask.shape[0]):
        plane = np.asarray(mask[z]) != 0
        profiles[0][z] = np.count_nonzero(plane)
        profiles[1] += plane.sum(axis=1)
        profiles[2] += plane.sum(axis=0)
    count = int(profiles[0].sum())
    if not count:
        return no_injection("Nothing is painted yet; paint the site.")
    volume = count * float(np.prod(um))
    filled = [np.flatnonzero(profile)[[0, -1]] for profile in profiles]
    middles = [p @ np.arange(len(p)) / count for p in profiles]
    return region_numbers(
        centroid=np.array(middles) + np.asarray(corner, np.float64),
        volume_um3=volume,
        extent_um=np.array([last - first + 1 for first, last in filled]) * um,
    )


def region_numbers(centroid: Array, volume_um3: float, extent_um: Array) -> Injection:
    """Return the numbers of a painted region; attributes as of `Injection`."""
    return Injection("", centroid, volume_um3, extent_um, _diameter(volume_um3))


def landmark_of(points: ArrayLike, um_per_pixel: ArrayLike) -> Landmark:
    """Take points for a landmark: one place, whatever else was clicked.

    Parameters and errors are those of `injection_of`.
    """
    um = as_pitch(um_per_pixel)
    places = _places(points, um)
    if not len(places):
        nowhere = np.full(3, np.nan)
        return Landmark("A landmark needs a point; click it.", nowhere, nowhere, np.nan)
    mean = places.mean(axis=0)
    spread = float(np.linalg.norm(places - mean, axis=1).max())
    problem = ""
    if len(places) > 1:
        problem = (
            f"A landmark is one point and this has {len(places)}, so it is not used to "
            "lay the brain into an atlas; delete all but one."
        )
    return Landmark(problem, mean / um, mean, spread)


def boundary_of(
    points: ArrayLike, um_per_pixel: ArrayLike, *, closed: bool = True
) -> Boundary:
    """Measure a boundary.

    The area is half the length of the sum of the cross products of neighbouring
    points (Newell's formula), for boundaries in a plane of any orientation.

    Parameters
    ----------
    points
        (N, 3) pixels in the order of the boundary.
    um_per_pixel
        (3,) pitch.
    closed
        Whether it goes from the last point back to the first.

    Raises
    ------
    InvalidValue
        As `injection_of`.
    """
    um = as_pitch(um_per_pixel)
    places = _places(points, um)
    n = len(places)
    if n < 2:
        problem = "A boundary needs three points; click them in their order."
        nowhere = places.mean(axis=0) / um if n else np.full(3, np.nan)
        return Boundary(problem, closed, math.nan, math.nan, math.nan, nowhere)
    middle = places.mean(axis=0)
    ring = places - middle
    frame = np.linalg.svd(ring, full_matrices=True)[2]
    off_plane = float(np.abs(ring @ frame[2]).max())
    problem = _no_area(ring, frame, off_plane, um) if closed else ""
    area = math.nan
    if closed and not problem:
        crosses = np.cross(ring, np.roll(ring, -1, axis=0))
        area = float(np.linalg.norm(crosses.sum(axis=0)) / 2)
    way = np.concatenate([ring, ring[:1]]) if closed and n > 2 else ring
    length = float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
    return Boundary(problem, closed, length, area, off_plane, middle / um)


def _no_area(ring: Array, frame: Array, off_plane: float, um: Array) -> str:
    """Say why a closed boundary has no area; nothing when it has."""
    if len(ring) < 3:
        return "An area needs three points; click on."
    extent = float(np.ptp(ring @ frame.T, axis=0).max())
    if off_plane > max(_FLAT * extent, float(um.max())):
        return f"It does not lie in a plane (up to {off_plane:,.0f} µm off): no area."
    if _crosses_itself(ring @ frame[:2].T):
        return "It crosses itself: no area; move or reorder its points."
    return ""


def _crosses_itself(ring: Array) -> bool:
    """Whether two sides (N, 2) that are no neighbours cross."""
    n = len(ring)
    if n < 4 or n > _MOST_CHECKED:
        return False
    start, end = ring, np.roll(ring, -1, axis=0)
    # Side of every point of the ring, seen along every side.
    to_start = _turn(end - start, start[None] - start[:, None])
    to_end = _turn(end - start, end[None] - start[:, None])
    apart = to_start * to_end < 0
    crossing = apart & apart.T
    i, j = np.indices((n, n))
    neighbours = (np.abs(i - j) <= 1) | (np.abs(i - j) == n - 1)
    return bool((crossing & ~neighbours).any())


def _turn(side: Array, to: Array) -> Array:
    return np.asarray(side[:, None, 0] * to[..., 1] - side[:, None, 1] * to[..., 0])


def _places(points: ArrayLike, um: Array) -> Array:
    """Return the places (N, 3) in µm that are places."""
    places, is_place = in_um(points, um)
    return places[is_place]


def no_injection(problem: str) -> Injection:
    """Return an injection without numbers, for a reason."""
    nowhere = np.full(3, np.nan)
    return Injection(problem, nowhere, math.nan, nowhere, math.nan)


def _volume(um3: float) -> str:
    """Say a volume in mm³ and in nl, which an injection is dosed in."""
    return f"{um3 / 1e9:.4g} mm³ ({um3 / 1e6:,.3g} nl)"


def _diameter(volume: float) -> float:
    return float(np.cbrt(volume * 6 / math.pi))


def _note(problem: str) -> Summary:
    return (("note", problem),) if problem else ()
