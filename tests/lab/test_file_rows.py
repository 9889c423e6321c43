"""Files of File and AnalysisFile: got, restored and opened, here, in S3 and cold."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from brain_files import brain_voxels, store_brain
from file_rows import add
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import (
    Archived,
    InvalidValue,
    NotFound,
    UnreadableFile,
)
from labdata_napari.lab.files import Files
from labdata_napari.lab.storage import StorageEntry
from labs import (
    files_below,
    postgresql,
)
from s3_server import put

if TYPE_CHECKING:
    from pathlib import Path


HALF = TransformParameters(downsample=(0.5, 1, 0.5, 0.5))


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
