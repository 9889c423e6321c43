"""Planes at any angle, and the same result from a pyramid level."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core import resample
from labdata_napari.core.halving import area_weights
from labdata_napari.core.oblique import oblique, oblique_plan
from labdata_napari.core.resample import plane, slabs
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

UM = (20.0, 5.0, 10.0)
SHAPE = (24, 2, 60, 40)
TURNED = TransformParameters(
    downsample=(1, 1, 0.4, 0.6),
    rotate=(0, 0, 8, True, False),
    crop=(None, None, (2, 22), None),
    transpose=(2, 1, 3, 0),
)


def ramps() -> np.ndarray:
    """(Z, C, Y, X) in which every voxel tells z + 100 y + 10,000 x, doubled in C 1."""
    z, c, y, x = np.indices(SHAPE, dtype=float)
    return (1 + c) * (1000 + z + 100 * y + 10_000 * x)


def test_a_plane_at_any_angle_shows_what_lies_there():
    stack, geometry = ramps(), plan(SHAPE, UM, TransformParameters())
    view = (geometry, (11.5, 30, 20), (1, 3, 0.5), (0.2, -0.4, 2), (21, 15), 4.0)
    cut = oblique_plan(*view)
    assert cut.um_per_pixel_out == (4.0, 4.0, 4.0)
    shown = oblique(stack, *view, order=1)
    assert shown.shape == (2, 21, 15)
    rows, columns = np.indices((21, 15))
    at = np.stack([0 * rows, rows, columns], axis=-1).reshape(-1, 3)
    z, y, x = cut.points_to_source(at).T
    expected = (1000 + z + 100 * y + 10_000 * x).reshape(21, 15)
    np.testing.assert_allclose(shown, [expected, 2 * expected], rtol=1e-6)
    # its pixels are 4 µm apart in the tissue, at right angles
    corner, below, beside = cut.points_to_source([[0, 0, 0], [0, 1, 0], [0, 0, 1]])
    steps = np.array([below - corner, beside - corner]) * UM
    np.testing.assert_allclose(steps @ steps.T, 16 * np.eye(2), atol=1e-9)


def test_a_plane_of_the_result_is_the_same_seen_as_an_oblique_one():
    stack = np.random.default_rng(0).integers(0, 999, SHAPE).astype(np.float32)
    equal = plan(SHAPE, (10, 10, 10), TransformParameters(rotate=(0, 0, 8, True, True)))
    one = plane(stack, equal, 7)
    same = oblique(stack, equal, (7, 29.5, 19.5), (0, 1, 0), (0, 0, 1), (60, 40), 10.0)
    np.testing.assert_array_equal(same, one)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"down": (0, 0, 0)}, "span a plane"),
        ({"right": (0, -2, 0)}, "span a plane"),
        ({"centre": (1, 2)}, "centre must be three numbers"),
        ({"centre": (1, 2, float("nan"))}, "centre must be three numbers"),
        ({"shape": (0, 5)}, "0 × 5 pixels"),
        ({"shape": (10**6, 10**6)}, "cannot have"),
        ({"pitch_um": -1.0}, "positive number"),
    ],
)
def test_what_makes_no_plane_is_refused_in_words(changed, said):
    view = {"centre": (1, 2, 3), "down": (0, 1, 0), "right": (0, 0, 1)}
    view |= {"shape": (4, 5), "pitch_um": 10.0}
    with pytest.raises(InvalidValue, match=said):
        oblique_plan(plan(SHAPE, UM, TransformParameters()), **(view | changed))
    with pytest.raises(InvalidValue, match="voxel size"):
        oblique_plan(plan(SHAPE, None, TransformParameters()), **view)


@pytest.mark.parametrize("coarser", [1, 3])
def test_the_same_result_comes_from_a_pyramid_level(coarser):
    stack, geometry = ramps(), plan(SHAPE, UM, TURNED)
    level_shape = (24, 2, 30, 20)
    rows, columns = (area_weights(n, m).toarray() for n, m in ((60, 30), (40, 20)))
    level = np.einsum("ay,zcyx,bx->zcab", rows, stack, columns)
    seen = geometry.on_level(level_shape, coarser)
    assert seen.shape_out == tuple(
        n if k == 1 else -(-n // coarser) for k, n in enumerate(geometry.shape_out)
    )
    # linear values tell where in the stack each voxel was taken from
    values = plane(level, seen, 3, axis=3, order=1)[:, 0]
    at = np.array([[i, j, 3] for i in range(3, 6) for j in range(3, 6)])
    scale = [n / m for n, m in zip(SHAPE, level_shape, strict=True)]
    z, y, x = (
        f * (p + 0.5) - 0.5
        for p, f in zip(
            seen.points_to_source(at).T, [scale[0], *scale[2:]], strict=True
        )
    )
    expected = 1000 + z + 100 * y + 10_000 * x
    np.testing.assert_allclose([values[i, j] for i, j, _ in at], expected, rtol=1e-5)
    # and where that is in the full result
    fine = [n / m for n, m in zip(geometry.shape_out, seen.shape_out, strict=True)]
    fine = np.array([fine[0], *fine[2:]])
    whole = geometry.points_to_source(fine * (at + 0.5) - 0.5)
    np.testing.assert_allclose(np.stack([z, y, x], axis=1), whole, atol=1e-9)
    um = np.array(geometry.um_per_pixel_out) * fine
    np.testing.assert_allclose(seen.um_per_pixel_out, um)


def test_a_level_of_other_channels_is_refused():
    geometry = plan(SHAPE, UM, TURNED)
    for level, coarser in (((24, 1, 30, 20), 1), ((24, 2, 30, 20), 0)):
        with pytest.raises(InvalidValue, match="cannot stand for"):
            geometry.on_level(level, coarser)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("transpose", [(0, 1, 2, 3), (2, 1, 3, 0), (1, 0, 2, 3)])
def test_slabs_after_the_first_ones_are_the_same(monkeypatch, transpose, order):
    monkeypatch.setattr(resample, "_SLAB_BYTES", 4 << 20)
    stack = np.random.default_rng(0).random((24, 2, 300, 250), np.float32)
    rotate = (3, 0, 2, False, False)
    parameters = TransformParameters(rotate=rotate, transpose=transpose)
    geometry = plan(stack.shape, None, parameters)
    every = list(slabs(stack, geometry, order=order))
    assert len(every) > 1
    rest = list(slabs(stack, geometry, order=order, first=len(every) - 1))
    for one, same in zip(rest, every[-1:], strict=True):
        np.testing.assert_array_equal(one, same)
    assert not list(slabs(stack, geometry, order=order, first=len(every)))
