"""Edits of annotations: each leads there and back, in any order, through a file too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labdata_napari.core.annotation_edits import (
    DeleteAnnotation,
    DeletePoints,
    InsertAnnotation,
    InsertPoints,
    MovePoints,
    Rename,
    Retype,
    Several,
)
from labdata_napari.core.draft import Draft
from labdata_napari.core.edit_differences import edit_between, place
from labdata_napari.core.edit_history import (
    History,
    edit_line,
    history_lines,
    read_edit,
    read_history,
)
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile


def same(one, other):
    return len(one) == len(other) and all(
        a.same_as(b) for a, b in zip(one, other, strict=True)
    )


def draft(name, count, number=None):
    return Draft(name, "probe_track", np.arange(3.0 * count).reshape(-1, 3), number)


START = (draft("A", 4, 7), draft("B", 1), draft("C", 0))


def next_edit(state, choice, where, value):
    """One of all kinds of edits that this state allows."""
    name = state[where % len(state)].name if state else ""
    count = len(state[where % len(state)].points) if state else 0
    point = np.array([[value, -value, 0.5]])
    free = f"n{len(state)} {where} {value}"
    while any(each.name == free for each in state):  # after others were deleted
        free += "'"
    if choice == 0 or not state:
        return InsertAnnotation(where % (len(state) + 1), Draft(free, "", point))
    if choice == 1:
        return DeleteAnnotation(name)
    if choice == 2:
        return Rename(name, free)
    if choice == 3:
        return Retype(name, "landmark")
    if choice == 4 and count:
        return MovePoints(name, (where % count,), point)
    if choice == 5 and count:
        return DeletePoints(name, tuple({0, where % count}))
    if choice == 6:
        return place(state, {name: point, free: point}, "x", "paste") or Retype(
            name, ""
        )
    return InsertPoints(name, (where % (count + 1),), point)


OPERATIONS = st.lists(
    st.tuples(st.integers(-2, 7), st.integers(0, 9), st.integers(-3, 3)), max_size=16
)


@given(OPERATIONS)
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_edits_undo_and_redo_ends_where_it_should(operations):
    state, history = START, History()
    timeline, now = [START], 0  # all states, and the present one
    for choice, where, value in operations:
        if choice == -1:
            state, history = history.undo(state)
            now = max(0, now - 1)
        elif choice == -2:
            state, history = history.redo(state)
            now = min(len(timeline) - 1, now + 1)
        else:
            edit = read_edit(edit_line(next_edit(state, choice, where, value)))
            after = edit.apply(state)
            history = history.did(edit, state)
            diff = edit_between(state, after)
            assert same(after, state if diff is None else diff.apply(state))
            state, timeline = after, [*timeline[: now + 1], after]
            now += 1
        assert same(state, timeline[now])
    history = read_history(history_lines(history))
    assert (len(history.done), len(history.undone)) == (now, len(timeline) - 1 - now)
    for expected in reversed(timeline[:now]):
        state, history = history.undo(state)
        assert same(state, expected)
    for expected in timeline[1:]:
        state, history = history.redo(state)
        assert same(state, expected)


@given(
    st.lists(st.sampled_from("ABCDE"), unique=True),
    st.lists(st.sampled_from("ABCDE"), unique=True),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_any_state_is_led_to_any_other_and_back(before, after, random):
    def state(names):
        points = np.array([[0.0, 1, 2], [np.nan, 1, 1], [2, 2, 2], [3, 3, 3]])
        return tuple(
            Draft(
                n,
                random.choice("xy"),
                points[random.sample(range(4), random.randrange(5))],
            )
            for n in names
        )

    one, other = state(before), state(after)
    edit = edit_between(one, other)
    if edit is None:
        assert same(one, other)
        return
    assert same(edit.apply(one), other)
    assert same(edit.inverse(one).apply(other), one)


def test_a_rename_is_told_from_deleting_and_making_anew():
    renamed = (Draft("Z", "probe_track", START[0].points, 7), *START[1:])
    assert edit_between(START, renamed) == Rename("A", "Z")
    without_row = (START[0], Draft("Z", "probe_track", START[1].points), START[2])
    assert edit_between(START, without_row) == Rename("B", "Z")


def test_a_drag_is_one_step_however_many_stages_it_has():
    state, history = START, History()
    for stage in range(50):
        after = MovePoints("A", (1,), np.full((1, 3), float(stage))).apply(state)
        history = history.push(state, after, merge_key="drag 1")
        state = after
    assert len(history.done) == 1
    assert isinstance(history.done[0].edit, MovePoints)
    after = InsertPoints("A", (4,), np.zeros((1, 3))).apply(state)
    history = history.push(state, after, merge_key="drag 2")
    assert history.undo_words == "add a point to A"
    state, history = history.undo(after)
    assert history.redo_words == "add a point to A"
    state, history = history.undo(state)
    assert same(state, START)
    assert history.undo(state) == (state, history)  # nothing left


def test_merged_steps_of_different_kinds_go_back_together():
    state = START
    history = History()
    for edit in (
        InsertPoints("B", (0,), np.ones((1, 3))),
        MovePoints("B", (0,), np.zeros((1, 3))),
    ):
        history, state = history.did(edit, state, merge_key=1), edit.apply(state)
    assert len(history.done) == 1
    back, history = history.undo(state)
    assert same(back, START)
    assert same(history.redo(back)[0], state)


def test_an_edit_after_undo_forgets_what_was_undone_and_nothing_else():
    history = History().did(Retype("A", "x"), START).did(Retype("B", "x"), START)
    _, history = history.undo(START)
    history = history.push(START, START)
    assert history.redo_words
    history = history.did(Rename("C", "D"), START)
    assert not history.redo_words
    assert [step.edit.words for step in history.done] == ["make A a x", "rename C to D"]


def test_a_template_is_placed_and_taken_back_as_one():
    lines = {"A": np.ones((2, 3)), "P_shank1": np.zeros((2, 3))}
    edit = place(START, lines, "probe_track", "place 2 shanks")
    assert edit.words == "place 2 shanks"
    after = edit.apply(START)
    assert [d.name for d in after] == ["A", "B", "C", "P_shank1"]
    assert after[0].annotation_id == 7
    assert same(edit.inverse(START).apply(after), START)


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (MovePoints("A", (4,), np.zeros((1, 3))), InvalidValue),
        (DeletePoints("A", (-1,)), InvalidValue),
        (InsertPoints("A", (6,), np.zeros((1, 3))), InvalidValue),
        (DeleteAnnotation("nobody"), NotFound),
        (Rename("A", "B"), InvalidValue),
        (InsertAnnotation(0, draft("A", 1)), InvalidValue),
        (Several((Retype("A", "x"), Retype("nobody", "x")), "both"), NotFound),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(edit, error):
    with pytest.raises(error):
        edit.apply(START)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'{"edit": "Delete"}',
        b'{"edit": "Rename", "name": "A"}',
        b'{"edit": "MovePoints", "name": "A", "at": [1], "points": [[0, 0]]}',
        b'{"edit": "MovePoints", "name": "A", "at": [1, 2], "points": [[0, 0, 0]]}',
        b'{"edit": "Several", "words": "", "edits": [3]}',
    ],
)
def test_a_line_that_is_no_edit_is_refused_in_words(line):
    with pytest.raises(UnreadableFile):
        read_edit(line)


def test_a_history_cut_short_is_read_as_far_as_it_goes():
    history = History().did(Retype("A", "x"), START).did(Retype("B", "x"), START)
    content = history_lines(history)
    assert len(read_history(content[:-9]).done) == 1
    with pytest.raises(UnreadableFile, match="Line 1"):
        read_history(b"{}\n" + content)
