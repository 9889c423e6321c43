"""Errors put into predictions are found, named, and told in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from labdata_napari.core.pose_measures import (
    autoregressive_residuals,
    group_residuals,
    spikes,
)
from labdata_napari.core.pose_predictions import Predictions
from labdata_napari.core.pose_problems import Limits, find_problems, sided_pairs
from labdata_napari.core.pose_suggest import suggest_frames, uniform_frames
from labdata_napari.errors import Cancelled, InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("nose", "left_ear", "right_ear", "tail")
FRAMES = 600
NAN = np.nan


def walking(seed: int = 0) -> NDArray[np.float64]:
    """(frames, parts, 2): a body that walks in curves and turns, with noise."""
    t = np.arange(FRAMES) / 30
    middle = np.stack([300 + 150 * np.sin(t), 200 + 100 * np.cos(1.3 * t)], axis=1)
    shape = np.array([[40, 0], [25, 15], [25, -15], [-40, 0]])
    angle = np.sin(t / 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = np.einsum("ijf,kj->fki", turn, shape)
    noise = np.random.default_rng(seed).normal(0, 0.5, (FRAMES, 4, 2))
    return middle[:, None] + turned + noise


def predicted(xy: NDArray[np.float64], **more: object) -> Predictions:
    return Predictions.of(PARTS, xy, **more)


def test_what_is_right_is_no_problem() -> None:
    assert find_problems(predicted(walking())) == []


def test_each_error_is_found_and_told_why() -> None:
    xy = walking()
    likelihood = np.full(xy.shape[:2], 0.99)
    xy[100, 0] += 60, 30
    xy[200:, [1, 2]] = xy[200:, [2, 1]]  # from here on
    xy[300:310, 3] += 0, 90  # too long to be a spike
    likelihood[400, 1] = 0.2
    found = find_problems(predicted(xy, likelihood=likelihood))
    words = {(p.frame, p.bodypart, p.kind): p.words for p in found}
    assert re.fullmatch(r"nose jumps 6\d px and back", words[100, "nose", "spike"])
    assert words[200, "left_ear", "swap"] == "left_ear and right_ear are swapped"
    assert words[400, "left_ear", "likelihood"] == "left_ear is unsure, p = 0.20"
    assert "times as far from" in words[300, "tail", "bone"]
    assert {p.frame for p in found} <= {100, 101, 200, *range(300, 311), 400}
    assert found[-1].kind == "likelihood"  # it says least
    spikes_only = find_problems(
        predicted(xy), Limits(likelihood=None, bone=None, swap=None)
    )
    assert [p.frame for p in spikes_only if p.bodypart == "nose"] == [100]
    assert len(find_problems(predicted(xy), most=1)) == 1


def test_the_surest_come_first() -> None:
    xy = walking()
    for frame, pixels in ((50, 30), (150, 90), (250, 50)):
        xy[frame, 0, 1] += pixels
    found = find_problems(predicted(xy), Limits(bone=None))
    assert [problem.frame for problem in found[:3]] == [150, 250, 50]


def test_shapes_and_paths_that_are_unusual_are_found() -> None:
    xy = walking()
    xy[300:310, 3] += 0, 60
    only = Limits(None, None, None, None, shape=8)
    found = find_problems(predicted(xy), only)
    assert {p.frame for p in found} == set(range(300, 310))
    assert {p.kind for p in found} == {"shape"}
    only = Limits(None, None, None, None, path=8)
    paths = {p.frame for p in find_problems(predicted(xy), only)}
    assert {300, 310} <= paths <= set(range(300, 315))


def test_a_video_may_have_gaps_and_be_short() -> None:
    xy = walking()
    xy[::7, 1] = NAN
    xy[:, 3] = NAN
    xy[100, 0] += 80
    found = find_problems(predicted(xy), Limits(shape=8, path=20))
    assert {p.frame for p in found if p.kind == "spike"} == {100}
    assert not [p for p in found if p.bodypart == "tail"]
    for count in range(6):
        assert (
            find_problems(predicted(walking()[:count]), Limits(shape=8, path=8)) == []
        )


def test_measures_are_in_pixels_and_usual_deviations() -> None:
    xy = np.zeros((4, 2, 40), np.float32)
    xy[:, 0] = np.arange(40) * 3  # steady movement is no spike
    assert np.allclose(spikes(xy)[1][:, 2:-2], 0)
    xy[2, 1, 20] = 12
    scores, pixels = spikes(xy)
    assert (pixels[2, 20], pixels[2, 21]) == (12, 0)
    # but for the step of its movement; nothing is off otherwise
    assert scores[2, 20] == pytest.approx((12 - 3) / 0.25)
    assert np.isnan(autoregressive_residuals(xy)[1][:, :4]).all()
    assert np.isnan(group_residuals(xy[:2])[0]).all()  # two have no shape


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (PARTS, (("left_ear", "right_ear"),)),
        (("Lpaw", "Rpaw", "L_ear", "R_ear"), (("L_ear", "R_ear"),)),
        (("earLeft", "earRight", "lefty"), (("earLeft", "earRight"),)),
        (("paw_l", "paw_r", "tail_l"), (("paw_l", "paw_r"),)),
        (("nose",), ()),
    ],
)
def test_sides_are_known_by_their_names(names: tuple, pairs: tuple) -> None:
    assert sided_pairs(names) == pairs


class Scenes:
    """A video of four scenes that differ, the last short, and one damaged frame."""

    most_held = 4

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._scenes = rng.integers(0, 255, (4, 44, 60, 3), np.uint8)

    def __len__(self) -> int:
        return 100

    def picture(self, number: int) -> NDArray[np.uint8]:
        if number == 7:
            raise UnreadableFile("damaged")
        return self._scenes[self.scene(number)]

    @staticmethod
    def scene(number: int) -> int:
        return min(number // 32, 3)


def test_frames_of_all_scenes_are_suggested_and_none_that_is_known() -> None:
    video = Scenes()
    found = suggest_frames(video, 4)
    assert sorted(map(video.scene, found)) == [0, 1, 2, 3]
    assert suggest_frames(video, 4) == found
    again = suggest_frames(video, 4, known=found)
    assert len(again) == 4
    assert not set(again) & set(found)
    assert len(suggest_frames(video, 1000)) == 99  # but for the damaged one
    with pytest.raises(InvalidValue, match="1 or more"):
        suggest_frames(video, 0)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        suggest_frames(video, 4, progress=stop)


def test_frames_at_even_distances() -> None:
    assert uniform_frames(100, 3) == [0, 50, 99]
    assert uniform_frames(10, 3, known=[0, 9]) == [1, 5, 8]
    assert uniform_frames(3, 9, known=[1]) == [0, 2]
