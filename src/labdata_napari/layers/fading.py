"""Points of a slab are the fainter the farther they are from its middle.

napari lets them shrink to nothing instead; a faint point keeps its size, and can be hit
where it is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.layers.cursor import NEAR, from_slab

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

FAINTEST = 0.2
"""Opacity of a point at the edge of the slab."""


class Fading:
    """Sets the opacity of a layer's points after the slab that is shown.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        self._viewer = viewer
        self._layer = layer
        for event in self._events():
            # napari hears of it first and slices; new colours are drawn once more
            event.connect(self.refresh)
        self.refresh()

    def end(self) -> None:
        """Let go of the layer."""
        for event in self._events():
            event.disconnect(self.refresh)

    def refresh(self, _event: Any = None) -> None:
        """Set the opacities anew: points, or the slab, are others."""
        layer = self._layer
        if not len(layer.data):
            return
        wanted = opacities(self._viewer, layer)
        for name in ("face_color", "border_color"):
            colours = getattr(layer, name)
            if not np.allclose(colours[:, 3], wanted, atol=0.01):
                faded = np.array(colours)
                faded[:, 3] = wanted
                setattr(layer, name, faded)

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.dims.events
        return events.point, events.margin_left, events.margin_right, events.order


def opacities(viewer: ViewerModel, layer: Points) -> NDArray[np.float64]:
    """Return the opacity (N,) of each point: 1 in the slice, 0.2 at the slab's edge.

    Of points that are not in the slab it does not matter; they are given 1, so that
    little changes from slice to slice.
    """
    away, below, above = from_slab(viewer, layer)
    half = np.where(away < 0, below, above)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.abs(away) / half
    is_thick = below + above > 0
    far = np.fmax.reduce(np.where(is_thick, shares, 0.0), axis=1, initial=0.0)
    return np.where(far <= 1 + NEAR, 1 - (1 - FAINTEST) * far, 1.0)
