"""Annotating one layer in one viewer: what mouse, keys and the dock do to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from labdata_napari.core.annotation_types import INJECTION, REGION
from labdata_napari.core.brain_space import brain_space
from labdata_napari.core.measured import measured_region
from labdata_napari.core.probe_tracks import probes_in
from labdata_napari.core.shank_template import MOST_SHANKS
from labdata_napari.core.tracks import CURVES
from labdata_napari.errors import LabdataError
from labdata_napari.layers import editing
from labdata_napari.layers.fading import Fading
from labdata_napari.layers.filling import forget_selection
from labdata_napari.layers.point_edits import PointEdits
from labdata_napari.layers.points import (
    free_name,
    recolour,
    roster,
    type_of,
)
from labdata_napari.layers.probe_tool import ProbeTool
from labdata_napari.layers.region_brush import RegionBrush
from labdata_napari.layers.smallest_dot import SmallestDot
from labdata_napari.layers.track_files import SPACE_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.measures import Injection
    from labdata_napari.core.surface import BrainSurface

TRACK = "probe_track"
_LINES_BACK = (
    "The lines come back with the next edit; the eye beside their layer hides them."
)


class Annotator(PointEdits):
    """What a person does to the annotations of a layer, one method for each.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    changed = Signal()
    """The working copy, the chosen annotation or what is known is another."""
    looks_changed = Signal()
    """Colours, marks, what is hidden or what the lab is known to hold is another."""
    foreseen = Signal(str, int)
    """An annotation that is about to have so many points: its numbers are there, to be
    told before the picture is drawn."""
    fitted = Signal(str)
    """A person chose how tracks are fitted."""
    recoloured = Signal(object)
    """A person chose colours: "#RRGGBB" by name."""

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        super().__init__(viewer, layer)
        self.figures.lines.removed.connect(self._on_lines_removed)
        self._dot = SmallestDot(viewer, layer)
        self._fading = Fading(viewer, layer)
        self.probe = ProbeTool(viewer, layer, self.figures)
        """Places several shanks, and moves them as one body."""
        self.brush = RegionBrush(viewer, layer)
        """Paints injection sites."""
        self.proposed: tuple[str, ...] = ()
        """Names of the shanks that went into this subject, in order."""
        self.brain: InAtlas | None = None
        """How the brain lies in an atlas; None until that is known."""
        self.why_no_regions = ""
        """Why it is not known, in a sentence; empty when it is, or still looked for."""
        self.mouse.told.connect(self.told)
        self.mouse.began.connect(self._on_began)
        self.mouse.placing.connect(self._on_placing)
        self.mouse.dragged.connect(self._on_dragged)
        self.mouse.taker = self.probe.take
        self.probe.told.connect(self.told)
        self.probe.changed.connect(self._on_probe)
        self.probe.dragged.connect(self._on_probe_dragged)
        self.brush.why_not = lambda: self.mouse.why_not
        self.brush.told.connect(self.told)
        self.brush.changed.connect(self.looks_changed)
        self.brush.measured.connect(self._on_painting)
        self.history.changed.connect(self._on_changed)
        self.history.released.connect(self._on_released)
        layer.events.metadata.connect(self._on_metadata)
        self._on_changed()

    def know(
        self,
        *,
        orientation: str | None = None,
        surface: BrainSurface | None = None,
        brain: InAtlas | None = None,
        why_no_regions: str = "",
    ) -> None:
        """Take in what has become known of the stack; the numbers follow.

        Parameters
        ----------
        orientation
            Code of the stack's axes.
        surface
            Where the brain ends.
        brain
            An atlas, and how the brain lies in it.
        why_no_regions
            Why there is no such atlas, in a sentence.
        """
        setting = self.figures.setting
        if surface is not None:
            self.surface = surface
        if brain is not None or why_no_regions:
            self.brain, self.why_no_regions = brain, why_no_regions
            self.looks_changed.emit()
        if setting is None:
            return
        if orientation is not None:
            setting = replace(setting, orientation=orientation)
        if surface is not None:
            setting = replace(setting, surface=surface.entry_along)
        if setting != self.figures.setting:
            self.figures.know(setting)
            self.changed.emit()
        # for File → Save; in place: it is no part of what is annotated
        self.layer.metadata[SPACE_KEY] = brain_space(
            setting.um_per_pixel, setting.orientation, self.brain
        )

    @property
    def curve(self) -> str:
        """How tracks are fitted: one of `core.tracks.CURVES`."""
        setting = self.figures.setting
        return CURVES[0] if setting is None else setting.curve

    def fit(self, curve: str) -> None:
        """Fit tracks by a line or by a curve; it is no part of the rows."""
        setting = self.figures.setting
        if setting is not None and curve != setting.curve:
            self.figures.know(replace(setting, curve=curve))
            self.looks_changed.emit()
            self.fitted.emit(curve)

    def end(self) -> None:
        """Let go of the mouse and take the lines away: the layer left the viewer."""
        self.mouse.end()
        self._dot.end()
        self._fading.end()
        self.brush.remove()
        self.figures.remove()
        self.history.changed.disconnect(self._on_changed)
        self.history.released.disconnect(self._on_released)
        self.layer.events.metadata.disconnect(self._on_metadata)

    # -- annotations

    def new(self, name: str, type_: str) -> bool:
        """Make an annotation and let clicks add its points; whether it could be."""
        self.probe.put_down()
        name = name or free_name(self.layer, type_)
        try:
            editing.add_annotation(self.layer, name, type_)
        except LabdataError as error:
            self.told.emit(str(error))
            return False
        self.choose(name)
        if type_ == REGION:
            self.brush.paint(name)
        else:
            self.mouse.add()
        self.changed.emit()
        how = "Drag to paint" if type_ == REGION else "Click the points of"
        self.told.emit(f"{how} “{name}” in the picture.")
        return True

    def new_track(self) -> None:
        """Make the next track: of a shank that has none, or a numbered one."""
        if not self._refuse():
            taken = {entry.name for entry in roster(self.layer)}
            free = (name for name in self.proposed if name not in taken)
            self.new(next(free, ""), TRACK)

    def choose_shank(self, number: int) -> None:
        """Choose the track of a shank of the chosen probe, or make it, and go there."""
        chosen = editing.chosen_annotation(self.layer)
        probe = next(iter(probes_in([chosen or "", *self.proposed])), "")
        shanks = probes_in(self.proposed).get(probe, MOST_SHANKS)
        name = f"{probe}_shank{number}"
        if not probe:
            self.told.emit("No probe is known or chosen; N makes a track.")
        elif any(entry.name == name for entry in roster(self.layer)):
            self.choose(name)
            self.go_to(name)
            self.told.emit(f"“{name}” is chosen.")
            self.changed.emit()
        elif number >= shanks:
            self.mouse.add(False)  # the next click was meant for another track
            self.told.emit(
                f"{probe} has no shank {number}; N begins the track that comes next."
            )
        elif not self._refuse():
            self.new(name, TRACK)

    def choose(self, name: str) -> None:
        """Let the next points belong to an annotation."""
        if name not in self.probe.names().values():
            self.probe.put_down()
        editing.choose_annotation(self.layer, name)
        if not self.brush.is_on or name == self.brush.name:
            return
        if type_of(self.layer, name) == REGION:
            self.brush.paint(name, erase=self.brush.erases)
        else:
            self.brush.stop()

    def delete(self, names: Sequence[str]) -> None:
        """Take annotations out, with their points."""
        if not self._refuse():
            editing.remove_annotations(self.layer, names)
            what = f"“{names[0]}”" if len(names) == 1 else f"{len(names)} annotations"
            self.told.emit(f"Deleted {what}; undo brings it back.")

    def recolour(self, names: Sequence[str], colour: str) -> None:
        """Give annotations another colour, "#RRGGBB"."""
        editing.recolour_annotations(self.layer, dict.fromkeys(names, colour))
        self.recoloured.emit(dict.fromkeys(names, colour))

    def step_annotation(self, names: Sequence[str], step: int) -> None:
        """Choose an annotation after or before the chosen one, and go there.

        Parameters
        ----------
        names
            In the order in which a person sees them; the last leads to the first.
        step
            1 or -1.
        """
        if not names:
            return
        chosen = editing.chosen_annotation(self.layer)
        index = names.index(chosen) if chosen in names else min(-step, 0)
        name = names[(index + step) % len(names)]
        self.choose(name)
        self.go_to(name)
        self.changed.emit()

    # -- tools

    def stop_adding(self) -> None:
        """Let clicks only choose what they hit."""
        self.probe.put_down()
        self.brush.stop()
        self.layer.mode = "pan_zoom"
        self.mouse.add(False)
        forget_selection(self.layer)

    def paint_region(self) -> None:
        """Paint the chosen injection site, or a new one; again, put the brush down."""
        if self.brush.is_on:
            self.brush.stop()
        elif not self._refuse():
            self.probe.put_down()
            name = editing.chosen_annotation(self.layer)
            if name is not None and type_of(self.layer, name) == REGION:
                self.mouse.add(False)
                self.brush.paint(name)
            else:
                self.new(free_name(self.layer, INJECTION), REGION)

    def place_probe(self) -> None:
        """Place the next probe, or take up the chosen one; again, put it down."""
        self.brush.stop()
        self.told.emit("")  # what is to be done next, the probe's panel says
        if self.probe.is_on:
            self.probe.put_down()
        elif not self._refuse():
            chosen = editing.chosen_annotation(self.layer)
            self.probe.start(chosen, self.proposed)

    # -- how

    def _on_changed(self) -> None:
        recolour(self.layer)
        self.figures.refresh()
        self._fading.refresh()
        self.probe.follow()
        self.brush.refresh()
        self.changed.emit()

    def _on_painting(self, name: str, region: Injection) -> None:
        setting = self.figures.setting
        if setting is not None:
            self.figures.meanwhile(name, measured_region(region, setting, 0))
            self.mouse.dragged.emit(name)

    def _on_lines_removed(self) -> None:
        if self.layer in self.viewer.layers:
            self.told.emit(_LINES_BACK)

    def _on_probe(self) -> None:
        if self.probe.is_on:
            self.mouse.add(False)
            self.layer.mode = "pan_zoom"
            self.layer.cursor = "crosshair"
        else:
            self.layer.cursor = "standard"
        self.looks_changed.emit()

    def _on_probe_dragged(self) -> None:
        self.figures.refresh()
        self.mouse.dragged.emit(self.probe.probe)

    def _on_placing(self, name: str, points: NDArray[np.float64]) -> None:
        self.figures.foresee(name, points)
        self.foreseen.emit(name, len(points))

    def _on_began(self, name: str) -> None:
        self.told.emit(
            f"“{name}” begins: a landmark is one point. Drag one to move it."
        )

    def _on_dragged(self, _name: str) -> None:
        self.figures.refresh()

    def _on_metadata(self, _event: Any) -> None:
        if not self.history.is_held:
            self._look_again()

    def _on_released(self, is_changed: bool) -> None:
        if not is_changed:
            self._look_again()

    def _look_again(self) -> None:
        """Follow what is no part of the rows, so that the history does not tell it."""
        self.figures.refresh()
        self.brush.refresh()
        self.looks_changed.emit()
