"""The chunks of one array that were decoded last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

# One reader keeps at most this much of what it decoded last: enough for the chunk
# under the current plane, or for the chunks one orthogonal slice of a pyramid cuts.
CACHE_BYTES = 96 * 2**20
GLANCE_BYTES = 48 * 2**20
_SEEN = 64  # chunks


class ChunkCache:
    """The chunks decoded last, up to a number of bytes. Safe from several threads."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max = max_bytes
        self._held: OrderedDict[tuple[int, ...], NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[int, ...]) -> NDArray[Any] | None:
        """Return the chunk if it is still held."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: tuple[int, ...], chunk: NDArray[Any]) -> None:
        """Hold a chunk, dropping the oldest ones that no longer fit."""
        if chunk.nbytes > self._max:
            return
        with self._lock:
            if key in self._held:
                return
            self._held[key] = chunk
            self._bytes += chunk.nbytes
            while self._bytes > self._max:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


class Glances:
    """What was decoded of chunks that were only looked into. Safe from threads."""

    def __init__(self) -> None:
        self._cache = ChunkCache(GLANCE_BYTES)
        self._seen: OrderedDict[tuple[int, ...], slice] = OrderedDict()
        self._lock = threading.Lock()

    def is_enough(self, number: tuple[int, ...], rows: slice) -> bool:
        """Whether nothing but these indices of a chunk was asked for of late."""
        with self._lock:
            enough = self._seen.get(number, rows) == rows
            self._seen[number] = rows
            self._seen.move_to_end(number)
            if len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
            return enough

    def held(self, number: tuple[int, ...], rows: slice) -> NDArray[Any] | None:
        """Return these indices of a chunk's first axis, if they are still held."""
        found = self._cache.get((*number, rows.start, rows.stop))
        return None if found is None else found[:: rows.step]

    def hold(self, number: tuple[int, ...], rows: slice, voxels: NDArray[Any]) -> None:
        """Hold all from the first to the last of these indices."""
        self._cache.put((*number, rows.start, rows.stop), voxels)
