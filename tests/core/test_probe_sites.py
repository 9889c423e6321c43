"""Sites of a probe along its tracks: their heights, depths, places and regions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from labdata_napari.core.probe_sites import read_probe, sites_along, write_sites
from labdata_napari.core.track_formats import read_annotations
from labdata_napari.core.track_space import Space
from labdata_napari.core.tracks import fit_track
from labdata_napari.errors import InvalidValue, UnreadableFile

UM = np.array([50.0, 20.0, 25.0])
PROBE = {
    "specification": "probeinterface",
    "version": "0.2.21",
    "probes": [
        {
            "ndim": 2,
            "si_units": "um",
            "contact_positions": [[0, 0], [32, 0], [0, 100], [250, 0], [250, 4000]],
            "shank_ids": ["0", "0", "0", "1", "1"],
            "contact_ids": ["e0", "e1", "e2", "e3", "e4"],
            "probe_planar_contour": [[-11, 4500], [24, -175], [59, 4500]],
        }
    ],
}


@pytest.fixture
def probe(tmp_path):
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(PROBE))
    return path


def line(x=0.0):
    return fit_track(
        np.array([[1000, 200, x], [1000, 3200, x]]) / UM, UM, orientation="asr"
    )


def test_a_probeinterface_file_tells_heights_above_the_tip(probe):
    geometry = read_probe(probe)
    assert geometry.sites == ("e0", "e1", "e2", "e3", "e4")
    assert geometry.shanks.tolist() == [0, 0, 0, 1, 1]
    np.testing.assert_allclose(geometry.above_tip_um, [175, 175, 275, 175, 4175])


def test_sites_have_depths_places_and_regions(probe, tmp_path):
    def region_of(pixels):
        return ["CTX" if y * 20 < 3000 else "TH" for y in pixels[:, 1]]

    tracks = {0: ("A_shank0", line()), 1: ("A_shank1", line(250))}
    sites = sites_along(tracks, read_probe(probe), UM, region_of)
    assert [s.site for s in sites] == ["e2", "e0", "e1", "e4", "e3"]
    assert [s.depth_um for s in sites] == pytest.approx([2725, 2825, 2825, -1175, 2825])
    np.testing.assert_allclose(np.array(sites[0].pixel) * UM, [1000, 2925, 0])
    np.testing.assert_allclose(np.array(sites[3].pixel) * UM, [1000, -975, 250])
    assert [s.region for s in sites] == ["CTX", "TH", "TH", "CTX", "TH"]
    (path,) = write_sites(tmp_path / "sites.csv", sites, Space(UM))
    first = path.read_text().splitlines()[1]
    assert first.startswith("A_shank0,0,e2,275.0,2725.0,CTX,20.0,146.25,0.0,1000.0")
    # imported, they are points along their tracks
    read = read_annotations(path, Space(UM))
    assert [(d.name, d.type, len(d.points)) for d in read] == [
        ("A_shank0", "probe_track", 3),
        ("A_shank1", "probe_track", 2),
    ]
    np.testing.assert_allclose(read[1].points, [s.pixel for s in sites[3:]], atol=1e-3)


def test_sites_follow_a_bent_track(probe):
    t = np.linspace(0, 3000, 9)
    places = np.c_[t * 0, t, 200 * np.sin(np.pi * t / 3000)]
    bent = fit_track(places / UM, UM, orientation="asr", curve="spline", smoothing_um=1)
    (first, *_) = sites_along({0: ("A", bent)}, read_probe(probe), UM)
    straight = np.array(first.pixel) * UM
    assert straight[2] == pytest.approx(200 * np.sin(np.pi * straight[1] / 3000), abs=3)


def test_what_has_no_sites_says_so(probe, tmp_path):
    with pytest.raises(InvalidValue, match=r"A.*two points"):
        sites_along({0: ("A", fit_track([], UM))}, read_probe(probe), UM)
    with pytest.raises(InvalidValue, match="no sites"):
        write_sites(tmp_path / "s.csv", (), Space(UM))


@pytest.mark.parametrize(
    "change",
    [
        {"contact_positions": [[0, 0, 0]]},
        {"contact_positions": []},
        {"contact_positions": [[0, None]] * 5},
        {"shank_ids": ["0"]},
        {"si_units": "parsec"},
        {"contact_positions": [[0, 10**400]] * 5},
        {"probe_planar_contour": [[0, float("nan")]]},
    ],
)
def test_damaged_geometries_are_refused_in_a_sentence(tmp_path, change):
    path = tmp_path / "p.json"
    probe = {**PROBE["probes"][0], **change}
    path.write_text(json.dumps({**PROBE, "probes": [probe]}))
    with pytest.raises(UnreadableFile, match="Probe 0"):
        read_probe(path)
    path.write_text(json.dumps({**PROBE, "probes": [5]}))
    with pytest.raises(UnreadableFile, match="Probe 0"):
        read_probe(path)
    path.write_text("{}")
    with pytest.raises(UnreadableFile, match="probeinterface"):
        read_probe(path)
