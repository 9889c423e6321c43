"""Write a pyramid as one zipped OME-Zarr file, cube by cube."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import threading
import uuid
import zipfile
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from labdata_napari.core.axes import level_scale, level_translate
from labdata_napari.core.halving import Reducer, as_type, float_type
from labdata_napari.core.lazy import each
from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack

# Cubes are long in z, where labdata's own chunks are short, and narrow in y and x: a
# y slice decodes Z · X · (chunk length in y) voxels, whatever the other lengths.
_CHUNK_YX = 32
_CHUNK_Z = 64
_BUFFER_BYTES = 96 * 2**20
_BATCH = 8  # planes reduced at a time
# LZ4 over bit planes decodes twice as fast as zstd, and camera images get no larger.
# RFC-9: an OME-Zarr zip says so in its comment.
_COMMENT = {"ome": {"version": "0.5", "zipFile": {"centralDirectory": {}}}}


@contextlib.contextmanager
def partial_file(target: Path) -> Iterator[Path]:
    """File beside `target` that becomes `target` at the end, or is removed.

    Raises
    ------
    WriteRefused
        If the folder cannot be written to or the disk is full.
    """
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        try:
            os.replace(part, target)
        except PermissionError:
            # Windows refuses while another process has the same pyramid open.
            if not target.exists():
                raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = f"The disk of {target.parent} is full; free some space."
        else:
            message = f"{target.parent} cannot be written to ({error.strerror})."
        raise WriteRefused(message) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


class PyramidWriter:
    """Takes planes in order, channel by channel, and writes all levels.

    Parameters
    ----------
    file
        Where to write.
    stack
        The brain, for its type, channels and µm.
    shapes
        Of all levels ``(Z, Y, X)``, the full one first.
    planes
        How many planes come at a time: the depth of a full-resolution cube.
    full_resolution
        Whether the full one is written too.
    """

    def __init__(
        self,
        file: Path,
        stack: Stack,
        shapes: Sequence[tuple[int, int, int]],
        planes: int,
        full_resolution: bool,
    ) -> None:
        self._dtype = stack.dtype
        self._shapes = list(shapes)
        self._first = 0 if full_resolution or len(shapes) == 1 else 1
        self._chunks = [
            (planes if n == 0 else _depth(s, stack.dtype), *_chunk_yx(s))
            for n, s in enumerate(shapes)
        ]
        self._lock = threading.Lock()
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._zip.comment = json.dumps(_COMMENT).encode()
        self._put("zarr.json", _group(stack, self._shapes, self._first))
        for number in range(self._first, len(shapes)):
            shape = (stack.shape[1], *shapes[number])
            chunks = (1, *self._chunks[number])
            self._put(f"{number}/zarr.json", _array(shape, chunks, self._dtype))
        self._levels: list[_LevelBuffer] = []
        self._reducers: list[Reducer] = []
        self._channel = 0
        self._row = 0

    def start_channel(self, channel: int) -> None:
        """Begin the planes of a channel."""
        self._channel = channel
        self._reducers = [Reducer(a, b) for a, b in itertools.pairwise(self._shapes)]
        self._row = 0
        self._levels = [
            _LevelBuffer(n, np.empty((self._chunks[n][0], *s[1:]), self._dtype))
            for n, s in enumerate(self._shapes)
            if n > 0
        ]

    def add(self, slab: NDArray[Any]) -> None:
        """Add the next planes ``(n, Y, X)`` of the channel."""
        if self._first == 0:
            self._write_row(0, self._row, slab)
            self._row += 1
        if not self._reducers:
            return
        for start in range(0, len(slab), _BATCH):
            for plane in self._within(slab[start : start + _BATCH]):
                self._push(0, plane)

    def finish_channel(self) -> None:
        """Write what is left of the channel."""
        for level in self._levels:
            self._flush(level)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Complete the file; after an error only close it, for it is thrown away."""
        with contextlib.suppress(*(() if kind is None else (OSError, ValueError))):
            self._zip.close()

    def _within(self, planes: NDArray[Any]) -> list[NDArray[Any]]:
        """Reduce some planes along Y and X, on several threads."""
        kind = float_type(self._dtype)
        reduced: list[Any] = [None] * len(planes)

        def within(number: int) -> None:
            plane = planes[number].astype(kind)
            reduced[number] = self._reducers[0].within_plane(plane)

        each(within, iter(range(len(planes))), len(planes), planes.nbytes)
        return reduced

    def _push(self, reducer: int, plane: NDArray[Any]) -> None:
        """Hand a plane to a level; planes that are done go on to the next one."""
        for done in self._reducers[reducer].push(plane):
            level = self._levels[reducer]
            level.held[level.count] = as_type(done, self._dtype)
            level.count += 1
            if level.count == len(level.held):
                self._flush(level)
            if reducer + 1 < len(self._reducers):
                after = self._reducers[reducer + 1].within_plane(done)
                self._push(reducer + 1, after)

    def _flush(self, level: _LevelBuffer) -> None:
        if level.count:
            self._write_row(level.number, level.row, level.held[: level.count])
            level.row += 1
            level.count = 0

    def _write_row(self, level: int, row: int, slab: NDArray[Any]) -> None:
        """Encode and write the cubes ``(depth, y, x)`` of one row of cubes along z."""
        from numcodecs import Blosc

        codec = Blosc("lz4", 5, Blosc.BITSHUFFLE)
        depth, high, wide = self._chunks[level]
        grid = [
            range(-(-n // c)) for n, c in zip(slab.shape[1:], (high, wide), strict=True)
        ]

        def write(at: tuple[int, int]) -> None:
            y, x = at[0] * high, at[1] * wide
            box = slab[:, y : y + high, x : x + wide]
            if not box.any():
                return  # zarr reads what is not there as zeros
            cube = np.zeros((depth, high, wide), self._dtype)
            cube[tuple(slice(n) for n in box.shape)] = box
            data = codec.encode(cube)
            name = f"{level}/c/{self._channel}/{row}/{at[0]}/{at[1]}"
            with self._lock:
                self._zip.writestr(zipfile.ZipInfo(name), data)

        each(write, itertools.product(*grid), len(grid[0]) * len(grid[1]), slab.nbytes)

    def _put(self, name: str, content: dict[str, Any]) -> None:
        self._zip.writestr(zipfile.ZipInfo(name), json.dumps(content, indent=1))


class _LevelBuffer:
    """Planes of one level that wait for their cube to be full."""

    def __init__(self, number: int, held: NDArray[Any]) -> None:
        self.number = number
        self.held = held
        self.count = 0
        self.row = 0


def _depth(shape: tuple[int, int, int], dtype: np.dtype[Any]) -> int:
    """Depth of a level's cubes: their planes are held until all have come."""
    plane = shape[1] * shape[2] * dtype.itemsize
    return max(1, min(_CHUNK_Z, shape[0], _BUFFER_BYTES // plane))


def _chunk_yx(shape: tuple[int, int, int]) -> tuple[int, int]:
    return min(_CHUNK_YX, shape[1]), min(_CHUNK_YX, shape[2])


def _group(
    stack: Stack, shapes: Sequence[tuple[int, int, int]], first: int
) -> dict[str, Any]:
    um = stack.um_per_pixel or (1.0, 1.0, 1.0)
    unit = {"unit": "micrometer"} if stack.um_per_pixel else {}
    space = [{"name": n, "type": "space", **unit} for n in "zyx"]
    datasets = [
        {
            "path": str(number),
            "coordinateTransformations": [
                {
                    "type": "scale",
                    "scale": [1.0, *level_scale(shapes[0], shapes[number], um)],
                },
                {
                    "type": "translation",
                    "translation": [
                        0.0,
                        *level_translate(shapes[0], shapes[number], um),
                    ],
                },
            ],
        }
        for number in range(first, len(shapes))
    ]
    image = {
        "axes": [{"name": "c", "type": "channel"}, *space],
        "datasets": datasets,
        "type": "mean",
    }
    ome: dict[str, Any] = {"version": "0.5", "multiscales": [image]}
    if stack.channel_names:
        ome["omero"] = {"channels": [{"label": n} for n in stack.channel_names]}
    return {"zarr_format": 3, "node_type": "group", "attributes": {"ome": ome}}


def _array(
    shape: tuple[int, ...], chunks: tuple[int, ...], dtype: np.dtype[Any]
) -> dict[str, Any]:
    shuffle = {
        "cname": "lz4",
        "clevel": 5,
        "shuffle": "bitshuffle",
        "typesize": dtype.itemsize,
        "blocksize": 0,
    }
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": False if dtype.kind == "b" else 0,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "blosc", "configuration": shuffle},
        ],
        "attributes": {},
        "dimension_names": ["c", "z", "y", "x"],
    }
