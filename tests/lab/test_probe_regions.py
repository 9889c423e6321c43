"""Regions of a probe in the database: one transaction, updated where they are."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labdata_napari.core.probe_regions import ProbeRegion, region_changes
from labdata_napari.errors import (
    InvalidValue,
    LabdataError,
    NotFound,
    WriteConflict,
    WriteRefused,
)
from labdata_napari.lab.tracks import (
    load_probe_regions,
    load_sites,
    probe_configurations,
    probe_insertions,
    save_probe_regions,
)
from labs import add_dataset, postgresql, writes_fail

if TYPE_CHECKING:
    from collections.abc import Callable

WHEN = datetime.datetime(2026, 1, 2, 9)
PLACE = {
    "subject_name": "M1",
    "procedure_type": "probe insertion",
    "procedure_datetime": WHEN,
    "probe_id": "NP1",
}
KEY = PLACE | {"configuration_id": 3, "atlas_id": "ours"}
WRITES = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


@pytest.fixture
def probe(lab: Any) -> Any:
    """A lab with an inserted probe and an atlas of three regions."""
    add_dataset(lab)
    at_will = {"skip_duplicates": True}
    lab.ProcedureType.insert1({"procedure_type": "probe insertion"}, **at_will)
    procedure = {c: PLACE[c] for c in list(PLACE)[:3]}
    lab.Procedure.insert1(procedure | {"user_name": "ana"})
    lab.Probe.insert1(
        {
            "probe_id": "NP1",
            "probe_type": "1.0",
            "probe_n_shanks": 1,
            "probe_recording_channels": 3,
        }
    )
    angles = dict.fromkeys(("ap", "ml", "depth", "el", "az"), 1.0)
    lab.ProbeInsertion.insert1(PLACE | {f"insertion_{k}": v for k, v in angles.items()})
    lab.ProbeConfiguration.insert1(
        {
            "probe_id": "NP1",
            "configuration_id": 3,
            "probe_n_channels": 3,
            "probe_gain": 1.0,
            "channel_idx": np.arange(3),
            "channel_shank": np.zeros(3, int),
            "channel_coords": np.array([[0.0, 0], [0, 20], [0, 40]]),
        }
    )
    lab.Atlas.insert1({"atlas_id": "ours"})
    for number, acronym in enumerate(("CTX", "HPF", "TH"), 1):
        lab.Atlas.Region.insert1(
            {
                "atlas_id": "ours",
                "region_acronym": acronym,
                "region_name": acronym,
                "region_id": number,
                "region_atlas_id": number,
                "region_level": 1,
                "structure_id_path": f"/{number}/",
            }
        )
    return lab


def region(acronym: str, low: float, high: float, *sites: int) -> ProbeRegion:
    return ProbeRegion(acronym, low, high, np.array([0]), np.array(sites, np.int64))


THREE = (region("TH", 0, 15, 0), region("HPF", 15, 30, 1), region("CTX", 30, 90, 2))


def stored(lab: Any) -> dict[str, tuple[Any, ...]]:
    """Rows as plain DataJoint reads them."""
    return {
        row["region_acronym"]: (
            row["min_depth"],
            row["max_depth"],
            row["shanks"].tolist(),
            row["electrodes"].tolist(),
        )
        for row in (lab.ProbeBrainRegion & KEY).to_dicts()
    }


def test_only_what_changed_is_written_where_it_is(probe: Any, lab_place: Any) -> None:
    assert load_probe_regions(probe, KEY) == ()
    changes = save_probe_regions(probe, KEY, (), THREE)
    assert changes.summary() == "3 added (TH, HPF, CTX)"
    assert stored(probe) == {
        "TH": (0, 15, [0], [0]),
        "HPF": (15, 30, [0], [1]),
        "CTX": (30, 90, [0], [2]),
    }
    baseline = load_probe_regions(probe, KEY)
    assert not region_changes(baseline, THREE)
    edited = (THREE[0], region("CTX", 15, 90, 1, 2))
    with lab_place.statements() as seen:
        changes = save_probe_regions(probe, KEY, baseline, edited)
    writes = [s.split()[0].upper() for s in seen if s.split()[0].upper() in WRITES]
    assert sorted(writes) == ["DELETE", "UPDATE"]
    assert changes.summary() == (
        "1 changed (CTX: 30–90 µm → 15–90 µm, 1 electrodes → 2), 1 removed (HPF)"
    )
    assert stored(probe) == {"TH": (0, 15, [0], [0]), "CTX": (15, 90, [0], [1, 2])}
    with lab_place.statements() as seen:
        assert not save_probe_regions(probe, KEY, edited, edited)
    assert not [s for s in seen if "region" in s]
    # the answer was lost: the same again changes nothing and counts as saved
    assert save_probe_regions(probe, KEY, baseline, edited).summary() == (
        changes.summary()
    )


def test_somebody_elses_change_is_a_conflict_and_nothing_is_written(
    probe: Any, connect_again: Callable[..., Any]
) -> None:
    save_probe_regions(probe, KEY, (), THREE)
    mine, theirs = (load_probe_regions(lab, KEY) for lab in (probe, connect_again()))
    other = (*theirs[:2], region("CTX", 30, 99, 2))
    save_probe_regions(connect_again(), KEY, theirs, other)
    with pytest.raises(WriteConflict) as caught:
        save_probe_regions(probe, KEY, mine, mine[:2])
    assert caught.value.their_changes == "1 changed (CTX: 30–90 µm → 30–99 µm)"
    assert caught.value.your_changes == "1 removed (CTX)"
    assert stored(probe)["CTX"][1] == 99
    save_probe_regions(probe, KEY, caught.value.theirs, mine[:2])
    assert "CTX" not in stored(probe)


def test_a_save_that_fails_halfway_leaves_all_as_it_was(
    probe: Any, lab_place: Any
) -> None:
    save_probe_regions(probe, KEY, (), THREE[:2])
    before = stored(probe)
    baseline = load_probe_regions(probe, KEY)
    name = probe.ProbeBrainRegion.full_table_name.replace("`", "").replace('"', "")
    with writes_fail(lab_place, name), pytest.raises(LabdataError):
        save_probe_regions(probe, KEY, baseline, THREE[1:])
    assert stored(probe) == before


@postgresql
def test_what_cannot_be_saved_is_said_before_anything_is_written(probe: Any) -> None:
    for changed, said in (
        ({"configuration_id": 9}, "ProbeConfiguration"),
        ({"probe_id": "NP2"}, "ProbeInsertion"),
        ({"atlas_id": "allen"}, "no TH, HPF, CTX of the atlas 'allen'"),
    ):
        with pytest.raises(NotFound, match=said):
            save_probe_regions(probe, KEY | changed, (), THREE)
    with pytest.raises(NotFound, match="has no VISp of"):
        save_probe_regions(probe, KEY, (), (replace(THREE[0], acronym="VISp"),))
    with pytest.raises(InvalidValue, match="'TH' is there twice"):
        save_probe_regions(probe, KEY, (), (THREE[0], THREE[0]))
    with pytest.raises(InvalidValue, match="atlas_id is missing"):
        load_probe_regions(probe, {k: v for k, v in KEY.items() if k != "atlas_id"})
    assert stored(probe) == {}


@postgresql
def test_a_reader_is_told_so(probe: Any, connect_again: Callable[..., Any]) -> None:
    reader = connect_again()
    reader.__dict__["_rights"] = replace(reader._rights, may_write=False)
    with pytest.raises(WriteRefused, match="may only read"):
        save_probe_regions(reader, KEY, (), THREE)


@postgresql
def test_probes_of_a_subject_and_their_sites_are_listed(probe: Any) -> None:
    found = probe_insertions(probe, "M1")
    assert [(r["probe_id"], r["probe_n_shanks"]) for r in found] == [("NP1", 1)]
    assert probe_insertions(probe, "M2") == []
    assert [c["configuration_id"] for c in probe_configurations(probe, "NP1")] == [3]
    sites = load_sites(probe, KEY, tip_um=175)
    assert (sites.above_um.tolist(), sites.tip_um) == ([0, 20, 40], 175)
