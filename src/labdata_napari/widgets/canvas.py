"""The widget in which napari draws, found without asking napari for its own parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMainWindow

from labdata_napari.widgets.listening import Listening

try:
    from qtpy.QtOpenGLWidgets import QOpenGLWidget
except ImportError:  # Qt 5 has it elsewhere
    from qtpy.QtWidgets import QOpenGLWidget

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget


def canvas_of(window: QObject | None) -> QOpenGLWidget | None:
    """Return the picture in the middle of napari's window; None when there is none."""
    if not isinstance(window, QMainWindow) or window.centralWidget() is None:
        return None
    found: QOpenGLWidget | None = window.centralWidget().findChild(QOpenGLWidget)
    return found


class SafeRemoval(QObject):
    """Makes OpenGL delete what layers leave behind where it was made.

    napari 0.9 deletes textures and programs at once when a layer is removed, in
    whatever context OpenGL has just then. On Qt 5 that is often the window's, which
    shares them; Mesa's software OpenGL then loses a shader of the canvas, and the
    next drawing ends the program.

    Parameters
    ----------
    viewer
        Whose layers go.
    window
        Of the viewer; owns this.
    """

    def __init__(self, viewer: ViewerModel, window: QWidget) -> None:
        super().__init__(window)
        self._listening = Listening(self)
        self._listening.to(viewer.layers.events.removing, self._on_removing)

    def _on_removing(self, _: Any) -> None:
        canvas = canvas_of(self.parent())
        if canvas is not None:
            canvas.makeCurrent()
