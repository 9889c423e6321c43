"""Interpolation against scipy, and compiled code against plain."""

from __future__ import annotations

import platform
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import ndimage

from labdata_napari.core import kernels_numpy
from labdata_napari.core.interpolate import interpolate
from labdata_napari.core.kernels import choose
from labdata_napari.core.reduce import axis_taps
from labdata_napari.core.resample import slabs
from labdata_napari.core.spline import REACH, coefficients
from labdata_napari.core.transform import plan
from labdata_napari.errors import InvalidValue
from transform_cases import random_case


def turned(axis: int, along: int, step: int) -> np.ndarray:
    """Turn two axes; output axis `along` walks data axis `axis` in steps."""
    matrix = np.zeros((3, 3))
    others = [a for a in range(3) if a != axis], [a for a in range(3) if a != along]
    cosine, sine = np.cos(0.1), np.sin(0.1)
    matrix[np.ix_(*others)] = [[cosine, sine], [-sine, cosine]]
    matrix[axis, along] = step
    return matrix


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize("along", range(3))
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(
    ("first", "step"), [(0, 1), (-2, 1), (21, -1), (3, 2), (0.5, 1)]
)
def test_values_are_those_of_scipy(axis, along, first, step, order):
    data = np.random.default_rng(axis).integers(0, 999, (20, 21, 22), dtype=np.uint16)
    matrix, offset = turned(axis, along, step), np.array([1.3, 2.7, -0.4])
    offset[axis] = first
    shape = np.array([23, 22, 21])
    found = interpolate(data, matrix, offset, shape, order)
    expected = ndimage.affine_transform(
        data,
        matrix,
        offset,
        output_shape=tuple(shape),
        output=found.dtype,
        order=order,
        mode="constant",
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)
    assert found.any()


@pytest.mark.parametrize("length", [2, 3, 7, 40])
@pytest.mark.parametrize("axis", range(3))
def test_coefficients_are_those_of_the_recursive_filter(axis, length):
    shape = [5, 6, 7]
    shape[axis] = length
    values = np.random.default_rng(length).random(shape)
    expected = ndimage.spline_filter1d(values, 3, axis, mode="mirror")
    np.testing.assert_allclose(coefficients(values, axis), expected, atol=1e-6)


@pytest.mark.parametrize("axis", range(3))
def test_coefficients_are_the_same_to_the_last_bit_in_any_window(axis):
    shape = [30, 40, 50]
    shape[axis] = 90
    values = np.random.default_rng(1).random(shape, np.float32)
    window = np.ascontiguousarray(values.take(range(17, 71), axis))
    inner = range(REACH, 54 - REACH)
    found = coefficients(window, axis).take(inner, axis)
    expected = coefficients(values, axis).take(range(17 + REACH, 71 - REACH), axis)
    np.testing.assert_array_equal(found, expected)


def test_an_engine_that_is_not_there_is_refused_in_words():
    with pytest.raises(InvalidValue, match="no engine 'abacus'"):
        choose("abacus")
    assert choose("numpy") is kernels_numpy
    assert choose(input_bytes=1000) is not None


def test_what_is_still_loading_gives_the_numbers_of_numpy_and_of_what_is_loaded():
    data = np.random.default_rng(0).random((9, 11, 40), np.float32)
    matrix, offset, shape = (
        turned(0, 0, 1),
        np.array([1.3, 2.7, -0.4]),
        np.array([9, 9, 30]),
    )
    kernels = choose(input_bytes=1 << 30)
    early = interpolate(data, matrix, offset, shape, 3, kernels)
    choose("numba" if find_spec("numba") else "numpy")
    late = interpolate(data, matrix, offset, shape, 3, kernels)
    assert_same(early, interpolate(data, matrix, offset, shape, 3))
    assert_same(late, early)


# --- compiled ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def numba_kernels():
    pytest.importorskip("numba", reason="numba is not installed (the extra `fast`)")
    return choose("numba")


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    """To the last bit, where SciPy was not compiled to fuse products and sums."""
    if platform.machine() in ("x86_64", "AMD64"):
        np.testing.assert_array_equal(found, expected)
        return
    difference = np.abs(found.astype(float) - expected.astype(float))
    assert difference.max(initial=0) <= 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_compiled_reduction_is_the_plain_one(numba_kernels, dtype):
    frame = np.random.default_rng(0).integers(0, 255, (97, 120)).astype(dtype)
    y, x = axis_taps(97, 39, 3, 30, "f4").matrix, axis_taps(120, 51, 0, 51, "f4").matrix
    start = axis_taps(97, 39, 3, 30, "f4").start
    part = frame[start : start + y.shape[1]]
    expected = kernels_numpy.reduce_frame(part, y, x, np.dtype("f4"))
    assert_same(numba_kernels.reduce_frame(part, y, x, np.dtype("f4")), expected)


@pytest.mark.parametrize("order", [1, 3])
def test_compiled_results_are_the_plain_ones(numba_kernels, order):
    rng = np.random.default_rng(order)
    compared = 0
    for _ in range(8):
        shape, parameters = random_case(rng)
        stack = rng.integers(0, 65535, shape, np.uint16)
        geometry = plan(shape, None, parameters)
        ways = (
            np.concatenate(
                [s.ravel() for s in slabs(stack, geometry, order=order, engine=engine)]
            )
            for engine in ("numpy", "numba")
        )
        expected, found = ways
        assert_same(found, expected)
        compared += found.size
    assert compared > 10_000
