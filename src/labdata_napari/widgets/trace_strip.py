"""x, y and likelihood of body parts around the frame that is looked at, as a strip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QLineF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from labdata_napari.widgets.trace_lanes import Lane, Span, StripTrace, paint_lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QHelpEvent, QMouseEvent, QPaintEvent, QWheelEvent

_LEAST_SPAN = 20
_USUAL_SPAN = 600
_ZOOM = 1.25  # per notch of a wheel
_MARGIN = 0.1  # of the span: nearer to its end the strip moves on


class TraceStrip(QWidget):
    """Shows traces; a click goes to a frame, the wheel shows more or less of them."""

    frame_chosen = Signal(int)
    """The frame that was clicked, or dragged to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pose_traces")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(False)
        self._traces: tuple[StripTrace, ...] = ()
        self._length = 0
        self._frame = 0
        self._start = 0
        self._span = _USUAL_SPAN
        self._lowest: float | None = None
        self._is_dragging = False
        self._lanes: tuple[object, QPixmap] | None = None  # as drawn last, of what

    def show_traces(self, traces: Sequence[StripTrace], length: int) -> None:
        """Show body parts of a video of `length` frames."""
        self._traces, self._lanes = tuple(traces), None
        if length != self._length:
            self._length = length
            self._span = min(max(self._span, _LEAST_SPAN), max(length, 1))
            self._come_to_frame()
        self.update()

    def show_frame(self, number: int) -> None:
        """Mark the frame that is looked at, and have it in sight."""
        if number != self._frame:
            self._frame = number
            self._come_to_frame()
            self.update()

    def show_threshold(self, lowest: float | None) -> None:
        """Draw the likelihood below which a model is not believed; None for none."""
        self._lowest = lowest
        self.update()

    @property
    def shown(self) -> tuple[int, int]:
        """The first frame in sight, and the one after the last."""
        return self._start, self._start + self._span

    def sizeHint(self) -> QSize:
        """Return a height in which three lanes can be read."""
        return QSize(self.fontMetrics().averageCharWidth() * 40, self._height())

    def minimumSizeHint(self) -> QSize:
        """Return as high, and narrow."""
        return QSize(self.fontMetrics().averageCharWidth() * 16, self._height())

    # -- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton and self._length:
            self._is_dragging = True
            self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along with it."""
        if self._is_dragging:
            self._choose(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Stay, and have what is around the frame in sight."""
        if self._is_dragging and event.button() == Qt.MouseButton.LeftButton:
            self._is_dragging = False
            self._come_to_frame()
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Show fewer frames, or more; what is under the mouse stays there."""
        notches = event.angleDelta().y() / 120
        if not notches or not self._length:
            return
        place = event.position().x() if hasattr(event, "position") else event.x()
        under = self._frame_at(place)
        share = (under - self._start) / self._span
        wanted = round(self._span / _ZOOM**notches)
        if wanted == self._span:  # a short span changes by a frame at least
            wanted -= int(np.sign(notches))
        self._span = min(max(wanted, _LEAST_SPAN), max(self._length, 1))
        self._move_to(round(under - share * self._span))
        self.update()
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Say what is under the mouse."""
        if event.type() != QEvent.Type.ToolTip:
            return bool(super().event(event))
        help_event: QHelpEvent = event
        QToolTip.showText(help_event.globalPos(), self.words_at(help_event.pos().x()))
        return True

    def words_at(self, place: float) -> str:
        """Say what is drawn at a place from the left: the frame, and the numbers."""
        if not self._length:
            return ""
        frame = self._frame_at(place)
        lines = [f"frame {frame:,}"]
        for trace in self._traces:
            seen = trace.seen
            if seen is not None and frame < len(seen.x):
                x, y, p = (e.values[frame] for e in (seen.x, seen.y, seen.likelihood))
                lines.append(f"{trace.name}: ({x:.1f}, {y:.1f}), likelihood {p:.2f}")
        return "\n".join([*lines, "Click to go there; the wheel shows more or less"])

    # -- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lanes, and the frame that is looked at."""
        painter = QPainter(self)
        if not self._traces or not self._length:
            return
        span = Span(*self.shown, self.width())
        painter.drawPixmap(0, 0, self._painted_lanes(span))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().windowText().color(), 1))
        middle = float(span.places(np.array([self._frame + 0.5]))[0])
        painter.drawLine(QLineF(middle, 0, middle, self.height()))

    def _painted_lanes(self, span: Span) -> QPixmap:
        """Draw the lanes where they are others than before, not with every frame."""
        palette = self.palette()
        ink, paper = palette.windowText().color(), palette.window().color()
        ratio = self.devicePixelRatioF()
        wanted = (self.shown, self.size(), ratio, ink.rgb(), paper.rgb(), self._lowest)
        if self._lanes is None or self._lanes[0] != wanted:
            pixels = QPixmap(self.size() * ratio)
            pixels.setDevicePixelRatio(ratio)
            pixels.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixels)
            painter.setFont(self.font())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for name, box in self._boxes():
                lane = Lane(name, box, span, ink, paper, self._lowest)
                paint_lane(painter, lane, self._traces)
            painter.end()
            self._lanes = wanted, pixels
        return self._lanes[1]

    def _boxes(self) -> list[tuple[str, QRectF]]:
        line, width = float(self.fontMetrics().height()), float(self.width())
        share = 2.5 * line
        boxes = [
            (n, QRectF(0, k * share, width, share - 3)) for k, n in enumerate("xy")
        ]
        if any(trace.seen is not None for trace in self._traces):
            boxes.append(("p", QRectF(0, 2 * share, width, 1.5 * line - 3)))
        return boxes

    # -- frames and pixels

    def _height(self) -> int:
        return round(6.5 * self.fontMetrics().height())

    def _frame_at(self, place: float) -> int:
        frame = int(self._start + place / max(self.width(), 1) * self._span)
        return min(max(frame, 0), max(self._length - 1, 0))

    def _choose(self, event: QMouseEvent) -> None:
        place = event.position().x() if hasattr(event, "position") else event.x()
        frame = self._frame_at(place)
        if frame != self._frame:
            self._frame = frame
            self.update()
            self.frame_chosen.emit(frame)

    def _come_to_frame(self) -> None:
        """Move on when the frame comes near the end of what is in sight."""
        if self._is_dragging:
            return
        room = self._span * _MARGIN
        if not room <= self._frame - self._start <= self._span - room:
            self._move_to(self._frame - self._span // 2)

    def _move_to(self, start: int) -> None:
        self._start = min(max(start, 0), max(self._length - self._span, 0))
