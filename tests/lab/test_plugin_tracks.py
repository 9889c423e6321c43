"""Tracks in the tables of labdata's plugin for atlas registration, where they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from inserted_probes import REGISTRATION, SCHEMA
from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.probe_rows import PluginTrack
from labdata_napari.errors import InvalidValue, NotFound, WriteConflict, WriteRefused
from labdata_napari.lab.plugin_tables import find_plugin_tables, rows_of
from labdata_napari.lab.plugin_tracks import (
    load_plugin_annotations,
    load_registrations,
    save_plugin_tracks,
    with_tracks,
)
from labs import KEY

if TYPE_CHECKING:
    from collections.abc import Callable


def track(probe: str, *regions: str, at: float = 1.0) -> PluginTrack:
    ends = np.array([[at, 2.0, 3.0], [at, 12.0, 3.0]])
    return PluginTrack(
        {
            "annotation_name": f"{probe}_shank0",
            "annotation_type": "shank",
            "xyz": ends,
        },
        {
            "probe_id": probe,
            "shank": 0,
            "entry_voxel": ends[0],
            "exit_voxel": ends[1],
            "direction": np.array([0.0, 1.0, 0.0]),
            "ap_angle": 0.0,
            "ml_angle": 1.23456789,
            "track_length_um": 250.0,
        },
        tuple(
            {
                "region_index": number,
                "region_id": 614454277 + number,
                "region_acronym": acronym,
                "entry_um": 100.0 * number,
                "exit_um": 100.0 * (number + 1),
                "length_um": 100.0,
            }
            for number, acronym in enumerate(regions)
        ),
    )


def stored(lab: Any) -> dict[str, tuple[Any, ...]]:
    """By name: id, first coordinate, probe of the track, acronyms of the regions."""
    tables = find_plugin_tables(lab)
    assert tables is not None
    found = {}
    for row in rows_of(lab, tables.annotation, {}):
        key = {"annotation_id": row["annotation_id"]}
        [of] = rows_of(lab, tables.track, key) or [{"probe_id": None}]
        regions = rows_of(lab, tables.region, key)
        regions.sort(key=lambda r: r["region_index"])
        found[row["annotation_name"]] = (
            row["annotation_id"],
            row["xyz"][0][0],
            of["probe_id"],
            "".join(r["region_acronym"] for r in regions),
        )
    return found


def test_without_the_plugin_there_are_no_tables(lab: Any) -> None:
    assert find_plugin_tables(lab) is None


def test_a_reader_sees_whose_rows_they_are_and_tables_without_keys_are_others(
    lab: Any, plugin: Any, connect_again: Callable[..., Any]
) -> None:
    tables = find_plugin_tables(lab)
    assert tables is not None
    save_plugin_tracks(lab, tables, REGISTRATION, AnnotationSet(), [track("A", "x")])
    reader = connect_again(**plugin.reader())
    assert find_plugin_tables(reader) == tables
    assert load_registrations(reader, tables, KEY) == [REGISTRATION]
    assert load_registrations(reader, tables, KEY | {"dataset_name": "other"}) == []
    assert load_plugin_annotations(reader, tables, REGISTRATION).names == ("A_shank0",)
    # without a key no row could be told from the others
    q = '"' if plugin.backend == "postgresql" else "`"
    plugin.sql(
        f"DROP TABLE {SCHEMA}.{q}__probe_track__region{q}",
        f"CREATE TABLE {SCHEMA}.{q}__probe_track__region{q} (region_index int, "
        "region_id int, region_acronym varchar(20), entry_um real, exit_um real)",
    )
    assert find_plugin_tables(lab) is None


def test_tracks_are_written_by_name_and_updated_where_they_are(
    lab: Any, plugin: Any
) -> None:
    tables = find_plugin_tables(lab)
    assert tables is not None
    assert load_registrations(lab, tables, KEY) == [REGISTRATION]
    a, b = track("A", "x", "y"), track("B", "z")
    empty = load_plugin_annotations(lab, tables, REGISTRATION)
    with plugin.statements() as seen:
        changes = save_plugin_tracks(lab, tables, REGISTRATION, empty, [a, b])
    assert changes.summary() == "2 added (A_shank0, B_shank0)"
    assert not any(s.split()[0].upper() in {"CREATE", "ALTER"} for s in seen)
    assert stored(lab) == {"A_shank0": (0, 1, "A", "xy"), "B_shank0": (1, 1, "B", "z")}
    # somebody's alignment hangs on B; a new probe comes first and changes no number
    values = ", ".join(
        f"'{v}'" if isinstance(v, str) else str(v) for v in (*REGISTRATION.values(), 1)
    )
    plugin.sql(f"INSERT INTO {SCHEMA}.alignment VALUES ({values})")
    baseline = load_plugin_annotations(lab, tables, REGISTRATION)
    edited = [track("C"), track("B", "z", "w", at=5), track("A", "y")]
    words = baseline.changes_to(with_tracks(baseline, edited)).summary()
    assert words == "1 added (C_shank0), 1 changed (B_shank0: 2 points moved)"
    save_plugin_tracks(lab, tables, REGISTRATION, baseline, edited)
    expected = {
        "A_shank0": (0, 1, "A", "y"),
        "B_shank0": (1, 5, "B", "zw"),
        "C_shank0": (2, 1, "C", ""),
    }
    assert stored(lab) == expected
    with plugin.statements() as seen:  # the answer was lost: again, nothing is written
        save_plugin_tracks(lab, tables, REGISTRATION, baseline, edited)
    assert not [
        s for s in seen if s.split()[0].upper() in {"INSERT", "UPDATE", "DELETE"}
    ]
    assert stored(lab) == expected


def test_what_stands_in_the_way_leaves_everything_as_it_was(
    lab: Any, plugin: Any, connect_again: Callable[..., Any]
) -> None:
    tables = find_plugin_tables(lab)
    assert tables is not None
    empty = AnnotationSet()
    save_plugin_tracks(lab, tables, REGISTRATION, empty, [track("A", "x")])
    before = stored(lab)
    with pytest.raises(WriteConflict, match=r"1 added \(A_shank0\)"):
        save_plugin_tracks(connect_again(), tables, REGISTRATION, empty, [track("B")])
    gone = REGISTRATION | {"registration_id": 7}
    with pytest.raises(NotFound, match="no atlas registration"):
        save_plugin_tracks(lab, tables, gone, empty, [track("B")])
    with pytest.raises(InvalidValue, match="same name"):
        save_plugin_tracks(lab, tables, REGISTRATION, empty, [track("B"), track("B")])
    reader = connect_again()
    reader.__dict__["_rights"] = replace(reader._rights, may_write=False)
    with pytest.raises(WriteRefused, match="may only read"):
        save_plugin_tracks(reader, tables, REGISTRATION, empty, [track("B")])
    assert stored(lab) == before
