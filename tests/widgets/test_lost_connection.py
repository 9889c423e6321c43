"""The network goes and comes back under an open window, on both kinds of server."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QLabel, QPushButton

from annotating import KEY
from embedded_servers import end_all
from far_labs import TRACK, UM, FarLab, write_brain
from labdata_napari import settings
from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.errors import ConnectionLost, OutcomeUnknown
from labdata_napari.lab import connections, wires
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.widgets.connection import Connection, Phase, Profile
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.record_table import RecordTableView
from labdata_napari.widgets.recovery import IS_BACK
from labdata_napari.widgets.rows import find_entries, save_annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labdata_napari.lab.lab import Lab

pytestmark = pytest.mark.gui
PATIENCE_S = 1.0


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.PATIENCE, str(PATIENCE_S))
    monkeypatch.setattr(wires, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(connections, "_PING_S", PATIENCE_S)


class Asker(QObject):
    """Asks a workspace and keeps what comes back."""

    def __init__(self, workspace: Any, qtbot: Any) -> None:
        super().__init__()
        self.workspace, self.qtbot = workspace, qtbot
        self.answers: list[Any] = []
        self.errors: list[Exception] = []
        self.states: list[Connection] = []
        self.told: list[str] = []
        workspace.changed.connect(self.states.append)
        workspace.status.connect(self.told.append)

    def take(self, answer: Any) -> None:
        self.answers.append(answer)

    def fail(self, error: Exception) -> None:
        self.errors.append(error)

    def submit(self, function: Any, *args: Any, on_loss: OnLoss = OnLoss.REPEAT) -> Any:
        return self.workspace.submit(
            function, *args, on_loss=on_loss, done=self.take, failed=self.fail
        )

    def ask(self, function: Any, *args: Any, on_loss: OnLoss = OnLoss.REPEAT) -> None:
        job = self.submit(function, *args, on_loss=on_loss)
        self.qtbot.waitUntil(lambda: job.is_over, timeout=15_000)

    def wait_for(self, phase: Phase) -> None:
        self.qtbot.waitUntil(
            lambda: self.workspace.connection.phase is phase, timeout=20_000
        )

    @property
    def phases(self) -> list[Phase]:
        return [state.phase for state in self.states]


@pytest.fixture
def asker(open_workspace: Any, far: FarLab, qtbot: Any) -> Asker:
    _, workspace = open_workspace(far)
    return Asker(workspace, qtbot)


# -- short losses are made good unseen -----------------------------------------


@pytest.mark.parametrize("how", ["killed", "dropped"])
def test_a_connection_that_broke_is_made_again_and_reads_are_sent_again(
    asker: Asker, far: FarLab, how: str
):
    if how == "killed":
        far.kill()
    else:
        far.relay.drop()
    asker.ask(find_entries)
    assert len(asker.answers[0]) == 2
    assert asker.phases == []  # no flicker
    assert asker.told == ["The connection to the lab was lost and is back."]


def test_an_idle_connection_that_fell_silent_is_noticed_before_it_is_used(
    asker: Asker, far: FarLab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "_IDLE_S", 0.0)
    far.relay.blackhole()
    far.relay.go_round()
    calls: list[int] = []

    def count(lab: Lab) -> int:
        calls.append(len(lab.Subject()))
        return len(calls)

    asker.ask(count, on_loss=OnLoss.TELL)
    assert asker.answers == [1]


def lose_within(far: FarLab, calls: list[str], losses: int) -> Callable[[Lab], str]:
    """Work that loses its connection between two questions, so many times."""

    def work(lab: Lab) -> str:
        calls.append("called")
        len(lab.Subject())
        if len(calls) <= losses:
            far.relay.drop()
        len(lab.Subject())
        return "done"

    return work


def test_what_may_be_repeated_is_repeated_once(asker: Asker, far: FarLab):
    calls: list[str] = []
    asker.ask(lose_within(far, calls, losses=1))
    assert (asker.answers, len(calls)) == (["done"], 2)
    calls.clear()
    asker.ask(lose_within(far, calls, losses=9))
    assert len(calls) == 2
    assert isinstance(asker.errors[0], ConnectionLost)
    asker.ask(find_entries)  # and it is back all the same
    assert len(asker.answers) == 2


def test_what_may_not_be_repeated_is_told(asker: Asker, far: FarLab):
    calls: list[str] = []
    asker.ask(lose_within(far, calls, losses=1), on_loss=OnLoss.TELL)
    assert len(calls) == 1
    assert isinstance(asker.errors[0], ConnectionLost)
    asker.ask(find_entries)
    assert len(asker.answers[0]) == 2


# -- writing -------------------------------------------------------------------


@pytest.mark.parametrize("questions_pass", [False, True])
def test_a_save_that_was_not_answered_is_compared_and_done_exactly_once(
    asker: Asker, far: FarLab, questions_pass: bool
):
    with far.connect() as theirs:
        baseline = theirs.brains.load_annotations(KEY)
        added = replace(TRACK, name=f"probe {questions_pass}")
        edited = AnnotationSet((*baseline, added))
        # the first COMMIT falls silent: before it arrives, or after
        monkeypatch = pytest.MonkeyPatch()
        commit = connections.Connection.commit_transaction

        def silent_commit(connection: Any) -> None:
            monkeypatch.undo()
            far.relay.blackhole(questions_pass=questions_pass)
            far.relay.go_round()
            commit(connection)

        monkeypatch.setattr(connections.Connection, "commit_transaction", silent_commit)
        asker.ask(save_annotations, None, KEY, baseline, edited)
        assert not asker.errors
        summary, rows = asker.answers[0]
        assert summary == f"1 added ({added.name})"
        assert rows.names == edited.names
        assert theirs.brains.load_annotations(KEY).names == edited.names


def test_an_unknown_outcome_stays_unknown_while_the_server_is_away(
    asker: Asker, far: FarLab
):
    def insert(lab: Lab) -> None:
        with lab.connection.transaction:
            far.relay.cut()
            lab.connection.commit_transaction()

    asker.ask(insert)
    assert isinstance(asker.errors[0], OutcomeUnknown)


# -- long losses are shown, and end by themselves ------------------------------


@contextlib.contextmanager
def one_more_brain(far: FarLab) -> Iterator[None]:
    """Somebody else imports a brain; it is gone again however the test ends."""
    session = "20260202_120000"
    file = far.store.parent / "more.ome.tif"
    write_brain(file)
    with far.connect() as theirs:
        import_brain(theirs, BrainImport(file, "M1", session, "brain", UM))
        try:
            yield
        finally:
            (theirs.Session & {"session_name": session}).delete(prompt=False)


def test_the_list_stays_while_the_server_is_away_and_is_fresh_when_it_is_back(
    open_browser: Any, far: FarLab, qtbot: Any
):
    viewer, workspace, browser = open_browser(far)
    asker = Asker(workspace, qtbot)
    table = browser.findChild(RecordTableView, "entry_table")
    line = browser.findChild(QLabel, "connection_text")
    problem = browser.findChild(QLabel, "connection_problem")
    again = browser.findChild(QPushButton, "reconnect_button")
    viewer.add_points([[1, 2]])
    far.relay.cut()
    asker.ask(find_entries)
    assert "is lost and tried again: No database listens" in str(asker.errors[0])
    asker.wait_for(Phase.LOST)
    assert line.toolTip() == "Far lab · connection lost · trying again"
    assert "No database listens" in problem.text()
    assert "nothing unsaved is lost" in problem.text()
    assert again.text() == "Try now"
    assert again.isVisibleTo(browser)
    assert table.records().total == 2
    assert len(viewer.layers) == 1
    with one_more_brain(far):
        far.relay.resume()
        asker.wait_for(Phase.OPEN)  # by itself
        assert not again.isVisibleTo(browser)
        assert problem.text() == ""
        assert asker.told[-1] == "The connection to the lab was lost and is back."
        qtbot.waitUntil(lambda: table.records().total == 3, timeout=5000)
        asker.told.clear()
        status = browser.findChild(QLabel, "browser_status")
        far.relay.drop()
        asker.ask(find_entries)
        assert status.text() == asker.told[-1] == IS_BACK
        far.relay.cut()
        asker.ask(find_entries)
        asker.wait_for(Phase.LOST)
        assert status.text() != IS_BACK  # it would contradict the line at the top
        far.relay.resume()
        asker.wait_for(Phase.OPEN)


def test_points_are_kept_while_the_server_is_away_and_saved_when_it_is_back(
    open_story: Any, far: FarLab
):
    story = open_story(far)
    story.new("probe 2")
    story.click_voxel(3, 10, 12)
    far.relay.cut()
    story.save()
    story.qtbot.waitUntil(
        lambda: "Nothing was saved" in story.text("annotation_status"), timeout=15_000
    )
    assert "is lost and tried again" in story.text("annotation_status")
    assert story.text("annotation_badge") == "● 1 unsaved change"
    story.click_voxel(6, 14, 16)  # work goes on
    far.relay.resume()
    story.qtbot.waitUntil(
        lambda: "The connection is back" in story.text("annotation_status"),
        timeout=15_000,
    )
    story.save()  # and the next click works
    story.saved()
    assert len(story.rows()["probe 2"]["xyz"]) == 2


def test_attempts_become_rarer_and_the_next_click_does_not_wait_for_them(
    asker: Asker, far: FarLab, monkeypatch: pytest.MonkeyPatch
):
    far.relay.cut()
    asker.ask(find_entries)
    asker.wait_for(Phase.LOST)
    asker.qtbot.waitUntil(
        lambda: any("Next attempt in 5 s" in s.problem for s in asker.states),
        timeout=10_000,
    )
    assert any("Next attempt in 2 s" in s.problem for s in asker.states)
    assert any("Trying now" in s.problem for s in asker.states)
    far.relay.resume()
    start = time.monotonic()
    asker.ask(find_entries)
    assert time.monotonic() - start < 3
    assert len(asker.answers[0]) == 2
    asker.wait_for(Phase.OPEN)
    assert asker.workspace.connection.user == "labdata"


def test_all_who_wait_share_one_attempt_and_other_work_goes_on(
    asker: Asker, far: FarLab
):
    far.relay.blackhole()
    start = time.monotonic()
    jobs = [asker.submit(find_entries) for _ in range(8)]
    other = asker.workspace.background(threading.get_ident, done=asker.take)
    asker.qtbot.waitUntil(lambda: other.is_over, timeout=1000)
    asker.qtbot.waitUntil(lambda: all(job.is_over for job in jobs), timeout=15_000)
    assert len(asker.errors) == 8
    # one silent answer, one silent attempt; not eight of them
    assert time.monotonic() - start < 4 * PATIENCE_S
    far.relay.resume()
    asker.ask(find_entries)
    assert len(asker.answers[-1]) == 2


def test_a_server_that_does_not_let_us_in_again_is_not_tried_for_ever(
    open_workspace: Any, far: FarLab, qtbot: Any
):
    reader = far.place.reader()
    _, workspace = open_workspace(_As(far, reader))
    asker = Asker(workspace, qtbot)
    mysql = far.place.backend == "mysql"
    user = reader["user"]
    far.place.sql(
        f"ALTER USER {user}@'127.0.0.1' IDENTIFIED BY 'new'"
        if mysql
        else f"ALTER ROLE {user} PASSWORD 'new'"
    )
    far.relay.drop()
    asker.ask(find_entries)
    asker.wait_for(Phase.FAILED)
    assert "does not accept the user" in workspace.connection.problem


@dataclass(frozen=True)
class _As:
    """A lab as another user."""

    lab: FarLab
    user: dict[str, str]

    @property
    def profile(self) -> Profile:
        url = self.lab.url.replace("labdata@", f"{self.user['user']}@")
        return replace(self.lab.profile, url=url, password=self.user["password"])


def test_another_lab_may_be_chosen_while_one_is_lost(
    asker: Asker, far: FarLab, shared_lab: Any
):
    far.relay.cut()
    asker.ask(find_entries)
    asker.wait_for(Phase.LOST)
    asker.workspace.connect(shared_lab.profile)
    asker.wait_for(Phase.OPEN)
    asker.qtbot.wait(1500)  # an attempt for the other lab would have come by now
    assert asker.workspace.connection.profile == shared_lab.profile
    assert Phase.LOST not in asker.phases[asker.phases.index(Phase.CONNECTING) :]


def test_an_embedded_server_that_was_killed_comes_back_with_the_next_question(
    open_workspace: Any, lab_folder: Any, qtbot: Any
):
    _, workspace = open_workspace(lab_folder)
    asker = Asker(workspace, qtbot)
    end_all(Path(lab_folder.url.removeprefix("embedded:")))
    asker.ask(find_entries)
    assert len(asker.answers[0]) == 2
    asker.wait_for(Phase.OPEN)
