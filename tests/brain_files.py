"""Small brains on disk, as labdata writes them, with their rows."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from labs import add_brain

if TYPE_CHECKING:
    from pathlib import Path


def brain_voxels(seed: int = 1) -> np.ndarray:
    """(12, 2, 20, 16) voxels, smooth but for a little noise, uint16."""
    z, c, y, x = np.indices((12, 2, 20, 16), dtype=float)
    noise = np.random.default_rng(seed).normal(0, 2, z.shape)
    return (500 + 100 * z + 20 * y + 7 * x + 3000 * c + noise).astype(np.uint16)


def write_labdata_zip(path: Path, data: np.ndarray) -> Path:
    """Write an array as labdata does: zarr 2, bare, in a zip, four frames a chunk."""
    import zarr

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.with_name("to-zip")
    chunks = (4, *(1 for _ in data.shape[1:-2]), *data.shape[-2:])
    array = zarr.create_array(
        folder, shape=data.shape, chunks=chunks, dtype=data.dtype, zarr_format=2
    )
    array[:] = data
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    shutil.rmtree(folder)
    return path


def store_brain(
    lab: Any, store: Path, data: np.ndarray, **columns: Any
) -> dict[str, str]:
    """A brain (Z, C, Y, X) of 10 × 5 × 4 µm with its file and rows; its key."""
    row = {
        "num_channels": data.shape[1],
        "height": data.shape[2],
        "width": data.shape[3],
        "um_per_pixel": [10.0, 5.0, 4.0],
    }
    key = add_brain(lab, "brain.zarr.zip", **row, **columns)
    write_labdata_zip(store.joinpath(*key.values(), "brain.zarr.zip"), data)
    channels = [
        {**key, "channel_index": c, "channel_description": f"label {c}"}
        for c in range(data.shape[1])
    ]
    lab.FixedBrain.Channel.insert(channels, allow_direct_insert=True)
    return key
