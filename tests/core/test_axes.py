from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core import axes
from labdata_napari.errors import InvalidValue

um3 = st.tuples(*[st.floats(0.01, 1000)] * 3)
points = st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 3), min_size=1, max_size=20)


@given(points, um3)
def test_micrometres_and_pixels_go_back_and_forth(at, um):
    # a millionth of a millionth of a voxel: smaller numbers lose digits on the way
    there = axes.um_to_index(axes.index_to_um(at, um), um)
    np.testing.assert_allclose(there, at, atol=1e-12)
    back = axes.edge_um_to_index(axes.index_to_edge_um(at, um), um)
    np.testing.assert_allclose(back, at, atol=1e-6)


def test_a_voxel_centre_is_zero_in_napari_and_half_a_voxel_in_an_atlas():
    assert axes.index_to_um([0, 0, 0], (20, 10, 10)).tolist() == [0, 0, 0]
    assert axes.index_to_edge_um([0, 0, 0], (20, 10, 10)).tolist() == [10, 5, 5]


@pytest.mark.parametrize(
    ("position", "voxel"), [(0, 0), (0.49, 0), (0.5, 1), (-0.4, 0), (-0.9, -1)]
)
def test_a_position_belongs_to_the_voxel_around_it(position, voxel):
    assert axes.nearest_voxel([position])[0] == voxel


def test_reversing_axes_twice_gives_the_same_points():
    assert axes.reverse_axes([[1, 2, 3]]).tolist() == [[3, 2, 1]]


@given(st.permutations("ZCYX"))
def test_a_permutation_brings_any_order_into_the_wanted_one(order):
    lengths = dict(zip("ZCYX", (2, 3, 4, 5), strict=True))
    array = np.empty([lengths[c] for c in order])
    moved = array.transpose(axes.permutation("".join(order), "ZCYX"))
    assert moved.shape == (2, 3, 4, 5)


@pytest.mark.parametrize("wrong", ["ZCY", "ZZYX", "QCYX", ""])
def test_unusable_axes_are_refused(wrong):
    with pytest.raises(InvalidValue):
        axes.check_axes(wrong)


@pytest.mark.parametrize("um", [(1, 2), (1, 2, 0), (1, 2, -3), (1, 2, np.nan), "abc"])
def test_unusable_voxel_sizes_are_refused(um):
    with pytest.raises(InvalidValue):
        axes.checked_um(um, "ZYX")


@pytest.mark.parametrize(
    ("value", "unit", "um"),
    [
        (2, "µm", 2),
        (2, "\u03bcm", 2),  # the Greek letter, which looks the same
        (2, "\\u00B5m", 2),  # as ImageJ writes it
        (2, "micron", 2),
        (500, "nm", 0.5),
        (0.05, "mm", 50),
        (2, "micrometer", 2),
        (2, "pixel", None),
        (2, None, None),
        (0, "µm", None),
        (float("nan"), "µm", None),
    ],
)
def test_units_are_understood_or_said_to_be_unknown(value, unit, um):
    assert axes.um_from_unit(value, unit) == pytest.approx(um)


def test_spatial_values_spread_over_all_axes():
    assert axes.um_along("ZCYX", (25, 10, 5)) == (25, 1, 10, 5)
    assert axes.um_along("TCYX", (10, 5)) == (1, 1, 10, 5)


def test_a_level_of_half_the_size_starts_half_a_voxel_further():
    assert axes.level_scale((8, 8, 8), (4, 4, 2), (1, 1, 3)) == (2, 2, 12)
    assert axes.level_translate((8, 8, 8), (4, 4, 2), (1, 1, 3)) == (0.5, 0.5, 4.5)
