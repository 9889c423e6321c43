"""Labels carried over to other frames: where things went, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_draft import TRACKED, Keypoint, PoseDraft, State
from labdata_napari.core.pose_flow import carry, carry_through, track
from labdata_napari.core.video import VideoReader
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

POINTS = np.array([[120.0, 100.0], [240.25, 140.5], [180.0, 200.75]])
FRAMES = [FrameKey("M1", "s", "d", "v", n) for n in range(4)]


def _field() -> NDArray[np.float64]:
    """(400, 500) texture of several sizes, as fur has."""
    noise = np.random.default_rng(3).normal(size=(400, 500))
    layers = [gaussian_filter(noise, size) for size in (2, 5, 12)]
    return np.asarray(128 + 15 * sum(layer / layer.std() for layer in layers))


FIELD = _field()


def scene(dx: float = 0, dy: float = 0, turn: float = 0) -> NDArray[np.float64]:
    """(300, 400) of it, moved and turned (radians) about (200, 150)."""
    y, x = np.mgrid[:300, :400].astype(float)
    there = np.stack([x.ravel() - dx, y.ravel() - dy], axis=1)
    x, y = at(there, 0, 0, -turn).T + 50
    return map_coordinates(FIELD, [y, x], order=3).reshape(300, 400)


def at(points: Any, dx: float, dy: float, turn: float = 0) -> NDArray[np.float64]:
    middle = np.array([200.0, 150.0])
    c, s = np.cos(turn), np.sin(turn)
    return (points - middle) @ np.array([[c, s], [-s, c]]) + middle + (dx, dy)


@pytest.mark.parametrize(
    ("move", "most"),
    [((0.3, -0.7), 0.03), ((7.3, -4.6), 0.03), ((-24, 13), 0.05), ((2, 1, 0.1), 0.5)],
)
def test_points_go_where_the_picture_went(move: Any, most: float) -> None:
    carried = carry(scene(), scene(*move), POINTS)
    assert carried.is_carried.all()
    assert np.abs(carried.points - at(POINTS, *move)).max() < most
    assert carried.error.max() < 0.1


def test_what_is_lost_is_not_carried() -> None:
    before, after = scene(), scene(12, 0)
    before[20:70, 20:70] = 128  # nothing to hold on to
    lost = np.array([[45.0, 45.0], [395.0, 75.0], [np.nan, np.nan]])
    after[60:160, 300:] = np.random.default_rng(0).uniform(0, 255, (100, 100))
    carried = carry(before, after, [*lost, [340.0, 110.0], POINTS[2]])
    assert carried.is_carried.tolist() == [False, False, False, False, True]
    assert np.isnan(carried.points[:4]).all()
    with pytest.raises(InvalidValue, match="frames of one video"):
        carry(before, after[:-1], POINTS)
    assert not carry_through([before], POINTS[:0]).error.size


def test_labels_are_carried_through_the_frames_between() -> None:
    way = [scene(20 * n, 4 * n) for n in range(4)]
    places = [(FRAMES[0], name) for name in ("a", "b", "hidden", "there")]
    points = [(140, 150), (160.5, 175.25), (170, 60), (180, 90)]
    keypoints = [Keypoint(*p) for p in points]
    keypoints[2] = Keypoint(170, 60, state=State.OCCLUDED)
    draft = PoseDraft().with_keypoints(
        [*places, (FRAMES[3], "there")], [*keypoints, Keypoint(1, 1, 2)]
    )
    edit = track(draft, FRAMES[0], FRAMES[3], way)
    assert edit is not None
    assert edit.words == "track 2 labels"
    done = edit.apply(draft)
    for name, point in zip("ab", points, strict=False):
        label = done[FRAMES[3], name]
        assert label.source == TRACKED
        apart = np.subtract((label.x, label.y), np.add(point, (60, 12)))
        assert np.abs(apart).max() < 0.2
    assert done[FRAMES[3], "there"] == Keypoint(1, 1, 2)
    all_of_them = track(draft, FRAMES[0], FRAMES[3], way, overwrite=True)
    assert all_of_them is not None
    assert all_of_them.keypoints[2].z == 2
    assert track(done, FRAMES[0], FRAMES[3], way) is None
    flat = [np.zeros((300, 400))] * 2
    assert track(draft, FRAMES[0], FRAMES[1], flat) is None


def test_a_mouse_is_followed_through_a_real_video(shared_data: Path) -> None:
    folder = shared_data / "openfield-Pranav-2018-10-30"
    [file] = (folder / "videos").glob("*.mp4")
    video = VideoReader(file)
    pictures = [video.picture(n) for n in range(100, 106)]
    grey = np.mean(pictures[0], axis=2)
    y, x = np.mgrid[:480:20, :640:20]
    dark = grey[y.ravel(), x.ravel()] < 60  # the mouse, and dark things that stay
    points = np.stack([x.ravel()[dark], y.ravel()[dark]], axis=1)[:60]
    there = carry_through(pictures, points)
    kept = there.is_carried
    assert kept.sum() > 5
    back = carry_through(pictures[::-1], there.points[kept])
    apart = np.hypot(*(back.points - points[kept])[back.is_carried].T)
    assert np.quantile(apart, 0.9) < 1.0
