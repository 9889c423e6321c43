"""Files that get rows of File and AnalysisFile: uploaded and imported."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import tifffile

from brain_files import brain_voxels
from file_rows import add, md5_of
from labdata_napari.errors import (
    InvalidValue,
    LabdataError,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.lab.stores import open_store
from labs import (
    KEY,
    add_brain,
    add_dataset,
    add_transform,
    files_below,
    postgresql,
    writes_fail,
)
from s3_server import put

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry


def sources(folder: Path, **contents: bytes) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def test_upload_files_stores_them_and_adds_their_rows(
    in_s3: Any, store: Path, tmp_path: Path, bucket: StorageEntry
) -> None:
    add_dataset(in_s3)
    src = sources(tmp_path / "src", b=b"second", a=b"first")
    keys = in_s3.AnalysisFile().upload_files(src, KEY | {"more": 1})
    folder = "M1/20260101_120000/brain"
    assert keys == [
        {"file_path": f"{folder}/{name}", "storage": "analysis"} for name in "ba"
    ]
    assert sorted(open_store(bucket).listed("")) == [
        f"analysis/{folder}/a",
        f"analysis/{folder}/b",
    ]
    [row] = (in_s3.AnalysisFile & keys[0]).to_dicts()
    assert (row["file_size"], row["file_md5"]) == (6.0, md5_of(b"second"))
    assert (in_s3.AnalysisFile & keys[0]).get() == [store / folder / "b"]
    # again: nothing to do
    before = in_s3.AnalysisFile().to_dicts(order_by="KEY")
    assert in_s3.AnalysisFile().upload_files(src, KEY, force=False) == keys
    assert in_s3.AnalysisFile().to_dicts(order_by="KEY") == before


def test_upload_files_replaces_only_what_nobody_uses(
    in_s3: Any, tmp_path: Path, bucket: StorageEntry
) -> None:
    key = add_transform(in_s3, add_brain(in_s3))
    free = sources(tmp_path / "src", a=b"first")
    table = in_s3.AnalysisFile()
    [place] = table.upload_files(free, KEY)
    free[0].write_bytes(b"other")
    with pytest.raises(WriteRefused, match="replace that one with force=True"):
        table.upload_files(free, KEY, force=False)
    assert (table & place).fetch1("file_md5") == md5_of(b"first")
    assert table.upload_files(free, KEY) == [place]
    assert (table & place).fetch1("file_md5") == md5_of(b"other")
    in_s3.FixedBrainTransform.update1(key | place)
    free[0].write_bytes(b"third")
    with pytest.raises(WriteRefused, match="is used by rows of FixedBrainTransform"):
        table.upload_files(free, KEY)
    assert (
        open_store(in_s3.files.storages["analysis"]).open(place["file_path"]).read(0, 5)
        == b"other"
    )


def test_rows_that_are_refused_leave_no_object(
    in_s3: Any, lab_place: Any, tmp_path: Path, bucket: StorageEntry
) -> None:
    add_dataset(in_s3)
    src = sources(tmp_path / "src", a=b"first")
    table = in_s3.AnalysisFile.full_table_name.replace("`", "").replace('"', "")
    with writes_fail(lab_place, table), pytest.raises(LabdataError, match="not today"):
        in_s3.AnalysisFile().upload_files(src, KEY)
    assert open_store(bucket).listed("") == {}
    assert in_s3.AnalysisFile().upload_files(src, KEY)


@postgresql
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"subject_name": "../../x"}, "subject_name '../../x' leaves its store with"),
        ({"session_name": None}, "session_name is missing"),
        ({"dataset_name": "a/b"}, "dataset_name 'a/b' has a slash"),
    ],
)
def test_upload_files_refuses_names_that_are_none(
    in_s3: Any, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    src = sources(tmp_path / "src", a=b"first")
    with pytest.raises(InvalidValue, match=said):
        in_s3.AnalysisFile().upload_files(src, KEY | changed)
    with pytest.raises(InvalidValue, match="Two of the files are called 'a'"):
        in_s3.AnalysisFile().upload_files(src * 2, KEY)
    nowhere = KEY | {"dataset_name": "nowhere"}
    with pytest.raises(NotFound, match=r"no Dataset with subject 'M1'.*'nowhere'"):
        in_s3.AnalysisFile().upload_files(src, nowhere)
    assert not in_s3.AnalysisFile()


@pytest.mark.parametrize("changed", [{"subject_name": "M1 "}, {"subject_name": "m1"}])
def test_upload_files_makes_no_folder_for_a_name_that_is_not_quite_the_rows(
    lab: Any, store: Path, tmp_path: Path, changed: dict[str, str]
) -> None:
    add_dataset(lab)
    src = sources(tmp_path / "src", a=b"first")
    with pytest.raises(NotFound, match="Nothing was uploaded: there is no Dataset"):
        lab.AnalysisFile().upload_files(src, KEY | changed)
    assert files_below(store) == set()
    assert not lab.AnalysisFile()


@postgresql
def test_without_a_storage_files_go_below_the_first_local_path(
    lab: Any, store: Path, tmp_path: Path
) -> None:
    add_dataset(lab)
    src = sources(tmp_path / "src", a=b"first")
    keys = lab.AnalysisFile().upload_files(src, KEY)
    [path] = (lab.AnalysisFile & keys).get()
    assert path == store / "M1/20260101_120000/brain/a"
    # one folder may be given as it is
    assert (lab.AnalysisFile & keys).get(local_paths=str(store)) == [path]
    assert (lab.AnalysisFile & keys).get(local_paths=store) == [path]
    assert lab.AnalysisFile().upload_files([path], KEY) == keys
    src[0].write_bytes(b"other")
    lab.AnalysisFile().upload_files(str(src[0]), KEY)
    assert path.read_bytes() == b"other"


@postgresql
def test_what_is_imported_goes_to_s3_and_never_over_a_file_that_has_a_row(
    in_s3: Any, store: Path, tmp_path: Path, bucket: StorageEntry
) -> None:
    source = tmp_path / "brain.ome.tif"
    tifffile.imwrite(source, brain_voxels(), ome=True, metadata={"axes": "ZCYX"})
    names = {name.removesuffix("_name"): value for name, value in KEY.items()}
    wanted = BrainImport(source, **names, um_per_pixel=(10, 5, 5))
    stored = f"{'/'.join(KEY.values())}/brain.ome.tif"
    row = add(in_s3, stored, b"raw data")
    put(bucket, stored, b"raw data")
    with pytest.raises(WriteRefused, match="with another size or checksum"):
        import_brain(in_s3, wanted)
    assert open_store(bucket).open(stored).read(0, 8) == b"raw data"
    row.delete(safemode=False)
    import_brain(in_s3, wanted)
    size = source.stat().st_size
    assert open_store(bucket).open(stored).read(0, size) == source.read_bytes()
    shutil.rmtree(store)
    assert (in_s3.FixedBrain & KEY).open().remote is not None
    details = dict(in_s3.entries.details(in_s3.entries.find("M1")[0]).lines)
    assert details["on this machine"] == f"no; kept at s3://{bucket.bucket}/{stored}"
