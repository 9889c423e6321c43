"""Annotations in the database: one transaction, nobody's work lost."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from databases import declare_as_labdata
from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.annotation_merging import Keep, merged
from labdata_napari.errors import (
    ConnectionLost,
    InvalidValue,
    LabdataError,
    NotFound,
    WriteConflict,
    WriteRefused,
)
from labs import KEY, add_brain, add_transform, writes_fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Key = dict[str, Any]
POINTS = np.array([[1.5, 2.0, 3.25], [4.0, 5.0, 6.0]])
WRITES = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


@pytest.fixture
def key(lab: Any) -> Key:
    return add_transform(lab, add_brain(lab))


def rows(lab: Any, key: Key) -> dict[int, tuple[str, str, Any]]:
    """Rows as plain DataJoint reads them."""
    table = lab.FixedBrainTransformAnnotation & key
    return {
        row["annotation_id"]: (
            row["annotation_name"],
            row["annotation_type"],
            row["xyz"],
        )
        for row in table.to_dicts(order_by="KEY")
    }


def three(lab: Any, key: Key) -> AnnotationSet:
    """Save a, b, c; return what is loaded then."""
    edited = AnnotationSet(tuple(Annotation(n, "track", POINTS) for n in "abc"))
    lab.brains.save_annotations(key, AnnotationSet(), edited)
    loaded: AnnotationSet = lab.brains.load_annotations(key)
    return loaded


def test_new_annotations_become_rows_in_stored_order(lab: Any, key: Key) -> None:
    edited = AnnotationSet((Annotation("probe", "probe_track", POINTS),))
    changes = lab.brains.save_annotations(key, AnnotationSet(), edited)
    assert changes.summary() == "1 added (probe)"
    assert [a.annotation_id for a in changes.added] == [0]
    [(name, kind, xyz)] = rows(lab, key).values()
    assert (name, kind) == ("probe", "probe_track")
    assert xyz.dtype == np.float64
    np.testing.assert_array_equal(xyz, POINTS)
    assert lab.brains.load_annotations(key) == AnnotationSet(changes.added)


def test_only_what_changed_is_written(lab: Any, key: Key, lab_place: Any) -> None:
    baseline = three(lab, key)
    moved = POINTS + np.array([0, 0, 1])
    edited = (
        baseline.removed("a")
        .with_points("b", moved)
        .with_added(Annotation("d", "lesion", POINTS[:1]))
    )
    with lab_place.statements() as seen:
        changes = lab.brains.save_annotations(key, baseline, edited)
    writes = [s.split()[0].upper() for s in seen if s.split()[0].upper() in WRITES]
    assert writes == ["DELETE", "UPDATE", "INSERT"]
    assert (
        changes.summary() == "1 added (d), 1 changed (b: 2 points moved), 1 removed (a)"
    )
    stored = rows(lab, key)
    assert {n: v[0] for n, v in stored.items()} == {1: "b", 2: "c", 3: "d"}
    np.testing.assert_array_equal(stored[1][2], moved)


def test_what_a_save_answers_is_the_new_baseline(lab: Any, key: Key) -> None:
    baseline = three(lab, key)
    edited = (
        baseline.removed("a")
        .renamed("b", "x")
        .renamed("c", "b")
        .with_added(Annotation("a", "lesion", POINTS))
    )
    changes = lab.brains.save_annotations(key, baseline, edited)
    assert set(baseline.saved(changes)) == set(lab.brains.load_annotations(key))
    assert not baseline.saved(changes).changes_to(edited)


def test_nothing_is_written_when_nothing_changed(
    lab: Any, key: Key, lab_place: Any
) -> None:
    baseline = three(lab, key)
    with lab_place.statements() as seen:
        assert not lab.brains.save_annotations(key, baseline, baseline)
    assert not [s for s in seen if "annotation" in s]


def test_names_may_be_swapped(lab: Any, key: Key) -> None:
    baseline = three(lab, key)
    edited = baseline.renamed("a", "x").renamed("b", "a").renamed("x", "b")
    lab.brains.save_annotations(key, baseline, edited)
    assert {n: v[0] for n, v in rows(lab, key).items()} == {0: "b", 1: "a", 2: "c"}


def test_somebody_elses_change_is_a_conflict_that_names_it(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    baseline = three(lab, key)
    theirs = baseline.with_points("b", POINTS + 1).with_added(
        Annotation("new", "", POINTS)
    )
    connect_again().brains.save_annotations(key, baseline, theirs)
    before = rows(lab, key)
    with pytest.raises(WriteConflict) as error:
        lab.brains.save_annotations(key, baseline, baseline.renamed("c", "mine"))
    assert "1 added (new)" in str(error.value)
    assert "b: 2 points moved" in error.value.their_changes
    assert error.value.your_changes == "1 changed (mine: renamed from c)"
    assert error.value.your_changes in str(error.value)
    assert "Nothing was written" in str(error.value)
    assert rows(lab, key).keys() == before.keys()
    now = error.value.theirs
    assert isinstance(now, AnnotationSet)
    assert now.names == ("a", "b", "c", "new")
    # mine, knowing it: theirs is the new baseline
    lab.brains.save_annotations(key, now, baseline.renamed("c", "mine"))
    assert [v[0] for v in rows(lab, key).values()] == ["a", "b", "mine"]


def test_an_annotation_deleted_by_somebody_else_is_a_conflict(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    baseline = three(lab, key)
    connect_again().brains.save_annotations(key, baseline, baseline.removed("b"))
    with pytest.raises(WriteConflict, match=r"1 removed \(b\)"):
        lab.brains.save_annotations(key, baseline, baseline.renamed("b", "mine"))


def test_of_what_both_changed_mine_is_kept_beside_theirs_in_one_transaction(
    lab: Any, key: Key, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    baseline = three(lab, key)
    theirs = baseline.with_points("a", POINTS + 1).with_points("b", POINTS + 1)
    connect_again().brains.save_annotations(key, baseline, theirs)
    mine = baseline.with_points("a", POINTS + 2).with_points("b", POINTS + 2)
    mine = mine.with_added(Annotation("d", "", POINTS))
    with pytest.raises(WriteConflict) as error:
        lab.brains.save_annotations(key, baseline, mine)
    now = error.value.theirs
    assert isinstance(now, AnnotationSet)
    both = merged(baseline, mine, now, {"a": Keep.BOTH, "b": Keep.MINE}, lab.user)
    with lab_place.statements() as seen:
        lab.brains.save_annotations(key, now, both)
    # the row of theirs, which others may refer to, is not touched
    writes = [s.split()[0].upper() for s in seen if s.split()[0].upper() in WRITES]
    assert writes == ["UPDATE", "INSERT"]
    stored = {name: xyz[0, 0] for name, _, xyz in rows(lab, key).values()}
    beside = f"a ({lab.user})"
    assert stored == {"a": 2.5, "b": 3.5, "c": 1.5, "d": 1.5, beside: 3.5}
    # a save whose answer was lost is not written twice
    assert lab.brains.save_annotations(key, now, both)
    assert len(rows(lab, key)) == 5


def test_two_who_save_at_once_never_overwrite_each_other(
    lab: Any, key: Key, connect_again: Callable[..., Any]
) -> None:
    saved: list[str] = []
    conflicts: list[WriteConflict] = []
    start = threading.Barrier(4)

    def save(name: str) -> None:
        mine = connect_again()
        start.wait()
        try:
            mine.brains.save_annotations(
                key, AnnotationSet(), AnnotationSet((Annotation(name, "", POINTS),))
            )
            saved.append(name)
        except WriteConflict as conflict:
            conflicts.append(conflict)

    threads = [threading.Thread(target=save, args=(n,)) for n in "pqrs"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(saved) == 1
    assert [c.theirs.names for c in conflicts] == [tuple(saved)] * 3
    assert [v[0] for v in rows(lab, key).values()] == saved


def test_what_does_not_fit_is_said_before_anything_is_written(
    lab: Any, key: Key
) -> None:
    baseline = three(lab, key)
    with pytest.raises(InvalidValue, match="36"):
        baseline.renamed("a", "n" * 37)
    with pytest.raises(NotFound):
        lab.brains.load_annotations(key | {"transform_id": 7})
    with pytest.raises(InvalidValue, match="transform_id is missing"):
        lab.brains.load_annotations(KEY)


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_too_many_points_for_a_blob_of_labdata_are_counted_out(
    place: Any, store: Path
) -> None:
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.lab import Lab

    declare_as_labdata(place)
    lab = Lab(
        place.instance(), "mysql://test@host:3306", "lab_data", None, Files([store])
    )
    key = add_transform(lab, add_brain(lab))
    many = np.random.default_rng(0).random((3000, 3)) * 1000
    fitting = AnnotationSet((Annotation("probe", "", many[:2800]),))
    lab.brains.save_annotations(key, AnnotationSet(), fitting)
    baseline = lab.brains.load_annotations(key)
    with pytest.raises(InvalidValue) as error:
        lab.brains.save_annotations(key, baseline, baseline.with_points("probe", many))
    assert "annotation 'probe'" in str(error.value)
    assert "65,535" in str(error.value)
    assert "of its 3,000 points about 2,8" in str(error.value)
    assert len(rows(lab, key)[0][2]) == 2800


def test_a_reader_is_told_so_and_changes_nothing(
    lab: Any, key: Key, lab_place: Any, connect_again: Callable[..., Any]
) -> None:
    baseline = three(lab, key)
    reader = connect_again(**lab_place.reader())
    loaded = reader.brains.load_annotations(key)
    assert loaded == baseline
    with pytest.raises(WriteRefused, match="may only read"):
        reader.brains.save_annotations(key, loaded, loaded.removed("a"))
    assert len(rows(lab, key)) == 3


def test_an_error_in_the_middle_undoes_all_of_it(
    lab: Any, key: Key, lab_place: Any
) -> None:
    baseline = three(lab, key)
    edited = (
        baseline.removed("a")
        .renamed("b", "renamed")
        .with_added(Annotation("d", "", POINTS))
    )
    failing = writes_fail(lab_place, lab.FixedBrainTransformAnnotation.full_table_name)
    with failing, pytest.raises(LabdataError, match="not today"):
        lab.brains.save_annotations(key, baseline, edited)
    assert [v[0] for v in rows(lab, key).values()] == ["a", "b", "c"]


def test_a_connection_cut_before_saving_says_so_and_loses_nothing(
    lab: Any, key: Key, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    baseline = three(lab, key)
    cut = connect_again()
    cut.brains.load_annotations(key)
    assert not cut.read_only
    cut_connections(lab_place, cut)
    edited = baseline.renamed("a", "renamed")
    try:
        cut.brains.save_annotations(key, baseline, edited)
    except ConnectionLost:
        assert rows(lab, key)[0][0] == "a"
        lab.brains.save_annotations(key, baseline, edited)
    # MySQL's driver connects again by itself before a transaction
    assert rows(lab, key)[0][0] == "renamed"


def cut_connections(place: Any, lab: Any) -> None:
    """Have the server end a lab's connection."""
    if place.backend == "mysql":
        [(number,)] = lab.connection.query("SELECT CONNECTION_ID()").fetchall()
        place.sql(f"KILL {number}")
    else:
        [(number,)] = lab.connection.query("SELECT pg_backend_pid()").fetchall()
        place.sql(f"SELECT pg_terminate_backend({number}, 5000)")


def test_annotations_as_labdata_writes_them_are_read(lab: Any, key: Key) -> None:
    whole = np.array([[1, 2, 3], [4, 5, 6]])
    for number, (name, xyz) in enumerate([("p", whole), ("p", whole.tolist())]):
        lab.FixedBrainTransformAnnotation.insert1(
            key
            | {
                "annotation_id": number,
                "annotation_name": name,
                "annotation_type": "shank",
                "xyz": xyz,
            }
        )
    loaded = lab.brains.load_annotations(key)
    assert loaded.names == ("p (id 0)", "p (id 1)")
    np.testing.assert_array_equal(loaded["p (id 1)"].points, whole)
    # editing one leaves the name of the other as it is in the table
    lab.brains.save_annotations(key, loaded, loaded.retyped("p (id 0)", "probe"))
    assert rows(lab, key)[1][0] == "p"


def test_a_thousand_points_are_saved_in_a_moment(lab: Any, key: Key) -> None:
    points = np.random.default_rng(0).random((1000, 3)) * 500
    edited = AnnotationSet((Annotation("probe", "", points),))
    began = time.perf_counter()
    lab.brains.save_annotations(key, AnnotationSet(), edited)
    assert time.perf_counter() - began < 1.0
    np.testing.assert_array_equal(rows(lab, key)[0][2], points)
