"""The preview of a transform: three planes of its result on napari's own canvas.

One two-dimensional image layer per channel holds all three planes (`core.preview`),
so napari's contrast and colours work on them as on any layer, and a change repaints
one texture per channel. Everything else in the viewer is hidden meanwhile, and comes
back as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from napari.layers import Image, Points, Vectors
from psygnal import Signal

from labdata_napari.layers.drawing import draw_only
from labdata_napari.layers.preview_guides import guide_lines, pane_names
from labdata_napari.layers.preview_view import QuietView

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.preview_layout import Layout, Pane
    from labdata_napari.core.transform_draft import TransformDraft

PREVIEW_KEY = "labdata_preview"
"""The entry of `layer.metadata` that marks the layers of a preview."""

_LINE = 1.3  # screen pixels
_ALWAYS_WHOLE = 1 << 20  # pixels that are sooner copied than a texture is made anew


class Tool(Protocol):
    """What takes the mouse in the planes before the cross-hair does."""

    def press(self, pane: Pane, place: NDArray[np.float64], event: Any) -> bool:
        """Say whether this press begins a drag of the tool."""

    def drag(self, pane: Pane, place: NDArray[np.float64], event: Any) -> None:
        """Go on with it, in the plane of the press, maybe beyond its edges."""

    def release(self, pane: Pane, place: NDArray[np.float64], event: Any) -> None:
        """End it."""

    def hover(
        self, pane: Pane | None, place: NDArray[np.float64] | None, event: Any
    ) -> None:
        """Follow the mouse while no button is down."""


class PreviewScene:
    """Shows sheets in a viewer and turns the mouse into places of the result.

    Parameters
    ----------
    viewer
        The viewer itself, not a plugin's proxy.
    """

    cross_moved = Signal(object)
    """Frame coordinates (3,) of the cross-hair that the mouse has moved."""
    laid_out = Signal()
    """The planes have other places or shapes: overlays should be drawn again."""
    tool_changed = Signal(object)
    """The tool that has the mouse now, or None."""
    closed = Signal()
    """The layers are gone, whoever removed them."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._view = QuietView(viewer)
        self._images: list[Image] = []
        self._guides: Vectors | None = None
        self._names: Points | None = None
        self._overlays: list[Layer] = []
        self._tool: Tool | None = None
        self._cross = np.zeros(3)
        self._colours = np.zeros((0, 4))
        self._grid_um: float | None = None
        self._shows_box = True
        self.layout: Layout | None = None
        self.draft: TransformDraft | None = None

    # -- what is shown

    @property
    def is_open(self) -> bool:
        """Whether its layers are in the viewer."""
        return bool(self._images)

    @property
    def images(self) -> tuple[Image, ...]:
        """The layers of the channels."""
        return tuple(self._images)

    @property
    def panes(self) -> tuple[Pane, ...]:
        """The planes as they lie now; none before the first sheet."""
        return () if self.layout is None else self.layout.panes

    @property
    def cross(self) -> NDArray[np.float64]:
        """Frame coordinates (3,) of the cross-hair."""
        return self._cross.copy()

    def pane_at(self, world: Sequence[float]) -> Pane | None:
        """Return the plane at a place of the canvas; its last two axes count."""
        return None if self.layout is None else self.layout.pane_at(world[-2:])

    def open(self, channels: Sequence[dict[str, Any]]) -> None:
        """Hide everything else; what is shown comes with `show`.

        Parameters
        ----------
        channels
            Per channel the keyword arguments of its image layer: name, colormap,
            contrast_limits, blending.
        """
        self.close()
        self._view.enter()
        pixel = np.zeros((1, 1), np.uint8)
        self._images = [Image(pixel, **_plane(), **channel) for channel in channels]
        for image in self._images:
            self._viewer.add_layer(image)
            image.bind_key(",", self._previous)
            image.bind_key(".", self._next)
        self._viewer.layers.selection = {self._images[0]}
        self._viewer.layers.events.removed.connect(self._on_removed)
        self._viewer.scene.camera.events.zoom.connect(self._thin_lines)
        self._mouse(on=True)

    def furnish(self) -> None:
        """Add cross-hair, grid, crop and names: a first picture does without."""
        if self._guides is not None or not self._images:
            return
        self._colours = np.zeros((0, 4))
        self._guides = Vectors(
            np.zeros((0, 2, 2)), ndim=2, name="guides", vector_style="line", **_plane()
        )
        self._names = Points(
            np.zeros((0, 2)), ndim=2, name="names of the planes", size=1, **_plane()
        )
        selection = set(self._viewer.layers.selection)
        for layer in (self._guides, self._names):
            self._viewer.add_layer(layer)
        self._viewer.layers.selection = selection
        self._write_names()
        self.draw_guides()

    def close(self) -> None:
        """Take the layers away and show again what was hidden."""
        if not self._images:
            return
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.scene.camera.events.zoom.disconnect(self._thin_lines)
        self._mouse(on=False)
        self.set_tool(None)
        ours = (*self._images, self._guides, self._names, *self._overlays)
        self._images, self._guides, self._names = [], None, None
        self._overlays, self.layout, self.draft = [], None, None
        for layer in ours:
            if layer is not None and layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self._view.leave()
        self.closed.emit()

    def show(
        self, sheet: NDArray[Any], layout: Layout, coarse: int, draft: TransformDraft
    ) -> None:
        """Show a painted sheet.

        Parameters
        ----------
        sheet
            (C, rows, columns).
        layout
            Of the sheet.
        coarse
            Pixels of the layout per pixel of the sheet.
        draft
            What it was painted from.
        """
        if not self._images:
            return
        moved = layout != self.layout
        renamed = self.draft is None or draft.orientation_out != _code(self.draft)
        self.layout, self.draft = layout, draft
        # The layer list would draw its rows anew for every picture.
        with self._viewer.layers.events.blocker():
            for image, plane in zip(self._images, sheet, strict=True):
                _put(image, plane, layout, coarse)
        if moved:
            self._view.fit()
        if moved or renamed:
            self._write_names()
        self.draw_guides()
        if moved:
            self.laid_out.emit()

    # -- cross-hair and guides

    def place_cross(self, place: ArrayLike) -> None:
        """Put the cross-hair somewhere without telling."""
        self._cross = np.asarray(place, dtype=np.float64).copy()
        self.draw_guides()

    def move_cross(self, place: ArrayLike) -> None:
        """Put the cross-hair somewhere inside the frame, and tell."""
        if self.draft is None:
            return
        last = np.array(self.draft.frame.spatial_shape_out) - 1
        inside = np.clip(np.asarray(place, dtype=np.float64), 0, last)
        if not np.array_equal(inside, self._cross):
            self._cross = inside
            self.cross_moved.emit(inside.copy())
            self.draw_guides()

    def step_cross(self, axis: int, steps: int) -> None:
        """Go on by whole voxels across a plane."""
        place = self.cross
        place[axis] = round(place[axis]) + steps
        self.move_cross(place)

    def set_grid(self, um: float | None) -> None:
        """Draw a grid with lines that far apart; None for no grid."""
        self._grid_um = um
        self.draw_guides()

    def set_box_shown(self, shown: bool) -> None:
        """Say whether the outline of the crop is drawn."""
        self._shows_box = shown
        self.draw_guides()

    def draw_guides(self) -> None:
        """Draw cross-hair, crop and grid."""
        if self._guides is None or self.layout is None or self.draft is None:
            return
        box = self.draft.box if self._shows_box else None
        lines, colours = guide_lines(self.layout, self._cross, box, self._grid_um)
        if not np.array_equal(lines, self._guides.data):
            self._guides.data = lines
        if not np.array_equal(colours, self._colours):
            self._guides.edge_color = self._colours = colours
        self._thin_lines()

    # -- overlays and tools of others

    def add_overlay(self, layer: Layer) -> None:
        """Show a two-dimensional layer in world µm, as long as the scene is open."""
        layer.metadata = {**layer.metadata, PREVIEW_KEY: True}
        self._overlays.append(layer)
        selection = set(self._viewer.layers.selection)
        pans = self._viewer.scene.camera.mouse_pan
        self._viewer.add_layer(layer)
        self._viewer.layers.selection = selection
        # A new active layer turns it on, maybe in the middle of a drag.
        self._viewer.scene.camera.mouse_pan = pans

    def remove_overlay(self, layer: Layer) -> None:
        """Take an overlay away."""
        if layer in self._overlays:
            self._overlays.remove(layer)
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    @property
    def tool(self) -> Tool | None:
        """What has the mouse; None for the cross-hair."""
        return self._tool

    def set_tool(self, tool: Tool | None) -> None:
        """Give the mouse to a tool."""
        if tool is not self._tool:
            self._tool = tool
            self.tool_changed.emit(tool)

    # -- mouse and keys

    def _mouse(self, *, on: bool) -> None:
        for callbacks, function in (
            (self._viewer.mouse_drag_callbacks, self._on_drag),
            (self._viewer.mouse_move_callbacks, self._on_hover),
            (self._viewer.mouse_wheel_callbacks, self._on_wheel),
        ):
            if on:
                callbacks.append(function)
            elif function in callbacks:
                callbacks.remove(function)

    def _on_hover(self, _: Any, event: Any) -> None:
        pane = self.pane_at(event.position)
        # Within the planes a drag means a place or a tool; beside them it pans.
        self._viewer.scene.camera.mouse_pan = pane is None
        if self._tool is not None:
            self._tool.hover(pane, self._place(pane, event), event)

    def _on_drag(self, _: Any, event: Any) -> Generator[None, None, None]:
        pane = self.pane_at(event.position)
        if pane is None or event.button != 1:
            return
        self._viewer.scene.camera.mouse_pan = False
        tool, place = self._tool, self._place(pane, event)
        if tool is not None and not tool.press(pane, place, event):
            tool = None
        if tool is None:
            self.move_cross(place)
        yield
        while event.type == "mouse_move":
            if tool is not self._tool and tool is not None:
                return  # it was put away: what is shown now is not its any more
            if tool is not None:
                tool.drag(pane, self._place(pane, event), event)
            else:
                self.move_cross(self._place(pane, event))
            yield
        if tool is not None and tool is self._tool:
            tool.release(pane, self._place(pane, event), event)

    def _on_wheel(self, _: Any, event: Any) -> None:
        pane = self.pane_at(event.position)
        if pane is None or "Control" not in event.modifiers or not event.delta[1]:
            return
        self.step_cross(pane.axis, -1 if event.delta[1] > 0 else 1)
        event.handled = True

    def _place(self, pane: Pane | None, event: Any) -> Any:
        if pane is None:
            return None
        return pane.to_frame(event.position[-2:], self._cross)

    def _previous(self, _: Any) -> None:
        self.step_cross(0, -1)

    def _next(self, _: Any) -> None:
        self.step_cross(0, 1)

    # -- parts

    def _write_names(self) -> None:
        if self._names is None or self.layout is None or self.draft is None:
            return
        places, texts = pane_names(self.layout, self.draft)
        self._names.data = places
        self._names.face_color = self._names.border_color = "transparent"
        self._names.text = {
            "string": texts,
            "color": "white",
            "size": 10,
            "anchor": "lower_left",
        }

    def _thin_lines(self, _: Any = None) -> None:
        zoom = self._viewer.scene.camera.zoom
        if self._guides is not None and zoom > 0:
            width = _LINE / zoom
            if abs(self._guides.edge_width - width) > 0.02 * width:
                self._guides.edge_width = width

    def _on_removed(self, event: Any) -> None:
        if event.value in self._images:
            self.close()
        elif event.value in self._overlays:
            self._overlays.remove(event.value)


def _plane() -> dict[str, Any]:
    return {
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
        "metadata": {PREVIEW_KEY: True},
    }


def _code(draft: TransformDraft) -> str | None:
    return draft.orientation_out


def _put(image: Image, plane: NDArray[Any], layout: Layout, coarse: int) -> None:
    height, width = layout.shape
    if coarse > 1 and height * width <= _ALWAYS_WHOLE:
        plane = plane.repeat(coarse, 0).repeat(coarse, 1)[:height, :width]
        coarse = 1
    scale = (layout.pitch * coarse,) * 2
    data = image.data
    same = data.shape == plane.shape and data.dtype == plane.dtype
    if same and np.allclose(image.scale, scale, rtol=1e-9):
        # In place: replacing the data would measure and reset what cannot change.
        data[...] = plane
        draw_only(image)
        return
    image.data = np.ascontiguousarray(plane)
    image.scale = scale
    image.translate = ((coarse - 1) / 2 * layout.pitch,) * 2
