"""A workspace on a real embedded lab: connecting, asking, failing, closing."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import pytest
from qtpy.QtCore import QObject

from labdata_napari.errors import Cancelled, ConnectionFailed, ConnectionLost, NotFound
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.widgets.connection import Connection, Phase, Profile
from labdata_napari.widgets.rows import find_entries, row_opening
from labdata_napari.widgets.workspace import workspace_for


class Asker(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []
        self.errors: list[Exception] = []

    def done(self, answer: object) -> None:
        self.answers.append(answer)

    def failed(self, error: Exception) -> None:
        self.errors.append(error)


@pytest.fixture
def asker(qapp) -> Asker:
    return Asker()


def ask(workspace, qtbot, asker, function, *args):
    job = workspace.submit(function, *args, done=asker.done, failed=asker.failed)
    qtbot.waitUntil(lambda: job.is_over, timeout=10_000)


def is_stopped(url: str) -> bool:
    root = Path(url.removeprefix("embedded:"))
    return EmbeddedPostgres(root).status().state == "stopped"


def test_the_connection_is_described_in_one_line(open_workspace, shared_lab):
    _, workspace = open_workspace(shared_lab)
    line = workspace.connection.line
    assert line.startswith("Test lab · lab_data · on this computer · as ")
    assert line.endswith("read and write")


def test_the_lab_answers_on_its_own_thread_in_order(
    open_workspace, shared_lab, qtbot, asker
):
    _, workspace = open_workspace(shared_lab)
    ask(workspace, qtbot, asker, lambda lab: threading.get_ident())
    ask(workspace, qtbot, asker, lambda lab: threading.get_ident())
    ask(workspace, qtbot, asker, find_entries)
    first, second, entries = asker.answers
    assert first == second != threading.get_ident()
    assert [entry.subject for entry in entries] == ["M1", "M2"]


def test_a_key_that_is_not_there_comes_back_as_a_sentence(
    open_workspace, shared_lab, qtbot, asker
):
    _, workspace = open_workspace(shared_lab)
    key = {"subject_name": "M9", "session_name": "x", "dataset_name": "y"}
    ask(workspace, qtbot, asker, row_opening, "FixedBrain", key)
    assert isinstance(asker.errors[0], NotFound)
    assert "M9" in str(asker.errors[0])


def test_without_a_lab_a_question_says_what_to_do(make_napari_viewer, qtbot, asker):
    workspace = workspace_for(make_napari_viewer())
    ask(workspace, qtbot, asker, find_entries)
    assert isinstance(asker.errors[0], ConnectionFailed)
    assert "choose one" in str(asker.errors[0])


def test_a_server_that_is_down_leaves_a_sentence_and_reconnecting_helps(
    make_napari_viewer, qtbot, shared_lab
):
    workspace = workspace_for(make_napari_viewer())
    states: list[Connection] = []
    workspace.changed.connect(states.append)
    workspace.connect(Profile("Nowhere", "mysql://me@127.0.0.1:1", "lab_data"))
    qtbot.waitUntil(lambda: workspace.connection.phase is Phase.FAILED, timeout=15_000)
    assert "127.0.0.1" in workspace.connection.problem
    assert workspace.connection.line == "Nowhere: not connected"
    workspace.connect(shared_lab.profile)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=15_000)
    workspace.reconnect()
    qtbot.waitUntil(lambda: states[-1].is_open and len(states) > 4, timeout=15_000)
    assert [s.phase.value for s in states] == [
        "connecting",
        "failed",
        "connecting",
        "open",
        "connecting",
        "open",
    ]


def test_the_lab_chosen_last_wins(make_napari_viewer, qtbot, shared_lab):
    workspace = workspace_for(make_napari_viewer())
    workspace.connect(Profile("Nowhere", "mysql://me@127.0.0.1:1", "lab_data"))
    workspace.connect(shared_lab.profile)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
    assert workspace.connection.profile == shared_lab.profile


def test_a_password_is_in_no_description():
    profile = Profile("x", "mysql://me@host", password="hunter2")
    assert "hunter2" not in repr(profile)
    assert "hunter2" not in repr(Connection(Phase.CONNECTING, profile))


def test_a_viewer_and_its_proxies_share_one_workspace(make_napari_viewer_proxy):
    proxy = make_napari_viewer_proxy()
    workspace = workspace_for(proxy)
    assert workspace_for(proxy.__wrapped__) is workspace
    assert workspace_for(proxy) is workspace


def test_closing_stops_the_server_and_what_still_waits(
    open_workspace, lab_folder, qtbot, asker
):
    _, workspace = open_workspace(lab_folder)
    assert not is_stopped(lab_folder.url)
    slow = workspace.submit(lambda lab: time.sleep(0.3), done=asker.done)
    late = workspace.submit(find_entries, done=asker.done, failed=asker.failed)
    workspace.close()
    qtbot.waitUntil(lambda: slow.is_over and late.is_over, timeout=5000)
    assert isinstance(asker.errors[0], Cancelled)
    qtbot.waitUntil(lambda: is_stopped(lab_folder.url), timeout=10_000)


def test_the_server_goes_with_a_viewer_that_is_forgotten(lab_folder, qtbot):
    from napari.components import ViewerModel

    viewer = ViewerModel()
    workspace = workspace_for(viewer)
    workspace.connect(lab_folder.profile)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=20_000)
    del viewer
    gc.collect()
    qtbot.waitUntil(lambda: is_stopped(lab_folder.url), timeout=10_000)


def test_a_server_that_was_stopped_is_started_for_the_next_question(
    open_workspace, lab_folder, qtbot, asker
):
    _, workspace = open_workspace(lab_folder)
    root = Path(lab_folder.url.removeprefix("embedded:"))
    EmbeddedPostgres(root).stop(force=True)
    ask(workspace, qtbot, asker, find_entries)
    assert isinstance(asker.errors[0], ConnectionLost)  # not said to be repeatable
    ask(workspace, qtbot, asker, find_entries)
    assert len(asker.answers[0]) == 2
    qtbot.waitUntil(lambda: workspace.connection.phase is Phase.OPEN, timeout=5000)


def test_nothing_starts_or_reaches_the_viewer_once_its_window_is_closed(
    open_browser, shared_lab, qtbot, asker
):
    viewer, workspace, _ = open_browser(shared_lab, show=True)
    assert workspace.viewer is viewer
    viewer.close()
    assert workspace.viewer is None
    job = workspace.background(asker.answers.append, 1, failed=asker.failed)
    qtbot.waitUntil(lambda: job.is_over, timeout=5000)
    assert not asker.answers
    assert isinstance(asker.errors[0], Cancelled)


def test_a_window_that_is_hidden_and_shown_again_keeps_its_lab(
    open_browser, shared_lab
):
    viewer, workspace, _ = open_browser(shared_lab, show=True)
    window = viewer.window._qt_window
    window.hide()
    window.show()
    assert workspace.viewer is viewer
    assert workspace.connection.is_open
