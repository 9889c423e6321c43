"""Points are drawn at a size that can be seen, and no point as none at all.

napari draws one point of size 0 where a slice holds none; a smallest size on the
screen would make it a dot in the corner of the picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.layers.cursor import shown_indices
from labdata_napari.layers.points import LARGEST_ON_SCREEN, SMALLEST_ON_SCREEN

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points


class SmallestDot:
    """Sets the smallest size of a layer's points after the slice that is shown.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        self._viewer = viewer
        self._layer = layer
        layer.events.set_data.connect(self._on_slice)
        self._on_slice()

    def end(self) -> None:
        """Let go of the layer."""
        self._layer.events.set_data.disconnect(self._on_slice)

    def _on_slice(self, _event: Any = None) -> None:
        layer = self._layer
        has_any = len(shown_indices(self._viewer, layer)) > 0
        limits = (SMALLEST_ON_SCREEN if has_any else 0, LARGEST_ON_SCREEN)
        if tuple(layer.canvas_size_limits) != limits:
            layer.canvas_size_limits = limits
