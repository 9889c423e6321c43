"""Crop a transform by a box in its planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.crop_box import (
    Box,
    Grip,
    box_of,
    box_um,
    dragged,
    grip_at,
    spanned,
    with_box,
)
from labdata_napari.layers.hand_tool import HandTool

if TYPE_CHECKING:
    from labdata_napari.core.preview_layout import Pane
    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.layers.hand_tool import Place

_REACH = 8.0  # screen pixels around an edge

_CURSORS = {
    (0, 0): "move",
    (-1, 0): "rows",
    (1, 0): "rows",
    (0, -1): "columns",
    (0, 1): "columns",
    (-1, -1): "falling",
    (1, 1): "falling",
    (-1, 1): "rising",
    (1, -1): "rising",
}


@dataclass(frozen=True)
class _Drag:
    """A drag of the box, or, without a grip, of a new one."""

    start: TransformDraft
    box: Box
    grip: Grip | None
    place: Place


class CropTool(HandTool):
    """Drags the edges, the corners and the whole of the crop box, or a new box."""

    hint = (
        "Drag a box, its edges or its corners; from outside it a new one begins. "
        "Arrow keys: 1 voxel."
    )

    _dragged: _Drag | None = None
    _held: Grip | None = None  # what the arrow keys move, in this plane
    _pane: Pane | None = None
    _said: Box | None = None  # the box that the words are about

    def begin(self) -> None:
        """Get ready; the scene gives the mouse from now on."""
        super().begin()
        self._said = self._box()

    def refresh(self) -> None:
        """Say how large the box is that something else has changed."""
        box = self._box()
        if box != self._said:
            self._say(box)

    def press(self, pane: Pane, place: Place, event: Any) -> bool:
        """Grip what is under the mouse."""
        grip = self._grip(pane, place)
        self._model.end_merge()
        self._held, self._pane = grip or Grip(), pane
        self._dragged = _Drag(self._draft, self._box(), grip, np.array(place))
        return True

    def drag(self, pane: Pane, place: Place, event: Any) -> None:
        """Drag it."""
        held = self._dragged
        if held is None:
            return
        axes, shape = (pane.rows, pane.columns), self._shape()
        if held.grip is None:
            box = spanned(held.box, axes, held.place, place, shape)
        else:
            box = dragged(held.box, held.grip, axes, place - held.place, shape)
        self._set(box, held.start, merge="crop")

    def release(self, pane: Pane, place: Place, event: Any) -> None:
        """Leave it as it is."""
        if self._dragged is not None:
            self.drag(pane, place, event)  # napari skips moves it has no time for
            self._dragged = None
            self._model.end_merge()

    def hover(self, pane: Pane | None, place: Place | None, event: Any) -> None:
        """Show what would be gripped."""
        if pane is None or place is None:
            self.cursor.emit("")
            return
        grip = self._grip(pane, place)
        self.cursor.emit("cross" if grip is None else _CURSORS[grip.rows, grip.columns])

    def escape(self) -> bool:
        """Take the drag back."""
        held, self._dragged = self._dragged, None
        if held is None:
            return False
        if self._draft != held.start:
            self._model.undo()
        self.told.emit(self.hint)
        return True

    def nudge(self, down: int, right: int, *, far: bool) -> None:
        """Move what was gripped last by voxels, in its plane."""
        pane, step = self._pane, 10 if far else 1
        if pane is None or self._held is None:
            self.told.emit("Click the box or one of its edges first.")
            return
        axes = (pane.rows, pane.columns)
        shift = np.zeros(3)
        shift[pane.rows], shift[pane.columns] = down * step, right * step
        box = dragged(self._box(), self._held, axes, shift, self._shape())
        self._set(box, self._draft, merge="crop by keys")

    # -- parts

    def _set(self, box: Box, start: TransformDraft, merge: str) -> None:
        new = with_box(start.parameters, start.shape, box)
        self._model.set(start.with_parameters(new).with_hemisphere(None), merge=merge)
        self._say(box)

    def _say(self, box: Box) -> None:
        self._said = box
        self.told.emit(self._words(box))

    def _grip(self, pane: Pane, place: Place) -> Grip | None:
        """Find what is under the mouse; None where a new box would begin."""
        box, axes = self._box(), (pane.rows, pane.columns)
        down, right = self._screen(pane)
        grip = grip_at(box, axes, place, (_REACH / down, _REACH / right))
        shape = self._shape()
        whole = all(box[axis] == (0, shape[axis]) for axis in axes)
        # A box that fills the plane cannot move: there a drag draws a new one.
        return None if grip is not None and grip.moves and whole else grip

    def _box(self) -> Box:
        return box_of(self._draft.parameters, self._draft.shape)

    def _shape(self) -> tuple[int, int, int]:
        return self._draft.frame.spatial_shape_out

    def _words(self, box: Box) -> str:
        voxels = " × ".join(str(beyond - first) for first, beyond in box)
        um = self._draft.frame.um_per_pixel_out
        if um is None:
            return f"{voxels} voxels"
        sizes = [(last - first) / 1000 for first, last in box_um(box, um)]
        return f"{' × '.join(f'{mm:.2f}' for mm in sizes)} mm, {voxels} voxels"
