"""The demo's atlas beside an embedded demo lab, and its brain laid into it."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from labdata_napari.core.progress import Progress, silent
from labdata_napari.demo.atlas import (
    ATLAS,
    NAME,
    annotation,
    atlas_matrix,
    demo_regions,
)

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.transform import Plan
    from labdata_napari.demo.truth import DemoTruth
    from labdata_napari.lab.lab import Lab

RESOLUTION_UM = 50.0
"""Of the atlas at scale 1."""


def write_demo_atlas(lab: Lab, scale: float, progress: Progress = silent) -> str | None:
    """Write the atlas where an embedded lab looks for its own; return its name.

    Other labs have no folder for it: None.
    """
    from labdata_napari.demo.atlas_writing import write_version3
    from labdata_napari.lab.copying import writing

    folder = _folder(lab)
    if folder is None:
        return None
    resolution = RESOLUTION_UM / scale
    volume = annotation(resolution, progress)
    remove_demo_atlas(lab)
    with writing(folder):
        made = write_version3(folder, NAME, volume, demo_regions(), resolution)
    return made.parent.name


def remove_demo_atlas(lab: Lab) -> None:
    """Take back what `write_demo_atlas` wrote."""
    folder = _folder(lab)
    if folder is None:
        return
    top = folder / "brainglobe-atlasapi"
    kinds = ("annotation-sets", "terminologies", "atlases")
    for kind in kinds:
        for made in (top / kind).glob(f"{NAME}[-_]*"):
            shutil.rmtree(made, ignore_errors=True)
    for emptied in (*(top / kind for kind in kinds), top, folder):
        with contextlib.suppress(OSError):  # it is not there, or others are in it
            emptied.rmdir()


def lay_into_atlas(lab: Lab, truth: DemoTruth, plan: Plan, atlas: str) -> None:
    """Say of the coronal brain's transform how it truly lies in the atlas."""
    from labdata_napari.core.registration import AtlasMapping, as_rows
    from labdata_napari.lab.atlas_choice import AtlasChoice, keep_atlas

    brain = truth.brains[0]
    matrix = as_rows(atlas_matrix(brain, plan))
    mapping = AtlasMapping(atlas, "given", matrix, brain.orientation)
    choice = AtlasChoice(atlas, brain.orientation, mapping, ATLAS)
    keep_atlas(lab, truth.transform_key, choice)


def _folder(lab: Lab) -> Path | None:
    from labdata_napari.lab.address import EmbeddedAddress, is_embedded, parse
    from labdata_napari.lab.atlases import FOLDER

    if not is_embedded(lab.url):
        return None
    address = parse(lab.url)
    return address.root / FOLDER if isinstance(address, EmbeddedAddress) else None
