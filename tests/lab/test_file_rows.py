"""The methods of File and AnalysisFile, with files here, in S3 and in cold storage."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.errors import Archived, NotFound, UnreadableFile
from labdata_napari.lab.files import Files
from labdata_napari.lab.storage import StorageEntry
from labs import WHEN, files_below, postgresql
from s3_server import put

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def in_s3(lab: Any, store: Path, bucket: StorageEntry) -> Any:
    """A lab whose storage ``data`` and ``analysis`` are the bucket."""
    analysis = dataclasses.replace(bucket, name="analysis", folder="analysis")
    storages = {"data": bucket, "analysis": analysis}
    lab.files = Files([store], storages=storages)
    return lab


def add(lab: Any, name: str, content: bytes, **row: Any) -> Any:
    """A File row for a file with that content; the restricted table."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    values = {"storage": "data", "file_size": float(len(content)), "file_md5": md5}
    lab.File.insert1({"file_path": name, "file_datetime": WHEN} | values | row)
    return lab.File & {"file_path": name}


def test_get_brings_what_is_not_here_in_the_order_of_the_keys(
    in_s3: Any, store: Path, bucket: StorageEntry
) -> None:
    for name in ("M1/c", "M1/a"):
        add(in_s3, name, name.encode())
        put(bucket, name, name.encode())
    add(in_s3, "M1/b", b"here")
    (store / "M1").mkdir(parents=True)
    (store / "M1" / "b").write_bytes(b"here")
    here = [store / "M1" / "b"]
    assert in_s3.File().check_if_files_local() == (here, ["M1/a", "M1/c"])
    assert in_s3.File().get(download=False) == here
    told: list[tuple[int, int]] = []
    paths = in_s3.File().get(progress=lambda *done: told.append(done))
    assert paths == [store / "M1" / name for name in "abc"]
    assert [path.read_bytes() for path in paths] == [b"M1/a", b"here", b"M1/c"]
    assert told[-1] == (8, 8)
    assert in_s3.File().check_if_files_local() == (paths, [])


@postgresql
def test_get_brings_it_below_the_folder_it_is_told(
    in_s3: Any, store: Path, tmp_path: Path, bucket: StorageEntry
) -> None:
    row = add(in_s3, "M1/a", b"brain")
    put(bucket, "M1/a", b"brain")
    elsewhere = [tmp_path / "x", tmp_path / "y"]
    assert row.check_if_files_local(elsewhere) == ([], ["M1/a"])
    assert row.get(elsewhere) == [tmp_path / "x" / "M1" / "a"]
    assert files_below(store) == set()


@postgresql
def test_get_says_what_is_nowhere_or_damaged(
    in_s3: Any, store: Path, bucket: StorageEntry
) -> None:
    with pytest.raises(NotFound, match="No row of File matches"):
        (in_s3.File & {"file_path": "none"}).get()
    with pytest.raises(NotFound, match=r"M1/a' .* is not there; it was removed or"):
        add(in_s3, "M1/a", b"brain").get()
    with pytest.raises(NotFound, match=r"M1/b' \(storage 'disk'\) is not"):
        add(in_s3, "M1/b", b"brain", storage="disk").get()
    put(bucket, "M1/c", b"brian")
    with pytest.raises(UnreadableFile, match="is damaged: its MD5 is"):
        add(in_s3, "M1/c", b"brain").get()
    assert files_below(store) == set()


@postgresql
def test_archived_files_are_restored_when_asked_and_the_sentence_says_so(
    in_s3: Any, store: Path, bucket: StorageEntry
) -> None:
    rows = add(in_s3, "M1/a", b"brain")
    put(bucket, "M1/a", b"brain", StorageClass="DEEP_ARCHIVE")
    assert rows.check_if_files_archived(restore=False, suppress_error=True)
    with pytest.raises(Archived, match=r"'a' is in cold .* have it restored") as told:
        rows.get(restore=False)
    assert told.value.requested == ()
    assert "up to 12 hours and costs less than $0.01 at AWS" in str(told.value)
    with pytest.raises(Archived, match="cannot be read yet"):
        rows.get(check_if_archived=False)
    with pytest.raises(Archived, match="its restore was asked for just now") as told:
        rows.get()
    assert told.value.requested == told.value.files == ("M1/a",)
    assert files_below(store) == set()
    # moto restores at once
    assert not in_s3.AnalysisFile().check_if_files_archived(files=rows)
    assert rows.get() == [store / "M1" / "a"]


@postgresql
def test_a_storage_that_is_a_folder_is_searched_and_written_to(
    lab: Any, store: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    disk = StorageEntry("disk", "local", str(folder))
    lab.files = Files([store], storages={"disk": disk})
    row = add(lab, "M1/a", b"brain", storage="disk")
    with pytest.raises(NotFound, match=f"'{folder}'"):
        row.get()
    (folder / "M1").mkdir(parents=True)
    (folder / "M1" / "a").write_bytes(b"brain")
    assert row.get() == [folder / "M1" / "a"]
    assert not row.check_if_files_archived()
    assert lab.files.is_local("M1/a")
    assert lab.files.target("M1/b", "disk") == folder / "M1" / "b"
    assert lab.files.target("M1/b", "other") == store / "M1" / "b"
