"""The numbers and lines of all annotations of a layer, measured again when edited."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.measured import Measured, Setting, measure
from labdata_napari.layers.points import (
    listing,
    names_per_point,
    places_of,
    stack_shape,
    um_per_pixel,
)
from labdata_napari.layers.track_fits import FitLayer

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

    from labdata_napari.layers.points import ListedPoints

_PLAIN, _FLAGGED = (0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)


class Figures:
    """Keeps numbers, lines and flags of one layer; only what was edited is measured.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        self._layer = layer
        self.lines = FitLayer(viewer, layer)
        """What is drawn of them."""
        self._known: dict[str, tuple[ListedPoints, Measured]] = {}
        pitch = um_per_pixel(layer)
        self.setting = None if pitch is None else Setting(pitch, stack_shape(layer))

    def of(self, name: str | None) -> Measured | None:
        """Return the numbers of an annotation; None where µm are not known."""
        known = self._known.get(name or "")
        return None if known is None else known[1]

    def know(self, setting: Setting) -> None:
        """Measure everything again with more known of the stack."""
        self.setting, self._known = setting, {}
        self.refresh()

    def refresh(self) -> None:
        """Measure what is another than before; draw it."""
        if self.setting is None:
            return
        items = listing(self._layer)
        fresh = {}
        for item in items:
            known = self._known.get(item.name)
            if known is None or not _is_same(known[0], item):
                numbers = measure(item.type, item.points, self.setting, item.tip)
                known = item, numbers
            fresh[item.name] = known
        self._known = fresh
        self._draw(items)

    def foresee(self, name: str, points: NDArray[np.float64]) -> None:
        """Measure an annotation that is about to have other points (N, 3)."""
        known = self._known.get(name)
        if known is not None and self.setting is not None:
            item = replace(known[0], points=points)
            numbers = measure(item.type, points, self.setting, item.tip)
            self._known[name] = item, numbers

    def meanwhile(self, name: str, numbers: Measured) -> None:
        """Take the numbers of an edit that goes on, until it is done."""
        known = self._known.get(name)
        if known is not None:
            unlike = replace(known[0], points=np.full((1, 3), np.inf))
            self._known[name] = unlike, numbers

    def remove(self) -> None:
        """Take the lines out of the viewer."""
        self.lines.remove()

    def _draw(self, items: list[ListedPoints]) -> None:
        paths = {
            item.name: self._known[item.name][1].path
            for item in items
            if not item.is_hidden and len(self._known[item.name][1].path) > 1
        }
        self.lines.show(paths, {item.name: item.colour for item in items})
        self._mark_flagged()

    def _mark_flagged(self) -> None:
        layer = self._layer
        names = names_per_point(layer)
        places, flagged = places_of(names), np.zeros(len(names), dtype=bool)
        for name, (_, numbers) in self._known.items():
            if numbers.flagged.any():
                flagged[places[name]] = numbers.flagged
        colours = np.where(flagged[:, None], _FLAGGED, _PLAIN)
        now = np.asarray(layer.border_color)
        if len(colours) and not np.array_equal(now[:, :3], colours[:, :3]):
            colours[:, 3] = now[:, 3]  # how faint they are is said elsewhere
            layer.border_color = colours


def _is_same(before: ListedPoints, now: ListedPoints) -> bool:
    is_same = (before.type, before.tip) == (now.type, now.tip)
    return is_same and np.array_equal(before.points, now.points, equal_nan=True)
