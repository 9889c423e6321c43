"""The fitted lines and the outlines of all annotations as one Vectors layer.

A line is cut into pieces of half a slice, each of which belongs to the slice that it
begins in: so every slice shows where the line crosses it, and a slab shows the line.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Vectors

from labdata_napari.layers.cursor import displayed
from labdata_napari.layers.points import as_rgba
from labdata_napari.layers.slab import slab_um
from labdata_napari.layers.source import METADATA_KEY, LayerSource, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

SOURCE_KIND = "annotation lines"
_WIDTH = 0.25  # of a point's size
_REACH = 1.5  # how many steps a piece is long, so that slanting ones meet


class FitLayer:
    """Keeps the lines of an annotation layer beside it in a viewer.

    The layer comes with the first line; whoever removes it has it back when the
    annotations are opened next.

    Parameters
    ----------
    viewer, points
        The annotation layer and where it is shown.
    """

    def __init__(self, viewer: ViewerModel, points: Points) -> None:
        self._viewer = viewer
        self._points = points
        self._layer: Vectors | None = None
        self._shown: dict[str, tuple[NDArray[np.float64], str]] = {}
        self._pieces: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._across: list[int] = []
        for event in (viewer.dims.events.order, viewer.dims.events.ndisplay):
            event.connect(self._on_axes)

    def show(
        self, paths: Mapping[str, NDArray[np.float64]], colours: Mapping[str, str]
    ) -> None:
        """Draw paths (M, 3) in pixels of the stack, each in the colour of its name."""
        wanted = {name: (path, colours[name]) for name, path in paths.items()}
        if _same(wanted, self._shown):
            return
        self._shown = wanted
        self._draw()

    def remove(self) -> None:
        """Take the layer away."""
        dims = self._viewer.dims
        for event in (dims.events.order, dims.events.ndisplay):
            event.disconnect(self._on_axes)
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None
        self._shown = {}

    def _on_axes(self, _event: Any) -> None:
        """Cut the lines along the axes that have a slider now."""
        if self._layer is not None:
            self._draw()

    def _draw(self) -> None:
        shown = displayed(self._viewer, self._points)
        across = [axis for axis in range(3) if axis not in shown]
        pieces = self._cut(across)
        data = np.concatenate([np.zeros((0, 2, 3)), *pieces])
        rgba = np.repeat(
            np.array([as_rgba(colour) for _, colour in self._shown.values()]).reshape(
                -1, 4
            ),
            [len(piece) for piece in pieces],
            axis=0,
        )
        if self._layer is None:
            if len(data):
                self._add(data, rgba)
        else:
            # The colours, which follow, draw it. To draw it twice, and to let napari
            # measure the world anew for what lies within the brain, takes 30 ms.
            with self._layer.events.blocker_all():
                self._layer.data = data
            if len(data):
                self._layer.edge_color = rgba
            else:
                self._layer.refresh()

    def _cut(self, across: list[int]) -> list[NDArray[np.float64]]:
        """Return the pieces of every path; only what is new is cut."""
        known = self._pieces if across == self._across else {}
        fresh = {}
        for name, (path, _) in self._shown.items():
            old = known.get(name)
            if old is None or old[0] is not path:
                old = path, pieces_of(path, across)
            fresh[name] = old
        self._pieces, self._across = fresh, across
        return [pieces for _, pieces in fresh.values()]

    def _add(self, data: NDArray[np.float64], rgba: NDArray[np.float64]) -> None:
        points = self._points
        source = source_of(points)
        self._layer = Vectors(
            data,
            name=f"{points.name} · lines",
            scale=points.scale,
            translate=points.translate,
            units=points.units,
            axis_labels=points.axis_labels,
            edge_color=rgba,
            edge_width=float(np.max(points.current_size)) * _WIDTH,
            vector_style="line",
            projection_mode="fade" if slab_um(self._viewer) else "all",
            metadata=_mark(source),
        )
        layers = self._viewer.layers
        active = layers.selection.active
        layers.insert(layers.index(points), self._layer)  # the points stay on top
        if active is not None:
            layers.selection.active = active


def pieces_of(
    path: NDArray[np.float64], across: Sequence[int] = (0, 1, 2)
) -> NDArray[np.float64]:
    """Cut a path into pieces that begin at most half a slice from each other.

    Parameters
    ----------
    path
        (M, 3) corners in pixels.
    across
        The axes that slices are counted along.

    Returns
    -------
    (N, 2, 3) beginnings and ways, as a Vectors layer takes them
    """
    parts = [np.zeros((0, 2, 3))]
    for start, end in pairwise(path):
        slices = np.abs(end - start)[list(across)].max(initial=0.0)
        count = max(1, int(np.ceil(2 * slices)))
        step = (end - start) / count
        begins = start + np.arange(count)[:, None] * step
        # the last piece ends where the path does
        reach = np.minimum(_REACH, count - np.arange(count))
        ways = reach[:, None] * step
        parts.append(np.stack([begins, ways], axis=1))
    return np.concatenate(parts)


def _mark(source: LayerSource | None) -> dict[str, Any]:
    if source is None:
        return {}
    return {METADATA_KEY: LayerSource(SOURCE_KIND, source.key, lab=source.lab)}


def _same(
    one: Mapping[str, tuple[NDArray[np.float64], str]],
    other: Mapping[str, tuple[NDArray[np.float64], str]],
) -> bool:
    return list(one) == list(other) and all(
        one[name][1] == other[name][1] and np.array_equal(one[name][0], other[name][0])
        for name in one
    )
