"""The truth alone, and the pixels drawn from it; nothing is built here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from labdata_napari.demo import (
    DemoTruth,
    brain_pixels,
    cells,
    demo_truth,
    mouse,
    widefield,
)
from labdata_napari.demo.motion import move
from labdata_napari.demo.shapes import structure_at
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from labdata_napari.demo import DemoTruth
    from labdata_napari.demo.brain import BrainTruth


@pytest.fixture(params=[0, 1], ids=["coronal", "horizontal"])
def brain(request: pytest.FixtureRequest, demo_truth: DemoTruth) -> BrainTruth:
    return demo_truth.brains[request.param]


def test_another_seed_gives_another_lab() -> None:
    one, other = demo_truth(0, 0.2), demo_truth(1, 0.2)
    assert not np.array_equal(one.pose.xy, other.pose.xy)
    assert not np.array_equal(
        one.spikes.spike_samples[1], other.spikes.spike_samples[1]
    )
    planes = [brain_pixels.plane(t.brains[0], 30) for t in (one, other)]
    assert not np.array_equal(*planes)


@pytest.mark.parametrize(("seed", "scale"), [(0, 0.1), (0, 1.5), (-1, 1.0)])
def test_a_scale_or_seed_out_of_range_is_refused(seed: int, scale: float) -> None:
    with pytest.raises(InvalidValue, match=r"must (be|not be)"):
        demo_truth(seed, scale)


def test_places_in_micrometres_do_not_depend_on_the_scale() -> None:
    fine, coarse = demo_truth(scale=1.0).brains[0], demo_truth(scale=0.25).brains[0]
    for one, other in zip(fine.tracks, coarse.tracks, strict=True):
        # the brain is in the middle of a stack of whole voxels
        np.testing.assert_allclose(one.entry_um, other.entry_um, atol=100)
        assert one.length_um == pytest.approx(other.length_um, abs=1)


def test_full_size_brains_are_anisotropic_with_two_channels() -> None:
    for brain in demo_truth().brains:
        assert brain.shape[1] == 2
        z, y, x = brain.um_per_pixel
        assert z > y == x
        assert min(brain.shape[0], brain.shape[2], brain.shape[3]) > 200


def test_pixels_are_the_same_in_any_order(demo_truth: DemoTruth) -> None:
    coronal = demo_truth.brains[0]
    forth = [brain_pixels.plane(coronal, z) for z in (20, 21, 40)]
    back = [brain_pixels.plane(coronal, z) for z in (40, 21, 20)][::-1]
    for one, other in zip(forth, back, strict=True):
        np.testing.assert_array_equal(one, other)
    for draw, truth in (
        (widefield.frame, demo_truth.widefield),
        (cells.frame, demo_truth.two_photon),
        (cells.frame, demo_truth.miniscope),
    ):
        late, early = draw(truth, 9), draw(truth, 2)  # type: ignore[operator]
        np.testing.assert_array_equal(draw(truth, 2), early)  # type: ignore[operator]
        np.testing.assert_array_equal(draw(truth, 9), late)  # type: ignore[operator]


def test_stack_and_brain_coordinates_are_each_others_inverse(
    brain: BrainTruth,
) -> None:
    um = np.random.default_rng(0).uniform(0, 8000, (50, 3))
    np.testing.assert_allclose(brain.pose.to_stack(brain.pose.to_brain(um)), um)
    ours, theirs = um / 1000, brain.pose.to_brain(um)
    np.testing.assert_allclose(
        np.linalg.norm(theirs[1:] - theirs[0], axis=1),
        np.linalg.norm(ours[1:] - ours[0], axis=1),
    )


@pytest.mark.parametrize("number", [0, 1])
def test_dye_is_bright_on_its_track_and_nowhere_near(number: int) -> None:
    brain = demo_truth().brains[number]
    um = np.array(brain.um_per_pixel)
    for track in brain.tracks:
        for z, y, x in brain.pixels(track.points_um(7)[1:-1]):
            dye = brain_pixels.plane(brain, round(z))[1].astype(float)
            # well beyond the other shanks, which are 250 µm apart along x
            aside = round(1200 / um[2])
            around = [dye[round(y), round(x) + dx] for dx in (-aside, aside)]
            assert dye[round(y), round(x)] > 4.0 * max(around), (track.name, z, y, x)


def test_landmarks_lie_in_the_structure_they_name() -> None:
    brain = demo_truth().brains[0]
    z, y, x = brain.pixels([brain.landmarks["anterior commissure, left"]])[0]
    plane = brain_pixels.plane(brain, round(z))[0].astype(float)
    fibres = plane[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3].mean()
    beside = plane[round(y) - 20 : round(y) - 14, round(x) - 2 : round(x) + 3].mean()
    assert fibres < 0.6 * beside


def test_structures_are_found_where_the_bent_brain_has_them() -> None:
    assert structure_at(5.9, 4.9, 0.0) != (5.9, 4.9, 0.0)
    np.testing.assert_allclose(structure_at(5.9, 4.9, 0.0), (5.9, 4.9, 0.0), atol=0.12)


def test_the_mouse_is_drawn_where_the_truth_says(demo_truth: DemoTruth) -> None:
    pose = demo_truth.pose
    motion = move(demo_truth.seed, pose.n_frames)
    for number in (3, pose.n_frames // 2, pose.n_frames - 1):
        picture = mouse.frame(motion, number, demo_truth.seed).astype(int)

        def colour(part: str, number: int = number, picture=picture):  # type: ignore[no-untyped-def]
            x, y = pose.xy[number, pose.labels.index(part)].round().astype(int)
            return picture[y - 1 : y + 2, x - 1 : x + 2].mean(axis=(0, 1))

        assert colour("body_center").max() < 110  # black fur
        for pink in ("left_ear", "right_ear", "nose"):
            red, green, _ = colour(pink)
            assert red > green + 25
    assert pose.xy[..., 0].min() > 0
    assert pose.xy[..., 0].max() < picture.shape[1] - 1
    assert pose.xy[..., 1].max() < picture.shape[0] - 1


def test_predictions_are_wrong_only_where_an_error_was_planted(
    demo_truth: DemoTruth,
) -> None:
    pose = demo_truth.pose
    wrong = np.zeros(pose.xy.shape[:2], bool)
    for error in pose.errors:
        parts = [error.label]
        parts += ["right_ear"] if error.kind == "swap" else []
        for part in parts:
            wrong[error.first : error.last + 1, pose.labels.index(part)] = True
    off = np.hypot(*np.moveaxis(pose.predicted - pose.xy, -1, 0))
    assert off[~wrong].max() < 6
    assert off[wrong].min() > 8
    assert {error.kind for error in pose.errors} == {"jump", "unsure", "swap", "lost"}


def test_spikes_keep_their_refractory_period_unless_two_cells_are_mixed(
    demo_truth: DemoTruth,
) -> None:
    spikes = demo_truth.spikes
    for unit in spikes.units:
        gaps = np.diff(spikes.spike_samples[unit.unit_id]) / spikes.sampling_rate
        assert (gaps > 0).all()
        if unit.kind == "mixed":
            assert (gaps < 0.002).sum() > 3
        else:
            assert gaps.min() > 0.00215


def test_raw_voltage_has_the_spikes_of_the_truth(demo_truth: DemoTruth) -> None:
    spikes = demo_truth.spikes
    unit = next(u for u in spikes.units if u.unit_id == 3)
    whole = spikes.voltage(0, 60_000, 0)[:, unit.channel]
    times = spikes.spike_samples[3]
    times = times[(times > 100) & (times < 59_900)]
    assert len(times) > 5
    troughs = whole[times] * 0.76
    assert np.median(troughs) == pytest.approx(-unit.amplitude_uv, rel=0.1)


def test_skill_grows_over_the_training_sessions(demo_truth: DemoTruth) -> None:
    for subject in ("Cajal", "Golgi"):
        skills = [s.skill for s in demo_truth.training[:-1] if s.subject == subject]
        assert skills == sorted(skills)
        assert skills[0] < 0.55 < 0.7 < skills[-1]
