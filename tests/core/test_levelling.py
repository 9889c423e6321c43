"""Turning the result by hand ends in stored angles that do exactly that."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.crop_box import without_crop
from labdata_napari.core.levelling import (
    Turn,
    check_turnable,
    landmark_axes,
    levelled,
    midline_axes,
    tilt_in,
    turned,
)
from labdata_napari.core.transform import Plan, TransformParameters, plan
from labdata_napari.errors import InvalidValue

SHAPE = (60, 2, 80, 70)
planes = st.sampled_from(list(permutations(range(3), 2)))
degrees = st.floats(-60, 60)


@st.composite
def transforms(draw: st.DrawFn) -> TransformParameters:
    angle = st.one_of(st.just(0.0), st.floats(-200, 200))
    channel = draw(st.integers(0, 3))
    spatial = draw(st.permutations([0, 2, 3]))
    transpose = [*spatial[:channel], 1, *spatial[channel:]]
    return TransformParameters(
        downsample=draw(st.sampled_from([None, (0.5, 1, 0.4, 0.45)])),
        rotate=(
            *(draw(angle) for _ in range(3)),
            draw(st.booleans()),
            draw(st.booleans()),
        ),
        crop=draw(
            st.sampled_from(
                [
                    None,
                    ((5, 20, None), None, (9, 30, 2), None),
                    (None, None, (20, 5, -1), (None, None, -2)),
                ]
            )
        ),
        transpose=tuple(transpose),
    )


def frame(parameters: TransformParameters) -> Plan:
    return plan(SHAPE, None, without_crop(parameters))


def in_frame_after(
    before: TransformParameters, after: TransformParameters, points: np.ndarray
) -> np.ndarray:
    """Where the tissue at `points` of one frame is in another."""
    return frame(after).points_to_result(frame(before).points_to_source(points))


@given(transforms(), planes, degrees)
def test_a_turn_carries_one_axis_to_the_other_and_keeps_the_third(
    before: TransformParameters, plane: tuple[int, int], angle: float
) -> None:
    after = turned(before, Turn(plane, angle))
    a, b = plane
    middle = (np.array(frame(before).spatial_shape_out) - 1) / 2
    points = middle + 10 * np.eye(3)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    expected = points.copy()
    expected[a] = middle + 10 * (cosine * np.eye(3)[a] + sine * np.eye(3)[b])
    expected[b] = middle + 10 * (cosine * np.eye(3)[b] - sine * np.eye(3)[a])
    np.testing.assert_allclose(
        in_frame_after(before, after, points), expected, atol=1e-6
    )
    assert replace(before, rotate=None) == replace(after, rotate=None)


@given(transforms(), st.tuples(*[st.floats(-40, 40)] * 3), planes, st.floats(-20, 20))
def test_the_tilt_in_a_plane_changes_by_the_degrees_of_the_turn(
    before: TransformParameters,
    angles: tuple[float, float, float],
    plane: tuple[int, int],
    angle: float,
) -> None:
    before = replace(before, rotate=(*angles, *before.rotate[3:]))
    after = turned(before, Turn(plane, angle))
    change = tilt_in(after, plane) - tilt_in(before, plane) - angle
    assert abs((change + 180) % 360 - 180) < 1e-6


@given(degrees)
def test_the_tilt_is_the_stored_angle_where_there_is_but_one(angle: float) -> None:
    one = TransformParameters(rotate=(0, 0, angle, False, False))
    assert tilt_in(one, (1, 2)) == pytest.approx(angle)
    assert tilt_in(one, (2, 1)) == pytest.approx(-angle)
    assert tilt_in(one, (0, 1)) == pytest.approx(0)
    flipped = replace(one, rotate=(0, 0, angle, True, False))
    assert tilt_in(flipped, (1, 2)) == pytest.approx(-angle)


def test_a_small_turn_changes_the_stored_angles_little() -> None:
    for rotate in ((100.0, 20.0, -170.0), (0.0, 120.0, 3.0), (179.0, -179.0, 179.0)):
        before = TransformParameters(rotate=(*rotate, False, False))
        after = turned(before, Turn((1, 2), 0.1))
        assert after.rotate is not None
        moved = np.subtract(after.rotate[:3], rotate)
        assert np.abs((moved + 180) % 360 - 180).max() < 0.5


def test_half_way_over_the_axes_that_fall_together() -> None:
    before = TransformParameters(rotate=(12, 60, 0, False, False))
    after = turned(before, Turn((0, 2), 30))  # angley is 90° when anglez is 0
    again = turned(after, Turn((0, 2), -30))
    np.testing.assert_allclose(frame(again).affine, frame(before).affine, atol=1e-6)
    upright = TransformParameters(rotate=(7, 90, 3, False, False))
    turned_there = turned(upright, Turn((1, 2), 5))
    back = turned(turned_there, Turn((1, 2), -5))
    np.testing.assert_allclose(frame(back).affine, frame(upright).affine, atol=1e-6)


def test_turning_back_leaves_nothing() -> None:
    there = turned(TransformParameters(), Turn((2, 0), 3.7))
    assert turned(there, Turn((2, 0), -3.7)).rotate is None


places = st.tuples(*[st.floats(-50, 120)] * 3)


@given(transforms(), places, places, st.permutations(range(3)), st.booleans())
def test_a_levelled_line_is_level_in_the_result(
    before: TransformParameters,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    axes: list[int],
    both: bool,
) -> None:
    along, *against = axes if both else axes[:2]
    if np.linalg.norm(np.subtract(start, end)) < 2.01:
        return
    found = levelled(before, start, end, along, against)
    first, last = in_frame_after(before, found.parameters, np.array([start, end]))
    assert np.abs((last - first)[against]).max() < 1e-6
    # No more is turned than was asked for.
    assert all(abs(turn.degrees) <= 90 for turn in found.turns)
    if not both:
        kept = [k for k in range(3) if k not in (along, *against)]
        np.testing.assert_allclose(
            frame(found.parameters).affine[:3, kept],
            frame(before).affine[:3, kept],
            atol=1e-8,
        )


def test_marks_on_one_another_are_refused() -> None:
    with pytest.raises(InvalidValue, match="far apart"):
        levelled(TransformParameters(), (1, 2, 3), (1, 2, 4), 2, (1,))


def test_how_a_landmark_on_both_sides_shall_run() -> None:
    coronal = (0, 1, 2)  # across z, rows y, columns x
    assert landmark_axes((9, 40, 10), (9, 45, 60), coronal, None) == (2, (1, 0))
    assert landmark_axes((9, 40, 10), (9, 85, 15), coronal, None) == (1, (2, 0))
    assert landmark_axes((9, 40, 10), (9, 85, 15), coronal, 2) == (2, (1, 0))
    assert landmark_axes((9, 40, 10), (30, 85, 15), coronal, 0) == (0, (1, 2))


def test_how_the_midline_shall_run() -> None:
    coronal = (0, 1, 2)
    assert midline_axes((9, 10, 30), (9, 60, 33), coronal, None) == (1, (2,))
    assert midline_axes((9, 60, 30), (9, 63, 80), coronal, None) == (2, (1,))
    assert midline_axes((5, 40, 30), (50, 45, 33), coronal, 2) == (0, (2,))
    assert midline_axes((5, 10, 30), (6, 45, 33), coronal, 2) == (1, (2,))
    with pytest.raises(InvalidValue, match="left and right"):
        midline_axes((5, 40, 30), (50, 45, 33), coronal, None)


def test_long_voxels_are_not_turned() -> None:
    check_turnable(None, (0, 1))
    check_turnable((25, 10, 10.2), (1, 2))
    with pytest.raises(InvalidValue, match=r"25 by 10 µm .* one voxel size"):
        check_turnable((25, 10, 10), (0, 1))
