"""Annotations, their edits, and what an edit says about itself."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.changes import Changes
from labdata_napari.errors import InvalidValue, NotFound


def line(n: int, offset: float = 0.0) -> np.ndarray:
    return np.arange(n * 3, dtype=float).reshape(n, 3) + offset


def baseline() -> AnnotationSet:
    return AnnotationSet(
        (
            Annotation("probe B", "shank", line(5), 1),
            Annotation("x", "lesion", line(2, 100), 2),
            Annotation("y", "lesion", line(3, 200), 5),
        )
    )


def test_a_set_has_no_changes_to_itself_or_an_equal_copy():
    copy = AnnotationSet.from_rows(baseline().to_rows())
    assert copy == baseline()
    changes = baseline().changes_to(copy)
    assert not changes
    assert changes == Changes()
    assert changes.summary() == "no changes"


def test_every_kind_of_edit_is_counted_in_words():
    points = line(5)
    points[:3] += 0.25
    edited = (
        baseline()
        .with_points("probe B", np.vstack([points, [[7, 7, 7]]]))
        .removed("x")
        .with_added(Annotation("probe A", "shank", line(4)))
        .with_added(Annotation("lesion", "lesion", line(1)))
    )
    changes = baseline().changes_to(edited)
    assert changes.summary() == (
        "2 added (probe A, lesion), 1 changed (probe B: 3 points moved, 1 added), "
        "1 removed (x)"
    )
    assert [a.name for a in changes.added] == ["probe A", "lesion"]
    assert changes.changed[0].before == baseline()["probe B"]
    assert changes.changed[0].after == edited["probe B"]
    assert changes.removed == (baseline()["x"],)


def test_renaming_and_retyping_are_changes_of_the_same_row():
    edited = baseline().renamed("x", "z").retyped("z", "track")
    changes = baseline().changes_to(edited)
    assert changes.summary() == "1 changed (z: renamed from x, type lesion → track)"
    assert changes.changed[0].after.annotation_id == 2


def test_two_rows_may_swap_their_names():
    edited = baseline().renamed("x", "t").renamed("y", "x").renamed("t", "y")
    changes = baseline().changes_to(edited)
    assert not changes.added
    assert not changes.removed
    assert [(c.before.name, c.after.name) for c in changes.changed] == [
        ("x", "y"),
        ("y", "x"),
    ]


def test_without_an_id_the_name_identifies_and_the_row_id_is_kept():
    edited = AnnotationSet(
        (
            Annotation("probe B", "shank", line(4)),
            Annotation("x", "lesion", line(2, 100)),
            Annotation("y", "lesion", line(3, 200), annotation_id=77),
        )
    )
    changes = baseline().changes_to(edited)
    assert changes.summary() == "1 changed (probe B: 1 point removed)"
    assert changes.changed[0].after.annotation_id == 1


def test_a_name_freed_by_renaming_belongs_to_a_new_annotation():
    edited = baseline().renamed("x", "old x").with_added(Annotation("x", "", line(1)))
    changes = baseline().changes_to(edited)
    assert [a.name for a in changes.added] == ["x"]
    assert changes.added[0].annotation_id is None
    assert [c.after.name for c in changes.changed] == ["old x"]
    assert not changes.removed


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (line(5)[[0, 1, 3, 4]], "1 point removed"),
        (np.insert(line(5), 2, 9.5, axis=0), "1 point added"),
        (line(5)[::-1], "points reordered"),
        (line(5) + 1e-9, "5 points moved"),
        (np.vstack([line(5)[:2], line(2, 50)]), "2 points moved, 1 removed"),
    ],
)
def test_point_edits_are_told_apart(after, words):
    changes = baseline().changes_to(baseline().with_points("probe B", after))
    assert changes.summary() == f"1 changed (probe B: {words})"


def test_blocks_of_a_painted_region_only_come_and_go():
    blocks = np.argwhere(np.ones((16, 16, 16))).astype(float)
    before = Annotation("site", "injection_region", blocks)
    after = Annotation("site", "injection_region", blocks + np.array([0, 0, 1]))
    assert after.difference(before) == "256 points added, 256 removed"


def test_a_long_summary_stops_naming():
    many = tuple(Annotation(f"a{k}", "t", line(1, k)) for k in range(20))
    summary = AnnotationSet().changes_to(AnnotationSet(many)).summary()
    assert summary == "20 added (a0, a1, a2, a3, a4, a5, and 14 more)"


def test_comparing_thousands_of_points_is_quick():
    before = AnnotationSet((Annotation("a", "", line(5000), 1),))
    edited = before.with_points("a", line(5000, 0.5))
    assert before.changes_to(edited).summary() == "1 changed (a: 5000 points moved)"


def test_editing_leaves_the_original_alone():
    original = baseline()
    points = original["x"].points
    with pytest.raises(ValueError, match="read-only"):
        points[0, 0] = 1
    given = line(2)
    edited = original.with_points("x", given)
    given[:] = -1
    np.testing.assert_array_equal(edited["x"].points, line(2))
    assert original == baseline()


@pytest.mark.parametrize(
    ("name", "kind", "points", "said"),
    [
        ("", "t", line(1), "needs a name"),
        ("  ", "t", line(1), "needs a name"),
        ("n" * 37, "t", line(1), "37 characters"),
        ("n", "t" * 37, line(1), "37 characters"),
        ("n", "t", np.empty((0, 3)), "no points"),
        ("n", "t", np.ones((4, 2)), r"\(N, 3\)"),
        ("n", "t", np.ones(3), r"\(N, 3\)"),
        ("n", "t", [[0, 0, np.nan]], "Point 1"),
        ("n", "t", [[0, 0, 1], [0, -1e9, 1]], "Point 2"),
        ("n", "t", [["a", "b", "c"]], "not numbers"),
    ],
)
def test_what_the_table_cannot_hold_is_refused_in_words(name, kind, points, said):
    with pytest.raises(InvalidValue, match=said):
        Annotation(name, kind, points)


def test_names_of_36_characters_and_any_script_are_fine():
    annotation = Annotation("µ" * 36, "é" * 36, [[1, 2, 3]])
    assert annotation.points.dtype == np.float64


def test_a_name_or_an_id_taken_twice_is_refused():
    with pytest.raises(InvalidValue, match="2 annotations are called 'x'"):
        baseline().with_added(Annotation("x", "", line(1)))
    with pytest.raises(InvalidValue, match="2 annotations are called 'x'"):
        baseline().renamed("y", "x")
    with pytest.raises(InvalidValue, match="row 5"):
        baseline().with_added(Annotation("new", "", line(1), 5))


def test_an_unknown_name_is_not_found():
    for edit in (
        lambda s: s.removed("nobody"),
        lambda s: s.renamed("nobody", "a"),
        lambda s: s.retyped("nobody", "a"),
        lambda s: s.with_points("nobody", line(1)),
        lambda s: s["nobody"],
    ):
        with pytest.raises(NotFound, match="'nobody'"):
            edit(baseline())


def test_rows_of_one_name_are_told_apart_and_unedited_do_not_change():
    rows = [
        {"annotation_id": 3, "annotation_name": "a", "annotation_type": "t"},
        {"annotation_id": 1, "annotation_name": "a", "annotation_type": None},
        {"annotation_id": 2, "annotation_name": "", "annotation_type": "t"},
    ]
    points = {3: line(2), 1: np.array([1, 2, 3], dtype=np.uint16), 2: [[1, 2, 3]]}
    loaded = AnnotationSet.from_rows(
        {**row, "xyz": points[row["annotation_id"]]} for row in rows
    )
    assert loaded.names == ("a (id 1)", "unnamed (id 2)", "a (id 3)")
    assert loaded["a (id 1)"].points.shape == (1, 3)
    assert not loaded.changes_to(loaded)


def test_what_is_written_is_a_plain_copy():
    row = baseline().to_rows()[0]
    assert set(row) == {"annotation_id", "annotation_name", "annotation_type", "xyz"}
    assert row["xyz"].flags.writeable
    new = Annotation("new", "", line(1)).to_row()
    assert "annotation_id" not in new


def test_my_changes_go_on_top_of_what_somebody_else_changed():
    mine = (
        baseline()
        .with_points("probe B", line(6))
        .removed("x")
        .with_added(Annotation("mine", "landmark", line(1)))
    )
    theirs = (
        baseline()
        .with_points("probe B", line(2))
        .with_points("y", line(4))
        .with_added(Annotation("theirs", "landmark", line(2), 6))
    )
    merged = theirs.with_changes(baseline().changes_to(mine))
    assert merged.names == ("probe B", "y", "theirs", "mine")
    np.testing.assert_array_equal(merged["probe B"].points, line(6))
    np.testing.assert_array_equal(merged["y"].points, line(4))
    assert [a.annotation_id for a in merged] == [1, 5, 6, None]


def test_what_i_edited_and_somebody_deleted_comes_back_as_a_new_row():
    mine = baseline().with_points("probe B", line(6))
    merged = baseline().removed("probe B").with_changes(baseline().changes_to(mine))
    assert merged.names == ("x", "y", "probe B")
    assert merged["probe B"].annotation_id is None


def test_a_name_both_chose_gets_a_number():
    mine = baseline().with_added(Annotation("same", "a", line(1)))
    theirs = baseline().with_added(Annotation("same", "b", line(2), 9))
    merged = theirs.with_changes(baseline().changes_to(mine))
    assert merged.names[-2:] == ("same", "same (2)")
    assert merged["same"].annotation_id == 9


def test_what_i_added_and_is_there_already_is_not_added_twice():
    mine = baseline().with_added(Annotation("mine", "landmark", line(1)))
    saved = baseline().with_added(Annotation("mine", "landmark", line(1), 6))
    theirs = saved.with_points("y", line(4))
    assert theirs.with_changes(baseline().changes_to(mine)) == theirs
