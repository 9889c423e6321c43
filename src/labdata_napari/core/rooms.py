"""Memory for large arrays that is used again once nobody holds them.

Fresh memory has to be cleared by the operating system, page after page. For the chunks
of a large stack, which are dropped as soon as they are reduced, that takes longer than
inflating them.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

Room = NDArray[np.uint8]

LEAST_BYTES = 1 << 20  # less comes from the allocator's own stores
MOST, MOST_BYTES = 4, 160 << 20
"""Kept at most while it is not in use: rooms, and bytes in all of them."""


class Rooms:
    """Gives out arrays of bytes and takes their memory back. Safe from several threads.

    What was used last is kept, up to `MOST` and `MOST_BYTES`.
    """

    def __init__(self) -> None:
        self._free: list[Room] = []
        self._lock = threading.Lock()
        # what is given back while garbage is collected, with the lock perhaps held
        self._back: SimpleQueue[Room] = SimpleQueue()

    def take(self, count: int) -> Room:
        """Return `count` bytes of anything, the caller's as long as it holds them.

        A view of them holds them, too.
        """
        if count < LEAST_BYTES:
            return np.empty(count, np.uint8)
        room = self._found(count)
        if room is None:
            room = np.empty(-(-count // LEAST_BYTES) * LEAST_BYTES, np.uint8)
        # NumPy's arrays tell nobody when their last view is gone; this does.
        held = (ctypes.c_uint8 * room.size).from_buffer(room.data)
        weakref.finalize(held, self._give_back, room).atexit = False
        return np.frombuffer(memoryview(held), np.uint8, count)

    def clear(self) -> None:
        """Give what is not in use to the operating system."""
        with self._lock:
            self._sort_in()
            self._free.clear()

    def _found(self, count: int) -> Room | None:
        with self._lock:
            self._sort_in()
            for number, room in enumerate(self._free):
                # chunks are packed to similar sizes; one must not take another's place
                if count <= room.size <= count + count // 4 + LEAST_BYTES:
                    return self._free.pop(number)
        return None

    def _give_back(self, room: Room) -> None:
        self._back.put(room)
        if self._lock.acquire(blocking=False):
            try:
                self._sort_in()
            finally:
                self._lock.release()

    def _sort_in(self) -> None:
        """Keep what was given back, within bounds; the lock is held."""
        while not self._back.empty():
            self._free.append(self._back.get())
        while len(self._free) > MOST or sum(map(len, self._free)) > MOST_BYTES:
            self._free.pop(0)


ROOMS = Rooms()
"""Where chunks are inflated."""
