"""Turn a transform by dragging in one of its planes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.levelling import Turn, check_turnable, tilt_in, turned
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.hand_tool import HandTool

if TYPE_CHECKING:
    from labdata_napari.core.preview_layout import Pane
    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.layers.hand_tool import Place

_FINE = 0.1
_SNAP = 0.4  # degrees around upright
_NEAREST = 12.0  # screen pixels from the middle: nearer, angles are all over the place
_STEP, _FAR_STEP = 0.1, 1.0  # degrees per key


@dataclass
class _Drag:
    """A turn that goes on."""

    start: TransformDraft
    plane: tuple[int, int]
    last: float | None
    total: float = 0.0


class TurnTool(HandTool):
    """Turns the brain in the plane that is dragged in, about the stack's middle."""

    hint = (
        "Drag in a plane to turn the brain in it; Shift turns finely. Arrow keys: 0.1° "
        "in the plane that was clicked last."
    )

    _dragged: _Drag | None = None
    _pane: Pane | None = None  # that was clicked last

    def press(self, pane: Pane, place: Place, event: Any) -> bool:
        """Begin to turn."""
        self._pane = pane
        plane = (pane.columns, pane.rows)
        try:
            check_turnable(self._draft.frame.um_per_pixel_out, plane)
        except InvalidValue as error:
            self.told.emit(str(error))
            return True
        self._model.end_merge()
        self._dragged = _Drag(self._draft, plane, self._angle(pane, place))
        return True

    def drag(self, pane: Pane, place: Place, event: Any) -> None:
        """Turn on."""
        held = self._dragged
        if held is None:
            return
        angle = self._angle(pane, place)
        if angle is None or angle == held.last:  # a click alone turns nothing
            return
        fine = "Shift" in event.modifiers
        if held.last is not None:
            moved = (angle - held.last + 180) % 360 - 180
            held.total += moved * (_FINE if fine else 1.0)
        held.last = angle
        self._turn(held, pane, place, snap=not fine)

    def release(self, pane: Pane, place: Place, event: Any) -> None:
        """Leave it as it is turned."""
        if self._dragged is not None:
            self.drag(pane, place, event)  # napari skips moves it has no time for
            self._dragged = None
            self._model.end_merge()
            self._marks.clear()

    def escape(self) -> bool:
        """Turn back what the drag has turned so far."""
        held, self._dragged = self._dragged, None
        self._marks.clear()
        if held is None:
            return False
        if self._draft != held.start:
            self._model.undo()
        self.told.emit(self.hint)
        return True

    def hover(self, pane: Pane | None, place: Place | None, event: Any) -> None:
        """Show that a drag turns."""
        self.cursor.emit("" if pane is None else "turn")

    def nudge(self, down: int, right: int, *, far: bool) -> None:
        """Turn a little in the plane that was clicked last: clockwise to the right."""
        pane = self._pane or (self._scene.panes or (None,))[0]
        if pane is None:
            return
        plane = (pane.columns, pane.rows)
        degrees = (right or down) * (_FAR_STEP if far else _STEP)
        draft = self._draft
        try:
            check_turnable(draft.frame.um_per_pixel_out, plane)
        except InvalidValue as error:
            self.told.emit(str(error))
            return
        new = turned(draft.parameters, Turn(plane, degrees))
        self._model.set(draft.with_parameters(new), merge="turn by keys")
        self.told.emit(self._words(pane, degrees))

    # -- parts

    def _turn(self, held: _Drag, pane: Pane, place: Place, *, snap: bool) -> None:
        before = held.start.parameters
        degrees, tilt = held.total, tilt_in(before, held.plane)
        upright = snap and abs(tilt + degrees) < _SNAP
        if upright:
            degrees = -tilt
        draft = held.start.with_parameters(turned(before, Turn(held.plane, degrees)))
        self._model.set(draft, merge="turn")
        now = 0.0 if upright else self._sense(pane) * (tilt + degrees)
        self._marks.draw(
            lines=[(pane.to_world(self._middle()), pane.to_world(place))],
            words=f"{now:.1f}°",
        )
        self.told.emit(f"{self._words(pane, degrees)}. Shift: finely. Esc: back.")

    def _words(self, pane: Pane, degrees: float) -> str:
        """Say how a plane is turned now, and by how much it was turned just now."""
        sense = self._sense(pane)
        tilt = sense * tilt_in(self._draft.parameters, (pane.columns, pane.rows))
        name = self._plane_words(pane.rows, pane.columns)
        angle = 0.0 if abs(tilt) < 1e-6 else tilt
        return f"{name} plane: {angle:.1f}° ({sense * degrees:+.1f}°)"

    def _sense(self, pane: Pane) -> int:
        """1 where the angle that is stored grows clockwise on the screen, else -1."""
        plane = self._draft.plane_of(pane.rows, pane.columns)
        alone = self._draft.straight().with_angles(**{plane: 1.0})
        tilt = tilt_in(alone.parameters, (pane.columns, pane.rows))
        return 1 if tilt > 0 else -1

    def _middle(self) -> Place:
        return (np.array(self._draft.frame.spatial_shape_out) - 1.0) / 2

    def _angle(self, pane: Pane, place: Place) -> float | None:
        """Degrees on the screen from the columns' direction towards the rows'."""
        away = np.asarray(place) - self._middle()
        down, right = self._screen(pane)
        y, x = away[pane.rows] * down, away[pane.columns] * right
        if math.hypot(y, x) < _NEAREST:
            return None
        return math.degrees(math.atan2(y, x))
