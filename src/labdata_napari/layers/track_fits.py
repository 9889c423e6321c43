"""The fitted lines and the outlines of all annotations as one layer of small dots.

The layer holds only the dots of the slice, or of the slab, that is shown: where a line
goes through a slice is worked out faster than napari finds it among pieces of lines,
and a Vectors layer makes its shader anew in every slice, which takes a third of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from psygnal import Signal

from labdata_napari.core.line_dots import Segments
from labdata_napari.layers.cursor import displayed, shown_slab
from labdata_napari.layers.drawing import draw_only
from labdata_napari.layers.fading import opacities
from labdata_napari.layers.points import as_rgba
from labdata_napari.layers.source import METADATA_KEY, LayerSource, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SOURCE_KIND = "annotation lines"
_WIDTH = 0.25  # of a point's size
_APART = 0.4  # of a dot's width, so that they look like a line
_THINNEST, _THICKEST = 2, 10_000  # pixels of the screen
_HALF = 0.499  # of a slice: what belongs to it, and not to the next one also
_FEWEST = 256


class FitLayer:
    """Keeps the lines of an annotation layer beside it in a viewer.

    The layer comes with the first line; whoever removes it has it back with the next
    edit, as lines are hidden by the eye beside their layer.

    Parameters
    ----------
    viewer, points
        The annotation layer and where it is shown.
    """

    removed = Signal()
    """Somebody took the layer out of the viewer."""

    def __init__(self, viewer: ViewerModel, points: Points) -> None:
        self._viewer = viewer
        self._points = points
        self._layer: Points | None = None
        self._shown: dict[str, tuple[Array, str]] = {}
        self._segments = Segments.of(())
        self._colours = np.zeros((0, 4))
        for event in self._events():
            event.connect(self._on_slice)
        viewer.layers.events.removed.connect(self._on_removed)

    def show(self, paths: Mapping[str, Array], colours: Mapping[str, str]) -> None:
        """Draw paths (M, 3) in pixels of the stack, each in the colour of its name."""
        wanted = {name: (path, colours[name]) for name, path in paths.items()}
        if _same(wanted, self._shown):
            return
        self._shown = wanted
        self._segments = Segments.of(path for path, _ in wanted.values())
        rgba = [as_rgba(colour) for _, colour in wanted.values()]
        self._colours = np.array(rgba, dtype=np.float64).reshape(-1, 4)
        if self._layer is None and wanted:
            self._add()
        if self._layer is not None:
            self._place()

    def remove(self) -> None:
        """Take the layer away."""
        for event in self._events():
            event.disconnect(self._on_slice)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None
        self._shown = {}

    def _events(self) -> tuple[Any, ...]:
        events = self._viewer.dims.events
        slab = events.margin_left, events.margin_right
        return events.point, *slab, events.order, events.ndisplay

    def _on_removed(self, event: Any) -> None:
        if event.value is self._layer:
            self._layer, self._shown = None, {}
            self.removed.emit()

    def _on_slice(self, _event: Any) -> None:
        if self._layer is not None and self._shown:
            self._place()

    def _place(self) -> None:
        """Put dots where lines are in the slice, show no other dots, and draw it.

        They are written in place: to set them, and to let napari measure the world
        anew for what lies within the brain, takes 30 ms.
        """
        layer = self._layer
        assert layer is not None
        places, owners = self._segments.dots(*self._bounds(), self._steps())
        count, is_empty = len(places), not layer.shown.any()
        if is_empty and not count:
            return
        is_solid = self._viewer.dims.ndisplay == 3
        if count > len(layer.data) or (is_solid and count != len(layer.data)):
            # napari shows all dots where there is no slice
            self._grow(count if is_solid else max(_FEWEST, 2 * count))
        layer.data[:count] = places
        layer.shown[:] = np.arange(len(layer.data)) < count
        layer.face_color[:count] = self._colours[owners]
        layer.face_color[:, 3] = opacities(self._viewer, layer)
        # one dot of no size is drawn where there is none
        limits = (_THINNEST if count else 0, _THICKEST)
        if tuple(layer.canvas_size_limits) != limits:
            layer.canvas_size_limits = limits
        draw_only(layer)

    def _grow(self, count: int) -> None:
        layer = self._layer
        assert layer is not None
        middle = np.asarray(self._points.data, dtype=np.float64)[:1]
        with layer.events.blocker_all():
            layer.data = np.repeat(middle, count, axis=0).reshape(-1, 3)
            layer.size = self._width
            layer.face_color = np.ones((count, 4))

    def _bounds(self) -> tuple[Array, Array]:
        """Return the bounds (3,) of the slice, or of the slab, in pixels."""
        middle, below, above = shown_slab(self._viewer, self._points)
        return middle - np.maximum(below, _HALF), middle + np.maximum(above, _HALF)

    def _steps(self) -> Array:
        """Return how far dots may be apart (3,) along each axis, in pixels."""
        scale = np.asarray(self._points.scale)
        steps = np.full(3, np.inf)
        shown = displayed(self._viewer, self._points)
        steps[shown] = _APART * self._width * scale[-1] / scale[shown]
        return steps

    @property
    def _width(self) -> float:
        return float(np.max(self._points.current_size)) * _WIDTH

    def _add(self) -> None:
        points = self._points
        source = source_of(points)
        layer = Points(
            np.asarray(points.data, dtype=np.float64)[:1].copy(),
            name=f"{points.name} · lines",
            scale=points.scale,
            translate=points.translate,
            units=points.units,
            axis_labels=points.axis_labels,
            size=self._width,
            border_width=0,
            projection_mode="all",
            # with depth, the rim of a dot hides its neighbours
            blending="translucent_no_depth",
            metadata=_mark(source),
        )
        layer.editable = False
        self._layer = layer
        self._place()
        layers = self._viewer.layers
        active = layers.selection.active
        layers.insert(layers.index(points), layer)  # the points stay on top
        if active is not None:
            layers.selection.active = active


def _mark(source: LayerSource | None) -> dict[str, Any]:
    if source is None:
        return {}
    return {METADATA_KEY: LayerSource(SOURCE_KIND, source.key, lab=source.lab)}


def _same(
    one: Mapping[str, tuple[Array, str]], other: Mapping[str, tuple[Array, str]]
) -> bool:
    return list(one) == list(other) and all(
        one[name][1] == other[name][1] and np.array_equal(one[name][0], other[name][0])
        for name in one
    )
