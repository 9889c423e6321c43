"""The queue of computations in a window: with the mouse, beside other docks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QLabel, QPushButton, QToolButton

from hands import press
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.lab.compute_queue import State
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.lab.queue_file import Left, QueueFile
from labdata_napari.lab.server_locks import ServerLock
from labdata_napari.settings import data_home

pytestmark = pytest.mark.gui
HALF = TransformParameters(downsample=(1, 1, 0.25, 0.25))
LEFT = ComputeSettings(hemisphere="left")


def brain_key(lab: Any, subject: str = "M2") -> dict[str, Any]:
    [key] = (lab.FixedBrain & {"subject_name": subject}).keys()
    return dict(key)


def lock_of(lab: Any, key: dict[str, Any]) -> ServerLock:
    """As another program holds it that computes this transform."""
    name = f"{lab.FixedBrainTransform.full_table_name} {sorted(key.items())}"
    return ServerLock(lab.connection, name)


def states(workspace: Any) -> list[State]:
    return [one.state for one in workspace.computing.queue.computations]


def button(browser: Any, name: str) -> QPushButton:
    found = browser.findChild(QPushButton, name)
    assert found is not None, name
    return found


def test_two_are_computed_one_waits_one_is_cancelled_and_one_opened(
    open_browser, lab_folder, qtbot
):
    viewer, workspace, browser = open_browser(lab_folder, show=True)
    computing = workspace.computing
    with lab_folder.connect() as lab:
        brain = brain_key(lab)
        number = lab.brains.add_transform_parameters(brain, HALF)
        first = brain | {"transform_id": number}
        elsewhere = lock_of(lab, first)
        assert elsewhere.acquire()
        held = computing.compute(first, LEFT)
        other = computing.compute_new(brain_key(lab, "M1"), HALF)
        line = browser.findChild(QLabel, f"compute_state_{held}")
        qtbot.waitUntil(lambda: "by another program" in line.text(), timeout=20_000)
        assert states(workspace) == [State.RUNNING, State.WAITING]
        press(button(browser, f"compute_cancel_{held}"))
        qtbot.waitUntil(lambda: states(workspace)[1] is State.DONE, timeout=30_000)
        assert "cancelled; nothing was kept" in line.text()
        assert len(lab.FixedBrainTransform & brain) == 0
        press(browser.findChild(QToolButton, f"compute_forget_{held}"))
        assert [one.number for one in computing.queue.computations] == [other]
        zarr = ComputeSettings(hemisphere="left", ome_zarr=True)
        again = computing.compute(first, zarr)
        elsewhere.release()
        qtbot.waitUntil(
            lambda: states(workspace) == [State.DONE, State.DONE], timeout=30_000
        )
        row = (lab.FixedBrainTransform & first).fetch1()
        assert row["hemisphere"] == "left"
        assert row["file_path"].endswith(".ome.zarr.zip")
    assert not list((data_home() / "computing").glob("*.json"))
    with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
        press(button(browser, f"compute_open_{again}"))
    assert viewer.layers[-2].data[0].shape == (12, 15, 20)


def left_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob(".transform_*") if p.suffix != ".lock")


def test_a_window_that_is_closed_leaves_what_the_next_one_goes_on_with(
    open_workspace, open_browser, lab_folder, qtbot
):
    larger = TransformParameters(downsample=(4, 1, 4, 4))
    folder = Path(lab_folder.url.removeprefix("embedded:"))
    _, first = open_workspace(lab_folder)
    with lab_folder.connect() as lab:
        brain = brain_key(lab)
    names = [".transform_0.ome.tif.journal", ".transform_0.ome.tif.partial"]
    # cancelled, nothing stays
    number = first.computing.compute_new(brain, larger)
    qtbot.waitUntil(lambda: left_in(folder) == names, timeout=30_000)
    first.computing.cancel(number)
    qtbot.waitUntil(lambda: states(first) == [State.CANCELLED], timeout=30_000)
    assert not left_in(folder)
    # closed, all of it does
    first.computing.queue.again(number)
    qtbot.waitUntil(lambda: left_in(folder) == names, timeout=30_000)
    first.close()
    assert QThreadPool.globalInstance().waitForDone(30_000)
    assert left_in(folder) == names
    _, second, browser = open_browser(lab_folder, show=True)
    offer = browser.findChild(QLabel, "compute_left_behind")
    qtbot.waitUntil(offer.isVisible, timeout=10_000)
    press(button(browser, "compute_resume"))
    qtbot.waitUntil(lambda: states(second) == [State.DONE], timeout=30_000)
    assert not left_in(folder)
    with lab_folder.connect() as lab:
        [row] = (lab.FixedBrainTransform & brain).to_dicts()
    assert row["shape"].tolist() == [48, 2, 240, 320]


def test_what_fails_says_why_and_may_be_tried_again(open_browser, lab_folder, qtbot):
    _, workspace, browser = open_browser(lab_folder, show=True)
    nothing = TransformParameters(crop=((100, None), None, None, None))
    with lab_folder.connect() as lab:
        number = workspace.computing.compute_new(brain_key(lab), nothing)
    qtbot.waitUntil(lambda: states(workspace) == [State.FAILED], timeout=20_000)
    line = browser.findChild(QLabel, f"compute_state_{number}").text()
    assert "failed: The crop" in line
    press(button(browser, f"compute_try_{number}"))
    assert states(workspace) == [State.RUNNING]
    qtbot.waitUntil(lambda: states(workspace) == [State.FAILED], timeout=20_000)


def test_what_an_earlier_window_left_is_gone_on_with(open_browser, lab_folder, qtbot):
    with lab_folder.connect() as lab:
        brain = brain_key(lab)
        name = (lab.url, lab.name, lab.project)
    gone = QueueFile(data_home() / "computing")
    gone.keep([Left(name, brain, "M2 brain, new transform", HALF, LEFT, True)])
    gone.close()
    _, workspace, browser = open_browser(lab_folder, show=True)
    offer = browser.findChild(QLabel, "compute_left_behind")
    qtbot.waitUntil(offer.isVisible, timeout=10_000)
    assert offer.text() == "napari ended while it computed M2 brain, new transform."
    press(button(browser, "compute_resume"))
    assert not offer.isVisible()
    qtbot.waitUntil(lambda: states(workspace) == [State.DONE], timeout=30_000)
    with lab_folder.connect() as lab:
        assert (lab.FixedBrainTransform & brain).fetch1("hemisphere") == "left"
    assert not list((data_home() / "computing").glob("*.json"))
