"""The server dies while the Pose dock saves, and comes back: nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from hands import canvas, child, drag, wait_for
from labdata_napari import connect, settings
from labdata_napari.core.pose import PoseLabels
from labdata_napari.lab import connections, wires
from labdata_napari.widgets.connection import Profile
from labelling import PARTS, add_video, frames_of, picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

pytestmark = [pytest.mark.gui, pytest.mark.mysql]
PATIENCE_S = 1.0
CTRL = Qt.KeyboardModifier.ControlModifier
HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.PATIENCE, str(PATIENCE_S))
    monkeypatch.setattr(wires, "CONNECT_S", PATIENCE_S)
    monkeypatch.setattr(connections, "_PING_S", PATIENCE_S)


@dataclass(frozen=True)
class MortalLab:
    """A lab on a server that nobody but the test starts again, with a label set."""

    server: Any
    num: int

    @property
    def profile(self) -> Profile:
        here = self.server.parameters
        url = f"mysql://{here['user']}@{HOST}:{here['port']}"
        return Profile("Mortal lab", url, "lab_data", password=here["password"])

    def connect(self) -> Lab:
        return connect(self.profile.url, password=self.profile.password)

    def rows(self) -> PoseLabels:
        """What the server keeps, as somebody else reads it."""
        with self.connect() as lab:
            return lab.poses.load_labels(self.num)


@pytest.fixture
def mortal(
    mysql_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MortalLab]:
    monkeypatch.setenv(settings.LOCAL_PATHS, str(tmp_path))
    place = mysql_server.with_tables()
    # else it writes its log once a second
    place.sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    with MortalLab(mysql_server, 0).connect() as lab:
        frames = frames_of(add_video(lab), [3, 10])
        num = lab.poses.create_label_set("for tests", "ana")
        xy = np.array([[[30.25, 40], [100, 80]], [[50, 60.5], [90, 20]]])
        images = {frame: picture(frame.frame_num, (120, 160)) for frame in frames}
        lab.poses.add_frames(num, images, PoseLabels(PARTS, tuple(frames), xy))
    yield MortalLab(mysql_server, num)
    if not mysql_server.is_running:  # which others use, too
        mysql_server.start()
    place.close()


def journal_files() -> list[Path]:
    return sorted((settings.data_home() / "journal").glob("*.jsonl"))


def test_what_was_not_saved_stays_until_the_server_is_back(
    open_workspace: Any, mortal: MortalLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, workspace = open_workspace(mortal, show=True)
    viewer.window.resize(1000, 700)
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Poses")
    posing = workspace.posing
    posing.open_set(mortal.num)
    wait_for(lambda: posing.work is not None and posing.work.view.is_current)
    session, before = posing.work.session, mortal.rows()
    status, badge = child(dock, "pose_status"), child(dock, "pose_badge")

    def save(expected: str) -> None:
        QTest.keyClick(canvas(viewer), Qt.Key.Key_S, CTRL)
        wait_for(lambda: expected in status.text())

    def move(part: str) -> None:
        mark = next(m for m in session.marks() if m.bodypart == part)
        unsaved = session.unsaved
        drag(viewer, (mark.y, mark.x), (mark.y + 15, mark.x - 12))
        assert session.unsaved == unsaved + 1

    move("nose")
    [kept] = wait_for(journal_files)
    connection_class = connections.Connection
    commit = connection_class.commit_transaction

    def die(connection: Any) -> None:
        monkeypatch.setattr(connection_class, "commit_transaction", commit)
        mortal.server.kill()
        commit(connection)

    monkeypatch.setattr(connection_class, "commit_transaction", die)
    save("Save again when it is back: what arrived is not written twice.")
    assert (session.unsaved, badge.text()) == (1, "● 1 unsaved")
    move("tail")  # work goes on
    save("Nothing was saved. ")
    attempts: list[str] = []
    workspace.changed.connect(lambda state: attempts.append(state.problem))
    wait_for(lambda: len(attempts) > 1)  # each is told to the docks
    assert f"is lost and tried again: No database listens at '{HOST}" in status.text()
    assert (session.unsaved, badge.text()) == (2, "● 2 unsaved")
    assert journal_files() == [kept]

    mortal.server.start()
    assert not mortal.rows().differences_to(before)
    save(f"Saved in label set {mortal.num}: 2 moved, 2 unchanged.")
    assert (session.unsaved, badge.text()) == (0, "✓ all saved")
    wait_for(lambda: not journal_files())
    now = mortal.rows()
    assert not now.differences_to(session.draft.labels)
    moved = {(session.frame, part) for part in PARTS}
    changes = before.changes_to(now)
    assert {change.after.place for change in changes.changed} == moved
    assert not changes.added
    assert not changes.removed
