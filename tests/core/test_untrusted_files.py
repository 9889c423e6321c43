"""Files made to do harm are refused with a sentence, in little memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import lying_files
from far_files import FarFile
from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import InvalidValue, UnreadableFile
from stack_files import ome_set, ome_zarr

BRAIN = np.arange(10 * 2 * 30 * 40, dtype=np.uint16).reshape(10, 2, 30, 40)


@pytest.fixture(scope="module")
def lies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lies") / "store"
    folder.mkdir()
    secret = np.full((1, 64, 64), 4242, np.uint16)
    tifffile.imwrite(folder.parent / "secret.tif", secret)
    made = [*lying_files.zips(folder), *lying_files.tiffs(folder)]
    return folder, {path.name for path in made}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_every_lie_is_refused_with_a_sentence(lies):
    folder, names = lies
    run = [sys.executable, lying_files.__file__, folder]
    done = subprocess.run(run, capture_output=True, text=True, timeout=200)
    told = dict(line.split(" refused: ") for line in done.stdout.splitlines())
    assert set(told) == names, done.stderr[-2000:]
    for name, sentence in told.items():
        assert name in sentence or name == "plane.zip"
        assert len(sentence) < 450
        assert "not a stack" not in sentence


@pytest.mark.parametrize("name", ["claims.zip", "overlap.zip", "strip.tif", "wide.tif"])
def test_lies_from_afar_are_refused_too(lies, name):
    with pytest.raises(UnreadableFile, match=r"damaged"):
        np.asarray(open_stack(FarFile(lies[0] / name)))


def test_more_than_the_memory_is_refused_and_a_part_is_read(lies):
    stack = open_stack(lies[0] / "plane.zip")
    with pytest.raises(InvalidValue, match="more than the memory of this computer"):
        np.asarray(stack)
    assert stack[3, 0, 2**19, :7].tolist() == [0] * 7


def test_parts_of_an_image_are_never_outside_its_folder(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    ome_set(outside, BRAIN)
    for number in range(4):
        name = f"part{number}.ome.tif"
        (inside / name).write_bytes((outside / name).read_bytes())
    (inside / "part4.ome.tif").symlink_to(outside / "part4.ome.tif")
    with pytest.raises(UnreadableFile, match="not in its folder"):
        open_stack(inside / "part0.ome.tif")
    # a folder of links is one folder all the same
    linked = tmp_path / "linked"
    linked.mkdir()
    for number in range(5):
        name = f"part{number}.ome.tif"
        (linked / name).symlink_to(outside / name)
    stack = open_stack(linked / "part0.ome.tif")
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)


def test_nothing_outside_a_zarr_folder_is_read(tmp_path):
    made = zarr.create_array(
        tmp_path / "other.zarr", data=BRAIN, chunks=(5, 1, 30, 40), zarr_format=2
    )
    assert made.nchunks == 4
    zarr.create_array(
        tmp_path / "b.zarr", shape=BRAIN.shape, chunks=(5, 1, 30, 40), dtype="u2",
        zarr_format=2,
    )  # fmt: skip
    (tmp_path / "b.zarr" / "0.0.0.0").symlink_to(tmp_path / "other.zarr" / "0.0.0.0")
    with pytest.raises(UnreadableFile, match="leads out of its folder"):
        np.asarray(open_stack(tmp_path / "b.zarr"))

    path = ome_zarr(tmp_path / "image.zarr", BRAIN)
    attributes = json.loads((path / ".zattrs").read_text())
    attributes["multiscales"][0]["datasets"][0]["path"] = "../other.zarr"
    (path / ".zattrs").write_text(json.dumps(attributes))
    with pytest.raises(UnreadableFile, match="outside of it"):
        open_stack(path)


def test_a_pipe_among_the_chunks_is_not_waited_for(tmp_path):
    import os

    zarr.create_array(tmp_path / "b.zarr", data=BRAIN, zarr_format=2)
    chunk = next(p for p in Path(tmp_path / "b.zarr").iterdir() if p.name[0] == "0")
    chunk.unlink()
    os.mkfifo(chunk)
    with pytest.raises(UnreadableFile, match="no ordinary file"):
        np.asarray(open_stack(tmp_path / "b.zarr"))
