"""One axis that is not turned is left out of the interpolation, unseen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from labdata_napari.core.interpolate import interpolate


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
def test_values_are_those_of_three_dimensions(axis, along, first, step, order):
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
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3 if order == 3 else 0)
    assert found.any()
