"""The numbers of an annotation, by what its type is about."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.measured import Setting, measure

SETTING = Setting((50.0, 10.0, 20.0), (100, 400, 400))
POINTS = np.array([[0, 0, 0], [0, 30, 0], [0, 30, 20], [0, 0, 20.0]])


def said(type_, points=POINTS):
    measured = measure(type_, np.asarray(points, float).reshape(-1, 3), SETTING)
    assert len(measured.flagged) == len(points)
    return dict(measured.summary), measured


def test_a_track_has_a_length_and_a_line_to_draw():
    words, track = said("probe_track", [[0, 0, 0], [10, 0, 0]])
    assert words["length"] == "500 µm"
    assert track.length_um == pytest.approx(500)
    np.testing.assert_allclose(np.ptp(track.path, axis=0), (10, 0, 0))


def test_an_outline_is_drawn_round_and_has_an_area():
    words, outline = said("region_boundary")
    assert (words["length"], words["area"]) == ("1,400 µm", "0.12 mm²")
    np.testing.assert_array_equal(outline.path[0], outline.path[-1])
    assert "three points" in said("region_boundary", POINTS[:1])[1].problem


def test_an_injection_has_a_centre_and_in_space_a_volume():
    words, _ = said("injection", np.r_[POINTS, POINTS + np.array([2, 0, 0])])
    assert words["volume"] == "0.012 mm³ (12 nl)"
    assert words["centre"] == "50, 150, 200 µm (z, y, x)"
    assert "not in one plane" in said("injection")[0]["note"]


def test_a_landmark_is_where_it_is_and_anything_else_has_a_centre():
    assert said("landmark", POINTS[2:3])[0] == {"at": "0, 300, 400 µm"}
    assert "delete all but one" in said("landmark")[0]["note"]
    assert set(said("lesion")[0]) == {"centre"}


@pytest.mark.parametrize(
    "type_", ["probe_track", "region_boundary", "injection", "landmark", ""]
)
def test_without_a_place_every_type_says_what_to_do(type_):
    for points in ([], [[np.nan, 0, 0]]):
        assert "click" in said(type_, points)[1].problem


def test_a_bent_track_is_followed_by_a_curve_that_says_how_smooth():
    along = np.linspace(0, 200, 12)
    points = np.column_stack([np.full(12, 20.0), along, 50 + (along / 40) ** 2])
    um = (25.0, 10.0, 10.0)
    line = measure("probe_track", points, Setting(um))
    bent = measure("probe_track", points, Setting(um, curve="spline"))
    assert len(line.path) == 2 < len(bent.path)
    assert bent.track.rms_um < line.track.rms_um / 2
    assert ("fit", "curve, smoothing 25 µm rms") in bent.summary
