"""Show what is far away without waiting for it: zeros first, then what arrived."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.lazy import decoded_bytes
from labdata_napari.errors import LabdataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from labdata_napari.core.lazy import LazyArray

HELD_BYTES = 256 * 2**20
_FETCHES = 2

Selection = tuple[range, ...]


class Awaited:
    """An array that never lets the main thread wait, which draws the pictures.

    What that thread asks for and is not held comes back as zeros, and is fetched
    meanwhile; of several such boxes the one asked for last comes first, and those
    that nobody looks at any more are left out. Every other thread waits as usual.

    Parameters
    ----------
    data
        The array far away.
    arrived
        Called on another thread when a box is there, with None; or with the error why
        it is not.
    """

    def __init__(
        self, data: LazyArray, arrived: Callable[[LabdataError | None], None]
    ) -> None:
        self._data = data
        self._arrived = arrived
        self._held: OrderedDict[Selection, NDArray[Any]] = OrderedDict()
        self._bytes = 0
        self._wanted: Selection | None = None
        self._coming: set[Selection] = set()
        self._running = 0
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel."""
        return self._data.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """The box that is decoded as one piece."""
        return self._data.chunks

    def decoded_bytes(self, selection: Selection) -> int:
        """Bytes that have to be decoded for a box."""
        return decoded_bytes(self._box(selection))

    def read(self, selection: Selection) -> NDArray[Any]:
        """Voxels of a box; zeros on the main thread while they are on their way."""
        if threading.current_thread() is not threading.main_thread():
            return np.asarray(self._box(selection))
        with self._lock:
            held = self._held.get(selection)
            if held is not None:
                self._held.move_to_end(selection)
                return held.copy()
            if selection not in self._coming:
                self._wanted = selection
                if self._running < _FETCHES:
                    self._running += 1
                    threading.Thread(target=self._fetch, daemon=True).start()
        # never touched, so that it costs no memory either
        return np.zeros(tuple(len(part) for part in selection), self.dtype)

    def _box(self, selection: Selection) -> LazyArray:
        key = tuple(slice(r.start, r.stop, r.step) for r in selection)
        box: LazyArray = self._data[key]
        return box

    def _fetch(self) -> None:
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._running -= 1
                    return
                self._coming.add(wanted)
            error = None
            try:
                self._hold(wanted, np.asarray(self._box(wanted)))
            except LabdataError as raised:
                error = raised
            with self._lock:
                self._coming.discard(wanted)
            self._arrived(error)

    def _hold(self, selection: Selection, voxels: NDArray[Any]) -> None:
        with self._lock:
            self._held[selection] = voxels
            self._bytes += voxels.nbytes
            # the last two stay however large: else what arrived is asked for again
            while self._bytes > HELD_BYTES and len(self._held) > 2:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
