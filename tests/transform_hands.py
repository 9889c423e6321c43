"""The Transform dock, as a test sees it and gets at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QLabel, QListWidget

from hands import wait_for
from labdata_napari.layers.preview import PREVIEW_KEY
from labdata_napari.widgets.transform_opening import show_transform_dock

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

DOCK = "Transform (labdata-napari)"
KEY = {
    "subject_name": "M2",
    "session_name": "20250601_090000",
    "dataset_name": "brain",
}


def previews(viewer: Any) -> list[Any]:
    return [layer for layer in viewer.layers if PREVIEW_KEY in layer.metadata]


def settled(dock: Any) -> Any:
    """Wait until the newest draft is on the canvas, with all that goes with it."""
    scene = dock.scene
    wait_for(lambda: scene.draft is not None and scene.draft == dock.model.draft)
    wait_for(lambda: len(scene.images) + 2 <= len(previews(scene._viewer)))
    return scene


def on_canvas(viewer: Any, pane: Any, frame: Any) -> tuple[float, ...]:
    place = pane.to_world(frame)
    return (*(0.0,) * (viewer.dims.ndim - 2), float(place[0]), float(place[1]))


def said(dock: QWidget, name: str) -> str:
    return dock.findChild(QLabel, name).text()


def said_in(dock: QWidget) -> str:
    return " ".join(label.text() for label in dock.findChildren(QLabel)).lower()


def sets(dock: QWidget) -> list[str]:
    listed = dock.findChild(QListWidget, "transform_sets")
    return [listed.item(row).text() for row in range(listed.count())]


def opened_dock(viewer: Any, workspace: Any, key: dict[str, Any] = KEY) -> Any:
    """The dock in the viewer, with a brain of the test lab."""
    viewer.window.resize(1300, 850)
    show_transform_dock(workspace, key)
    dock = viewer.window.dock_widgets[DOCK]
    settled(dock)
    return dock
