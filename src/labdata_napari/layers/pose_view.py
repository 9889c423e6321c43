"""The frame of a pose session that is looked at, as layers of a viewer.

One picture and one Points layer of some twenty points: whatever a set or a video
holds, only the frame that is looked at is ever in a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from napari.layers import Image, Points
from napari.utils.color import ColorValue
from psygnal import Signal

from labdata_napari.core.pose_marks import Mark
from labdata_napari.layers.drawing import draw_only
from labdata_napari.layers.label_files import FEATURE
from labdata_napari.layers.pose_colours import bodypart_colours
from labdata_napari.layers.pose_lines import SkeletonLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_session import PoseSession

_SPACE: dict[str, Any] = {
    "scale": (1, 1),
    "units": ("pixel", "pixel"),
    "axis_labels": ("y", "x"),
}
_SHARE = 1 / 70  # of the picture's longer side that a point takes
_ON_SCREEN = (7, 40)  # pixels that a point takes at least and at most
_INNER = 0.6  # of what is seen, in which the animal may move
_REACH = 5.0  # pixels of the screen within which a small point is hit
_CHOSEN = 1.5  # times the usual size
_FAINT, _HOLLOW = 0.35, 0.1  # opacities: of what is not likely, within a ring
_LINE = 0.2  # of a point's size
_EDGE, _RING = 0.1, 0.3  # widths of borders, in sizes of their points
_DARK, _WHITE, _RED = ("#000000b0", "#ffffff", "#ff2020")


class PoseView:
    """Shows a session in a viewer and tells what napari's own tools do to its points.

    Parameters
    ----------
    viewer
        Gets the layers.
    session
        What is shown.
    name
        What the layers are called.
    """

    gone = Signal()
    """Somebody took the picture or the points out of the viewer."""

    def __init__(self, viewer: ViewerModel, session: PoseSession, name: str) -> None:
        self._viewer = viewer
        self.session = session
        self.frame: FrameKey | None = None
        """The frame whose picture is shown; the session may be ahead of it."""
        self._marks: tuple[Mark, ...] = ()
        self._updating = False
        self._told = ""  # colour of the name that is written
        self.picture = Image(
            np.zeros((480, 640, 3), np.uint8), rgb=True, name=f"{name} frame", **_SPACE
        )
        self._skeleton = SkeletonLines(f"{name} skeleton", _SPACE)
        self.lines = self._skeleton.layer
        self.ghosts = Points(ndim=2, name=f"{name} frame before", **_SPACE)
        self.points = Points(ndim=2, name=f"{name} labels", **_SPACE)
        self.points.border_width_is_relative = True
        for layer in (self.picture, self.points):  # the others when they show something
            viewer.add_layer(layer)
        viewer.layers.selection.active = self.points
        self.points.mode = "pan_zoom"
        self.points.events.data.connect(self._on_data)
        viewer.layers.events.removed.connect(self._on_removed)
        for signal in (session.edited, session.chosen, session.looks_changed):
            signal.connect(self.refresh)
        session.listed.connect(self._refresh_looks)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, the lowest first."""
        return self.picture, self.lines, self.ghosts, self.points

    @property
    def is_current(self) -> bool:
        """Whether the picture is that of the session's frame: else none may click."""
        return self.frame is not None and self.frame == self.session.frame

    @property
    def colours(self) -> dict[str, str]:
        """The colour of each body part, "#RRGGBB"."""
        skeleton = self.session.skeleton
        return bodypart_colours(skeleton.bodyparts, skeleton.colours)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is drawn, one for each body part that has a place here."""
        return self._marks

    def show(self, frame: FrameKey, picture: NDArray[np.uint8]) -> None:
        """Show a frame: its picture (Y, X) or (Y, X, 3) and what is in it."""
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        is_new = self.frame is None or picture.shape != self.picture.data.shape
        self.frame = frame
        if is_new:
            self.picture.data = np.array(picture, order="C")
        else:
            self.picture.data[:] = picture
            draw_only(self.picture)
        self.refresh()
        if is_new:
            self._viewer.reset_view()
        else:
            self._follow()

    def refresh(self) -> None:
        """Draw what the session says of the frame whose picture is shown."""
        if self.frame is None:
            return
        self._marks = self.session.marks(self.frame)
        self._draw_points()
        self._draw_lines()
        self._draw_ghosts()
        self._refresh_looks()
        self._tell_chosen()

    def move(self, bodypart: str, y: float, x: float) -> None:
        """Draw a body part elsewhere while it is dragged; nothing is edited yet."""
        self.points.data[self.session.bodyparts.index(bodypart)] = y, x
        draw_only(self.points)

    def under(self, position: Sequence[float]) -> str | None:
        """Return the body part that is drawn at a place (y, x) in the world."""
        if not self._marks:
            return None
        places = np.array([[mark.y, mark.x] for mark in self._marks])
        away = np.linalg.norm(places - np.asarray(position)[-2:], axis=1)
        reach = max(self._size / 2, _REACH / self._viewer.scene.camera.zoom)
        hit = [self._marks[n].bodypart for n in np.argsort(away) if away[n] <= reach]
        chosen = self.session.bodypart
        return chosen if chosen in hit else next(iter(hit), None)

    def held(self, y: float, x: float) -> tuple[float, float]:
        """Return the nearest place (y, x) that is in the picture."""
        height, width = self.picture.data.shape[:2]
        return min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)

    def holds(self, y: float, x: float) -> bool:
        """Whether a place lies on a pixel of the picture."""
        height, width = self.picture.data.shape[:2]
        return bool(-0.5 <= y < height - 0.5 and -0.5 <= x < width - 0.5)

    def end(self) -> None:
        """Take the layers away."""
        session = self.session
        for signal in (session.edited, session.chosen, session.looks_changed):
            signal.disconnect(self.refresh)
        session.listed.disconnect(self._refresh_looks)
        self.points.events.data.disconnect(self._on_data)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._viewer.canvas.overlays.text.visible = False
        for layer in self.layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    # -- how

    def _follow(self) -> None:
        """Where only a part of the picture is seen, let it be that with the animal."""
        camera, size = self._viewer.scene.camera, np.array(self._viewer.canvas.size)
        if not self._marks or not size.all() or self._viewer.dims.ndisplay != 2:
            return
        seen = size / camera.zoom
        picture = np.array(self.picture.data.shape[:2])
        # one that is far off must not lead away from the others
        middle = np.median([(mark.y, mark.x) for mark in self._marks], axis=0)
        centre = np.array(camera.center, np.float64)
        away = np.abs(middle - centre[-2:]) > seen * _INNER / 2
        off = away & (seen < picture)
        if off.any():
            centre[-2:] = np.where(off, middle, centre[-2:])
            camera.center = tuple(centre)

    @property
    def _size(self) -> float:
        return float(max(self.picture.data.shape[:2])) * _SHARE

    def _draw_points(self) -> None:
        """Give each body part a point of its own, also where it has no place.

        napari ignores `shown` in layers without a slider, so those are transparent.
        """
        names = self.session.bodyparts
        middle = np.array(self.picture.data.shape[:2]) / 2
        data = np.tile(middle, (len(names), 1))
        number = {name: n for n, name in enumerate(names)}
        for mark in self._marks:
            data[number[mark.bodypart]] = mark.y, mark.x
        points = self.points
        if len(points.data) != len(names):
            self._begin(data)
        else:
            points.data[:] = data

    def _begin(self, data: NDArray[np.float64]) -> None:
        """Make the points anew: there are other body parts, or napari added one."""
        with self._quiet():
            self.points.selected_data = set()
            self.points.data = data
            self.points.features = pd.DataFrame(
                {FEATURE: list(self.session.bodyparts)}, dtype=object
            )
            self.points.canvas_size_limits = _ON_SCREEN if len(data) else (0, 40)
            # one array each, which is then written to
            self.points.size = np.full(len(data), self._size)
            self.points.border_width = np.full(len(data), _EDGE)
            self.points.face_color = np.ones((len(data), 4))
            self.points.border_color = np.ones((len(data), 4))

    def _refresh_looks(self) -> None:
        """Colour, symbol and size: whether it is a label, how sure the model is."""
        names, points, session = self.session.bodyparts, self.points, self.session
        if len(points.data) != len(names):
            return
        colours, lowest = self.colours, session.looks.lowest
        marks = {mark.bodypart: mark for mark in self._marks}
        faces = np.array([ColorValue(colours[name]) for name in names]).reshape(-1, 4)
        borders = np.tile(np.array(ColorValue(_DARK)), (len(names), 1))
        symbols = ["disc"] * len(names)
        sizes = np.full(len(names), self._size)
        widths = np.full(len(names), _EDGE)
        for number, name in enumerate(names):
            mark = marks.get(name)
            if mark is None:
                faces[number, 3] = borders[number, 3] = 0
                continue
            if name == session.bodypart:
                sizes[number] *= _CHOSEN
                borders[number] = ColorValue(_WHITE)
            if mark.is_occluded:
                symbols[number] = "cross"
            elif not mark.is_label:
                sure = mark.likelihood >= lowest
                borders[number] = faces[number]
                borders[number, 3] = max(mark.likelihood, 0.6) if sure else _FAINT
                faces[number, 3], widths[number] = _HOLLOW, _RING
            if self.frame and session.queue.of_place((self.frame, name)):
                borders[number] = ColorValue(_RED)
        self._set_looks(faces, borders, symbols, sizes, widths)

    def _set_looks(
        self,
        faces: NDArray[Any],
        borders: NDArray[Any],
        symbols: list[str],
        sizes: NDArray[Any],
        widths: NDArray[Any],
    ) -> None:
        """Set all in place and draw once: napari draws again for each it is given."""
        points = self.points
        if [str(symbol.value) for symbol in points.symbol] != symbols:
            points.symbol = symbols
        points.size[:] = sizes
        points.border_width[:] = widths
        points.face_color[:] = faces
        points.border_color[:] = borders
        draw_only(points)

    def _draw_lines(self) -> None:
        session, marks = self.session, {mark.bodypart: mark for mark in self._marks}
        ends = [
            np.array([[marks[part].y, marks[part].x] for part in edge])
            for edge in session.skeleton.edges
            if session.looks.has_lines and all(part in marks for part in edge)
        ]
        self._skeleton.draw(ends, self._size * _LINE)
        self._reveal(self.lines, bool(ends))

    def _draw_ghosts(self) -> None:
        session, marks = self.session, tuple[Mark, ...]()
        number = None if self.frame is None else session.number_of(self.frame)
        if session.looks.has_ghosts and number:
            marks = session.marks(session.frames[number - 1])
        data = np.array([[m.y, m.x] for m in marks], np.float64).reshape(-1, 2)
        if np.array_equal(self.ghosts.data, data):
            self._reveal(self.ghosts, bool(len(data)))
            return
        self.ghosts.data = data
        self._reveal(self.ghosts, bool(len(data)))
        if len(data):
            colours = self.colours
            self.ghosts.symbol = "ring"
            self.ghosts.size = self._size
            self.ghosts.face_color = [colours[m.bodypart] for m in marks]
            self.ghosts.border_color = "#ffffff00"
            self.ghosts.opacity = 0.5

    def _reveal(self, layer: Layer, on: bool) -> None:
        """Show a layer only while it holds something: to draw nothing takes time, too.

        It joins the viewer, below the points, when it does so first.
        """
        layers = self._viewer.layers
        if on and layer not in layers and self.points in layers:
            chosen = layers.selection.active
            layers.insert(layers.index(self.points), layer)
            layers.selection.active = chosen
        if layer.visible != on:
            layer.visible = on

    def _tell_chosen(self) -> None:
        """Write the name of the chosen body part into the picture's corner."""
        overlay, name = self._viewer.canvas.overlays.text, self.session.bodypart
        if not name:
            return
        overlay.visible = True
        overlay.position = "top_left"
        overlay.font_size = 14
        colour = self.colours[name]
        if (overlay.text, self._told) != (name, colour):
            overlay.text = name
            overlay.color = self._told = colour

    def _quiet(self) -> _Quiet:
        return _Quiet(self)

    def _on_data(self, event: Any) -> None:
        """Take what napari's own tools did to the points."""
        action = str(getattr(event.action, "value", event.action))
        if self._updating or action not in ("changed", "added", "removed"):
            return
        session, data = self.session, np.asarray(self.points.data)
        names = session.bodyparts
        if not self.is_current:
            self._draw_points()
        elif action == "changed" and len(data) == len(names):
            before = {mark.bodypart: (mark.y, mark.x) for mark in self._marks}
            for name, (y, x) in zip(names, data.tolist(), strict=True):
                if name in before and before[name] != (y, x):
                    y, x = self.held(y, x)
                    session.put(name, x, y)
        elif action == "added" and len(data):
            y, x = data[-1].tolist()
            if self.holds(y, x):
                session.click(x, y)
        elif action == "removed":
            session.delete([names[n] for n in event.data_indices if n < len(names)])
        self.refresh()

    def _on_removed(self, event: Any) -> None:
        if event.value in (self.picture, self.points):
            self.gone.emit()


class _Quiet:
    """What is done to the points meanwhile is our own doing."""

    def __init__(self, view: PoseView) -> None:
        self._view = view

    def __enter__(self) -> None:
        self._view._updating = True

    def __exit__(self, *_: object) -> None:
        self._view._updating = False
