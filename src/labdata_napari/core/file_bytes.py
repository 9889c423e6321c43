"""Bytes of a file at an offset, wherever the file is."""

from __future__ import annotations

import errno
import os
import stat
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from labdata_napari.core.rooms import LEAST_BYTES, ROOMS
from labdata_napari.errors import NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


Data = bytes | memoryview
"""Bytes as they were read: large ones in memory that is used again."""


class Bytes(Protocol):
    """A file read at any offset, from any thread: on a disk or far away."""

    where: str
    """Path or address, for messages."""
    size: int

    def read(self, offset: int, count: int) -> Data:
        """Return exactly `count` bytes from `offset`, or raise."""

    def peek(self, offset: int, count: int) -> bytes:
        """Read something small, of which more is probably wanted soon."""

    def prepare(self, offsets: Sequence[int]) -> None:
        """Make ready for a `peek` at each of some offsets."""


def check_exists(path: Path) -> None:
    """Raise, saying what to do, unless there is a file or folder at `path`."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no file {path}; it was moved, or its disk is not mounted."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    # to open a pipe is to wait for whoever may write to it
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnreadableFile(f"{path} is neither a file nor a folder; choose another.")


def unreadable(path: Path, error: BaseException) -> UnreadableFile:
    """Put an error of the operating system or a decoder into one sentence."""
    if isinstance(error, PermissionError):
        return UnreadableFile(
            f"{path} may not be read by you; ask for read permission."
        )
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        return UnreadableFile(f"{path} cannot be opened: too many files are open.")
    reason = str(error).strip() or type(error).__name__
    return UnreadableFile(f"{path} could not be read ({reason}).")


class OpenFile:
    """A file open for reading at any offset, from any thread; closed with its owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = str(path)
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._fd = os.open(path, flags)
        except FileNotFoundError as error:
            raise NotFound(
                f"There is no file {path}; it was moved or renamed."
            ) from error
        except OSError as error:
            raise unreadable(path, error) from error
        self.close = weakref.finalize(self, os.close, self._fd)
        self._lock = threading.Lock()
        self.size = os.fstat(self._fd).st_size

    def read(self, offset: int, count: int) -> Data:
        """Return exactly `count` bytes from `offset`.

        Raises
        ------
        UnreadableFile
            If the file ends before, or the disk refuses.
        """
        if count < LEAST_BYTES or not hasattr(os, "preadv"):
            return self.peek(offset, count)
        room = ROOMS.take(count).data
        done = 0
        while done < count:
            try:
                got = os.preadv(self._fd, [room[done:]], offset + done)
            except OSError as error:
                raise unreadable(self.path, error) from error
            done += got
            if not got:
                raise self._cut_short(offset + count)
        return room

    def peek(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`; raises as `read` does."""
        parts: list[bytes] = []
        missing = count
        while missing > 0:
            try:
                got = self._read_some(offset + count - missing, missing)
            except OSError as error:
                raise unreadable(self.path, error) from error
            if not got:
                raise self._cut_short(offset + count)
            parts.append(got)
            missing -= len(got)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _cut_short(self, needed: int) -> UnreadableFile:
        return UnreadableFile(
            f"{self.path} is cut short: it ends at byte {self.size:,} where "
            f"{needed:,} are needed; copy it again."
        )

    def prepare(self, offsets: Sequence[int]) -> None:
        """Nothing to do on a disk, which is near."""

    def _read_some(self, offset: int, count: int) -> bytes:
        # A read of more than 2 GiB comes back short on Linux, hence the caller's loop.
        if hasattr(os, "pread"):
            return os.pread(self._fd, count, offset)
        with self._lock:  # Windows has no pread
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, count)


class OpenFiles:
    """Some of many files held open; the one unused for longest is closed first."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._held: OrderedDict[Path, OpenFile] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> OpenFile:
        """Return the open file; a thread that reads from it keeps it open."""
        with self._lock:
            found = self._held.get(path)
            if found is None:
                found = self._held[path] = OpenFile(path)
                if len(self._held) > self._most:
                    self._held.popitem(last=False)
            else:
                self._held.move_to_end(path)
            return found
