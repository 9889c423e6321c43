"""The demo's brains without a lab: painted plane by plane when they are looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.chunk_cache import ChunkCache
from labdata_napari.core.lazy import LazyArray, gather
from labdata_napari.core.stacks import Stack
from labdata_napari.demo.brain import BrainTruth, coronal_brain, horizontal_brain
from labdata_napari.demo.brain_pixels import plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEED = 7
_HALF = 0.5


def sample_stack(which: str) -> Stack:
    """Return the "coronal" or the "horizontal" brain at half size, (Z, C, Y, X)."""
    make = {"coronal": coronal_brain, "horizontal": horizontal_brain}[which]
    brain = make(_SEED, _HALF)
    return Stack(
        LazyArray.of(_Painted(brain)),
        "ZCYX",
        brain.um_per_pixel,
        brain.channel_names,
        channel_wavelengths_nm=brain.wavelengths,
    )


@dataclass(frozen=True, eq=False)
class _Painted:
    """Planes of a brain, each painted once."""

    brain: BrainTruth
    painted: ChunkCache = field(default_factory=lambda: ChunkCache(2**28))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.brain.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint16)

    @property
    def chunks(self) -> tuple[int, ...]:
        return (1, *self.brain.shape[1:])

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        return gather(selection, self.chunks, self.dtype, self._paint, self.painted)

    def _paint(self, chunk: tuple[int, ...]) -> NDArray[Any]:
        return plane(self.brain, chunk[0])[np.newaxis]
