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
