"""The plane along a track in the colours in which its layers are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from labdata_napari.layers.source import layers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.utils import Colormap
    from numpy.typing import NDArray

    from labdata_napari.core.track_plane import TrackPlane
    from labdata_napari.layers.source import LayerSource


@dataclass(frozen=True, eq=False)
class Channel:
    """One channel of a transform as napari shows it.

    Attributes
    ----------
    volume
        (Z, Y, X), lazily read.
    limits
        Dark and bright.
    colormap
        What napari paints with.
    level
        Of the layer's pixels: 0 is the finest.
    """

    volume: Any
    limits: tuple[float, float]
    colormap: Colormap
    level: int = 0

    def is_like(self, other: Channel) -> bool:
        """Whether it would be painted the same."""
        mine, others = self._looks, other._looks
        return self.volume is other.volume and mine == others

    @property
    def _looks(self) -> tuple[Any, ...]:
        return self.limits, str(self.colormap.name), self.level


def channels_of(
    viewer: ViewerModel, kind: str, source: LayerSource, most: int | None = None
) -> tuple[Channel, ...]:
    """Return the visible channels of the row of `kind` that `source` belongs to.

    Parameters
    ----------
    viewer
        That shows them.
    kind, source
        The row.
    most
        Voxels along an axis: the first level that has no more is taken, else the
        coarsest; without a number the finest.
    """
    layers = layers_of(viewer.layers, kind, source.key, source.lab)
    found = []
    for layer in layers:
        if isinstance(layer, Image) and layer.visible and layer.ndim == 3:
            low, high = layer.contrast_limits
            level, volume = _level(layer, most)
            limits = float(low), float(high)
            found.append(Channel(volume, limits, layer.colormap, level))
    return tuple(found)


def _level(layer: Image, most: int | None) -> tuple[int, Any]:
    if not layer.multiscale:
        return 0, layer.data
    sizes = [max(level.shape) for level in layer.data]
    small = [n for n, size in enumerate(sizes) if most is None or size <= most]
    level = small[0] if small else len(sizes) - 1
    return level, layer.data[level]


def coarsest(layer: Image) -> Any:
    """Return the coarsest copy of a layer's pixels (Z, Y, X), lazily read."""
    return layer.data[-1] if layer.multiscale else layer.data


def picture_of(
    plane: TrackPlane, channels: Sequence[Channel], thickness_um: float
) -> NDArray[np.uint8]:
    """Compute the picture (height, width, 3) of a plane, channel over channel.

    Parameters
    ----------
    plane
        Where it lies.
    channels
        What is added up.
    thickness_um
        Of the slab whose brightest voxels are shown.
    """
    total = np.zeros((*plane.shape, 3))
    for channel in channels:
        values = plane.image(channel.volume, thickness_um=thickness_um)
        dark, bright = channel.limits
        share = np.clip((values - dark) / max(bright - dark, 1e-9), 0, 1)
        colours = np.asarray(channel.colormap.map(share.ravel()))
        total += colours[:, :3].reshape(total.shape)
    return np.asarray(np.clip(total * 255, 0, 255), dtype=np.uint8)
