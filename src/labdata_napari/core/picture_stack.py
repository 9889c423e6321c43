"""Pictures in files as one lazy stack; smaller ones have black around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import VIDEO
from labdata_napari.core.file_bytes import unreadable
from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.pictures import padded, read_picture
from labdata_napari.core.stacks import Stack
from labdata_napari.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class _Pictures:
    """A `labdata_napari.core.lazy.Reader`; a picture that is missing is black."""

    dtype = np.dtype(np.uint8)

    def __init__(self, paths: Sequence[Path | None], size: tuple[int, int]) -> None:
        self._paths = paths
        self.shape = (len(paths), *size, 3)
        self.chunks = (1, *size, 3)

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Pixels of some pictures; raises UnreadableFile where one is damaged."""
        numbers, *inside = selection
        out = np.zeros(tuple(len(r) for r in selection), self.dtype)
        for at, number in enumerate(numbers):
            path = self._paths[number]
            if path is None:
                continue
            picture = padded(read_picture(path), self.shape[1:3])
            if picture.ndim == 2:
                picture = np.repeat(picture[..., None], 3, axis=2)
            out[at] = picture[np.ix_(*inside)]
        return out


def open_pictures(paths: Sequence[Path | None]) -> Stack:
    """Open pictures as a lazy stack ``(T, Y, X, S)``, as large as the largest.

    Parameters
    ----------
    paths
        PNG or JPEG; None where there is none.

    Raises
    ------
    NotFound
        When there is no picture at all.
    UnreadableFile
        When one is damaged.
    """
    sizes = [_size(path) for path in paths if path is not None]
    if not sizes:
        raise NotFound("There are no pictures beside the labels.")
    height, width = (max(size[axis] for size in sizes) for axis in range(2))
    reader = _Pictures(tuple(paths), (height, width))
    return Stack(LazyArray.of(reader), VIDEO)


def _size(path: Path) -> tuple[int, int]:
    """Rows and columns; of a PNG they are at the beginning of the file."""
    try:
        with open(path, "rb") as stream:
            start = stream.read(24)
    except OSError as error:
        raise unreadable(path, error) from error
    if start.startswith(b"\x89PNG") and start[12:16] == b"IHDR":
        return int.from_bytes(start[20:24]), int.from_bytes(start[16:20])
    height, width = read_picture(path).shape[:2]
    return height, width
