"""Whether a dock is seen, and bringing it to the front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDockWidget

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


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


def _dock_of(widget: QWidget) -> QDockWidget | None:
    """Return what napari shows a widget in."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
