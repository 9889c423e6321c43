"""Which slice is shown, which points are in it, and which is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NEAR = 1e-9
"""Pixels that arithmetic is off: what lies at the edge of a slab is in it."""
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
    away, below, above = from_slab(viewer, layer)
    # As napari does: a slice without thickness is one pixel of the layer thick.
    half = np.where(np.isclose(below + above, 0), 0.5, NEAR)
    is_in = ((away >= -below - half) & (away <= above + half)).all(axis=1)
    return np.flatnonzero(is_in & np.array(layer.shown, dtype=bool))


def from_slab(viewer: ViewerModel, layer: Points) -> tuple[Array, Array, Array]:
    """Return how far (N, D) points are from the middle of the slice, or of the slab.

    And how far (D,) it goes below and above its middle, all in pixels of the layer;
    along an axis that is shown no point is away from it, and it has no end.
    """
    middle, below, above = shown_slab(viewer, layer)
    data = np.asarray(layer.data, dtype=np.float64)
    return np.where(np.isinf(below), 0.0, data - middle), below, above


def shown_slab(viewer: ViewerModel, layer: Points) -> tuple[Array, Array, Array]:
    """Return where the slice, or the slab, of a viewer is along the axes of a layer.

    Parameters
    ----------
    viewer
        Shows the layer.
    layer
        Whose pixels are meant.

    Returns
    -------
    (its middle, how far it goes below, how far above), each (D,): 0 and endless along
    an axis that is shown
    """
    dims, first = viewer.dims, viewer.dims.ndim - layer.ndim
    middle = np.zeros(layer.ndim)
    below, above = np.full(layer.ndim, np.inf), np.full(layer.ndim, np.inf)
    for axis in dims.not_displayed:
        if axis < first:
            continue
        own = axis - first
        scale = layer.scale[own]
        middle[own] = (dims.point[axis] - layer.translate[own]) / scale
        below[own] = dims.margin_left[axis] / scale
        above[own] = dims.margin_right[axis] / scale
    return middle, below, above


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
