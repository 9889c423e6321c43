"""Label sets in the database: exact, matched by key, nobody's labels lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    WriteConflict,
    WriteRefused,
)
from labelling import (
    add_video,
    frames_of,
    label_set,
    labels_of,
    picture,
    stored_labels,
)

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


def test_a_label_set_holds_what_was_put_in(lab: Any) -> None:
    frames = frames_of(add_video(lab), (3, 10))
    number = lab.poses.create_label_set("open field", "ana")
    assert number == 0
    images = {frame: picture(frame.frame_num) for frame in frames}
    labels = labels_of(frames)
    changes = lab.poses.add_frames(number, images, labels)
    assert len(changes.added) == 4
    assert lab.poses.load_labels(number) == labels
    np.testing.assert_array_equal(
        lab.poses.load_frame(number, frames[1]), images[frames[1]]
    )
    stored = stored_labels(lab, number)
    assert stored[3, "nose"] == (*labels.coordinates[0, 0].tolist(), None)
    [entry] = lab.poses.find("open field")
    assert entry.key == {"pose_label_set_num": 0}
    with pytest.raises(NotFound, match=r"Label set 0 does not hold frame 4 of M1"):
        lab.poses.load_frame(number, frames[0]._replace(frame_num=4))
    with pytest.raises(NotFound, match="pose label set num"):
        lab.poses.load_labels(7)


def test_only_the_labels_that_changed_are_written(lab: Any, lab_place: Any) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    one, two, three = baseline.frames
    edited = (
        baseline.placed(one, "nose", 1.25, 2)
        .placed(two, "ear", 5, 6)
        .removed(three, "tail")
    )
    before = stored_labels(lab, number)
    with lab_place.statements() as seen:
        changes = lab.poses.save_labels(number, baseline, edited)
    writes = [s.split()[0] for s in seen if s.split()[0].upper() in WRITES]
    assert writes == ["DELETE", "INSERT"]
    assert [len(c) for c in (changes.added, changes.changed, changes.removed)] == [
        1
    ] * 3
    after = stored_labels(lab, number)
    touched = {(3, "nose"), (7, "ear"), (10, "tail")}
    assert {k for k in before | after if before.get(k) != after.get(k)} == touched
    with lab_place.statements() as seen:
        loaded = lab.poses.load_labels(number)
        assert not lab.poses.save_labels(number, loaded, loaded)
    assert not [s for s in seen if s.startswith(WRITES)]


def test_500_changes_are_few_statements(lab: Any, lab_place: Any) -> None:
    [frame, *_] = frames_of(add_video(lab), [0])
    frames = [frame._replace(frame_num=n) for n in range(300)]
    number = lab.poses.create_label_set()
    lab.poses.add_frames(number, {}, labels_of(frames))
    baseline = lab.poses.load_labels(number)
    xyz = np.array(baseline.xyz[..., :2])
    xyz[:225] += 1.5
    xyz[225:250] = np.nan
    edited = replace(baseline, coordinates=xyz)
    with lab_place.statements() as seen:
        changes = lab.poses.save_labels(number, baseline, edited)
    assert (len(changes.changed), len(changes.removed)) == (450, 50)
    begun = next(n for n, sql in enumerate(seen) if "FOR UPDATE" in sql)
    written = [sql for sql in seen[begun:] if not sql.startswith("COMMIT")]
    assert len(written) <= 6, [sql[:80] for sql in written]
    assert not edited.differences_to(lab.poses.load_labels(number))


def test_what_is_going_to_be_saved_is_said_in_words(
    lab: Any, connect_again: Callable[..., Any]
) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    one, two, three = baseline.frames
    mine = baseline.placed(one, "nose", 1, 1).placed(one, "ear", 2, 2)
    mine = mine.removed(three, "tail")
    said = lab.poses.compare(number, baseline, mine)
    assert said.words == "1 moved, 1 added, 1 removed, 4 unchanged"
    theirs = baseline.placed(two, "nose", 5, 5).placed(one, "nose", 6, 6)
    connect_again().poses.save_labels(number, baseline, theirs)
    said = lab.poses.compare(number, baseline, mine)
    assert said.words.endswith(
        "; 2 changed by another user since you opened, one of them by you, too"
    )
    [conflict] = said.conflicts
    assert (conflict.place, conflict.mine.x, conflict.theirs.x) == ((one, "nose"), 1, 6)
    assert lab.poses.compare(number, theirs, theirs).words == "no changes"


def test_z_that_nobody_edits_stays(lab: Any) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    frame = baseline.frames[0]
    solid = baseline.placed(frame, "nose", 1, 2, z=0.1)
    lab.poses.save_labels(number, baseline, solid)
    loaded = lab.poses.load_labels(number)
    assert loaded == solid
    flat = PoseLabels(("nose",), (frame,), np.array([[[5, 6]]]))
    lab.poses.save_labels(number, loaded, flat)
    z = float(np.float32(0.1))
    assert stored_labels(lab, number)[frame.frame_num, "nose"] == (5.0, 6.0, z)
    assert len(stored_labels(lab, number)) == 6


def test_two_cameras_may_have_the_same_frame_number(lab: Any) -> None:
    keys = [*frames_of(add_video(lab), [5]), *frames_of(add_video(lab, "side"), [5])]
    number = lab.poses.create_label_set()
    labels = labels_of(keys)
    lab.poses.add_frames(number, {key: picture() for key in keys}, labels)
    loaded = lab.poses.load_labels(number)
    assert loaded == labels
    moved = loaded.placed(keys[1], "nose", 1, 1)
    lab.poses.save_labels(number, loaded, moved)
    assert lab.poses.load_labels(number)[keys[0], "nose"] == labels[keys[0], "nose"]


def test_what_two_people_do_to_different_labels_both_stays(
    lab: Any, connect_again: Callable[..., Any]
) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    one, two, _ = baseline.frames
    other = connect_again()
    other.poses.save_labels(
        number, baseline, baseline.placed(one, "nose", 1, 1).placed(one, "ear", 2, 2)
    )
    lab.poses.save_labels(
        number, baseline, baseline.placed(two, "nose", 3, 3).removed(two, "tail")
    )
    stored = stored_labels(lab, number)
    assert stored[one.frame_num, "nose"] == (1, 1, None)
    assert stored[one.frame_num, "ear"] == (2, 2, None)
    assert stored[two.frame_num, "nose"] == (3, 3, None)
    assert (two.frame_num, "tail") not in stored


@pytest.mark.parametrize("theirs", ["moved", "removed"])
def test_the_same_label_changed_by_two_is_a_conflict_with_both_versions(
    lab: Any, connect_again: Callable[..., Any], theirs: str
) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    one, two, _ = baseline.frames
    now = (
        baseline.placed(one, "nose", 1, 1)
        if theirs == "moved"
        else baseline.removed(one, "nose")
    )
    connect_again().poses.save_labels(number, baseline, now.placed(two, "ear", 1, 1))
    before = stored_labels(lab, number)
    mine = baseline.placed(one, "nose", 2, 2).placed(two, "tail", 9, 9)
    with pytest.raises(WriteConflict, match="Nothing was written") as error:
        lab.poses.save_labels(number, baseline, mine)
    assert stored_labels(lab, number) == before
    assert "nose in frame 3" in error.value.their_changes
    assert theirs in error.value.their_changes
    assert "ear" not in error.value.their_changes  # nobody else wants that one
    assert "nose in frame 3 of M1" in error.value.your_changes
    assert "tail" not in error.value.your_changes
    held = error.value.theirs
    assert held == lab.poses.load_labels(number)
    # mine, knowing it: theirs is the new baseline
    lab.poses.save_labels(number, held, held.with_changes(baseline.changes_to(mine)))
    stored = stored_labels(lab, number)
    assert stored[3, "nose"] == (2, 2, None)
    assert stored[two.frame_num, "ear"] == (1, 1, None)
    assert stored[two.frame_num, "tail"] == (9, 9, None)


def test_the_same_edit_twice_is_written_once(lab: Any, lab_place: Any) -> None:
    number = label_set(lab)
    baseline = lab.poses.load_labels(number)
    frame = baseline.frames[0]
    edited = baseline.placed(frame, "nose", 1, 1).placed(frame, "ear", 2, 2)
    first = lab.poses.save_labels(number, baseline, edited)
    with lab_place.statements() as seen:
        assert lab.poses.save_labels(number, baseline, edited) == first
    assert not [s for s in seen if s.startswith(WRITES)]


def test_frames_are_added_once_and_never_replaced(
    lab: Any, lab_place: Any, connect_again: Callable[..., Any]
) -> None:
    number = label_set(lab)
    [frame] = frames_of(add_video(lab, "side"), [40])
    labels = labels_of([frame], seed=4)
    lab.poses.add_frames(number, {frame: picture(1)}, labels)
    with lab_place.statements() as seen:
        lab.poses.add_frames(number, {frame: picture(1)}, labels)
    assert not [s for s in seen if s.startswith(WRITES)]
    with pytest.raises(WriteConflict, match=r"frame 40 of M1 .* other pixels") as error:
        connect_again().poses.add_frames(number, {frame: picture(2)})
    np.testing.assert_array_equal(error.value.theirs[frame], picture(1))
    apart = r"compared with theirs, nose in frame 40 .*: moved .* px to \(0, 0\)"
    with pytest.raises(WriteConflict, match=apart):
        lab.poses.add_frames(number, {}, labels.placed(frame, "nose", 0, 0))
    np.testing.assert_array_equal(lab.poses.load_frame(number, frame), picture(1))


def test_a_failure_adds_neither_frames_nor_labels(lab: Any, lab_place: Any) -> None:
    from labs import writes_fail

    number = label_set(lab)
    before = lab.poses.load_labels(number)
    [frame] = frames_of(add_video(lab, "side"), [40])
    table = lab.PoseEstimationLabelSet.Label.full_table_name
    with writes_fail(lab_place, table), pytest.raises(Exception, match="not today"):
        lab.poses.add_frames(number, {frame: picture()}, labels_of([frame]))
    assert lab.poses.load_labels(number) == before


def test_an_empty_label_set_is_made_once(lab: Any) -> None:
    video = add_video(lab)
    assert lab.poses.create_label_set("a", "ana") == 0
    assert lab.poses.create_label_set("a", "ana") == 0
    assert lab.poses.create_label_set("a") == 1
    lab.poses.add_frames(0, {}, labels_of(frames_of(video, [1])))
    assert lab.poses.create_label_set("a", "ana") == 2


def test_what_cannot_be_stored_is_said_before(
    lab: Any, connect_again: Callable[..., Any], lab_place: Any
) -> None:
    number = label_set(lab)
    labels = lab.poses.load_labels(number)
    frame = labels.frames[0]
    nowhere = frame._replace(video_name="elsewhere")
    with pytest.raises(NotFound, match=r"no DatasetVideo .* video 'elsewhere'"):
        lab.poses.save_labels(number, labels, labels.placed(nowhere, "nose", 1, 1))
    with pytest.raises(NotFound, match="no PoseEstimationLabelSet"):
        lab.poses.save_labels(99, PoseLabels(), labels)
    with pytest.raises(InvalidValue, match=r"uint8 and \(Y, X\)"):
        lab.poses.add_frames(number, {frame: np.zeros((4, 4))})
    with pytest.raises(NotFound, match="LabMember"):
        lab.poses.create_label_set("x", "nobody")
    with pytest.raises(InvalidValue, match="512"):
        lab.poses.create_label_set("x" * 513)
    reader = connect_again(**lab_place.reader())
    with pytest.raises(WriteRefused, match="may only read"):
        reader.poses.save_labels(number, labels, labels.removed(frame, "nose"))
    assert lab.poses.load_labels(number) == labels


@pytest.mark.mysql
@pytest.mark.parametrize("backend", ["mysql"])
def test_pictures_larger_than_a_packet_are_said_and_many_are_divided(lab: Any) -> None:
    [(packet,)] = lab.connection.query("SELECT @@max_allowed_packet").fetchall()
    side = int((packet / 3) ** 0.5)
    frames = frames_of(add_video(lab), range(4))
    number = lab.poses.create_label_set()
    large = picture(0, (side + 8, side + 8))
    with pytest.raises(InvalidValue, match="max_allowed_packet"):
        lab.poses.add_frames(number, {frames[0]: large})
    half = picture(0, (side // 2, side))  # three of them are more than a packet
    lab.poses.add_frames(number, dict.fromkeys(frames[:3], half))
    assert lab.poses.load_labels(number).frames == tuple(frames[:3])


def test_keys_are_read_from_rows_with_more_columns() -> None:
    row = {"frame_num": 3, "x": 1, "video_name": "v", "dataset_name": "d"}
    key = FrameKey.from_row(row | {"session_name": "s", "subject_name": "m"})
    assert key == ("m", "s", "d", "v", 3)
