"""An invented mouse brain: tissue brightness at any place, from formulas alone.

Coordinates are millimetres in the brain's own frame: ``a`` from the tip of the
olfactory bulbs (0) backwards to the medulla (13), ``d`` downwards from just above
the cortex (0 to 8), ``m`` sideways from the midline, positive to the right. The
shapes are drawn by eye after what a mouse brain looks like; they are no atlas and
nothing may be measured in them but what `labdata_napari.demo.truth` planted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Field = NDArray[Any]  # float32 throughout: half the memory, twice the speed

LENGTH_MM, DEPTH_MM, HALF_WIDTH_MM = 13.2, 8.0, 5.6
"""Extent of the brain along a, d and |m|."""

_STEP = 0.01  # resolution of the look-up tables in mm (or in depth units)


def _table(*knots: tuple[float, float]) -> Field:
    """Tabulate a smooth curve through (position, value) knots every `_STEP`."""
    position, value = np.array(knots).T
    fine = np.arange(0.0, 14.0, _STEP)
    curve = np.interp(fine, position, value)
    # Two box filters round the corners of the polyline off.
    kernel = np.ones(31) / 31
    for _ in range(2):
        curve = np.convolve(np.pad(curve, 15, mode="edge"), kernel, mode="valid")
    return np.asarray(curve, np.float32)


def _layers(*knots: tuple[float, float]) -> Field:
    """Tabulate brightness against depth (sharper than `_table`)."""
    position, value = np.array(knots).T
    fine = np.arange(0.0, 14.0, _STEP)
    return np.asarray(np.interp(fine, position, value), np.float32)


def _at(table: Field, position: Field) -> Field:
    index = (position * np.float32(1 / _STEP)).astype(np.int32)
    return table[np.clip(index, 0, len(table) - 1)]


# The cerebrum's outline along a: half width, top and bottom.
_WIDTH = _table(
    (2.0, 0.02), (2.3, 0.9), (2.7, 1.7), (3.2, 2.3), (4, 3.1), (5, 4.1), (6, 4.8),
    (7, 5.3), (8, 5.5), (8.8, 5.35), (9.4, 4.9), (9.9, 4.2), (10.25, 3.2), (10.5, 0.02),
)  # fmt: skip
_TOP = _table(
    (2.0, 2.6), (2.5, 2.0), (3, 1.6), (4, 1.05), (5, 0.65), (6, 0.4), (7, 0.25),
    (8, 0.2), (9, 0.4), (9.6, 0.8), (10, 1.3), (10.5, 2.4),
)  # fmt: skip
_BOTTOM = _table(
    (2.0, 3.6), (2.5, 4.5), (3, 5.1), (4, 6.0), (5, 6.7), (6, 7.2), (7, 7.5),
    (8, 7.5), (9, 7.0), (9.6, 6.2), (10, 5.4), (10.5, 3.6),
)  # fmt: skip
_STEM_WIDTH = _table((8, 2.3), (9.5, 2.6), (10.5, 2.5), (12, 2.1), (13.2, 1.6))

_CORTEX = _layers(
    (0, 1.15), (0.03, 1.12), (0.06, 0.86), (0.14, 0.80), (0.17, 0.62), (0.34, 0.60),
    (0.38, 0.70), (0.50, 0.72), (0.54, 0.57), (0.74, 0.55), (0.78, 0.64), (0.98, 0.60),
    (1.02, 0.30), (1.05, 0.20), (1.22, 0.20), (1.28, 0.46), (9, 0.46),
)  # fmt: skip
_HIPPOCAMPUS = _layers(
    (0.0, 0.25), (0.06, 0.30), (0.09, 0.62), (0.24, 0.66), (0.26, 0.34), (0.30, 0.32),
    (0.33, 0.66), (0.52, 0.70), (0.56, 0.86), (0.66, 0.88), (0.70, 0.60), (0.76, 0.60),
    (0.78, 0.34), (0.82, 0.32), (0.85, 0.58), (0.95, 0.60), (1.0, 0.40),
)  # fmt: skip
_FOLIUM = _layers(
    (0, 0.95), (0.03, 0.74), (0.17, 0.68), (0.19, 0.46), (0.30, 0.44), (0.33, 0.22),
    (3, 0.20),
)  # fmt: skip
_BULB = _layers(
    (0, 0.5), (0.05, 0.62), (0.10, 0.95), (0.24, 0.90), (0.28, 0.62), (0.46, 0.60),
    (0.48, 0.34), (0.54, 0.34), (0.57, 0.60), (0.80, 0.50), (1.0, 0.30),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Place:
    """Coordinates of the voxels being painted, in mm; `m` is |distance to midline|."""

    a: Field
    d: Field
    m: Field
    side: Field  # 1 right of the midline, 0 left

    def where(self, chosen: NDArray[np.bool_]) -> _Place:
        return _Place(*(axis[chosen] for axis in (self.a, self.d, self.m, self.side)))


def _soft(distance: Field, width: float = 0.03) -> Field:
    """Turn a signed distance (positive inside, mm) into a 0..1 mask."""
    ramp = np.clip(distance * np.float32(0.5 / width) + np.float32(0.5), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp))


def _ball(
    place: _Place,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
) -> Field:
    """Normalised radius of an ellipsoid: 1 on its surface."""
    a = (place.a - np.float32(centre[0])) * np.float32(1 / radii[0])
    d = (place.d - np.float32(centre[1])) * np.float32(1 / radii[1])
    m = (place.m - np.float32(centre[2])) * np.float32(1 / radii[2])
    return np.asarray(np.sqrt(a * a + d * d + m * m))


def _paint(value: Field, mask: Field, brightness: Field | float) -> None:
    value += (np.asarray(brightness, np.float32) - value) * mask


_GRAIN = 0.03  # mm from one value of the texture to the next
_PERIOD = 128  # values until it repeats; a power of two


def _texture() -> Field:
    """Smooth noise around 0 in a box that repeats, deviation 1."""
    rng = np.random.default_rng(1888)  # the year Cajal published his first neurons
    noise = rng.standard_normal((_PERIOD, _PERIOD, _PERIOD), dtype=np.float32)
    smooth = gaussian_filter(noise, 1.6, mode="wrap")
    return np.asarray(smooth / smooth.std(), np.float32).ravel()


_NOISE = _texture()


def _mottle(
    place: _Place,
    size: float,
    along: float = 1.0,
    where: NDArray[np.bool_] | None = None,
) -> Field:
    """Irregular blobs of about `size` mm: mean 0, deviation 1.

    `along` stretches them front to back, as bundles of fibres run; `where` names
    the voxels that are wanted, the others get 0.
    """
    if where is not None:
        value = np.zeros(place.a.shape, np.float32)
        if where.any():
            value[where] = _mottle(place.where(where), size, along)
        return value
    k, wrap = np.float32(0.17 / size / _GRAIN), np.int32(_PERIOD - 1)
    index = (place.a * (k / np.float32(along))).astype(np.int32) & wrap
    index *= np.int32(_PERIOD)
    index += (place.d * k).astype(np.int32) & wrap
    index *= np.int32(_PERIOD)
    # The two sides differ: m is a distance, its sign is in the voxel's side.
    index += (place.m * k + place.side * np.float32(41)).astype(np.int32) & wrap
    return np.asarray(_NOISE[index])


def _behind(value: Field, place: _Place) -> None:
    """Brainstem, colliculi and cerebellum: everything behind the cerebrum."""
    stem = np.hypot(
        place.m / _at(_STEM_WIDTH, place.a),
        (place.d - 5.6) / (1.75 - 0.12 * np.clip(place.a - 10, 0, 3)),
    ).astype(np.float32)
    body = _soft((1 - stem) * 1.7) * _soft(place.a - 8.2, 0.3)
    body *= _soft(np.float32(LENGTH_MM - 0.15) - place.a, 0.15)
    grain = 0.38 + 0.035 * _mottle(place, 0.5) + 0.025 * _mottle(place, 0.15, 3)
    _paint(value, body, grain + 0.35 * _soft(stem - 0.95, 0.04))
    for centre, radii in (
        ((9.75, 2.45, 1.0), (1.0, 1.05, 1.15)),  # superior colliculus
        ((10.45, 2.75, 1.35), (0.6, 0.85, 0.95)),  # inferior colliculus
    ):
        dome = _ball(place, centre, radii)
        layers = (
            0.62
            - 0.25 * _soft(0.82 - dome, 0.15)
            + 0.02 * _mottle(place, 0.2, where=dome < 1.05)
        )
        _paint(value, _soft(1 - dome), layers)
    _cerebellum(value, place)
    aqueduct = _ball(place, (9.6, 3.9, 0.0), (1.6, 0.13, 0.12))
    _paint(value, _soft(1 - aqueduct, 0.15), 0.04)


def _cerebellum(value: Field, place: _Place) -> None:
    """Folia: molecular and granular layers around a tree of white matter."""
    parts = (
        ((11.1, 4.0, 3.75), (0.75, 0.85, 1.0), (10.9, 4.0, 3.2), 6),  # paraflocculus
        ((11.4, 2.75, 0.0), (1.65, 2.1, 3.7), (10.75, 3.8, 0.0), 13),
    )
    ridge = 0.26 * np.cos(np.clip(place.m * 2.1, 0, np.pi)).astype(np.float32)
    swell = 0.10 * np.cos(place.m * 3.9).astype(np.float32)
    for centre, radii, root, folia in parts:
        shifted = _Place(place.a, place.d + ridge, place.m, place.side)
        radius = _ball(shifted, centre, radii)
        depth = (1 - radius) * np.float32(min(radii) * 1.1)
        up, back = root[1] - shifted.d, shifted.a - root[0]
        reach = np.hypot(up, back).astype(np.float32)
        angle = np.arctan2(up, back)
        # A fold is a wedge of angle seen from the root; fissures are its walls.
        turn = angle * np.float32(folia / (2 * np.pi)) + 0.22 * np.sin(2.3 * angle)
        turn += (
            swell
            + 0.13 * np.sin(place.m * 1.3)
            + 0.10 * (place.side * 2 - 1) * np.minimum(place.m, 1)
        )
        wall = (0.5 - np.abs(turn - np.floor(turn) - 0.5)).astype(np.float32)
        fissure = wall * (reach * np.float32(2 * np.pi * 1.25 / folia))
        # Fissures do not reach the root: the tree's trunk stays whole.
        fissure += np.float32(1.4) * np.clip(0.75 - reach, 0, 1)
        tissue_ = _at(_FOLIUM, np.clip(np.minimum(depth, fissure), 0, 3))
        tissue_ += 0.02 * _mottle(place, 0.2, where=radius < 1.05)
        tissue_ *= _soft(fissure - 0.012, 0.012)  # the pia between folia is empty
        _paint(value, _soft(radius - 1.0, 0.02) * _soft(1.05 - radius, 0.02), 0.012)
        _paint(value, _soft(1 - radius, 0.02), tissue_)


def _bulbs(value: Field, place: _Place) -> None:
    bulb = _ball(place, (1.75, 3.05, 0.82), (1.75, 1.25, 0.80))
    shade = _at(_BULB, np.clip((1 - bulb) * 0.95, 0, 1))
    _paint(value, _soft((1 - bulb) * 0.9), shade)


def _cerebrum(value: Field, place: _Place) -> None:
    """Cortex with layers, white matter, and the nuclei below."""
    width, top, bottom = (_at(t, place.a) for t in (_WIDTH, _TOP, _BOTTOM))
    centre, half = 0.5 * (top + bottom), 0.5 * (bottom - top)
    # The dorsal surface dips towards the midline, the ventral half is narrower and
    # indented where cortex ends (the rhinal fissure).
    height = (centre - place.d) / half
    dip = 0.32 * np.exp(-((place.m / 0.6) ** 2))
    d = place.d - dip * np.clip(height, 0, 1)
    waist = (
        1
        + 0.10 * np.clip(height, -1, 0.3)
        - 0.035 * np.exp(-(((height + 0.42) / 0.13) ** 2))
    )
    width = width * waist
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
    between = _soft(top + 1.22 - place.d, 0.25) * _soft(-fissure, 0.02)
    _paint(value, _soft(depth + 0.10, 0.05) * (1 - between) * (depth > -0.2), 0.012)
    mask = _soft(depth, 0.02) * (width > 0.05)
    inner = np.full_like(value, 0.46)
    _cortex(inner, place, _Surface(depth, fissure, top, centre, half, width))
    _below(inner, place, depth)
    _paint(value, mask * (1 - between), inner)


@dataclass(frozen=True, eq=False)
class _Surface:
    """Where a voxel lies to the surface of the cerebrum, in mm."""

    depth: Field  # below the outer surface
    fissure: Field  # beside the cleft between the hemispheres
    top: Field
    centre: Field
    half: Field
    width: Field


def _cortex(inner: Field, place: _Place, surface: _Surface) -> None:
    callosum = surface.top + 1.22
    above = _soft(callosum - 0.1 - place.d, 0.22)
    # Medial cortex faces the fissure, so its layers count from there.
    depth = surface.depth
    folded = np.minimum(depth, surface.fissure * above + depth * (1 - above))
    # Ventral cortex is thinner.
    low = np.clip((place.d - surface.centre) / surface.half, 0, 1)
    patch = _mottle(place, 0.5)
    shade = _at(_CORTEX, np.clip(folded * (1 + 0.5 * low) + 0.012 * patch, 0, 9))
    shade = shade + 0.018 * patch
    # No layered cortex at the base of the brain, near the midline.
    base = _soft(place.d - surface.centre - 0.42 * surface.half, 0.35)
    base *= _soft(0.56 * surface.width - place.m, 0.3)
    plain = 0.46 + 0.03 * _mottle(place, 0.3) + 0.45 * _soft(0.05 - depth, 0.04)
    inner[:] = shade + (plain - shade) * base
    band = 0.13 - np.abs(place.d - callosum - 0.14 - 0.10 * place.m**2)
    band = _soft(band) * _soft(1.35 - place.m, 0.2)
    band *= _soft(place.a - 4.4, 0.1) * _soft(9.0 - place.a, 0.1)
    _paint(inner, band, 0.20)


def _below(inner: Field, place: _Place, depth: Field) -> None:
    """Striatum, septum, ventricles, hippocampus, thalamus, commissures."""
    striatum = _ball(place, (5.5, 3.9, 2.35), (2.0, 1.7, 1.22))
    bundles = _soft(_mottle(place, 0.13, 2.5, striatum < 1.05) - 0.75, 0.25)
    _paint(
        inner, _soft(1 - striatum, 0.03) * _soft(depth - 1.15), 0.64 - 0.40 * bundles
    )
    septum = _ball(place, (5.7, 3.5, 0.0), (1.1, 1.3, 0.70))
    _paint(
        inner,
        _soft(1 - septum, 0.06),
        0.53 + 0.02 * _mottle(place, 0.25, where=septum < 1.1),
    )
    _hippocampus(inner, place, depth)
    thalamus = _ball(place, (8.0, 4.75, 0.0), (1.45, 1.45, 2.3))
    _paint(inner, _soft(1.10 - thalamus, 0.04), 0.24)
    core = thalamus < 1.05
    nuclei = 0.43 + 0.055 * _mottle(place, 0.6, where=core)
    nuclei = nuclei + 0.03 * _mottle(place, 0.15, where=core)
    _paint(inner, _soft(1 - thalamus, 0.03), nuclei)
    _ventricles(inner, place)
    for centre, radii in (
        ((4.6, 4.95, 1.05), (1.35, 0.21, 0.19)),  # anterior commissure, both limbs
        ((5.9, 4.9, 0.0), (0.16, 0.16, 1.1)),  # and where they cross
        ((7.0, 5.9, 0.48), (1.2, 0.13, 0.12)),  # fornix
        ((7.6, 7.15, 1.75), (1.3, 0.16, 0.55)),  # optic tract
    ):
        _paint(inner, _soft(1 - _ball(place, centre, radii), 0.1), 0.19)


def _hippocampus(inner: Field, place: _Place, depth: Field) -> None:
    across = (depth - 1.26) * np.float32(1 / 1.55)
    upper = _ball(place, (8.5, 2.6, 1.75), (1.75, 1.75, 2.1))
    lower = _ball(place, (8.95, 4.4, 3.3), (1.0, 1.9, 1.35))
    mask = _soft((1 - np.minimum(upper, lower)) * 1.5, 0.03)
    mask *= _soft(across, 0.02) * _soft(1 - across, 0.02)
    mask *= _soft(place.m - 0.16, 0.05)
    wavy = np.clip(across + 0.006 * _mottle(place, 0.4, where=mask > 0), 0, 1)
    _paint(inner, mask, _at(_HIPPOCAMPUS, wavy))


def _ventricles(inner: Field, place: _Place) -> None:
    outer = _ball(place, (6.0, 2.75, 1.05), (1.5, 0.95, 0.50))
    bite = _ball(place, (6.0, 2.95, 0.78), (1.9, 1.10, 0.50))
    _paint(inner, _soft(1 - outer, 0.05) * _soft(bite - 1, 0.05), 0.03)
    third = _ball(place, (7.5, 5.4, 0.0), (1.5, 1.75, 0.075))
    joined = _ball(place, (7.7, 4.9, 0.0), (0.9, 0.9, 1.0))  # massa intermedia
    _paint(inner, _soft(1 - third, 0.2) * _soft(joined - 1, 0.06), 0.03)
    dorsal = _ball(place, (7.6, 3.05, 0.0), (1.1, 0.22, 0.30))
    _paint(inner, _soft(1 - dorsal, 0.1), 0.05)


def tissue(a: Field, d: Field, m: Field) -> Field:
    """Brightness of the tissue, 0 (nothing) to about 1.2 (the bright pia).

    Parameters
    ----------
    a, d, m
        float32 arrays of one shape: mm backwards, downwards and to the right.

    Returns
    -------
    float32 array of the same shape.
    """
    # The mm grid is bent a little, so that no two sides of a brain are alike.
    bent = m + 0.05 * np.sin(0.9 * a + 0.6 * d) - 0.03 * np.sin(1.7 * d)
    down = d + 0.04 * np.sin(1.1 * m + 0.8) + 0.03 * np.sin(1.4 * a)
    place = _Place(a, down, np.abs(bent), (bent > 0).astype(np.float32))
    value = np.full(a.shape, 0.012, np.float32)
    for chosen, draw in (
        (a > 8.0, _behind),
        (a < 3.7, _bulbs),
        ((a > 1.9) & (a < 10.6), _cerebrum),
    ):
        if chosen.any():
            part = value[chosen]
            draw(part, place.where(chosen))
            value[chosen] = part
    return value


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
