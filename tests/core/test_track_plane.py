"""The plane through a track shows the track whole, and maps places both ways."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.track_plane import track_plane
from labdata_napari.core.tracks import fit_track
from labdata_napari.errors import InvalidValue

PITCH = np.array([20.0, 10.0, 10.0])
SHAPE = (40, 90, 80)
ENTRY, TIP = np.array([100.0, 100, 200]), np.array([600.0, 750, 550])


@pytest.fixture(scope="module")
def stack():
    grid = np.stack(np.indices(SHAPE), axis=-1) * PITCH
    way = (TIP - ENTRY) / np.linalg.norm(TIP - ENTRY)
    along = (grid - ENTRY) @ way
    off = np.linalg.norm(grid - ENTRY - along[..., None] * way, axis=-1)
    volume = (
        900
        * np.exp(-((off / 25) ** 2))
        * ((along > 0) & (along < np.linalg.norm(TIP - ENTRY)))
    )
    return volume.astype(np.uint16)


@pytest.fixture(scope="module")
def track():
    points = [ENTRY, TIP, (ENTRY + TIP) / 2] / PITCH
    return fit_track(points, PITCH, shape=SHAPE, orientation="asr")


def test_the_whole_track_is_in_the_picture_however_it_is_spun(stack, track):
    for spin in (0, 35, 90, 200):
        cut = track_plane(
            track, PITCH, SHAPE, spin_deg=spin, width_um=400, margin_um=100
        )
        picture = cut.image(stack)
        assert picture.shape == cut.shape
        places, distance = cut.from_stack([track.entry, track.tip])
        np.testing.assert_allclose(distance, 0, atol=1e-6)
        np.testing.assert_allclose(places[:, 1], (cut.shape[1] - 1) / 2)
        assert places[0, 0] == pytest.approx(10, abs=1)
        rows = np.arange(np.ceil(places[0, 0]) + 3, places[1, 0] - 3).astype(int)
        np.testing.assert_allclose(
            picture[rows].argmax(axis=1), places[0, 1], atol=1.01
        )
        assert picture[rows, round(places[0, 1])].min() > 600


def test_clicks_in_the_picture_are_places_in_the_stack_and_back(track):
    cut = track_plane(track, PITCH, SHAPE, spin_deg=35)
    clicks = np.array([[3.0, 7.5], [90.2, 100.0]])
    places, distance = cut.from_stack(cut.to_stack(clicks))
    np.testing.assert_allclose(places, clicks)
    np.testing.assert_allclose(distance, 0, atol=1e-9)
    aside = cut.to_stack(clicks) + 120 * np.cross(cut.down, cut.right) / PITCH
    np.testing.assert_allclose(cut.from_stack(aside)[1], 120)


def test_columns_run_along_the_last_axis_unless_the_track_does(track):
    cut = track_plane(track, PITCH, SHAPE)
    assert cut.right[2] > 0.7
    np.testing.assert_allclose(cut.spun(180).right, -cut.right, atol=1e-12)
    sideways = fit_track([[5, 5, 5], [5, 5.1, 60]], PITCH)
    assert track_plane(sideways, PITCH, SHAPE).right[0] == pytest.approx(1)


@pytest.mark.parametrize("side", [-60, 60])
def test_a_slab_shows_what_lies_before_and_behind(stack, track, side):
    cut = track_plane(track, PITCH, SHAPE, width_um=300, margin_um=0)
    step = side * np.cross(cut.down, cut.right) / PITCH
    aside = fit_track([p + step for p in track.path], PITCH)
    cut = track_plane(aside, PITCH, SHAPE, width_um=300, margin_um=0)
    middle = tuple(n // 2 for n in cut.shape)
    assert cut.image(stack)[middle] < 50
    assert cut.image(stack, thickness_um=140)[middle] > 600


def test_a_coarser_level_gives_the_same_picture(stack, track):
    level = stack.reshape(20, 2, 45, 2, 40, 2).mean(axis=(1, 3, 5)).astype(np.uint16)
    cut = track_plane(track, PITCH, SHAPE, width_um=300, margin_um=0)
    fine, coarse = cut.image(stack).astype(float), cut.image(level).astype(float)
    assert np.corrcoef(fine.ravel(), coarse.ravel())[0, 1] > 0.97


def test_large_pictures_get_larger_pixels(track):
    cut = track_plane(track, PITCH, SHAPE, width_um=1e6)
    assert max(cut.shape) <= 2048
    assert cut.pitch_um > 400


def test_what_makes_no_plane_is_refused_in_words(track):
    with pytest.raises(InvalidValue, match="two points"):
        track_plane(fit_track([], PITCH), PITCH, SHAPE)
    with pytest.raises(InvalidValue, match="positive"):
        track_plane(track, PITCH, SHAPE, width_um=0)
    cut = track_plane(track, PITCH, SHAPE)
    with pytest.raises(InvalidValue, match="one channel"):
        cut.image(np.zeros((1, 2, 3, 4)))
    with pytest.raises(InvalidValue, match="thick"):
        cut.image(np.zeros(SHAPE), thickness_um=-1)
