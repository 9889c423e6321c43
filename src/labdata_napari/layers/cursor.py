"""Which point is under the cursor, and where the cursor is in the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

_REACH = 8.0  # screen pixels within which a small point is hit


def shown_indices(viewer: ViewerModel, layer: Points) -> NDArray[np.intp]:
    """Return the points that the slice, or the slab, of a viewer shows.

    Parameters
    ----------
    viewer
        In 2-D view.
    layer
        A layer of it.
    """
    data = np.asarray(layer.data, dtype=np.float64)
    first = viewer.dims.ndim - layer.ndim
    visible = np.array(layer.shown, dtype=bool)
    for axis in viewer.dims.not_displayed:
        if axis < first:
            continue
        own = axis - first
        place = viewer.dims.point[axis]
        low = place - viewer.dims.margin_left[axis]
        high = place + viewer.dims.margin_right[axis]
        scale, shift = layer.scale[own], layer.translate[own]
        # As napari does: a slice without thickness is one pixel of the layer thick.
        half = 0.5 * scale if np.isclose(low, high) else 0.0
        world = data[:, own] * scale + shift
        visible &= (world >= low - half) & (world <= high + half)
    return np.flatnonzero(visible)


def point_under(
    viewer: ViewerModel, layer: Points, position: Sequence[float]
) -> int | None:
    """Return the point of a layer that is drawn under a world position, if any.

    The nearest of those within its own radius, or within eight screen pixels.
    """
    indices = shown_indices(viewer, layer)
    if viewer.dims.ndisplay != 2 or not len(indices):
        return None
    across = displayed(viewer, layer)
    place = np.asarray(layer.world_to_data(position))[across]
    scale = np.asarray(layer.scale)[across]
    data = np.asarray(layer.data, dtype=np.float64)
    away = np.linalg.norm((data[indices][:, across] - place) * scale, axis=1)
    radius = np.asarray(layer.size)[indices] / 2 * scale[-1]
    reach = np.maximum(radius, _REACH / viewer.scene.camera.zoom)
    hit = np.flatnonzero(away <= reach)
    return int(indices[hit[np.argmin(away[hit])]]) if len(hit) else None


def displayed(viewer: ViewerModel, layer: Points) -> list[int]:
    """Return the layer's own axes that a viewer shows, in the order on the screen."""
    first = viewer.dims.ndim - layer.ndim
    return [axis - first for axis in viewer.dims.displayed if axis >= first]
