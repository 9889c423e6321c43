"""The geometry of a transform, against scipy doing it step by step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.core.transform_parameters import downsample_to
from labdata_napari.errors import InvalidValue
from transform_cases import labdata_chain, output_indices, random_case


def ramps(shape: tuple[int, ...]) -> list[np.ndarray]:
    """z, y, x of every voxel and a one, as (Z, C, Y, X); linear steps keep them."""
    z, _, y, x = np.indices(shape, dtype=float)
    return [z, y, x, np.ones(shape)]


def test_the_affine_is_what_scipy_does_step_by_step():
    rng = np.random.default_rng(20260101)
    worst, samples = 0.0, 0
    for _ in range(200):
        shape, parameters = random_case(rng)
        geometry = plan(shape, None, parameters)
        chain = [labdata_chain(ramp, parameters) for ramp in ramps(shape)]
        assert chain[0].shape == geometry.shape_out
        axis = geometry.channel_axis
        # What no step pushed over the border of the stack, in the first channel.
        inside = chain[3].take(0, axis).ravel() > 1 - 1e-12
        source = geometry.points_to_source(output_indices(geometry.shape_out, axis))
        for k in range(3):
            error = np.abs(chain[k].take(0, axis).ravel() - source[:, k])[inside]
            samples += error.size
            worst = max(worst, error.max(initial=0))
    assert worst <= 1e-9
    assert samples > 500_000


def test_channels_follow_the_crop_and_the_transpose():
    stack = np.arange(4.0)[None, :, None, None] * np.ones((3, 1, 5, 6))
    for transpose in itertools.permutations(range(4)):
        parameters = TransformParameters(
            crop=(None, (None, 0, -2), None, None), transpose=transpose
        )
        geometry = plan(stack.shape, None, parameters)
        expected = labdata_chain(stack, parameters)
        assert geometry.channels == (3, 1)
        assert geometry.shape_out == expected.shape
        moved = np.moveaxis(expected, geometry.channel_axis, 0)
        np.testing.assert_array_equal(moved[:, 0, 0, 0], geometry.channels)


def test_points_go_to_the_result_and_back():
    rng = np.random.default_rng(3)
    for _ in range(50):
        shape, parameters = random_case(rng)
        geometry = plan(shape, None, parameters)
        points = rng.uniform(-50, 100, (40, 3))
        back = geometry.points_to_result(geometry.points_to_source(points))
        np.testing.assert_allclose(back, points, atol=1e-9)


@pytest.mark.parametrize(
    ("rotate", "start", "end"),
    [
        ((90, 0, 0, False, False), (1, 0, 0), (0, 1, 0)),
        ((90, 0, 0, False, False), (0, 1, 0), (-1, 0, 0)),
        ((0, 90, 0, False, False), (1, 0, 0), (0, 0, 1)),
        ((0, 0, 90, False, False), (0, 1, 0), (0, 0, 1)),
        ((0, 0, 0, True, False), (0, 1, 1), (0, 1, -1)),
        ((0, 0, 0, False, True), (0, 1, 1), (0, -1, 1)),
    ],
)
def test_each_rotation_carries_the_axis_its_docstring_says(rotate, start, end):
    middle = np.array([4.0, 4.0, 4.0])
    geometry = plan((9, 1, 9, 9), None, TransformParameters(rotate=rotate))
    arrived = geometry.points_to_result([middle + start])
    np.testing.assert_allclose(arrived, [middle + end], atol=1e-12)


def test_the_voxel_size_is_the_true_step_permuted_and_times_the_crop_step():
    parameters = TransformParameters(
        downsample=(0.3, 1, 0.40625, 0.5),
        rotate=(0, 0, 5, True, False),
        crop=(None, None, (None, None, -2), (3, 90, 3)),
        transpose=(2, 1, 3, 0),
    )
    geometry = plan((200, 2, 205, 401), (3.0, 4.06, 2.0), parameters)
    z = 3.0 * 199 / 59
    y = 4.06 * 204 / 82 * 2
    x = 2.0 * 400 / 199 * 3
    assert geometry.um_per_pixel_out == pytest.approx((y, x, z), rel=1e-15)
    # The same from the geometry itself: how far apart are neighbours in µm?
    still = plan((200, 2, 205, 401), (3.0, 4.06, 2.0), without_rotation(parameters))
    steps = np.linalg.norm(np.array([3.0, 4.06, 2.0])[:, None] * still.affine[:3, :3])
    assert steps == pytest.approx(np.linalg.norm(geometry.um_per_pixel_out))


def without_rotation(parameters: TransformParameters) -> TransformParameters:
    row = parameters.to_row()
    return TransformParameters.from_row({**row, "rotate": None})


def test_an_unknown_voxel_size_stays_unknown():
    assert plan((2, 1, 3, 4), None, TransformParameters()).um_per_pixel_out is None


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"downsample": None, "rotate": None, "crop": None, "transpose": None},
        {"downsample": [None] * 4, "rotate": [None] * 5, "crop": [None] * 4},
        {"downsample": np.ones(4), "rotate": np.zeros(5), "cast": ""},
        {"crop": [], "transpose": [0, 1, 2, 3], "cast": None},
    ],
)
def test_null_anywhere_changes_nothing(row):
    geometry = plan((5, 2, 6, 7), (1, 2, 3), TransformParameters.from_row(row))
    np.testing.assert_array_equal(geometry.affine, np.eye(4))
    assert geometry.shape_out == (5, 2, 6, 7)
    assert geometry.axes_out == "ZCYX"
    assert geometry.um_per_pixel_out == (1, 2, 3)
    assert geometry.cast is None


def test_a_row_is_read_in_every_form_it_is_stored_in_and_written_as_lists():
    wanted = TransformParameters(
        (0.4, 1, 0.4, 0.5),
        (2, -3, 5, False, True),
        ((1, 5, None), None, (None, 4, None), (None, None, -1)),
        (2, 1, 3, 0),
        "uint8",
    )
    row = {
        "downsample": np.array([0.4, 1, 0.4, 0.5]),
        "rotate": np.array([2.0, -3, 5, 0, 1]),
        "crop": [[1, 5], None, [4], slice(None, None, -1)],
        "transpose": np.array([2, 1, 3, 0], dtype=np.int64),
        "cast": "u1",
    }
    assert TransformParameters.from_row(row) == wanted
    written = wanted.to_row()
    assert written["rotate"] == [2.0, -3.0, 5.0, False, True]
    assert written["crop"][0] == [1, 5, None]
    assert TransformParameters.from_row(written) == wanted


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"downsample": [0.4, 0.4, 0.4]}, "four positive ratios"),
        ({"downsample": [0, 1, 1, 1]}, "four positive ratios"),
        ({"downsample": [1, 1, np.nan, 1]}, "four positive ratios"),
        ({"downsample": "0.4"}, "four positive ratios"),
        ({"rotate": [1, 2]}, "anglez"),
        ({"rotate": ["a", 0, 0]}, "anglez"),
        ({"rotate": [np.inf, 0, 0]}, "anglez"),
        ({"crop": [[1.5, 3]]}, "start, stop"),
        ({"crop": [[1, 9, 0]]}, "cannot be zero"),
        ({"crop": [None] * 5}, "start, stop"),
        ({"crop": [5, 6]}, "start, stop"),
        ({"transpose": [0, 1, 2]}, "permutation"),
        ({"transpose": [0, 1, 2, 2]}, "permutation"),
        ({"cast": "complex64"}, "uint8, uint16"),
        ({"cast": "nonsense"}, "uint8, uint16"),
    ],
)
def test_parameters_that_mean_nothing_are_refused_in_words(row, said):
    with pytest.raises(InvalidValue, match=said):
        TransformParameters.from_row(row)


@pytest.mark.parametrize(
    ("shape", "row", "said"),
    [
        ((5, 1, 6, 7), {"crop": [[3, 3]]}, "along z leaves nothing of 5"),
        ((5, 1, 6, 7), {"crop": [None, None, [9, 12]]}, r"\[9:12:\] along y"),
        ((5, 1, 6, 7), {"downsample": [0.05, 1, 1, 1]}, "along z by 0.05 leaves none"),
        ((5, 2, 6, 7), {"downsample": [1, 0.5, 1, 1]}, "blend 2 channels into 1"),
        ((1, 1, 6, 7), {"rotate": [3, 0, 0]}, "z-y plane"),
        ((1, 1, 6, 7), {"rotate": [0, 3, 0]}, "z-x plane"),
        ((5, 1, 1, 7), {"rotate": [0, 0, 3]}, "y-x plane"),
        ((5, 6, 7), {}, "four axes"),
        ((5, 0, 6, 7), {}, "four axes"),
    ],
)
def test_parameters_that_do_not_fit_the_stack_are_refused_in_words(shape, row, said):
    with pytest.raises(InvalidValue, match=said):
        plan(shape, None, TransformParameters.from_row(row))


def test_a_single_plane_may_turn_within_itself_and_be_mirrored():
    parameters = TransformParameters(rotate=(180, 0, 12, True, True))
    assert plan((1, 2, 30, 40), None, parameters).shape_out == (1, 2, 30, 40)


@pytest.mark.parametrize("um", [(1, 2), (1, 2, 0), (1, np.nan, 1), "abc"])
def test_a_voxel_size_that_is_none_is_refused(um):
    with pytest.raises(InvalidValue, match="voxel size"):
        plan((2, 1, 3, 4), um, TransformParameters())


def test_points_of_another_shape_are_refused():
    geometry = plan((2, 1, 3, 4), None, TransformParameters())
    with pytest.raises(InvalidValue, match=r"\(N, 3\)"):
        geometry.points_to_source([[1.0, 2.0]])


def test_a_voxel_size_is_reached_without_enlarging_any_axis():
    ratios = downsample_to((10.0, 5.0, 50.0), 25.0)
    assert ratios == (0.4, 1.0, 0.2, 1.0)
    result = plan((101, 2, 201, 11), (10.0, 5.0, 50.0), TransformParameters(ratios))
    assert result.um_per_pixel_out == pytest.approx((25.0, 25.0, 50.0), rel=0.03)


@pytest.mark.parametrize("target", [0.0, -1.0, float("nan")])
def test_a_target_that_is_no_voxel_size_is_refused(target):
    with pytest.raises(InvalidValue, match="positive numbers"):
        downsample_to((10.0, 5.0, 5.0), target)
