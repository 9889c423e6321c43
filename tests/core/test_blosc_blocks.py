"""Some of a chunk, and what asks for it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from numcodecs import Blosc

from labdata_napari.core import zarr_readers
from labdata_napari.core.blosc_blocks import blosc_part
from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(3)
VOXELS = (RNG.poisson(40, (24, 200, 307)) * 37).astype(np.uint16)
COUNT = VOXELS.nbytes


@pytest.mark.parametrize("name", ["zstd", "lz4", "blosclz", "zlib"])
@pytest.mark.parametrize("shuffle", [0, 1, 2])
@pytest.mark.parametrize("level", [1, 6])
def test_any_part_is_what_was_packed(name: str, shuffle: int, level: int):
    raw = VOXELS.tobytes()
    packed = Blosc(name, level, shuffle).encode(VOXELS)
    cuts = [(0, COUNT), (0, 1), (COUNT - 1, COUNT), (4095, 4097), (12_600, 25_200)]
    cuts += [tuple(sorted(RNG.choice(COUNT, 2, replace=False))) for _ in range(20)]
    for start, stop in cuts:
        found = blosc_part(packed, COUNT, int(start), int(stop))
        assert found is None or bytes(found) == raw[start:stop]
    assert blosc_part(packed, COUNT, 0, 100) is not None


def begin_of(packed: bytes) -> int:
    """Where the blocks begin, after their table."""
    return 16 + 4 * -(-COUNT // int.from_bytes(packed[8:12], "little"))


def test_little_of_a_chunk_keeps_little_in_memory():
    packed = bytes(Blosc("zstd", 3, 1).encode(VOXELS))
    found = blosc_part(packed, COUNT, 200_000, 200_100)
    assert found is not None
    assert len(found.obj) == 100  # type: ignore[arg-type]


def test_blocks_lie_in_any_order():
    packed = bytes(Blosc("zstd", 3, 1).encode(VOXELS))
    begin = begin_of(packed)
    cuts = [*np.frombuffer(packed[16:begin], "<i4"), len(packed)]
    backwards = [packed[a:b] for a, b in pairwise(cuts)][::-1]
    places = np.cumsum([begin, *map(len, backwards)])[:-1][::-1].astype("<i4")
    turned = packed[:16] + places.tobytes() + b"".join(backwards)
    found = blosc_part(turned, COUNT, 200_000, 900_000)
    assert found is not None
    assert bytes(found) == VOXELS.tobytes()[200_000:900_000]


def test_what_would_not_pack_is_cut_and_what_is_one_block_is_left_to_others():
    noise = RNG.bytes(COUNT)
    kept = Blosc("lz4", 1, 0).encode(noise)
    found = blosc_part(kept, COUNT, 7, 99)
    assert found is not None
    assert bytes(found) == noise[7:99]
    with pytest.raises(ValueError, match="cut short"):
        blosc_part(kept[:-1], COUNT, 7, 99)
    small = Blosc("zstd", 1, 1).encode(VOXELS[0, :20])
    assert blosc_part(small, VOXELS[0, :20].nbytes, 0, 10) is None


def test_a_damaged_chunk_is_told_and_never_followed():
    packed = bytes(Blosc("zstd", 3, 1).encode(VOXELS))
    with pytest.raises(ValueError, match="instead of"):
        blosc_part(packed, COUNT + 1, 0, 10)
    with pytest.raises(ValueError, match="cut short"):
        blosc_part(packed[:-1], COUNT, 0, 10)
    with pytest.raises(ValueError, match="outside"):
        blosc_part(packed[:16] + b"\xff" * 4 + packed[20:], COUNT, 0, 10)
    first = packed[16:20]  # a kilobyte that would become gigabytes
    places = first * (len(packed[16 : begin_of(packed)]) // 4)
    same = packed[:16] + places + packed[begin_of(packed) :]
    with pytest.raises(ValueError, match="in one place"):
        blosc_part(same, COUNT, 0, COUNT)
    for _ in range(300):  # anything may come out, but nothing worse than an error
        broken = bytearray(packed)
        for at in RNG.choice(300, 2):
            broken[at] = RNG.integers(256)
        try:
            found = blosc_part(bytes(broken), COUNT, 200_000, 200_500)
        except (ValueError, RuntimeError):
            continue
        assert found is None or len(found) == 500


@pytest.fixture
def brain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zarr_readers, "_GLANCE_BYTES", 1)
    array = zarr.create_array(
        tmp_path / "brain.zarr",
        shape=(19, 2, 300, 500),
        chunks=(8, 1, 300, 500),
        dtype="uint16",
        zarr_format=2,
        compressors=[Blosc("zstd", 3, 1)],
        filters=None,
    )
    array[:] = brain_voxels()
    return tmp_path / "brain.zarr"


def brain_voxels() -> Any:
    z, c, y, x = np.indices((19, 2, 300, 500))
    return ((z * 1000 + c * 300 + y * x // 50) % 60_000).astype(np.uint16)


def test_looking_into_a_brain_reads_what_is_there(brain: Path):
    voxels, stack = brain_voxels(), open_stack(brain)
    for at in [3, 3, 4, 0, 18, 17, 9, 15, 3]:
        assert np.array_equal(np.asarray(stack[at]), voxels[at])
    for _ in range(3):
        parts: list[Any] = [slice(1, 4, 2), slice(0, 19, 9), slice(17, 19), slice(3, 5)]
        for part in parts:
            for rest in [
                (),
                (1,),
                (slice(None), slice(5, 240, 7), slice(None, None, -2)),
            ]:
                key = (part, *rest)
                for one in (stack, open_stack(brain)):
                    assert np.array_equal(np.asarray(one[key]), voxels[key])
    assert np.array_equal(np.asarray(stack[::-1, 0, 3]), voxels[::-1, 0, 3])


def test_one_plane_is_decoded_alone_and_its_neighbour_with_all(
    brain: Path, monkeypatch: pytest.MonkeyPatch
):
    whole: list[tuple[int, ...]] = []
    decode = zarr_readers.ChunkReader._decode

    def noted(reader: Any, number: tuple[int, ...]) -> Any:
        whole.append(number)
        return decode(reader, number)

    monkeypatch.setattr(zarr_readers.ChunkReader, "_decode", noted)
    stack = open_stack(brain)
    for at in (2, 2, 10):
        np.asarray(stack[at, 0])
    assert whole == []
    np.asarray(stack[3, 0])
    np.asarray(stack[4, 0])
    assert whole == [(0, 0, 0, 0)]


def test_a_damaged_chunk_of_a_brain_is_named(brain: Path):
    chunk = brain / "1.0.0.0"
    data = bytearray(chunk.read_bytes())
    data[16:20] = b"\xff" * 4
    chunk.write_bytes(data)
    with pytest.raises(UnreadableFile, match=r"Chunk '1\.0\.0\.0' of .* is damaged"):
        np.asarray(open_stack(brain)[9, 0])
