"""Labels edited at random, killed at random moments, while somebody else saves others.

One process edits a label set (undo, redo and saves among it) and journals every edit as
the dock does; it is killed with SIGKILL. Another one labels other body parts of the
same set. What the journal gives back on top of the rows is then exactly what the first
had, and all of what the second had.

Environment
-----------
LABDATA_NAPARI_EDIT_SEQUENCES
    How many sequences are tried; 3 when not given.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from killing import might_be, process, told_until
from labdata_napari.core import pose_edits
from labdata_napari.core.history import History
from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_draft import Keypoint, PoseDraft, State
from labdata_napari.lab.journal import Journal
from labdata_napari.lab.journal_poses import POSES
from labdata_napari.lab.journal_target import Target
from labelling import add_video, frames_of
from labs import postgresql

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="forks and kills the POSIX way"
)
SEQUENCES = int(os.environ.get("LABDATA_NAPARI_EDIT_SEQUENCES", "3"))
EDITS = ("place", "place", "hide", "delete", "copy", "between", "undo", "redo", "save")
OWN = ("a nose", "a tail")
TARGET = Target(
    "mysql://me@server:3306", "lab_data", None, "Set", {"pose_label_set_num": 0}
)
State_ = dict[str, list[Any]]


def said(draft: PoseDraft, letter: str) -> State_:
    """All that is known of the labels of one of both."""
    places = [
        (frame, name)
        for frame in draft.labels.frames
        for name in draft.labels.bodyparts
        if name.startswith(letter)
    ]
    return {
        f"{frame.frame_num} {name}": [k.x, k.y, int(k.state or 0), k.source]
        for (frame, name), k in draft.at(places).items()
        if k.state is not State.ABSENT
    }


def own(draft: PoseDraft) -> PoseDraft:
    labels = PoseLabels(OWN, draft.labels.frames).with_values_of(draft.labels)
    sources = {at: n for at, n in draft.sources.items() if at[1] in OWN}
    return PoseDraft(labels, frozenset(), sources)


def edit(draft: PoseDraft, what: str, dice: random.Random) -> Any:
    frame = dice.choice(draft.labels.frames)
    at = frame, dice.choice(OWN)
    if what == "place":
        return pose_edits.place(draft, at, dice.random() * 9, dice.random() * 9)
    if what == "hide":
        return pose_edits.occlude(draft, at)
    if what == "delete":
        return pose_edits.delete(draft, [at])
    copy = pose_edits.copy_previous if what == "copy" else pose_edits.interpolate
    return copy(own(draft), frame, overwrite=True)


def label(
    tell: Callable[[str, Any], None],
    lab: Any,
    folder: Path,
    edits: list[str],
    seed: int,
) -> None:
    """Edit, journal and tell; in a process that is killed."""
    dice = random.Random(seed)
    draft = baseline = lab.poses.load_draft(0)
    history: History[PoseDraft] = History()
    journal = Journal(folder, TARGET, POSES)
    for word in ("will", "did"):
        tell(word, said(draft, "a"))
    for what in edits:
        if what == "save":
            lab.poses.save_draft(0, baseline, draft)
            baseline = draft
        elif what == "undo":
            draft, history = history.undo(draft)
        elif what == "redo":
            draft, history = history.redo(draft)
        elif (made := edit(draft, what, dice)) is not None:
            history = history.did(made, draft, merge_key=made.merge_key)
            draft = made.apply(draft)
        tell("will", said(draft, "a"))
        journal.record(draft, baseline)
        tell("did", said(draft, "a"))
    tell("end", None)
    time.sleep(60)


def label_beside(tell: Callable[[str, Any], None], lab: Any, seed: int) -> None:
    """Label body parts of one's own, whatever others do."""
    dice = random.Random(seed)
    draft = lab.poses.load_draft(0)
    for _ in range(4):
        at = dice.choice(draft.labels.frames), dice.choice(["b ear", "b paw"])
        made = pose_edits.place(draft, at, dice.random() * 9, dice.random() * 9)
        after = made.apply(draft)
        lab.poses.save_draft(0, draft, after)  # a conflict is told as an error
        draft = after
    tell("did", said(draft, "b"))


@postgresql
def test_no_label_is_lost_whenever_the_program_is_killed(
    lab: Any, connect_again: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "journal"
    frames = frames_of(add_video(lab), range(4))
    lab.poses.create_label_set("shared", "ana")
    lab.poses.make_tables()
    first = PoseDraft().with_keypoints(
        [(frame, OWN[0]) for frame in frames], [Keypoint(1, 2)] * 4
    )
    lab.poses.add_frames(0, {}, first)

    @settings(
        max_examples=SEQUENCES,
        deadline=None,
        database=None,
        phases=(Phase.generate,),  # a kill comes at no moment twice
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.lists(st.sampled_from(EDITS), min_size=4, max_size=30),
        st.integers(0, 30),
        st.floats(0, 0.01),
        st.integers(0, 2**32),
    )
    def check(edits: list[str], count: int, pause: float, seed: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)

        def labelling(tell: Any) -> None:
            label(tell, connect_again(), folder, ["place", *edits], seed)

        def beside(tell: Any) -> None:
            label_beside(tell, connect_again(), seed)

        with process(labelling) as (one, told), process(beside) as (_, other):
            heard = told_until(told, one, count, pause)
            theirs = json.loads(other.readline())
        assert theirs[0] == "did", theirs

        # the next start: the rows as they are, and what the journal offers for them
        rows = lab.poses.load_draft(0)
        journal = Journal(folder, TARGET, POSES)
        offer = journal.recover()
        draft = rows
        if offer is not None:
            made = offer.state.edit_for(rows)
            draft = rows if made is None else made.apply(rows)
            journal.adopt(offer, draft, rows)
        mine = said(draft, "a")
        assert mine in might_be(heard)
        assert said(rows, "b") == theirs[1]

        # saved, rows and journal agree
        lab.poses.save_draft(0, rows, draft)
        journal.record(draft, draft)
        journal.close()
        stored = lab.poses.load_draft(0)
        assert said(stored, "a") == mine
        assert said(stored, "b") == theirs[1]
        assert Journal(folder, TARGET, POSES).recover() is None

    check()
