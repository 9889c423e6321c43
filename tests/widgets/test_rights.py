"""A user who may only read: everything is shown, nothing pretends it can be saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QDialog,
    QLabel,
    QListWidget,
    QMenu,
)

from brain_files import brain_voxels, store_brain
from hands import child, press
from labdata_napari import settings
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.layers.points import is_annotation_layer
from labdata_napari.widgets.annotation_table import NAME, AnnotationTable
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.record_table import RecordTableView
from labdata_napari.widgets.workspace import workspace_for
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
REASON = "may read this lab but not write to it"
# What a reader may press: nothing in it changes the lab.
FOR_READERS = {
    "reconnect_button",
    "connection_menu_button",
    "empty_again",
    "empty_demo",
    "empty_server",
    "empty_reset",
    "open_button",
    "open_transform_button",
    "annotation_revert",
    "annotation_undo",  # of what napari's own tools did to the copy in this window
    "annotation_redo",
    "annotation_keys",
    "annotation_files",
    "atlas_open",  # what a reader says of the atlas stays on this computer
}
# And in a menu.
ACTIONS_FOR_READERS = {
    "entry_poses",  # to look at them; their dock says what a reader may not
    "entry_open",
    "entry_new_viewer",
    "entry_copy_key",
    "entry_download",
    "entry_restore",
    "entry_copy_path",
    "entry_reveal",
}


@pytest.fixture
def reader(lab_place: Any, monkeypatch, store) -> Iterator[Profile]:
    monkeypatch.setenv(settings.LOCAL_PATHS, str(store))
    facts = lab_place.reader()
    for where in reached(lab_place):
        yield profile_of(where, **facts)


def profile_of(where: Where, user: str, password: str) -> Profile:
    return Profile("Ours", where.url(user=user), "lab_data", password=password)


@pytest.fixture
def brain(lab: Any, store) -> dict[str, Any]:
    """A brain with an annotated transform, and parameters that wait; its key."""
    key = store_brain(lab, store, brain_voxels())
    lab.brains.add_transform_parameters(key, TransformParameters())
    lab.brains.add_transform_parameters(key, TransformParameters(cast="uint8"))
    done = lab.brains.compute_transform(key | {"transform_id": 0})
    track = Annotation("track", "probe_track", np.ones((2, 3)))
    lab.brains.save_annotations(done, AnnotationSet(), AnnotationSet((track,)))
    return done


@pytest.fixture
def open_reader(reader: Profile, make_napari_viewer, qtbot):
    def open_it() -> tuple[Any, Any, Any]:
        viewer = make_napari_viewer(show=True)
        workspace = workspace_for(viewer)
        workspace.connect(reader)
        qtbot.waitUntil(
            lambda: workspace.connection.phase.value != "connecting", timeout=20_000
        )
        assert workspace.connection.is_open, workspace.connection.problem
        assert workspace.connection.line.endswith("read-only")
        dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Lab Browser")
        return viewer, workspace, dock[1]

    return open_it


def test_a_reader_sees_everything_and_finds_what_writes_disabled(
    open_reader, brain, qtbot
):
    viewer, workspace, browser = open_reader()
    table = browser.findChild(RecordTableView, "entry_table")
    qtbot.waitUntil(lambda: table.records().total == 1, timeout=10_000)
    opening = child(browser, "open_transform_button")
    qtbot.waitUntil(opening.isVisible, timeout=20_000)
    with qtbot.waitSignal(workspace.entry_opened, timeout=20_000):
        press(opening)
    [layer] = (each for each in viewer.layers if is_annotation_layer(each))
    assert len(layer.data) == 2
    dock = next(
        each
        for each in viewer.window.dock_widgets.values()
        if each.findChild(AnnotationTable)
    )
    assert REASON in child(dock, "annotation_reason").text()
    listed = dock.findChild(AnnotationTable)
    listed.setCurrentIndex(listed.model().index(0, NAME))
    qtbot.keyClick(listed, Qt.Key.Key_F2)
    assert listed.state() != QAbstractItemView.State.EditingState
    listed.delete_wanted.emit()  # the Delete key
    assert len(layer.data) == 2
    layer.add(np.ones((1, 3)))  # napari's own tools still can
    assert "unsaved" in child(dock, "annotation_badge").text()
    refuses_what_writes(browser, dock)

    waiting = browser.findChild(QListWidget, "transform_list")
    waiting.setCurrentRow(1)
    assert opening.text() == "Compute"
    assert not opening.isEnabled()
    assert REASON in opening.toolTip()

    menu = browser.findChild(QMenu, "entry_menu")
    place = table.visualRect(table.model().index(0, 0)).center()
    table.customContextMenuRequested.emit(place)
    for action in menu.actions():
        if action.objectName() not in ACTIONS_FOR_READERS:
            assert not action.isEnabled(), action.text()
            assert REASON in action.toolTip(), action.text()
    menu.close()


def refuses_what_writes(*docks: Any) -> None:
    """Walk every button of some docks."""
    walked = 0
    for dock in docks:
        for button in dock.findChildren(QAbstractButton):
            name = button.objectName()
            ours = not name.startswith(("qt_", "QTitleBar", "server_"))
            if not button.isVisible() or not ours or name in FOR_READERS:
                continue
            walked += 1
            assert not button.isEnabled(), f"{name} {button.text()!r}"
            assert REASON in button.toolTip(), f"{name} {button.text()!r}"
    # Import, New transform; New, Click to add, Probe, Brush, Delete, Save
    assert walked == 8


def test_a_reader_who_drops_a_file_is_told(open_reader, tmp_path, qtbot):
    _, _, browser = open_reader()
    text = browser.findChild(QLabel, "empty_text")
    qtbot.waitUntil(lambda: "holds no brains" in text.text(), timeout=10_000)
    assert not child(browser, "empty_import").isVisible()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "brain.tif"))])
    copied, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    browser.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), copied, data, LEFT, none))
    assert REASON in child(browser, "browser_status").text()
    assert browser.findChild(QDialog, "import_dialog") is None


def test_whoever_may_write_finds_the_usual_words_again(
    open_reader, lab_place, reader, store, qtbot
):
    _, workspace, browser = open_reader()
    button = child(browser, "import_button")
    assert REASON in button.toolTip()
    owner = lab_place.parameters
    url = reader.url.replace(reader.url.split("//")[1].split("@")[0], owner["user"], 1)
    workspace.connect(Profile("Ours", url, "lab_data", password=owner["password"]))
    qtbot.waitUntil(button.isEnabled, timeout=20_000)
    assert button.toolTip() == "Bring a brain from a file into the lab"
