"""Edits of labels: each leads there and back, in any order, through a line too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdata_napari.core.history import History
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import (
    COPIED,
    INTERPOLATED,
    MANUAL,
    Keypoint,
    PoseDraft,
    State,
)
from labdata_napari.core.pose_edits import (
    accept,
    copy_previous,
    delete,
    interpolate,
    occlude,
    place,
    read_edit,
)
from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from labdata_napari.core.pose_edits import SetKeypoints

VIDEO = ("M1", "20260101_120000", "pose", "cam")
ONE, TWO, THREE = (FrameKey(*VIDEO, number) for number in (10, 20, 30))
SIDE = FrameKey(*VIDEO[:3], "side", 15)
PARTS = ("nose", "tail", "ear")
NAN = np.nan


def start() -> PoseDraft:
    values = np.full((4, 3, 2), NAN)
    values[0, 0], values[0, 1] = (10, 20), (30, 40)
    values[2, 0] = 20, 60
    values[3, 2] = 1, 2
    return PoseDraft(PoseLabels(PARTS, (ONE, TWO, THREE, SIDE), values))


def predictions() -> Predictions:
    xy = np.arange(40 * 2 * 2.0).reshape(40, 2, 2)
    likelihood = np.ones((40, 2))
    likelihood[:, 1] = 0.25
    return Predictions.of(("nose", "tail"), xy, likelihood, model_num=3)


def test_a_label_is_set_moved_hidden_and_taken_away() -> None:
    draft, at = start(), (TWO, "nose")
    draft = place(draft, at, 5, 6).apply(draft)
    assert draft[at] == Keypoint(5, 6)
    assert place(draft, at, 7, 8).words == "move nose"
    draft = occlude(draft, at).apply(draft)
    assert draft[at] == Keypoint(5, 6, state=State.OCCLUDED)
    draft = place(draft, at, 7, 8).apply(draft)
    assert draft[at].state is State.OCCLUDED  # where it must be behind the tail
    draft = occlude(draft, at).apply(draft)
    assert draft[at] == Keypoint(7, 8)
    gone = delete(draft, [at, (TWO, "tail")])
    assert gone.words == "delete nose"
    draft = gone.apply(draft)
    assert draft[at].state is State.ABSENT
    assert delete(draft, [at]) is None
    hidden = occlude(draft, at).apply(draft)
    assert hidden[at] == Keypoint(state=State.OCCLUDED)
    assert not draft.labels.changes_to(hidden.labels)  # no row can say it
    assert hidden.states()[1].tolist() == [State.OCCLUDED, 0, 0]
    assert occlude(hidden, at).apply(hidden)[at].state is State.ABSENT


def test_labels_are_copied_from_the_labelled_frame_before() -> None:
    draft = start()
    draft = place(draft, (TWO, "nose"), 0, 0).apply(draft)
    copied = copy_previous(draft, TWO)
    assert copied.words == "copy tail"
    assert copied.apply(draft)[TWO, "tail"] == Keypoint(30, 40, source=COPIED)
    over = copy_previous(draft, TWO, overwrite=True).apply(draft)
    assert over[TWO, "nose"] == Keypoint(10, 20, source=COPIED)
    assert copy_previous(draft, ONE) is None  # SIDE is another video
    assert copy_previous(draft, SIDE) is None


def test_labels_between_two_frames_lie_on_the_line() -> None:
    draft = start()
    edit = interpolate(draft, TWO._replace(frame_num=15))
    at = TWO._replace(frame_num=15), "nose"
    assert (edit.places, edit.keypoints) == (
        (at,),
        (Keypoint(12.5, 30, source=INTERPOLATED),),
    )
    assert interpolate(draft, THREE) is None


def test_predictions_are_accepted_with_their_model() -> None:
    draft = start()
    taken = accept(draft, THREE, predictions(), lowest=0.5, overwrite=True).apply(draft)
    assert taken[THREE, "nose"] == Keypoint(120, 121, source=3)
    assert taken[THREE, "tail"].state is State.ABSENT
    assert accept(draft, THREE, predictions(), lowest=0.5) is None
    beyond = THREE._replace(frame_num=99)
    assert accept(draft, beyond, predictions()) is None
    moved = place(taken, (THREE, "nose"), 1, 1).apply(taken)
    assert moved[THREE, "nose"].source == MANUAL


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": 1},
        {"state": State.VISIBLE},
        {"x": 1, "y": 2, "state": State.ABSENT},
    ],
)
def test_what_is_said_of_a_body_part_fits_together(wrong: dict) -> None:
    with pytest.raises(InvalidValue, match="give it x and y, or neither"):
        Keypoint(**wrong)


def an_edit(draft: PoseDraft, kind: int, where: int) -> SetKeypoints | None:
    frame = (ONE, TWO, THREE, SIDE)[where % 4]
    at = frame, PARTS[where % 3]
    made = (
        lambda: place(draft, at, where, kind),
        lambda: occlude(draft, at),
        lambda: delete(draft, [at, (frame, "nose")]),
        lambda: copy_previous(draft, frame, overwrite=bool(where % 2)),
        lambda: interpolate(draft, frame, overwrite=bool(where % 2)),
        lambda: accept(draft, frame, predictions(), overwrite=bool(where % 2)),
    )
    edit = made[kind]()
    if edit is None:
        return None
    return read_edit(json.loads(json.dumps(edit.to_json())))


@given(st.lists(st.tuples(st.integers(-2, 5), st.integers(0, 30)), max_size=25))
@settings(max_examples=40)
def test_any_order_of_edits_undo_and_redo_ends_where_it_should(steps: list) -> None:
    draft, history = start(), History[PoseDraft]()
    past, future = [draft], []
    for kind, where in steps:
        if kind == -1:
            draft, history = history.undo(draft)
            if len(past) > 1:
                future.append(past.pop())
        elif kind == -2:
            draft, history = history.redo(draft)
            if future:
                past.append(future.pop())
        else:
            edit = an_edit(draft, kind, where)
            if edit is None:
                continue
            history = history.did(edit, draft)
            draft = edit.apply(draft)
            past.append(draft)
            future.clear()
        assert draft == past[-1]


def test_the_stages_of_one_drag_are_undone_together() -> None:
    draft, history = start(), History[PoseDraft]()
    for x in range(5):
        edit = place(draft, (ONE, "nose"), x, x)
        history = history.did(edit, draft, merge_key=edit.merge_key)
        draft = edit.apply(draft)
    assert history.undo_words == "move nose"
    draft, history = history.undo(draft)
    assert draft == start()
    draft, _ = history.redo(draft)
    assert draft[ONE, "nose"] == Keypoint(4, 4)
