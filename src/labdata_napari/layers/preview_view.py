"""A viewer emptied for a while: other layers hidden, sliders away, all to come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

_ROOM = 0.94  # of the canvas that the sheet fills


@dataclass(frozen=True)
class _Before:
    """What a viewer showed."""

    shown: tuple[Layer, ...]
    selected: tuple[Layer, ...]
    order: tuple[int, ...]
    ndisplay: int
    point: tuple[float, ...]
    centre: Any
    zoom: float
    scale_bar: bool
    grid: bool


class QuietView:
    """Hides what a viewer shows, without removing it: it may hold unsaved work."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._before: _Before | None = None
        self._fitted: tuple[float, ...] = ()

    def enter(self) -> None:
        """Remember what is shown and hide it."""
        viewer = self._viewer
        dims, camera = viewer.dims, viewer.scene.camera
        shown = tuple(layer for layer in viewer.layers if layer.visible)
        self._before = _Before(
            shown,
            tuple(viewer.layers.selection),
            tuple(dims.order),
            dims.ndisplay,
            tuple(dims.point),
            camera.center,
            camera.zoom,
            viewer.canvas.overlays.scale_bar.visible,
            viewer.canvas.grid.enabled,
        )
        for layer in shown:
            layer.visible = False
        viewer.canvas.grid.enabled = False
        dims.ndisplay = 2
        dims.order = tuple(range(dims.ndim))
        viewer.canvas.overlays.scale_bar.visible = True
        dims.events.range.connect(self._flatten)
        viewer.canvas.events.size.connect(self._on_size)
        self._flatten()

    def leave(self) -> None:
        """Show again what was shown, where it still is."""
        before, self._before = self._before, None
        if before is None:
            return
        viewer = self._viewer
        dims, camera = viewer.dims, viewer.scene.camera
        dims.events.range.disconnect(self._flatten)
        viewer.canvas.events.size.disconnect(self._on_size)
        self._fitted = ()
        for layer in before.shown:
            if layer in viewer.layers:
                layer.visible = True
        viewer.canvas.overlays.scale_bar.visible = before.scale_bar
        viewer.canvas.grid.enabled = before.grid
        camera.mouse_pan = True
        # napari measures anew only when layers change
        dims.range = _ranges(viewer) or dims.range
        if dims.ndim != len(before.order):
            viewer.reset_view()
            return
        dims.order = before.order
        dims.ndisplay = before.ndisplay
        dims.point = before.point
        camera.center, camera.zoom = before.centre, before.zoom
        viewer.layers.selection = {s for s in before.selected if s in viewer.layers}

    def fit(self) -> None:
        """Bring the whole sheet into the canvas."""
        self._viewer.reset_view(margin=1 - _ROOM)
        self._fitted = self._looks_at()

    def _on_size(self, _: Any = None) -> None:
        """Fit again what still lies as it was fitted; what somebody moved stays."""
        if self._fitted and np.allclose(self._fitted, self._looks_at(), rtol=1e-3):
            self.fit()

    def _looks_at(self) -> tuple[float, ...]:
        camera = self._viewer.scene.camera
        return (*camera.center, camera.zoom)

    def _flatten(self, _: Any = None) -> None:
        """Take the sliders away: what they step through is hidden."""
        dims = self._viewer.dims
        hidden = range(dims.ndim - 2)
        if any(dims.range[axis].stop != dims.range[axis].start for axis in hidden):
            dims.range = tuple(
                (0, 0, 1) if axis in hidden else dims.range[axis]
                for axis in range(dims.ndim)
            )


def _ranges(viewer: ViewerModel) -> tuple[tuple[float, float, float], ...]:
    extent = viewer.layers.extent
    return tuple(
        (float(low), float(high), float(step))
        for low, high, step in zip(*extent.world, extent.step, strict=True)
    )
