"""Small atlases for tests, with numbers as large as Allen's."""

from __future__ import annotations

from typing import Any

import numpy as np

from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.atlas_regions import Region, Regions

VISA, VISA1 = 312782546, 312782550
REGIONS = Regions(
    (
        Region(997, "root", "root", (255, 255, 255), (997,)),
        Region(8, "grey", "Grey matter", (191, 218, 227), (997, 8)),
        Region(315, "CTX", "Cortex", (112, 255, 112), (997, 8, 315)),
        Region(VISA, "VISa", "Anterior area", (8, 133, 140), (997, 8, 315, VISA)),
        Region(
            VISA1, "VISa1", "Anterior area, 1", (8, 130, 1), (997, 8, 315, VISA, VISA1)
        ),
        Region(549, "TH", "Thalamus", (255, 112, 128), (997, 8, 549)),
    )
)


def layered() -> np.ndarray[Any, Any]:
    """(20, 16, 24), "asr"; downwards root, VISa1, VISa, TH; a margin of two empty."""
    volume = np.zeros((20, 16, 24), np.uint32)
    for row, number in ((2, 997), (4, VISA1), (6, VISA), (10, 549)):
        volume[2:-2, row:14, 2:-2] = number
    return volume


def layered_atlas(resolution_um: float = 100.0) -> AtlasVolume:
    return AtlasVolume("layers", layered(), (resolution_um,) * 3, "asr", REGIONS)
