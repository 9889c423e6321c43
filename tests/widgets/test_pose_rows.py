"""What a label set is opened with: its first picture, and frames once suggested."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hands import child, wait_for
from labdata_napari.core.pose_draft import Keypoint, State
from labdata_napari.errors import InvalidValue, WriteRefused
from labdata_napari.widgets.pose_rows import (
    keep_suggested,
    read_label_set,
    read_pictures,
)
from labelling import label_set
from labs import postgresql

pytestmark = pytest.mark.one_qt


@postgresql
def test_a_set_comes_with_its_first_picture_unless_that_is_none(lab: Any) -> None:
    num = label_set(lab)
    rows = read_label_set(lab, num)
    first, second, *_ = sorted(rows.draft.labels.frames)
    assert list(rows.pictures) == [first]
    np.testing.assert_array_equal(
        rows.pictures[first], lab.poses.load_frame(num, first)
    )

    def store(picture: np.ndarray) -> None:
        key = {"pose_label_set_num": num, **first.to_row()}
        lab.PoseEstimationLabelSet.Frame.update1({**key, "frame": picture})

    pixels = np.random.default_rng(0).integers(0, 255, (6, 7, 4), np.uint8)
    for stored, shown in ((pixels, pixels[..., :3]), (pixels[..., :1], pixels[..., 0])):
        store(stored)
        found = read_label_set(lab, num).pictures[first]
        np.testing.assert_array_equal(found, shown)
        assert found.flags.c_contiguous
    store(pixels[0])
    assert read_label_set(lab, num).pictures[first].shape == (7, 4)
    store(pixels[0, 0])
    rows = read_label_set(lab, num)
    assert not rows.pictures
    assert rows.draft.labels.frames
    assert read_pictures(lab, rows.lab, num, [second])
    with pytest.raises(InvalidValue, match=r"is no picture \(4\)"):
        read_pictures(lab, rows.lab, num, [first])


@postgresql
def test_what_was_suggested_is_kept_beside_all_else_of_the_set(lab: Any) -> None:
    num = label_set(lab)
    rows = read_label_set(lab, num)
    first, second, *_ = rows.draft.labels.frames
    fresh = (second._replace(frame_num=40), second._replace(frame_num=41))
    hidden = Keypoint(state=State.OCCLUDED)
    draft = rows.draft.with_keypoints([(first, "ear")], [hidden])
    for keep, expected in ((fresh, fresh), ((*fresh[:1], first), fresh[:1]), ((), ())):
        keep_suggested(lab, rows.lab, num, keep)
        lab.poses.save_draft(num, lab.poses.load_draft(num), draft)
        again = read_label_set(lab, num)
        assert again.suggested == expected  # of these, what the set does not have
        assert again.draft[first, "ear"] == hidden
    # another set that takes its number begins with none
    keep_suggested(lab, rows.lab, num, fresh)
    (lab.PoseEstimationLabelSet & {"pose_label_set_num": num}).delete(prompt=False)
    assert lab.poses.create_label_set("another") == num
    assert not read_label_set(lab, num).suggested
    with pytest.raises(WriteRefused, match="another lab"):
        keep_suggested(lab, ("embedded:/elsewhere", "lab_data", None), num, fresh)


def test_why_what_was_suggested_is_not_there_is_told(
    open_workspace: Any, lab_folder: Any
) -> None:
    with lab_folder.connect() as lab:
        num = label_set(lab)
        rows = read_label_set(lab, num)
        [first, *_] = rows.draft.labels.frames
        keep_suggested(lab, rows.lab, num, (first._replace(frame_num=40),))
    viewer, workspace = open_workspace(lab_folder)
    _, dock = viewer.window.add_plugin_dock_widget("labdata-napari", "Poses")
    status = child(dock, "pose_status")
    workspace.posing.open_set(num)
    wait_for(lambda: "1 frame suggested before cannot be shown" in status.text())
    session = workspace.posing.work.session
    assert session.frames == rows.draft.labels.frames
    assert len(session.suggested) == 1
