"""Unsaved labels on disk: small for any set, exact, and put on top of rows."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import ABSENT, TRACKED, Keypoint, PoseDraft, State
from labdata_napari.core.pose_unsaved import unsaved
from labdata_napari.lab.journal import Journal, Recovered
from labdata_napari.lab.journal_poses import POSES
from labdata_napari.lab.journal_target import Target

if TYPE_CHECKING:
    from pathlib import Path

TARGET = Target(
    "mysql://ann@host:3306", "lab_data", None, "Set", {"pose_label_set_num": 3}
)
FRAMES = tuple(FrameKey("M1", "s", "d", "é", n) for n in range(500))
PARTS = tuple(f"part {n}" for n in range(20))
NOSE, TAIL = (FRAMES[7], PARTS[0]), (FRAMES[400], PARTS[19])
NEW = FRAMES[0]._replace(frame_num=9000)
HIDDEN = Keypoint(state=State.OCCLUDED)


def a_set() -> PoseDraft:
    values = np.random.default_rng(0).random((500, 20, 2)) * 600
    return PoseDraft(PoseLabels(PARTS, FRAMES, values))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def journal_of(folder: Path) -> Journal[Any, Any, Any]:
    return Journal(folder, TARGET, POSES)


def recovered(folder: Path) -> Recovered[Any]:
    journal = journal_of(folder)
    found = journal.recover()
    journal.close()
    assert found is not None
    return found


def test_what_was_recorded_last_comes_back_exactly(folder: Path) -> None:
    baseline = a_set()
    journal = journal_of(folder)
    draft = baseline
    for at, keypoint in (
        (NOSE, Keypoint(0.1, 1 / 3, source=TRACKED)),
        (TAIL, HIDDEN),
        ((NEW, "Nase 鼻"), Keypoint(5.5, 6, 7, State.OCCLUDED, source=4)),
        (NOSE, Keypoint(0.1, 1 / 7)),
        ((FRAMES[1], PARTS[1]), ABSENT),
    ):
        draft = draft.with_keypoints([at], [keypoint])
        journal.record(draft, baseline)
    [file] = folder.glob("*.jsonl")
    lines = file.read_bytes().splitlines()
    assert max(map(len, lines)) < 400  # of ten thousand labels
    journal.close()
    state = recovered(folder).state
    assert state == unsaved(baseline, draft)
    assert state.words == (
        "1 moved, 1 added, 1 removed, 1 marked, 1 new frame, 1 new body part"
    )
    assert state.edit_for(baseline).apply(baseline) == draft
    assert state.edit_for(draft) is None
    assert not state.missing_from(draft)


def test_labels_go_on_top_of_rows_that_others_changed(folder: Path) -> None:
    baseline = a_set()
    mine = baseline.with_keypoints([NOSE, TAIL], [Keypoint(1, 1), Keypoint(2, 2)])
    theirs = baseline.with_keypoints(
        [NOSE, TAIL, (FRAMES[3], PARTS[3])], [Keypoint(2, 2), Keypoint(3, 3), HIDDEN]
    ).with_keypoints([TAIL], [Keypoint(2, 2)])
    journal = journal_of(folder)
    journal.record(mine, baseline)
    journal.close()
    state = recovered(folder).state
    assert state.changed_in(theirs) == (NOSE,)
    assert state.missing_from(theirs).words == "1 moved"
    merged = state.edit_for(theirs).apply(theirs)
    assert merged[NOSE] == Keypoint(1, 1)
    assert merged[FRAMES[3], PARTS[3]] == HIDDEN


def test_what_was_undone_or_saved_leaves_no_file(folder: Path) -> None:
    baseline = a_set()
    one = baseline.with_keypoints([NOSE], [Keypoint(1, 1)])
    both = one.with_keypoints([TAIL], [ABSENT])
    journal = journal_of(folder)
    journal.record(baseline, baseline)
    assert not folder.exists()
    for draft in (one, both, one):
        journal.record(draft, baseline)
    journal.close()
    assert recovered(folder).state == unsaved(baseline, one)
    journal.record(both, one)  # saved in between: another baseline
    journal.close()
    found = journal_of(folder)
    offered = [found.recover(), found.recover()]
    assert [list(offer.state.after) for offer in offered] == [[TAIL], [NOSE]]
    assert offered[0].state.before[TAIL] == baseline[TAIL]
    journal.record(both, both)
    for offer in offered:
        found.dismiss(offer)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("line", ["{}", '{"set": [["M1", "s"]]}', '{"gone": [[1, 2]]}'])
def test_a_damaged_line_gives_what_is_before_it(folder: Path, line: str) -> None:
    baseline = a_set()
    journal = journal_of(folder)
    journal.record(baseline.with_keypoints([NOSE], [Keypoint(1, 1)]), baseline)
    journal.close()
    [file] = folder.glob("*.jsonl")
    whole = file.read_text()
    file.write_text(f"{whole}{line}\n{whole.splitlines()[1]}\n")
    found = recovered(folder)
    assert list(found.state.after) == [NOSE]
    assert "damaged" in found.problem


KILLED = """
import sys
from pathlib import Path
import numpy as np
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import Keypoint, PoseDraft
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_poses import POSES
from labdata_napari.lab.journal_target import Target

frame = FrameKey("M1", "s", "d", "é", 7)
baseline = PoseDraft(PoseLabels(("part 0",), (frame,), np.ones((1, 1, 2))))
key = {"pose_label_set_num": 3}
target = Target("mysql://ann@host:3306", "lab_data", None, "Set", key)
journal = Journal(Path(sys.argv[1]), target, POSES)
n = 1
while True:
    n += 1
    edited = baseline.with_keypoints([(frame, "part 0")], [Keypoint(n, n)])
    journal.record(edited, baseline)
    print(n, flush=True)
"""


def test_a_killed_process_loses_nothing_it_recorded(folder: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(25)]
    child.send_signal(signal.SIGKILL)
    told += [line for line in child.stdout if line.endswith("\n")]
    child.wait()
    here = recovered(folder).state.after[NOSE]
    assert here.x in (int(told[-1]), int(told[-1]) + 1)
