"""A lab with an inserted probe, and the tables of labdata's atlas registration.

Fixtures
--------
probe
    A lab with one probe, its configuration and an atlas of three regions.
plugin
    The plugin's tables beside the lab's.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from labdata_napari.core.probe_regions import ProbeRegion
from labs import KEY as BRAIN
from labs import add_dataset

WHEN = datetime.datetime(2026, 1, 2, 9)
PLACE = {
    "subject_name": "M1",
    "procedure_type": "probe insertion",
    "procedure_datetime": WHEN,
    "probe_id": "NP1",
}
KEY = PLACE | {"configuration_id": 3, "atlas_id": "ours"}
SCHEMA = "ana_plugin"
REGISTRATION = BRAIN | {"transform_id": 0, "registration_id": 1}


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


@pytest.fixture
def plugin(lab_place: Any) -> Any:
    """The plugin's tables beside the lab's, one registration, one alignment's table."""
    mysql = lab_place.backend == "mysql"
    blob, q = ("longblob", "`") if mysql else ("bytea", '"')
    keys = (
        "subject_name varchar(20), session_name varchar(54), dataset_name varchar(128)"
        ", transform_id smallint, registration_id int"
    )
    key = "subject_name, session_name, dataset_name, transform_id, registration_id"
    annotated = f"{key}, annotation_id"

    def table(name: str, columns: str, primary: str, refers: str = "") -> str:
        full = f"{SCHEMA}.{q}{name}{q}"
        return f"CREATE TABLE {full} ({columns}, PRIMARY KEY ({primary}){refers})"

    def to(name: str, columns: str) -> str:
        target = f"{SCHEMA}.{q}{name}{q}"
        return f", FOREIGN KEY ({columns}) REFERENCES {target} ({columns})"

    ids = f"{keys}, annotation_id int"
    values = ", ".join(
        f"'{v}'" if isinstance(v, str) else str(v) for v in (REGISTRATION.values())
    )
    lab_place.sql(
        f"CREATE SCHEMA {SCHEMA}",
        table("__atlas_registration", keys, key),
        table(
            "atlas_registration_annotation",
            f"{ids}, annotation_name varchar(36), annotation_type varchar(36), "
            f"xyz {blob}",
            annotated,
            to("__atlas_registration", key),
        ),
        table(
            "__probe_track",
            f"{ids}, probe_id varchar(32), shank int, entry_voxel {blob}, "
            f"exit_voxel {blob}, direction {blob}, ap_angle real, ml_angle real, "
            "track_length_um real",
            annotated,
            to("atlas_registration_annotation", annotated),
        ),
        table(
            "__probe_track__region",
            f"{ids}, region_index int, region_id int, region_acronym varchar(20), "
            "entry_um real, exit_um real, length_um real",
            f"{annotated}, region_index",
            to("__probe_track", annotated),
        ),
        table("alignment", ids, annotated, to("__probe_track", annotated)),
        f"INSERT INTO {SCHEMA}.{q}__atlas_registration{q} VALUES ({values})",
    )
    yield lab_place
    lab_place.sql(f"DROP SCHEMA {SCHEMA}" + ("" if mysql else " CASCADE"))
