"""The surface of a brain whose surface is known, with a ventricle and dirt."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.surface import brain_surface, otsu
from labdata_napari.core.tracks import fit_track
from labdata_napari.errors import InvalidValue

PITCH = np.array([50.0, 20.0, 25.0])
RADII = np.array([1200.0, 1000.0, 1400.0])
SHAPE = (60, 130, 140)
MIDDLE = np.array(SHAPE) / 2 * PITCH  # µm from the outer edge


class Counted:
    """An array that counts the planes read of it."""

    def __init__(self, data):
        self.data, self.shape, self.planes = data, data.shape, 0

    def __getitem__(self, key):
        self.planes += 1
        assert isinstance(key, int)
        return self.data[key]


@pytest.fixture(scope="module")
def brain():
    axes = [(np.arange(n) + 0.5) * um for n, um in zip(SHAPE, PITCH, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inside = (((grid - MIDDLE) / RADII) ** 2).sum(-1) < 1
    volume = np.random.default_rng(0).poisson(np.where(inside, 300, 100))
    ventricle = np.linalg.norm(grid - MIDDLE - [0, -300, 200], axis=-1) < 250
    volume[ventricle] = 100
    dirt = np.linalg.norm(grid - MIDDLE - [0, -1200, 0], axis=-1) < 60
    volume[dirt] = 3000
    dye = (np.abs(grid - MIDDLE)[..., [0, 2]] < 40).all(-1)
    volume[dye & inside] = 4000
    return Counted(volume.astype(np.uint16))


@pytest.fixture(scope="module")
def surface(brain):
    return brain_surface(brain, PITCH, target_um=50)


def pixels(um):
    return (np.asarray(um) + MIDDLE) / PITCH - 0.5


def um(pixels):
    return (pixels + 0.5) * PITCH - MIDDLE


def test_a_line_enters_where_the_brain_begins(surface):
    for way in ([0.1, -1, 0.2], [-1, -0.4, 0.1], [0, 0.3, 1]):
        entry = surface.entry_along(pixels([100, 50, -80]), way)
        assert np.sqrt((um(entry) ** 2 / RADII**2).sum()) == pytest.approx(1, abs=0.02)
        along = (um(entry) - [100, 50, -80]) / np.linalg.norm(
            um(entry) - [100, 50, -80]
        )
        np.testing.assert_allclose(along, way / np.linalg.norm(way), atol=1e-6)


def test_neither_a_ventricle_nor_dirt_above_is_the_surface(surface):
    through_ventricle = surface.entry_along(pixels([0, 600, 200]), [0, -1, 0])
    assert um(through_ventricle)[1] == pytest.approx(-1000, abs=40)
    through_dirt_and_dye = surface.entry_along(pixels([0, 300, 0]), [0, -1, 0])
    assert um(through_dirt_and_dye)[1] == pytest.approx(-1000, abs=40)


def test_a_track_has_its_depth_from_the_surface(surface):
    clicks = pixels([[0, -700, 300], [0, 200, 300], [0, -200, 300]])
    track = fit_track(clicks, PITCH, surface=surface.entry_along)
    top = -1000 * np.sqrt(1 - (300 / 1400) ** 2)
    assert track.depth_um == pytest.approx(200 - top, abs=30)


@pytest.mark.parametrize("place", [[-200, -850, 100], [300, -1090, 0], [0, 0, 1300]])
def test_a_point_snaps_to_the_nearest_place_of_the_surface(surface, place):
    snapped = um(surface.snap(pixels(place)))
    assert np.sqrt((snapped**2 / RADII**2).sum()) == pytest.approx(1, abs=0.03)
    assert np.linalg.norm(snapped - place) < 230


def test_inside_is_told_from_outside_also_in_the_ventricle(surface):
    inside = surface.contains(pixels([[0, 0, 0], [0, -300, 200], [0, -1200, 0]]))
    assert inside.tolist() == [True, True, False]


def test_the_surface_of_a_level_serves_points_of_the_whole(surface):
    whole = surface.on_grid(PITCH / 2)
    entry = surface.entry_along(pixels([0, 0, 0]), [0, -1, 0])
    fine = whole.entry_along(2 * (pixels([0, 0, 0]) + 0.5) - 0.5, [0, -1, 0])
    np.testing.assert_allclose((fine + 0.5) / 2 - 0.5, entry, atol=1e-6)


def test_only_a_coarse_copy_is_read(brain, surface):
    assert surface.um.tolist() == [50, 40, 50]
    before = brain.planes
    brain_surface(brain, PITCH, target_um=500)
    assert brain.planes - before == 6


def test_where_there_is_no_brain_the_answer_is_none(surface):
    assert surface.entry_along(pixels([0, -1200, 1700]), [0, -1, 0]) is None
    assert surface.entry_along([np.nan, 0, 0], [0, -1, 0]) is None
    empty = brain_surface(np.zeros((4, 5, 6)), (50, 50, 50))
    assert empty.snap([1, 1, 1]) is None
    assert empty.entry_along([1, 1, 1], [0, 1, 0]) is None
    full = brain_surface(np.full((4, 5, 6), 9), (50, 50, 50), threshold=3)
    np.testing.assert_allclose(
        full.entry_along([1, 1, 1], [0, 1, 0]), [1, 4.5, 1], atol=0.6
    )


def test_otsu_takes_the_middle_between_two_clear_classes():
    assert 100 < otsu([100] * 50 + [300] * 40 + [9000]) < 300
    assert otsu([]) == 0
    assert otsu([5, 5]) == 5


def test_what_is_no_channel_is_refused_in_words():
    with pytest.raises(InvalidValue, match="one channel"):
        brain_surface(np.zeros((2, 3)), (1, 1, 1))
    with pytest.raises(InvalidValue, match="size"):
        brain_surface(np.zeros((2, 3, 4)), (1, 1, 1), target_um=0)
