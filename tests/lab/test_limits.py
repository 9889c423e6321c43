"""Rows are checked against their table before anything is sent."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from databases import declare
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.limits import blob_limits, checked
from labs import KEY, WHEN

if TYPE_CHECKING:
    from collections.abc import Iterator

MYSQL = pytest.param("mysql", marks=pytest.mark.mysql)
SUBJECT = {
    "subject_name": "M1",
    "subject_dob": datetime.date(2025, 6, 1),
    "subject_sex": "F",
    "strain_name": "C57BL/6J",
    "user_name": "ana",
}
FILE = {"file_path": "a", "storage": "data", "file_datetime": WHEN, "file_size": 1.0}
ANNOTATION = KEY | {
    "transform_id": 0,
    "annotation_id": 1,
    "annotation_name": "probe",
    "annotation_type": "",
    "xyz": np.zeros((2, 3)),
}
PROBE = {
    "probe_id": "p",
    "probe_type": "NP1",
    "probe_n_shanks": 1,
    "probe_recording_channels": 384,
}


@pytest.fixture(scope="module", params=["postgresql", MYSQL])
def tables(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The tables, for the whole module: nothing is written here."""
    place = request.getfixturevalue(f"{request.param}_server").with_tables()
    yield declare(place)
    place.close()


def test_rows_that_fit_come_back_as_they_are_stored(tables: Any) -> None:
    late = datetime.datetime(2026, 1, 1, 12, 0, 0, 999_999)
    [file] = checked(tables.File, [FILE | {"file_datetime": late, "file_md5": None}])
    assert file == FILE | {"file_datetime": WHEN, "file_md5": None}
    [subject] = checked(tables.Subject, [SUBJECT | {"subject_dob": "2025-06-01"}])
    assert subject == SUBJECT
    [probe] = checked(tables.Probe, [PROBE | {"probe_n_shanks": np.int64(4)}])
    assert probe["probe_n_shanks"] == 4
    assert type(probe["probe_n_shanks"]) is int
    assert checked(tables.FixedBrainTransformAnnotation, [ANNOTATION])
    # what has a default may be left out
    assert checked(tables.LabMember, [{"user_name": "a", "date_joined": WHEN.date()}])
    assert checked(tables.FixedBrainTransformParameters, [KEY])


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        ("Subject", SUBJECT | {"subject_name": "M" * 21}, "has 21 characters"),
        ("Subject", SUBJECT | {"subject_sex": "X"}, "one of M, F, U"),
        ("Subject", SUBJECT | {"subject_sex": None}, "needs a value for subject_sex"),
        ("Subject", SUBJECT | {"subject_sex": "f"}, "cannot be 'f'"),
        ("Subject", SUBJECT | {"subject_dob": "31.1.2026"}, "must be a date"),
        ("Subject", SUBJECT | {"subject_name": 5}, "must be text"),
        ("Subject", SUBJECT | {"subject_name": "M\0"}, "zero character"),
        ("Subject", SUBJECT | {"age": 3}, "no column 'age'"),
        ("File", FILE | {"file_datetime": "noon"}, "must be a local date and time"),
        ("File", FILE | {"file_size": float("nan")}, "cannot keep"),
        ("File", FILE | {"file_size": float("inf")}, "cannot keep"),
        ("File", FILE | {"file_size": "large"}, "must be a number"),
        ("Probe", PROBE | {"probe_n_shanks": 1.5}, "must be a whole number"),
        ("Probe", PROBE | {"probe_recording_channels": 2**31}, "to 2147483647"),
        (
            "FixedBrainTransformAnnotation",
            ANNOTATION | {"transform_id": 32768},
            "holds -32768 to 32767",
        ),
        (
            "FixedBrainTransformAnnotation",
            {k: v for k, v in ANNOTATION.items() if k != "xyz"},
            "needs a value for xyz",
        ),
    ],
)
def test_what_does_not_fit_is_said(
    tables: Any, table: str, row: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        checked(getattr(tables, table), [row])
    assert sentence in str(error.value)
    assert table in str(error.value)
    with pytest.raises(InvalidValue, match=r"(?i)this very row"):
        checked(getattr(tables, table), [row], "this very row")


def test_timezones_are_refused(tables: Any) -> None:
    aware = WHEN.replace(tzinfo=datetime.UTC)
    with pytest.raises(InvalidValue, match="local"):
        checked(tables.File, [FILE | {"file_datetime": aware}])


@pytest.mark.parametrize("tables", ["postgresql"], indirect=True)
def test_postgresql_takes_blobs_of_any_length(tables: Any) -> None:
    assert blob_limits(tables.FixedBrainTransformAnnotation) == {}
    noise = ANNOTATION | {"xyz": np.random.default_rng(0).random((10_000, 3))}
    assert checked(tables.FixedBrainTransformAnnotation, [noise])
