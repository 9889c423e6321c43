"""Labdata's own way, streamed: every voxel as scipy's chain in memory computes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labdata_napari.core import exact, resample
from labdata_napari.core.exact import difference, exact_plan, exact_slabs
from labdata_napari.core.transform import TransformParameters
from labdata_napari.errors import Cancelled, InvalidValue
from transform_cases import labdata_chain, random_case


@pytest.fixture(params=["numpy", "numba"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba is not installed (the extra `fast`)")
    return str(request.param)


def whole(
    stack: np.ndarray, parameters: TransformParameters, **options: object
) -> np.ndarray:
    shape = exact_plan(stack.shape, None, parameters).shape_out
    pieces = [p.ravel() for p in exact_slabs(stack, parameters, **options)]
    return np.concatenate(pieces).reshape(shape)


def test_no_voxel_differs_from_scipys_chain(monkeypatch, tmp_path, engine):
    rng = np.random.default_rng(3)
    compared = 0
    for number in range(24):
        shape, parameters = random_case(rng)
        if shape[1] == 1:
            continue
        dtype = ("uint8", "uint16")[number % 2]
        stack = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
        expected = labdata_chain(stack, parameters)
        found = whole(stack, parameters, engine=engine)
        assert found.dtype == stack.dtype
        np.testing.assert_array_equal(found, expected)
        with monkeypatch.context() as small:
            small.setattr(resample, "_SLAB_BYTES", 500)
            small.setattr(exact, "_WINDOW_VOXELS", 4000)
            options = {"memory": 0, "threads": 2, "folder": tmp_path, "engine": engine}
            np.testing.assert_array_equal(whole(stack, parameters, **options), expected)
        compared += found.size
    assert compared > 100_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("angle", [30, -45, 60, 135])
def test_places_that_lie_on_an_edge_fall_on_scipys_side_of_it(angle, engine):
    # at these angles the last bit of a place decides whether it is inside, and how a
    # voxel is rounded
    rng = np.random.default_rng(1)
    shapes = [(13, 1, 47, 49), *rng.integers(8, 50, (16, 4))]
    for number, (z, _, y, x) in enumerate(shapes):
        dtype = ("uint16", "uint8")[number % 2]
        stack = rng.integers(0, np.iinfo(dtype).max, (z, 1, y, x), dtype)
        for axis in range(3):
            rotate = [0.0, 0.0, 0.0, False, False]
            rotate[axis] = angle
            parameters = TransformParameters(rotate=tuple(rotate))
            found = whole(stack, parameters, engine=engine)
            np.testing.assert_array_equal(found, labdata_chain(stack, parameters))


def test_the_last_plane_is_lost_where_labdata_loses_it(engine):
    # 2048 frames at labdata's own 0.40625: the last place falls behind the last centre
    stack = np.full((2048, 2, 3, 4), 100, np.uint16)
    parameters = TransformParameters(downsample=(0.40625, 1, 1, 1))
    found = whole(stack, parameters, engine=engine)
    np.testing.assert_array_equal(found, labdata_chain(stack, parameters))
    assert found[0].all()
    assert not found[-1].any()


def test_one_channel_is_not_reduced_in_z(engine):
    # as labdata does: (40, 1, 50, 60) by 0.5 becomes (40, 1, 25, 30)
    stack = np.random.default_rng(0).integers(0, 999, (40, 1, 50, 60)).astype(np.uint16)
    parameters = TransformParameters(downsample=(0.5, 1, 0.5, 0.5), rotate=(3, 0, 1))
    found = whole(stack, parameters, engine=engine)
    assert found.shape == (40, 1, 25, 30)
    flat = replace(parameters, downsample=(1, 1, 0.5, 0.5))
    np.testing.assert_array_equal(found, labdata_chain(stack, flat))


def test_slabs_can_be_left_out_and_the_work_be_cancelled(monkeypatch):
    monkeypatch.setattr(resample, "_SLAB_BYTES", 500)
    stack = np.random.default_rng(0).integers(0, 999, (20, 2, 30, 30)).astype(np.uint16)
    parameters = TransformParameters(rotate=(3, 2, 1), transpose=(1, 0, 2, 3))
    every = list(exact_slabs(stack, parameters))
    rest = list(exact_slabs(stack, parameters, first=len(every) - 2))
    for one, same in zip(rest, every[-2:], strict=True):
        np.testing.assert_array_equal(one, same)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        list(exact_slabs(stack, parameters, stop))


def test_both_ways_are_compared_in_numbers():
    stack = np.full((20, 2, 30, 30), 500, np.uint16)
    same = difference(stack, TransformParameters(transpose=(2, 1, 0, 3)))
    assert (same.largest, same.share) == (0, 0)
    assert same.voxels == stack.size
    stack[10, :, 15, 15] = 60000
    turned = TransformParameters(rotate=(3, 2, 1))
    apart = difference(stack, turned, planes=[9, 10])
    assert apart.largest > 1000
    assert 0 < apart.share < 1
    assert apart.voxels == 2 * 2 * 30 * 30


def test_other_types_are_refused_in_words():
    with pytest.raises(InvalidValue, match="int16 cannot be computed as labdata"):
        exact_slabs(np.zeros((2, 1, 3, 4), np.int16), TransformParameters())
