"""A box on the screen and the slices that are stored say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.crop_box import (
    Box,
    Grip,
    box_from_um,
    box_of,
    box_um,
    dragged,
    grip_at,
    half_box,
    hemisphere_of,
    spanned,
    with_box,
    without_crop,
)
from labdata_napari.core.orientation import all_orientations, shown_as
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

SHAPE = (12, 2, 20, 16)
PANE = (1, 2)
BOX: Box = ((2, 9), (5, 15), (4, 12))


@st.composite
def transforms(draw: st.DrawFn) -> TransformParameters:
    part = st.one_of(
        st.none(),
        st.tuples(st.integers(0, 4), st.integers(8, 12), st.sampled_from([None, 1, 2])),
        st.tuples(
            st.integers(8, 11),
            st.one_of(st.none(), st.integers(0, 4)),
            st.sampled_from([-1, -2]),
        ),
    )
    crop = (
        draw(part),
        draw(st.sampled_from([None, (1, 2, None)])),
        draw(part),
        draw(part),
    )
    return TransformParameters(
        downsample=draw(st.sampled_from([None, (1, 1, 0.6, 1)])),
        rotate=draw(st.sampled_from([None, (3, 4, 5, True, False)])),
        crop=draw(st.sampled_from([None, crop])),
        transpose=tuple(draw(st.permutations(range(4)))),
    )


def sampled(parameters: TransformParameters) -> np.ndarray:
    geometry = plan(SHAPE, None, parameters)
    grid = np.argwhere(np.ones(geometry.spatial_shape_out))
    return geometry.points_to_source(grid)


@given(transforms())
def test_a_box_is_what_the_crop_takes_out_of_the_frame(
    parameters: TransformParameters,
) -> None:
    box = box_of(parameters, SHAPE)
    frame = plan(SHAPE, None, without_crop(parameters))
    result = plan(SHAPE, None, parameters)
    first = np.array([edges[0] for edges in box], float)
    # The result starts at the box's first corner and ends inside its last.
    start = frame.points_to_result(result.points_to_source([[0, 0, 0]]))[0]
    np.testing.assert_allclose(start, first, atol=1e-8)
    last = np.array(result.spatial_shape_out, float) - 1
    end = frame.points_to_result(result.points_to_source([last]))[0]
    beyond = np.array([edges[1] for edges in box])
    assert np.all(end < beyond)
    assert np.all(end >= beyond - 2 - 1e-8)  # the largest step
    assert frame.channels == result.channels


@given(transforms())
def test_putting_a_box_back_changes_nothing(parameters: TransformParameters) -> None:
    again = with_box(parameters, SHAPE, box_of(parameters, SHAPE))
    np.testing.assert_allclose(sampled(again), sampled(parameters), atol=1e-9)


@given(transforms(), st.data())
def test_a_box_comes_back_as_it_was_set(
    parameters: TransformParameters, data: st.DataObject
) -> None:
    frame = plan(SHAPE, None, without_crop(parameters)).spatial_shape_out
    box = []
    for n in frame:
        first = data.draw(st.integers(0, n - 1))
        box.append((first, data.draw(st.integers(first + 1, n))))
    after = with_box(parameters, SHAPE, box)
    assert box_of(after, SHAPE) == tuple(box)
    before = without_crop(parameters)
    np.testing.assert_allclose(
        plan(SHAPE, None, without_crop(after)).affine, plan(SHAPE, None, before).affine
    )
    assert plan(SHAPE, None, after).channels == plan(SHAPE, None, parameters).channels


def test_steps_are_kept() -> None:
    every_other = TransformParameters(crop=((2, 10, 2), None, None, (9, 3, -1)))
    after = with_box(every_other, SHAPE, ((0, 12), (3, 20), (6, 16)))
    assert after.crop == ((None, None, 2), None, (3, 20, None), (9, None, -1))


def test_a_box_beyond_the_frame_is_made_to_fit() -> None:
    after = with_box(TransformParameters(), SHAPE, ((-5, 99), (30, 40), (3, 3)))
    assert box_of(after, SHAPE) == ((0, 12), (19, 20), (3, 4))
    assert with_box(after, SHAPE, ((0, 12), (0, 20), (0, 16))).crop is None


def test_micrometres_count_from_the_outer_edge() -> None:
    um = (50.0, 25.0, 25.0)
    assert box_um(BOX, um) == ((100, 450), (125, 375), (100, 300))
    assert box_from_um(box_um(BOX, um), um, (12, 20, 16)) == BOX
    assert box_from_um(((90, 460), (-20, 9e9), (0, 1)), um, (12, 20, 16)) == (
        (2, 9),
        (0, 20),
        (0, 1),
    )


@pytest.mark.parametrize("source", all_orientations())
def test_halves_of_every_orientation(source: str) -> None:
    for target in ("asr", "lsa", "sal"):
        whole = shown_as(TransformParameters(), SHAPE, source, target)
        assert hemisphere_of(whole, SHAPE, source) == "both"
        sides = {}
        for side in ("left", "right"):
            half = with_box(whole, SHAPE, half_box(whole, SHAPE, source, side))
            assert hemisphere_of(half, SHAPE, source) == side
            sides[side] = sampled(half).mean(axis=0)
        # The left half is that which the source's own code calls left.
        axis = next(k for k, letter in enumerate(source) if letter in "lr")
        left_first = sides["left"][axis] < sides["right"][axis]
        assert left_first == (source[axis] == "l")
        both = half_box(half, SHAPE, source, "both")
        assert with_box(half, SHAPE, both) == whole


def test_the_midline_may_lie_elsewhere() -> None:
    whole = TransformParameters()
    assert half_box(whole, SHAPE, "asr", "left", 5.2) == ((0, 12), (0, 20), (6, 16))
    with pytest.raises(InvalidValue, match="inside the brain"):
        half_box(whole, SHAPE, "asr", "left", 99)


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        (9, 8, Grip(0, 0)),
        (4.5, 8, Grip(-1, 0)),  # the outline is half a voxel before the first voxel
        (3, 8, Grip(-1, 0)),
        (14.4, 8, Grip(1, 0)),
        (4.4, 3.6, Grip(-1, -1)),
        (15.9, 12.9, Grip(1, 1)),
        (9, 13.1, None),
        (0, 8, None),
        (0, 3.5, None),
    ],
)
def test_what_is_under_the_mouse(
    row: float, column: float, expected: Grip | None
) -> None:
    assert grip_at(BOX, PANE, (0, row, column), (1.5, 1.5)) == expected


def test_a_small_box_can_still_be_moved() -> None:
    small: Box = ((0, 1), (5, 8), (4, 7))
    assert grip_at(small, PANE, (0, 6, 5), (5, 5)) == Grip(0, 0)
    assert grip_at(small, PANE, (0, 4.4, 5), (5, 5)) == Grip(-1, 0)


def test_dragging_edges_and_corners_and_all_of_it() -> None:
    shape = (12, 20, 16)
    pull = lambda grip, *by: dragged(BOX, grip, PANE, (50, *by), shape)  # noqa: E731
    assert pull(Grip(-1, 0), -2.4, 9) == ((2, 9), (3, 15), (4, 12))
    assert pull(Grip(1, 1), 99, -99) == ((2, 9), (5, 20), (4, 5))
    assert pull(Grip(-1, -1), 99, -99) == ((2, 9), (14, 15), (0, 12))
    assert pull(Grip(), 3, -1) == ((2, 9), (8, 18), (3, 11))
    assert pull(Grip(), 99, -99) == ((2, 9), (10, 20), (0, 8))


def test_a_new_box_keeps_its_depth() -> None:
    shape = (12, 20, 16)
    new = spanned(BOX, PANE, (7, 17.6, 3), (7, 8.2, 99), shape)
    assert new == ((2, 9), (9, 18), (4, 16))
    assert spanned(BOX, PANE, (7, 8, 3), (7, 8, 3), shape) == ((2, 9), (8, 9), (4, 5))
