"""Computing a transform while disks, files and connections fail."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from brain_files import brain_voxels, store_brain
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import ConnectionLost, UnreadableFile
from labdata_napari.lab import computing
from labs import files_below, postgresql, rows_everywhere
from small_disk import on_a_small_disk

if TYPE_CHECKING:
    from pathlib import Path

HALF = TransformParameters(downsample=(1, 1, 0.5, 0.5))


@pytest.fixture
def waiting(lab: Any, store: Path) -> dict[str, Any]:
    """A brain with parameters; the key of the transform."""
    brain = store_brain(lab, store, brain_voxels())
    number = lab.brains.add_transform_parameters(brain, HALF)
    return {**brain, "transform_id": number}


def end_session(lab: Any, place: Any) -> None:
    number = lab.connection.connection_id
    ending = (
        f"SELECT pg_terminate_backend({number}, 5000)"
        if place.backend == "postgresql"
        else f"KILL {number}"
    )
    place.sql(ending)


def test_a_connection_lost_before_the_rows_comes_back(
    lab: Any, lab_place: Any, store: Path, waiting: dict[str, Any]
) -> None:
    def cut(done: int, total: int) -> None:
        if done == total:
            end_session(lab, lab_place)

    lab.brains.compute_transform(waiting, cut)
    [row] = (lab.FixedBrainTransform & waiting).to_dicts()
    assert (store / row["file_path"]).exists()


def test_a_connection_that_stays_away_leaves_nothing(
    lab: Any,
    lab_place: Any,
    store: Path,
    waiting: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = rows_everywhere(lab), files_below(store)
    monkeypatch.setattr(computing, "_PATIENCE_S", 0.0)

    def cut(done: int, total: int) -> None:
        if done == total:
            end_session(lab, lab_place)

    with pytest.raises(ConnectionLost):
        lab.brains.compute_transform(waiting, cut)
    lab.reconnect()
    assert (rows_everywhere(lab), files_below(store)) == before
    lab.brains.compute_transform(waiting)


@postgresql
def test_a_broken_chunk_leaves_nothing_and_says_which_file(
    lab: Any, store: Path, waiting: dict[str, Any]
) -> None:
    [path] = store.rglob("brain.zarr.zip")
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        # the second group of four planes
        [place] = [i for i in archive.infolist() if i.filename == "1.0.0.0"]
    broken = bytearray(whole)
    start = place.header_offset + 60
    broken[start : start + 200] = bytes(200)
    path.write_bytes(broken)
    before = rows_everywhere(lab), files_below(store)
    with pytest.raises(UnreadableFile, match=r"brain\.zarr\.zip"):
        lab.brains.compute_transform(waiting)
    assert (rows_everywhere(lab), files_below(store)) == before
    path.write_bytes(whole)
    lab.brains.compute_transform(waiting)


_FULL = """
import json, sys
from pathlib import Path
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.files import Files
from labdata_napari.lab.instances import new_instance
from labdata_napari.lab.lab import Lab
given = json.loads(sys.argv[1])
files = Files([given["disk"], given["store"]])
url = "mysql://test@host:3306"
lab = Lab(new_instance(**given["parameters"]), url, "lab_data", None, files)
try:
    lab.FixedBrainTransform.populate()
except WriteRefused as error:
    print("refused:", error)
print(sorted(str(p) for p in Path(given["disk"]).rglob("*")))
"""


@postgresql
def test_a_full_disk_leaves_nothing_and_the_next_one_goes_on(
    lab: Any, lab_place: Any, store: Path, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).integers(0, 65535, (60, 1, 200, 200), np.uint16)
    key = store_brain(lab, store, noise)
    lab.brains.add_transform_parameters(key, TransformParameters())
    before = rows_everywhere(lab)
    disk = tmp_path / "disk"
    disk.mkdir()
    given = {
        "disk": str(disk),
        "store": str(store),
        "parameters": lab_place.parameters,
    }
    said = on_a_small_disk(1, disk, "-c", _FULL, json.dumps(given))
    first, listed = said.splitlines()
    assert first.startswith("refused:")
    assert "make room" in first
    assert listed == "[]"
    assert rows_everywhere(lab) == before
    assert lab.FixedBrainTransform.populate()["success_count"] == 1
