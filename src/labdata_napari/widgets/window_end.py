"""Notices that a window was closed, before anything else can happen to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget


class WindowEnd(QObject):
    """Calls a function when a window is closed, not when it is only hidden.

    A close event alone does not say: napari may ask and then stay. What follows an
    accepted one at once is that the window hides.

    Parameters
    ----------
    window
        To watch; owns this.
    ended
        Called while the window closes, perhaps more than once.
    """

    def __init__(self, window: QWidget, ended: Callable[[], None]) -> None:
        super().__init__(window)
        self._ended = ended
        self._asked = False
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at what happens to the window; stops nothing."""
        if event.type() == QEvent.Type.Close:
            self._asked = True
            QTimer.singleShot(0, self._forget)
        elif event.type() == QEvent.Type.Hide and self._asked:
            self._ended()
        return False

    def _forget(self) -> None:
        self._asked = False
