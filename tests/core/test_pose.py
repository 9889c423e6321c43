"""Labels as values: compared by what they are of, never by their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.pose import FrameKey, Label, PoseLabels
from labdata_napari.errors import InvalidValue, NotFound

ONE = FrameKey("M1", "20260101_120000", "pose", "cam", 1)
TWO = ONE._replace(frame_num=2)
OTHER_CAMERA = ONE._replace(video_name="side")
NAN = np.nan


def two_by_two() -> PoseLabels:
    values = [[[1.5, 2], [NAN, NAN]], [[3, 4], [5, 6]]]
    return PoseLabels(("nose", "tail"), (ONE, TWO), np.array(values))


def test_what_changed_is_told_label_by_label() -> None:
    baseline = two_by_two()
    edited = (
        baseline.placed(ONE, "nose", 4.5, 6)
        .placed(OTHER_CAMERA, "ear", 0, 0)
        .removed(TWO, "tail")
    )
    changes = baseline.changes_to(edited)
    assert [label.place for label in changes.added] == [(OTHER_CAMERA, "ear")]
    assert [c.words for c in changes.changed] == [
        "nose in frame 1 of M1 20260101_120000 pose cam: moved 5 px to (4.5, 6)"
    ]
    assert [label.place for label in changes.removed] == [(TWO, "tail")]
    assert edited[OTHER_CAMERA, "ear"] == Label(OTHER_CAMERA, "ear", 0.0, 0.0)
    assert baseline[ONE, "tail"] is None
    assert len(baseline) == 3
    assert baseline.with_changes(changes).differences_to(edited).summary() == (
        "no changes"
    )


def test_order_means_nothing() -> None:
    baseline = two_by_two()
    turned = PoseLabels(("tail", "nose"), (TWO, ONE), baseline.coordinates[::-1, ::-1])
    assert not baseline.changes_to(turned)
    assert not turned.changes_to(baseline)


def test_what_an_edit_does_not_speak_of_stays() -> None:
    baseline = two_by_two()
    noses = PoseLabels(("nose",), (TWO,), np.array([[[3, 4]]]))
    assert not baseline.changes_to(noses)
    # as the state of the whole set it would be another one
    assert len(baseline.differences_to(noses).removed) == 2


def test_two_axes_say_nothing_about_the_third() -> None:
    flat = two_by_two()
    solid = flat.placed(ONE, "nose", 1.5, 2, z=9)
    assert solid.has_z
    moved = PoseLabels(("nose",), (ONE,), np.array([[[2.5, 2]]]))
    [change] = solid.changes_to(moved).changed
    assert change.after == Label(ONE, "nose", 2.5, 2.0, 9.0)
    assert solid.placed(ONE, "nose", 7, 7)[ONE, "nose"].z == 9.0
    [change] = flat.changes_to(solid).changed
    assert change.after.difference(change.before) == "z none → 9"


def test_numbers_are_those_a_row_keeps() -> None:
    labels = PoseLabels(("nose",), (ONE,), np.array([[[1234.5678, 0.1]]]))
    assert labels[ONE, "nose"].x == float(np.float32(1234.5678))
    through = PoseLabels(("nose",), (ONE,), np.asarray(labels.coordinates, float))
    assert not labels.changes_to(through)


@pytest.mark.parametrize(
    ("parts", "frames", "values", "said"),
    [
        (("nose",), (ONE,), [[[1, NAN]]], "'nose' in frame 1 of M1"),
        (("nose",), (ONE,), [[[1, 1e39]]], "no place"),
        (("nose",), (ONE,), [[[1, 2, np.inf]]], "no place"),
        (("nose",), (ONE,), [[1, 2]], r"\(1, 1, 2\) or \(1, 1, 3\)"),
        (("nose", "nose"), (ONE,), np.zeros((1, 2, 2)), "'nose' 2 times"),
        (("nose",), (ONE, ONE), np.zeros((2, 1, 2)), "frame 1 of M1 .* 2 times"),
        ((" ",), (ONE,), np.zeros((1, 1, 2)), "needs a name"),
        (("n" * 55,), (ONE,), np.zeros((1, 1, 2)), "keeps 54"),
    ],
)
def test_what_cannot_be_labels_is_said(
    parts: tuple[str, ...], frames: tuple[FrameKey, ...], values: object, said: str
) -> None:
    with pytest.raises(InvalidValue, match=said):
        PoseLabels(parts, frames, np.array(values))


def test_nothing_to_remove() -> None:
    with pytest.raises(NotFound, match="'tail' is not labelled in frame 1"):
        two_by_two().removed(ONE, "tail")


places = st.dictionaries(
    st.tuples(st.sampled_from([ONE, TWO, OTHER_CAMERA]), st.sampled_from("abc")),
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
)


def as_labels(values: dict[tuple[FrameKey, str], tuple[float, float]]) -> PoseLabels:
    labels = PoseLabels()
    for (frame, part), (x, y) in values.items():
        labels = labels.placed(frame, part, x, y)
    return labels


@given(places, places)
def test_changes_lead_from_one_to_the_other(one: dict, other: dict) -> None:
    before, after = as_labels(one), as_labels(other)
    changes = before.differences_to(after)
    assert before.with_changes(changes).by_place() == after.by_place()
    touched = [*changes.added, *changes.removed, *(c.after for c in changes.changed)]
    assert len({label.place for label in touched}) == len(touched)
