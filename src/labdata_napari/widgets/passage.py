"""Text of any length that leaves the rest of a dock its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent, QShowEvent

_MOST_LINES, _FEWEST_LINES = 16, 3


class Passage(QScrollArea):
    """As high as what it holds, up to some lines; what is longer is scrolled.

    In a dock that is too low for all it holds, this gives way: nothing above it is
    pressed together, so no button moves away from under the mouse.

    Parameters
    ----------
    content
        A widget whose height follows from its width, such as a label that wraps.
    """

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted = 0
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # else whatever holds it would take a share of the room that is left
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(content)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap to the new width."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Take in what changed while nothing was to be seen."""
        super().showEvent(event)
        self._fit()

    def viewportEvent(self, event: QEvent) -> bool:
        """Take in what the content changed to."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().viewportEvent(event)

    def sizeHint(self) -> QSize:
        """Return the height of the content, or of the most lines there may be."""
        return QSize(super().sizeHint().width(), self._wanted)

    def minimumSizeHint(self) -> QSize:
        """Let the content wrap or scroll instead of making the dock wider or higher."""
        return QSize(0, min(self._wanted, self._lines(_FEWEST_LINES)))

    def _lines(self, count: int) -> int:
        return count * self.fontMetrics().lineSpacing()

    def _fit(self) -> None:
        needed = max(self.widget().heightForWidth(self.width()), 0)
        wanted = min(needed, self._lines(_MOST_LINES))
        scrolls = needed > wanted or (wanted == self._wanted and needed > self.height())
        # said outright: a bar that comes and goes changes how the text wraps
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAlwaysOn
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        # the keyboard stops here only where there is something to scroll
        self.setFocusPolicy(
            Qt.FocusPolicy.StrongFocus if scrolls else Qt.FocusPolicy.NoFocus
        )
        # Qt would make it as high as its labels are where they wrap at each word
        width = self.viewport().width()
        self.widget().resize(width, self.widget().heightForWidth(width))
        if wanted != self._wanted:
            self._wanted = wanted
            self.updateGeometry()
