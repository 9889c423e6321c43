"""A server that takes its time: the first line says so, and stops saying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtWidgets import QWidget

from labdata_napari.widgets import waiting
from labdata_napari.widgets.connection import Phase
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.rows import find_entries

if TYPE_CHECKING:
    from far_labs import FarLab

pytestmark = pytest.mark.gui


def test_a_silent_server_is_told_calmly_until_it_answers(
    open_browser: Any, far: FarLab, qtbot: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(waiting, "PATIENCE_S", 1.0)
    _, workspace, browser = open_browser(far, show=True)
    line = browser.findChild(QWidget, "connection_text")
    before, states = line.text(), []
    workspace.changed.connect(states.append)
    qtbot.wait(600)
    assert line.text() == before
    far.relay.blackhole()
    job = workspace.submit(find_entries, on_loss=OnLoss.REPEAT)
    qtbot.waitUntil(lambda: "no answer yet, asked 1 s ago" in line.text(), timeout=5000)
    qtbot.waitUntil(lambda: "asked 2 s ago" in line.text(), timeout=3000)
    assert "go on working" in line.toolTip()
    assert workspace.connection.phase is Phase.OPEN
    assert not job.is_over
    far.relay.resume()
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)
    assert line.text() == before
    assert line.toolTip() == before
    assert states == []  # no list was read again for it
