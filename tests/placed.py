"""Brains and recordings whose files lie where their rows say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labs import add_brain
from stack_files import labdata_zip

if TYPE_CHECKING:
    from pathlib import Path

VOXELS = np.random.default_rng(1).integers(0, 4000, (6, 2, 30, 40), np.uint16)
UM = np.array([25.0, 10.0, 5.0])


def at(lab: Any, store: Path, table: str = "FixedBrain") -> Path:
    """Where the file of the table's one row belongs, its folder made."""
    path = store / getattr(lab, table).fetch1("file_path")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def placed_brain(lab: Any, store: Path) -> dict[str, str]:
    """A brain of `VOXELS` with its file; its key."""
    key = add_brain(lab, name="a.zarr.zip", um_per_pixel=UM)
    labdata_zip(at(lab, store), VOXELS)
    return key
