"""Showing a slab of a chosen thickness instead of one slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Points

from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

THICKNESSES_UM = (0, 50, 100, 200)

# How a slice and how a slab is drawn. Points are made faint by `fading`.
_PROJECTIONS = {
    Image: ("none", "max"),
    Points: ("all", "all"),
}


def next_thickness(thickness_um: float) -> int:
    """Return the next of `THICKNESSES_UM`, the first after the last."""
    return next((t for t in THICKNESSES_UM if t > thickness_um), THICKNESSES_UM[0])


def slab_um(viewer: ViewerModel) -> float:
    """Return how thick the shown slab is, in µm; 0 for one slice."""
    return max(viewer.dims.thickness, default=0.0)


def show_slab(viewer: ViewerModel, thickness_um: float) -> None:
    """Show the brightest voxels of a slab around each slice, and the points in it.

    Parameters
    ----------
    viewer
        Its world is in µm.
    thickness_um
        In all; 0 for single slices.
    """
    for layer in viewer.layers:
        if source_of(layer) is None:
            continue
        thin, thick = _PROJECTIONS.get(type(layer), (None, None))
        mode = thick if thickness_um else thin
        if mode is not None:
            layer.projection_mode = mode
    viewer.dims.thickness = (float(thickness_um),) * viewer.dims.ndim
