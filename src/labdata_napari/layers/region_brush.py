"""Painting injection sites: one Labels layer, a view of the points of all regions.

The points are the truth (`core.painted`): a stroke of the brush becomes other points of
its annotation when the mouse is let go, one step of the history, and whatever changes
the points is painted.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from psygnal import Signal

from labdata_napari.core.annotation_types import REGION
from labdata_napari.core.measures import injection_of_region
from labdata_napari.core.painted import (
    block_sides,
    blocks_of_points,
    centres_of,
    grid_shape,
    repainted,
)
from labdata_napari.layers import editing
from labdata_napari.layers.points import (
    ListedPoints,
    as_rgba,
    listing,
    stack_shape,
    um_per_pixel,
)
from labdata_napari.layers.source import METADATA_KEY, LayerSource, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

SOURCE_KIND = "annotation regions"
BRUSH_UM = 200.0
_OPACITY = 0.5
_REST_S = 0.1  # between two measurements of a stroke that goes on
_MOST = 255  # regions that fit into a byte
_CLEAR = (0.0, 0.0, 0.0, 0.0)
_NO_SIZE = "The voxel size is not known, so a region cannot be painted to scale."


class RegionBrush:
    """Shows and paints the regions of one annotation layer.

    Parameters
    ----------
    viewer, points
        The annotation layer and where it is shown.
    """

    changed = Signal()
    """Painting began or ended, or the brush is another."""
    told = Signal(str)
    """What was done, or why it was not."""
    measured = Signal(str, object)
    """A region and its numbers, while a stroke goes on."""

    def __init__(self, viewer: ViewerModel, points: Points) -> None:
        self._viewer = viewer
        self._points = points
        self._labels: Labels | None = None
        self._numbers: dict[str, int] = {}
        self._painted: dict[str, tuple[NDArray[np.float64], str, bool]] = {}
        self._blocks: dict[str, NDArray[np.int64]] = {}  # of each region, as painted
        self._shades: dict[int | None, Any] = {}
        self._is_refreshing = False
        self._measured_at = 0.0
        self._brush_um = BRUSH_UM
        self.name = ""
        """The region that is painted; empty when none is."""
        self.why_not: Callable[[], str] = str
        """Says why nothing may be edited; nothing when it may."""
        pitch, shape = um_per_pixel(points), stack_shape(points)
        self._um = None if pitch is None else np.asarray(pitch)
        self._sides = None
        if pitch is not None and shape is not None:
            self._sides = block_sides(pitch, shape)
            self._shape = grid_shape(shape, self._sides)
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def is_on(self) -> bool:
        """Whether a region is painted."""
        return bool(self.name)

    @property
    def layer(self) -> Labels | None:
        """The layer that is painted in, once there is one."""
        return self._labels

    @property
    def erases(self) -> bool:
        """Whether the brush takes away."""
        return self._labels is not None and str(self._labels.mode) == "erase"

    @property
    def is_ball(self) -> bool:
        """Whether the brush paints neighbouring slices, too."""
        return self._labels is not None and self._labels.n_edit_dimensions == 3

    @property
    def brush_um(self) -> float:
        """Diameter of the brush."""
        return self._brush_um

    # -- painting

    def paint(self, name: str, *, erase: bool = False) -> bool:
        """Let the mouse paint a region, or take away of it; whether it can."""
        if self._sides is None:
            self.told.emit(_NO_SIZE)
            return False
        self.name = name
        self.refresh()
        labels = self._labels if self._labels is not None else self._add()
        self._viewer.layers.selection.active = labels
        labels.selected_label = self._numbers[name]
        labels.mode = "erase" if erase else "paint"
        labels.preserve_labels = erase and len(self._numbers) > 1
        self.use_brush(self._brush_um)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Let the mouse do what it does without a brush."""
        if not self.is_on:
            return
        self.name = ""
        if self._labels is not None and self._labels in self._viewer.layers:
            self._labels.mode = "pan_zoom"
            self._viewer.layers.selection.active = self._points
        self.changed.emit()

    def use_brush(self, diameter_um: float, *, ball: bool | None = None) -> None:
        """Paint with another brush.

        Parameters
        ----------
        diameter_um
            Of the brush.
        ball
            Whether it paints neighbouring slices, too; as before where None.
        """
        self._brush_um = diameter_um
        labels = self._labels
        if labels is None:
            return
        if ball is not None:
            labels.n_edit_dimensions = 3 if ball else 2
        shown = list(self._viewer.dims.displayed)[-2:]
        first = self._viewer.dims.ndim - labels.ndim
        axes = range(3) if self.is_ball else [axis - first for axis in shown]
        smallest = min(float(labels.scale[axis]) for axis in axes)
        labels.brush_size = max(1, round(diameter_um / smallest))

    # -- following the points

    def refresh(self) -> None:
        """Paint the regions as their points are; nothing where there is none."""
        items = [item for item in listing(self._points) if item.type == REGION][:_MOST]
        if self.name and self.name not in {item.name for item in items}:
            self.stop()
        if self._sides is None or not (items or self._labels is not None):
            return
        wanted = {
            item.name: (item.points, item.colour, item.is_hidden) for item in items
        }
        if self._labels is not None and _same(wanted, self._painted):
            return
        labels = self._labels if self._labels is not None else self._add()
        self._is_refreshing = True
        try:
            self._fill(labels, items)
        finally:
            self._is_refreshing = False
        self._painted = wanted

    def remove(self) -> None:
        """Take the layer away."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self.name = ""
        if self._labels is not None and self._labels in self._viewer.layers:
            self._viewer.layers.remove(self._labels)
        self._let_go()

    # -- how

    def _on_removed(self, event: Any) -> None:
        if event.value is self._labels:
            self._let_go()
            self.stop()

    def _let_go(self) -> None:
        if self._labels is not None:
            self._labels.events.paint.disconnect(self._on_painted)
            self._labels.events.labels_update.disconnect(self._on_painting)
        self._labels = None
        self._painted, self._shades = {}, {}

    def _add(self) -> Labels:
        """Make the layer; its pixels are blocks, which begin with the first voxel."""
        assert self._sides is not None
        assert self._um is not None
        points, sides = self._points, np.asarray(self._sides)
        labels = Labels(
            np.zeros(self._shape, np.uint8),
            name=f"{points.name} · regions",
            scale=self._um * sides,
            translate=self._um * (sides - 1) / 2,
            units=points.units,
            axis_labels=points.axis_labels,
            opacity=_OPACITY,
            metadata=_mark(source_of(points)),
        )
        layers = self._viewer.layers
        active = layers.selection.active
        layers.insert(layers.index(points), labels)  # the points stay on top
        if active is not None:
            layers.selection.active = active
        labels.events.paint.connect(self._on_painted)
        labels.events.labels_update.connect(self._on_painting)
        self._labels = labels
        return labels

    def _fill(self, labels: Labels, items: list[ListedPoints]) -> None:
        assert self._sides is not None
        data: NDArray[np.uint8] = labels.data
        data[data.any(axis=(1, 2))] = 0
        self._numbers = {item.name: n for n, item in enumerate(items, start=1)}
        self._blocks = {}
        for item in items:
            blocks = blocks_of_points(item.points, self._sides)
            blocks = blocks[((blocks >= 0) & (blocks < self._shape)).all(axis=1)]
            self._blocks[item.name] = blocks
            data[tuple(blocks.T)] = self._numbers[item.name]
        shades: dict[int | None, Any] = {None: _CLEAR, 0: _CLEAR}
        for item in items:
            shade = _CLEAR if item.is_hidden else as_rgba(item.colour)
            shades[self._numbers[item.name]] = shade
        if shades != self._shades:  # napari builds all textures anew
            labels.colormap = DirectLabelColormap(color_dict=shades)
            self._shades = shades
        if self.name in self._numbers:
            labels.selected_label = self._numbers[self.name]
        labels.refresh()

    def _on_painted(self, event: Any) -> None:
        """Take what was painted over into the points."""
        labels, sides = self._labels, self._sides
        if labels is None or sides is None or self._is_refreshing:
            return
        if refusal := self.why_not():
            self.told.emit(refusal)
            self._painted = {}  # nothing of the stroke is kept
            self.refresh()
            return
        box = _box_of(event.value, self._shape)
        corner, painted = [part.start for part in box], labels.data[box]
        points = {}
        for name, number in self._numbers.items():
            blocks = repainted(self._blocks[name], painted == number, corner)
            if np.array_equal(blocks, self._blocks[name]):
                continue
            points[name], self._blocks[name] = centres_of(blocks, sides), blocks
            self._painted[name] = (points[name], *self._painted[name][1:])
            if len(points[name]) != len(blocks):
                self._painted = {}  # what is kept of it is coarser than what is seen
        verb = "erase" if self.erases else "paint"
        name = self.name or next(iter(points), "")
        editing.put_points(self._points, points, REGION, f"{verb} {name}")
        if not self._painted:  # else the history has told it already
            self.refresh()

    def _on_painting(self, _event: Any) -> None:
        """Tell the numbers while the mouse goes on."""
        labels, now = self._labels, time.monotonic()
        number = self._numbers.get(self.name)
        if labels is None or number is None or self._um is None:
            return
        if now - self._measured_at < _REST_S:
            return
        is_it = labels.data == number
        sides = np.asarray(self._sides)
        region = injection_of_region(is_it, self._um * sides)
        centroid = (region.centroid + 0.5) * sides - 0.5  # pixels of the stack
        self._measured_at = time.monotonic()
        self.measured.emit(self.name, replace(region, centroid=centroid))


def _box_of(atoms: Any, shape: Sequence[int]) -> tuple[slice, ...]:
    """Return the box of an array that a stroke may have changed, as napari tells it.

    Parameters
    ----------
    atoms
        Of the event: each has the slices of its box, or is a tuple that begins with the
        indices of its elements.
    shape
        Of the array.
    """
    first, last = np.array(shape), np.zeros(len(shape), np.int64)
    for atom in atoms:
        keys = getattr(atom, "slice_key", None)
        indices = None if isinstance(atom, tuple) is False else atom[0]
        for axis, size in enumerate(shape):
            low, high = 0, size
            if keys is not None and isinstance(keys[axis], slice):
                low, high, _ = keys[axis].indices(size)
            elif keys is not None:
                low, high = int(keys[axis]), int(keys[axis]) + 1
            elif indices is not None and len(indices[axis]):
                low, high = int(indices[axis].min()), int(indices[axis].max()) + 1
            first[axis], last[axis] = min(first[axis], low), max(last[axis], high)
    return tuple(
        slice(int(a), int(max(a, b))) for a, b in zip(first, last, strict=True)
    )


def _mark(source: LayerSource | None) -> dict[str, Any]:
    if source is None:
        return {}
    return {METADATA_KEY: LayerSource(SOURCE_KIND, source.key, lab=source.lab)}


def _same(
    one: dict[str, tuple[NDArray[np.float64], str, bool]],
    other: dict[str, tuple[NDArray[np.float64], str, bool]],
) -> bool:
    return list(one) == list(other) and all(
        one[name][1:] == other[name][1:]
        and np.array_equal(one[name][0], other[name][0])
        for name in one
    )
