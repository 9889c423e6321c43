"""An invented mouse brain: tissue brightness at any place, from formulas alone.

Coordinates are millimetres in the brain's own frame: ``a`` from the tip of the
olfactory bulbs (0) backwards to the medulla (13), ``d`` downwards from just above
the cortex (0 to 8), ``m`` sideways from the midline, positive to the right. The
shapes are drawn by eye after what a mouse brain looks like; they are no atlas and
nothing may be measured in them but what `labdata_napari.demo.truth` planted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from labdata_napari.demo.shapes import (
    BULB,
    LENGTH_MM,
    LOWER_HIPPOCAMPUS,
    SEPTUM,
    STRIATUM,
    THALAMUS,
    UPPER_HIPPOCAMPUS,
    Field,
    Place,
    Surface,
    at,
    ball,
    bend,
    sharp_table,
    smooth_table,
    soft,
    surface_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEM_WIDTH = smooth_table((8, 2.3), (9.5, 2.6), (10.5, 2.5), (12, 2.1), (13.2, 1.6))

_CORTEX = sharp_table(
    (0, 1.15), (0.03, 1.12), (0.06, 0.86), (0.14, 0.80), (0.17, 0.62), (0.34, 0.60),
    (0.38, 0.70), (0.50, 0.72), (0.54, 0.57), (0.74, 0.55), (0.78, 0.64), (0.98, 0.60),
    (1.02, 0.30), (1.05, 0.20), (1.22, 0.20), (1.28, 0.46), (9, 0.46),
)  # fmt: skip
_HIPPOCAMPUS = sharp_table(
    (0.0, 0.25), (0.06, 0.30), (0.09, 0.62), (0.24, 0.66), (0.26, 0.34), (0.30, 0.32),
    (0.33, 0.66), (0.52, 0.70), (0.56, 0.86), (0.66, 0.88), (0.70, 0.60), (0.76, 0.60),
    (0.78, 0.34), (0.82, 0.32), (0.85, 0.58), (0.95, 0.60), (1.0, 0.40),
)  # fmt: skip
_FOLIUM = sharp_table(
    (0, 0.95), (0.03, 0.74), (0.17, 0.68), (0.19, 0.46), (0.30, 0.44), (0.33, 0.22),
    (3, 0.20),
)  # fmt: skip
_BULB = sharp_table(
    (0, 0.5), (0.05, 0.62), (0.10, 0.95), (0.24, 0.90), (0.28, 0.62), (0.46, 0.60),
    (0.48, 0.34), (0.54, 0.34), (0.57, 0.60), (0.80, 0.50), (1.0, 0.30),
)  # fmt: skip


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
    place: Place,
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


def _behind(value: Field, place: Place) -> None:
    """Brainstem, colliculi and cerebellum: everything behind the cerebrum."""
    stem = np.hypot(
        place.m / at(_STEM_WIDTH, place.a),
        (place.d - 5.6) / (1.75 - 0.12 * np.clip(place.a - 10, 0, 3)),
    ).astype(np.float32)
    body = soft((1 - stem) * 1.7) * soft(place.a - 8.2, 0.3)
    body *= soft(np.float32(LENGTH_MM - 0.15) - place.a, 0.15)
    grain = 0.38 + 0.035 * _mottle(place, 0.5) + 0.025 * _mottle(place, 0.15, 3)
    _paint(value, body, grain + 0.35 * soft(stem - 0.95, 0.04))
    for centre, radii in (
        ((9.75, 2.45, 1.0), (1.0, 1.05, 1.15)),  # superior colliculus
        ((10.45, 2.75, 1.35), (0.6, 0.85, 0.95)),  # inferior colliculus
    ):
        dome = ball(place, centre, radii)
        layers = (
            0.62
            - 0.25 * soft(0.82 - dome, 0.15)
            + 0.02 * _mottle(place, 0.2, where=dome < 1.05)
        )
        _paint(value, soft(1 - dome), layers)
    _cerebellum(value, place)
    aqueduct = ball(place, (9.6, 3.9, 0.0), (1.6, 0.13, 0.12))
    _paint(value, soft(1 - aqueduct, 0.15), 0.04)


def _cerebellum(value: Field, place: Place) -> None:
    """Folia: molecular and granular layers around a tree of white matter."""
    parts = (
        ((11.1, 4.0, 3.75), (0.75, 0.85, 1.0), (10.9, 4.0, 3.2), 6),  # paraflocculus
        ((11.4, 2.75, 0.0), (1.65, 2.1, 3.7), (10.75, 3.8, 0.0), 13),
    )
    ridge = 0.26 * np.cos(np.clip(place.m * 2.1, 0, np.pi)).astype(np.float32)
    swell = 0.10 * np.cos(place.m * 3.9).astype(np.float32)
    for centre, radii, root, folia in parts:
        shifted = Place(place.a, place.d + ridge, place.m, place.side)
        radius = ball(shifted, centre, radii)
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
        tissue_ = at(_FOLIUM, np.clip(np.minimum(depth, fissure), 0, 3))
        tissue_ += 0.02 * _mottle(place, 0.2, where=radius < 1.05)
        tissue_ *= soft(fissure - 0.012, 0.012)  # the pia between folia is empty
        _paint(value, soft(radius - 1.0, 0.02) * soft(1.05 - radius, 0.02), 0.012)
        _paint(value, soft(1 - radius, 0.02), tissue_)


def _bulbs(value: Field, place: Place) -> None:
    bulb = ball(place, *BULB)
    shade = at(_BULB, np.clip((1 - bulb) * 0.95, 0, 1))
    _paint(value, soft((1 - bulb) * 0.9), shade)


def _cerebrum(value: Field, place: Place) -> None:
    """Cortex with layers, white matter, and the nuclei below."""
    surface = surface_of(place)
    between = soft(surface.top + 1.22 - place.d, 0.25) * soft(-surface.fissure, 0.02)
    gap = soft(surface.depth + 0.10, 0.05) * (surface.depth > -0.2)
    _paint(value, gap * (1 - between), 0.012)
    mask = soft(surface.depth, 0.02) * (surface.width > 0.05)
    inner = np.full_like(value, 0.46)
    _cortex(inner, place, surface)
    _below(inner, place, surface.depth)
    _paint(value, mask * (1 - between), inner)


def _cortex(inner: Field, place: Place, surface: Surface) -> None:
    callosum = surface.top + 1.22
    above = soft(callosum - 0.1 - place.d, 0.22)
    # Medial cortex faces the fissure, so its layers count from there.
    depth = surface.depth
    folded = np.minimum(depth, surface.fissure * above + depth * (1 - above))
    # Ventral cortex is thinner.
    low = np.clip((place.d - surface.centre) / surface.half, 0, 1)
    patch = _mottle(place, 0.5)
    shade = at(_CORTEX, np.clip(folded * (1 + 0.5 * low) + 0.012 * patch, 0, 9))
    shade = shade + 0.018 * patch
    # No layered cortex at the base of the brain, near the midline.
    base = soft(place.d - surface.centre - 0.42 * surface.half, 0.35)
    base *= soft(0.56 * surface.width - place.m, 0.3)
    plain = 0.46 + 0.03 * _mottle(place, 0.3) + 0.45 * soft(0.05 - depth, 0.04)
    inner[:] = shade + (plain - shade) * base
    band = 0.13 - np.abs(place.d - callosum - 0.14 - 0.10 * place.m**2)
    band = soft(band) * soft(1.35 - place.m, 0.2)
    band *= soft(place.a - 4.4, 0.1) * soft(9.0 - place.a, 0.1)
    _paint(inner, band, 0.20)


def _below(inner: Field, place: Place, depth: Field) -> None:
    """Striatum, septum, ventricles, hippocampus, thalamus, commissures."""
    striatum = ball(place, *STRIATUM)
    bundles = soft(_mottle(place, 0.13, 2.5, striatum < 1.05) - 0.75, 0.25)
    _paint(inner, soft(1 - striatum, 0.03) * soft(depth - 1.15), 0.64 - 0.40 * bundles)
    septum = ball(place, *SEPTUM)
    _paint(
        inner,
        soft(1 - septum, 0.06),
        0.53 + 0.02 * _mottle(place, 0.25, where=septum < 1.1),
    )
    _hippocampus(inner, place, depth)
    thalamus = ball(place, *THALAMUS)
    _paint(inner, soft(1.10 - thalamus, 0.04), 0.24)
    core = thalamus < 1.05
    nuclei = 0.43 + 0.055 * _mottle(place, 0.6, where=core)
    nuclei = nuclei + 0.03 * _mottle(place, 0.15, where=core)
    _paint(inner, soft(1 - thalamus, 0.03), nuclei)
    _ventricles(inner, place)
    for centre, radii in (
        ((4.6, 4.95, 1.05), (1.35, 0.21, 0.19)),  # anterior commissure, both limbs
        ((5.9, 4.9, 0.0), (0.16, 0.16, 1.1)),  # and where they cross
        ((7.0, 5.9, 0.48), (1.2, 0.13, 0.12)),  # fornix
        ((7.6, 7.15, 1.75), (1.3, 0.16, 0.55)),  # optic tract
    ):
        _paint(inner, soft(1 - ball(place, centre, radii), 0.1), 0.19)


def _hippocampus(inner: Field, place: Place, depth: Field) -> None:
    across = (depth - 1.26) * np.float32(1 / 1.55)
    upper = ball(place, *UPPER_HIPPOCAMPUS)
    lower = ball(place, *LOWER_HIPPOCAMPUS)
    mask = soft((1 - np.minimum(upper, lower)) * 1.5, 0.03)
    mask *= soft(across, 0.02) * soft(1 - across, 0.02)
    mask *= soft(place.m - 0.16, 0.05)
    wavy = np.clip(across + 0.006 * _mottle(place, 0.4, where=mask > 0), 0, 1)
    _paint(inner, mask, at(_HIPPOCAMPUS, wavy))


def _ventricles(inner: Field, place: Place) -> None:
    outer = ball(place, (6.0, 2.75, 1.05), (1.5, 0.95, 0.50))
    bite = ball(place, (6.0, 2.95, 0.78), (1.9, 1.10, 0.50))
    _paint(inner, soft(1 - outer, 0.05) * soft(bite - 1, 0.05), 0.03)
    third = ball(place, (7.5, 5.4, 0.0), (1.5, 1.75, 0.075))
    joined = ball(place, (7.7, 4.9, 0.0), (0.9, 0.9, 1.0))  # massa intermedia
    _paint(inner, soft(1 - third, 0.2) * soft(joined - 1, 0.06), 0.03)
    dorsal = ball(place, (7.6, 3.05, 0.0), (1.1, 0.22, 0.30))
    _paint(inner, soft(1 - dorsal, 0.1), 0.05)


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
    place = bend(a, d, m)
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
