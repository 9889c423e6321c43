"""Going to slices, points and annotations in the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.layers.points import drafts

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import ArrayLike, NDArray

_MARGIN = 0.08  # of the picture, in which a point counts as out of sight


def go_to_annotation(viewer: ViewerModel, layer: Points, name: str) -> bool:
    """Go to the point of an annotation that is nearest to the sliders.

    Returns
    -------
    bool
        Whether it has a point.
    """
    points = points_of(layer, name)
    if not len(points):
        return False
    world = np.array([layer.data_to_world(point) for point in points])
    across = _across(viewer, layer)
    first = viewer.dims.ndim - layer.ndim
    here = np.array(viewer.dims.point)[across]
    distances = world[:, [axis - first for axis in across]] - here
    go_to_point(viewer, layer, points[int(np.argmin((distances**2).sum(axis=1)))])
    return True


def go_to_point(viewer: ViewerModel, layer: Points, point: ArrayLike) -> None:
    """Move the sliders to a point (3,), and the camera if it is out of sight."""
    world = np.asarray(layer.data_to_world(np.asarray(point)), dtype=np.float64)
    first = viewer.dims.ndim - layer.ndim
    for axis in _across(viewer, layer):
        viewer.dims.set_point(axis, world[axis - first])
    _bring_into_sight(viewer, world, first)


def neighbour(
    viewer: ViewerModel, layer: Points, name: str, step: int
) -> NDArray[np.float64] | None:
    """Return the point before or after the one that is shown, along an annotation.

    Parameters
    ----------
    viewer, layer
        What is looked at.
    name
        Of the annotation.
    step
        1 for the next, -1 for the one before; after the last comes the first.

    Returns
    -------
    (3,) pixels, or None when there is no point
    """
    points = points_of(layer, name)
    if not len(points):
        return None
    first = viewer.dims.ndim - layer.ndim
    across = [axis - first for axis in _across(viewer, layer)]
    if not across:
        return np.array(points[0 if step > 0 else -1])
    here = np.asarray(layer.world_to_data(viewer.dims.point))[across]
    away = np.abs(points[:, across] - here).max(axis=1)
    index = int(np.argmin(away))
    if away[index] > 0.5:  # none is shown: begin with the nearest
        return np.array(points[index])
    return np.array(points[(index + step) % len(points)])


def step_slices(viewer: ViewerModel, step: int) -> None:
    """Go some slices on, or back, along the slider that napari steps."""
    hidden = viewer.dims.not_displayed
    if not hidden:
        return
    last = viewer.dims.last_used
    axis = last if last in hidden else hidden[-1]
    steps = viewer.dims.nsteps[axis]
    wanted = viewer.dims.current_step[axis] + step
    viewer.dims.set_current_step(axis, min(max(wanted, 0), steps - 1))


def points_of(layer: Points, name: str) -> NDArray[np.float64]:
    """Return the points (N, 3) of an annotation that are places at all."""
    points = next((d.points for d in drafts(layer) if d.name == name), np.empty((0, 3)))
    return points[np.isfinite(points).all(axis=1)]


def _across(viewer: ViewerModel, layer: Points) -> list[int]:
    """Return the axes with a slider that the layer has."""
    first = viewer.dims.ndim - layer.ndim
    return [axis for axis in viewer.dims.not_displayed if axis >= first]


def _bring_into_sight(
    viewer: ViewerModel, world: NDArray[np.float64], first: int
) -> None:
    camera = viewer.scene.camera
    shown = [axis - first for axis in viewer.dims.displayed if axis >= first][-2:]
    if viewer.dims.ndisplay != 2 or len(shown) != 2:
        return
    size = np.array(viewer.canvas.size, dtype=np.float64)
    if not size.all():
        return
    half = size / 2 * (1 - _MARGIN) / camera.zoom
    centre = np.array(camera.center, dtype=np.float64)
    away = world[shown] - centre[-2:]
    if np.all(np.abs(away) <= half):
        return
    centre[-2:] = world[shown]
    camera.center = tuple(centre)
