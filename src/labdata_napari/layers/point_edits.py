"""The points of annotations: adding, deleting, marking and snapping them; undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation_types import LANDMARK, TRACK_TYPES
from labdata_napari.layers import editing
from labdata_napari.layers.annotation_mouse import AnnotationMouse
from labdata_napari.layers.figures import Figures
from labdata_napari.layers.going import Going
from labdata_napari.layers.history import history_of
from labdata_napari.layers.points import names_per_point, roster, type_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import ArrayLike

    from labdata_napari.core.surface import BrainSurface

_LEVEL = 90.0  # degrees from straight down


class PointEdits(Going):
    """What a person does to single points, one method for each.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        super().__init__(viewer, layer)
        self.mouse = AnnotationMouse(viewer, layer)
        self.history = history_of(layer)
        self.figures = Figures(viewer, layer)
        self.surface: BrainSurface | None = None
        """Where the brain ends; None until it is known."""

    def delete_here(self) -> None:
        """Delete the point under the cursor, else what napari's tool has selected."""
        layer, under = self.layer, self.mouse.under()
        selected = {int(i) for i in layer.selected_data}
        with_tool = str(layer.mode) == "select"
        if under is None and not (with_tool and selected):
            self.told.emit("There is no point under the cursor.")
        elif not self._refuse():
            with_it = selected if under is None or under in selected else {under}
            gone = with_it if with_tool or under is None else {under}
            editing.remove_points(layer, gone)

    def add_at(self, place: ArrayLike) -> None:
        """Add a point (3,) in pixels of the stack to the chosen annotation."""
        self.mouse.add_at(place)

    def mark_tip(self) -> None:
        """Mark the point under the cursor as the tip of its track; again, unmark it.

        Where there is none, the chosen track gets one there.
        """
        layer, under = self.layer, self.mouse.under()
        if self._refuse():
            return
        chosen = editing.chosen_annotation(layer)
        name = chosen if under is None else names_per_point(layer)[under]
        if name is None:
            return
        if type_of(layer, name) not in TRACK_TYPES:
            self.told.emit(f"“{name}” is no track, so it has no tip.")
            return
        if under is not None:
            place = np.array(layer.data[under])
        else:
            here = self.mouse.place()
            if here is None or not self.mouse.add_at(here):
                return
            place = here
        is_marked = any(e.name == name and e.tip == tuple(place) for e in roster(layer))
        editing.mark_tip(layer, name, None if is_marked else place)
        upwards = "" if is_marked else self._upwards(name)
        what = "found" if is_marked else "marked"
        self.told.emit(f"The tip of “{name}” is {what}.{upwards}")

    def snap_to_surface(self) -> None:
        """Bring the point under the cursor to the brain's surface, or add one there."""
        under = self.mouse.under()
        if self.surface is None:
            self.told.emit("The surface of the brain is not known yet.")
            return
        here = self.mouse.place() if under is None else self.layer.data[under]
        if here is None or self._refuse():
            return
        place = self.surface.snap(here)
        if place is None:
            self.told.emit("There is no surface of the brain near the cursor.")
        elif under is None:
            self.mouse.add_at(place)
        else:
            editing.move_point(self.layer, under, place)

    def undo(self) -> None:
        """Take the last edit back."""
        self._step("Undone: ", self.history.undo, "There is nothing to undo.")

    def redo(self) -> None:
        """Do again what was taken back."""
        self._step("Done again: ", self.history.redo, "There is nothing to redo.")

    # -- how

    def _upwards(self, name: str) -> str:
        """Warn of a track whose tip lies above its entry; "" where it does not."""
        numbers = self.figures.of(name)
        track = None if numbers is None else numbers.track
        if not track or track.angles is None or track.angles.tilt_deg <= _LEVEL:
            return ""
        return " The track goes upwards from its entry now: mark the lower end instead?"

    def _refuse(self) -> bool:
        if self.mouse.why_not:
            self.told.emit(self.mouse.why_not)
        return bool(self.mouse.why_not)

    def _step(self, before: str, step: Callable[[], str], nothing: str) -> None:
        chosen = editing.chosen_annotation(self.layer)
        words = step()
        said = f"{before}{words}." if words else nothing
        now = editing.chosen_annotation(self.layer)
        is_gone = all(entry.name != chosen for entry in roster(self.layer))
        # The next click was meant for what is gone; a landmark's begins the next one.
        begins = now is None or type_of(self.layer, now) == LANDMARK
        if self.mouse.is_adding and is_gone and not begins:
            self.mouse.add(False)
            said += f" “{now}” is chosen, and clicks add nothing to it now."
        self.told.emit(said)
