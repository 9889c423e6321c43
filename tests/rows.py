"""Rows and small files that tests begin with."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.datetime(2026, 1, 31, 9, 30)


def add_dataset(
    tables: Any, subject: str = "M1", dataset: str = "brain"
) -> dict[str, str]:
    """A subject, a session and a dataset, as far as they are not there; the key."""
    key = {"subject_name": subject, "session_name": "20260131_093000"}
    quiet = {"skip_duplicates": True}
    species = {"species_name": "mouse", "species_scientific_name": "Mus musculus"}
    tables.Species.insert1(species, **quiet)
    tables.Strain.insert1({"strain_name": "wild", "species_name": "mouse"}, **quiet)
    member = {"user_name": "ada", "date_joined": NOW.date()}
    tables.LabMember.insert1(member, **quiet)
    tables.Subject.insert1(
        {
            "subject_name": subject,
            "subject_dob": NOW.date(),
            "subject_sex": "F",
            "strain_name": "wild",
            "user_name": "ada",
        },
        **quiet,
    )
    session = {"session_datetime": NOW, "experimenter": "ada"}
    tables.Session.insert1({**key, **session}, **quiet)
    tables.Dataset.insert1({**key, "dataset_name": dataset}, **quiet)
    return {**key, "dataset_name": dataset}


def add_file(tables: Any, folder: Path, key: dict[str, str], path: Path) -> dict:
    """A `File` row for a file below `folder`; its key."""
    place = {"file_path": path.relative_to(folder).as_posix(), "storage": "data"}
    tables.File.insert1(
        {
            **place,
            "file_datetime": NOW,
            "file_size": float(path.stat().st_size),
            "file_md5": hashlib.md5(path.read_bytes()).hexdigest(),
        }
    )
    tables.Dataset.DataFiles.insert1({**key, **place})
    return place


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


def add_brain(
    tables: Any, folder: Path, data: np.ndarray, um: Any = (10.0, 5.0, 4.0), **rows: Any
) -> dict[str, str]:
    """A fixed brain (Z, C, Y, X) and its file below `folder`; its key."""
    key = add_dataset(tables, **rows)
    path = write_labdata_zip(folder.joinpath(*key.values(), "brain.zarr.zip"), data)
    brain = {
        "num_channels": data.shape[1],
        "height": data.shape[2],
        "width": data.shape[3],
        "um_per_pixel": um,
        "hardware": "lightsheet",
    }
    place = add_file(tables, folder, key, path)
    tables.FixedBrain.insert1({**key, **place, **brain}, allow_direct_insert=True)
    channels = [
        {**key, "channel_index": c, "channel_description": f"label {c}"}
        for c in range(data.shape[1])
    ]
    tables.FixedBrain.Channel.insert(channels, allow_direct_insert=True)
    return key


def brain_voxels(
    shape: tuple[int, int, int, int] = (12, 2, 20, 16), seed: int = 1
) -> np.ndarray:
    """Smooth voxels that are all different from one another, uint16."""
    z, c, y, x = np.indices(shape, dtype=float)
    noise = np.random.default_rng(seed).normal(0, 2, shape)
    return (500 + 100 * z + 20 * y + 7 * x + 3000 * c + noise).astype(np.uint16)
