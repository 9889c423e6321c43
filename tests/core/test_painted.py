"""A painted region comes back from its points with the numbers of its voxels."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.annotation_edits import DeletePoints, InsertPoints
from labdata_napari.core.draft import Draft
from labdata_napari.core.edit_differences import edit_between
from labdata_napari.core.measures import injection_of_region
from labdata_napari.core.painted import (
    MOST_BLOCKS,
    _distinct,
    block_sides,
    blocks_of_points,
    grid_shape,
    mask_of_points,
    points_of_blocks,
    region_of,
    sides_of,
)

UM = np.array([20.0, 6.0, 5.0])
SHAPE = (23, 61, 83)


def ball(shape, middle, radius):
    axes = np.indices(shape)
    away = sum((a - m) ** 2 for a, m in zip(axes, middle, strict=True))
    return away < radius**2


@pytest.mark.parametrize("sides", [(1, 1, 1), (1, 4, 4), (2, 1, 8)])
def test_points_tell_their_blocks_by_themselves(sides):
    grid = grid_shape(SHAPE, sides)
    mask = ball(grid, np.array(grid) / 2, 4)
    points = points_of_blocks(mask, sides)
    assert (sides_of(points) == sides).all()
    np.testing.assert_array_equal(blocks_of_points(points, sides), np.argwhere(mask))
    voxels = mask
    for axis, side in enumerate(sides):
        voxels = np.repeat(voxels, side, axis=axis)
    voxels = voxels[tuple(slice(0, n) for n in SHAPE)]
    np.testing.assert_array_equal(mask_of_points(points, SHAPE), voxels)
    # the numbers are those of the voxels
    region, true = region_of(points, UM), injection_of_region(voxels, UM)
    assert region.volume_um3 == pytest.approx(true.volume_um3)
    np.testing.assert_allclose(region.centroid, true.centroid)
    np.testing.assert_allclose(region.extent_um, true.extent_um)


def test_a_large_region_takes_larger_blocks_and_stays_as_large():
    mask = ball((60, 60, 60), (30, 30, 30), 25)
    points = points_of_blocks(mask, (1, 2, 2))
    assert 1000 < len(points) <= MOST_BLOCKS
    assert (sides_of(points) == (4, 8, 8)).all()
    region = region_of(points, UM)
    assert region.volume_um3 == pytest.approx(mask.sum() * 4 * UM.prod(), rel=0.05)
    # what was made coarser stays as it is when it is taken up again
    again = np.zeros((60, 60, 60), bool)
    again[tuple(blocks_of_points(points, (1, 2, 2)).T)] = True
    np.testing.assert_array_equal(points_of_blocks(again, (1, 2, 2)), points)


def test_blocks_fit_the_stack_and_the_memory():
    assert block_sides((25, 10, 10), (100, 500, 500)) == (1, 2, 2)
    assert block_sides((50, 50, 50), (272, 168, 232)) == (1, 1, 1)
    sides = block_sides((5, 5, 5), (2600, 1600, 2200))
    assert np.prod(grid_shape((2600, 1600, 2200), sides)) <= 1 << 25


def test_places_that_are_no_blocks_are_single_voxels():
    assert sides_of([[0.3, -0.5, np.nan]]).tolist() == [[1, 1, 1]]
    assert region_of(np.zeros((0, 3)), UM).problem
    assert region_of([[np.nan] * 3], UM).problem


def test_a_stroke_is_a_few_edits_however_many_blocks_there_are():
    mask = ball((30, 30, 30), (15, 15, 15), 9)
    before = points_of_blocks(mask, (1, 1, 1))
    mask[::2] = False
    mask[:, 3] = True
    after = points_of_blocks(mask, (1, 1, 1))
    states = [(Draft("site", "injection_region", p),) for p in (before, after)]
    edit = edit_between(*states)
    assert [type(e) for e in edit.edits] == [DeletePoints, InsertPoints]
    np.testing.assert_array_equal(edit.apply(states[0])[0].points, after)
    back = edit.inverse(states[0]).apply(states[1])
    np.testing.assert_array_equal(back[0].points, before)


def test_blocks_are_told_apart_as_by_sorting_also_where_they_are_far_apart():
    rng = np.random.default_rng(3)
    near = rng.integers(-4, 5, (500, 3))
    for blocks in (near, np.concatenate([near, [[10**12, 0, 0], [-(10**12), 3, 3]]])):
        places, counts = _distinct(blocks)
        wanted, how_often = np.unique(blocks, axis=0, return_counts=True)
        np.testing.assert_array_equal(places, wanted)
        np.testing.assert_array_equal(counts, how_often)
    assert len(_distinct(near[:0])[0]) == 0
