"""Write the demo's stacks as a lab would have them, the same bytes every time."""

from __future__ import annotations

import itertools
import json
import os
import zipfile
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeVar

import av
import numpy as np
import tifffile
from numcodecs import Blosc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint16]

Drawn = TypeVar("Drawn")
_WRITTEN = (2025, 1, 1, 0, 0, 0)  # a fixed time, for identical zip files


def in_order(draw: Callable[[int], Drawn], count: int) -> Iterator[Drawn]:
    """Draw 0 .. count - 1 on a few threads and yield the results in order.

    Only a few results are ahead of the reader at any time. numpy releases
    Python's lock, so two threads are nearly twice as fast.
    """
    threads = max(1, min(4, os.cpu_count() or 1))
    with ThreadPoolExecutor(threads, thread_name_prefix="demo") as pool:
        numbers = iter(range(count))
        ahead = deque(
            pool.submit(draw, n) for n in itertools.islice(numbers, threads + 2)
        )
        try:
            while ahead:
                done = ahead.popleft().result()
                for n in itertools.islice(numbers, 1):
                    ahead.append(pool.submit(draw, n))
                yield done
        finally:
            for future in ahead:
                future.cancel()


def write_zarr_zip(
    path: Path, frames: Iterable[Pixels], shape: Sequence[int], chunk: int
) -> None:
    """Write (N, ..., Y, X) as labdata does: zarr v2, Blosc zstd, in a stored zip.

    Parameters
    ----------
    path
        The file to write.
    frames
        N arrays (..., Y, X), for example (C, Y, X).
    shape
        (N, ..., Y, X).
    chunk
        How many along the first axis share a chunk; a chunk has one channel.
    """
    codec = Blosc(cname="zstd", clevel=3, shuffle=Blosc.SHUFFLE)
    header = {
        "shape": list(shape),
        "chunks": [chunk, *(1 for _ in shape[1:-2]), *shape[-2:]],
        "dtype": "<u2",
        "fill_value": 0,
        "order": "C",
        "filters": None,
        "dimension_separator": ".",
        "compressor": codec.get_config(),
        "zarr_format": 2,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, ".zattrs", b"{}")
        _store(archive, ".zarray", json.dumps(header, indent=2).encode())
        for number, group in enumerate(_grouped(frames, chunk)):
            block = np.zeros((chunk, *shape[1:]), "<u2")
            block[: len(group)] = group
            for at in np.ndindex(*shape[1:-2]):
                encoded = codec.encode(np.ascontiguousarray(block[:, *at]))
                name = ".".join(str(n) for n in (number, *at, 0, 0))
                _store(archive, name, bytes(encoded))


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _WRITTEN), data)


def _grouped(frames: Iterable[Pixels], size: int) -> Iterator[list[Pixels]]:
    frames = iter(frames)
    while group := list(itertools.islice(frames, size)):
        yield group


def write_ome_tiff(
    path: Path,
    frames: Iterable[Pixels],
    shape: Sequence[int],
    um_per_pixel: Sequence[float],
    channel_names: Sequence[str],
) -> None:
    """Write (Z, C, Y, X) as a tiled, zlib-packed OME-TIFF with its voxel size.

    Parameters
    ----------
    path
        The file to write.
    frames
        Z arrays (C, Y, X).
    shape
        (Z, C, Y, X).
    um_per_pixel
        z, y, x in µm.
    channel_names
        One name per channel.
    """
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeZ": um_per_pixel[0],
        "PhysicalSizeY": um_per_pixel[1],
        "PhysicalSizeX": um_per_pixel[2],
        "PhysicalSizeZUnit": "µm",
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeXUnit": "µm",
        "Channel": {"Name": list(channel_names)},
        "UUID": "b5f1d1a0-0000-4000-8000-64656d6f0001",  # else a new one every time
    }
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(
            _tiles(frames),
            shape=tuple(shape),
            dtype=np.uint16,
            tile=(256, 256),
            compression="zlib",
            compressionargs={"level": 5},
            predictor=True,
            photometric="minisblack",
            software="labdata-napari",
            metadata=metadata,
        )


def _tiles(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    """Cut every plane of every frame into 256 x 256 tiles, row by row."""
    for plane in itertools.chain.from_iterable(frames):
        for y in range(0, plane.shape[0], 256):
            for x in range(0, plane.shape[1], 256):
                yield plane[y : y + 256, x : x + 256]


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], rate: float) -> None:
    """Write frames (Y, X, 3) as an mp4: H.264 where PyAV has it, else MPEG-4.

    One thread encodes, so that the file is the same every time.
    """
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    options = {"crf": "18", "preset": "veryfast", "g": "60"}
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = None
        for picture in frames:
            if stream is None:
                stream = container.add_stream(
                    codec,
                    rate=Fraction(rate).limit_denominator(1001),
                    options=options if codec == "libx264" else {},
                )
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.codec_context.thread_count = 1
                if codec == "mpeg4":
                    stream.bit_rate = 4_000_000
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())
