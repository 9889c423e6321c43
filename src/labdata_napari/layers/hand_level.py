"""Straighten a transform by two marks: a landmark on both sides, or the midline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.levelling import (
    Levelled,
    check_turnable,
    landmark_axes,
    levelled,
    midline_axes,
)
from labdata_napari.core.orientation import left_right_axis
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.hand_tool import HandTool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.preview_layout import Pane
    from labdata_napari.layers.hand_tool import Place

_LITTLE = 1e-6  # voxels: not worth a turn


@dataclass
class _Mark:
    """A place of the brain, in voxels of its stack, and the plane it was marked in."""

    source: Place
    pane: Pane


class LevelTool(HandTool):
    """Turns the brain until a landmark is at the same height on the left and right."""

    hint = (
        "Click a landmark on the left and the same on the right; the brain turns level."
    )
    second = "Now the same landmark on the other side. Ctrl+wheel: other planes."

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._placed: list[_Mark] = []

    # -- the mouse

    def press(self, pane: Pane, place: Place, event: Any) -> bool:
        """Put a mark; it can be dragged until the button is let go."""
        self._placed.append(_Mark(self._source(pane, place), pane))
        self._draw()
        return True

    def drag(self, pane: Pane, place: Place, event: Any) -> None:
        """Move the mark that was just put."""
        if self._placed:
            self._placed[-1] = _Mark(self._source(pane, place), pane)
            self._draw()

    def release(self, pane: Pane, place: Place, event: Any) -> None:
        """Leave it there; the second one turns the brain."""
        if len(self._placed) == 1:
            self.told.emit(self.second)
        elif len(self._placed) == 2:
            self._level(self._placed[0], self._placed[1])

    def hover(self, pane: Pane | None, place: Place | None, event: Any) -> None:
        """Show the line there would be."""
        self.cursor.emit("" if pane is None else "cross")
        if pane is not None and place is not None and len(self._placed) == 1:
            self._draw(pane, place)

    def refresh(self) -> None:
        """Let the mark follow its place in the brain."""
        if self._placed:
            self._draw()

    # -- the keys

    def escape(self) -> bool:
        """Take the first mark away."""
        if not self._placed:
            return False
        self._placed.clear()
        self._marks.clear()
        self.told.emit(self.hint)
        return True

    def nudge(self, down: int, right: int, *, far: bool) -> None:
        """Move the mark by voxels."""
        if not self._placed:
            return
        mark, frame = self._placed[-1], self._draft.frame
        place = frame.points_to_result(mark.source[None])[0]
        step = 10 if far else 1
        place[mark.pane.rows] += down * step
        place[mark.pane.columns] += right * step
        mark.source = frame.points_to_source(place[None])[0]
        self._draw()

    # -- parts

    def _axes(
        self, start: Place, end: Place, pane: tuple[int, int, int], across: int | None
    ) -> tuple[int, Sequence[int]]:
        return landmark_axes(start, end, pane, across)

    def _level(self, first: _Mark, last: _Mark) -> None:
        self._placed.clear()
        self._marks.clear()
        draft, pane = self._draft, last.pane
        ends = np.array([first.source, last.source])
        start, end = draft.frame.points_to_result(ends)
        try:
            axes = (pane.axis, pane.rows, pane.columns)
            along, against = self._axes(start, end, axes, self._left_right())
            crooked = [k for k in against if abs(end[k] - start[k]) > _LITTLE]
            for other in crooked:
                check_turnable(draft.frame.um_per_pixel_out, (along, other))
            found = levelled(draft.parameters, start, end, along, crooked)
        except InvalidValue as error:
            self.told.emit(str(error))
            return
        self._model.set(draft.with_parameters(found.parameters))
        self._after(ends)
        self.told.emit(self._words(found))

    def _after(self, ends: Place) -> None:
        """Take note of the marks (2, 3), in voxels of the stack, once all is level."""

    def _words(self, found: Levelled) -> str:
        turns = [
            f"{abs(turn.degrees):.2g}° in the {self._plane_words(*turn.plane)} plane"
            for turn in found.turns
        ]
        if not turns:
            return "It is level already."
        return f"Turned by {' and '.join(turns)}. Again, or Esc."

    def _left_right(self) -> int | None:
        code = self._draft.orientation_out
        return None if code is None else left_right_axis(code)

    def _source(self, pane: Pane, place: Place) -> Place:
        # What is clicked on is what is shown, which may be a step behind the draft.
        shown = self._scene.draft or self._draft
        spot = np.array(place, dtype=float)
        spot[pane.axis] = round(spot[pane.axis])
        return np.asarray(shown.frame.points_to_source(spot[None])[0])

    def _draw(self, pane: Pane | None = None, place: Place | None = None) -> None:
        """Draw the marks, and a line to the second one or to the mouse."""
        frame = self._draft.frame
        panes = [mark.pane for mark in self._placed]
        spots = [
            mark.pane.to_world(frame.points_to_result(mark.source[None])[0])
            for mark in self._placed
        ]
        ends = list(spots)
        if pane is not None and place is not None:
            panes.append(pane)
            ends.append(pane.to_world(place))
        if len(ends) == 2 and panes[0].axis == panes[1].axis:
            self._marks.draw(spots, [(ends[0], ends[1])], _tilt(ends[0], ends[1]))
        else:
            self._marks.draw(spots)


class MidlineTool(LevelTool):
    """Turns the brain until its midline is upright and runs straight through."""

    hint = (
        "Click the midline twice: up and down in one plane, or once in two planes far "
        "apart (Ctrl+wheel)."
    )
    second = (
        "Now the midline once more: in this plane, or in one far away (Ctrl+wheel)."
    )

    midline: Place | None = None
    """(2, 3); the places that were marked, in voxels of the stack."""

    def _axes(
        self, start: Place, end: Place, pane: tuple[int, int, int], across: int | None
    ) -> tuple[int, Sequence[int]]:
        return midline_axes(start, end, pane, across)

    def _after(self, ends: Place) -> None:
        self.midline = ends


def _tilt(start: Place, end: Place) -> str:
    """Degrees between a line on the screen and the nearer of level and upright."""
    y, x = np.abs(np.asarray(end) - np.asarray(start))
    return f"{math.degrees(math.atan2(min(y, x), max(y, x))):.1f}°" if y or x else ""
