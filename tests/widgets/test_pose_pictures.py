"""Pictures of a label set as they are stored, and as they are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labdata_napari.errors import InvalidValue
from labdata_napari.widgets.pose_rows import read_label_set, read_pictures
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
