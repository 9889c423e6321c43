"""Going to the points of an annotation in the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.layers.points import drafts

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points


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
