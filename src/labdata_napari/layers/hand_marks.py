"""What a tool draws over the planes: marks, lines between them, a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.layers.preview import PreviewScene

_COLOUR = "#ff9f1c"  # of nothing else on the canvas
_LINE = 2.0  # screen pixels
_MARK = (3.0, 11.0)  # a cross whose middle stays free, so that one sees what is marked
_CROSS = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)], dtype=np.float64)


class Marks:
    """One layer over a scene, and a word or two at the top of the canvas.

    Adding and removing a layer takes napari longer than all the rest: it is made when
    something is drawn first and stays until `remove`.

    Parameters
    ----------
    viewer, scene
        Where to draw.
    """

    def __init__(self, viewer: ViewerModel, scene: PreviewScene) -> None:
        self._viewer = viewer
        self._scene = scene
        self._layer: Vectors | None = None
        self._drawn: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def draw(
        self,
        places: Sequence[ArrayLike] = (),
        lines: Sequence[tuple[ArrayLike, ArrayLike]] = (),
        words: str = "",
    ) -> None:
        """Draw instead of what was drawn before.

        Parameters
        ----------
        places
            World (y, x) of marks.
        lines
            Two ends of each line.
        words
            Written large at the top.
        """
        self._drawn = (
            np.asarray(places, dtype=np.float64).reshape(-1, 2),
            np.asarray(lines, dtype=np.float64).reshape(-1, 2, 2),
        )
        self._write(words)
        self._paint()

    def clear(self) -> None:
        """Draw nothing."""
        self._drawn = None
        self._write("")
        if self._layer is not None and len(self._layer.data):
            self._layer.data = np.zeros((0, 2, 2))

    def remove(self) -> None:
        """Draw nothing, and take the layer away."""
        self.clear()
        if self._layer is not None:
            self._viewer.scene.camera.events.zoom.disconnect(self._paint)
            self._scene.remove_overlay(self._layer)
            self._layer = None

    # -- parts

    def _paint(self, _: object = None) -> None:
        if self._drawn is None:
            return
        places, lines = self._drawn
        zoom = self._viewer.scene.camera.zoom
        inner, outer = (size / zoom for size in _MARK)
        crosses = np.stack(
            np.broadcast_arrays(
                places[:, None] + _CROSS * inner, np.zeros(2) + _CROSS * (outer - inner)
            ),
            axis=2,
        ).reshape(-1, 2, 2)
        lines = np.stack([lines[:, 0], lines[:, 1] - lines[:, 0]], axis=1)
        layer = self._overlay()
        layer.edge_width = _LINE / zoom
        layer.data = np.concatenate([lines, crosses])

    def _overlay(self) -> Vectors:
        if self._layer is None or self._layer not in self._viewer.layers:
            self._layer = Vectors(
                np.zeros((0, 2, 2)),
                ndim=2,
                name="marks of the tool",
                vector_style="line",
                edge_color=_COLOUR,
                units=("um", "um"),
                axis_labels=("y", "x"),
            )
            self._scene.add_overlay(self._layer)
            self._viewer.scene.camera.events.zoom.connect(self._paint)
        return self._layer

    def _write(self, words: str) -> None:
        text = self._viewer.canvas.overlays.text
        if words:
            text.text, text.color, text.font_size = words, _COLOUR, 18
            text.position, text.box = "top_center", False
        if text.visible != bool(words):
            text.visible = bool(words)
