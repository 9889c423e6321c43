"""The Annotations dock: named points from the mouse to the table, and conflicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton

from annotating import KEY, LEFT
from labdata_napari.core.annotation import Annotation
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_table import LENGTH, NAME, TYPE
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.rows import TRANSFORM

pytestmark = pytest.mark.gui


def test_the_dock_lists_what_the_table_holds(story):
    assert (
        story.text("annotation_title") == "M1 · 20260101_120000 · brain · transform 0"
    )
    assert story.text("annotation_badge") == "✓ all saved"
    model = story.table.model()
    assert model.rowCount() == 1
    assert model.index(0, NAME).data() == "probe 1"
    assert model.index(0, TYPE).data() == "probe_track"
    assert model.index(0, LENGTH).data().endswith("µm")


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


def test_a_name_need_not_be_typed(story):
    story.new("")
    assert [e.name for e in working_copy.roster(story.layer)] == [
        "probe 1",
        "probe_track 1",
    ]


def test_the_chosen_row_gets_the_points_and_a_clicked_point_chooses_its_row(story):
    story.new("b")
    story.click_voxel(5, 20, 20)
    cell = story.table.visualRect(story.table.model().index(0, NAME)).center()
    story.qtbot.mouseClick(story.table.viewport(), LEFT, pos=cell)
    story.click_voxel(5, 25, 25)
    counts = {i.name: len(i.points) for i in working_copy.listing(story.layer)}
    assert counts == {"probe 1": 4, "b": 1}
    story.press("annotation_add")  # off: a click now selects
    story.click_voxel(5, 20, 20)
    assert story.table.current_name() == "b"


def test_a_drag_moves_a_point_and_the_row_changes(story):
    story.press("annotation_add")
    story.press("annotation_add")
    story.drag((5, 14, 19), (5, 20, 30))
    assert story.text("annotation_badge") == "● 1 unsaved change"
    story.save()
    story.saved()
    np.testing.assert_allclose(story.rows()["probe 1"]["xyz"][1], (5, 20, 30), atol=0.1)


def test_names_and_types_are_edited_in_the_list(story):
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


def test_a_name_that_is_taken_or_too_long_is_told(story):
    story.new("probe 1")
    assert "already an annotation 'probe 1'" in story.text("annotation_status")
    story.dock.findChild(QLineEdit, "annotation_name").clear()
    story.new("x" * 40)
    assert "36" in story.text("annotation_status")
    assert len(working_copy.roster(story.layer)) == 1


def test_delete_can_be_undone_and_save_removes_the_row(story):
    story.table.setFocus()
    story.qtbot.keyClick(story.table, Qt.Key.Key_Delete)
    assert "Deleted “probe 1”" in story.text("annotation_status")
    assert len(story.layer.data) == 0
    story.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(story.layer.data) == 3
    assert story.text("annotation_badge") == "✓ all saved"
    story.press("annotation_delete")
    story.save()
    story.saved()
    assert story.rows() == {}


def test_cancel_writes_nothing_and_revert_restores(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.press("annotation_save")
    story.press("save_no")
    assert list(story.rows()) == ["probe 1"]
    story.press("annotation_revert")
    story.press("revert_yes")
    assert story.text("annotation_badge") == "✓ all saved"
    assert len(story.layer.data) == 3


def test_a_conflict_keeps_mine_on_top_of_theirs(story):
    story.new("mine")
    story.click_voxel(3, 10, 12)
    story.change_elsewhere(
        lambda rows: rows.with_added(Annotation("theirs", "x", [[1.0, 2.0, 3.0]]))
    )
    story.save()
    story.qtbot.waitUntil(
        lambda: "Somebody else changed" in story.text("question_text"), timeout=10_000
    )
    assert "• new: theirs (x, 1 point)" in story.text("question_text")
    assert list(story.rows()) == ["probe 1", "theirs"]
    story.press("conflict_mine")
    story.saved()
    assert set(story.rows()) == {"probe 1", "theirs", "mine"}


def test_a_conflict_can_end_with_theirs(story):
    story.new("mine")
    story.click_voxel(3, 10, 12)
    theirs = Annotation("mine", "", [[9.0, 9.0, 9.0]])
    story.change_elsewhere(
        lambda rows: rows.renamed("probe 1", "probe Z").with_added(theirs)
    )
    story.save()
    story.qtbot.waitUntil(
        lambda: "Somebody else changed" in story.text("question_text"), timeout=10_000
    )
    apart = story.text("question_text").partition("Yours, compared with theirs:")[2]
    assert "• mine: " in apart
    assert "1 point moved" in apart
    assert "probe Z" not in apart
    story.press("conflict_theirs")
    names = [e.name for e in working_copy.roster(story.layer)]
    assert names == ["probe Z", "mine"]
    assert story.text("annotation_badge") == "✓ all saved"


def test_a_removed_layer_with_unsaved_points_can_be_put_back(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.viewer.layers.remove(story.layer)
    assert "removed with 1 unsaved change" in story.text("question_text")
    story.press("removed_back")
    assert story.layer in story.viewer.layers
    story.save()
    story.saved()
    assert "probe 2" in story.rows()


def test_the_active_layer_says_which_annotations_are_shown(story):
    image = next(x for x in story.viewer.layers if x is not story.layer)
    assert image.metadata["labdata"].kind == TRANSFORM
    other = story.viewer.add_points(np.zeros((1, 3)))
    story.viewer.layers.selection.active = image
    assert story.text("annotation_title").startswith("M1")
    story.viewer.layers.selection.active = other
    assert story.text("annotation_title").startswith("M1")


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
    assert [e.name for e in working_copy.roster(story.layer)] == ["probe 1"]
    said = "The annotation 'old' (id 7) cannot be read, so it is left out here"
    assert said in story.text("annotation_title")
    assert story.text("annotation_badge") == "✓ all saved"


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
    story.press("save_yes")
    story.saved()
    assert len(story.rows()["probe 2"]["xyz"]) == 2


def test_a_name_made_too_long_while_asked_is_told_and_can_be_put_right(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.press("annotation_save")
    features = story.layer.features.copy()
    features.loc[features.index[-1], working_copy.FEATURE] = "n" * 50
    story.layer.features = features
    story.press("save_yes")
    assert "50 characters" in story.text("annotation_status")
    features.loc[features.index[-1], working_copy.FEATURE] = "short"
    story.layer.features = features
    story.save()
    story.saved()
    assert "short" in story.rows()


def test_annotations_of_another_lab_are_not_written_into_this_one(story, tmp_path):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
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
    assert "probe 2" not in story.rows()
