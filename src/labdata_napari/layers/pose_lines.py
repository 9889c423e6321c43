"""The skeleton of the frame that is looked at, as a layer of small dots.

A Vectors layer would make its shader anew in every frame, which takes a quarter of a
step from frame to frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from labdata_napari.core.line_dots import Segments
from labdata_napari.layers.drawing import draw_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_COLOUR = "#b0b0b0"
_THINNEST, _THICKEST = 1.5, 10_000  # pixels of the screen
_APART = 0.6  # of a dot's width, so that they look like a line
_FEWEST = 256


class SkeletonLines:
    """Keeps a layer of dots along the lines of a skeleton.

    Parameters
    ----------
    name
        What the layer is called.
    space
        Scale, units and names of the axes, as layers of napari take them.
    """

    def __init__(self, name: str, space: dict[str, Any]) -> None:
        self.layer = Points(
            ndim=2,
            name=name,
            face_color=_COLOUR,
            border_width=0,
            canvas_size_limits=(_THINNEST, _THICKEST),
            **space,
        )
        self.layer.editable = False

    def draw(self, lines: Sequence[NDArray[np.float64]], width: float) -> None:
        """Draw lines, each (2, 2) ends in y, x pixels, of a width in pixels.

        They are written in place, as napari takes as long as a drawing for another
        array; it ignores `shown` where there is no slider, so the last is repeated.
        """
        layer = self.layer
        bounds = np.full(2, np.inf)
        steps = np.full(2, width * _APART)
        dots, _ = Segments.of(lines, ndim=2).dots(-bounds, bounds, steps)
        if not len(dots):
            return
        if len(dots) > len(layer.data):
            with layer.events.blocker_all():
                layer.data = np.zeros((max(_FEWEST, len(dots) * 3 // 2), 2))
                layer.size = np.full(len(layer.data), width)
                layer.face_color = _COLOUR
                layer.border_width = 0
        layer.data[: len(dots)] = dots
        layer.data[len(dots) :] = dots[-1]
        layer.size[:] = width
        draw_only(layer)
