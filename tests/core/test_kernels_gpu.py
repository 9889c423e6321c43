"""Kernels for a graphics card: on NumPy arrays, and on a card where there is one."""

from __future__ import annotations

import logging
import types

import numpy as np
import pytest

from labdata_napari.core import kernels_gpu, kernels_numpy
from labdata_napari.core.interpolate import interpolate
from labdata_napari.core.kernels import choose
from labdata_napari.errors import InvalidValue

ANGLE = 0.2
MATRIX = np.array(
    [
        [1, 0.02, 0],
        [0, np.cos(ANGLE), np.sin(ANGLE)],
        [0, -np.sin(ANGLE), np.cos(ANGLE)],
    ]
)
OFFSET = np.array([-1.5, 3.25, 1.75])
SHAPE = np.array([22, 18, 19])


def computed(kernels: object, order: int) -> np.ndarray:
    data = np.random.default_rng(0).integers(0, 65535, (20, 21, 22), dtype=np.uint16)
    return interpolate(data, MATRIX, OFFSET, SHAPE, order, kernels)


@pytest.mark.parametrize("order", [1, 3])
def test_they_make_the_sums_of_the_plain_ones(order):
    kernels = kernels_gpu.GpuKernels(np, kernels_numpy)
    expected = computed(kernels_numpy, order)
    assert expected.any()
    np.testing.assert_array_equal(computed(kernels, order), expected)


def test_a_card_that_fails_is_given_up_with_one_line(caplog):
    def full(*_: object, **__: object) -> None:
        raise MemoryError("out of memory on the card")

    kernels = kernels_gpu.GpuKernels(types.SimpleNamespace(asarray=full), kernels_numpy)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = computed(kernels, 3)
    np.testing.assert_array_equal(found, computed(kernels_numpy, 3))
    [record] = caplog.records
    assert "out of memory on the card" in record.getMessage()


@pytest.mark.parametrize("order", [1, 3])
def test_a_card_gives_the_same_to_one_count(order):
    if kernels_gpu.load(lambda: kernels_numpy) is None:
        with pytest.raises(InvalidValue, match="labdata-napari\\[gpu\\]"):
            choose("gpu")
        pytest.skip("no graphics card that CuPy can use")
    found = computed(choose("gpu"), order)
    assert np.abs(found - computed(kernels_numpy, order)).max() <= 1
