"""Bringing the Transform dock up, from wherever a brain is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMainWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtWidgets import QDockWidget, QWidget

    from labdata_napari.widgets.workspace import Workspace

TRANSFORM_DOCK = ("labdata-napari", "Transform")

_SHARE = 0.36  # of the window that the dock may take from the picture
_LEAST = 360


def show_transform_dock(
    workspace: Workspace, key: Mapping[str, Any], transform_id: int | None = None
) -> None:
    """Show a brain in the Transform dock of a workspace's viewer.

    Parameters
    ----------
    workspace
        Where.
    key
        Of the brain.
    transform_id
        Which of its parameter sets to begin with; None for the newest.
    """
    viewer = workspace.viewer
    if viewer is not None:
        dock, widget = viewer.window.add_plugin_dock_widget(
            *TRANSFORM_DOCK, tabify=True
        )
        dock.show()
        dock.raise_()
        _leave_room(dock, workspace.window)
        widget.show_brain(key, transform_id)


def _leave_room(dock: QDockWidget, window: QWidget | None) -> None:
    """Make docks narrower that are as wide as the browser's list needs."""
    most = 0 if window is None else max(_LEAST, round(_SHARE * window.width()))
    if isinstance(window, QMainWindow) and dock.width() > most:
        window.resizeDocks([dock], [most], Qt.Orientation.Horizontal)
