"""Stacks read from afar: the same voxels, few requests, bounded memory, no garbage."""

from __future__ import annotations

import json
import threading
import zipfile

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from far_files import FarFile
from labdata_napari.core.pyramid import pyramid_for
from labdata_napari.core.remote_cache import RemoteBytes
from labdata_napari.core.stacks import open_stack, probe
from labdata_napari.errors import ConnectionLost, UnreadableFile
from stack_files import labdata_zip, ome_set, ome_zarr

RANDOM = np.random.default_rng(3)
BRAIN = RANDOM.integers(0, 4000, (10, 2, 60, 80)).astype(np.uint16)

LARGE = RANDOM.integers(0, 4000, (40, 1, 128, 128)).astype(np.uint16)


def zipped(path, folder):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                target.write(file, file.relative_to(folder).as_posix())
    return path


def tiff(path, **more):
    tifffile.imwrite(path, BRAIN, **more)
    return path


def filtered(folder, path):
    made = zarr.create_array(
        folder, shape=BRAIN.shape, chunks=(5, 1, 60, 80), dtype="u2",
        filters=[zarr.codecs.TransposeCodec(order=(0, 1, 3, 2))],
    )  # fmt: skip
    made[...] = BRAIN
    return zipped(path, folder)


def sharded(folder, path):
    made = zarr.create_array(
        folder, shape=BRAIN.shape, chunks=(2, 1, 30, 40), shards=(4, 1, 60, 80),
        dtype="u2",
    )  # fmt: skip
    made[...] = BRAIN
    return zipped(path, folder)


KINDS = {
    "labdata": lambda p: labdata_zip(p / "b.zarr.zip", BRAIN),
    "labdata deflated": lambda p: labdata_zip(
        p / "b.zarr.zip", BRAIN, compression=zipfile.ZIP_DEFLATED, root="b.zarr/"
    ),
    "OME-Zarr": lambda p: zipped(
        p / "b.ozx", ome_zarr(p / "b.zarr", BRAIN, version="0.5")
    ),
    "sharded": lambda p: sharded(p / "b.zarr", p / "b.zarr.zip"),
    "through zarr": lambda p: filtered(p / "b.zarr", p / "b.zarr.zip"),
    "OME-TIFF": lambda p: tiff(p / "b.ome.tif", ome=True, metadata={"axes": "ZCYX"}),
    "packed OME-TIFF": lambda p: tiff(
        p / "b.ome.tif", ome=True, metadata={"axes": "ZCYX"}, compression="zlib"
    ),
    "tiled OME-TIFF": lambda p: tiff(
        p / "b.ome.tif", ome=True, metadata={"axes": "ZCYX"}, tile=(32, 32)
    ),
    "ImageJ": lambda p: tiff(p / "b.tif", imagej=True, metadata={"axes": "ZCYX"}),
    "plain TIFF": lambda p: tiff(p / "b.tif", metadata={"axes": "ZCYX"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_far_away_is_the_same_stack(tmp_path, kind):
    path = KINDS[kind](tmp_path)
    far, near = FarFile(path), open_stack(path)
    stack = open_stack(far)
    assert (stack.axes, stack.um_per_pixel) == (near.axes, near.um_per_pixel)
    assert (stack.path, stack.remote, stack.where) == (None, far, far.url)
    assert probe(far) == probe(path)
    np.testing.assert_array_equal(np.asarray(stack), BRAIN)
    np.testing.assert_array_equal(stack[:, 1, 7], BRAIN[:, 1, 7])
    for level, other in zip(stack.levels, near.levels, strict=True):
        np.testing.assert_array_equal(np.asarray(level), np.asarray(other))


@pytest.fixture(scope="module")
def big_zip(tmp_path_factory):
    """Zip of 200 planes, each a chunk of 128 KiB, not packed."""
    path = tmp_path_factory.mktemp("big") / "b.zarr.zip"
    described = {
        "zarr_format": 2, "shape": [200, 1, 256, 256], "chunks": [1, 1, 256, 256],
        "dtype": "<u2", "order": "C", "compressor": None, "filters": None,
        "fill_value": 0,
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as target:
        target.writestr(".zarray", json.dumps(described))
        for plane in range(200):
            target.writestr(f"{plane}.0.0.0", plane.to_bytes(2, "little") * 256**2)
    return path


def test_a_zip_opens_in_two_requests_and_each_chunk_is_one(big_zip):
    far = FarFile(big_zip)
    stack = open_stack(far)
    assert len(far.asked) <= 3  # head, table of contents, description
    assert far.bytes_asked < far.size // 30
    far.asked.clear()
    assert (stack[100] == 100).all()
    ((_, count),) = far.asked
    assert count < 2**17 + 1024
    far.asked.clear()
    assert (stack[40:48, 0, 5, 5] == np.arange(40, 48)).all()
    assert len(far.asked) == 8


def test_chunks_of_a_slice_come_at_the_same_time(big_zip):
    far = FarFile(big_zip)
    stack = open_stack(far)
    far.asked.clear()
    far.gate.clear()
    reading = threading.Thread(target=lambda: stack[:16, 0, 5, 5])
    reading.start()
    waited = threading.Event()
    for _ in range(100):
        if len(far.asked) >= 8:
            break
        waited.wait(0.05)
    under_way = len(far.asked)
    far.gate.set()
    reading.join(10)
    assert under_way >= 8


def pages_apart(path, pages=300, size=(128, 128)):
    """Write pages as microscopes do: each directory before its own pixels."""
    with tifffile.TiffWriter(path) as writer:
        for page in range(pages):
            writer.write(
                np.full(size, page, np.uint16), contiguous=False, metadata=None
            )
    return path


def test_pages_at_equal_distances_are_foretold(tmp_path):
    far = FarFile(pages_apart(tmp_path / "b.tif"))
    stack = open_stack(far, axes="ZYX")
    assert stack.shape == (300, 1, 128, 128)
    one_by_one = [n for n, (_, count) in enumerate(far.asked) if count > 2**15]
    assert len(one_by_one) < 20
    far.asked.clear()
    assert (stack[150] == 150).all()
    assert sum(count for _, count in far.asked) < 2**16


def test_the_cache_keeps_to_its_bound_and_fetches_a_block_once(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(RANDOM.integers(0, 255, 2**20, np.uint8).tobytes())
    far = FarFile(path)
    cached = RemoteBytes(far, max_bytes=2**16)
    for offset in range(0, 2**20 - 100, 3000):
        assert cached.peek(offset, 100) == far.data[offset : offset + 100]
    assert cached.held_bytes <= 2**16

    far.asked.clear()
    cached = RemoteBytes(far)
    far.gate.clear()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(cached.peek(500_000, 40_000)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    far.gate.set()
    for thread in threads:
        thread.join(10)
    assert found == [far.data[500_000:540_000]] * 8
    assert len(far.asked) == 1


def test_what_arrives_broken_is_told_and_never_kept(tmp_path):
    far = FarFile(labdata_zip(tmp_path / "b.zarr.zip", LARGE))
    stack = open_stack(far)
    far.broken = True
    with pytest.raises(ConnectionLost, match="could not be reached"):
        stack[20]
    far.broken = False
    far.short = 10
    with pytest.raises(UnreadableFile, match=r"s3://bucket/b.zarr.zip gave [\d,]+ of"):
        stack[20]
    far.short = 0
    np.testing.assert_array_equal(stack[20], LARGE[20])

    far.broken = True
    with pytest.raises(ConnectionLost):
        open_stack(far)
    far.broken = False
    far.short = 1
    with pytest.raises(UnreadableFile, match="open it again"):
        open_stack(far)


def test_other_bytes_under_the_same_directory_are_damage(tmp_path):
    far = FarFile(labdata_zip(tmp_path / "b.zarr.zip", LARGE))
    stack = open_stack(far)
    data = bytearray(far.data)
    data[len(data) // 4 : len(data) // 2] = bytes(len(data) // 4)
    far.data = bytes(data)
    with pytest.raises(UnreadableFile, match="damaged"):
        np.asarray(stack)


def test_a_cut_object_says_so(tmp_path):
    whole = labdata_zip(tmp_path / "b.zarr.zip", BRAIN).read_bytes()
    with pytest.raises(UnreadableFile, match=r"b\.zarr\.zip is no complete"):
        open_stack(FarFile(None, "b.zarr.zip", whole[:-5000]))
    whole = KINDS["OME-TIFF"](tmp_path).read_bytes()
    with pytest.raises(UnreadableFile, match="is cut short"):
        open_stack(FarFile(None, "b.ome.tif", whole[:-5000]))


def test_parts_in_several_files_and_videos_are_to_be_downloaded(tmp_path):
    ome_set(tmp_path, BRAIN[:, :, :30, :40])
    with pytest.raises(UnreadableFile, match="download them all"):
        open_stack(FarFile(tmp_path / "part0.ome.tif"))
    video = b"\0\0\0\x18ftypisom" + bytes(100)
    with pytest.raises(UnreadableFile, match=r"is a video.*download it"):
        open_stack(FarFile(None, "v.mp4", video))


def test_pyramids_of_files_far_away_are_told_apart_by_their_version(tmp_path):
    far = FarFile(labdata_zip(tmp_path / "b.zarr.zip", BRAIN))
    first = pyramid_for(tmp_path, open_stack(far))
    assert pyramid_for(tmp_path, open_stack(far)) == first
    far.version = "2"
    assert pyramid_for(tmp_path, open_stack(far)) != first


@settings(max_examples=20, deadline=None)
@given(z=st.slices(40), y=st.slices(128), x=st.slices(128))
def test_any_part_of_a_file_far_away_is_the_same(tmp_path_factory, z, y, x):
    path = tmp_path_factory.getbasetemp() / "far.zarr.zip"
    if not path.exists():
        labdata_zip(path, LARGE)
    stack = open_stack(FarFile(path))
    np.testing.assert_array_equal(stack[z, 0, y, x], LARGE[z, 0, y, x])
