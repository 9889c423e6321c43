"""Placing the tracks of a probe with several shanks, and moving them as one body.

Two clicks place it, the entry and the tip of shank 0, and a third turns it to the side
of the other shanks. From then on it is what its tracks are: nothing else is kept.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.core.probe_tracks import (
    fits,
    free_probe,
    is_inside,
    nearest_shank,
    next_probe,
    probes_in,
)
from labdata_napari.core.shank_template import ShankTemplate, shank_names
from labdata_napari.errors import LabdataError
from labdata_napari.layers import editing
from labdata_napari.layers.cursor import displayed
from labdata_napari.layers.held_probe import EDGE, HeldProbe
from labdata_napari.layers.history import history_of
from labdata_napari.layers.points import roster, stack_shape, um_per_pixel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

    from labdata_napari.layers.figures import Figures

    Array = NDArray[np.float64]

SHANKS = 4
_SIDES = 0, 180, 90, 270  # degrees about shank 0, until somebody says the side
_REACH, _STILL = 10.0, 4.0  # screen pixels
_NO_SIZE = "The voxel size is not known, so a probe cannot be laid to scale."
_OUTSIDE = "That is outside of the stack: nothing was placed."
_NO_ROOM = (
    "Not all shanks would be within the stack there: click elsewhere, or choose fewer "
    "shanks or a smaller pitch."
)


class Phase(Enum):
    """What the next click is, in words."""

    OFF = ""
    ENTRY = "Click where shank 0 of {probe} enters the brain; Esc gives up."
    TIP = "Now click the tip of shank 0, in the same slice or another."
    SIDE = "Click on the side where the other shanks are, or drag the probe now."
    HELD = "Drag {probe} to move it, with Shift to turn it."


class ProbeTool(HeldProbe):
    """What mouse and keys do to the probe that is being placed or held.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    figures
        Of the layer: which end of a track is its tip.
    """

    changed = Signal()
    """The phase, or the probe, is another."""
    dragged = Signal()
    """The probe is somewhere else, at every step of a drag."""

    def __init__(self, viewer: ViewerModel, layer: Points, figures: Figures) -> None:
        super().__init__(viewer, layer, figures)
        self._entry: Array | None = None
        self._placements = 0
        self.phase = Phase.OFF
        self.shanks = SHANKS
        """Of the probe that is placed next."""

    @property
    def words(self) -> str:
        """What the mouse does now."""
        return self.phase.value.format(probe=self.probe)

    @property
    def spacing_um(self) -> float:
        """How far apart its shanks are, or will be."""
        template = self._template() if len(self.names()) > 1 else None
        return self.pitch_um if template is None else template.pitch_um

    @property
    def is_on(self) -> bool:
        """Whether a probe is being placed or held."""
        return self.phase is not Phase.OFF

    # -- taking it up and putting it down

    def start(self, chosen: str | None, proposed: tuple[str, ...]) -> None:
        """Place the next probe, or take up that of an annotation.

        Parameters
        ----------
        chosen
            The annotation; its probe is taken up when it has several tracks, or when
            there is no other to place.
        proposed
            Names of the tracks that there should be, in order.
        """
        if um_per_pixel(self._layer) is None:
            self.told.emit(_NO_SIZE)
            return
        taken = [entry.name for entry in roster(self._layer)]
        have, probe = probes_in(taken), next(iter(probes_in([chosen or ""])), "")
        following = next_probe(proposed, taken)
        prefers_own = have.get(probe, 0) > 1 or (following is None and probe in have)
        if prefers_own and self.hold(probe):
            return
        name, shanks = following or (free_probe(taken), self.shanks)
        self.place(name, shanks)

    def place(self, probe: str, shanks: int) -> None:
        """Let the next clicks place a probe that has no tracks yet."""
        self.probe, self.shanks = probe, shanks
        self._placements += 1
        self._go(Phase.ENTRY)

    def hold(self, probe: str) -> bool:
        """Take up a probe by its tracks; whether it has any."""
        before, self.probe = self.probe, probe
        if self._template() is None:
            self.probe = before
            return False
        self._go(Phase.HELD)
        return True

    def put_down(self) -> None:
        """Let clicks and keys do what they do without a probe."""
        if self.is_on:
            self._entry = None
            self._go(Phase.OFF)

    def follow(self) -> None:
        """Put the probe down if its tracks are gone, as after an undo."""
        if self.phase in (Phase.TIP, Phase.SIDE, Phase.HELD) and not self.names():
            self.put_down()

    # -- the mouse

    def take(self, event: Any) -> Iterator[None] | None:
        """Return what a press of the mouse leads to; None where it is not the probe's.

        Parameters
        ----------
        event
            napari's, of the press.
        """
        if self.phase in (Phase.ENTRY, Phase.TIP):
            return self._click(event)
        if not self.is_on:
            return None
        grabbed = self._grabbed(event.position)
        if grabbed is not None:
            return self._drag(event, grabbed)
        return self._click(event) if self.phase is Phase.SIDE else None

    # -- how

    def _go(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()

    def _nudge(self, words: str, way: Callable[[ShankTemplate], ShankTemplate]) -> None:
        if not self.is_on:
            return
        if self.phase is Phase.SIDE:
            self._go(Phase.HELD)
        super()._nudge(words, way)

    def _click(self, event: Any) -> Iterator[None]:
        start, is_click = np.array(event.pos), True
        yield
        while event.type == "mouse_move":
            is_click &= bool(np.linalg.norm(event.pos - start) < _STILL)
            event.handled = is_click  # the picture moves only with a real drag
            yield
        if is_click:
            try:
                self._clicked(np.asarray(self._layer.world_to_data(event.position)))
            except LabdataError as error:
                self.told.emit(str(error))

    def _clicked(self, place: Array) -> None:
        um, shape = um_per_pixel(self._layer), stack_shape(self._layer)
        if um is None:
            return
        is_far = shape is not None and not is_inside(place, shape)
        if is_far and self.phase is not Phase.SIDE:
            self.told.emit(_OUTSIDE)
        elif self.phase is Phase.ENTRY:
            names = shank_names(self.probe, self.shanks)
            self._put({names[0]: place[None]}, tips=False)
            self._entry = place
            self._go(Phase.TIP)
        elif self.phase is Phase.TIP and self._entry is not None:
            template = ShankTemplate.from_clicks(
                self._entry,
                place,
                um_per_pixel=um,
                shanks=self.shanks,
                pitch_um=self.pitch_um,
            )
            if self._lay(*(template.turned(by, about=0) for by in _SIDES)):
                self._go(Phase.SIDE if self.shanks > 1 else Phase.HELD)
        elif self.phase is Phase.SIDE:
            template_now = self._template()
            if template_now is None or self._lay(template_now.facing(place, um)):
                self._go(Phase.HELD)

    def _lay(self, *ways: ShankTemplate) -> bool:
        """Lay the probe in the first way in which it is within the stack, if any."""
        um, shape = um_per_pixel(self._layer), stack_shape(self._layer)
        assert um is not None
        way = next((w for w in ways if shape is None or fits(w, um, shape)), None)
        if way is None:
            self.told.emit(_NO_ROOM)
            return False
        names = shank_names(self.probe, way.shanks)
        self._put(dict(zip(names, way.lines(um), strict=True)), tips=True)
        return True

    def _put(self, points: dict[str, Array], *, tips: bool) -> None:
        """Place tracks; all clicks of one placement are undone together."""
        editing.put_points(
            self._layer,
            points,
            TRACK_TYPES[0],
            f"place the probe {self.probe}",
            tips=tips,
            merge_key=("place a probe", self.probe, self._placements),
        )
        editing.choose_annotation(self._layer, next(iter(points)))

    def _drag(self, event: Any, grabbed: tuple[Array, Array]) -> Iterator[None]:
        """Move the probe, or with Shift turn it about the end that was not grabbed."""
        layer, start = self._layer, np.array(event.pos)
        place, pivot = grabbed
        template, points = self._template(), self._points()
        turns, has_moved, can_pan = "Shift" in event.modifiers, False, layer.mouse_pan
        is_there = True
        layer.mouse_pan = False
        words = f"{'turn' if turns else 'move'} the probe {self.probe}"
        try:
            with history_of(layer).edit(words):
                yield
                while event.type == "mouse_move":
                    event.handled = True
                    has_moved |= bool(np.linalg.norm(event.pos - start) >= _STILL)
                    if has_moved and template is not None:
                        to = self._um(event.position)
                        if turns:
                            after = self._swung(template, place, to, pivot)
                        else:
                            after = template.moved(to - place)
                        is_there = self._carry(
                            template, after, points, words, slides=not turns
                        )
                        self.dragged.emit()
                    yield
        finally:
            layer.mouse_pan = can_pan
        if not is_there:
            self.told.emit(EDGE.format(self.probe))
        if self.phase is Phase.SIDE and has_moved:
            self._go(Phase.HELD)
        elif self.phase is Phase.SIDE:
            self._clicked(np.asarray(layer.world_to_data(event.position)))

    def _grabbed(self, position: Any) -> tuple[Array, Array] | None:
        """Return the place under the cursor and the far end of the shank there, in µm.

        None where no shank of the probe is drawn under the cursor.
        """
        um, lines = um_per_pixel(self._layer), list(self._lines().values())
        shown = displayed(self._viewer, self._layer)[-2:]
        if um is None or not lines or len(shown) != 2:
            return None
        hidden = next(axis for axis in range(3) if axis not in shown)
        first = self._viewer.dims.ndim - self._layer.ndim
        half = max(self._viewer.dims.thickness[first + hidden] / 2, um[hidden])
        place = self._um(position)
        in_um = [line * um for line in lines]
        found = nearest_shank(in_um, place, hidden, half)
        reach = max(
            _REACH / self._viewer.scene.camera.zoom,
            float(np.max(self._layer.current_size)) / 2 * um[shown[-1]],
        )
        if found is None or found[1] > reach:
            return None
        number, _, share = found
        return place, in_um[number][1 if share < 0.5 else 0]
