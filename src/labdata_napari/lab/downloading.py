"""A file far away comes here: in parts at once, resumed, verified, or not at all.

While it comes it is ``.<name>.part`` beside its target, and ``.<name>.parts`` lists
which blocks of it are complete. Both stay when a download is stopped or breaks, and
the next one goes on from there, if the file in the store is still the same.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import threading
from collections import deque
from concurrent.futures import (
    FIRST_EXCEPTION,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.locks import FileLock
from labdata_napari.core.progress import silent
from labdata_napari.errors import Cancelled, UnreadableFile, WriteRefused
from labdata_napari.lab.copying import (
    make_folders,
    reading,
    remove_folders,
    require_space,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.stores import StoredFile

BLOCK = 4 * 2**20
_RANGES = 8
_FILES = 4
TICK = 0.1
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True)
class Download:
    """A file to bring here.

    Attributes
    ----------
    file
        Where it comes from.
    target
        Where it goes; its folders are made.
    md5
        What it must have, from its row; None when the row has none.
    """

    file: StoredFile
    target: Path
    md5: str | None = None


def download(downloads: Sequence[Download], progress: Progress = silent) -> None:
    """Bring files here, several at once; a target that exists is left as it is.

    Parameters
    ----------
    downloads
        What to bring.
    progress
        Told bytes done of bytes in all, from this thread, several times a second;
        raise `Cancelled` from it to stop.

    Raises
    ------
    UnreadableFile
        When a file is damaged (its checksum is another), cut short, or replaced while
        it is read; nothing of it is kept.
    WriteRefused
        When the disk is full or refuses.
    StorageFailed, NotFound, Archived
        When the store does not give a file. What came is kept for the next time.
    """
    total = sum(one.file.size for one in downloads)
    done = [0] * len(downloads)
    stop = threading.Event()

    def counter(number: int) -> Callable[[int], None]:
        def count(size: int) -> None:
            done[number] = size
            if stop.is_set():
                raise Cancelled("The download was stopped; the next one goes on.")

        return count

    with (
        ThreadPoolExecutor(_RANGES, "labdata-ranges") as ranges,
        ThreadPoolExecutor(_FILES, "labdata-files") as files,
    ):
        left: set[Future[None]] = {
            files.submit(_bring, one, ranges, counter(number))
            for number, one in enumerate(downloads)
        }
        try:
            while left:
                progress(sum(done), total)
                ready, left = wait(left, TICK, FIRST_EXCEPTION)
                for future in ready:
                    future.result()
            progress(total, total)
        except BaseException:
            stop.set()
            for future in left:
                future.cancel()
            raise


def _bring(one: Download, ranges: Executor, count: Callable[[int], None]) -> None:
    """Bring one file."""
    made = make_folders(one.target.parent)
    try:
        with _alone(one.target, lambda: count(0)):
            if not one.target.is_file():  # another process may have been quicker
                _bring_alone(one, ranges, count)
    finally:
        remove_folders(made)  # those that are empty
    count(one.file.size)


def _bring_alone(one: Download, ranges: Executor, count: Callable[[int], None]) -> None:
    part = _Part(one)
    require_space(one.target.parent, one.file.size - part.size_done)
    try:
        with part.opened():
            digest = _pull(one.file, part, ranges, count)
        if one.md5 and digest != one.md5.lower():
            raise UnreadableFile(
                f"'{one.file.url}' is damaged: its MD5 is {digest} and its row says "
                f"{one.md5}. Nothing of it was kept; ask whoever made it to upload it "
                "again."
            )
        with writing(one.target):
            os.replace(part.path, one.target)
    except UnreadableFile:
        part.discard()
        raise
    except WriteRefused as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _FULL:
            part.discard()
        raise
    part.discard()


def _pull(
    file: StoredFile, part: _Part, ranges: Executor, count: Callable[[int], None]
) -> str:
    """Read the blocks that are missing, and hash all of them in order."""
    stop = threading.Event()
    missing = deque(n for n in range(part.blocks) if n not in part.done)
    coming: dict[int, Future[None]] = {}
    digest = hashlib.md5(usedforsecurity=False)
    try:
        for number in range(part.blocks):
            while missing and len(coming) < 2 * _RANGES:
                block = missing.popleft()
                coming[block] = ranges.submit(_read_block, file, part, block, stop)
            future = coming.pop(number, None)
            while future is not None and not future.done():
                wait([future], TICK)
                count(part.size_done)
            if future is not None:
                future.result()
            digest.update(part.read(number))
            count(part.size_done)
    except BaseException:
        stop.set()
        for future in coming.values():
            future.cancel()
        wait(coming.values())
        raise
    return digest.hexdigest()


def _read_block(
    file: StoredFile, part: _Part, number: int, stop: threading.Event
) -> None:
    start, count = part.extent(number)
    for piece in file.pieces(start, count):
        part.write(start, piece)
        start += len(piece)
        if stop.is_set():
            return
    part.complete(number)


class _Part:
    """What is here of a file, and the list of its complete blocks."""

    def __init__(self, one: Download) -> None:
        folder, name = one.target.parent, one.target.name
        self.path = folder / f".{name}.part"
        self._list = folder / f".{name}.parts"
        self._size = one.file.size
        self._header = {"version": one.file.version, "size": self._size}
        # what a power cut left unwritten shows in the checksum, where there is one
        self._careful = one.md5 is None
        self.blocks = -(-self._size // BLOCK)
        self.done = self._listed()
        self._bytes = sum(self.extent(n)[1] for n in self.done)
        self._lock = threading.Lock()
        self._stream: Any = None
        self._lines: Any = None

    @property
    def size_done(self) -> int:
        """Bytes that are here, those of incomplete blocks included."""
        return self._bytes

    def extent(self, number: int) -> tuple[int, int]:
        """Return where a block begins, and its length."""
        start = number * BLOCK
        return start, min(BLOCK, self._size - start)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Keep both files open for the time of a block."""
        with writing(self.path):
            if not self.done:
                self.discard()
            mode = "r+b" if self.path.exists() else "w+b"
            self._stream = open(self.path, mode)  # noqa: SIM115 (closed below)
            self._lines = open(self._list, "a", encoding="utf-8")  # noqa: SIM115
        try:
            if not self.done:
                with writing(self._list):
                    self._note(self._header)
            yield
            with writing(self.path):
                self._stream.flush()
                os.fsync(self._stream.fileno())
        finally:
            with writing(self.path), self._stream, self._lines:
                pass

    def write(self, start: int, piece: bytes) -> None:
        with self._lock, writing(self.path):
            self._stream.seek(start)
            self._stream.write(piece)
            self._bytes += len(piece)

    def read(self, number: int) -> bytes:
        start, count = self.extent(number)
        with self._lock, reading(self.path):
            self._stream.seek(start)
            content: bytes = self._stream.read(count)
        return content

    def complete(self, number: int) -> None:
        """Note that a block is here."""
        with self._lock, writing(self.path):
            self._stream.flush()
            if self._careful:
                os.fsync(self._stream.fileno())
            self._note(number)

    def discard(self) -> None:
        """Forget what is here."""
        for path in (self.path, self._list):
            with contextlib.suppress(OSError):
                path.unlink()

    def _note(self, value: object) -> None:
        self._lines.write(json.dumps(value) + "\n")
        self._lines.flush()

    def _listed(self) -> set[int]:
        """Blocks that are complete, of the same file as it is in the store now."""
        try:
            # a line without its end was cut short
            lines = self._list.read_text("utf-8").split("\n")[:-1]
            found = [json.loads(line) for line in lines]
        except (OSError, ValueError):
            return set()
        if not found or found[0] != self._header or not self.path.exists():
            return set()
        return {n for n in found[1:] if isinstance(n, int) and 0 <= n < self.blocks}


@contextlib.contextmanager
def _alone(target: Path, tell: Callable[[], None]) -> Iterator[None]:
    """Wait until nobody else brings the same file."""
    lock = FileLock(target.parent / f".{target.name}.lock")
    while True:
        with writing(target):
            if lock.acquire(patience=TICK):
                break
        tell()
    try:
        yield
    finally:
        lock.discard()
