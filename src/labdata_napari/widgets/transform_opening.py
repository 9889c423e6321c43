"""Bringing the Transform dock up, from wherever a brain is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.widgets.docked import leave_room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.widgets.workspace import Workspace

TRANSFORM_DOCK = ("labdata-napari", "Transform")


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
        leave_room(dock, workspace.window)
        widget.show_brain(key, transform_id)
