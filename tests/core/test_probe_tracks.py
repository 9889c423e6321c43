"""The tracks of a probe go together, and how the probe lies is read off them."""

from __future__ import annotations

import numpy as np

from labdata_napari.core.probe_tracks import (
    carried,
    carried_within,
    fits,
    free_probe,
    nearest_shank,
    next_probe,
    shanks_of,
    template_of,
)
from labdata_napari.core.shank_template import ShankTemplate

UM = np.array([25.0, 10.0, 10.0])
PROBE = ShankTemplate.from_clicks(
    [20, 10, 50], [24, 310, 80], [20, 40, 90], um_per_pixel=UM, pitch_um=200
)


def test_a_probe_is_read_off_its_tracks_and_carries_their_points():
    lines = dict(enumerate(PROBE.lines(UM)))
    found = template_of(lines, UM)
    assert found is not None
    np.testing.assert_allclose(found.lines(UM), PROBE.lines(UM), atol=1e-6)
    # of some shanks, the first of them is what the probe is counted from
    some = template_of({1: lines[1], 3: lines[3]}, UM)
    assert some is not None
    assert (some.shanks, round(some.pitch_um)) == (3, 200)
    np.testing.assert_allclose(some.lines(UM)[0], lines[1], atol=1e-6)
    moved = found.advanced(300).turned(40).rotated([1, 0, 0], 7, found.tip)
    for before, after in zip(PROBE.lines(UM), moved.lines(UM), strict=True):
        np.testing.assert_allclose(carried(before, found, moved, UM), after, atol=1e-6)
    alone = template_of({0: lines[0]}, UM, 123.0)
    assert alone is not None
    assert (alone.shanks, alone.pitch_um) == (1, 123.0)
    assert template_of({}, UM) is None
    assert template_of({0: np.ones((2, 3))}, UM) is None


def test_a_probe_goes_to_the_edge_of_the_stack_and_no_farther():
    shape = (60, 400, 200)
    points = {str(n): line for n, line in enumerate(PROBE.lines(UM))}
    assert fits(PROBE, UM, shape)

    def going(after, **how):
        return carried_within(points, PROBE, after, UM, shape, **how)

    def shift(moved):
        steps = [moved[name] - points[name] for name in points]
        np.testing.assert_allclose(
            steps, np.broadcast_to(steps[0][0], (4, 2, 3)), atol=1e-9
        )
        return steps[0][0]

    moved, is_there = going(PROBE.advanced(100))
    assert is_there
    np.testing.assert_allclose(shift(moved) * UM, 100 * PROBE.axis)
    # driven on, it keeps its direction and ends where its tip meets the edge
    moved, is_there = going(PROBE.advanced(5000))
    assert not is_there
    np.testing.assert_allclose(np.cross(shift(moved) * UM, PROBE.axis), 0, atol=1e-6)
    assert max(p[:, 1].max() for p in moved.values()) == 399.5
    # dragged, it goes along the edge
    moved, is_there = going(PROBE.moved([0, 5000, 100]), slides=True)
    assert not is_there
    np.testing.assert_allclose(shift(moved), [0, 399.5 - 310, 10])
    # a turn that would take a point out is none
    assert going(PROBE.rotated([1, 0, 0], 180, PROBE.tip)) == ({}, False)
    # what is outside already comes back in, and goes no farther out
    points = {name: p - [0, 30, 0] for name, p in points.items()}
    moved, is_there = going(PROBE.moved([0, 100, 0]))
    assert is_there
    np.testing.assert_allclose(shift(moved), [0, 10, 0], atol=1e-9)
    moved, is_there = going(PROBE.moved([0, -100, 0]))
    assert not is_there
    np.testing.assert_allclose(shift(moved), 0, atol=1e-9)


def test_the_other_shanks_face_the_place_that_was_clicked():
    faced = PROBE.facing([70, 100, 50], UM)
    lines = np.array(faced.lines(UM)) * UM
    np.testing.assert_allclose(lines[0] / UM, PROBE.lines(UM)[0])
    assert lines[3, 0, 0] - lines[0, 0, 0] > 300


def test_the_shank_under_the_mouse():
    lines = [[[0, 0, 0], [0, 1000, 0]], [[0, 0, 200], [100, 1000, 200]]]
    found = nearest_shank(lines, [0, 700, 20], 0, 10)
    assert found == (0, 20.0, 0.7)
    # of a slanting shank only what the slice shows counts
    number, away, share = nearest_shank(lines, [50, 900, 200], 0, 10)
    assert (number, round(share, 3)) == (1, 0.6)
    assert round(away) == 300
    assert nearest_shank(lines, [500, 0, 0], 0, 10) is None


def test_which_probe_comes_next():
    proposed = ("A_shank0", "B_shank0", "B_shank1")
    assert next_probe(proposed, ["A_shank0", "lesion"]) == ("B", 2)
    assert next_probe(proposed, ["A_shank0", "B_shank1"]) is None
    assert free_probe(["probe_shank0", "x"]) == "probe2"
    assert shanks_of("B", [*reversed(proposed), "B_shankx"]) == {
        0: "B_shank0",
        1: "B_shank1",
    }
