"""Regions of a probe in the database: one transaction, updated where they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inserted_probes import KEY, region
from labdata_napari.core.probe_regions import region_changes
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
from labs import postgresql, writes_fail

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = {"INSERT", "UPDATE", "DELETE", "REPLACE"}


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
