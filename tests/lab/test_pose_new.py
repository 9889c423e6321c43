"""New label sets: frames of videos chosen and written, whole or not at all."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.pose_draft import PoseDraft
from labdata_napari.core.pose_new import NewSet
from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.core.pose_skeleton import Skeleton, pairs_in, words_of_pairs
from labdata_napari.errors import Cancelled, InvalidValue, NotFound
from labdata_napari.lab.pose_making import make_whole_set
from labdata_napari.lab.pose_new import find_videos, suggest
from labdata_napari.lab.video_import import VideoImport, import_video
from labelling import add_video, frames_of, labels_of, picture, write_video
from labs import rows_everywhere, writes_fail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHERE = {"subject": "M1", "session": "20260101_120000", "dataset": "pose"}
SKELETON = Skeleton(("nose", "left ear", "right ear"), (("nose", "left ear"),))


@pytest.fixture
def video(lab: Any, store: Path, tmp_path: Path) -> VideoKey:
    """Eight frames, each brighter than the one before."""
    add_video(lab)  # and one of which there is no file
    store.mkdir(exist_ok=True)
    write_video(tmp_path / "side.mp4")
    key = import_video(lab, VideoImport(tmp_path / "side.mp4", **WHERE))
    return VideoKey(*(key[name] for name in VideoKey._fields))


def test_a_set_is_made_of_frames_that_were_chosen(lab: Any, video: VideoKey) -> None:
    assert video in find_videos(lab)
    assert suggest(lab, video, 3, "uniform", known=[0]) == [1, 4, 7]
    chosen = suggest(lab, video, 4, known=[2])
    assert len(chosen) == 4
    assert 2 not in chosen
    told: list[tuple[int, int]] = []
    request = NewSet({video: (7, 2, 2)}, SKELETON, "to label", "ana")
    num = lab.poses.new_set(request, lambda *now: told.append(now))
    assert told[-1] == (2, 2)
    draft = lab.poses.load_draft(num)
    assert draft.labels.bodyparts == SKELETON.bodyparts
    assert draft.labels.frames == (video.frame(2), video.frame(7))
    assert not len(draft.labels)
    assert lab.poses.load_skeleton(num) == SKELETON
    [entry] = lab.poses.find("to label")
    assert entry.key == {"pose_label_set_num": num}
    for number in (2, 7):
        shown = lab.poses.load_frame(num, video.frame(number))
        assert abs(float(np.mean(shown)) - number * 20) < 5
    # the same again is the same set, after a connection that was lost
    assert lab.poses.new_set(request) == num
    wider = replace(request, skeleton=SKELETON.with_bodyparts(["paw"]))
    assert lab.poses.new_set(wider) != num
    assert lab.poses.new_set(NewSet({video: (1,)}, SKELETON, "to label", "ana")) != num


def test_what_goes_wrong_leaves_nothing(
    lab: Any, lab_place: Any, video: VideoKey
) -> None:
    before = rows_everywhere(lab)

    def stop(done: int, total: int) -> None:
        raise Cancelled("no more")

    request = NewSet({video: (1, 2)}, SKELETON)
    with pytest.raises(Cancelled):
        lab.poses.new_set(request, stop)
    table = lab.PoseEstimationLabelSet.Frame.full_table_name
    with writes_fail(lab_place, table), pytest.raises(Exception, match="not today"):
        lab.poses.new_set(request)
    with pytest.raises(InvalidValue, match="frames 0 to 7"):
        lab.poses.new_set(NewSet({video: (8,)}, SKELETON))
    with pytest.raises(InvalidValue, match="Name the body parts"):
        lab.poses.new_set(NewSet({video: (1,)}))
    with pytest.raises(InvalidValue, match="Choose frames"):
        lab.poses.new_set(NewSet({video: ()}, SKELETON))
    nowhere = video._replace(video_name="camera0", dataset_name="brain")
    with pytest.raises(NotFound):
        lab.poses.new_set(NewSet({nowhere: (1,)}, SKELETON))
    assert rows_everywhere(lab) == before


def test_two_who_make_sets_at_once_get_one_each(
    lab: Any, connect_again: Callable[..., Any]
) -> None:
    frames = frames_of(add_video(lab), range(3))
    images = {frame: picture(frame.frame_num) for frame in frames}
    labels = PoseDraft(labels_of(frames))
    made: dict[str, int] = {}

    def make(name: str) -> None:
        other = connect_again()
        for n in range(3):
            made[f"{name}{n}"] = make_whole_set(
                other, f"{name}{n}", "ana", images, labels, SKELETON
            )

    threads = [threading.Thread(target=make, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made.values()) == list(range(6))
    assert all(lab.poses.load_labels(n) == labels_of(frames) for n in range(6))


def test_a_skeleton_is_typed_as_words() -> None:
    names = ("nose", "left-ear", "right-ear")
    pairs = (("nose", "left-ear"), ("left-ear", "right-ear"))
    text = words_of_pairs(pairs)
    assert text == "nose – left-ear, left-ear – right-ear"
    assert pairs_in(text, names) == pairs
    assert pairs_in(" nose - left-ear\nnose-right-ear, ", names) == (
        ("nose", "left-ear"),
        ("nose", "right-ear"),
    )
    for wrong in ("nose", "nose - tail", "left-ear-nose-right-ear"):
        with pytest.raises(InvalidValue, match="body part"):
            pairs_in(wrong, names)
