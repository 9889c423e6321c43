"""A probe that has tracks: how it lies, and moving all of them as one body.

Nothing is kept of it but its name: it is what its tracks are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.core.probe_tracks import carried_within, shanks_of, template_of
from labdata_napari.layers import editing
from labdata_napari.layers.cursor import displayed
from labdata_napari.layers.points import drafts, stack_shape, um_per_pixel

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.shank_template import ShankTemplate
    from labdata_napari.layers.figures import Figures

    Array = NDArray[np.float64]

NUDGE_UM, TURN_DEG, PITCH_UM = 25.0, 2.0, 250.0
EDGE = "{} is at the edge of the stack and goes no farther that way."


class HeldProbe:
    """The tracks of one probe, read as one body and moved as one.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    figures
        Of the layer: which end of a track is its tip.
    """

    told = Signal(str)
    """What was done, or why it was not."""

    def __init__(self, viewer: ViewerModel, layer: Points, figures: Figures) -> None:
        self._viewer = viewer
        self._layer = layer
        self._figures = figures
        self.probe = ""
        """Name of the probe that is placed or held."""
        self.pitch_um = PITCH_UM
        """From one of its shanks to the next, where its tracks do not tell it."""

    def names(self) -> dict[int, str]:
        """Return the tracks of the probe that have points, by shank."""
        own = [draft.name for draft in drafts(self._layer) if len(draft.points)]
        return shanks_of(self.probe, own)

    # -- moving it

    def move(self, right: int, down: int) -> None:
        """Move it by 25 µm on the screen."""
        step = np.zeros(3)
        rows, columns = displayed(self._viewer, self._layer)[-2:]
        step[rows], step[columns] = down * NUDGE_UM, right * NUDGE_UM
        self._nudge("move {}", lambda template: template.moved(step))

    def advance(self, deeper: int) -> None:
        """Drive it 25 µm deeper, or draw it back."""
        words = "drive {} deeper" if deeper > 0 else "draw {} back"
        self._nudge(words, lambda template: template.advanced(deeper * NUDGE_UM))

    def turn(self, clockwise: int) -> None:
        """Turn it by 2° in the plane that is shown, about the middle of its entries."""
        about = self._across()

        def turned(template: ShankTemplate) -> ShankTemplate:
            lines = np.array(template.lines(np.ones(3)))
            pivot = lines[:, 0].mean(axis=0)
            return template.rotated(about, clockwise * TURN_DEG, pivot)

        self._nudge("turn {}", turned)

    def spin(self, way: int) -> None:
        """Spin it by 2° about its long axis."""
        self._nudge("spin {}", lambda template: template.turned(way * TURN_DEG))

    # -- how

    def _nudge(self, words: str, way: Callable[[ShankTemplate], ShankTemplate]) -> None:
        template = self._template()
        if template is None:
            return
        said = words.format(f"the probe {self.probe}")
        if not self._carry(template, way(template), self._points(), said):
            self.told.emit(EDGE.format(self.probe))

    def _swung(
        self, template: ShankTemplate, place: Array, to: Array, pivot: Array
    ) -> ShankTemplate:
        """Turn a probe in the plane that is shown so that a place follows the mouse."""
        rows, columns = displayed(self._viewer, self._layer)[-2:]
        angles = [
            np.arctan2((p - pivot)[rows], (p - pivot)[columns]) for p in (place, to)
        ]
        degrees = float(np.degrees(angles[1] - angles[0]))
        return template.rotated(self._across(), degrees, pivot)

    def _across(self) -> Array:
        """Return the axis (3,) about which a turn is clockwise on the screen."""
        rows, columns = displayed(self._viewer, self._layer)[-2:]
        return np.cross(np.eye(3)[columns], np.eye(3)[rows])

    def _carry(
        self,
        before: ShankTemplate,
        after: ShankTemplate,
        points: dict[str, Array],
        words: str,
        *,
        slides: bool = False,
    ) -> bool:
        """Move the probe within the stack; whether it is where it was wanted."""
        um, shape = um_per_pixel(self._layer), stack_shape(self._layer)
        assert um is not None
        moved, is_there = carried_within(
            points, before, after, um, shape, slides=slides
        )
        editing.put_points(self._layer, moved, TRACK_TYPES[0], words)
        return is_there

    def _points(self) -> dict[str, Array]:
        own = set(self.names().values())
        return {d.name: d.points for d in drafts(self._layer) if d.name in own}

    def _lines(self) -> dict[int, Array]:
        """Return entry and tip (2, 3) in pixels of each shank that has a fit."""
        lines = {}
        for shank, name in self.names().items():
            known = self._figures.of(name)
            if known is not None and known.track:
                lines[shank] = np.array([known.track.path[0], known.track.path[-1]])
        return lines

    def _template(self) -> ShankTemplate | None:
        um = um_per_pixel(self._layer)
        return None if um is None else template_of(self._lines(), um, self.pitch_um)

    def _um(self, position: ArrayLike) -> Array:
        um = np.asarray(um_per_pixel(self._layer))
        place = np.asarray(self._layer.world_to_data(np.asarray(position)))
        return np.asarray(place * um)
