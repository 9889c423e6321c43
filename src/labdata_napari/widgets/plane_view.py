"""A plane of a brain with what is annotated near it, painted in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QWidget

from labdata_napari.layers import editing
from labdata_napari.layers.looking import points_of
from labdata_napari.layers.points import listing
from labdata_napari.layers.track_picture import picture_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent, QWheelEvent

    from labdata_napari.core.track_plane import TrackPlane
    from labdata_napari.errors import LabdataError
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.layers.track_picture import Channel
    from labdata_napari.widgets.workspace import Workspace

_NEAR_UM = 100.0


@dataclass(frozen=True, eq=False)
class Cut:
    """What is to be seen: a plane of a layer's brain, so thick, in these colours."""

    annotator: Annotator
    plane: TrackPlane
    thickness_um: float
    channels: tuple[Channel, ...]

    def is_like(self, other: Cut) -> bool:
        """Whether both are one picture."""
        return (
            self.annotator is other.annotator
            and self.thickness_um == other.thickness_um
            and _same(self.plane, other.plane)
            and len(self.channels) == len(other.channels)
            and all(map(_same_channel, self.channels, other.channels))
        )


@dataclass(frozen=True, eq=False)
class _Picture:
    cut: Cut
    pixels: NDArray[np.uint8]

    @property
    def plane(self) -> TrackPlane:
        return self.cut.plane


class PlaneView(QWidget):
    """Shows a plane, and the points and the line of the chosen annotation near it.

    Parameters
    ----------
    workspace
        Computes the pictures in the background.
    hint
        What is written where there is no plane.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    clicked = Signal(object)
    """The place (3,) in pixels of the stack where it was clicked."""
    wheeled = Signal(int)
    """The wheel was turned: 1 or -1."""

    def __init__(
        self, workspace: Workspace, hint: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._hint = hint
        self._wanted: Cut | None = None
        self._mark: NDArray[np.float64] | None = None
        self._is_computing = False
        self._picture: _Picture | None = None

    def show_cut(
        self, cut: Cut | None, mark: NDArray[np.float64] | None = None
    ) -> None:
        """Show another plane.

        Parameters
        ----------
        cut
            None for the hint instead.
        mark
            (3,) pixels of the stack that cross-hairs are drawn through.
        """
        self._wanted, self._mark = cut, mark
        if cut is None:
            self._picture = None
        elif self._picture is None or not cut.is_like(self._picture.cut):
            self._compute(cut)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the plane, the line and the points near it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if self._picture is None:
            painter.setPen(QColor("white"))
            where = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), int(where), self._hint)
            return
        pixels = np.ascontiguousarray(self._picture.pixels)
        height, width = pixels.shape[:2]
        picture = QImage(
            pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888
        )
        painter.drawImage(self._frame(), picture)
        self._draw_mark(painter)
        self._draw_track(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell where the plane was clicked."""
        picture, frame = self._picture, self._frame()
        where = event.position() if hasattr(event, "position") else event.localPos()
        if picture is None or not frame.contains(where):
            return
        height, width = picture.plane.shape
        row = (where.y() - frame.top()) / frame.height() * height - 0.5
        column = (where.x() - frame.left()) / frame.width() * width - 0.5
        self.clicked.emit(picture.plane.to_stack([[row, column]])[0])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Tell that the wheel was turned."""
        self.wheeled.emit(1 if event.angleDelta().y() > 0 else -1)
        event.accept()

    # -- how

    def _compute(self, cut: Cut) -> None:
        if self._is_computing:
            return
        self._is_computing = True
        self._workspace.background(
            _picture_of, cut, done=self._on_cut, failed=self._on_failed
        )

    def _on_cut(self, picture: _Picture) -> None:
        self._is_computing = False
        wanted = self._wanted
        # one of a layer or a track that is gone takes no clicks
        if wanted is not None and picture.cut.annotator is wanted.annotator:
            self._picture = picture
        self.show_cut(wanted, self._mark)

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

    def _draw_mark(self, painter: QPainter) -> None:
        picture, frame = self._picture, self._frame()
        if picture is None or self._mark is None:
            return
        (place,), _ = self._on_screen(picture.plane, self._mark)
        painter.setPen(QPen(QColor(255, 255, 255, 140), 1.0))
        left, right = (
            QPointF(frame.left(), place.y()),
            QPointF(frame.right(), place.y()),
        )
        top, bottom = (
            QPointF(place.x(), frame.top()),
            QPointF(place.x(), frame.bottom()),
        )
        painter.drawLine(left, right)
        painter.drawLine(top, bottom)

    def _draw_track(self, painter: QPainter) -> None:
        picture = self._picture
        if picture is None:
            return
        annotator = picture.cut.annotator
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


def _picture_of(cut: Cut) -> _Picture:
    return _Picture(cut, picture_of(cut.plane, cut.channels, cut.thickness_um))


def _same_channel(one: Channel, other: Channel) -> bool:
    return one.is_like(other)


def _same(one: TrackPlane, other: TrackPlane) -> bool:
    return one.shape == other.shape and all(
        np.allclose(a, b)
        for a, b in (
            (one.centre, other.centre),
            (one.down, other.down),
            (one.right, other.right),
        )
    )
