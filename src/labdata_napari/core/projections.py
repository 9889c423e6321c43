"""Pictures of a recording over all its frames, from one pass through the file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.progress import Progress, silent
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack

NAMES = ("mean", "std", "var", "max")

_READ_BYTES = 32 * 2**20


@dataclass(frozen=True, eq=False)
class Projection:
    """A picture under its name.

    Attributes
    ----------
    name
        One of `NAMES`.
    image
        (C, Y, X), read-only; (Y, X) in rows that others wrote.

    Raises
    ------
    InvalidValue
        When it is none.
    """

    name: str
    image: NDArray[np.generic]

    def __post_init__(self) -> None:
        _check_names([self.name])
        image = np.array(self.image)
        if image.ndim not in (2, 3) or not image.size or image.dtype.kind not in "biuf":
            raise InvalidValue(
                f"A projection must be an array of numbers (C, Y, X); got "
                f"{image.dtype} {image.shape}."
            )
        image.flags.writeable = False
        object.__setattr__(self, "image", image)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same picture: name, type, shape, and every value."""
        if not isinstance(other, Projection):
            return NotImplemented
        one, two = self.image, other.image
        if (self.name, one.dtype) != (other.name, two.dtype):
            return False
        return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == "f"))

    def difference(self, before: Projection) -> str:
        """Say what is another: "900 of 1,024 pixels differ, by up to 0.5"."""
        old, new = before.image, self.image
        if old.shape != new.shape:
            return f"{_by(old.shape)} → {_by(new.shape)} pixels"
        distance = np.abs(new.astype(np.float64) - old.astype(np.float64))
        differ = ~((old == new) | (np.isnan(old) & np.isnan(new)))
        if not differ.any():
            return f"{old.dtype} → {new.dtype}"
        known = distance[np.isfinite(distance)]
        most = f", by up to {known.max():.3g}" if known.size and known.max() else ""
        return f"{int(differ.sum()):,} of {new.size:,} pixels differ{most}"


def projections(
    stack: Stack, names: Iterable[str] = NAMES, progress: Progress = silent
) -> dict[str, NDArray[np.generic]]:
    """Compute pictures over all frames, reading each frame once.

    Parameters
    ----------
    stack
        Frames: (T, C, Y, X), (T, Y, X) or (T, P, C, Y, X). Little of it is in memory
        at a time.
    names
        Any of "mean", "std", "var" and "max"; the deviation is that of all frames
        (``ddof=0``).
    progress
        Called with frames done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    dict
        (C, Y, X) or (P, C, Y, X) by name: float32, and the stack's own type for "max".

    Raises
    ------
    InvalidValue
        For another name, or a stack without frames.
    UnreadableFile
        When the file is broken.
    """
    names = _check_names(names)
    if not stack.axes.startswith("T") or not stack.shape[0]:
        raise InvalidValue(f"There are no frames to project in {stack!r}.")
    sums = _Sums()
    total = stack.shape[0]
    step = _frames_at_once(stack)
    progress(0, total)
    for start in range(0, total, step):
        frames = stack[start : start + step]
        if stack.axes == "TYX":
            frames = frames[:, np.newaxis]
        sums.add(frames)
        progress(min(start + step, total), total)
    return {name: sums.picture(name) for name in names}


class _Sums:
    """Mean, squared deviation and maximum of what was added, part by part.

    Parts are joined as Chan, Golub and LeVeque (1979) do: squares of large values are
    never subtracted from each other.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0
        self._max: Any = None

    def add(self, frames: NDArray[np.generic]) -> None:
        count = len(frames)
        mean = frames.mean(axis=0, dtype=np.float64)
        squares = np.zeros_like(mean)
        for frame in frames:  # one at a time: no float64 copy of all of them
            squares += np.square(frame - mean)
        total = self._count + count
        shift = mean - self._mean
        self._mean = self._mean + shift * (count / total)
        self._squares = (
            self._squares + squares + np.square(shift) * (self._count * count / total)
        )
        most = frames.max(axis=0)
        self._max = most if self._max is None else np.maximum(self._max, most)
        self._count = total

    def picture(self, name: str) -> NDArray[np.generic]:
        if name == "max":
            return np.asarray(self._max)
        value = self._mean if name == "mean" else self._squares / self._count
        if name == "std":
            value = np.sqrt(value)
        return np.asarray(value, dtype=np.float32)


def _frames_at_once(stack: Stack) -> int:
    """Frames that are read at a time: whole chunks of the file, up to some bytes."""
    frame_bytes = max(1, math.prod(stack.shape[1:]) * stack.dtype.itemsize)
    chunks = getattr(stack.data, "chunks", (1,))
    chunk = chunks[0] if isinstance(chunks[0], int) else max(chunks[0])
    fitting = max(1, _READ_BYTES // frame_bytes)
    return max(chunk, fitting // chunk * chunk) if chunk <= 4 * fitting else fitting


def _check_names(names: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(names)
    for name in wanted:
        if name not in NAMES:
            raise InvalidValue(
                f"There is no projection {name!r}; there are {', '.join(NAMES)}."
            )
    return wanted


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
