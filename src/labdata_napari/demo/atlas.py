"""The atlas of the invented brain: its regions as numbers, in a straight volume.

Its axes are BrainGlobe's "asr", and its edges those of a full-size stack that the
brain lies straight in the middle of. So where a place of the brain is in it is known
exactly: `atlas_um`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.atlas_regions import Region, Regions
from labdata_napari.core.progress import Progress, silent
from labdata_napari.demo.regions import PARTS, REGIONS, part_of, region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.transform import Plan
    from labdata_napari.demo.brain import BrainTruth

ATLAS = "demo"
"""``atlas_id`` of its rows."""
NAME = "demo_mouse"
EXTENT_UM = (13600.0, 8400.0, 11600.0)
"""Of the volume along its axes: backwards, downwards, leftwards."""
ROOT = 997

_CORNER_MM = (-0.2, -0.2, 5.8)  # a, d, m of the volume's first edges
_MIDDLE_MM = (6.6, 4.0, 0.0)
_NAMES = {
    "OLF": ("Olfactory bulb", 0x9AD2BD),
    "CTX": ("Cortex", 0xB0FFB8),
    "fiber": ("White matter", 0xCCCCCC),
    "CP": ("Caudoputamen", 0x98D6F9),
    "LS": ("Lateral septum", 0x90CBED),
    "HPF": ("Hippocampal formation", 0x7ED04B),
    "TH": ("Thalamus", 0xFF7080),
    "HB": ("Brainstem and colliculi", 0xFF9B88),
    "CB": ("Cerebellum", 0xF0F080),
}
# Numbers as large as Allen's are: they need 32 bits.
_PARTS = {
    "CTX1": (312782604, "CTX", "Cortex, layer 1", 0xD9FFDD),
    "CTX2/3": (312782608, "CTX", "Cortex, layer 2/3", 0xB0FFB8),
    "CTX4": (312782612, "CTX", "Cortex, layer 4", 0x8CEB96),
    "CTX5": (312782616, "CTX", "Cortex, layer 5", 0x6FD67B),
    "CTX6": (312782620, "CTX", "Cortex, layer 6", 0x56BF62),
    "CA1": (484682470, "HPF", "Hippocampus, field CA1", 0x7ED04B),
    "DG": (484682508, "HPF", "Dentate gyrus", 0x5FB02E),
}


def demo_regions() -> Regions:
    """Return the regions, as the demo lab's table of them has them."""
    found = [Region(ROOT, "root", "Brain", (255, 255, 255), (ROOT,))]
    for number, acronym in enumerate(REGIONS[1:], 1):
        name, color = _NAMES[acronym]
        found.append(Region(number, acronym, name, _rgb(color), (ROOT, number)))
    for acronym, (number, parent, name, color) in _PARTS.items():
        path = (ROOT, REGIONS.index(parent), number)
        found.append(Region(number, acronym, name, _rgb(color), path))
    return Regions(tuple(found))


def region_ids(a: NDArray[Any], d: NDArray[Any], m: NDArray[Any]) -> NDArray[np.uint32]:
    """Tell the number of the finest region places are in; coordinates as `tissue`."""
    coarse = region(a, d, m)
    part = part_of(coarse, a, d, m)
    numbers = np.array([0, *(_PARTS[name][0] for name in PARTS[1:])], np.uint32)
    return np.where(part > 0, numbers[part], coarse).astype(np.uint32)


def annotation(resolution_um: float, progress: Progress = silent) -> NDArray[np.uint32]:
    """Draw the volume of region numbers; 0 where there is no brain.

    Parameters
    ----------
    resolution_um
        Of its voxels; 50 takes some seconds, 100 about one.
    progress
        Told planes done and in all.
    """
    shape = tuple(round(extent / resolution_um) for extent in EXTENT_UM)
    volume = np.zeros(shape, np.uint32)
    middles = [(np.arange(n) + 0.5) * resolution_um for n in shape]

    def draw(number: int) -> None:
        places = np.meshgrid(middles[0][number], *middles[1:], indexing="ij")
        mm = brain_mm(np.stack(places, axis=-1)[0]).astype(np.float32)
        # Skip the empty corners: everything outside a roomy ellipsoid.
        away = (mm - np.array(_MIDDLE_MM, np.float32)) / (7.2, 4.6, 6.2)
        near = (away**2).sum(axis=-1) < 1
        if near.any():
            a, d, m = np.ascontiguousarray(mm[near].T)
            volume[number][near] = region_ids(a, d, m)

    pool = ThreadPoolExecutor()
    try:
        for done, _ in enumerate(pool.map(draw, range(shape[0]))):
            progress(done + 1, shape[0])
    finally:
        pool.shutdown(cancel_futures=True)
    return volume


def atlas_um(mm: ArrayLike) -> NDArray[np.float64]:
    """Turn places (N, 3) of the brain (a, d, m in mm) into µm of the atlas."""
    moved = np.asarray(mm, np.float64) - _CORNER_MM
    return np.asarray(moved * (1000.0, 1000.0, -1000.0))


def brain_mm(um: ArrayLike) -> NDArray[np.float64]:
    """Turn places (N, 3) of the atlas in µm into mm of the brain."""
    scaled = np.asarray(um, np.float64) / (1000.0, 1000.0, -1000.0)
    return np.asarray(scaled + _CORNER_MM)


def _rgb(color: int) -> tuple[int, int, int]:
    return color >> 16, (color >> 8) & 255, color & 255


def atlas_matrix(brain: BrainTruth, plan: Plan) -> NDArray[np.float64]:
    """Return the true 4 × 4 from pixels of a brain's transform to µm of the atlas."""
    corners = np.vstack([np.zeros(3), np.eye(3)])
    stack = plan.points_to_source(corners) * np.array(brain.um_per_pixel)
    um = atlas_um(brain.pose.to_brain(stack))
    matrix = np.eye(4)
    matrix[:3, :3] = (um[1:] - um[0]).T
    matrix[:3, 3] = um[0]
    return matrix
