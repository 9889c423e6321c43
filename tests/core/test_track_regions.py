"""Regions along tracks, and the rows made of them, against layers of known depth."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from atlases import VISA, VISA1, layered_atlas
from labdata_napari.core.probe_rows import (
    Sites,
    plugin_track,
    probe_region_rows,
    split_name,
)
from labdata_napari.core.registration import registered
from labdata_napari.core.track_regions import TrackRegions, regions_along
from labdata_napari.errors import InvalidValue

ATLAS = layered_atlas()
UM = (50.0, 25.0, 40.0)
SHAPE = (40, 64, 60)
MAPPING = registered(ATLAS, SHAPE, UM, "asr")
# Layers from above, in µm from the edge: out 200 root 400 VISa1 600 VISa 1000 TH 1400


def pixel(back: float, down: float, left: float) -> np.ndarray[Any, Any]:
    """Where µm from the edges of the stack are among its voxel centres."""
    return np.array([back, down, left]) / UM - 0.5


def along(*downs: float, **more: Any) -> TrackRegions:
    path = [pixel(1000, down, 1200) for down in downs]
    return regions_along(ATLAS, MAPPING, path, UM, **more)


def borders(track: TrackRegions) -> list[tuple[str, float, float]]:
    return [(i.acronym, round(i.entry_um), round(i.exit_um)) for i in track.intervals]


def test_a_track_is_cut_where_the_regions_end() -> None:
    track = along(250, 1205)
    assert borders(track) == [
        ("root", 0, 150),
        ("VISa1", 150, 350),
        ("VISa", 350, 750),
        ("TH", 750, 955),
    ]
    assert [i.region_id for i in track.intervals] == [997, VISA1, VISA, 549]
    assert track.intervals[1].color == (8, 130, 1)
    assert track.length_um == pytest.approx(955)
    assert track.tip is track.intervals[-1]
    assert track.surface_um == pytest.approx(-50, abs=1)


def test_depths_are_those_of_the_brain_not_of_the_atlas() -> None:
    path = [pixel(1000, 300, 600), pixel(1000, 900, 1400)]  # 1000 µm long, aslant
    intervals = regions_along(ATLAS, MAPPING, path, UM).intervals
    np.testing.assert_allclose(intervals[1].entry_um, 1000 / 6, atol=1)
    assert intervals[-1].exit_um == 1000
    twice = replace(
        MAPPING, matrix=tuple((np.diag([2, 2, 2, 1.0]) @ MAPPING.matrix).tolist())
    )
    halved = [pixel(500, 150, 600), pixel(500, 600, 600)]
    track = regions_along(ATLAS, twice, halved, UM)
    assert [round(i.entry_um) for i in track.intervals] == [0, 50, 150, 350]


def test_a_track_may_begin_at_the_surface_wherever_it_was_clicked() -> None:
    expected = [("root", 0, 200), ("VISa1", 200, 300)]
    assert borders(along(250, 500, from_surface=True)) == expected
    assert borders(along(50, 500, from_surface=True)) == expected
    assert along(50, 500).surface_um == pytest.approx(150, abs=1)
    assert borders(along(50, 500))[0] == ("", 0, 150)
    assert math.isnan(along(-500, 100).surface_um)
    assert borders(along(-500, 100, from_surface=True)) == [("", 0, 600)]


def test_a_bent_track_is_measured_along_its_bend() -> None:
    path = [pixel(1000, 300, 600), pixel(1000, 500, 600), pixel(1000, 500, 1600)]
    track = regions_along(ATLAS, MAPPING, path, UM)
    assert borders(track) == [("root", 0, 100), ("VISa1", 100, 1200)]
    assert track.at(1200) is track.tip
    assert (track.at(-1), track.at(1201)) == (None, None)


def test_regions_are_joined_when_they_are_rolled_up() -> None:
    assert borders(along(250, 1205, to=2)) == [
        ("root", 0, 150),
        ("CTX", 150, 750),
        ("TH", 750, 955),
    ]
    assert borders(along(250, 1205, to=["VISa"])) == [
        ("", 0, 150),
        ("VISa", 150, 750),
        ("", 750, 955),
    ]


def test_confidence_is_the_distance_to_another_region() -> None:
    found = {
        i.acronym: i.confidence_um for i in along(250, 1395, confidence=True).intervals
    }
    assert found["VISa1"] == pytest.approx(100, abs=30)
    assert found["VISa"] == pytest.approx(200, abs=30)
    rolled = along(410, 990, to=2, confidence=True).intervals
    assert rolled[0].confidence_um == pytest.approx(300, abs=35)


@pytest.mark.parametrize(
    "path", [[[1, 1, 1]], [[1, 1], [2, 2]], [[1, 1, 1], [np.nan, 1, 1]]]
)
def test_what_is_no_track_is_said(path: Any) -> None:
    with pytest.raises(InvalidValue):
        regions_along(ATLAS, MAPPING, path, UM)


def test_a_track_of_no_length_has_no_regions() -> None:
    track = along(500, 500)
    assert (track.intervals, track.tip, track.at(0)) == ((), None, None)


# --- rows ---------------------------------------------------------------------------

ROW = {
    "channel_idx": np.array([10, 11, 12, 13, 14, 15]),
    "channel_shank": np.array([0, 0, 0, 1, 1, 1]),
    "channel_coords": np.array([[0, 0], [0, 310], [0, 790]] * 2),
}
NAMES = {VISA1: "L1", VISA: "rest", 549: "TH"}


def test_the_row_of_a_region_has_its_depths_shanks_and_sites_above_the_tip() -> None:
    tracks = {0: along(250, 1205), 1: along(250, 900)}
    rows = {
        row["region_acronym"]: row
        for row in probe_region_rows(tracks, Sites.from_row(ROW), NAMES.get)
    }
    assert list(rows) == ["TH", "rest", "L1"]  # from the tip; root has no name here
    depths = {
        n: (round(r["min_depth"]), round(r["max_depth"])) for n, r in rows.items()
    }
    assert depths == {"TH": (0, 205), "rest": (0, 605), "L1": (300, 805)}
    assert {n: r["shanks"].tolist() for n, r in rows.items()} == {
        "TH": [0],
        "rest": [0, 1],
        "L1": [0, 1],
    }
    assert {n: r["electrodes"].tolist() for n, r in rows.items()} == {
        "TH": [10],
        "rest": [11, 13],
        "L1": [12, 14],
    }


def test_the_way_from_the_tip_to_the_first_site_counts() -> None:
    tracks = {0: along(250, 1205)}
    rows = probe_region_rows(tracks, Sites.from_row(ROW, tip_um=206), NAMES.get)
    assert [r["electrodes"].tolist() for r in rows] == [[], [10, 11], []]


def test_sites_that_do_not_go_together_are_said() -> None:
    with pytest.raises(InvalidValue, match="6 sites, 1 shanks"):
        Sites.from_row({**ROW, "channel_shank": np.array([0])})


def test_names_of_shanks_are_read_from_the_right() -> None:
    assert split_name("NP_shank1_x_shank12") == ("NP_shank1_x", 12)
    assert [split_name(n) for n in ("NP1", "_shank1", "NP_shank", "a_shank-1")] == [
        None
    ] * 4


def test_the_plugins_rows_are_in_voxels_of_the_atlas() -> None:
    path = [pixel(1000, 300, 600), pixel(1000, 1100, 1200)]
    regions = regions_along(ATLAS, MAPPING, path, UM)
    made = plugin_track(
        "NP1-0417_shank2", path, path, regions, MAPPING, ATLAS, (0, 0, 5)
    )
    assert made.annotation["annotation_name"] == "NP1-0417_shank2"
    assert made.annotation["annotation_type"] == "shank"
    np.testing.assert_allclose(
        made.annotation["xyz"], [[9.5, 2.5, 0.5], [9.5, 10.5, 6.5]]
    )
    track = made.track
    assert (track["probe_id"], track["shank"]) == ("NP1-0417", 2)
    np.testing.assert_allclose(track["entry_voxel"], [9.5, 2.5, 0.5])
    np.testing.assert_allclose(track["exit_voxel"], [9.5, 10.5, 6.5])
    np.testing.assert_allclose(track["direction"], [0, 0.8, 0.6], atol=1e-12)
    assert track["track_length_um"] == pytest.approx(1000)
    assert (track["ap_angle"], track["ml_angle"]) == pytest.approx((0, 36.87), abs=0.01)
    assert [(r["region_index"], r["region_acronym"]) for r in made.regions] == [
        (0, "root"),
        (1, "VISa1"),
        (2, "VISa"),
        (3, "TH"),
    ]
    assert sum(r["length_um"] for r in made.regions) == pytest.approx(1000)
    for bad, points in (("lesion", path), ("NP_shank0", path[:1])):
        with pytest.raises(InvalidValue):
            plugin_track(bad, points, path, regions, MAPPING, ATLAS)
