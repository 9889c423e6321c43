"""What labdata's tables cannot say of a label: kept beside them, for all or for one."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose_draft import (
    ABSENT,
    COPIED,
    Keypoint,
    PoseDraft,
    State,
)
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import InvalidValue, NotFound, WriteConflict, WriteRefused
from labdata_napari.lab.pose_details import make_set
from labdata_napari.lab.pose_tables import POSE_TABLES
from labelling import add_video, frames_of, label_set, labels_of, picture
from labs import postgresql, rows_everywhere, writes_fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE")
HIDDEN = Keypoint(state=State.OCCLUDED)


def edited(draft: PoseDraft) -> PoseDraft:
    """One label by a model, one copied, one hidden, one hidden where nobody knows."""
    one, two, three = draft.labels.frames
    places = [(one, "nose"), (one, "ear"), (two, "tail"), (three, "nose")]
    moved = Keypoint(1.25, 2 / 3, source=7)
    seen = draft[two, "tail"]
    covered = Keypoint(seen.x, seen.y, seen.z, State.OCCLUDED)
    keypoints = [moved, Keypoint(3, 4, source=COPIED), covered, HIDDEN]
    made = draft.with_keypoints(places, keypoints)
    return PoseDraft(made.labels, made.occluded, made.sources)


@pytest.fixture(params=["shared", "aside"])
def number(lab: Any, request: pytest.FixtureRequest) -> int:
    made = label_set(lab)
    if request.param == "shared":
        assert lab.poses.make_tables()
        assert not lab.poses.make_tables()
    assert lab.poses.shares_details is (request.param == "shared")
    return made


def test_a_set_is_made_of_a_draft_once_however_often_its_answer_is_lost(
    lab: Any, number: int
) -> None:
    draft = edited(lab.poses.load_draft(number))
    images = {f: picture(f.frame_num) for f in draft.labels.frames}
    skeleton = Skeleton(("tail", "nose"), edges=(("nose", "tail"),))
    made = [make_set(lab, "of a model", images, draft, skeleton) for _ in range(2)]
    assert made == [number + 1] * 2
    again = lab.poses.load_draft(made[0])
    assert again.labels.by_place() == draft.labels.by_place()
    assert (again.sources, again.occluded) == (draft.sources, draft.occluded)
    assert lab.poses.load_skeleton(made[0]).edges == skeleton.edges
    assert lab.poses.load_details(made[0]).keys() >= draft.labels.by_place().keys()


def test_a_draft_comes_back_as_it_was_saved(
    lab: Any, connect_again: Callable[..., Any], number: int
) -> None:
    baseline = lab.poses.load_draft(number)
    wanted = edited(baseline)
    changes = lab.poses.save_draft(number, baseline, wanted)
    counts = [len(c) for c in (changes.added, changes.changed, changes.removed)]
    assert counts == [1, 1, 1]
    loaded = connect_again().poses.load_draft(number)
    one, _, three = loaded.labels.frames
    assert loaded.occluded == wanted.occluded
    assert loaded.sources == wanted.sources
    for place in [
        (f, n) for f in loaded.labels.frames for n in ("nose", "tail", "ear")
    ]:
        assert loaded[place] == wanted[place], place
    detail = lab.poses.load_details(number)[one, "nose"]
    assert (detail.source, detail.user) == (7, lab.user)
    assert abs(detail.when - datetime.datetime.now()) < datetime.timedelta(minutes=5)
    # a label that somebody moves with another program is seen, and by hand
    labels = lab.poses.load_labels(number)
    theirs = labels.placed(one, "nose", 5, 5).placed(three, "nose", 6, 6)
    lab.poses.save_labels(number, labels, theirs)
    again = lab.poses.load_draft(number)
    assert again[one, "nose"] == Keypoint(5, 5)
    assert again[three, "nose"] == Keypoint(6, 6)
    assert (one, "nose") not in lab.poses.load_details(number)
    # nothing is left of what is deleted
    places = [(f, n) for f in again.labels.frames for n in again.labels.bodyparts]
    empty = again.with_keypoints(places, [ABSENT] * len(places))
    lab.poses.save_draft(number, again, empty)
    assert not lab.poses.load_details(number)
    assert not lab.poses.load_draft(number).occluded


def test_details_are_saved_with_the_labels_or_not_at_all(
    lab: Any, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    number = label_set(lab)
    lab.poses.make_tables()
    baseline = lab.poses.load_draft(number)
    wanted = edited(baseline)
    schema = lab.PoseEstimationLabelSet.database
    full = lab.connection.adapter.make_full_table_name(schema, POSE_TABLES[0])
    with writes_fail(lab_place, full):
        with pytest.raises(Exception, match="not today"):
            lab.poses.save_draft(number, baseline, wanted)
        with pytest.raises(Exception, match="not today"):
            make_set(lab, "of a model", {}, wanted, Skeleton())
    assert len(lab.PoseEstimationLabelSet()) == 1
    assert lab.poses.load_draft(number) == baseline
    # only somebody else's change of the same label is a conflict
    one, two, _ = baseline.labels.frames
    labels = baseline.labels
    other = connect_again()
    other.poses.save_labels(number, labels, labels.placed(one, "nose", 9, 9))
    with pytest.raises(WriteConflict):
        lab.poses.save_draft(number, baseline, wanted)
    assert not lab.poses.load_details(number)
    hidden = baseline.with_keypoints([(two, "nose")], [HIDDEN])
    lab.poses.save_draft(number, baseline, hidden)
    assert lab.poses.load_draft(number)[two, "nose"] == HIDDEN
    # of one label: hidden by one, told apart by another, moved by a third, who all
    # began with the same
    now = lab.poses.load_draft(number)
    tail = two, "tail"
    covered = replace(now[tail], state=State.OCCLUDED)
    for who, said, expected in (
        (lab, covered, covered),
        (other, replace(now[tail], source=7), replace(covered, source=7)),
        (other, Keypoint(3, 4), Keypoint(3, 4, state=State.OCCLUDED)),
    ):
        who.poses.save_draft(number, now, now.with_keypoints([tail], [said]))
        assert lab.poses.load_draft(number)[tail] == expected
    # and hidden by one who does not know that it was moved
    seen = lab.poses.load_draft(number)
    shown = seen.with_keypoints([tail], [Keypoint(3, 4)])
    lab.poses.save_draft(number, seen, shown)
    lab.poses.save_labels(number, shown.labels, shown.labels.placed(*tail, 8, 9))
    other.poses.save_draft(number, shown, seen)
    assert lab.poses.load_draft(number)[tail] == Keypoint(8, 9, state=State.OCCLUDED)
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        reader.poses.save_draft(number, baseline, wanted)
    assert reader.poses.load_draft(number)[two, "nose"] == HIDDEN


def test_500_changes_are_six_statements_and_none_where_nothing_changed(
    lab: Any, lab_place: Any
) -> None:
    [frame, *_] = frames_of(add_video(lab), [0])
    frames = [frame._replace(frame_num=n) for n in range(250)]
    number = lab.poses.create_label_set()
    lab.poses.add_frames(number, {}, labels_of(frames))
    lab.poses.make_tables()
    baseline = lab.poses.load_draft(number)
    places = [(key, name) for key in frames for name in ("nose", "tail")]
    here = baseline.at(places)
    moved = [Keypoint(k.x + 1, k.y, source=3) for k in here.values()]
    predicted = baseline.with_keypoints(places, moved)
    lab.poses.save_draft(number, baseline, predicted)
    hidden = [replace(k, x=k.x + 1, state=State.OCCLUDED) for k in moved[100:]]
    wanted = predicted.with_keypoints(places, [ABSENT] * 100 + hidden)
    with lab_place.statements() as seen:
        lab.poses.save_draft(number, predicted, wanted)
    begun = next(n for n, sql in enumerate(seen) if "FOR UPDATE" in sql)
    ended = next(n for n, sql in enumerate(seen) if sql.startswith("COMMIT"))
    written = seen[begun:ended]
    assert len(written) <= 6, [sql[:80] for sql in written]
    loaded = lab.poses.load_draft(number)
    assert loaded.at(places) == wanted.at(places)
    assert set(lab.poses.load_details(number)) == set(places[100:])
    with lab_place.statements() as seen:
        assert not lab.poses.save_draft(number, loaded, loaded)
    assert not [sql for sql in seen if sql.startswith(WRITES)]


def test_frames_are_added_with_what_is_known_of_their_labels(
    lab: Any, number: int
) -> None:
    [frame] = frames_of(add_video(lab, "side"), [40])
    draft = PoseDraft().with_keypoints(
        [(frame, "nose"), (frame, "tail")], [Keypoint(1, 2, source=5), HIDDEN]
    )
    lab.poses.add_frames(number, {frame: picture()}, draft)
    loaded = lab.poses.load_draft(number)
    assert loaded[frame, "nose"] == Keypoint(1, 2, source=5)
    assert loaded[frame, "tail"] == HIDDEN
    np.testing.assert_array_equal(lab.poses.load_frame(number, frame), picture())


def test_a_skeleton_keeps_order_and_body_parts_without_labels(
    lab: Any, number: int
) -> None:
    assert lab.poses.load_skeleton(number) == Skeleton(("nose", "tail"))
    skeleton = Skeleton(
        ("tail", "left é", "right é"),
        (("tail", "left é"),),
        (("left é", "right é"),),
        {"tail": "#ff8800"},
    )
    lab.poses.save_skeleton(number, skeleton)
    lab.poses.save_skeleton(number, skeleton)
    loaded = lab.poses.load_skeleton(number)
    assert loaded == skeleton.with_bodyparts(["nose"])
    draft = lab.poses.load_draft(number)
    assert draft.labels.bodyparts == ("tail", "left é", "right é", "nose")
    assert lab.poses.load_labels(number).by_place() == draft.labels.by_place()
    (lab.PoseEstimationLabelSet & {"pose_label_set_num": number}).delete(prompt=False)
    assert lab.poses.create_label_set("another") == number
    assert lab.poses.load_skeleton(number) == Skeleton()
    assert not lab.poses.load_draft(number).occluded


def test_a_skeleton_that_fits_nothing_is_refused(lab: Any) -> None:
    for wrong in (
        {"edges": (("nose", "neck"),)},
        {"pairs": (("nose", "nose"),)},
        {"colours": {"nose": "red"}},
    ):
        with pytest.raises(InvalidValue):
            Skeleton(("nose",), **wrong)  # type: ignore[arg-type]
    assert Skeleton.of(["ear_L", "ear_R"]).pairs == (("ear_L", "ear_R"),)
    with pytest.raises(NotFound):
        lab.poses.load_draft(99)


@postgresql
def test_who_may_use_labels_may_use_what_is_made_beside_them(
    lab: Any, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    number = label_set(lab)
    before, who = rows_everywhere(lab), lab_place.reader()
    with pytest.raises(WriteRefused, match="not let this user"):
        connect_again(**who).poses.make_tables()
    lab.poses.make_tables()
    lab.poses.save_skeleton(number, Skeleton(("x",)))
    assert rows_everywhere(lab) == before
    reader = connect_again(**who)
    assert reader.poses.load_skeleton(number).bodyparts[0] == "x"
    assert reader.poses.shares_details


def test_who_may_only_read_what_is_kept_of_labels_saves_labels(
    lab: Any, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    number = label_set(lab)
    lab.poses.make_tables()
    lab.poses.save_skeleton(number, Skeleton(("tail",)))
    baseline = lab.poses.load_draft(number)
    who = lab_place.reader()
    user = f"{who['user']}@'127.0.0.1'" if lab_place.backend == "mysql" else who["user"]
    sets = lab.PoseEstimationLabelSet
    lab_place.sql(*(
        f"GRANT INSERT, UPDATE, DELETE ON {table().full_table_name} TO {user}"
        for table in (sets, sets.Frame, sets.Label, lab.DatasetVideo)
    ))  # fmt: skip
    limited = connect_again(**who)
    assert not lab.poses.words_aside
    assert not limited.read_only
    assert "on this computer alone" in limited.poses.words_aside
    wanted = edited(baseline)
    limited.poses.save_draft(number, baseline, wanted)
    limited.poses.save_skeleton(number, Skeleton(("nose", "tail")))
    loaded = limited.poses.load_draft(number)
    assert (loaded.sources, loaded.occluded) == (wanted.sources, wanted.occluded)
    assert loaded.labels.by_place() == wanted.labels.by_place()
    assert loaded.labels.bodyparts[0] == "nose"
    made = make_set(limited, "of a model", {}, wanted, Skeleton(("ear",)))
    assert limited.poses.load_draft(made).sources == wanted.sources


@postgresql
def test_a_file_that_is_damaged_is_set_aside(lab: Any, tmp_path: Path) -> None:
    number = label_set(lab)
    lab.poses.save_skeleton(number, Skeleton(("x",)))
    [file] = (tmp_path / "home" / "labels").iterdir()
    file.write_text('{"labels": [[1]]}')
    assert lab.poses.load_skeleton(number) == Skeleton(("nose", "tail"))
    assert file.with_suffix(".damaged").exists()
    assert lab.poses.load_draft(number).labels == lab.poses.load_labels(number)
