"""Regions of all probes of a brain are written at once, row by row as was chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inserted_probes import KEY, REGISTRATION, region
from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.atlas_regions import Region, Regions
from labdata_napari.core.in_atlas import InAtlas
from labdata_napari.core.registration import registered
from labdata_napari.errors import WriteConflict
from labdata_napari.lab.track_writing import TracedTrack, plan_writing, save_plan
from labdata_napari.lab.tracks import load_probe_regions, save_probe_regions
from labs import add_brain, add_transform

SHAPE, UM = (10, 10, 10), (10.0, 10.0, 10.0)
NAMES = ("CTX", "HPF", "TH")
REGIONS = Regions(
    tuple(Region(k, n, n, (9, 9, 9), (k,)) for k, n in enumerate(NAMES, 1))
)


def brain() -> InAtlas:
    """Thirty µm of each region, from the top."""
    volume = np.zeros(SHAPE, np.uint32)
    for k in range(3):
        volume[:, 3 * k : 3 * k + 3] = k + 1
    atlas = AtlasVolume("cube", volume, UM, "asr", REGIONS)
    return InAtlas(atlas, registered(atlas, SHAPE, UM, "asr"))


def traced(last: float = 8.5) -> dict[str, TracedTrack]:
    path = np.array([[5, -0.5, 5], [5, last, 5]])
    found = brain().regions_along(path, UM)
    return {"NP1_shank0": TracedTrack(path, path, found)}


def near(*um: float) -> Any:
    """Depths are found to a small part of a voxel."""
    return pytest.approx(um if len(um) > 1 else um[0], abs=0.5)


def words(plan: Any) -> list[tuple[str, str]]:
    return [(line.name, line.state) for line in plan.lines if line.place >= 0]


@pytest.fixture
def key(probe: Any, monkeypatch: Any, tmp_path: Any) -> dict[str, Any]:
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path))
    monkeypatch.setattr("labdata_napari.lab.track_writing.known_atlas", _nothing)
    return add_transform(probe, add_brain(probe))


def _nothing(_lab: Any, _key: Any) -> None:
    """What is kept of a brain needs the address of a lab, which these have none of."""


def test_only_ticked_rows_are_written(probe: Any, key: Any) -> None:
    save_probe_regions(probe, KEY, (), (region("TH", 0, 15, 0), region("HPF", 15, 30)))
    plan = plan_writing(probe, key, traced() | {"odd": traced()["NP1_shank0"]}, brain())
    states = {"CTX": "new", "HPF": "changed", "TH": "changed"}
    assert dict(words(plan)) == states
    assert "odd is left out" in plan.notes[0]
    assert "0–15 µm → 0–30 µm" in plan.lines[0].words
    said = save_plan(probe, plan, [(0, "CTX"), (0, "TH")])
    assert said.startswith("1 added (CTX), 1 changed (TH")
    now = {r.acronym: r for r in load_probe_regions(probe, KEY)}
    assert (now["HPF"].min_depth, now["HPF"].max_depth) == (15, 30)  # not ticked
    assert (now["CTX"].min_depth, now["CTX"].max_depth) == near(60, 90)
    assert now["TH"].electrodes.tolist() == [0, 1]
    assert (
        save_plan(probe, plan_writing(probe, key, traced(), brain()), []) == "nothing"
    )


def test_a_probe_with_shanks_to_come_keeps_its_rows_unless_they_are_ticked(
    probe: Any, key: Any
) -> None:
    every = {(0, name) for name in NAMES}
    assert plan_writing(probe, key, traced(), brain()).offered == every
    probe.Probe.update1({"probe_id": "NP1", "probe_n_shanks": 4})
    plan = plan_writing(probe, key, traced(), brain())
    assert plan.offered == every  # there are no rows yet
    assert "1 of the 4 shanks" in plan.notes[0]
    save_probe_regions(probe, KEY, (), (region("TH", 0, 15, 0), region("HPF", 15, 30)))
    plan = plan_writing(probe, key, traced(), brain())
    assert plan.offered == set()
    assert "all 4 shanks" in plan.notes[0]
    save_plan(probe, plan, [(0, "TH")])  # as somebody insists
    assert {r.acronym for r in load_probe_regions(probe, KEY)} == {"TH", "HPF"}


def test_a_row_that_somebody_changed_meanwhile_is_told_apart(
    probe: Any,
    key: Any,
) -> None:
    plan = plan_writing(probe, key, traced(), brain())
    theirs = (region("TH", 1, 2, 0),)
    save_probe_regions(probe, KEY, (), theirs)
    with pytest.raises(WriteConflict):
        save_plan(probe, plan, [(0, n) for n in NAMES])
    assert load_probe_regions(probe, KEY)[0].same_content(theirs[0])
    again = plan_writing(probe, key, traced(), brain())
    assert again.changed_since(plan) == {(0, "TH")}
    save_plan(probe, again, [(0, "CTX"), (0, "HPF")])
    now = {r.acronym: r.max_depth for r in load_probe_regions(probe, KEY)}
    assert now == {"TH": 2, "HPF": near(60), "CTX": near(90)}
    gone = plan_writing(probe, key, traced(5.5), brain())
    assert ("TH", "removed") in words(gone)


def test_the_plugins_rows_are_written_with_them(
    probe: Any,
    key: Any,
    plugin: Any,
) -> None:
    plan = plan_writing(probe, key, traced(), brain())
    assert plan.plugin is not None
    assert plan.plugin.key == REGISTRATION
    assert plan.lines[-1].name == "NP1_shank0"
    save_plan(probe, plan, [(line.place, line.name) for line in plan.lines])
    assert len(load_probe_regions(probe, KEY)) == 3
    again = plan_writing(probe, key, traced(), brain())
    assert {line.state for line in again.lines} == {"kept"}
