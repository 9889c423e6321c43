"""The mouse on an annotation layer: a click adds, a drag of a point moves it.

It works while napari's own tools are put down (the layer is in "pan_zoom" mode); a
drag of anything else moves the picture, as always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from labdata_napari.core.annotation_types import LANDMARK, REGION
from labdata_napari.layers import editing
from labdata_napari.layers.cursor import displayed, point_under
from labdata_napari.layers.filling import forget_selection
from labdata_napari.layers.history import history_of
from labdata_napari.layers.points import (
    following_name,
    names_per_point,
    stack_shape,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import ArrayLike, NDArray

_STILL = 4.0  # screen pixels that a hand moves in a click


class AnnotationMouse:
    """What mouse buttons do to one layer in one viewer.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    adding = Signal(bool)
    """Whether a click adds a point now."""
    placing = Signal(str, object)
    """The annotation that is about to have other points, and these (N, 3)."""
    dragged = Signal(str)
    """The annotation of the point that is being moved, at every step."""
    began = Signal(str)
    """The landmark that a click began, the chosen one having its point."""
    told = Signal(str)
    """Why a click did nothing."""

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        self._viewer = viewer
        self._layer = layer
        self._is_adding = False
        self.why_not = ""
        """Why nothing may be edited; empty when it may."""
        self.taker: Callable[[Any], Iterator[None] | None] = _nobody
        """Told each press first; returns what it leads to if that is not for us."""
        layer.mouse_drag_callbacks.append(self._on_press)
        layer.mouse_double_click_callbacks.append(self._on_double_click)

    @property
    def is_adding(self) -> bool:
        """Whether a click adds a point."""
        return self._is_adding

    def add(self, on: bool = True) -> None:
        """Let clicks add points, or only choose what they hit."""
        layer = self._layer
        if on:
            self._viewer.layers.selection.active = layer
            layer.mode = "pan_zoom"
        layer.cursor = "crosshair" if on else "standard"
        if on != self._is_adding:
            self._is_adding = on
            self.adding.emit(on)

    def end(self) -> None:
        """Let go of the layer."""
        self._layer.mouse_drag_callbacks.remove(self._on_press)
        self._layer.mouse_double_click_callbacks.remove(self._on_double_click)

    def under(self) -> int | None:
        """Return the point under the cursor, if there is one."""
        cursor = self._viewer.cursor.position
        if len(cursor) != self._viewer.dims.ndim:
            return None
        return point_under(self._viewer, self._layer, cursor)

    def place(self) -> NDArray[np.float64] | None:
        """Return where the cursor is, in pixels of the stack (3,)."""
        cursor = self._viewer.cursor.position
        if len(cursor) != self._viewer.dims.ndim:
            return None
        return np.asarray(self._layer.world_to_data(cursor), dtype=np.float64)

    def add_at(self, place: ArrayLike) -> bool:
        """Add a point to the chosen annotation; whether it was added.

        None is added outside of the stack. A landmark is one point: where the chosen
        one has it, another landmark begins.
        """
        layer = self._layer
        if self.why_not:
            self.told.emit(self.why_not)
            return False
        if not np.array_equal(self._inside(place), place):
            self.told.emit("That is outside of the stack: no point was added.")
            return False
        name = editing.chosen_annotation(layer)
        kind = type_of(layer, name)
        if kind == REGION:
            self.told.emit(f"“{name}” is painted: press R, then drag over it.")
            return False
        if kind == LANDMARK and name is not None and self._points_of(name):
            self._begin_landmark(following_name(layer, name, LANDMARK), place)
            return True
        if name is not None:
            self._foresee(name, place)
        editing.add_point(layer, place)
        return True

    # -- how

    def _begin_landmark(self, name: str, place: ArrayLike) -> None:
        with history_of(self._layer).edit(f"new {name}"):
            editing.add_annotation(self._layer, name, LANDMARK)
            editing.choose_annotation(self._layer, name)
            self._foresee(name, place)
            editing.add_point(self._layer, place)
        self.began.emit(name)

    def _foresee(self, name: str, place: ArrayLike) -> None:
        """Tell which points an annotation will have."""
        new = np.asarray(place, dtype=np.float64)[None]
        self.placing.emit(name, np.concatenate([*self._points_of(name), new]))

    def _points_of(self, name: str) -> list[NDArray[np.float64]]:
        """Return the points (N, 3) of an annotation, if it has any."""
        state = history_of(self._layer).state
        return [d.points for d in state if d.name == name and len(d.points)]

    def _on_press(self, layer: Points, event: Any) -> Iterator[None]:
        if (
            layer.mode != "pan_zoom"
            or event.button != 1
            or self._viewer.dims.ndisplay != 2
        ):
            return
        taken = None if self.why_not else self.taker(event)
        if taken is not None:
            yield from taken
            return
        if event.modifiers:
            return
        hit = point_under(self._viewer, layer, event.position)
        if hit is None:
            yield from self._click(event)
        elif self.why_not:
            self._choose(hit)
        else:
            yield from self._drag(hit, event)

    def _click(self, event: Any) -> Iterator[None]:
        start, is_click = np.array(event.pos), True
        yield
        while event.type == "mouse_move":
            is_click &= bool(np.linalg.norm(event.pos - start) < _STILL)
            event.handled = is_click  # the picture moves only with a real drag
            yield
        if is_click and self._is_adding:
            self.add_at(self._layer.world_to_data(event.position))
        elif is_click:
            forget_selection(self._layer)

    def _drag(self, hit: int, event: Any) -> Iterator[None]:
        layer, start, has_moved = self._layer, np.array(event.pos), False
        name = names_per_point(layer)[hit]
        can_pan = layer.mouse_pan
        layer.mouse_pan = False
        try:
            with history_of(layer).edit(f"move a point of {name}"):
                yield
                while event.type == "mouse_move":
                    event.handled = True
                    if np.linalg.norm(event.pos - start) >= _STILL and not has_moved:
                        has_moved = True
                        editing.choose_annotation(layer, name)  # its numbers show
                    if has_moved:
                        self._put(hit, event.position)
                        self.dragged.emit(name)
                    yield
        finally:
            layer.mouse_pan = can_pan
        if not has_moved:
            self._choose(hit)

    def _put(self, index: int, position: Any) -> None:
        """Move a point in the plane that is shown; its depth stays."""
        across = displayed(self._viewer, self._layer)
        place = np.array(self._layer.data[index], dtype=np.float64)
        place[across] = np.asarray(self._layer.world_to_data(position))[across]
        place[across] = self._inside(place)[across]
        editing.move_point(self._layer, index, place)

    def _inside(self, place: ArrayLike) -> NDArray[np.float64]:
        """Return the nearest place (3,) within the voxels of the stack."""
        at, shape = np.asarray(place, dtype=np.float64), stack_shape(self._layer)
        return at if shape is None else np.clip(at, -0.5, np.array(shape) - 0.5)

    def _choose(self, index: int) -> None:
        """Let a click on a point choose its annotation."""
        self._layer.selected_data = {index}

    def _on_double_click(self, layer: Points, event: Any) -> None:
        """Take back that napari has zoomed: whoever clicks fast wants points."""
        viewer = self._viewer
        if (
            self._is_adding
            and layer.mode == "pan_zoom"
            and viewer.dims.ndisplay == 2
            and not event.modifiers
        ):
            camera = viewer.scene.camera
            centre = np.array(camera.center, dtype=np.float64)
            # napari went half of the way to the cursor
            centre[-2:] = 2 * centre[-2:] - np.asarray(event.position)[-2:]
            camera.center = tuple(centre)
            camera.zoom /= 2


def _nobody(_event: Any) -> None:
    return None
