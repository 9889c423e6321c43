"""Brains as microscopes write them, to be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from labdata_napari.lab.ingest import BrainImport

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("M1", "20260101_120000", "brain")
VOXELS = np.random.default_rng(1).integers(0, 4000, (6, 2, 30, 40), np.uint16)
OME = {
    "axes": "ZCYX",
    "PhysicalSizeZ": 25.0,
    "PhysicalSizeY": 10.0,
    "PhysicalSizeX": 5.0,
    "PhysicalSizeZUnit": "µm",
    "PhysicalSizeYUnit": "µm",
    "PhysicalSizeXUnit": "µm",
    "Channel": {
        "Name": ["autofluorescence", "DiI"],
        "EmissionWavelength": [520, 565],
        "EmissionWavelengthUnit": ["nm", "nm"],
    },
}


def ome_tiff(path: Path, voxels: Any = VOXELS, **changed: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, voxels, ome=True, metadata=OME | changed)
    return path


def request(file: Path, **changed: Any) -> BrainImport:
    subject, session, dataset = NAMES
    return BrainImport(
        file, **{"subject": subject, "session": session, "dataset": dataset} | changed
    )
