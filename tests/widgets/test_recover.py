"""Unsaved annotations survive kill -9 and closing napari, and are offered again."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from annotating import KEY, LEFT
from labdata_napari import settings
from labdata_napari.core.annotation import Annotation
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_conflict import mark_of
from labdata_napari.widgets.annotation_table import COUNT, LENGTH

pytestmark = pytest.mark.gui

CHILD = """
import sys, time
import napari
from qtpy.QtCore import QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from annotating import KEY, Story
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.workspace import workspace_for

def wait_for(what):
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        QApplication.processEvents()
        time.sleep(0.01)

def transform(lab):
    return lab.brains.transforms({k: KEY[k] for k in list(KEY)[:3]})[0]

viewer = napari.Viewer()
viewer.window.resize(1200, 800)
_, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Annotations")
workspace = workspace_for(viewer)
workspace.connect(Profile("Test lab", sys.argv[1], "lab_data"))
wait_for(lambda: workspace.connection.is_open)
workspace.submit(transform, done=workspace.opener.open_transform)
wait_for(lambda: any(map(working_copy.is_annotation_layer, viewer.layers)))
story = Story(viewer, workspace, dock, QTest, None)
story.new("sonde")
story.click_voxel(3, 10, 12)
story.click_voxel(6, 14, 16)
story.new("to come")
story.table.model().setData(story.table.model().index(0, 0), "probe é")
print(story.text("annotation_badge"), flush=True)
if sys.argv[2] == "close":
    QTimer.singleShot(100, viewer.window._qt_window.close)
    napari.run()
    sys.exit()
while True:
    QApplication.processEvents()
    time.sleep(0.01)
"""


def journal_files() -> list[Path]:
    return sorted((settings.data_home() / "journal").glob("*"))


def wait_for_offer(story) -> str:
    story.qtbot.waitUntil(
        lambda: "You have unsaved changes" in story.text("question_text"), timeout=5000
    )
    return story.text("question_text")


def wait_for_no_files(story) -> None:
    story.qtbot.waitUntil(lambda: journal_files() == [], timeout=5000)


def is_asked(story) -> bool:
    return not story.dock.findChild(object, "question").isHidden()


def names(story) -> list[str]:
    return [entry.name for entry in working_copy.roster(story.layer)]


def counts(story) -> dict[str, int]:
    return {i.name: len(i.points) for i in working_copy.listing(story.layer)}


def edit_and_close(story) -> None:
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.click_voxel(6, 14, 16)
    story.viewer.close()


@pytest.mark.parametrize("end", ["kill", "close"])
def test_what_another_program_left_when_it_ended(open_story, lab_folder, end):
    """Killed with -9 in the middle of editing, or its window closed by hand."""
    tests = str(Path(__file__).parents[1])
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CHILD, lab_folder.url, end],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": tests},
    )
    try:
        said = iter(child.stdout.readline, "")
        assert "● 2 unsaved changes\n" in said  # reads until it says so
        if end == "close":
            assert child.wait(timeout=30) == 0
        time.sleep(0.5)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    story = open_story(lab_folder)
    text = wait_for_offer(story)
    assert text.startswith("You have unsaved changes from today ")
    assert "• new: sonde (probe_track, 2 points)" in text
    assert "• changed: probe é: renamed from probe 1" in text
    assert "• new: to come (no points yet)" in text
    story.press("recover_restore")
    assert not is_asked(story)
    assert counts(story) == {"probe é": 3, "sonde": 2, "to come": 0}
    assert story.text("annotation_badge") == "● recovered, 2 unsaved changes"
    story.save()
    story.saved()
    rows = story.rows()
    assert set(rows) == {"probe é", "sonde"}
    np.testing.assert_allclose(
        rows["sonde"]["xyz"], [[3, 10, 12], [6, 14, 16]], atol=0.05
    )


def test_closing_napari_keeps_unsaved_points_until_they_are_dealt_with(
    open_story, shared_lab
):
    story = open_story(shared_lab)
    edit_and_close(story)
    story = open_story(shared_lab)
    assert "• new: probe 2 (probe_track, 2 points)" in wait_for_offer(story)
    assert story.text("annotation_badge") == "● earlier changes wait"
    story.press("recover_later")
    assert story.text("annotation_badge") == "✓ all saved"
    assert names(story) == ["probe 1"]
    story.viewer.close()
    # meanwhile somebody saves one of that name
    story.change_elsewhere(
        lambda rows: rows.with_added(Annotation("probe 2", "theirs", [[1.0, 2.0, 3.0]]))
    )
    story = open_story(shared_lab)
    text = wait_for_offer(story)
    assert "The lab has changed since" in text
    assert "• new: probe 2 (theirs, 1 point)" in text
    story.press("recover_restore")
    assert story.text("annotation_badge") == "● recovered, 1 unsaved change"
    beside = f"probe 2 ({mark_of(story.workspace.connection.user)})"
    assert counts(story) == {"probe 1": 3, "probe 2": 1, beside: 2}
    story.save()
    story.saved()
    assert set(story.rows()) == {"probe 1", "probe 2", beside}
    wait_for_no_files(story)
    # what is saved or reverted is not offered
    story.drag((5, 14, 19), (5, 20, 30))
    story.qtbot.waitUntil(lambda: len(journal_files()) == 2, timeout=5000)
    story.press("annotation_revert")
    story.press("revert_yes")
    wait_for_no_files(story)
    story.viewer.close()
    story = open_story(shared_lab)
    story.qtbot.wait(500)
    assert not is_asked(story)


def test_what_a_removed_layer_held_is_put_back_offered_or_discarded(story):
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.viewer.layers.remove(story.layer)
    story.press("removed_back")
    story.qtbot.waitUntil(lambda: len(journal_files()) == 2, timeout=5000)
    story.qtbot.wait(300)
    assert not is_asked(story)
    assert counts(story)["probe 2"] == 1
    # what was said of its lines goes with it; the transform is opened again
    story.viewer.layers.remove(
        next(x for x in story.viewer.layers if "lines" in x.name)
    )
    assert "come back" in story.text("annotation_status")
    story.viewer.layers.clear()
    assert not story.text("annotation_status")
    with story.qtbot.waitSignal(story.workspace.entry_opened, timeout=10_000):
        story.workspace.submit(
            lambda lab: lab.brains.transforms({k: KEY[k] for k in list(KEY)[:3]})[0],
            done=story.workspace.opener.open_transform,
        )
    assert "• new: probe 2 (probe_track, 1 point)" in wait_for_offer(story)
    story.press("recover_discard")
    wait_for_no_files(story)
    [story.layer] = filter(working_copy.is_annotation_layer, story.viewer.layers)
    assert names(story) == ["probe 1"]
    story.new("probe 3")
    story.click_voxel(3, 10, 12)
    story.qtbot.waitUntil(lambda: len(journal_files()) == 2, timeout=5000)
    story.viewer.layers.remove(story.layer)
    assert len(journal_files()) == 2
    story.press("removed_forget")
    wait_for_no_files(story)


def test_another_window_on_the_same_transform_is_left_alone(open_story, shared_lab):
    first = open_story(shared_lab)
    first.new("mine")
    first.click_voxel(3, 10, 12)
    first.qtbot.waitUntil(lambda: len(journal_files()) == 2, timeout=5000)
    second = open_story(shared_lab)
    second.qtbot.wait(500)
    assert not is_asked(second)


def test_a_journal_that_cannot_be_written_is_told_and_editing_goes_on(story):
    (settings.data_home()).mkdir(parents=True, exist_ok=True)
    (settings.data_home() / "journal").write_text("in the way")
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    story.qtbot.waitUntil(
        lambda: "Unsaved changes cannot be kept" in story.text("annotation_status"),
        timeout=5000,
    )
    story.click_voxel(6, 14, 16)
    story.save()
    story.saved()
    assert len(story.rows()["probe 2"]["xyz"]) == 2


def test_an_edit_costs_the_gui_thread_little(story):
    rng = np.random.default_rng(0)
    rows = working_copy.annotations_from_layer(story.layer)
    for n in range(40):
        points = rng.uniform(0, 20, (50, 3))
        rows = rows.with_added(Annotation(f"track {n}", "probe_track", points))
    editing.replace_annotations(story.layer, rows, rows)
    spent = []
    for _ in range(20):
        start = time.perf_counter()
        story.workspace.journaling.note(story.layer)
        spent.append(time.perf_counter() - start)
    assert len(story.layer.data) == 2003
    assert statistics.median(spent) < 0.005


def test_enter_and_a_double_click_on_the_numbers_go_to_the_points(story):
    dims = story.viewer.dims
    dims.set_current_step(0, 11)
    story.table.setFocus()
    story.qtbot.keyClick(story.table, Qt.Key.Key_Return)
    assert dims.current_step[0] == 8  # the nearest of 2, 5 and 8
    dims.set_current_step(0, 0)
    index = story.table.model().index(0, LENGTH)
    place = story.table.visualRect(index).center()
    story.qtbot.mouseClick(story.table.viewport(), LEFT, pos=place)
    assert dims.current_step[0] == 0  # choosing a row to add to it moves nothing
    story.qtbot.mouseDClick(story.table.viewport(), LEFT, pos=place)
    assert dims.current_step[0] == 2
    assert COUNT != LENGTH
