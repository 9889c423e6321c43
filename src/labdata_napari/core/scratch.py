"""Room for a reduced stack: in memory while small, else in an unnamed file."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


TILE = (16, 64)  # rows and columns that lie together in the file
WIDE_TILE = (16, 128)  # the same, where every tile costs a write of its own
_READ_BYTES = 1 << 18  # read at a time from a tile


class _Tile(NamedTuple):
    """Rows and columns that lie together in the file, and some that are wanted."""

    y: range
    x: range
    wanted: tuple[slice, slice]
    """Of its own rows and columns."""
    place: tuple[slice, slice]
    """Where these are among all that are wanted."""

    @property
    def plane_voxels(self) -> int:
        """Voxels of one plane."""
        return len(self.y) * len(self.x)


def _overlaps(
    start: int, stop: int, step: int, end: int
) -> list[tuple[range, slice, slice]]:
    """Cut an axis every `step`: parts with what is wanted, that in it and in all."""
    found = []
    for first in range(start // step * step, stop, step):
        part = range(first, min(first + step, end))
        low, high = max(start, part.start), min(stop, part.stop)
        inside = slice(low - part.start, high - part.start)
        found.append((part, inside, slice(low - start, high - start)))
    return found


class Scratch:
    """A (C, Z, Y, X) array, written plane by plane and read by windows.

    Above `in_memory` bytes it is a temporary file that has no name (or is deleted
    with its handle), so nothing stays behind whatever happens to the process. It is
    read and written by position rather than mapped: mapped pages count as memory.
    In the file rows and columns are cut into tiles, each with all its planes one after
    another: a window is a few reads, whichever axis it is long in, and little more is
    read than it holds.

    Parameters
    ----------
    shape
        (C, Z, Y, X).
    dtype
        Type of the voxels.
    in_memory
        Bytes up to which the array is kept in memory.
    folder
        Where the file goes; None for the system's temporary folder.
    tile
        Rows and columns of the file's tiles.

    Raises
    ------
    WriteRefused
        When the disk does not take it.
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        dtype: np.dtype[Any],
        in_memory: int,
        folder: Path | None = None,
        tile: tuple[int, int] = TILE,
    ) -> None:
        self.shape = shape
        self._tile = tile
        self.dtype = dtype
        self.size_bytes = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self._folder = folder
        self._array: NDArray[Any] | None = None
        self._lock = threading.Lock()
        if self.size_bytes <= in_memory:
            self._array = np.zeros(shape, dtype)
            return
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
            self._file.truncate(self.size_bytes)
        except OSError as error:
            raise self._refused(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self._array is not None

    def close(self) -> None:
        """Give the room back."""
        if self._array is None:
            self._file.close()
        self._array = None

    def put(self, channel: int, z: int, plane: NDArray[Any]) -> None:
        """Store a (Y, X) plane, converted to the scratch's type."""
        self.put_rows(channel, z, 0, plane[None])

    def put_rows(self, channel: int, z: int, y: int, rows: NDArray[Any]) -> None:
        """Store rows of planes: (z, y, all x), from plane `z` and row `y` on."""
        if self._array is not None:
            self._array[channel, z : z + len(rows), y : y + rows.shape[1]] = rows
            return
        try:
            for tile in self._tiles((y, y + rows.shape[1]), (0, self.shape[3])):
                part = np.ascontiguousarray(rows[:, *tile.place], self.dtype)
                at = self._offset(channel, tile, z, tile.wanted[0].start)
                if part.shape[1] == len(tile.y):
                    self._write(part, at)
                    continue
                step = tile.plane_voxels * self.dtype.itemsize
                for k, piece in enumerate(part):
                    self._write(piece, at + k * step)
        except OSError as error:
            raise self._refused(error) from error

    def window(
        self, channel: int, low: tuple[int, ...], high: tuple[int, ...]
    ) -> NDArray[Any]:
        """Read the (z, y, x) box from `low` up to, not including, `high`."""
        return self.windows([channel], low, high)[0]

    def windows(
        self, channels: Sequence[int], low: tuple[int, ...], high: tuple[int, ...]
    ) -> list[NDArray[Any]] | NDArray[Any]:
        """Read the same box of some channels: views in memory, else one array."""
        z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
        if self._array is not None:
            return [self._array[channel, z, y, x] for channel in channels]
        shape = [b - a for a, b in zip(low, high, strict=True)]
        found = np.empty((len(channels), *shape), self.dtype)
        tiles = self._tiles((y.start, y.stop), (x.start, x.stop))
        for channel, voxels in zip(channels, found, strict=True):
            for tile in tiles:
                self._read_tile(channel, tile, z.start, voxels)
        return found

    def _read_tile(
        self, channel: int, tile: _Tile, z: int, voxels: NDArray[Any]
    ) -> None:
        """Read what is wanted of a tile's planes, from plane `z` on."""
        together = max(1, _READ_BYTES // (tile.plane_voxels * self.dtype.itemsize))
        for first in range(0, len(voxels), together):
            part = voxels[first : first + together]
            planes = np.empty((len(part), len(tile.y), len(tile.x)), self.dtype)
            self._read(planes, self._offset(channel, tile, z + first))
            part[:, *tile.place] = planes[:, *tile.wanted]

    def whole(self) -> NDArray[Any]:
        """Give the (C, Z, Y, X) array itself where it is in memory, else a copy."""
        if self._array is not None:
            return self._array
        channels, *shape = self.shape
        low, high = (0, 0, 0), tuple(shape)
        return np.stack([self.window(c, low, high) for c in range(channels)])

    def _tiles(self, rows: tuple[int, int], columns: tuple[int, int]) -> list[_Tile]:
        """Tiles with some of these rows and columns."""
        by_axis = (
            _overlaps(start, stop, step, end)
            for (start, stop), step, end in zip(
                (rows, columns), self._tile, self.shape[2:], strict=True
            )
        )
        return [
            _Tile(y, x, (y_in, x_in), (y_out, x_out))
            for (y, y_in, y_out), (x, x_in, x_out) in itertools.product(*by_axis)
        ]

    def _offset(self, channel: int, tile: _Tile, z: int, row: int = 0) -> int:
        """Where a row of a tile is in the file."""
        _, nz, ny, nx = self.shape
        before = tile.y.start * nx + len(tile.y) * tile.x.start
        inside = z * tile.plane_voxels + row * len(tile.x)
        return ((channel * ny * nx + before) * nz + inside) * self.dtype.itemsize

    def _write(self, data: NDArray[Any], offset: int) -> None:
        view = data.reshape(-1).view(np.uint8).data
        while view:
            if hasattr(os, "pwrite"):
                written = os.pwrite(self._file.fileno(), view, offset)
            else:
                with self._lock:
                    self._file.seek(offset)
                    written = self._file.write(view) or 0
            view, offset = view[written:], offset + written

    def _read(self, into: NDArray[Any], offset: int) -> None:
        view = into.reshape(-1).view(np.uint8).data
        while view:
            if hasattr(os, "preadv"):
                count = os.preadv(self._file.fileno(), [view], offset)
            else:
                with self._lock:
                    self._file.seek(offset)
                    count = self._file.readinto(view) or 0
            if not count:
                raise WriteRefused(
                    f"The temporary file in {self._place} lost its end; free space "
                    "there and repeat."
                )
            view, offset = view[count:], offset + count

    @property
    def _place(self) -> str:
        return str(self._folder or tempfile.gettempdir())

    def _refused(self, error: OSError) -> WriteRefused:
        return WriteRefused(
            f"A temporary file of {self.size_bytes / 1e6:,.0f} MB could not be "
            f"written in {self._place} ({error.strerror or error}); free space there "
            "and repeat."
        )
