"""A small picture of a stack, from as few pixels as will do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import um_along
from labdata_napari.core.lazy import decoded_bytes
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.colours import COLORMAP_RGB, channel_colormaps
from labdata_napari.layers.images import channel_levels, channel_names, contrast_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.stacks import Stack

_SIZE = 320
_FAR_BYTES = 24 * 2**20


def thumbnail(stack: Stack) -> NDArray[np.uint8]:
    """Draw the middle plane of a stack with its channels in their colours.

    Parameters
    ----------
    stack
        Of which the coarsest copy is read, where the file holds one.

    Returns
    -------
    (H, W, 3) uint8
        At most 320 pixels a side, with square pixels.
    """
    coarse = stack.levels[-1] if stack.levels else stack
    if "S" in coarse.axes:
        frame = np.asarray(coarse.data[coarse.shape[0] // 2])[..., :3]
        return _fitted(frame.astype(np.uint8), _aspect(coarse))
    colours = channel_colormaps(channel_names(coarse), coarse.channel_wavelengths_nm)
    picture: NDArray[Any] | None = None
    arrays = channel_levels(coarse)
    for levels, (dark, bright), colour in zip(
        arrays, contrast_limits(coarse), colours, strict=True
    ):
        plane = _fitted(_middle(levels[0]), _aspect(coarse))
        light = np.clip((plane.astype(np.float32) - dark) / (bright - dark), 0, 1)
        tinted = light[..., np.newaxis] * np.array(COLORMAP_RGB[colour], np.float32)
        picture = tinted if picture is None else picture + tinted
    assert picture is not None
    return np.asarray(np.clip(picture, 0, 1) * 255, dtype=np.uint8)


def far_thumbnail(stack: Stack) -> NDArray[np.uint8]:
    """Draw the same of a file far away, from its middle plane alone.

    Raises
    ------
    InvalidValue
        When even one plane is too much to transfer for a picture.
    """
    coarse = stack.levels[-1] if stack.levels else stack
    middle = coarse.shape[0] // 2
    plane = coarse.data[middle : middle + 1]
    if decoded_bytes(plane) > _FAR_BYTES:
        raise InvalidValue("No picture: a plane of this file is large and far away.")
    return thumbnail(replace(coarse, data=np.asarray(plane), levels=()))


def _middle(data: Any) -> NDArray[Any]:
    index = tuple(size // 2 for size in data.shape[:-2])
    return np.asarray(data[index])


def _aspect(stack: Stack) -> float:
    """Height of a pixel over its width; the last two axes that are shown."""
    um = um_along(stack.axes.replace("C", "").replace("S", ""), stack.um_per_pixel)
    return um[-2] / um[-1] if um is not None else 1.0


def _fitted(plane: NDArray[Any], aspect: float) -> NDArray[Any]:
    """Pick the nearest pixels of a plane (H, W, ...) on a square grid."""
    height, width = plane.shape[0] * aspect, float(plane.shape[1])
    zoom = min(1.0, _SIZE / max(height, width))
    rows = max(1, round(height * zoom))
    columns = max(1, round(width * zoom))
    y = ((np.arange(rows) + 0.5) * plane.shape[0] / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * plane.shape[1] / columns).astype(int)
    return np.asarray(plane[np.ix_(y, x)])
