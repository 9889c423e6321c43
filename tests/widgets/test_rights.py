"""A user who may only read: everything is shown, nothing pretends it can be saved."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.layers.points import SOURCE_KIND, annotation_layer
from labdata_napari.layers.source import LayerSource
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for

pytestmark = [pytest.mark.gui, pytest.mark.parametrize("backend", ["mysql"])]


@pytest.fixture
def reader_workspace(lab_place, make_napari_viewer, qtbot):
    facts = lab_place.parameters | lab_place.reader()
    url = f"mysql://{facts['user']}@{facts['host']}:{facts['port']}"
    viewer = make_napari_viewer(show=True)
    workspace = workspace_for(viewer)
    workspace.connect(Profile("Ours", url, "lab_data", password=facts["password"]))
    qtbot.waitUntil(
        lambda: workspace.connection.phase.value != "connecting", timeout=20_000
    )
    assert workspace.connection.is_open, workspace.connection.problem
    return viewer, workspace


def test_read_only_is_said_and_saving_and_importing_are_off(reader_workspace, qtbot):
    viewer, workspace = reader_workspace
    assert workspace.connection.line.endswith("read-only")
    _, browser = viewer.window.add_plugin_dock_widget("labdata-napari", "Lab Browser")
    assert not browser.findChild(QPushButton, "import_button").isEnabled()
    text = browser.findChild(QLabel, "empty_text")
    qtbot.waitUntil(lambda: "holds no brains" in text.text())
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Annotations")
    key = {"subject_name": "M1", "transform_id": 0}
    data, arguments, _ = annotation_layer(
        AnnotationSet(),
        {"scale": (1, 1, 1), "units": ("um",) * 3, "axis_labels": ("z", "y", "x")},
        (5, 50, 50),
        LayerSource(SOURCE_KIND, key),
        "annotations",
    )
    layer = viewer.add_points(data, **arguments)
    layer.add(np.ones((1, 3)))
    assert "unsaved" in dock.findChild(QLabel, "annotation_badge").text()
    assert "may read this lab but not write" in (
        dock.findChild(QLabel, "annotation_reason").text()
    )
    assert not dock.findChild(QPushButton, "annotation_save").isEnabled()
