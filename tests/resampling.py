"""Stacks to transform that tell how they were read, and a transform of them."""

from __future__ import annotations

import threading

import numpy as np

from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import Plan, TransformParameters

SLANTED = TransformParameters(
    downsample=(0.4, 1, 0.45, 0.4),
    rotate=(2, -3, 5, False, True),
    crop=((1, -2), None, (2, None), (None, None, -1)),
    transpose=(2, 1, 3, 0),
)


class Chunked:
    """An array that knows its chunks and counts how often each is touched."""

    def __init__(self, data: np.ndarray, chunks: tuple[int, ...]) -> None:
        self.array, self.chunks = data, chunks
        self.shape, self.dtype = data.shape, data.dtype
        self.touched: dict[tuple[int, ...], int] = {}
        self.lock = threading.Lock()

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        ranges = [
            range(part.start // size, -(-part.stop // size))
            for part, size in zip(key, self.chunks, strict=True)
        ]
        with self.lock:
            for index in np.ndindex(*(len(r) for r in ranges)):
                chunk = tuple(r[i] for r, i in zip(ranges, index, strict=True))
                self.touched[chunk] = self.touched.get(chunk, 0) + 1
        return self.array[key]


class Endless:
    """A stack of any length that takes no memory: the same frame again and again."""

    def __init__(self, frames: int, size: int) -> None:
        self.shape, self.chunks = (frames, 1, size, size), (4, 1, size, size)
        self.dtype = np.dtype(np.uint16)
        self.array = np.broadcast_to(noise((size, size)), self.shape)

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        return self.array[key].copy()


def whole(stack: object, geometry: Plan, **options: object) -> np.ndarray:
    """Put the slabs together the way they say they belong."""
    pieces = [piece.ravel() for piece in slabs(stack, geometry, **options)]
    return np.concatenate(pieces).reshape(geometry.shape_out)


def noise(shape: tuple[int, ...], dtype: str = "uint16", seed: int = 0) -> np.ndarray:
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(seed)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
