"""Deleting rows of File and AnalysisFile, with their files in S3."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import pytest

from file_rows import add
from labdata_napari.errors import (
    InvalidValue,
    LabdataError,
    LeftBehind,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.files import Files
from labdata_napari.lab.stores import open_store
from labdata_napari.schema.guarded import would_go
from labs import (
    KEY,
    add_brain,
    add_transform,
    postgresql,
    rows_everywhere,
    writes_fail,
)
from s3_server import put

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry


def test_delete_shows_what_would_go_and_needs_its_number(
    in_s3: Any, bucket: StorageEntry
) -> None:
    key = add_brain(in_s3)
    add_transform(in_s3, key)
    [file] = in_s3.File().keys()
    put(bucket, file["file_path"], b"brain")
    put(bucket, file["file_path"] + ".json", b"not ours")
    before = rows_everywhere(in_s3)
    rows = in_s3.File & file
    for arguments in ({}, {"safemode": False}, {"confirm": 3}, {"confirm": 0}):
        with pytest.raises(WriteRefused, match="Nothing was deleted") as error:
            rows.delete(**arguments)
        assert "1 File, " in str(error.value)
        assert "1 FixedBrain, " in str(error.value)
        assert "1 FixedBrainTransform" in str(error.value)
        assert "repeat it with confirm=4, " in str(error.value)
    assert rows_everywhere(in_s3) == before
    done = rows.delete(confirm=4)
    assert sum(done.rows.values()) == 4
    assert done.removed == (f"s3://{bucket.bucket}/{file['file_path']}",)
    assert list(open_store(bucket).listed("")) == [file["file_path"] + ".json"]
    assert len(in_s3.File()) == len(in_s3.FixedBrain()) == 0
    assert len(in_s3.Dataset()) == len(in_s3.AnalysisFile()) == 1


@postgresql
def test_delete_lists_what_stays_and_what_could_not_be_removed(
    in_s3: Any, bucket: StorageEntry
) -> None:
    for name in ("a", "b", "c"):
        add(in_s3, name, b"x")
        put(bucket, name, b"x")
    # another row still names this one
    in_s3.AnalysisFile.insert1((in_s3.File & {"file_path": "a"}).fetch1())
    add(in_s3, "d", b"x", storage="disk")
    with pytest.raises(InvalidValue, match="leave out transaction=False"):
        in_s3.File().delete(transaction=False)
    done = (in_s3.File & "file_path in ('a', 'b', 'd')").delete(safemode=False)
    assert done.rows == {"File": 3}
    assert done.removed == (f"s3://{bucket.bucket}/b",)
    assert sorted(done.kept) == ["a", "d"]
    away = dataclasses.replace(bucket, endpoint="http://127.0.0.1:9")
    in_s3.files = Files([], storages={"data": away})
    with pytest.raises(LeftBehind, match="Deleted 1 row as asked, but") as told:
        in_s3.File().delete(confirm=1)
    assert told.value.files == ("c",)
    assert len(in_s3.File()) == 0
    with pytest.raises(NotFound, match="nothing was deleted"):
        in_s3.File().delete(confirm=1)


def test_delete_by_somebody_who_may_only_read_removes_nothing(
    in_s3: Any, lab_place: Any, connect_again: Any, bucket: StorageEntry
) -> None:
    add(in_s3, "a", b"x")
    put(bucket, "a", b"x")
    reader = connect_again(**lab_place.reader())
    reader.files = in_s3.files
    with pytest.raises(WriteRefused, match="may only read"):
        reader.File().delete(confirm=1)
    with pytest.raises(WriteRefused, match="may only read"):
        reader.AnalysisFile().upload_files([], KEY)
    assert list(open_store(bucket).listed("")) == ["a"]


def test_a_delete_that_the_server_refuses_says_so_and_nothing_else(
    lab: Any, lab_place: Any, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add_transform(lab, add_brain(lab))
    before = rows_everywhere(lab)
    count = sum(would_go(lab.File()).values())
    caplog.set_level(logging.INFO, "datajoint")  # as in a script
    caplog.clear()
    # after DataJoint has deleted what refers to them
    with writes_fail(lab_place, "lab_data.file", "DELETE"), pytest.raises(LabdataError):
        lab.File().delete(confirm=count)
    assert rows_everywhere(lab) == before
    assert caplog.messages == []
