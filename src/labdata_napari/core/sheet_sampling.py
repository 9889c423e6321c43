"""Planes interpolated linearly straight from volumes in memory, while a person drags.

`labdata_napari.core.interpolate` copies the neighbourhood of what it makes, which is
thick where a plane is tilted. Here each neighbour is fetched where it is, and the sums
are made in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.interpolate import OUTSIDE, store, working_dtype
from labdata_napari.core.kernels_numpy import weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TOGETHER = 1 << 15  # pixels made in one go


def sample_plane(
    volumes: Sequence[NDArray[Any]],
    targets: Sequence[NDArray[Any]],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
) -> None:
    """Sample volumes of one shape at the places of one plane.

    Parameters
    ----------
    volumes
        (z, y, x) voxels of each channel, C-contiguous.
    targets
        (rows, columns) of each channel, which the values are stored in as
        `labdata_napari.core.interpolate.store` does; 0 outside of the volumes.
    matrix, offset
        (3, 2) and (3,); row and column to index in the volumes.
    """
    rows, columns = targets[0].shape
    together = max(1, _TOGETHER // columns)
    for start in range(0, rows, together):
        some = slice(start, min(start + together, rows))
        where = _Places(volumes[0], some, columns, matrix, offset)
        for volume, target in zip(volumes, targets, strict=True):
            store(where.sampled(volume), target[some])


class _Places:
    """Some rows of a plane: the neighbours and weights that all channels share."""

    def __init__(
        self,
        volume: NDArray[Any],
        rows: slice,
        columns: int,
        matrix: NDArray[np.float64],
        offset: NDArray[np.float64],
    ) -> None:
        dtype = working_dtype(volume.dtype)
        j, k = np.arange(rows.start, rows.stop)[:, None], np.arange(columns)
        stride = volume.size
        self._index: Any = 0
        self._inside: Any = True
        self._steps: list[int] = []
        self._weights: list[list[NDArray[Any]]] = []
        for n, (m0, m1), begin in zip(volume.shape, matrix, offset, strict=True):
            stride //= n
            place = (begin + m0 * j) + m1 * k
            within = (place >= -OUTSIDE) & (place <= n - 1 + OUTSIDE)
            self._inside = within & self._inside
            np.clip(place, 0, n - 1, out=place)
            first = np.minimum(place.astype(np.intp), max(0, n - 2))
            self._weights.append(weights_of((place - first).astype(dtype), 2))
            self._index = self._index + first * stride
            self._steps.append(stride if n > 1 else 0)

    def sampled(self, volume: NDArray[Any]) -> NDArray[Any]:
        flat = volume.reshape(-1)
        (wz, wy, wx), (sz, sy, sx) = self._weights, self._steps
        total: Any = 0
        for c in range(2):
            column: Any = 0
            for a in range(2):
                near = flat[a * sz + c * sx :]
                first = near.take(self._index, mode="clip") * wy[0]
                first += near[sy:].take(self._index, mode="clip") * wy[1]
                first *= wz[a]
                column = first if not a else np.add(column, first, out=column)
            column *= wx[c]
            total = column if not c else np.add(total, column, out=total)
        total[~self._inside] = 0
        return np.asarray(total)
