"""The methods of File and AnalysisFile, with files here, in S3 and in cold storage."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from brain_files import brain_voxels, store_brain
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    Archived,
    InvalidValue,
    LabdataError,
    LeftBehind,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.files import Files
from labdata_napari.lab.ingest import BrainImport, import_brain
from labdata_napari.lab.storage import StorageEntry
from labdata_napari.lab.stores import open_store
from labdata_napari.schema.guarded import would_go
from labs import (
    KEY,
    WHEN,
    add_brain,
    add_dataset,
    add_transform,
    files_below,
    postgresql,
    rows_everywhere,
    writes_fail,
)
from s3_server import put

if TYPE_CHECKING:
    from pathlib import Path


HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))


@pytest.fixture
def in_s3(lab: Any, store: Path, bucket: StorageEntry) -> Any:
    """A lab whose storage ``data`` and ``analysis`` are the bucket."""
    analysis = dataclasses.replace(bucket, name="analysis", folder="analysis")
    storages = {"data": bucket, "analysis": analysis}
    lab.files = Files([store], storages=storages)
    return lab


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def add(lab: Any, name: str, content: bytes, **row: Any) -> Any:
    """A File row for a file with that content; the restricted table."""
    values = {
        "storage": "data",
        "file_size": float(len(content)),
        "file_md5": md5_of(content),
    }
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
def test_one_path_that_leaves_the_store_hides_no_other_file(
    in_s3: Any, store: Path, bucket: StorageEntry
) -> None:
    add(in_s3, "M1/here.bin", b"here")
    (store / "M1").mkdir(parents=True)
    (store / "M1" / "here.bin").write_bytes(b"here")
    add(in_s3, "M1/cold.bin", b"cold")
    put(bucket, "M1/cold.bin", b"cold", StorageClass="GLACIER")
    (store.parent / "secret").write_bytes(b"")
    (store / "M1" / "link").symlink_to(store.parent / "secret")
    evil = ["/etc/passwd", "M1/link"]
    for path in evil:
        add(in_s3, path, b"")
    rows = in_s3.File()
    with pytest.warns(UserWarning, match="not local: ") as told:
        local, missing = rows.check_if_files_local()
    assert local == [store / "M1" / "here.bin"]
    assert sorted(missing) == ["/etc/passwd", "M1/cold.bin", "M1/link"]
    said = [str(one.message) for one in told]
    assert ["is absolute" in said[0], "leads out of its store" in said[1]] == [True] * 2
    with pytest.warns(UserWarning, match="not archived: .*/etc/passwd"):
        assert rows.check_if_files_archived(restore=False, suppress_error=True)
    with pytest.raises(InvalidValue, match="is absolute"):
        rows.get()
    # on the class, as DataJoint has it, but for what could fetch a whole lab
    with pytest.warns(UserWarning, match="not local: "):
        assert in_s3.File.check_if_files_local() == (local, missing)
    for name in ("get", "check_if_files_archived"):
        with pytest.raises(
            InvalidValue, match=rf"select them, as in \(File & .*{name}"
        ):
            getattr(in_s3.File, name)()


@postgresql
def test_an_object_that_is_not_there_is_named_when_asked_whether_archived(
    in_s3: Any,
) -> None:
    with pytest.warns(UserWarning, match="not archived: .*M1/gone.bin.* is not there"):
        assert not add(in_s3, "M1/gone.bin", b"").check_if_files_archived()


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


# -- deleting ----------------------------------------------------------------------


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


# -- uploading ---------------------------------------------------------------------


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


# -- opening -----------------------------------------------------------------------


def test_brains_and_transforms_open_from_s3_and_not_from_the_cold(
    in_s3: Any, store: Path, bucket: StorageEntry
) -> None:
    voxels = brain_voxels()
    key = store_brain(in_s3, store, voxels)
    number = in_s3.brains.add_transform_parameters(key, HALF)
    done = in_s3.brains.compute_transform(key | {"transform_id": number})
    [result] = in_s3.AnalysisFile().to_dicts()
    shown = in_s3.brains.open_transform(done)[:]
    brain = store.joinpath(*key.values(), "brain.zarr.zip").relative_to(store)
    put(bucket, brain.as_posix(), (store / brain).read_bytes())
    shutil.rmtree(store)
    stack = (in_s3.FixedBrain & key).open()
    assert stack.remote is not None
    assert np.array_equal(stack[:], voxels)
    far = in_s3.brains.open_transform(done)
    assert far.remote is not None
    assert far.remote.url.endswith(f"analysis/{result['file_path']}")
    assert np.array_equal(far[:], shown)
    put(bucket, brain.as_posix(), b"x", StorageClass="GLACIER")
    with pytest.raises(Archived, match=r"'brain\.zarr\.zip' is in cold storage"):
        (in_s3.FixedBrain & key).open()


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
