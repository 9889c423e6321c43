"""Reduced planes on their way into the scratch, turned into B-spline coefficients."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from labdata_napari.core import kernels_numpy
from labdata_napari.core.interpolate import working_dtype
from labdata_napari.core.scratch import TILE, Scratch
from labdata_napari.core.spline import REACH
from labdata_napari.core.threads import nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.kernels import Kernels

_BLOCK = 32  # planes filtered along z together
_RING = _BLOCK + 2 * REACH
_STRIP_BYTES = 2 << 20
_TOGETHER, _TOGETHER_BYTES = 8, 16 << 20  # planes written together, where no ring is


def strips(shape: tuple[int, int, int, int], itemsize: int, in_memory: int) -> int:
    """How many pieces `Planes` filters along z, for a scratch of (C, Z, Y, X)."""
    channels, depth, rows, columns = shape
    whole = channels * depth * rows * columns * itemsize <= in_memory
    block = depth if whole else _BLOCK
    each = (
        len(_strips(depth, rows, columns * itemsize, first, min(first + block, depth)))
        for first in range(0, depth, block)
    )
    return channels * sum(each)


def _strips(depth: int, rows: int, row_bytes: int, first: int, end: int) -> list[slice]:
    """Cut the rows of some planes into pieces to be filtered side by side."""
    low, high = max(0, first - REACH), min(depth, end + REACH)
    step = max(1, _STRIP_BYTES // ((high - low) * row_bytes))
    if high - low <= _RING:  # in a file, which has tiles
        step = max(TILE[0], step // TILE[0] * TILE[0])
    return [slice(y, min(y + step, rows)) for y in range(0, rows, step)]


class Planes:
    """Takes finished (y, x) planes in z order and stores them, in other threads.

    Along z a coefficient needs the planes `REACH` before and behind. In memory the
    filter runs over everything at the end. Into a file it runs block by block close
    behind the reading, from a small file of the planes read last, so that neither
    memory nor a second pass over the disk is needed.

    Parameters
    ----------
    scratch
        Where they go.
    splines
        Axes (z, y, x) along which coefficients are wanted.
    threads
        How many to use.
    folder
        Where the small file goes.
    kernels
        What does the work.
    tell
        Called after each of the `strips`; what it raises goes through.
    """

    def __init__(
        self,
        scratch: Scratch,
        splines: tuple[bool, bool, bool],
        threads: int,
        folder: Path | None = None,
        kernels: Kernels = kernels_numpy,
        tell: Callable[[], object] = nothing,
    ) -> None:
        self._kernels, self._tell = kernels, tell
        self._scratch = scratch
        self._splines = splines
        self._most = threads + 1
        self._waiting: deque[Future[bool]] = deque()
        channels, depth, rows, columns = scratch.shape
        self._added, self._filtered = [0] * channels, [0] * channels
        self._raw, self._slots = scratch, depth
        if splines[0] and not scratch.in_memory:
            self._slots = min(depth, _RING)
            shape = (channels, self._slots, rows, columns)
            row_bytes = columns * scratch.dtype.itemsize
            together = _strips(_RING, rows, row_bytes, REACH, REACH + _BLOCK)[0].stop
            self._raw = Scratch(shape, scratch.dtype, 0, folder, (together, columns))
        self._held: list[list[NDArray[Any]]] = [[] for _ in range(channels)]
        self._together = 1
        if self._raw is scratch and not scratch.in_memory:  # many small tiles
            fitting = _TOGETHER_BYTES // (channels * rows * columns * 4)
            self._together = max(1, min(_TOGETHER, fitting))
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="transform")

    def __enter__(self) -> Self:
        return self

    def add(self, channel: int, z: int, plane: NDArray[Any]) -> None:
        """Take the next plane of a channel."""
        held = self._held[channel]
        held.append(plane)
        if len(held) == self._together or z == self._scratch.shape[1] - 1:
            self._submit(self._store, channel, z + 1 - len(held), held)
            self._held[channel] = []
        self._added[channel] = z + 1
        if self._raw is not self._scratch:
            self._filter_ready(channel)

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and self._splines[0] and self._raw is self._scratch:
                self._wait(0)
                for channel in range(self._scratch.shape[0]):
                    self._filter_block(channel, 0, self._scratch.shape[1])
            if kind is None:
                self._wait(0)
        finally:
            self._executor.shutdown(cancel_futures=True)
            if self._raw is not self._scratch:
                self._raw.close()

    def _submit(self, function: Callable[..., bool], *arguments: Any) -> None:
        self._waiting.append(self._executor.submit(function, *arguments))
        self._wait(self._most)

    def _wait(self, most: int) -> None:
        """Wait until no more than this is under way; raises what went wrong."""
        while len(self._waiting) > most:
            if self._waiting.popleft().result():
                self._tell()

    def _store(self, channel: int, first: int, planes: list[NDArray[Any]]) -> bool:
        _, along_y, along_x = self._splines
        if along_y or along_x:
            coefficients = self._kernels.plane_coefficients
            planes = [coefficients(plane, along_y, along_x) for plane in planes]
        together = planes[0][None] if len(planes) == 1 else np.stack(planes)
        self._raw.put_rows(channel, first % self._slots, 0, together)
        return False

    def _filter_ready(self, channel: int) -> None:
        """Filter the blocks along z whose neighbours have all come."""
        depth = self._scratch.shape[1]
        while True:
            first, added = self._filtered[channel], self._added[channel]
            end = min(first + _BLOCK, depth)
            if first == depth or added < min(end + REACH, depth):
                return
            self._wait(0)
            self._filter_block(channel, first, end)
            self._wait(0)  # the next plane overwrites the first of these
            self._filtered[channel] = end

    def _filter_block(self, channel: int, first: int, end: int) -> None:
        depth, rows, columns = self._scratch.shape[1:]
        low, high = max(0, first - REACH), min(depth, end + REACH)
        row_bytes = columns * self._scratch.dtype.itemsize
        for part in _strips(depth, rows, row_bytes, first, end):
            self._submit(self._filter_strip, channel, part, (low, first, end, high))

    def _filter_strip(
        self, channel: int, rows: slice, planes: tuple[int, int, int, int]
    ) -> bool:
        low, first, end, high = planes
        columns = self._scratch.shape[3]
        strip = np.concatenate(
            [
                self._raw.window(channel, (a, rows.start, 0), (b, rows.stop, columns))
                for a, b in self._in_ring(low, high)
            ]
        )
        cut = low > 0, high < self._scratch.shape[1]
        found = self._kernels.coefficients(strip, 0, cut)[: end - first]
        self._scratch.put_rows(channel, first, rows.start, found)
        return True

    def _in_ring(self, low: int, high: int) -> list[tuple[int, int]]:
        start, count = low % self._slots, high - low
        if start + count <= self._slots:
            return [(start, start + count)]
        return [(start, self._slots), (0, start + count - self._slots)]


def splined(
    voxels: Scratch, splines: tuple[bool, bool, bool], threads: int, kernels: Kernels
) -> Scratch:
    """Turn a whole reduced stack into B-spline coefficients, in memory."""
    channels, depth, rows, columns = voxels.shape
    dtype = working_dtype(voxels.dtype)
    size = channels * depth * rows * columns * dtype.itemsize
    found = Scratch(voxels.shape, dtype, size)
    with Planes(found, splines, threads, kernels=kernels) as planes:
        for channel in range(channels):
            for z in range(depth):
                plane = voxels.window(channel, (z, 0, 0), (z + 1, rows, columns))[0]
                planes.add(channel, z, np.ascontiguousarray(plane, dtype))
    return found
