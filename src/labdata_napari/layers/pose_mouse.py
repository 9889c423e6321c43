"""The mouse on a pose view: a click labels, a drag of a point moves it.

It works while napari's own tools are put down (the layer is in "pan_zoom" mode); a
drag of anything else moves the picture, as always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Points

    from labdata_napari.layers.pose_view import PoseView

_STILL = 4.0  # screen pixels that a hand moves in a click


class PoseMouse:
    """What mouse buttons do to a view.

    Parameters
    ----------
    viewer, view
        The view is in the viewer.
    """

    def __init__(self, viewer: ViewerModel, view: PoseView) -> None:
        self._viewer = viewer
        self._view = view
        self._session = view.session
        view.points.mouse_drag_callbacks.append(self._on_press)
        view.points.mouse_double_click_callbacks.append(self._on_double_click)
        view.points.cursor = "crosshair"

    def end(self) -> None:
        """Let go of the layer."""
        points = self._view.points
        points.mouse_drag_callbacks.remove(self._on_press)
        points.mouse_double_click_callbacks.remove(self._on_double_click)

    # -- how

    def _on_press(self, layer: Points, event: Any) -> Iterator[None]:
        keys = [str(getattr(key, "name", key)) for key in event.modifiers]
        if layer.mode != "pan_zoom" or event.button != 1 or keys not in ([], ["Shift"]):
            return
        # the picture may still be that of the frame before: no place to click at
        if self._viewer.dims.ndisplay != 2 or not self._view.is_current:
            return
        # with Shift a click labels although there is another point
        hit = None if keys else self._view.under(event.position)
        if hit is None:
            yield from self._click(event)
        else:
            yield from self._drag(hit, event)

    def _click(self, event: Any) -> Iterator[None]:
        start, is_click, frame = np.array(event.pos), True, self._view.frame
        yield
        while event.type == "mouse_move":
            is_click &= bool(np.linalg.norm(event.pos - start) < _STILL)
            event.handled = is_click  # the picture moves only with a real drag
            yield
        if is_click and self._session.frame == frame:
            y, x = _place(event)
            if self._view.holds(y, x):
                self._session.click(x, y)

    def _drag(self, hit: str, event: Any) -> Iterator[None]:
        layer, start, has_moved = self._view.points, np.array(event.pos), False
        frame, can_pan = self._view.frame, layer.mouse_pan
        layer.mouse_pan = False
        self._session.choose(hit)
        try:
            yield
            while event.type == "mouse_move":
                event.handled = True
                if np.linalg.norm(event.pos - start) >= _STILL:
                    has_moved = True
                if has_moved and not self._session.why_not:
                    self._view.move(hit, *self._view.held(*_place(event)))
                yield
        finally:
            layer.mouse_pan = can_pan
        if has_moved and self._session.frame == frame:
            y, x = self._view.held(*_place(event))
            self._session.put(hit, x, y)
        self._view.refresh()

    def _on_double_click(self, layer: Points, event: Any) -> None:
        """Take back that napari has zoomed: whoever clicks fast labels."""
        if layer.mode != "pan_zoom" or event.modifiers:
            return
        camera = self._viewer.scene.camera
        centre = np.array(camera.center, dtype=np.float64)
        # napari went half of the way to the cursor
        centre[-2:] = 2 * centre[-2:] - np.asarray(event.position)[-2:]
        camera.center = tuple(centre)
        camera.zoom /= 2


def _place(event: Any) -> tuple[float, float]:
    y, x = np.asarray(event.position, np.float64)[-2:].tolist()
    return y, x
