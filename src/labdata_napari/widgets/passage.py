"""Text of any length that leaves the rest of a dock its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent, QShowEvent

_MOST_LINES = 16


class Passage(QScrollArea):
    """As high as what it holds, up to some lines; what is longer is scrolled.

    Parameters
    ----------
    content
        A widget whose height follows from its width, such as a label that wraps.
    """

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # else whatever holds it would take a share of the room that is left
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setWidgetResizable(True)
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

    def minimumSizeHint(self) -> QSize:
        """Let the content wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        needed = self.widget().heightForWidth(self.width())
        most = _MOST_LINES * self.fontMetrics().lineSpacing()
        scrolls = needed > most
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
        self.setFixedHeight(most if scrolls else max(needed, 0))
