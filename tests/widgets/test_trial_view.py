"""What *Test connection* found stays inside the window, however much it is."""

from __future__ import annotations

import os

import pytest
from qtpy.QtWidgets import QLabel

from labdata_napari.lab.saved_labs import SavedLab
from labdata_napari.widgets.trial_view import TrialView
from labdata_napari.widgets.workspace import workspace_for

pytestmark = pytest.mark.gui


def test_a_long_list_is_scrolled_and_a_cleared_one_takes_no_room(
    qtbot, shared_lab, monkeypatch, tmp_path, make_napari_viewer
):
    folders = (str(tmp_path / f"disk {n} of the lab") for n in range(40))
    monkeypatch.setenv("LABDATA_NAPARI_LOCAL_PATHS", os.pathsep.join(folders))
    viewer = make_napari_viewer()
    trial = TrialView(workspace_for(viewer))
    trial.setStyleSheet(viewer.window._qt_window.styleSheet())
    qtbot.addWidget(trial)
    trial.resize(320, 100)
    with qtbot.waitSignal(trial.ended, timeout=20_000):
        trial.start(SavedLab("", shared_lab.url), None)
    qtbot.wait(50)
    said = trial.findChildren(QLabel, "trial_sentence")
    assert "disk 39 of the lab" in said[-1].text()
    found = trial.widget()
    assert trial.height() < 400 < found.height()
    # all of it can be scrolled to, and no row is higher than its text needs
    assert found.height() == found.heightForWidth(trial.viewport().width())
    sign = trial.findChildren(QLabel, "trial_sign")[-1]
    assert sign.sizeHint().height() < 1.3 * sign.fontMetrics().lineSpacing()
    bar = trial.verticalScrollBar()
    assert bar.isVisibleTo(trial)
    assert bar.maximum() == found.height() - trial.viewport().height()
    trial.clear()
    assert trial.isHidden()
