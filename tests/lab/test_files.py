"""Local folders: finding, refusing, copying, and a disk that is really full."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from labdata_napari.errors import (
    Cancelled,
    InvalidValue,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.copying import copy_file, make_folders, zip_folder
from labdata_napari.lab.files import Files, md5
from small_disk import on_a_small_disk

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, content: bytes = b"brain") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_local_paths_are_searched_in_order(tmp_path: Path) -> None:
    files = Files([tmp_path / "a", tmp_path / "b"])
    second = write(tmp_path / "b" / "M1" / "s" / "d" / "x.tif")
    assert files.locate("M1/s/d/x.tif") == second
    first = write(tmp_path / "a" / "M1" / "s" / "d" / "x.tif")
    assert files.locate("M1/s/d/x.tif") == first
    assert files.is_local("M1/s/d/x.tif")
    assert not files.is_local("M1/s/d/y.tif")


def test_a_missing_file_names_the_folders_searched_and_the_storage(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    files = Files([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(NotFound) as error:
        files.locate("M1/s/d/x.tif", "archive")
    sentence = str(error.value)
    assert f"'{tmp_path / 'a'}'," in sentence
    assert f"'{tmp_path / 'b'}' (no such folder)" in sentence
    assert "storage 'archive'" in sentence
    with pytest.raises(NotFound, match="no local folder is set"):
        Files([]).locate("M1/s/d/x.tif")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    files = Files([tmp_path / "a", tmp_path / "b"])
    (tmp_path / "a" / "M1" / "x.tif").mkdir(parents=True)
    assert not files.is_local("M1/x.tif")
    assert files.states([("M1/x.tif", "data")])["M1/x.tif", "data"].state == "missing"
    with pytest.raises(NotFound, match="is a folder of that name, and a row names"):
        files.locate("M1/x.tif")
    (tmp_path / "a" / "M1" / "x.zarr").mkdir()
    assert files.locate("M1/x.zarr") == tmp_path / "a" / "M1" / "x.zarr"
    assert files.is_local("M1/x.zarr")
    there = write(tmp_path / "b" / "M1" / "x.tif")
    assert files.is_local("M1/x.tif")
    assert files.locate("M1/x.tif") == there


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "M1/../../secret.txt",
        "/etc/passwd",
        "//server/share/x",
        "C:/secret.txt",
        "c:secret.txt",
        "M1\\..\\secret.txt",
        "",
        ".",
        "M1/\0/x",
    ],
)
def test_a_path_from_a_row_never_leaves_its_store(tmp_path: Path, path: str) -> None:
    write(tmp_path / "secret.txt")
    files = Files([tmp_path / "store"])
    (tmp_path / "store").mkdir()
    with pytest.raises(InvalidValue):
        files.locate(path)
    with pytest.raises(InvalidValue):
        files.target(path)
    assert not files.is_local(path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_out_of_the_store_is_refused_and_one_within_is_followed(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    secret = write(tmp_path / "outside" / "secret.txt")
    inside = write(store / "M1" / "x.tif")
    (store / "link.txt").symlink_to(secret)
    (store / "folder").symlink_to(secret.parent)
    (store / "alias.tif").symlink_to(inside)
    files = Files([store])
    for path in ("link.txt", "folder/secret.txt"):
        with pytest.raises(InvalidValue, match="through a link"):
            files.locate(path)
        assert files.looker()(path) is None
        assert files.states([(path, "data")])[path, "data"].state == "refused"
    with pytest.raises(InvalidValue, match="through a link"):
        files.target("folder/new.tif")
    assert files.locate("alias.tif").read_bytes() == b"brain"
    # the same link is fine once its goal is a store too
    assert Files([store, secret.parent]).locate("link.txt").exists()


def test_new_files_go_below_the_first_local_path_with_their_folders(
    tmp_path: Path,
) -> None:
    files = Files([tmp_path / "a", tmp_path / "b"])
    target = files.target("M1/s/d/x.tif")
    assert target == tmp_path / "a" / "M1" / "s" / "d" / "x.tif"
    assert target.parent.is_dir()
    with pytest.raises(WriteRefused, match="no local folder"):
        Files([]).target("M1/x.tif")
    write(tmp_path / "a" / "blocked")
    with pytest.raises(WriteRefused, match="blocked"):
        files.target("blocked/d/x.tif")


def test_a_registered_folder_is_remembered_by_the_next_lab(tmp_path: Path) -> None:
    data = tmp_path / "märz data"
    found = write(data / "brains" / "x.tif")
    files = Files.for_embedded(tmp_path / "lab")
    assert files.local_paths == (tmp_path / "lab" / "files",)
    assert files.relative(found) is None
    files.register(data)
    files.register(data)
    again = Files.for_embedded(tmp_path / "lab")
    assert again.local_paths == (tmp_path / "lab" / "files", data)
    assert again.locate("brains/x.tif") == found
    assert again.relative(found) == "brains/x.tif"
    assert [p.name for p in (tmp_path / "lab").iterdir()] == ["local_paths.json"]


def test_registering_says_why_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        Files.for_embedded(tmp_path).register(tmp_path / "nowhere")
    with pytest.raises(InvalidValue, match="preferences"):
        Files([tmp_path / "a"]).register(tmp_path)
    (tmp_path / "local_paths.json").write_text('{"not": "a list"}')
    with pytest.raises(InvalidValue, match="not a list of paths"):
        Files.for_embedded(tmp_path).locate("x.tif")
    (tmp_path / "local_paths.json").write_text("[broken")
    with pytest.raises(InvalidValue, match="repair or delete"):
        Files.for_embedded(tmp_path).locate("x.tif")


def test_md5_tells_its_progress_in_bytes(tmp_path: Path) -> None:
    content = os.urandom(9_000_000)
    path = write(tmp_path / "x.bin", content)
    steps: list[tuple[int, int]] = []
    digest = md5(path, lambda done, total: steps.append((done, total)))
    assert digest == hashlib.md5(content).hexdigest()
    assert len(steps) > 1
    assert steps[-1] == (9_000_000, 9_000_000)
    with pytest.raises(NotFound):
        md5(tmp_path / "nothing")


def test_a_copy_is_counted_hashed_and_still_unnamed(tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    source = write(tmp_path / "x.bin", content)
    steps: list[tuple[int, int]] = []
    target = tmp_path / "store" / "x.bin"
    make_folders(target.parent)
    copied = copy_file(source, target, lambda done, total: steps.append((done, total)))
    assert not target.exists()
    assert copied.path.read_bytes() == content
    assert copied.size == 5_000_000
    assert copied.md5 == hashlib.md5(content).hexdigest()
    assert steps[-1] == (10_000_000, 10_000_000)
    assert steps == sorted(steps)


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_a_cancelled_copy_leaves_nothing(tmp_path: Path, stage: int) -> None:
    source = write(tmp_path / "x.bin", os.urandom(5_000_000))
    store = tmp_path / "store"
    store.mkdir()
    calls = 0

    def stop(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == stage:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        copy_file(source, store / "x.bin", stop)
    assert list(store.iterdir()) == []


def test_a_source_that_is_still_written_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "x.bin", os.urandom(1000))
    store = tmp_path / "store"
    store.mkdir()

    def grow(done: int, total: int) -> None:
        with open(source, "ab") as stream:
            stream.write(b"more")

    with pytest.raises(UnreadableFile, match="changed while"):
        copy_file(source, store / "x.bin", grow)
    assert list(store.iterdir()) == []


def test_a_folder_becomes_the_same_zip_every_time(tmp_path: Path) -> None:
    folder = tmp_path / "b.zarr"
    write(folder / "0" / "c" / "0" / "1", b"chunk")
    write(folder / "0" / "zarr.json", b"{}")
    write(folder / "zarr.json", b"{}")
    first = zip_folder(folder, tmp_path / "b.zarr.zip")
    os.utime(folder / "zarr.json", (1, 1))
    shutil.copytree(folder, tmp_path / "again.zarr")
    second = zip_folder(tmp_path / "again.zarr", tmp_path / "b.zarr.zip")
    assert first.md5 == second.md5
    assert first.md5 == md5(first.path)
    with zipfile.ZipFile(first.path) as archive:
        assert archive.namelist() == ["0/zarr.json", "zarr.json", "0/c/0/1"]
        assert archive.read("0/c/0/1") == b"chunk"


_FULL_DISK = """
import sys
from pathlib import Path
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.copying import copy_file, zip_folder
source, store, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
def fill(done, total):
    if not (store / "ballast").exists():
        with open(store / "ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass
try:
    if how == "early":
        copy_file(source, store / "x.bin")
    elif how == "late":
        copy_file(source, store / "x.bin", fill)
    else:
        zip_folder(source.parent, store / "x.zip", fill)
except WriteRefused as error:
    print(error)
print(sorted(p.name for p in store.iterdir()))
"""


@pytest.mark.parametrize(
    ("how", "megabytes", "sentence"),
    [
        ("early", 4, "free some space"),
        ("late", 12, "disk is full"),
        ("zip", 12, "disk is full"),
    ],
)
def test_a_full_disk_gives_its_sentence_and_leaves_nothing(
    tmp_path: Path, how: str, megabytes: int, sentence: str
) -> None:
    sources = tmp_path / "sources"
    source = write(sources / "x.bin", os.urandom(9_000_000))
    write(sources / ".zgroup", b"{}")
    store = tmp_path / "store"
    store.mkdir()
    printed = on_a_small_disk(
        megabytes, store, "-c", _FULL_DISK, str(source), str(store), how
    )
    assert sentence in printed
    assert printed.splitlines()[-1] == ("[]" if how == "early" else "['ballast']")
