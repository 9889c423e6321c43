"""Which region a place of the invented brain is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.demo.anatomy import tissue
from labdata_napari.demo.shapes import (
    BULB,
    LOWER_HIPPOCAMPUS,
    SEPTUM,
    STRIATUM,
    THALAMUS,
    UPPER_HIPPOCAMPUS,
    ball,
    bend,
    surface_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.demo.shapes import Field

REGIONS = ("outside", "OLF", "CTX", "fiber", "CP", "LS", "HPF", "TH", "HB", "CB")
"""What `region` returns the index of: nothing, olfactory bulb, cortex, white matter,
striatum, septum, hippocampus, thalamus, brainstem with colliculi, cerebellum. Other
places below the cortex count as "HB"."""


def region(a: Field, d: Field, m: Field) -> NDArray[np.int16]:
    """Tell which region a place is in, as an index into `REGIONS`.

    Parameters
    ----------
    a, d, m
        As for `tissue`.
    """
    place = bend(a, d, m)
    surface = surface_of(place)
    across = (surface.depth - 1.26) / 1.55
    hippocampus = (
        np.minimum(ball(place, *UPPER_HIPPOCAMPUS), ball(place, *LOWER_HIPPOCAMPUS)) < 1
    )
    low = (place.d > surface.centre + 0.42 * surface.half) & (
        place.m < 0.56 * surface.width
    )
    inside = (surface.depth > 0) & (surface.width > 0.05) & (surface.fissure > 0)
    cerebellum = ball(place, (11.4, 2.75, 0.0), (1.65, 2.1, 3.7)) < 1
    choices = (
        (inside & (ball(place, *THALAMUS) < 1), "TH"),
        (inside & hippocampus & (across > 0) & (across < 1), "HPF"),
        (inside & (ball(place, *SEPTUM) < 1), "LS"),
        (inside & (ball(place, *STRIATUM) < 1) & (surface.depth > 1.15), "CP"),
        (inside & ~low & (surface.depth < 1.02), "CTX"),
        (inside & ~low & (surface.depth < 1.26), "fiber"),
        (inside, "HB"),
        (ball(place, *BULB) < 1, "OLF"),
        (cerebellum, "CB"),
    )
    found = np.select(
        [chosen for chosen, _ in choices],
        [np.int16(REGIONS.index(name)) for _, name in choices],
        np.int16(0),
    ).astype(np.int16)
    # tissue costs more than all of the above: only of what is none of it
    rest = (found == 0) & (surface.depth < -0.05)
    bright = tissue(a[rest], d[rest], m[rest]) > 0.2
    found[rest] = np.where(bright, REGIONS.index("HB"), 0)
    return found


PARTS = ("", "CTX1", "CTX2/3", "CTX4", "CTX5", "CTX6", "CA1", "DG")
"""What `part_of` returns the index of: none, layers of cortex, hippocampal fields."""

_LAYERS_MM = (0.155, 0.36, 0.52, 0.76)  # borders of the layers below the surface
_FIELDS = (0.54,)  # border of the fields, across the hippocampus


def part_of(
    coarse: NDArray[np.int16], a: Field, d: Field, m: Field
) -> NDArray[np.int16]:
    """Tell the part of its region that a place is in, as an index into `PARTS`.

    Parameters
    ----------
    coarse
        What `region` says of the places.
    a, d, m
        As for `tissue`.
    """
    part = np.zeros(coarse.shape, np.int16)
    cortex = coarse == REGIONS.index("CTX")
    hippocampus = coarse == REGIONS.index("HPF")
    either = cortex | hippocampus
    depth = np.zeros(coarse.shape, np.float32)
    depth[either] = surface_of(bend(a[either], d[either], m[either])).depth
    across = (depth[hippocampus] - 1.26) / 1.55
    part[cortex] = 1 + np.searchsorted(_LAYERS_MM, depth[cortex], side="right")
    part[hippocampus] = 6 + np.searchsorted(_FIELDS, across, side="right")
    return part
