"""A small sign of the connection that needs no colour to be understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from labdata_napari.widgets.connection import Connection, Phase

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

_SIZE = 18


class LabIcon(QWidget):
    """A database drum: filled when connected, hollow when not, dashed on the way.

    A crossed-out drum failed, a dashed one that is crossed out was lost and is tried
    again; a padlock on it means read-only.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connection = Connection()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_connection(self, connection: Connection) -> None:
        """Draw another state."""
        self._connection = connection
        self.setAccessibleName(connection.line)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the fixed size."""
        return QSize(_SIZE, _SIZE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw in the text colour of the theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(self.foregroundRole())
        pen = QPen(ink, 1.4)
        phase = self._connection.phase
        if phase in (Phase.CONNECTING, Phase.LOST):
            pen.setStyle(Qt.PenStyle.DotLine)
        painter.setPen(pen)
        if phase is Phase.OPEN:
            painter.setBrush(ink)
        body, lid = _drum()
        painter.drawPath(body)
        if phase is Phase.OPEN:
            painter.setPen(QPen(self.palette().color(self.backgroundRole()), 1.2))
        painter.drawPath(lid)
        if phase in (Phase.FAILED, Phase.LOST):
            painter.setPen(QPen(ink, 1.8))
            painter.drawLine(QPointF(2, 16), QPointF(16, 2))
        if self._connection.read_only:
            self._draw_padlock(painter)

    def _draw_padlock(self, painter: QPainter) -> None:
        ink = self.palette().color(self.foregroundRole())
        paper = self.palette().color(self.backgroundRole())
        painter.setPen(QPen(paper, 1.0))
        painter.setBrush(ink)
        painter.drawRect(QRectF(9, 10.5, 8, 6.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink, 1.4))
        painter.drawArc(QRectF(10.7, 7, 4.6, 6), 0, 180 * 16)


def _drum() -> tuple[QPainterPath, QPainterPath]:
    body = QPainterPath()
    body.moveTo(3, 4.5)
    body.arcTo(QRectF(3, 2, 12, 5), 180, -180)
    body.lineTo(15, 13.5)
    body.arcTo(QRectF(3, 11, 12, 5), 0, -180)
    body.closeSubpath()
    lid = QPainterPath()
    lid.moveTo(3, 4.5)
    lid.arcTo(QRectF(3, 2, 12, 5), 180, 180)
    return body, lid
