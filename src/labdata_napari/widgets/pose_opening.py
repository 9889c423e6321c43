"""Bringing the Pose dock up, from wherever a label set or a video is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.widgets.docked import leave_room

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.widgets.workspace import Workspace

POSE_DOCK = ("labdata-napari", "Poses")
POSE_KINDS = ("PoseEstimationLabelSet", "DatasetVideo")
"""Kinds of entries whose poses can be corrected."""


def show_pose_dock(workspace: Workspace, kind: str, key: Mapping[str, Any]) -> None:
    """Correct a label set, or a model's predictions of a video.

    Parameters
    ----------
    workspace
        Where.
    kind
        One of `POSE_KINDS`.
    key
        Primary key of the entry.
    """
    viewer = workspace.viewer
    if viewer is None:
        return
    dock, widget = viewer.window.add_plugin_dock_widget(*POSE_DOCK, tabify=True)
    dock.show()
    dock.raise_()
    leave_room(dock, workspace.window)
    if kind == "DatasetVideo":
        widget.show_video(VideoKey(*(str(key[name]) for name in VideoKey._fields)))
    else:
        widget.open_set(int(key["pose_label_set_num"]))
