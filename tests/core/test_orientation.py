"""Orientation codes, and that the five stored columns reach all forty-eight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.orientation import (
    SHOWN_AS,
    all_orientations,
    between,
    check_orientation,
    grid_orientation,
    half,
    in_words,
    join_flips,
    left_right_axis,
    mirrored,
    mirrors,
    plane_name,
    result_orientation,
    rotation_matrix,
    shown_as,
    side_at,
    split_flips,
)
from labdata_napari.core.resample import slabs
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

CODES = all_orientations()
codes = st.sampled_from(CODES)
SHAPE = (4, 2, 6, 5)


def result(
    parameters: TransformParameters, stack: np.ndarray, order: int = 1
) -> np.ndarray:
    """The transformed stack, channels first."""
    geometry = plan(stack.shape, None, parameters)
    pixels = np.concatenate(list(slabs(stack, geometry, order=order)))
    pixels = pixels.reshape(geometry.shape_out)
    return np.moveaxis(pixels, geometry.channel_axis, 0)


def labelled(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.arange(1, np.prod(shape) + 1, dtype=np.uint16).reshape(shape)


def test_there_are_48_codes_and_each_is_valid() -> None:
    assert len(set(CODES)) == 48
    assert all(check_orientation(code.upper()) == code for code in CODES)


@pytest.mark.parametrize("code", ["", "as", "asrl", "aar", "apl", "xyz", "azr", "lrs"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidValue, match="one letter per axis"):
        check_orientation(code)


def test_letters_name_the_side_an_axis_starts_at() -> None:
    # A voxel at the animal's left front, on top, found where the code says.
    assert [side_at("asr", k) for k in range(3)] == ["anterior", "dorsal", "right"]
    assert side_at("asr", 2, end=True) == "left"
    assert in_words("asr") == (
        "coronal planes from anterior to posterior; rows from dorsal to ventral; "
        "columns from right to left"
    )


def test_planes_and_the_axis_across_the_body() -> None:
    assert [plane_name("asr", k) for k in range(3)] == [
        "coronal",
        "horizontal",
        "sagittal",
    ]
    assert [left_right_axis(code) for code in ("asr", "lsa", "sra")] == [2, 0, 1]


def test_what_is_shown_as_in_atlases_is_never_a_mirror_image() -> None:
    shown = list(SHOWN_AS.values())
    assert not any(mirrors(shown[0], code) for code in shown)
    assert all(plane_name(code, 0) == name for name, code in SHOWN_AS.items())
    assert sum(mirrors("asr", code) for code in CODES) == 24


@pytest.mark.parametrize("n", [7, 8])
def test_halves_meet_at_the_midline(n: int) -> None:
    right, left = half("asr", n, "right"), half("asr", n, "left")
    assert right[0] == 0
    assert left[-1] == n - 1
    assert len(right) == len(left) == (n + 1) // 2
    assert half("asl", n, "left") == right
    assert half("asr", n, "left", midline=2.5) == range(3, n)
    assert half("asr", n, "right", midline=2.0) == range(3)


def test_a_half_that_is_empty_is_refused() -> None:
    with pytest.raises(InvalidValue, match="midline"):
        half("asr", 8, "left", midline=9)
    with pytest.raises(InvalidValue, match="'left' or 'right'"):
        half("asr", 8, "both")


@given(codes, codes)
def test_between_moves_every_side_to_where_the_target_says(a: str, b: str) -> None:
    order, flips = between(a, b)
    # An array whose value along each direction rises from anterior, dorsal, left.
    coordinates = np.zeros((3, 3, 4, 5))
    for axis, letter in enumerate(a):
        direction = "apsilr".index(letter) // 2
        ramp = np.linspace(0, 1, coordinates.shape[axis + 1])
        if letter in "pir":
            ramp = ramp[::-1]
        coordinates[direction] = ramp.reshape(
            [-1 if k == axis else 1 for k in range(3)]
        )
    moved = np.stack(
        [
            np.flip(c.transpose(order), [k for k in range(3) if flips[k]])
            for c in coordinates
        ]
    )
    for axis, letter in enumerate(b):
        direction = "apsilr".index(letter) // 2
        first = np.take(moved[direction], 0, axis=axis)
        assert np.all(first == (0 if letter in "asl" else 1))


@pytest.mark.parametrize("target", CODES)
def test_the_stored_columns_reach_every_orientation_exactly(target: str) -> None:
    stack = labelled()
    for source in ("asr", "lip", "rai"):
        parameters = shown_as(TransformParameters(), SHAPE, source, target)
        TransformParameters.from_row(parameters.to_row())
        order, flips = between(source, target)
        expected = np.flip(
            stack.transpose(1, *(axis + (axis > 0) for axis in order)),
            [k + 1 for k in range(3) if flips[k]],
        )
        np.testing.assert_array_equal(result(parameters, stack), expected)
        assert parameters.crop is None
        geometry = plan(SHAPE, None, parameters)
        assert result_orientation(geometry, source) == target


@given(
    codes,
    codes,
    st.sampled_from([(0.0, 0.0, 0.0), (3.0, -2.0, 4.5), (90.0, 0.0, 0.0), (0, 0, -90)]),
    st.sampled_from(
        [
            None,
            (None, None, (1, 5, 2), None),
            ((1, 3, None), (1, 2, None), (4, 0, -1), (None, None, -1)),
        ]
    ),
    st.sampled_from([None, (2, 0, 3, 1), (1, 3, 2, 0)]),
)
def test_showing_otherwise_keeps_tissue_tilt_and_channels(
    source: str, target: str, angles: tuple, crop: tuple | None, transpose: tuple | None
) -> None:
    shape = (6, 2, 6, 6) if 90 in map(abs, angles) else SHAPE
    before = TransformParameters(
        rotate=(*angles, True, False), crop=crop, transpose=transpose
    )
    after = shown_as(before, shape, source, target)
    one, two = plan(shape, None, before), plan(shape, None, after)
    assert result_orientation(two, source) == target
    assert one.channels == two.channels
    assert one.channel_axis == two.channel_axis
    assert sorted(one.spatial_shape_out) == sorted(two.spatial_shape_out)
    # The very same places of the source are sampled, in another order.
    places = [
        np.unique(
            p.points_to_source(np.argwhere(np.ones(p.spatial_shape_out))).round(9),
            axis=0,
        )
        for p in (one, two)
    ]
    np.testing.assert_allclose(places[0], places[1], atol=1e-8)


@given(
    st.integers(0, 2),
    st.floats(-170, 170),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, ((0, 3, None), None, (4, 1, -1), (None, None, -2))]),
)
def test_mirrored_flips_one_axis_of_the_result(
    axis: int, angle: float, flip_x: bool, flip_y: bool, crop: tuple | None
) -> None:
    before = TransformParameters(rotate=(angle, 1, 2, flip_x, flip_y), crop=crop)
    after = mirrored(before, SHAPE, axis)
    one, two = plan(SHAPE, None, before), plan(SHAPE, None, after)
    points = np.argwhere(np.ones(one.spatial_shape_out)).astype(float)
    flipped = points.copy()
    flipped[:, axis] = one.spatial_shape_out[axis] - 1 - points[:, axis]
    assert one.shape_out == two.shape_out
    np.testing.assert_allclose(
        one.points_to_source(points), two.points_to_source(flipped), atol=1e-9
    )


@given(
    st.floats(-720, 720),
    st.floats(-30, 30),
    st.floats(-30, 30),
    st.booleans(),
    st.booleans(),
)
def test_flips_come_out_of_what_is_stored_and_go_back(
    z: float, y: float, x: float, flip_x: bool, flip_y: bool
) -> None:
    angles, flips = split_flips((z, y, x, flip_x, flip_y))
    assert abs(angles[0]) <= 90
    again = TransformParameters(rotate=join_flips(angles, flips))
    stored = TransformParameters(rotate=(z, y, x, flip_x, flip_y))
    np.testing.assert_allclose(
        plan(SHAPE, None, again).affine, plan(SHAPE, None, stored).affine, atol=1e-9
    )


@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_the_matrix_of_angles_is_the_one_the_transform_uses(angles: tuple) -> None:
    geometry = plan(SHAPE, None, TransformParameters(rotate=(*angles, False, False)))
    np.testing.assert_allclose(
        rotation_matrix(angles), geometry.affine[:3, :3], atol=1e-12
    )


def test_the_grid_of_the_crop_has_an_orientation_of_its_own() -> None:
    parameters = shown_as(TransformParameters(), SHAPE, "pil", "rsa")
    assert grid_orientation(parameters, "pil") == "asr"
    small = TransformParameters(rotate=(4, -5, 6, True, False))
    assert grid_orientation(small, "asr") == "asl"
