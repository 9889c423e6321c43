"""The zoom in z of a transform as labdata computes it, while the frames come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.scratch import Scratch


def zoom_step(n_in: int, n_out: int) -> float:
    """Voxels from one place to the next: the outermost centres stay."""
    return (n_in - 1) / (n_out - 1) if n_out > 1 else 1.0


class ZoomZ:
    """Zooms one channel in z as its frames come, and stores the planes."""

    def __init__(
        self, scratch: Scratch, channel: int, n_in: int, n_out: int, kernels: Kernels
    ) -> None:
        self._scratch, self._channel, self._kernels = scratch, channel, kernels
        self._n_in, self._n_out = n_in, n_out
        self._step = zoom_step(n_in, n_out)
        self._held: dict[int, NDArray[Any]] = {}
        self._next_frame = self._next_plane = 0

    def add(self, frames: NDArray[Any]) -> None:
        """Take the next frames."""
        for frame in frames:
            self._held[self._next_frame] = frame
            self._next_frame += 1
        for plane in self._ready(frames):
            self._scratch.put(self._channel, self._next_plane, plane)
            self._next_plane += 1
        lowest = int(np.floor(self._next_plane * self._step))
        for z in [z for z in self._held if z < lowest]:
            del self._held[z]

    def _ready(self, frames: NDArray[Any]) -> Iterator[NDArray[Any]]:
        while self._next_plane < self._n_out:
            place = self._next_plane * self._step
            if place > self._n_in - 1:
                yield np.zeros_like(frames[0])
                continue
            below = int(np.floor(place))
            above = min(below + 1, self._n_in - 1)
            if above >= self._next_frame:
                return
            if place == below:
                yield self._held[below]
                continue
            out = np.empty_like(frames[0])
            self._kernels.blend(
                self._held[below], self._held[above], place - below, out
            )
            yield out
