"""The Annotations dock: named points from the mouse to the table, and conflicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton

from annotating import KEY, LEFT
from labdata_napari.core.annotation import Annotation
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_table import LENGTH, NAME, TYPE
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.rows import TRANSFORM

CONTROL = Qt.KeyboardModifier.ControlModifier

pytestmark = pytest.mark.gui


def names(story) -> list[str]:
    return [entry.name for entry in working_copy.roster(story.layer)]


def test_what_the_table_holds_is_listed_and_rows_are_chosen_to_add_to(story):
    title = "M1 · 20260101_120000 · brain · transform 0"
    assert story.text("annotation_title") == title
    assert story.text("annotation_badge") == "✓ all saved"
    model = story.table.model()
    assert model.rowCount() == 1
    assert model.index(0, NAME).data() == "probe 1"
    assert model.index(0, TYPE).data() == "probe_track"
    assert model.index(0, LENGTH).data().endswith("µm")
    # the active layer says which annotations are shown, unless it has none
    image = next(x for x in story.viewer.layers if x is not story.layer)
    assert image.metadata["labdata"].kind == TRANSFORM
    for layer in (image, story.viewer.add_points(np.zeros((1, 3)))):
        story.viewer.layers.selection.active = layer
        assert story.text("annotation_title") == title
    # a name that is taken or too long is told, and none need be typed
    story.new("probe 1")
    assert "already an annotation 'probe 1'" in story.text("annotation_status")
    story.dock.findChild(QLineEdit, "annotation_name").clear()
    story.new("x" * 40)
    assert "36" in story.text("annotation_status")
    assert names(story) == ["probe 1"]
    story.dock.findChild(QLineEdit, "annotation_name").clear()
    story.new("")
    assert names(story) == ["probe 1", "probe_track 1"]
    # the chosen row gets the points, and a clicked point chooses its row
    story.click_voxel(5, 20, 20)
    cell = story.table.visualRect(model.index(0, NAME)).center()
    story.qtbot.mouseClick(story.table.viewport(), LEFT, pos=cell)
    story.click_voxel(5, 25, 25)
    counts = {i.name: len(i.points) for i in working_copy.listing(story.layer)}
    assert counts == {"probe 1": 4, "probe_track 1": 1}
    story.press("annotation_add")  # off: a click now selects
    story.click_voxel(5, 20, 20)
    assert story.table.current_name() == "probe_track 1"
    # nothing is put outside of the picture
    story.viewer.scene.camera.zoom /= 2
    story.press("annotation_add")
    story.click_voxel(5, -6, 20)
    assert "outside of the stack" in story.text("annotation_status")
    assert len(story.layer.data) == 5
    story.drag((5, 20, 20), (5, -6, 22))
    np.testing.assert_allclose(story.layer.data[3, 1:], (-0.5, 22), atol=0.2)
    # why something was not taken is told until something is
    assert not story.text("annotation_status")
    model.setData(model.index(0, NAME), "probe_track 1")
    assert "already an annotation" in story.text("annotation_status")
    story.click_voxel(5, 10, 10)
    assert not story.text("annotation_status")


def test_type_a_name_press_enter_click_points_and_save(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.click_voxel(6, 14, 16)
    assert story.text("annotation_badge") == "● 1 unsaved change"
    story.press("annotation_save")
    assert story.text("question_text") == (
        "This will be written:\n• new: probe 2 (probe_track, 2 points)"
    )
    assert "probe 2" not in story.rows()
    story.press("save_yes")
    story.saved()
    row = story.rows()["probe 2"]
    assert row["annotation_type"] == "probe_track"
    assert row["xyz"].dtype == np.float64
    np.testing.assert_allclose(row["xyz"], [[3, 10, 12], [6, 14, 16]], atol=0.05)
    assert "Saved: 1 added (probe 2)" in story.text("annotation_status")
    # Cancel writes nothing and Revert restores
    story.new("probe 3")
    story.click_voxel(3, 28, 38)
    story.press("annotation_save")
    story.press("save_no")
    assert list(story.rows()) == ["probe 1", "probe 2"]
    story.press("annotation_revert")
    story.press("revert_yes")
    assert story.text("annotation_badge") == "✓ all saved"
    assert len(story.layer.data) == 5


def test_only_what_was_shown_is_written(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.press("annotation_save")
    assert "probe 2 (probe_track, 1 point)" in story.text("question_text")
    story.click_voxel(6, 14, 16)
    story.press("save_yes")
    # asked again, with what it is now
    assert "probe 2 (probe_track, 2 points)" in story.text("question_text")
    assert "probe 2" not in story.rows()
    # a name made too long while asked is told and can be put right
    features = story.layer.features.copy()
    features.loc[features.index[-1], working_copy.FEATURE] = "n" * 50
    story.layer.features = features
    story.press("save_yes")
    assert "50 characters" in story.text("annotation_status")
    features.loc[features.index[-1], working_copy.FEATURE] = "short"
    story.layer.features = features
    story.save()
    story.saved()
    rows = story.rows()
    assert [len(rows[name]["xyz"]) for name in ("probe 2", "short")] == [1, 1]


def test_points_names_and_types_are_changed_and_rows_deleted(story):
    story.press("annotation_add")
    story.press("annotation_add")
    story.drag((5, 14, 19), (5, 20, 30))
    assert story.text("annotation_badge") == "● 1 unsaved change"
    story.save()
    story.saved()
    np.testing.assert_allclose(story.rows()["probe 1"]["xyz"][1], (5, 20, 30), atol=0.1)
    # in the list
    model = story.table.model()
    story.table.edit(model.index(0, NAME))
    editor = story.table.findChild(QLineEdit)
    editor.selectAll()
    story.qtbot.keyClicks(editor, "probe A")
    story.qtbot.keyClick(editor, Qt.Key.Key_Return)
    story.qtbot.waitUntil(lambda: model.index(0, NAME).data() == "probe A")
    model.setData(model.index(0, TYPE), "lesion")
    story.press("annotation_save")
    assert "renamed from probe 1" in story.text("question_text")
    assert "type probe_track → lesion" in story.text("question_text")
    story.press("save_yes")
    story.saved()
    row = story.rows()["probe A"]
    assert (row["annotation_id"], row["annotation_type"]) == (0, "lesion")
    # deleting can be undone, and saving removes the row
    story.table.setFocus()
    story.qtbot.keyClick(story.table, Qt.Key.Key_Delete)
    assert "Deleted “probe A”" in story.text("annotation_status")
    assert len(story.layer.data) == 0
    story.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(story.layer.data) == 3
    assert story.text("annotation_badge") == "✓ all saved"
    story.press("annotation_delete")
    story.save()
    story.saved()
    assert story.rows() == {}


def test_a_conflict_keeps_mine_or_both_or_ends_with_theirs(story):
    story.new("mine")
    story.click_voxel(3, 10, 12)
    story.change_elsewhere(
        lambda rows: rows.with_added(Annotation("theirs", "x", [[1.0, 2.0, 3.0]]))
    )
    assert "• new: theirs (x, 1 point)" in conflict(story)
    assert list(story.rows()) == ["probe 1", "theirs"]
    story.press("conflict_mine")
    story.saved()
    assert set(story.rows()) == {"probe 1", "theirs", "mine"}
    # once more, now with the same changed by both
    story.new("again")
    story.click_voxel(3, 28, 38)
    story.change_elsewhere(
        lambda rows: rows.renamed("theirs", "Z").with_added(
            Annotation("again", "", [[9.0, 9.0, 9.0]])
        )
    )
    apart = conflict(story).partition("Changed by both of you:")[2]
    assert "• again: yours, compared with theirs: " in apart
    assert "1 point moved" in apart
    assert "mine" not in apart
    story.press("conflict_both")
    story.saved()
    assert set(story.rows()) == {"probe 1", "Z", "mine", "again", "again (mine)"}
    # of several it is chosen for each
    story.press("annotation_add")
    story.drag((5, 14, 19), (5, 24, 28))
    story.drag((3, 10, 12), (3, 16, 16))
    assert editing.chosen_annotation(story.layer) == "mine"
    moved = [[1.0, 2.0, 3.0]]
    story.change_elsewhere(
        lambda rows: rows.with_points("probe 1", moved).with_points("mine", moved)
    )
    assert "• mine: yours" in conflict(story)
    box = story.dock.findChild(QComboBox, "keep mine")
    assert [box.itemText(i) for i in range(box.count())] == [
        "keep both",
        "keep mine",
        "take theirs",
    ]
    box.setCurrentIndex(1)
    story.press("conflict_chosen")
    story.saved()
    rows = story.rows()
    assert rows["probe 1"]["xyz"].tolist() == moved
    assert len(rows["probe 1 (mine)"]["xyz"]) == 3
    np.testing.assert_allclose(rows["mine"]["xyz"], [[3, 16, 16]], atol=0.1)
    # undo takes my edits back one by one, and never theirs
    story.key(Qt.Key.Key_Z, CONTROL)
    assert working_copy.drafts(story.layer)[2].points.tolist() == moved
    assert "probe 1 (mine)" in names(story)
    story.key(Qt.Key.Key_Z, CONTROL)
    assert "probe 1 (mine)" not in names(story)
    assert working_copy.drafts(story.layer)[0].points.tolist() == moved
    for _ in range(2):
        story.key(Qt.Key.Key_Z, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert story.text("annotation_badge") == "✓ all saved"
    # and now theirs
    story.new("dropped")
    story.click_voxel(3, 28, 30)
    story.change_elsewhere(lambda rows: rows.renamed("Z", "Y"))
    conflict(story)
    story.press("conflict_theirs")
    assert set(names(story)) == {*story.rows()}
    assert "dropped" not in names(story)
    assert story.text("annotation_badge") == "✓ all saved"


def conflict(story) -> str:
    """Save; what the question about the conflict says."""
    story.save()
    story.qtbot.waitUntil(
        lambda: "Somebody else changed" in story.text("question_text"), timeout=10_000
    )
    return story.text("question_text")


def test_points_are_saved_though_the_server_was_stopped_meanwhile(
    open_story, lab_folder
):
    story = open_story(lab_folder)
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    root = Path(story.folder.url.removeprefix("embedded:"))
    EmbeddedPostgres(root).stop(force=True)
    story.save()
    story.saved()
    assert "probe 2" in story.rows()


def test_without_a_transform_the_dock_says_where_to_find_one(make_napari_viewer):
    viewer = make_napari_viewer()
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Annotations")
    title = dock.findChild(QLabel, "annotation_title").text()
    assert title.startswith("No transform is open")
    assert not dock.findChild(QPushButton, "annotation_new").isEnabled()


def test_a_damaged_row_is_named_and_the_others_are_shown(open_story, shared_lab):
    with shared_lab.connect() as lab:
        table = lab.FixedBrainTransformAnnotation
        damaged = {"annotation_id": 7, "annotation_name": "old", "annotation_type": ""}
        table.insert1(KEY | damaged | {"xyz": np.zeros((1, 3))})
        lab.connection.query(
            f"UPDATE {table.full_table_name} SET xyz = %s WHERE annotation_id = 7",
            args=(b"damaged",),
        )
    story = open_story(shared_lab)
    assert names(story) == ["probe 1"]
    said = "The annotation 'old' (id 7) cannot be read, so it is left out here"
    assert said in story.text("annotation_title")
    assert story.text("annotation_badge") == "✓ all saved"


def test_a_removed_layer_is_put_back_and_not_written_into_another_lab(story, tmp_path):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.viewer.layers.remove(story.layer)
    assert "removed with 1 unsaved change" in story.text("question_text")
    story.press("removed_back")
    assert story.layer in story.viewer.layers
    story.save()
    story.saved()
    assert "probe 2" in story.rows()
    story.new("probe 3")
    story.click_voxel(3, 28, 38)
    other = Profile("Other", f"embedded:{tmp_path / 'other' / 'db'}", "lab_data")
    story.workspace.connect(other)
    story.qtbot.waitUntil(
        lambda: (
            story.workspace.connection.is_open
            and story.workspace.connection.profile is other
        ),
        timeout=30_000,
    )
    assert "another lab" in story.text("annotation_reason")
    assert not story.dock.findChild(QPushButton, "annotation_save").isEnabled()
    assert "probe 3" not in story.rows()
