"""The interpolation of a transform on a graphics card, through CuPy.

Only the interpolation goes there: reading and reducing are bound by inflating chunks.
The sums are made in the order of `labdata_napari.core.kernels_numpy`; a card fuses
products with sums, so that a float may differ in its last bits, and a voxel by at most
1 count. Nothing here is bound to CuPy but `load`: the work is done by whatever module
of arrays is given.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.kernels_numpy import weights_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Grid
    from labdata_napari.core.kernels import Kernels

_log = logging.getLogger(__name__)


def load(others: Callable[[], Kernels]) -> GpuKernels | None:
    """Give kernels on the first card, None where there is none or it does not answer.

    Parameters
    ----------
    others
        Gives what does the rest, and everything once the card fails.
    """
    try:
        import cupy
    except ImportError:
        return None
    try:
        cupy.zeros(1).get()
    except Exception as error:  # noqa: BLE001  drivers fail in their own ways
        _log.info("Transforms do not use a graphics card: %s", error)
        return None
    return GpuKernels(cupy, others())


class GpuKernels:
    """Interpolates with a module of arrays; see `kernels_numpy` for what each does.

    Parameters
    ----------
    arrays
        CuPy, or what has the same functions.
    others
        What does the rest, and everything once the card fails.
    """

    def __init__(self, arrays: Any, others: Kernels) -> None:
        self._arrays = arrays
        self._others = others
        self._works = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._others, name)

    def sample(self, data: NDArray[Any], grid: Grid, out: NDArray[Any]) -> None:
        """Interpolate float voxels at the places of a grid."""
        if self._works:
            try:
                for one, target in zip(data, out, strict=True):
                    target[...] = self._host(_sampled(self._arrays, one, grid))
            except Exception as error:  # noqa: BLE001  out of memory, a lost card, …
                if self._works:
                    _log.warning("A transform goes on without the card: %s", error)
                self._works = False
            else:
                return
        self._others.sample(data, grid, out)

    def _host(self, array: Any) -> NDArray[Any]:
        return np.asarray(array.get() if hasattr(array, "get") else array)


def _sampled(xp: Any, data: NDArray[Any], grid: Grid) -> Any:
    flat = xp.asarray(data).reshape(-1)
    strides = (data.shape[1] * data.shape[2], data.shape[2], 1)
    i, j, k = (
        xp.arange(n, dtype=np.float64).reshape([n if a == b else 1 for b in range(3)])
        for a, n in enumerate(grid.shape)
    )
    index, weights, inside = 0, [], True
    for axis, taps in enumerate(grid.taps):
        m0, m1, m2 = (float(m) for m in grid.matrix[axis])
        place = (float(grid.offset[axis]) + m0 * i + m1 * j) + m2 * k
        low, high = float(grid.low[axis]), float(grid.high[axis])
        inside = (
            inside & (place >= low - grid.TOLERANCE) & (place <= high + grid.TOLERANCE)
        )
        place = xp.clip(place, low, high)
        first = (xp.rint(place) if taps == 1 else xp.floor(place)).astype(np.int64)
        weights.append(weights_of((place - first).astype(data.dtype), taps))
        index = index + (first - (taps == 4)) * strides[axis]
    total: Any = 0
    for c in range(grid.taps[2]):
        column: Any = 0
        for a in range(grid.taps[0]):
            plane: Any = 0
            for b in range(grid.taps[1]):
                near = flat[index + (a * strides[0] + b * strides[1] + c)]
                plane = plane + near * weights[1][b]
            column = column + plane * weights[0][a]
        total = total + column * weights[2][c]
    return xp.where(inside, total, data.dtype.type(0))
