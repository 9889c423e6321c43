"""Injections, landmarks and boundaries of known size, and ones that have none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from labdata_napari.core.measures import (
    boundary_of,
    injection_of,
    injection_of_region,
    landmark_of,
)
from labdata_napari.errors import InvalidValue

PITCH = np.array([50.0, 10.0, 20.0])


def test_an_injection_marked_by_points_has_the_volume_they_enclose():
    corners = np.array(list(itertools.product((0, 400), (0, 300), (0, 200))), float)
    box = injection_of(np.r_[corners, [[200, 150, 100]]] / PITCH, PITCH)
    assert box.volume_um3 == pytest.approx(400 * 300 * 200)
    np.testing.assert_allclose(box.centroid * PITCH, [200, 150, 100])
    np.testing.assert_allclose(box.extent_um, [400, 300, 200])
    assert box.diameter_um == pytest.approx((6 / np.pi * 24e6) ** (1 / 3))
    assert ("volume", "0.024 mm³ (24 nl)") in box.summary


def test_a_painted_injection_has_the_volume_of_its_voxels():
    mask = np.zeros((5, 30, 20), np.uint8)
    mask[1:3, 10:20, 4:9] = 3
    site = injection_of_region(mask, PITCH, corner=(100, 0, 7))
    assert site.volume_um3 == pytest.approx(2 * 10 * 5 * 50 * 10 * 20)
    np.testing.assert_allclose(site.centroid, [101.5, 14.5, 13])
    np.testing.assert_allclose(site.extent_um, [100, 100, 100])
    assert "paint" in injection_of_region(mask * 0, PITCH).problem


def test_a_landmark_is_one_place():
    one = landmark_of([[2, 3, 4]], PITCH)
    assert not one.problem
    assert one.summary == (("at", "100, 30, 80 µm"),)
    two = landmark_of([[2, 3, 4], [2, 5, 4], [np.nan, 0, 0]], PITCH)
    assert "has 2" in two.problem
    np.testing.assert_allclose(two.place, [2, 4, 4])
    assert two.spread_um == pytest.approx(10)


def test_a_boundary_has_a_length_and_in_a_plane_an_area():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    square = np.array([[0, 0, 0], [0, 300, 0], [0, 300, 400], [0, 0, 400.0]]) @ turn
    closed = boundary_of(square / PITCH, PITCH)
    assert closed.length_um == pytest.approx(1400)
    assert closed.area_um2 == pytest.approx(120_000)
    assert not closed.problem
    way = boundary_of(square / PITCH, PITCH, closed=False)
    assert way.length_um == pytest.approx(1000)
    assert np.isnan(way.area_um2)
    assert not way.problem


def test_a_boundary_out_of_plane_or_across_itself_has_no_area():
    bent = np.array([[0, 0, 0], [300, 300, 0], [0, 300, 400], [0, 0, 400.0]])
    assert "plane" in boundary_of(bent / PITCH, PITCH).problem
    eight = np.array([[0, 0, 0], [0, 300, 400], [0, 300, 0], [0, 0, 400.0]])
    answer = boundary_of(eight / PITCH, PITCH)
    assert "crosses itself" in answer.problem
    assert np.isnan(answer.area_um2)
    assert answer.length_um > 1000


@pytest.mark.parametrize("measure", [injection_of, landmark_of, boundary_of])
@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 3)),
        [[np.nan, 1, 2]],
        [[1e300, 1, 2], [-1e300, 0, 0]],
        [[1, 2, 3]],
        [[1, 2, 3]] * 5,
        [[k, k, k] for k in range(6)],
        [[0, k, k * k] for k in range(6)],
    ],
)
def test_no_points_whatever_make_a_measure_fail(measure, points):
    answer = measure(points, PITCH)
    assert answer.problem or answer.summary


def test_another_shape_is_refused_in_words():
    with pytest.raises(InvalidValue, match=r"\(N, 3\)"):
        boundary_of([[1, 2]], PITCH)
    with pytest.raises(InvalidValue, match="three axes"):
        injection_of_region(np.zeros((3, 3)), PITCH)
