"""Planes of an atlas in the colours of its regions, to find landmarks in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from qtpy.QtGui import QHelpEvent, QMouseEvent, QPaintEvent, QWheelEvent

    from labdata_napari.core.atlas import AtlasVolume

Place = tuple[float, float, float]
_NEAR_UM = 150.0
_MARK = 4.0


class AtlasPlane(QWidget):
    """Shows one plane of an atlas that is in memory; a click in it says a place.

    The wheel goes through the planes, the mouse over it says what region is there.
    """

    clicked = Signal(object)
    """A place: three µm along the atlas's axes."""
    moved = Signal()
    """Another plane is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("atlas_plane")
        self.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding
        )
        self._atlas: AtlasVolume | None = None
        self._axis = 0
        self._index = [0, 0, 0]
        self._image = QImage()
        self._marks: Mapping[str, Place] = {}
        self._chosen = ""

    def show_atlas(self, atlas: AtlasVolume | None) -> None:
        """Show the middle of an atlas; nothing of one that is not in memory."""
        is_in_memory = atlas is not None and isinstance(atlas.annotation, np.ndarray)
        self._atlas = atlas if is_in_memory else None
        if self._atlas is not None:
            self._index = [n // 2 for n in self._atlas.shape]
        self._draw()

    def show_axis(self, axis: int) -> None:
        """Show planes across another axis of the atlas."""
        self._axis = axis
        self._draw()

    def show_marks(self, marks: Mapping[str, Place], chosen: str) -> None:
        """Mark places by their names, one of them as the one that a click moves."""
        self._marks, self._chosen = dict(marks), chosen
        self.update()

    def go_to(self, place: Place) -> None:
        """Show the plane of a place."""
        if self._atlas is not None:
            voxel = self._atlas.voxels(place)[0][0]
            self._index = [int(n) for n in voxel]
            self._draw()

    @property
    def words(self) -> str:
        """Where the plane is, in words."""
        if self._atlas is None:
            return ""
        um = (self._index[self._axis] + 0.5) * self._atlas.resolution_um[self._axis]
        return f"{um:,.0f} µm"

    def sizeHint(self) -> QSize:
        """Return a size in which regions can be told apart."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 46, unit * 32)

    def minimumSizeHint(self) -> QSize:
        """Return a half of that."""
        return self.sizeHint() / 2

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Go on or back by one plane, by ten with Shift."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if self._atlas is None or not turn:
            return
        last = self._atlas.shape[self._axis] - 1
        step = far if turn < 0 else -far
        self._index[self._axis] = min(max(self._index[self._axis] + step, 0), last)
        self._draw()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Say the place that was clicked."""
        place = self.place_at(event.pos().x(), event.pos().y())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.clicked.emit(place)

    def event(self, event: QEvent) -> bool:
        """Say what region is under the mouse."""
        if event.type() != QEvent.Type.ToolTip:
            return super().event(event)
        help_event: QHelpEvent = event
        place = self.place_at(help_event.pos().x(), help_event.pos().y())
        QToolTip.showText(help_event.globalPos(), self._region_words(place))
        return True

    def place_at(self, x: float, y: float) -> Place | None:
        """Return the place in the atlas that is drawn at a point of the widget."""
        frame = self._frame()
        if self._atlas is None or not frame.contains(QPointF(x, y)):
            return None
        rows, columns = self._others()
        extent, um = self._atlas.extent_um, self._atlas.resolution_um
        place = [0.0, 0.0, 0.0]
        place[self._axis] = (self._index[self._axis] + 0.5) * um[self._axis]
        place[rows] = (y - frame.top()) / frame.height() * extent[rows]
        place[columns] = (x - frame.left()) / frame.width() * extent[columns]
        return place[0], place[1], place[2]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the plane, and the marks that are near it."""
        painter = QPainter(self)
        if self._atlas is None:
            return
        frame = self._frame()
        painter.drawImage(frame, self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows, columns = self._others()
        extent, here = self._atlas.extent_um, self._index[self._axis] + 0.5
        for name, place in self._marks.items():
            far = abs(place[self._axis] - here * self._atlas.resolution_um[self._axis])
            if far > _NEAR_UM and name != self._chosen:
                continue
            x = frame.left() + place[columns] / extent[columns] * frame.width()
            y = frame.top() + place[rows] / extent[rows] * frame.height()
            is_chosen = name == self._chosen
            for colour, width in (("black", 4.0), ("white", 2.0)):
                pen = QPen(QColor(colour), width)
                if far > _NEAR_UM:
                    pen.setStyle(Qt.PenStyle.DotLine)
                painter.setPen(pen)
                size = _MARK * (1.6 if is_chosen else 1.0)
                painter.drawEllipse(QPointF(x, y), size, size)

    # -- how

    def _others(self) -> tuple[int, int]:
        """Return the axes of the rows and the columns of the picture."""
        code = "asr" if self._atlas is None else self._atlas.orientation
        a, b = (k for k in range(3) if k != self._axis)
        # the top of the brain is above, else its front
        return (b, a) if code[b] in "si" or code[a] in "lr" else (a, b)

    def _frame(self) -> QRectF:
        if self._atlas is None:
            return QRectF()
        rows, columns = self._others()
        high, wide = (self._atlas.extent_um[k] for k in (rows, columns))
        scale = min(self.width() / wide, self.height() / high)
        size = (wide * scale, high * scale)
        left, top = (self.width() - size[0]) / 2, (self.height() - size[1]) / 2
        return QRectF(left, top, *size)

    def _draw(self) -> None:
        if self._atlas is not None:
            plane = np.take(
                self._atlas.annotation, self._index[self._axis], axis=self._axis
            )
            rows, columns = self._others()
            picture = _coloured(plane if rows < columns else plane.T, self._atlas)
            high, wide = picture.shape[:2]
            self._image = QImage(
                picture.tobytes(), wide, high, wide * 3, QImage.Format.Format_RGB888
            ).copy()
        self.moved.emit()
        self.update()

    def _region_words(self, place: Place | None) -> str:
        if place is None or self._atlas is None:
            return ""
        region = self._atlas.regions_at(place)[0]
        return "" if region is None else f"{region.acronym}: {region.name}"


def _coloured(plane: NDArray[np.int64], atlas: AtlasVolume) -> NDArray[np.uint8]:
    """Paint a plane of region numbers, its borders darker: (rows, columns, 3)."""
    ids, index = np.unique(plane, return_inverse=True)
    index = index.reshape(plane.shape)
    colours = np.array(
        [atlas.regions.color_of(int(i)) if i else (0, 0, 0) for i in ids], np.uint8
    )
    picture = colours[index]
    border = np.zeros(plane.shape, bool)
    border[1:] |= index[1:] != index[:-1]
    border[:, 1:] |= index[:, 1:] != index[:, :-1]
    picture[border] //= 2
    return np.ascontiguousarray(picture)
