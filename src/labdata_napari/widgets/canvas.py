"""The widget in which napari draws, found without asking napari for its own parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMainWindow

try:
    from qtpy.QtOpenGLWidgets import QOpenGLWidget
except ImportError:  # Qt 5 has it elsewhere
    from qtpy.QtWidgets import QOpenGLWidget

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


def canvas_of(window: QWidget | None) -> QWidget | None:
    """Return the picture in the middle of napari's window; None when there is none."""
    if not isinstance(window, QMainWindow) or window.centralWidget() is None:
        return None
    found: QWidget | None = window.centralWidget().findChild(QOpenGLWidget)
    return found
