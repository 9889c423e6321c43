"""Labs for tests: a `Lab` on a real server with files in a folder of the test.

Fixtures
--------
store
    The lab's first local folder.
lab
    A `Lab` on a database with the 88 tables, on each kind of server in turn.
connect_again
    Makes further `Lab` objects on the same database and files, as other people have.
"""

from __future__ import annotations

import contextlib
import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = {
    "subject_name": "M1",
    "session_name": "20260101_120000",
    "dataset_name": "brain",
}
WHEN = datetime.datetime(2026, 1, 1, 12)

postgresql = pytest.mark.parametrize("backend", ["postgresql"])
"""For what does not depend on the server."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def connect_again(
    lab_place: Any, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.lab import Lab

    # what has no table is kept there, and no other test's may be found
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "home"))

    def connect(**changed: Any) -> Any:
        instance = lab_place.instance(**changed)
        return Lab(instance, "mysql://test@host:3306", "lab_data", None, Files([store]))

    return connect


@pytest.fixture
def lab(connect_again: Callable[..., Any]) -> Any:
    return connect_again()


def add_dataset(lab: Any, **changed: str) -> dict[str, str]:
    """A dataset with its parents, as far as they are not there; its key."""
    key = KEY | changed
    at_will = {"skip_duplicates": True}
    lab.LabMember.insert1({"user_name": "ana", "date_joined": WHEN.date()}, **at_will)
    species = {"species_name": "mouse"}
    lab.Species.insert1(species | {"species_scientific_name": "Mus"}, **at_will)
    lab.Strain.insert1(species | {"strain_name": "C57BL/6J"}, **at_will)
    subject = {
        "subject_name": key["subject_name"],
        "subject_dob": datetime.date(2025, 6, 1),
        "subject_sex": "F",
        "strain_name": "C57BL/6J",
        "user_name": "ana",
    }
    lab.Subject.insert1(subject, **at_will)
    session = {c: key[c] for c in ("subject_name", "session_name")}
    when = datetime.datetime.strptime(key["session_name"], "%Y%m%d_%H%M%S")
    lab.Session.insert1(
        session | {"session_datetime": when, "experimenter": "ana"}, **at_will
    )
    lab.Dataset.insert1(key, **at_will)
    return key


def add_file(
    lab: Any, key: dict[str, Any], name: str, size: float = 1e6
) -> dict[str, str]:
    """A File row for a dataset's file; its key."""
    names = (key[c] for c in ("subject_name", "session_name", "dataset_name"))
    place = {"file_path": "/".join((*names, name)), "storage": "data"}
    lab.File.insert1(
        place | {"file_datetime": WHEN, "file_size": size, "file_md5": "0" * 32}
    )
    return place


def add_brain(lab: Any, name: str = "brain.ome.tif", **columns: Any) -> dict[str, str]:
    """A FixedBrain row and what it needs, without any file on disk; its key."""
    key = add_dataset(lab, **{c: columns.pop(c) for c in tuple(columns) if c in KEY})
    row = {
        "num_channels": 2,
        "height": 30,
        "width": 40,
        "um_per_pixel": np.array([25.0, 10.0, 5.0]),
    }
    place = add_file(lab, key, name)
    lab.FixedBrain.insert1(key | place | row | columns, allow_direct_insert=True)
    return key


def add_transform(
    lab: Any, key: dict[str, Any], number: int = 0, **parameters: Any
) -> dict[str, Any]:
    """A computed transform's rows, without any file on disk; its key."""
    key = {c: key[c] for c in KEY} | {"transform_id": number}
    lab.FixedBrainTransformParameters.insert1(key | parameters)
    place = {
        "file_path": f"{'/'.join(str(v) for v in key.values())}.tif",
        "storage": "analysis",
    }
    lab.AnalysisFile.insert1(place | {"file_datetime": WHEN, "file_size": 1.0})
    lab.FixedBrainTransform.insert1(
        key
        | place
        | {
            "um_per_pixel": np.array([50.0, 20.0, 10.0]),
            "shape": np.array([5, 2, 15, 20]),
        },
        allow_direct_insert=True,
    )
    return key


def rows_everywhere(lab: Any) -> dict[str, int]:
    """Rows of every table that has any, by the table's full name."""
    connection = lab.connection
    counts = {}
    for schema in dict.fromkeys(lab.tables.schemas.values()):
        for (table,) in connection.query(connection.adapter.list_tables_sql(schema)):
            name = connection.adapter.make_full_table_name(schema, table)
            [(rows,)] = connection.query(f"SELECT count(*) FROM {name}").fetchall()
            if rows and not table.startswith("~"):
                counts[name] = rows
    return counts


def files_below(folder: Path) -> set[str]:
    """Everything in a folder, as relative POSIX paths; empty when it is not there."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


@contextlib.contextmanager
def writes_fail(place: Any, table: str, how: str = "INSERT") -> Iterator[None]:
    """Have the server refuse new rows of a table: "not today"; or ``DELETE`` ones."""
    if place.backend == "mysql":
        schema = table.split(".")[0]
        place.sql(
            f"CREATE TRIGGER {schema}.no BEFORE {how} ON {table} FOR EACH ROW "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'"
        )
        yield
        place.sql(f"DROP TRIGGER {schema}.no")
    else:
        place.sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'not today'; END $$",
            f"CREATE TRIGGER no BEFORE {how} ON {table} EXECUTE FUNCTION no()",
        )
        yield
        place.sql("DROP FUNCTION no CASCADE")
