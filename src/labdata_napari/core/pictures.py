"""Pictures of frames as files, PNG and JPEG, uint8 grey or RGB."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ENDINGS = (".png", ".jpg", ".jpeg")
_MOST_BYTES = 512 << 20
# of PNG's ten the fastest by far: files a tenth larger, in a fifth of the time
_LEVEL = 1


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (Y, X) or (Y, X, 3) uint8; what is transparent is not kept.

    Raises
    ------
    NotFound
        When there is no file.
    UnreadableFile
        When it is neither PNG nor JPEG, or damaged.
    """
    import imagecodecs

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnreadableFile(f"'{path}' is too large for a picture of a frame.")
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(f"There is no picture '{path}'.") from None
    except OSError as error:
        raise UnreadableFile(f"'{path}' cannot be read: {error.strerror}.") from error
    is_png = content.startswith(b"\x89PNG")
    if not is_png and not content.startswith(b"\xff\xd8\xff"):
        raise UnreadableFile(f"'{path}' is neither a PNG nor a JPEG picture.")
    decode = imagecodecs.png_decode if is_png else imagecodecs.jpeg_decode
    try:
        return _as_colours(decode(content))
    except (RuntimeError, ValueError) as error:
        raise UnreadableFile(f"'{path}' is damaged ({error}).") from error


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture (Y, X) or (Y, X, 3) as PNG; raises WriteRefused."""
    import imagecodecs

    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    content = imagecodecs.png_encode(
        np.ascontiguousarray(picture),
        level=_LEVEL,
        # to try all five on every line takes twice as long and saves no byte
        filter=imagecodecs.PNG.FILTER.AVG,
    )
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        reason = error.strerror or error
        raise WriteRefused(f"'{path}' cannot be written: {reason}.") from error


def padded(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Extend a picture with black at the bottom and right to (rows, columns)."""
    height, width = picture.shape[:2]
    if (height, width) == size:
        return picture
    more = [(0, size[0] - height), (0, size[1] - width), *[(0, 0)] * (picture.ndim - 2)]
    return np.pad(picture, more)


def _as_colours(decoded: Any) -> NDArray[np.uint8]:
    array = np.asarray(decoded)
    if array.dtype == np.uint16:
        array = (array >> 8).astype(np.uint8)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if array.ndim == 3:
        grey = array.shape[2] < 3
        array = array[..., 0] if grey else array[..., :3]
    return np.ascontiguousarray(array, np.uint8)
