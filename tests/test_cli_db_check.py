"""``labdata-napari db check``, as it is typed, on labs with something wrong."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import labdata_napari as ln
from databases import declare_as_labdata
from labdata_napari.cli import main
from labdata_napari.lab import s3
from labdata_napari.lab.checking import check
from labdata_napari.lab.files import Files
from labdata_napari.lab.storage import StorageEntry
from labs import KEY, WHEN, add_brain, add_dataset, add_file, add_transform, postgresql
from relay import Where, reached
from s3_server import admin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import Place
    from labdata_napari.lab.lab import Lab

    Typed = Callable[..., tuple[int, str, str]]

READS = {"SELECT", "SHOW", "SET", "BEGIN", "COMMIT", "ROLLBACK"}
BRAIN = "/".join(KEY.values())


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Path
) -> Typed:
    """Type ``db check``: exit code, stdout, stderr."""
    store.mkdir()
    monkeypatch.setenv("LABDATA_NAPARI_LOCAL_PATHS", str(store))

    def run(where: Where, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("LABDATA_NAPARI_PASSWORD", where.password)
        code = main(["db", "check", "--url", where.url(), *words])
        said = capsys.readouterr()
        assert where.password not in said.out + said.err
        return code, said.out, said.err

    return run


@pytest.fixture
def where(lab_place: Place) -> Iterator[Where]:
    yield from reached(lab_place)


def put(store: Path, file_path: str, size: int = 10) -> Path:
    file = store / file_path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(bytes(size))
    return file


def test_a_lab_in_order_is_one_calm_page_and_nothing_is_written(
    lab: Lab, where: Where, typed: Typed, store: Path
):
    add_transform(lab, add_brain(lab))
    put(store, f"{BRAIN}/brain.ome.tif")
    put(store, f"{BRAIN}/0.tif")
    with where.place.statements() as seen:
        code, said, error = typed(where)
    assert (code, error) == (0, "")
    assert {statement.split()[0].upper() for statement in seen} <= READS
    lines = said.splitlines()
    assert lines[0] == f"Lab 'lab_data' at {where.url()}"
    assert lines[-1] == "Everything is as it should be."
    shown = {line[:12].strip(): line[12:] for line in lines[2:-2] if line[0] != " "}
    assert list(shown) == [
        *("server", "user", "databases", "tables", "folders", "files")
    ]
    assert "connection not encrypted" in shown["server"]
    assert shown["databases"].endswith("tables, may read and write")
    assert shown["tables"] == "88 of 88, as labdata declares them"
    assert shown["folders"] == f"{store}  may read and write"
    assert shown["files"] == "2 named by rows, 1.0 MB: 2 on this computer"


def test_what_is_wrong_is_named_and_is_the_exit_code(
    lab: Lab, where: Where, typed: Typed, store: Path
):
    key = add_brain(lab)
    add_transform(lab, key)
    put(store, f"{BRAIN}/0.tif")
    put(store, f"{BRAIN}/left.tif", 2000)
    put(store, "holiday/photo.jpg")  # not of this lab
    orphan = {"file_path": "M1/old.npy", "storage": "analysis", "file_size": 5e9}
    lab.AnalysisFile.insert1(orphan | {"file_datetime": WHEN})
    put(store, "M1/old.npy")
    rename = "ALTER TABLE lab_data.death RENAME COLUMN {} TO {}"
    where.place.sql(rename.format("death_date", "died_on"))
    code, said, error = typed(where)
    assert code == 1
    assert error == "labdata-napari: Found problems: 2 differences, 1 file missing.\n"
    assert "88 of 88\n" in said
    assert "Death: column death_date is missing, or not for" in said
    assert "Death: column died_on is not one of labdata's\n" in said
    assert "missing     1 files, 1.0 MB\n" in said
    assert f"\n              {BRAIN}/brain.ome.tif (data, 1.0 MB)\n" in said
    assert "\n                The file 'M1/" in said
    assert f"is not on this machine; looked in '{store}'" in said
    assert "orphans     1 rows of AnalysisFile that nothing uses, 5.0 GB\n" in said
    assert "M1/old.npy (analysis, 5.0 GB)" in said
    assert "unnamed     1 files that no row names, 2.0 kB\n" in said
    assert f"{BRAIN}/left.tif" in said
    assert "holiday" not in said
    assert "Everything" not in said
    where.place.sql(rename.format("died_on", "death_date"))


def test_programs_get_the_same_as_json(lab: Lab, where: Where, typed: Typed):
    add_brain(lab)
    code, said, _ = typed(where, "--json")
    report = json.loads(said)
    assert code == 1
    assert report["problems"] == ["1 file missing"]
    [missing] = report["files"]["missing"]
    assert missing["file_path"] == f"{BRAIN}/brain.ome.tif"
    assert "is not on this machine" in missing["problem"]
    assert [s["name"] for s in report["schemas"]] == ["lab_data", "lab_data_computed"]
    code, said, _ = typed(where, "--json", "--no-files")
    assert code == 0
    assert json.loads(said)["files"] is None
    where.relay.cut()
    code, said, error = typed(where, "--json")
    assert code == 1
    report = json.loads(said)
    assert report["problems"] == ["no report"]
    assert error == f"labdata-napari: {report['error']}\n"


@postgresql
def test_a_misspelt_name_is_answered_by_the_near_one(
    lab: Lab, where: Where, typed: Typed
):
    code, said, _ = typed(where, "--name", "labdata", "--no-files")
    assert code == 1
    assert "\n            no lab 'labdata': did you mean 'lab_data'?\n" in said
    code, said, _ = typed(where, "--name", "labdata", "--no-files", "--json")
    assert json.loads(said)["others"] == ["lab_data"]


def test_a_reader_gets_the_same_report(lab: Lab, where: Where, typed: Typed):
    add_transform(lab, add_brain(lab))
    reader = where.place.reader()
    url = where.url(reader["user"], reader["password"])
    code, said, error = typed(where, "--url", url, "--json")
    assert code == 1, error
    report = json.loads(said)
    assert report["problems"] == ["2 files missing"]
    assert not any(schema["may_write"] for schema in report["schemas"])
    assert report["files"]["orphans"] == []
    assert f":{reader['password']}@" not in report["url"]


def test_a_server_without_a_lab_is_a_report_too(place: Place, typed: Typed):
    with_wire = reached(place)
    code, said, error = typed(next(with_wire))
    assert code == 1
    assert "Found problems: 88 tables missing." in error
    assert "lab_data_computed  not there, or not visible to this user\n" in said
    assert (
        "            no lab to be seen; 'labdata-napari db create' makes one\n" in said
    )
    assert "0 of 88\n" in said
    with_wire.close()


@pytest.mark.parametrize("backend", ["mysql"])
def test_what_labdata_declared_has_no_differences(place: Place, typed: Typed):
    declare_as_labdata(place)
    place.sql("DROP TABLE lab_data.death")
    with_wire = reached(place)
    code, said, error = typed(next(with_wire))
    assert (code, error) == (1, "labdata-napari: Found problems: 1 table missing.\n")
    assert "87 of 88, as labdata declares them" in said
    assert "Death is missing, or not for this user to read" in said
    with_wire.close()


def test_what_another_project_or_a_plugin_uses_is_no_orphan(lab: Lab, lab_place: Place):
    files = [
        {"file_path": f"M1/{n}.npy", "storage": "analysis"}
        for n in ("unused", "of a project", "of a plugin")
    ]
    lab.AnalysisFile.insert(
        [file | {"file_datetime": WHEN, "file_size": 1.0} for file in files]
    )
    columns = "p varchar(300), s varchar(12), FOREIGN KEY (p, s) REFERENCES "
    target = "lab_data.analysis_file (file_path, storage)"
    alike = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    lab_place.sql(
        f"CREATE SCHEMA plugin{alike if lab_place.backend == 'mysql' else ''}",
        f"CREATE TABLE plugin.result ({columns} {target})",
        "INSERT INTO plugin.result VALUES ('M1/of a plugin.npy', 'analysis')",
        f"CREATE TABLE lab_data.of_a_project ({columns} {target})",
        "INSERT INTO lab_data.of_a_project VALUES ('M1/of a project.npy', 'analysis')",
        "INSERT INTO lab_data.of_a_project VALUES (NULL, NULL)",
    )
    report = check(lab)
    assert report.files is not None
    orphans = report.files.orphans
    assert orphans is not None
    assert [row.file_path for row in orphans] == ["M1/unused.npy"]
    lab_place.sql("DROP TABLE lab_data.of_a_project", "DROP TABLE plugin.result")
    lab_place.sql("DROP SCHEMA plugin")


@postgresql
def test_orphans_are_not_guessed_where_a_table_may_not_be_read(
    lab: Lab, lab_place: Place, connect_again: Callable[..., Lab]
):
    columns = "p varchar(300), s varchar(12), FOREIGN KEY (p, s) REFERENCES "
    target = "lab_data.analysis_file (file_path, storage)"
    reader = lab_place.reader()
    lab_place.sql(f"CREATE TABLE lab_data.secret ({columns} {target})")
    report = check(connect_again(**reader))
    assert report.files is not None
    assert report.files.orphans is None
    lab_place.sql("DROP TABLE lab_data.secret")


def test_orphans_are_not_guessed_where_a_database_may_not_be_read(
    lab: Lab, lab_place: Place, connect_again: Callable[..., Lab]
):
    add_transform(lab, add_brain(lab))
    reader = lab_place.reader()
    host = "@'127.0.0.1'" if lab_place.backend == "mysql" else ""
    what = "SELECT ON `lab_data_computed`.*" if host else "USAGE ON SCHEMA {}"
    what = what.format("lab_data_computed")
    lab_place.sql(f"REVOKE {what} FROM {reader['user']}{host}")
    report = check(connect_again(**reader))
    assert report.files is not None
    assert report.files.orphans is None
    assert len(report.missing_tables) > 30
    assert report.problems[0].endswith(" tables missing")


@postgresql
def test_storages_are_asked_for_what_is_not_here(
    lab: Lab, store: Path, bucket: StorageEntry, tmp_path: Path
):
    key = add_dataset(lab)
    names = ("here.tif", "stored.tif", "cold.tif", "gone.tif")
    for name in names:
        add_file(lab, key, name, size=1000)
    put(store, f"{BRAIN}/here.tif")
    client = admin(bucket)
    stored = {"Bucket": bucket.bucket, "Body": b"x"}
    client.put_object(Key=f"{BRAIN}/stored.tif", **stored)
    client.put_object(Key=f"{BRAIN}/cold.tif", StorageClass="GLACIER", **stored)
    away = StorageEntry("away", "local", folder=str(tmp_path / "unplugged"))
    lab.files = Files([store, tmp_path / "no"], storages={"data": bucket, "away": away})
    report = check(lab)
    files = report.files
    assert files is not None
    assert files.states == {"local": 1, "remote": 1, "archived": 1, "missing": 1}
    assert [row.file_path for row in files.missing] == [f"{BRAIN}/gone.tif"]
    assert [bool(folder.problem) for folder in report.folders] == [False, True]
    good, bad = report.storages
    assert (good.problem, good.where) == (
        "",
        f"s3://{bucket.bucket} at {bucket.endpoint}",
    )
    assert "unplugged" in bad.problem
    assert report.problems == (
        *("1 folder out of reach", "1 storage out of reach", "1 file missing"),
    )
    assert str(bucket.secret_key) not in json.dumps(report.to_json())

    lab.files = Files([store], storages={"data": replace(bucket, bucket="no-such")})
    report = check(lab)
    assert "1 storage out of reach" in report.problems
    assert report.files is not None
    assert not report.files.states.get("local", 0) > 1


@postgresql
def test_storages_that_keep_silent_are_asked_once_and_together(
    lab: Lab, store: Path, bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
):
    assert s3.CHECK_SECONDS < 10
    monkeypatch.setattr(s3, "CHECK_SECONDS", 1.0)
    key = add_dataset(lab)
    for name in ("here.tif", *(f"{n}.tif" for n in range(20))):
        add_file(lab, key, name, size=1000)
    put(store, f"{BRAIN}/here.tif")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.2)
        mute = replace(bucket, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        lab.files = Files([store], storages={"data": mute, "more": mute})
        report = check(lab)
        calls = [silent.accept() for _ in lab.files.storages]
        with pytest.raises(TimeoutError):  # nobody else called
            silent.accept()
    assert report.files is not None
    assert report.files.states == {"local": 1, "unknown": 20}
    assert all("within 1 s" in row.problem for row in report.files.unknown)
    assert report.problems[0] == "2 storages out of reach"
    for ours, _ in calls:
        ours.close()


@postgresql
def test_paths_that_leave_their_storage_are_told_and_not_followed(
    lab: Lab, store: Path, tmp_path: Path
):
    key = add_dataset(lab)
    put(tmp_path, "outside.tif")
    store.mkdir()
    lab.File.insert1(
        {
            "file_path": "../outside.tif",
            "storage": "data",
            "file_datetime": WHEN,
            "file_size": 1.0,
        }
    )
    add_file(lab, key, "brain.tif")
    put(store, f"{BRAIN}/brain.tif")
    (store / "M1" / "loop").symlink_to(store, target_is_directory=True)
    report = check(lab)
    assert report.files is not None
    [missing] = report.files.missing
    assert missing.file_path == "../outside.tif"
    assert "leaves its store" in missing.problem
    # the link is one unnamed file and is not followed
    assert report.files.unnamed.first == (str(store / "M1" / "loop"),)


@postgresql
def test_files_inside_a_store_that_a_row_names_are_named(lab: Lab, store: Path):
    key = add_dataset(lab)
    add_file(lab, key, "brain.zarr")
    put(store, f"{BRAIN}/brain.zarr/0/c/0/0")
    put(store, f"{BRAIN}/.hidden")
    report = check(lab)
    assert report.files is not None
    assert report.files.unnamed.count == 0
    assert report.problems == ()


def test_an_embedded_lab_is_looked_at_as_it_is(
    demo_copy: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    assert main(["db", "check", "--url", demo_copy]) == 0
    assert "Everything is as it should be." in capsys.readouterr().out
    shutil.rmtree(tmp_path / "demo" / "files")
    assert main(["db", "check", "--url", demo_copy, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert len(report["files"]["missing"]) == report["files"]["rows"] > 0


def test_a_new_embedded_lab_is_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with ln.connect(f"embedded:{tmp_path}/db"):
        pass
    assert main(["db", "check", "--url", f"embedded:{tmp_path}/db"]) == 0
    assert "files       0 named by rows, 0 bytes\n" in capsys.readouterr().out


def test_an_embedded_database_that_is_not_there_is_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["db", "check", "--url", f"embedded:{tmp_path}/db"]) == 1
    assert "There is no local database" in capsys.readouterr().err
    assert not (tmp_path / "db").exists()
