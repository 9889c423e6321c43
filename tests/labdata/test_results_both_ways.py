"""Results kept and files deleted by us: what the server is sent, what labdata sees."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.errors import WriteRefused
from labdata_napari.lab.files import Files
from labdata_napari.lab.stores import open_store
from labdata_napari.schema.contract import contract
from labs import KEY, add_brain, add_dataset
from peers import assert_same_rows
from s3_server import put
from statements import declared, writes

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry
    from peers import Labdata

pytestmark = pytest.mark.mysql
KEEP = {"INSERT INTO lab_data.analysis_file"}
REPLACE = {"UPDATE lab_data.analysis_file"}


@pytest.fixture
def in_s3(lab: Any, store: Path, bucket: StorageEntry) -> Any:
    analysis = dataclasses.replace(bucket, name="analysis", folder="results")
    lab.files = Files([store], storages={"data": bucket, "analysis": analysis})
    return lab


def test_keeping_results_writes_their_rows_alone(
    in_s3: Any, lab_place: Any, labdata: Labdata, tmp_path: Path
):
    add_dataset(in_s3)
    before = declared(lab_place)
    notes = [tmp_path / name for name in ("50% done.txt", "it's.txt")]
    for note in notes:
        note.write_bytes(b"first")
    table = in_s3.AnalysisFile()
    with lab_place.statements() as seen:
        kept = table.upload_files(notes, KEY)
    assert writes(seen) == KEEP
    found = [row["file_path"] for row in labdata.rows("AnalysisFile")]
    assert found == [key["file_path"] for key in kept]
    [row] = labdata.rows("AnalysisFile", **kept[0])
    assert (row["file_size"], row["storage"]) == (5, "analysis")
    with lab_place.statements() as seen:
        assert table.upload_files(notes, KEY) == kept
    assert writes(seen) == set()
    notes[0].write_bytes(b"second")
    with lab_place.statements() as seen:
        table.upload_files(notes, KEY)
    assert writes(seen) == REPLACE
    [row] = labdata.rows("AnalysisFile", **kept[0])
    assert row["file_size"] == 6
    assert_same_rows(in_s3, labdata)
    assert declared(lab_place) == before


def test_deleting_a_file_deletes_what_it_said(
    in_s3: Any, lab_place: Any, labdata: Labdata, bucket: StorageEntry
):
    key = add_brain(in_s3, "brain.zarr.zip")
    other = add_brain(in_s3, "brain.zarr.zip", dataset_name="50%")
    paths = sorted(row["file_path"] for row in labdata.rows("File"))
    for path in paths:
        put(bucket, path, b"voxels")
    before = declared(lab_place)
    rows = in_s3.File & (in_s3.FixedBrain & other)
    with lab_place.statements() as seen, pytest.raises(WriteRefused) as said:
        rows.delete()
    assert "go for good" in str(said.value)
    assert "1 File, 1 FixedBrain. If" in str(said.value)
    assert writes(seen) == set()
    with lab_place.statements() as seen:
        done = rows.delete(confirm=2)
    assert done.rows == {"File": 1, "FixedBrain": 1}
    # every table that may refer to it is asked for rows to delete
    below = {
        f"DELETE FROM {in_s3.tables.schemas[t['scope']]}.{t['table']}"
        for t in contract().values()
    }
    assert (
        {"DELETE FROM lab_data.file", "DELETE FROM lab_data._fixed_brain"}
        <= writes(seen)
        <= below
    )
    [gone, left] = paths if "50%" in paths[0] else paths[::-1]
    assert [row["file_path"] for row in labdata.rows("File")] == [left]
    assert [row["dataset_name"] for row in labdata.rows("FixedBrain")] == [
        key["dataset_name"]
    ]
    assert len(labdata.rows("Dataset")) == 2
    assert set(open_store(bucket).listed("")) == {left}
    assert gone not in open_store(bucket).listed("")
    assert_same_rows(in_s3, labdata)
    assert declared(lab_place) == before
