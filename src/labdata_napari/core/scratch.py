"""Room for a reduced stack: in memory while small, else in an unnamed file."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


_PANEL = 128  # columns that lie together in the file


class Scratch:
    """A (C, Z, Y, X) array, written plane by plane and read by windows.

    Above `in_memory` bytes it is a temporary file that has no name (or is deleted
    with its handle), so nothing stays behind whatever happens to the process. It is
    read and written by position rather than mapped: mapped pages count as memory.
    In the file the columns are cut into panels, so that little more is read than a
    window holds: the windows of a tilted slab are narrow.

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
    ) -> None:
        self.shape = shape
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
            for first, last in self._panels(0, self.shape[3]):
                panel = np.ascontiguousarray(rows[:, :, first:last], self.dtype)
                for k, part in enumerate(panel, start=z):
                    self._write(part, self._offset(channel, k, y, first))
        except OSError as error:
            raise self._refused(error) from error

    def window(
        self, channel: int, low: tuple[int, ...], high: tuple[int, ...]
    ) -> NDArray[Any]:
        """Read the (z, y, x) box from `low` up to, not including, `high`."""
        z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
        if self._array is not None:
            return self._array[channel, z, y, x]
        found = np.empty([b - a for a, b in zip(low, high, strict=True)], self.dtype)
        for first, last in self._panels(x.start, x.stop):
            start, stop = max(first, x.start), min(last, x.stop)
            panel = np.empty((y.stop - y.start, last - first), self.dtype)
            for k, plane in enumerate(range(z.start, z.stop)):
                self._read(panel, self._offset(channel, plane, y.start, first))
                part = panel[:, start - first : stop - first]
                found[k, :, start - x.start : stop - x.start] = part
        return found

    def whole(self) -> NDArray[Any]:
        """Give the (C, Z, Y, X) array itself where it is in memory, else a copy."""
        if self._array is not None:
            return self._array
        channels, *shape = self.shape
        low, high = (0, 0, 0), tuple(shape)
        return np.stack([self.window(c, low, high) for c in range(channels)])

    def _panels(self, start: int, stop: int) -> list[tuple[int, int]]:
        """First column of each panel with some of these, and the one after its last."""
        firsts = range(start // _PANEL * _PANEL, stop, _PANEL)
        return [(first, min(first + _PANEL, self.shape[3])) for first in firsts]

    def _offset(self, channel: int, z: int, y: int, panel: int) -> int:
        """Where a row of the panel that begins at some column is."""
        _, nz, ny, nx = self.shape
        width = min(_PANEL, nx - panel)
        row = (channel * nx + panel) * nz * ny + (z * ny + y) * width
        return row * self.dtype.itemsize

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
