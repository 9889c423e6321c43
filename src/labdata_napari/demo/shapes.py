"""The shapes a brain is made of, in mm of its own frame; see `anatomy`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[Any]  # float32 throughout: half the memory, twice the speed

LENGTH_MM = 13.2
"""Extent of the brain along a."""

_STEP = 0.01  # resolution of the look-up tables in mm (or in depth units)


def smooth_table(*knots: tuple[float, float]) -> Field:
    """Tabulate a smooth curve through (position, value) knots every `_STEP`."""
    position, value = np.array(knots).T
    fine = np.arange(0.0, 14.0, _STEP)
    curve = np.interp(fine, position, value)
    # Two box filters round the corners of the polyline off.
    kernel = np.ones(31) / 31
    for _ in range(2):
        curve = np.convolve(np.pad(curve, 15, mode="edge"), kernel, mode="valid")
    return np.asarray(curve, np.float32)


def sharp_table(*knots: tuple[float, float]) -> Field:
    """Tabulate brightness against depth (sharper than `smooth_table`)."""
    position, value = np.array(knots).T
    fine = np.arange(0.0, 14.0, _STEP)
    return np.asarray(np.interp(fine, position, value), np.float32)


def at(table: Field, position: Field) -> Field:
    """Look a table up at positions (nearest entry)."""
    index = (position * np.float32(1 / _STEP)).astype(np.int32)
    return table[np.clip(index, 0, len(table) - 1)]


# The cerebrum's outline along a: half width, top and bottom.
_WIDTH = smooth_table(
    (2.0, 0.02), (2.3, 0.9), (2.7, 1.7), (3.2, 2.3), (4, 3.1), (5, 4.1), (6, 4.8),
    (7, 5.3), (8, 5.5), (8.8, 5.35), (9.4, 4.9), (9.9, 4.2), (10.25, 3.2), (10.5, 0.02),
)  # fmt: skip
_TOP = smooth_table(
    (2.0, 2.6), (2.5, 2.0), (3, 1.6), (4, 1.05), (5, 0.65), (6, 0.4), (7, 0.25),
    (8, 0.2), (9, 0.4), (9.6, 0.8), (10, 1.3), (10.5, 2.4),
)  # fmt: skip
_BOTTOM = smooth_table(
    (2.0, 3.6), (2.5, 4.5), (3, 5.1), (4, 6.0), (5, 6.7), (6, 7.2), (7, 7.5),
    (8, 7.5), (9, 7.0), (9.6, 6.2), (10, 5.4), (10.5, 3.6),
)  # fmt: skip
# Ellipsoids: centre and radii along a, d and distance from the midline.
STRIATUM = (5.5, 3.9, 2.35), (2.0, 1.7, 1.22)
SEPTUM = (5.7, 3.5, 0.0), (1.1, 1.3, 0.70)
THALAMUS = (8.0, 4.75, 0.0), (1.45, 1.45, 2.3)
BULB = (1.75, 3.05, 0.82), (1.75, 1.25, 0.80)
UPPER_HIPPOCAMPUS = (8.5, 2.6, 1.75), (1.75, 1.75, 2.1)  # of the hippocampus
LOWER_HIPPOCAMPUS = (8.95, 4.4, 3.3), (1.0, 1.9, 1.35)


@dataclass(frozen=True, eq=False)
class Place:
    """Coordinates of the voxels being painted, in mm; `m` is |distance to midline|."""

    a: Field
    d: Field
    m: Field
    side: Field  # 1 right of the midline, 0 left

    def where(self, chosen: NDArray[np.bool_]) -> Place:
        """Keep the chosen voxels."""
        return Place(*(axis[chosen] for axis in (self.a, self.d, self.m, self.side)))


def soft(distance: Field, width: float = 0.03) -> Field:
    """Turn a signed distance (positive inside, mm) into a 0..1 mask."""
    ramp = np.clip(distance * np.float32(0.5 / width) + np.float32(0.5), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp))


def ball(
    place: Place,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
) -> Field:
    """Normalised radius of an ellipsoid: 1 on its surface."""
    a = (place.a - np.float32(centre[0])) * np.float32(1 / radii[0])
    d = (place.d - np.float32(centre[1])) * np.float32(1 / radii[1])
    m = (place.m - np.float32(centre[2])) * np.float32(1 / radii[2])
    return np.asarray(np.sqrt(a * a + d * d + m * m))


@dataclass(frozen=True, eq=False)
class Surface:
    """Where a voxel lies to the surface of the cerebrum, in mm."""

    depth: Field  # below the outer surface
    fissure: Field  # beside the cleft between the hemispheres
    top: Field
    centre: Field
    half: Field
    width: Field


def surface_of(place: Place) -> Surface:
    """Work out where places lie to the surface of the cerebrum."""
    width, top, bottom = (at(t, place.a) for t in (_WIDTH, _TOP, _BOTTOM))
    centre, half = 0.5 * (top + bottom), 0.5 * (bottom - top)
    # The dorsal surface dips towards the midline, the ventral half is narrower and
    # indented where cortex ends (the rhinal fissure).
    height = (centre - place.d) / half
    dip = 0.32 * np.exp(-((place.m / 0.6) ** 2))
    d = place.d - dip * np.clip(height, 0, 1)
    rhinal = 0.035 * np.exp(-(((height + 0.42) / 0.13) ** 2))
    width = width * (1 + 0.10 * np.clip(height, -1, 0.3) - rhinal)
    u, v = place.m / width, np.abs(d - centre) / half
    radius = np.maximum((u * u * np.sqrt(u) + v * v * np.sqrt(v)) ** 0.4, 1e-3)
    reach = np.hypot(place.m, d - centre)
    depth = np.minimum(reach * (1 / radius - 1), 4.0)
    # Next to the poles the nearest surface is ahead or behind, not sideways.
    depth = np.minimum(depth, np.minimum(width, 0.9 * half) * 1.6)
    # Behind, the hemispheres part and show the colliculi.
    behind = np.clip(place.a - 8.9, 0, 2)
    opening = np.clip(1 - (place.d - top) / 1.3, 0, 1)
    fissure = place.m - 0.035 - 0.9 * opening * behind * np.sqrt(behind)
    return Surface(depth, fissure, top, centre, half, width)


def bend(a: Field, d: Field, m: Field) -> Place:
    """Bend the frame a little, so that no two sides of a brain are alike."""
    bent = m + 0.05 * np.sin(0.9 * a + 0.6 * d) - 0.03 * np.sin(1.7 * d)
    down = d + 0.04 * np.sin(1.1 * m + 0.8) + 0.03 * np.sin(1.4 * a)
    return Place(a, down, np.abs(bent), (bent > 0).astype(np.float32))


def structure_at(a: float, d: float, m: float) -> tuple[float, float, float]:
    """Tell where a structure of the formulas lies in the (slightly bent) brain, in mm.

    `tissue` bends the frame a little; a structure drawn at (a, d, m), for example
    the crossing of the anterior commissure at (5.9, 4.9, 0), is found at the
    returned place.
    """
    down, across = d, m
    for _ in range(30):
        across = m - 0.05 * np.sin(0.9 * a + 0.6 * down) + 0.03 * np.sin(1.7 * down)
        down = d - 0.04 * np.sin(1.1 * across + 0.8) - 0.03 * np.sin(1.4 * a)
    return float(a), float(down), float(across)
