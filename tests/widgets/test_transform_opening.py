"""Another brain opens, or the dock closes, while somebody works in it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from hands import child, drag, pause, press, wait_for, write
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import Cancelled
from labdata_napari.widgets import transform_loading, transform_stage
from labdata_napari.widgets.transform_source import open_brain_source, refined
from transform_hands import (
    KEY,
    on_canvas,
    opened_dock,
    said,
    said_in,
    sets,
    settled,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.gui

M1 = {"subject_name": "M1", "session_name": "20260101_120000", "dataset_name": "brain"}
CTRL = Qt.KeyboardModifier.ControlModifier


class Slowly:
    """Reads a brain only when it is let, and notes how that went on."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._go = threading.Event()
        self.said: list[str] = []

    def __call__(self, what: Any, progress: Any) -> Any:
        self.said.append("begun")
        try:
            while not self._go.is_set():
                progress(0, 1)
                time.sleep(0.01)
        except Cancelled:
            self.said.append("ended")
            raise
        return self._function(what, progress)

    def let(self) -> None:
        self._go.set()


@pytest.fixture
def slowly(monkeypatch):
    """From now on brains are read only when they are let."""

    begun: list[Slowly] = []

    def begin(name: str, function: Any) -> Slowly:
        begun.append(Slowly(function))
        monkeypatch.setattr(transform_loading, name, begun[-1])
        return begun[-1]

    yield begin
    for slow in begun:
        slow.let()


def kept(home: Path) -> str:
    return " ".join(file.read_text() for file in (home / "drafts").glob("*.json"))


def try_everything(viewer: Any, dock: Any) -> None:
    """What a tired person may still do to the brain they see."""
    write(child(dock, "transform_angle_yx"), "9", enter=True)
    slider = child(dock, "transform_slider_zx")
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton)
    pane = dock.scene.panes[0]
    ends = [on_canvas(viewer, pane, (6, y, 28)) for y in (8, 16)]
    drag(viewer, *ends)
    for target in (dock, viewer.window._qt_viewer.canvas.native):
        QTest.keyClick(target, Qt.Key.Key_Z, CTRL)
        QTest.keyClick(target, Qt.Key.Key_Return, CTRL)
    for name in ("transform_flip_2", "transform_undo", "transform_new", "hand_turn"):
        QTest.mouseClick(child(dock, name), Qt.MouseButton.LeftButton)
    for name in ("transform_save", "transform_compute"):
        assert not child(dock, name).isEnabled()


def test_nothing_reaches_the_brain_before_while_another_opens(
    open_dock, shared_lab, slowly, tmp_path
):
    viewer, _, dock = open_dock(shared_lab)
    write(child(dock, "transform_angle_yx"), "5", enter=True)
    press(child(dock, "hand_turn"))
    slow = slowly("open_brain_source", open_brain_source)
    draft = dock.model.draft
    assert draft.angles["yx"] == 5
    dock.show_brain(M1)
    wait_for(lambda: slow.said)
    assert "Opening" in said(dock, "transform_title")
    assert "M1" in said(dock, "transform_title")
    wait_for(lambda: "5.0" in kept(tmp_path / "home"))  # at once, not when it rests
    try_everything(viewer, dock)
    assert dock.model.draft is draft
    slow.let()
    wait_for(lambda: "M1" in dock.source.name)
    assert not any(dock.model.draft.angles.values())
    assert said(dock, "transform_title") == f"<b>{dock.source.name}</b>"
    write(child(dock, "transform_angle_yx"), "2", enter=True)
    assert dock.model.draft.angles["yx"] == 2
    # and back: what was set is offered
    dock.show_brain(KEY)
    wait_for(lambda: said(dock, "question_text").endswith("turned 5°."))


def test_a_brain_that_cannot_be_opened_leaves_the_one_before(
    open_dock, shared_lab, slowly, monkeypatch
):
    monkeypatch.setattr("labdata_napari.core.glimpse.MEMORY", 1000)
    slow = slowly("refined", refined)
    _, _, dock = open_dock(shared_lab)
    wait_for(lambda: slow.said == ["begun"])
    write(child(dock, "transform_angle_yx"), "5", enter=True)
    dock.show_brain(KEY | {"subject_name": "nobody"})
    wait_for(lambda: not dock._loader.is_waiting)
    pause(0.5)  # the sentence stays, whatever is painted
    assert "nobody" in said(dock, "transform_status")
    assert said(dock, "transform_title") == f"<b>{dock.source.name}</b>"
    press(child(dock, "transform_undo"))
    assert dock.model.draft.angles["yx"] == 0
    wait_for(lambda: slow.said == ["begun", "ended", "begun"])  # it gets sharper still
    slow.let()
    wait_for(lambda: not dock._loaded.is_glimpse)


def test_one_may_stay_with_the_brain_before(open_dock, shared_lab, slowly):
    _, _, dock = open_dock(shared_lab)
    source = dock.source
    slow = slowly("open_brain_source", open_brain_source)
    dock.show_brain(M1)
    wait_for(lambda: slow.said == ["begun"])
    press(child(dock, "transform_stay"))
    wait_for(lambda: slow.said == ["begun", "ended"])
    pause(0.2)
    assert dock.source is source
    assert not child(dock, "transform_stay").isVisible()
    assert "cancel" not in said_in(dock)
    write(child(dock, "transform_angle_yx"), "5", enter=True)
    assert dock.model.draft.angles["yx"] == 5


@pytest.mark.parametrize("how", ["x", "hide", "window"])
def test_closing_ends_the_reading(open_dock, shared_lab, slowly, how, capsys, caplog):
    viewer, workspace, dock = open_dock(shared_lab)
    slow = slowly("open_brain_source", open_brain_source)
    told: list[str] = []
    workspace.status.connect(told.append)
    dock.show_brain(M1)
    wait_for(lambda: slow.said == ["begun"])
    if how == "window":
        viewer.close()
    else:
        name = {"x": "QTitleBarCloseButton", "hide": "QTitleBarHideButton"}[how]
        frame = dock.parentWidget()
        press(frame.findChild(QPushButton, name))
    wait_for(lambda: slow.said == ["begun", "ended"], 2)
    pause(0.3)
    assert told == []
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err + caplog.text
    if how == "hide":  # it was not wanted any more; the one before is there again
        frame.show()
        settled(dock)
        assert "M2" in said(dock, "transform_title")
        write(child(dock, "transform_angle_yx"), "5", enter=True)
        assert dock.model.draft.angles["yx"] == 5


@pytest.mark.parametrize("how", ["hide", "window"])
def test_closing_ends_the_reading_for_sharper_planes(
    open_dock, shared_lab, monkeypatch, how
):
    slow = Slowly(None)

    def prepare(stack, frame, progress):
        return slow(stack, progress)

    monkeypatch.setattr(transform_stage, "prepare", prepare)
    viewer, _, dock = open_dock(shared_lab)
    wait_for(lambda: slow.said == ["begun"])
    if how == "window":
        viewer.close()
    else:
        press(dock.parentWidget().findChild(QPushButton, "QTitleBarHideButton"))
    wait_for(lambda: slow.said == ["begun", "ended"], 2)
    if how == "hide":  # and it is read when somebody looks again
        dock.parentWidget().show()
        wait_for(lambda: slow.said[2:] == ["begun"])


@pytest.mark.parametrize("how", ["x", "window"])
def test_closing_keeps_what_was_just_set(open_dock, shared_lab, tmp_path, how):
    viewer, _, dock = open_dock(shared_lab)
    write(child(dock, "transform_angle_yx"), "5", enter=True)
    if how == "window":
        viewer.close()
    else:
        press(dock.parentWidget().findChild(QPushButton, "QTitleBarCloseButton"))
    wait_for(lambda: "5.0" in kept(tmp_path / "home"), 3)


def test_a_dock_that_is_gone_has_no_say_in_what_the_next_one_keeps(
    open_dock, shared_lab, tmp_path
):
    viewer, workspace, dock = open_dock(shared_lab)
    press(dock.parentWidget().findChild(QPushButton, "QTitleBarCloseButton"))
    again = opened_dock(viewer, workspace)
    assert again is not dock
    write(child(again, "transform_angle_yx"), "7", enter=True)
    wait_for(lambda: "7.0" in kept(tmp_path / "home"), 3)
    workspace.rows_changed.emit(KEY)
    for _ in range(20):
        pause(0.03)
        assert "7.0" in kept(tmp_path / "home")


def test_pressing_compute_again_computes_once(open_dock, lab_folder):
    viewer, workspace, dock = open_dock(lab_folder)
    go = threading.Event()
    write(child(dock, "transform_angle_yx"), "3", enter=True)
    workspace.submit(lambda _: go.wait(20))
    for _ in range(3):
        QTest.keyClick(dock, Qt.Key.Key_Return, CTRL)
    go.set()
    wait_for(lambda: len(workspace.computing.queue.computations))
    for _ in range(3):
        QTest.keyClick(dock, Qt.Key.Key_Return, CTRL)
    wait_for(lambda: "✓ computed" in sets(dock)[-1], 60)
    assert len(workspace.computing.queue.computations) == 1
    assert len(sets(dock)) == 2
    viewer.window.resize(640, 600)
    (one,) = workspace.computing.queue.computations
    line = child(dock, f"compute_state_{one.number}")
    wait_for(lambda: "\n" in line.text())  # where it does not fit into one line
    width = line.fontMetrics().horizontalAdvance
    assert all(width(part) <= line.width() for part in line.text().split("\n"))


def test_what_is_set_while_a_save_is_on_its_way_is_not_taken_for_saved(
    open_dock, lab_folder
):
    _, workspace, dock = open_dock(lab_folder)
    go = threading.Event()
    write(child(dock, "transform_angle_yx"), "3", enter=True)
    workspace.submit(lambda _: go.wait(20))
    press(child(dock, "transform_compute"))
    write(child(dock, "transform_angle_yx"), "8", enter=True)
    go.set()
    wait_for(lambda: len(sets(dock)) == 2 and "✓ computed" in sets(dock)[1], 60)
    assert "turned 3°" in sets(dock)[1]
    assert dock.model.draft.angles["yx"] == 8
    settled(dock)
    assert child(dock, "transform_save").isEnabled()
    press(child(dock, "transform_save"))
    wait_for(lambda: len(sets(dock)) == 3)
    assert "turned 8°" in sets(dock)[2]


def test_a_save_goes_on_when_something_else_is_shown(open_dock, lab_folder):
    viewer, workspace, dock = open_dock(lab_folder)
    go = threading.Event()
    write(child(dock, "transform_angle_yx"), "3", enter=True)
    layer = viewer.add_image(dock._loaded.volume.data[0].copy(), name="other")
    workspace.submit(lambda _: go.wait(20))
    press(child(dock, "transform_compute"))
    dock.show_layer(layer)
    wait_for(lambda: dock.source.name == "other")
    go.set()
    with lab_folder.connect() as lab:
        wait_for(lambda: len(lab.FixedBrainTransform & KEY), 60)


def test_what_is_taken_up_goes_to_the_set_it_was_of(open_dock, lab_folder, tmp_path):
    first = TransformParameters(downsample=(1.0, 1.0, 0.4, 0.4))
    second = TransformParameters(downsample=(0.5, 1.0, 0.2, 0.2))
    with lab_folder.connect() as lab:
        for one in (first, second):
            lab.brains.add_transform_parameters(KEY, one)
    _, _, dock = open_dock(lab_folder)
    listed = child(dock, "transform_sets")
    listed.setCurrentRow(1)
    write(child(dock, "transform_angle_yx"), "3", enter=True)
    listed.setCurrentRow(2)  # a look at another one forgets nothing
    pause(0.3)
    dock.show_brain(KEY)
    wait_for(lambda: said(dock, "question_text").endswith("turned 3°."))
    assert listed.currentRow() == 2
    press(child(dock, "transform_kept_yes"))
    assert listed.currentRow() == 1
    press(child(dock, "transform_save"))
    wait_for(lambda: "turned 3°" in sets(dock)[1])
    assert sets(dock)[2] == "1 · 100 µm"


def test_a_save_that_failed_can_be_tried_again(open_dock, lab_folder):
    first = TransformParameters(downsample=(1.0, 1.0, 0.4, 0.4))
    with lab_folder.connect() as lab:
        lab.brains.add_transform_parameters(KEY, first)
        _, _, dock = open_dock(lab_folder)
        write(child(dock, "transform_angle_yx"), "3", enter=True)
        theirs = TransformParameters(downsample=(0.5, 1.0, 0.2, 0.2))
        lab.brains.save_transform_parameters(KEY | {"transform_id": 0}, first, theirs)
    press(child(dock, "transform_save"))
    wait_for(lambda: dock.findChild(QWidget, "transform_conflict_no"))
    press(child(dock, "transform_conflict_no"))
    assert child(dock, "transform_save").isEnabled()
    asked = dock.findChild(QLabel, "question_text").text()
    assert "M2" in asked
