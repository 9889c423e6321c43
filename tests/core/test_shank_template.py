"""A probe of several shanks stays rigid however it is placed and nudged."""

from __future__ import annotations

import numpy as np
import pytest

from labdata_napari.core.shank_template import ShankTemplate, shank_names
from labdata_napari.errors import InvalidValue

PITCH = np.array([25.0, 10.0, 10.0])
PROBE = ShankTemplate.from_clicks(
    [20, 10, 50], [24, 310, 80], [20, 40, 90], um_per_pixel=PITCH
)


def um(lines):
    return np.array(lines) * PITCH


def check_rigid(probe, length=None):
    lines = um(probe.lines(PITCH))
    lengths = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
    np.testing.assert_allclose(lengths, length or PROBE.length_um)
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(lines, axis=0), axis=2), probe.pitch_um
    )
    across = np.diff(lines, axis=0)
    along = lines[:-1, 1] - lines[:-1, 0]
    np.testing.assert_allclose(np.einsum("ijk,ik->ij", across, along), 0, atol=1e-4)


def test_two_clicks_and_a_third_place_all_shanks():
    check_rigid(PROBE)
    lines = PROBE.lines(PITCH)
    assert len(lines) == 4
    np.testing.assert_allclose(lines[0], [[20, 10, 50], [24, 310, 80]])
    assert (um(lines)[3, 0] - um(lines)[0, 0]) @ (np.array([0, 30, 40]) * PITCH) > 0
    points = PROBE.points(PITCH, 5)[2]
    np.testing.assert_allclose(points[[0, -1]], lines[2])
    np.testing.assert_allclose(np.diff(points, n=2, axis=0), 0, atol=1e-9)


def test_without_a_third_click_the_shanks_lie_along_the_last_axis():
    probe = ShankTemplate.from_clicks(
        [5, 0, 50], [5, 100, 50], um_per_pixel=PITCH, shanks=2, pitch_um=100
    )
    np.testing.assert_allclose(probe.lines(PITCH)[1], [[5, 0, 60], [5, 100, 60]])


def test_moves_and_turns_keep_it_rigid_and_can_be_taken_back():
    nudged = PROBE.moved([100, -50, 20]).advanced(300).turned(35).tilted(4, -7)
    check_rigid(nudged)
    check_rigid(PROBE.resized(1234), 1234)
    back = nudged.tilted(0, 7).tilted(-4, 0).turned(-35).advanced(-300)
    back = back.moved([-100, 50, -20])
    np.testing.assert_allclose(back.lines(PITCH), PROBE.lines(PITCH), atol=1e-9)


def test_what_a_turn_is_about_stays():
    lines = um(PROBE.lines(PITCH))
    turned = um(PROBE.turned(90, about=1).lines(PITCH))
    np.testing.assert_allclose(turned[1], lines[1], atol=1e-9)
    assert not np.allclose(turned[0], lines[0], atol=1)
    for about, end in (("tip", 1), ("entry", 0)):
        tilted = um(PROBE.tilted(10, 5, about=about).lines(PITCH))
        np.testing.assert_allclose(
            tilted[:, end].mean(axis=0), lines[:, end].mean(axis=0), atol=1e-9
        )
    along_fan = um(PROBE.tilted(10, about="entry").lines(PITCH)) - lines
    assert (along_fan[:, 1].mean(axis=0) @ PROBE.fan) > 100


def test_clicks_on_several_shanks_draw_the_whole_probe():
    truth = PROBE.moved([60, 20, -80]).tilted(6, -5).turned(40)
    rng = np.random.default_rng(2)
    clicks = {
        shank: truth.points(PITCH, 4)[shank] + rng.normal(0, 8, (4, 3)) / PITCH
        for shank in (0, 1, 3)
    }
    fitted = PROBE.fitted_to(clicks, PITCH)
    check_rigid(fitted)
    assert np.degrees(np.arccos(fitted.axis @ truth.axis)) < 0.5
    assert np.degrees(np.arccos(fitted.fan @ truth.fan)) < 2
    rms = np.sqrt(np.mean(fitted.distances(clicks, PITCH) ** 2))
    assert 5 < rms <= np.sqrt(np.mean(truth.distances(clicks, PITCH) ** 2))


def test_too_few_clicks_leave_it_where_it_is():
    same = PROBE.fitted_to({0: [[1, 2, 3]], 1: [[np.nan] * 3]}, PITCH)
    np.testing.assert_array_equal(same.lines(PITCH), PROBE.lines(PITCH))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shanks": 9}, "1 to 8"),
        ({"pitch_um": 0}, "pitch"),
        ({"tip": [1, 2, 3]}, "one place"),
        ({"fan": [1, 30, 3]}, "in line"),
        ({"entry": [1, 2]}, "three numbers"),
    ],
)
def test_clicks_that_place_no_probe_are_refused_in_words(change, said):
    given = {"entry": [1, 2, 3], "tip": [1, 9, 3], "fan": None, "um_per_pixel": PITCH}
    with pytest.raises(InvalidValue, match=said):
        ShankTemplate.from_clicks(**{**given, **change})
    with pytest.raises(InvalidValue, match="no shank 4"):
        PROBE.fitted_to({4: [[1, 2, 3]]}, PITCH)


def test_shanks_are_named_as_labdata_reads_them():
    assert shank_names("np24", 2) == ("np24_shank0", "np24_shank1")
    with pytest.raises(InvalidValue, match="36"):
        shank_names("x" * 30, 2)
