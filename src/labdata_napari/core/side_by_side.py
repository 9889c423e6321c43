"""Arrays of one channel each, read together as the four axes that a transform takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray


class SideBySide:
    """A lazy (Z, C, Y, X) array over arrays of one channel each.

    Parameters
    ----------
    channels
        Array-likes of one shape and type: (Y, X), (Z, Y, X), or with one more axis
        after the first.
    fixed
        Which index of that further axis is taken.

    Raises
    ------
    InvalidValue
        When they do not go together, or have other axes.
    """

    ndim = 4

    def __init__(self, channels: Sequence[Any], fixed: int = 0) -> None:
        first = channels[0]
        shapes = {tuple(int(n) for n in channel.shape) for channel in channels}
        types = {np.dtype(channel.dtype) for channel in channels}
        if len(shapes) > 1 or len(types) > 1:
            raise InvalidValue(
                "These channels have different shapes or types, so they cannot be "
                "transformed together."
            )
        if len(first.shape) not in (2, 3, 4):
            raise InvalidValue(
                f"A layer with {len(first.shape)} axes cannot be transformed; it takes "
                "planes, sections or frames."
            )
        self._channels = tuple(channels)
        self._fixed = fixed
        shape = next(iter(shapes))
        self._own = len(shape)
        frames = 1 if len(shape) == 2 else shape[0]
        self.shape = (frames, len(channels), *shape[-2:])
        self.dtype: np.dtype[Any] = np.dtype(first.dtype)
        self.chunks = (_frames_together(first, frames), 1, *shape[-2:])

    def __getitem__(self, key: Any) -> NDArray[Any]:
        keys: list[Any] = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            place = keys.index(Ellipsis)
            keys[place : place + 1] = [slice(None)] * (5 - len(keys))
        z, c, y, x = keys + [slice(None)] * (4 - len(keys))
        if not isinstance(c, slice):
            return self._read(self._channels[c], z, y, x)
        parts = [self._read(channel, z, y, x) for channel in self._channels[c]]
        if not parts:
            return self._read(self._channels[0], z, y, x)[..., None][..., :0]
        return np.stack(parts, axis=0 if not isinstance(z, slice) else 1)

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        out = self[:]
        return out if dtype is None else out.astype(dtype, copy=bool(copy))

    def _read(self, channel: Any, z: Any, y: Any, x: Any) -> NDArray[Any]:
        if self._own == 2:
            return np.asarray(np.asarray(channel[y, x])[None][z])
        middle = (self._fixed,) if self._own == 4 else ()
        return np.asarray(channel[(z, *middle, y, x)])


def _frames_together(array: Any, frames: int) -> int:
    chunks = getattr(array, "chunks", None)
    if not chunks or len(array.shape) == 2:
        return 1
    first = chunks[0]
    size = int(first) if isinstance(first, int) else int(max(first))
    return max(1, min(size, frames))
