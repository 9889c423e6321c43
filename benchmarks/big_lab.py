"""A lab with ten thousand brains, all but one of them in name only."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import labdata_napari as ln
from labdata_napari.core.stacks import open_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.lab import Lab

SUBJECTS, SESSIONS, DATASETS = 250, 8, 5
ENTRIES = SUBJECTS * SESSIONS * DATASETS
TRANSFORMED = 2000
WHEN = datetime.datetime(2026, 1, 1, 12)
PHANTOM = {
    "subject_name": "M000",
    "session_name": "s0",
    "dataset_name": "brain 0",
}
"""The brain whose file is there; its session is the newest."""


@dataclass(frozen=True)
class BigLab:
    """The lab and how others reach it."""

    url: str
    lab: Lab


@pytest.fixture(scope="session")
def big_lab(phantom: Path, room: Path) -> Iterator[BigLab]:
    """Ten thousand brains on an embedded database; a fifth have been transformed."""
    url = f"embedded:{room / 'db'}"
    with ln.connect(url) as lab:
        _fill(lab, phantom)
        yield BigLab(url, lab)


def _fill(lab: Lab, phantom: Path) -> None:
    lab.LabMember.insert1({"user_name": "ana", "date_joined": WHEN.date()})
    strain = lab.Strain.to_dicts(order_by="KEY")[0]["strain_name"]
    keys = [
        {
            "subject_name": f"M{subject:03}",
            "session_name": f"s{session}",
            "dataset_name": f"brain {dataset}",
        }
        for subject in range(SUBJECTS)
        for session in range(SESSIONS)
        for dataset in range(DATASETS)
    ]
    files = [_path(key) for key in keys]
    lab.Subject.insert(
        {
            "subject_name": f"M{subject:03}",
            "subject_dob": WHEN.date(),
            "subject_sex": "F",
            "strain_name": strain,
            "user_name": "ana",
        }
        for subject in range(SUBJECTS)
    )
    lab.Session.insert(
        {
            "subject_name": f"M{subject:03}",
            "session_name": f"s{session}",
            "session_datetime": WHEN - datetime.timedelta(subject, session * 3600),
        }
        for subject in range(SUBJECTS)
        for session in range(SESSIONS)
    )
    lab.Dataset.insert(keys)
    facts = {"storage": "data", "file_datetime": WHEN, "file_size": 6e8}
    lab.File.insert({"file_path": file, **facts} for file in files)
    _, channels, height, width = open_stack(phantom).shape
    lab.FixedBrain.insert(
        (
            {
                **key,
                "file_path": file,
                "storage": "data",
                "num_channels": channels,
                "width": width,
                "height": height,
                "um_per_pixel": np.array([10.0, 4.0, 4.0]),
            }
            for key, file in zip(keys, files, strict=True)
        ),
        allow_direct_insert=True,
    )
    _transform(lab, keys[:TRANSFORMED])
    place = lab.files.target(_path(PHANTOM), "data")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.link(phantom, place)


def _transform(lab: Lab, keys: list[dict[str, Any]]) -> None:
    keys = [{**key, "transform_id": 0} for key in keys]
    lab.FixedBrainTransformParameters.insert(
        {**key, "downsample": [0.3, 1, 0.4, 0.4]} for key in keys
    )
    files = [f"{_path(key)}.tif" for key in keys]
    facts = {"storage": "analysis", "file_datetime": WHEN, "file_size": 1e7}
    lab.AnalysisFile.insert({"file_path": file, **facts} for file in files)
    lab.FixedBrainTransform.insert(
        (
            {**key, "file_path": file, "storage": "analysis"}
            for key, file in zip(keys, files, strict=True)
        ),
        allow_direct_insert=True,
    )
    points = np.arange(27.0).reshape(9, 3)
    lab.FixedBrainTransformAnnotation.insert(
        {
            **key,
            "annotation_id": 0,
            "annotation_name": "probe",
            "annotation_type": "probe_track",
            "xyz": points,
        }
        for key in keys[1:]
    )


def _path(key: dict[str, Any]) -> str:
    folder = "/".join(str(part) for part in key.values())
    return f"{folder}/brain.zarr.zip"
