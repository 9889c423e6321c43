"""The plane that contains a track, from the surface down to its tip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QWidget

from labdata_napari.core.track_plane import track_plane
from labdata_napari.layers import editing
from labdata_napari.layers.looking import points_of
from labdata_napari.layers.points import listing
from labdata_napari.layers.slab import slab_um
from labdata_napari.layers.source import source_of
from labdata_napari.layers.track_picture import channels_of, picture_of
from labdata_napari.widgets.rows import TRANSFORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent, QWheelEvent

    from labdata_napari.core.track_plane import TrackPlane
    from labdata_napari.errors import LabdataError
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.layers.track_picture import Channel
    from labdata_napari.widgets.workspace import Workspace

_NEAR_UM = 100.0
_SPIN_DEG = 5.0
_HINT = "A straight track of two points or more is cut along here."


@dataclass(frozen=True, eq=False)
class _Cut:
    """What is to be seen: a plane of a layer's brain, so thick."""

    annotator: Annotator
    plane: TrackPlane
    thickness_um: float

    def is_like(self, other: _Cut) -> bool:
        return (
            self.annotator is other.annotator
            and self.thickness_um == other.thickness_um
            and _same(self.plane, other.plane)
        )


@dataclass(frozen=True, eq=False)
class _Picture:
    cut: _Cut
    pixels: NDArray[np.uint8]

    @property
    def plane(self) -> TrackPlane:
        return self.cut.plane


class TrackView(QWidget):
    """Shows the plane along the chosen track; the wheel turns it about the track.

    A click in it adds a point where it was clicked, in the plane.

    Parameters
    ----------
    workspace
        Computes the pictures in the background.
    """

    told = Signal(str)
    """A line for the status of the dock."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotation_track_view")
        self.setToolTip(
            "The plane along the track, entry at the top; the wheel turns it about "
            "the track, a click adds a point"
        )
        self._workspace = workspace
        self._annotator: Annotator | None = None
        self._spin = 0.0
        self._wanted: _Cut | None = None
        self._is_computing = False
        self._picture: _Picture | None = None
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Show the track of another layer."""
        self._annotator = annotator
        self.refresh()

    def refresh(self) -> None:
        """Cut the plane again: the track, or what is known of it, is another."""
        if self.isHidden():
            return
        self._wanted = self._cut()
        if self._wanted is None:
            self._picture = None
        elif self._picture is None or not self._wanted.is_like(self._picture.cut):
            self._compute(self._wanted)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a size in which a track can be seen."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 40, unit * 36)

    def minimumSizeHint(self) -> QSize:
        """Return half of it."""
        return self.sizeHint() / 2

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the plane, the line and the points near it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._picture is None:
            painter.setPen(QColor("white"))
            where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), int(where), _HINT)
            return
        pixels = np.ascontiguousarray(self._picture.pixels)
        height, width = pixels.shape[:2]
        picture = QImage(
            pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888
        )
        painter.drawImage(self._frame(), picture)
        self._draw_track(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Add a point where the plane was clicked."""
        annotator, picture = self._annotator, self._picture
        if annotator is None or picture is None:
            return
        frame = self._frame()
        where = event.position() if hasattr(event, "position") else event.localPos()
        if not frame.contains(where):
            return
        height, width = picture.plane.shape
        row = (where.y() - frame.top()) / frame.height() * height - 0.5
        column = (where.x() - frame.left()) / frame.width() * width - 0.5
        annotator.add_at(picture.plane.to_stack([[row, column]])[0])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Turn the plane about the track."""
        self._spin += _SPIN_DEG if event.angleDelta().y() > 0 else -_SPIN_DEG
        event.accept()
        self.refresh()

    # -- how

    def _cut(self) -> _Cut | None:
        annotator, viewer = self._annotator, self._workspace.viewer
        if annotator is None or viewer is None or annotator.figures.setting is None:
            return None
        setting = annotator.figures.setting
        numbers = annotator.figures.of(editing.chosen_annotation(annotator.layer))
        if numbers is None or not numbers.track or setting.shape is None:
            return None
        plane = track_plane(
            numbers.track, setting.um_per_pixel, setting.shape, spin_deg=self._spin
        )
        return _Cut(annotator, plane, slab_um(viewer))

    def _compute(self, cut: _Cut) -> None:
        viewer, source = self._workspace.viewer, source_of(cut.annotator.layer)
        if self._is_computing or viewer is None or source is None:
            return
        self._is_computing = True
        self._workspace.background(
            _picture_of,
            cut,
            channels_of(viewer, TRANSFORM, source),
            done=self._on_cut,
            failed=self._on_failed,
        )

    def _on_cut(self, picture: _Picture) -> None:
        self._is_computing = False
        # one of a layer or a track that is gone takes no clicks
        if self._wanted is not None and picture.cut.annotator is self._annotator:
            self._picture = picture
        self.refresh()

    def _on_failed(self, error: LabdataError) -> None:
        self._is_computing = False
        self.told.emit(str(error))

    def _frame(self) -> QRectF:
        """Return where the picture is drawn: whole, and undistorted."""
        if self._picture is None:
            return QRectF()
        height, width = self._picture.plane.shape
        zoom = min(self.width() / width, self.height() / height)
        size = width * zoom, height * zoom
        left, top = (self.width() - size[0]) / 2, (self.height() - size[1]) / 2
        return QRectF(left, top, *size)

    def _draw_track(self, painter: QPainter) -> None:
        annotator, picture = self._annotator, self._picture
        if annotator is None or picture is None:
            return
        layer = annotator.layer
        name = editing.chosen_annotation(layer)
        numbers = annotator.figures.of(name)
        colour = next((i.colour for i in listing(layer) if i.name == name), "#FFFFFF")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if numbers is not None and len(numbers.path) > 1:
            painter.setPen(QPen(QColor(colour), 1.0))
            painter.drawPolyline(self._on_screen(picture.plane, numbers.path)[0])
        places, distances = self._on_screen(picture.plane, points_of(layer, name or ""))
        painter.setPen(QPen(QColor("black"), 1.0))
        for place, distance in zip(places, distances, strict=True):
            shade = QColor(colour)
            shade.setAlphaF(max(0.25, 1 - abs(float(distance)) / _NEAR_UM))
            painter.setBrush(shade)
            painter.drawEllipse(place, 4.0, 4.0)

    def _on_screen(
        self, plane: TrackPlane, points: NDArray[np.float64]
    ) -> tuple[list[QPointF], NDArray[np.float64]]:
        places, distances = plane.from_stack(points)
        frame = self._frame()
        step = np.array([frame.height(), frame.width()]) / plane.shape
        rows_columns = (places + 0.5) * step + (frame.top(), frame.left())
        return [QPointF(float(x), float(y)) for y, x in rows_columns], distances


def _picture_of(cut: _Cut, channels: Sequence[Channel]) -> _Picture:
    return _Picture(cut, picture_of(cut.plane, channels, cut.thickness_um))


def _same(one: TrackPlane, other: TrackPlane) -> bool:
    return one.shape == other.shape and all(
        np.allclose(a, b)
        for a, b in (
            (one.centre, other.centre),
            (one.down, other.down),
            (one.right, other.right),
        )
    )
