"""Whether a dock is seen, and bringing it to the front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

_SHARE = 0.36  # of the window that a dock may take from the picture
_LEAST = 360


def is_closed(widget: QWidget) -> bool:
    """Whether the dock of a widget was closed; one behind another's tab was not."""
    dock = _dock_of(widget)
    return dock is not None and not dock.toggleViewAction().isChecked()


def come_forward(widget: QWidget) -> None:
    """Show the dock of a widget if it is closed or behind another."""
    dock = _dock_of(widget)
    if dock is not None and not widget.isVisible():
        dock.show()
        dock.raise_()


def leave_room(dock: QDockWidget, window: QWidget | None) -> None:
    """Make docks narrower that are as wide as the browser's list needs."""
    most = 0 if window is None else max(_LEAST, round(_SHARE * window.width()))
    if isinstance(window, QMainWindow) and dock.width() > most:
        window.resizeDocks([dock], [most], Qt.Orientation.Horizontal)


def _dock_of(widget: QWidget) -> QDockWidget | None:
    """Return what napari shows a widget in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
