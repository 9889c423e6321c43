"""Lengths and line fits, on points whose line is known."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.tracks import fit_line, length_um
from labdata_napari.errors import InvalidValue

PITCH = np.array([5.0, 2.0, 3.0])


def test_length_follows_the_points_in_micrometres():
    points = [[0, 0, 0], [2, 0, 0], [2, 5, 0], [2, 5, 4]]
    assert length_um(points, PITCH) == pytest.approx(10 + 10 + 12)
    assert length_um(points[:1], PITCH) == 0


def test_a_known_line_is_found_in_an_anisotropic_stack():
    rng = np.random.default_rng(1)
    direction = np.array([0.6, -0.48, 0.64])
    places = np.array([500, 900, 300]) + np.outer([0, 400, 1100, 2000], direction)
    fit = fit_line(places / PITCH, PITCH)
    np.testing.assert_allclose(fit.direction, direction, atol=1e-12)
    assert fit.length_um == pytest.approx(2000)
    assert fit.rms_um < 1e-9
    np.testing.assert_allclose(fit.start * PITCH, places[0], atol=1e-9)
    np.testing.assert_allclose(fit.end * PITCH, places[-1], atol=1e-9)

    noisy = fit_line((places + rng.normal(0, 10, places.shape)) / PITCH, PITCH)
    assert np.degrees(np.arccos(noisy.direction @ direction)) < 1.5
    assert 1 < noisy.rms_um < 30
    assert noisy.rms_um == pytest.approx(np.sqrt(np.mean(noisy.residuals_um**2)))


def test_the_fit_runs_from_the_first_point_to_the_last():
    points = np.array([[9.0, 9, 9], [1, 1, 1]])
    fit = fit_line(points, (1, 1, 1))
    np.testing.assert_allclose(fit.start, points[0], atol=1e-12)
    np.testing.assert_allclose(fit.end, points[1], atol=1e-12)


def test_residuals_are_distances_from_the_line():
    points = [[0, 0, 0], [0, 0, 10], [0, 1, 5], [0, -1, 5]]
    fit = fit_line(points, (1, 1, 1))
    np.testing.assert_allclose(fit.residuals_um, [0, 0, 1, 1], atol=1e-12)
    assert fit.rms_um == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(
    ("points", "pitch", "said"),
    [
        (np.ones((3, 3)), PITCH, "two places"),
        (np.empty((0, 3)), PITCH, r"\(N, 3\)"),
        (np.ones((2, 2)), PITCH, r"\(N, 3\)"),
        ([[0, 0, np.inf], [0, 0, 0]], PITCH, "not finite"),
        (np.eye(3), (1, 2), "voxel size"),
        (np.eye(3), (1, 2, 0), "voxel size"),
    ],
)
def test_what_is_no_track_is_refused_in_words(points, pitch, said):
    with pytest.raises(InvalidValue, match=said):
        fit_line(points, pitch)
