"""A second napari window on the same lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari

from labdata_napari.widgets.workspace import workspace_for

if TYPE_CHECKING:
    from labdata_napari.lab.entries import Entry
    from labdata_napari.widgets.connection import Profile

BROWSER = ("labdata-napari", "Lab Browser")


def open_in_new_viewer(profile: Profile, entry: Entry) -> napari.Viewer:
    """Open an entry in a viewer of its own, with its own browser and connection."""
    viewer = napari.Viewer(title=f"{entry.subject} {entry.dataset}")
    workspace = workspace_for(viewer)
    workspace.connect(profile)
    viewer.window.add_plugin_dock_widget(*BROWSER)
    # Queued behind the connecting, on the same thread.
    workspace.opener.open_entry(entry)
    return viewer
