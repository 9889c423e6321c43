"""Finding the points of an annotation in the viewer: slices, neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.layers.points import drafts

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points

NEIGHBOURS_UM = 100.0
"""How far from the slice a point is still drawn, smaller."""


def show_neighbours(viewer: ViewerModel, layer: Points) -> None:
    """Draw the points of neighbouring slices too, the smaller the farther they are.

    This is the slice thickness of napari's sliders, which images ignore unless
    somebody gives them a projection. Nothing happens where a person has set it, or
    when the layer is not in micrometres.
    """
    dims = viewer.dims
    if any(str(unit) != "micrometer" for unit in layer.units):
        return
    if not any((*dims.margin_left, *dims.margin_right)):
        # At least a slice: thinner, points between two slices would be in neither.
        margins = np.maximum(NEIGHBOURS_UM, np.abs(layer.scale))
        padded = (0.0,) * (dims.ndim - layer.ndim) + tuple(float(m) for m in margins)
        dims.margin_left = dims.margin_right = padded
    layer.projection_mode = "rescale_linear"


def go_to_annotation(viewer: ViewerModel, layer: Points, name: str) -> bool:
    """Move the sliders to the point of an annotation that is nearest to them.

    Returns
    -------
    bool
        Whether it has a point.
    """
    points = next((d.points for d in drafts(layer) if d.name == name), np.empty((0, 3)))
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return False
    dims = viewer.dims
    world = np.array([layer.data_to_world(point) for point in points])
    first = dims.ndim - layer.ndim
    across = [axis for axis in dims.not_displayed if axis >= first]
    distances = world[:, [a - first for a in across]] - np.array(dims.point)[across]
    nearest = world[int(np.argmin((distances**2).sum(axis=1)))]
    for axis in across:
        dims.set_point(axis, nearest[axis - first])
    return True
