"""Landmarks of a brain known by formula are where the transform says, in its voxels.

Where a landmark should be is computed here step by step, from what the columns are
documented to mean, without the package's own geometry.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from labdata_napari.core.oblique import oblique_plan
from labdata_napari.core.resample import plane, slabs
from labdata_napari.core.transform import Plan, TransformParameters, plan
from labdata_napari.errors import InvalidValue

SPATIAL = (0, 2, 3)
CHANNELS = 2
REACH = 4  # voxels of the result around a blob
_ANGLES = st.one_of(
    st.sampled_from((0.0, 90.0, -90.0, 180.0)),
    st.floats(-35, 35, allow_nan=False).map(lambda a: round(a, 3)),
)
_RATIOS = st.floats(0.4, 1.3).map(lambda r: round(r, 4))


@dataclass(frozen=True)
class Case:
    """A stack of blobs, one in each channel, and what is done with it."""

    shape: tuple[int, int, int, int]
    um: tuple[float, float, float]
    parameters: TransformParameters
    places: tuple[tuple[float, float, float], ...]  # 0 to 1 along the result's axes


@st.composite
def slices(draw: st.DrawFn) -> tuple[int | None, int | None, int | None] | None:
    step = draw(st.sampled_from((None, 1, -1, 2, -2)))
    cut = draw(st.integers(0, 4))
    if draw(st.booleans()):
        return (None, None, step)
    low, high = (cut or None), -(cut + 1)
    return (high, low, step) if step is not None and step < 0 else (low, high, step)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = [draw(st.integers(26, 48)) for _ in SPATIAL]
    downsample = None
    if draw(st.booleans()):
        z, y, x = (draw(_RATIOS) for _ in SPATIAL)
        downsample = (z, 1.0, y, x)
    rotate = None
    if draw(st.booleans()):
        a, b, c = (draw(_ANGLES) for _ in SPATIAL)
        rotate = (a, b, c, draw(st.booleans()), draw(st.booleans()))
    crop = None
    if draw(st.booleans()):
        z_, y_, x_ = (draw(st.none() | slices()) for _ in SPATIAL)
        crop = (z_, draw(st.sampled_from((None, (None, None, -1)))), y_, x_)
    transpose = draw(st.none() | st.permutations(range(4)).map(tuple))
    um = tuple(draw(st.floats(0.5, 20)) for _ in SPATIAL)
    unit = st.floats(0, 1)
    places = tuple((draw(unit), draw(unit), draw(unit)) for _ in range(CHANNELS))
    parameters = TransformParameters(downsample, rotate, crop, transpose)
    return Case((sizes[0], CHANNELS, *sizes[1:]), um, parameters, places)


def where_it_comes_out(
    point: np.ndarray, shape: tuple[int, ...], parameters: TransformParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Result pixels of a point, and pitches in source voxels, along the result's axes.

    Every step as `docs/transform.md` has it.
    """
    p = np.array(point, float)
    n = np.array([shape[axis] for axis in SPATIAL])
    pitch = np.ones(3)
    if parameters.downsample is not None:
        ratios = [parameters.downsample[axis] for axis in SPATIAL]
        m = np.array([round(int(k) * r) for k, r in zip(n, ratios, strict=True)])
        pitch = np.where(m > 1, (n - 1) / np.maximum(m - 1, 1), 1.0)
        p, n = p / pitch, m
    if parameters.rotate is not None:
        middle = (n - 1) / 2
        # first in the y-x plane, then z-x, then z-y; +y to +x, +z to +x, +z to +y
        for degrees, (a, b) in zip(
            parameters.rotate[2::-1], ((1, 2), (0, 2), (0, 1)), strict=True
        ):
            angle = math.radians(degrees)
            u, v = p[a] - middle[a], p[b] - middle[b]
            p[a] = middle[a] + u * math.cos(angle) - v * math.sin(angle)
            p[b] = middle[b] + u * math.sin(angle) + v * math.cos(angle)
        for flipped, axis in zip(parameters.rotate[3:], (2, 1), strict=True):
            if flipped:
                p[axis] = n[axis] - 1 - p[axis]
    for k, axis in enumerate(SPATIAL):
        part = parameters.crop[axis] if parameters.crop else None
        if part is not None:
            start, _, step = slice(*part).indices(int(n[k]))
            p[k], pitch[k] = (p[k] - start) / step, pitch[k] * abs(step)
    order = [
        SPATIAL.index(axis)
        for axis in parameters.transpose or range(4)
        if axis in SPATIAL
    ]
    return p[order], pitch[order]


def blobs(case: Case, geometry: Plan) -> tuple[np.ndarray, np.ndarray]:
    """The stack, and the source positions (channel, 3) of what is in it."""
    spatial = np.array(geometry.spatial_shape_out)
    inside = REACH + np.array(case.places) * (spatial - 1 - 2 * REACH)
    points = geometry.points_to_source(inside)
    size = np.array([case.shape[axis] for axis in SPATIAL])
    # Next to a face the average narrows, and half a blob there looks moved.
    away = 3 * np.maximum(geometry.step, 1.0)
    assume(np.all(points > away) and np.all(points < size - 1 - away))
    # a Gaussian of 1.4 voxels of the result, whatever axis is turned into which
    steps = [1.0 if p is None else abs(p[2] or 1) for p in case.parameters.crop or ()]
    sigma = 1.4 * max(steps, default=1.0) * np.maximum(geometry.step, 1.0)
    axes = [np.arange(n) for n in size]
    stack = np.empty(case.shape, np.float32)
    for channel, point in enumerate(points):
        z, y, x = (
            np.exp(-(((at - c) / s) ** 2) / 2)
            for at, c, s in zip(axes, point, sigma, strict=True)
        )
        stack[:, channel] = 1000 * z[:, None, None] * y[:, None] * x
    return stack, points


def centre(volume: np.ndarray) -> np.ndarray:
    """Centre of a Gaussian: of the quadric through the logarithms around its top."""
    top = np.unravel_index(volume.argmax(), volume.shape)
    box = [slice(max(0, k - REACH), k + REACH + 1) for k in top]
    part = volume[tuple(box)].astype(float)
    bright = part > 0.3 * part.max()
    at = np.argwhere(bright) - REACH
    products = [at[:, i] * at[:, j] for i in range(3) for j in range(i, 3)]
    terms = np.stack([np.ones(len(at)), *at.T, *products], axis=1)
    weights = part[bright]
    quadric = np.linalg.lstsq(
        terms * weights[:, None], np.log(weights) * weights, rcond=None
    )[0]
    zz, zy, zx, yy, yx, xx = quadric[4:]
    curvature = np.array([[2 * zz, zy, zx], [zy, 2 * yy, yx], [zx, yx, 2 * xx]])
    found = np.linalg.solve(curvature, -quadric[1:4])
    return np.asarray(found + REACH + [s.start for s in box])


def computed(stack: np.ndarray, geometry: Plan, order: int) -> np.ndarray:
    """All slabs, as (C, z, y, x)."""
    pieces = [piece.ravel() for piece in slabs(stack, geometry, order=order)]
    result = np.concatenate(pieces).reshape(geometry.shape_out)
    return np.moveaxis(result, geometry.channel_axis, 0)


@settings(
    max_examples=200,
    deadline=None,
    phases=(Phase.generate,),  # a smaller case would take longer to find than to read
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(case=cases())
def test_landmarks_come_out_within_a_tenth_of_a_voxel(case: Case) -> None:
    try:
        geometry = plan(case.shape, case.um, case.parameters)
    except InvalidValue:
        assume(False)
    assume(min(geometry.spatial_shape_out) > 2 * REACH)
    stack, points = blobs(case, geometry)
    result = computed(stack, geometry, 3)
    for channel, point in enumerate(points):
        expected, pitch = where_it_comes_out(point, case.shape, case.parameters)
        np.testing.assert_allclose(
            geometry.points_to_result([point])[0], expected, atol=1e-8
        )
        found = centre(result[geometry.channels.index(channel)])
        assert np.abs(found - expected).max() <= 0.1
    order = [
        SPATIAL.index(axis)
        for axis in case.parameters.transpose or range(4)
        if axis in SPATIAL
    ]
    um = np.array(case.um)[order] * pitch
    np.testing.assert_allclose(geometry.um_per_pixel_out, um)


@settings(max_examples=12, deadline=None, phases=(Phase.generate,))
@given(case=cases(), order=st.sampled_from((1, 3)), data=st.data())
def test_a_plane_that_is_shown_is_the_one_that_is_computed(
    case: Case, order: int, data: st.DataObject
) -> None:
    try:
        full = plan(case.shape, case.um, case.parameters)
    except InvalidValue:
        assume(False)
    rng = np.random.default_rng(1)
    level = (case.shape[0], CHANNELS, *(-(-n // 2) for n in case.shape[2:]))
    for shape, geometry in (
        (case.shape, full),
        (level, full.on_level(level)),
        (level, full.on_level(level, 2)),
    ):
        stack = rng.random(shape, np.float32)
        whole = np.concatenate([p.ravel() for p in slabs(stack, geometry, order=order)])
        whole = whole.reshape(geometry.shape_out)
        for axis in range(4):
            index = data.draw(st.integers(0, geometry.shape_out[axis] - 1))
            shown = plane(stack, geometry, index, axis, order=order)
            assert np.array_equal(shown, whole.take(index, axis))


def test_a_straight_plane_through_a_turned_brain_shows_its_landmarks() -> None:
    """An oblique plane through two landmarks and the middle has both in it."""
    shape, um = (40, 1, 44, 48), (9.0, 4.0, 6.0)
    points = np.array([[12.0, 15.0, 30.0], [27.0, 30.0, 14.0]])
    axes = [np.arange(n) for n in (40, 44, 48)]
    stack = np.zeros(shape, np.float32)
    for point in points:
        z, y, x = (
            np.exp(-(((at - c) * u / 12) ** 2) / 2)
            for at, c, u in zip(axes, point, um, strict=True)
        )
        stack[:, 0] += 1000 * z[:, None, None] * y[:, None] * x
    turned = TransformParameters(rotate=(4, -7, 12, True, False))
    for parameters, side in itertools.product((TransformParameters(), turned), (1, -1)):
        geometry = plan(shape, um, parameters)
        a, b = geometry.points_to_result(points) * geometry.um_per_pixel_out
        cut = oblique_plan(
            geometry,
            (a + b) / 2 / geometry.um_per_pixel_out,
            (0, side, 0.3),
            b - a,
            (41, 81),
            4.0,
        )
        shown = plane(stack, cut, 0, order=3)[0]
        seen = cut.points_to_result(points)
        np.testing.assert_allclose(seen[:, 0], 0, atol=1e-9)
        for place in seen[:, 1:]:
            row, column = np.rint(place).astype(int)
            near = shown[row - 3 : row + 4, column - 3 : column + 4]
            top = np.array(np.unravel_index(near.argmax(), near.shape)) - 3
            assert np.abs(top + np.rint(place) - place).max() <= 1
            assert near.max() > 900
