"""Read a remote file in few requests and bounded memory.

Pixels are asked for as they are: a chunk is one range request. Everything that leads
to them (directories of zips, pages of TIFFs) is small and close together, and comes
through blocks that are kept; a block is fetched once, however many threads ask.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.remote_bytes import RemoteFile

CACHE_BYTES = 64 * 2**20
REQUESTS = 16
"""Requests under way at a time, where many are known to be needed."""

_BLOCK = 16 * 2**10
# A request that waits 30 ms may as well bring what passes in 5.
_AHEAD = 16


class RemoteBytes:
    """A remote file with a bounded cache of blocks. Safe from several threads.

    Parameters
    ----------
    file
        The file.
    max_bytes
        Most bytes of blocks to keep; those unused for longest go first.
    """

    def __init__(self, file: RemoteFile, max_bytes: int = CACHE_BYTES) -> None:
        self.file = file
        self.where = file.url
        self.size = file.size
        self._most = max(1, max_bytes // _BLOCK)
        self._held: OrderedDict[int, bytes] = OrderedDict()
        self._coming: dict[int, Future[bytes]] = {}
        self._last = 0
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes that the cache holds now."""
        with self._lock:
            return sum(map(len, self._held.values()))

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`, in one request or none.

        Raises
        ------
        UnreadableFile
            If the file ends before, or something else than asked for arrives.
        LabdataError
            What the remote file raises.
        """
        self._check(offset, count)
        if not count:
            return b""
        blocks = _blocks(offset, count)
        with self._lock:
            held = [self._held.get(b) for b in blocks]
        if all(data is not None for data in held):
            return _cut(filter(None, held), blocks[0], offset, count)
        return self._fetch(offset, count)

    def peek(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`, through the cache.

        Raises
        ------
        LabdataError
            As `read`.
        """
        self._check(offset, count)
        if not count:
            return b""
        blocks = _blocks(offset, count)
        # what lies alone among pixels brings no more than itself
        near = abs(blocks[0] - self._last) <= _AHEAD
        self._last = blocks[-1]
        got = self._got(blocks, _AHEAD if near else 1)
        return _cut(got, blocks[0], offset, count)

    def prepare(self, offsets: Sequence[int]) -> None:
        """Fetch the blocks at some offsets, several at a time.

        Only as many as fit the cache; an offset outside the file is left aside.
        """
        inside = [o // _BLOCK for o in offsets if 0 <= o < self.size]
        wanted = list(dict.fromkeys(inside))[: self._most // 2]
        with self._lock:
            missing = [b for b in wanted if b not in self._held]
        if not missing:
            return
        with ThreadPoolExecutor(min(len(missing), REQUESTS)) as pool:
            for future in [pool.submit(self._got, range(b, b + 1), 1) for b in missing]:
                future.result()

    def _check(self, offset: int, count: int) -> None:
        if offset < 0 or count < 0 or offset + count > self.size:
            raise UnreadableFile(
                f"{self.where} is cut short: it ends at byte {self.size:,} where "
                f"{offset + count:,} are needed; upload it again."
            )

    def _fetch(self, offset: int, count: int) -> bytes:
        data = self.file.read(offset, count)
        if len(data) != count:
            raise UnreadableFile(
                f"{self.where} gave {len(data):,} of {count:,} bytes; the connection "
                "broke or the file was replaced, open it again."
            )
        return data

    def _got(self, blocks: range, ahead: int) -> list[bytes]:
        """Bytes of adjacent blocks; what is missing is fetched in runs."""
        found: dict[int, Future[bytes]] = {}
        mine: list[int] = []
        with self._lock:
            for block in blocks:
                found[block] = self._future(block, mine)
            if mine:
                last = min(max(mine[-1] + 1, mine[0] + ahead), -(-self.size // _BLOCK))
                for block in range(mine[-1] + 1, last):
                    if block in self._held or block in self._coming:
                        break
                    self._future(block, mine)
        try:
            for run in _runs(mine):
                self._bring(run)
        except BaseException as error:
            self._give_up(mine, error)
            raise
        return [future.result() for future in found.values()]

    def _future(self, block: int, mine: list[int]) -> Future[bytes]:
        """Block held, on its way, or to be brought by the caller: put into `mine`."""
        coming = self._coming.get(block)
        if coming is not None:
            return coming
        future: Future[bytes] = Future()
        held = self._held.get(block)
        if held is None:
            self._coming[block] = future
            mine.append(block)
        else:
            self._held.move_to_end(block)
            future.set_result(held)
        return future

    def _bring(self, run: range) -> None:
        start = run.start * _BLOCK
        end = min(run.stop * _BLOCK, self.size)
        data = self._fetch(start, end - start)
        parts = [data[n * _BLOCK : (n + 1) * _BLOCK] for n in range(len(run))]
        with self._lock:
            futures = [self._coming.pop(block) for block in run]
            self._held.update(zip(run, parts, strict=True))
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        for future, part in zip(futures, parts, strict=True):
            future.set_result(part)

    def _give_up(self, blocks: list[int], error: BaseException) -> None:
        """Let others who wait for blocks that did not come know why."""
        with self._lock:
            found = [self._coming.pop(b) for b in blocks if b in self._coming]
        for future in found:
            future.set_exception(error)


def _blocks(offset: int, count: int) -> range:
    return range(offset // _BLOCK, (offset + count - 1) // _BLOCK + 1)


def _cut(blocks: Iterable[bytes], first: int, offset: int, count: int) -> bytes:
    start = offset - first * _BLOCK
    return b"".join(blocks)[start : start + count]


def _runs(blocks: list[int]) -> list[range]:
    """Adjacent blocks together."""
    groups = itertools.groupby(enumerate(blocks), lambda pair: pair[1] - pair[0])
    runs = [[block for _, block in group] for _, group in groups]
    return [range(run[0], run[-1] + 1) for run in runs]
