"""A file of lines that grows, and the lock beside it that says somebody writes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from labdata_napari.core.locks import FileLock
from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path


class JournalFile:
    """A file this process writes, from its first lines on; belongs to one thread.

    Parameters
    ----------
    path
        Of a file that is not there yet, in a folder that is.
    content
        What it begins with.

    Attributes
    ----------
    path
        As given.
    size
        Bytes it has.
    needs_sync
        Whether something was appended that a power cut could take.

    Raises
    ------
    OSError
        By this and every method, when the disk refuses.
    WriteRefused
        When another program holds the lock.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.size = 0
        self.needs_sync = False
        self._stream: FileIO | None = None
        self._lock = FileLock(lock_path(path))
        if not self._lock.acquire():
            raise WriteRefused(f"'{self._lock.path}' is locked by another program.")
        try:
            self.replace(content)
        except OSError:
            self._lock.discard()
            raise

    @property
    def is_open(self) -> bool:
        """Whether it can be appended to."""
        return self._stream is not None

    def replace(self, content: bytes) -> None:
        """Write it anew, whole or not at all; it stays open where that fails."""
        part = self.path.with_suffix(".part")
        try:
            with open(part, "wb", opener=_private) as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            self.close()  # Windows replaces no file that is open
            os.replace(part, self.path)
        except OSError:
            part.unlink(missing_ok=True)
            if self.size:
                self._open()
            raise
        self._open()
        self.size = len(content)

    def append(self, line: bytes) -> None:
        """Add a line at its end; where that fails, nothing of it stays.

        A file from which half a line cannot be taken is closed and left behind.
        """
        assert self._stream is not None
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError:
            self._take_back()
            raise
        self.size += len(line)
        self.needs_sync = True

    def sync(self) -> None:
        """Make sure that it survives the computer's end as well."""
        self.needs_sync = False
        if self._stream is not None:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Append no more to it; it stays locked."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
        self.needs_sync = False

    def leave(self) -> None:
        """Let somebody else have it."""
        self.close()
        self._lock.release()

    def remove(self) -> None:
        """Delete it, unless somebody else took it after it was left."""
        self.close()
        if self._lock.acquire():
            remove(self.path, self._lock)

    def _open(self) -> None:
        if self._stream is None:
            self._stream = open(self.path, "ab", buffering=0)  # noqa: SIM115

    def _take_back(self) -> None:
        """Remove half a line, so that the file stays readable."""
        assert self._stream is not None
        try:
            self._stream.truncate(self.size)
        except OSError:
            self.leave()


def lock_path(path: Path) -> Path:
    """Return the lock of a file."""
    return path.with_suffix(".lock")


def remove(path: Path, lock: FileLock) -> None:
    """Delete a file and its lock, which is held."""
    path.unlink(missing_ok=True)
    lock.discard()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
