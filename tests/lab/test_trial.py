"""Trying a lab out says what works, point by point; and which projects there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.lab.preferences import LabdataSettings
from labdata_napari.lab.projects import ProjectChoice, find_projects
from labdata_napari.lab.storage import StorageEntry
from labdata_napari.lab.trial import Outcome, examine, try_lab
from labs import add_dataset
from relay import Where, reached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import Place

NONE = LabdataSettings()
READS = ("SELECT", "SHOW", "SET", "BEGIN", "START", "COMMIT", "ROLLBACK")


@pytest.fixture
def where(lab_place: Place) -> Iterator[Where]:
    yield from reached(lab_place)


def trial(where: Where, password: str | None = None, **said: Any) -> dict[str, Any]:
    """Outcome and sentence by point; of several folders the last."""
    found = try_lab(
        where.url(user=said.pop("user", None)),
        password=password or where.password,
        labdata=said.pop("labdata", NONE),
        **said,
    )
    return {f.what: (f.outcome, f.sentence) for f in found}


def test_what_works_is_said_and_nothing_is_written(where: Where):
    with where.place.statements() as seen:
        found = trial(where)
    assert list(found) == [
        *("Server", "Login", "Schemas", "Tables", "Reading", "Writing"),
        "Local folders",
    ]
    system = "MariaDB 1" if where.place.backend == "mysql" else "PostgreSQL 1"
    assert found["Server"][0] is Outcome.GOOD
    assert found["Server"][1].startswith(system)
    assert "not encrypted, which on this computer is safe" in found["Server"][1]
    assert found["Login"][1] == "You are in as 'labdata'."
    assert "'lab_data' and 'lab_data_computed'" in found["Schemas"][1]
    assert found["Tables"] == (Outcome.GOOD, "All 88 are there.")
    assert found["Reading"] == (Outcome.GOOD, "You may read: 0 subjects.")
    assert found["Writing"] == (Outcome.GOOD, "You may add rows.")
    assert found["Local folders"][0] is Outcome.NOTE
    assert [s for s in seen if not s.upper().startswith(READS)] == []


def test_a_reader_is_told_what_cannot_be_saved(where: Where):
    reader = where.place.reader()
    found = trial(where, reader["password"], user=reader["user"])
    assert found["Reading"][0] is Outcome.GOOD
    outcome, sentence = found["Writing"]
    assert outcome is Outcome.NOTE
    assert "'lab_data' and 'lab_data_computed'" in sentence


def test_a_wrong_password_ends_at_the_login(where: Where):
    found = trial(where, "wrong")
    assert list(found) == ["Server", "Login"]
    assert found["Server"][0] is Outcome.GOOD
    assert found["Login"][0] is Outcome.BAD
    assert "does not accept the user 'labdata'" in found["Login"][1]


def test_a_server_that_is_down_ends_at_the_server(where: Where):
    where.relay.cut()
    assert list(trial(where)) == ["Server"]
    assert trial(where)["Server"][0] is Outcome.BAD


def test_a_wrong_name_ends_at_the_schemas_but_the_server_is_described(where: Where):
    found = trial(where, name="nolab")
    assert found["Server"][0] is Outcome.GOOD
    assert found["Schemas"][0] is Outcome.BAD
    assert "'nolab' and 'nolab_computed'" in found["Schemas"][1]
    assert "Tables" not in found


@pytest.mark.parametrize("backend", ["mysql"])
def test_a_schema_that_is_hidden_is_a_limit(where: Where):
    reader = where.place.reader()
    where.place.sql(
        f"REVOKE SELECT ON `lab_data_computed`.* FROM {reader['user']}@'127.0.0.1'"
    )
    found = trial(where, reader["password"], user=reader["user"])
    assert found["Schemas"][0] is Outcome.NOTE
    assert "no 'lab_data_computed'" in found["Schemas"][1]
    assert found["Tables"][0] is Outcome.NOTE
    assert found["Tables"][1].startswith("49 of 88; not there, or not for you: ")
    assert found["Tables"][1].endswith(" and 35 more.")


@pytest.mark.parametrize("backend", ["mysql"])
def test_local_folders_and_storages_are_looked_for(
    where: Where, tmp_path: Path, bucket: StorageEntry
):
    labdata = LabdataSettings(
        host="127.0.0.1",
        port=where.relay.port,
        user="labdata",
        password=where.password,
        local_paths=(tmp_path, tmp_path / "gone"),
        storages={
            "here": StorageEntry("here", "local", str(tmp_path)),
            "away": StorageEntry("away", "local", str(tmp_path / "gone")),
            "s3": replace(bucket, name="s3"),
            "not": replace(bucket, name="not", bucket="never-made"),
        },
    )
    found = [(f.what, f.outcome.name) for f in try_lab(labdata=labdata)]
    assert found[6:] == [
        ("Local folder", "GOOD"),
        ("Local folder", "NOTE"),
        ("Storage 'here'", "GOOD"),
        ("Storage 'away'", "NOTE"),
        ("Storage 's3'", "GOOD"),
        ("Storage 'not'", "NOTE"),
    ]


def test_a_lab_that_is_connected_can_be_examined(lab: Any):
    add_dataset(lab)
    found = {f.what: f.sentence for f in examine(lab)}
    assert found["Reading"] == "You may read: 1 subject."


def test_projects_are_found_by_their_tables_and_by_their_rows(
    lab_place: Place, lab: Any
):
    assert find_projects(lab) == ()
    subject = "CREATE TABLE {0}.subject (subject_name varchar(20))"
    member = "CREATE TABLE {0}.lab_member (user_name varchar(20))"
    schema = "CREATE SCHEMA {0}"
    lab_place.sql(
        *(s.format("lab_data_px") for s in (schema, subject)),
        # a lab by itself, whose name only begins alike
        *(s.format("lab_data_2") for s in (schema, subject, member)),
        *(s.format("labxdata_py") for s in (schema, subject)),
    )
    add_dataset(lab)
    names = ("px", "old")
    lab.Project.insert(
        {
            "project_name": name,
            "project_description": f"about {name}",
            "project_contact": "ana",
        }
        for name in names
    )
    assert find_projects(lab) == (
        ProjectChoice("old", "about old", is_there=False),
        ProjectChoice("px", "about px", is_there=True),
    )
    for name in ("lab_data_px", "lab_data_2", "labxdata_py"):
        tail = "" if lab_place.backend == "mysql" else " CASCADE"
        lab_place.sql(f"DROP SCHEMA {name}{tail}")
