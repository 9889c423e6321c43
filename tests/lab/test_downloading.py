"""Downloads: verified, resumed, cancelled, broken; two at once; a full disk."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.errors import (
    Archived,
    Cancelled,
    NotFound,
    StorageFailed,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab import downloading
from labdata_napari.lab.files import Files
from labdata_napari.lab.places import Wanted
from labdata_napari.lab.stores import open_store
from labs import files_below
from relay import Relay
from s3_server import put
from small_disk import on_a_small_disk

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry

BLOCK = 2**17
NAME = "M1/20260101_120000/brain/brain.ome.tif"
LARGE = os.urandom(40 * BLOCK + 17)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "BLOCK", BLOCK)
    monkeypatch.setattr(downloading, "TICK", 0.002)


def wanted(content: bytes, name: str = NAME) -> Wanted:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Wanted(name, "data", float(len(content)), md5)


def files_of(bucket: StorageEntry, store: Path) -> Files:
    return Files([store], storages={"data": bucket})


def through(bucket: StorageEntry, relay: Relay) -> StorageEntry:
    return dataclasses.replace(bucket, endpoint=f"http://127.0.0.1:{relay.port}")


def relayed(bucket: StorageEntry) -> Relay:
    return Relay("127.0.0.1", int(str(bucket.endpoint).rsplit(":", 1)[1]))


def test_a_folder_in_the_place_of_a_file_is_said(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, b"brain")
    (store / NAME).mkdir(parents=True)
    with pytest.raises(WriteRefused, match=r"brain\.ome\.tif"):
        files_of(bucket, store).download([wanted(b"brain")])
    assert (store / NAME).is_dir()


def test_several_files_come_verified_with_progress(
    bucket: StorageEntry, store: Path
) -> None:
    contents = {f"M1/s/d/{n}.tif": os.urandom(n * 1000) for n in range(5)}
    contents[NAME] = LARGE
    for name, content in contents.items():
        put(bucket, name, content)
    told: list[tuple[int, int]] = []
    files = files_of(bucket, store)
    asked = [wanted(content, name) for name, content in contents.items()]
    paths = files.download(asked, lambda *done: told.append(done))
    assert [path.read_bytes() for path in paths] == list(contents.values())
    total = sum(map(len, contents.values()))
    assert told == sorted(told)
    assert told[-1] == (total, total)
    assert {p for p in files_below(store) if p.count("/") == 3} == set(contents)
    assert [files.locate(name) for name in contents] == paths


@pytest.mark.parametrize("damage", ["other bytes", "cut short"])
def test_nothing_is_kept_of_a_file_that_is_not_the_one_its_row_means(
    bucket: StorageEntry, store: Path, damage: str
) -> None:
    stored = b"brian" if damage == "other bytes" else b"brai"
    put(bucket, NAME, stored)
    said = "is damaged: its MD5 is" if damage == "other bytes" else "has 4 bytes and"
    with pytest.raises(UnreadableFile, match=said):
        files_of(bucket, store).download([wanted(b"brain")])
    assert files_below(store) == set()


def test_a_stopped_download_goes_on_where_it_was(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, LARGE)

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise Cancelled("enough")

    with relayed(bucket) as relay:
        relay.delay(0.05)
        files = files_of(through(bucket, relay), store)
        with pytest.raises(Cancelled):
            files.download([wanted(LARGE)], stop)
        assert not (store / NAME).exists()
        before = relay.traffic.received
        [path] = files.download([wanted(LARGE)])
        again = relay.traffic.received - before
    assert path.read_bytes() == LARGE
    # eight of the first twenty blocks were on their way
    assert again < 30 * BLOCK
    assert files_below(path.parent) == {path.name}


def test_a_download_that_broke_goes_on_unless_the_file_was_replaced(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, LARGE)
    with relayed(bucket) as relay:
        files = files_of(through(bucket, relay), store)

        def cut(done: int, total: int) -> None:
            if done > total // 4:
                relay.cut()

        with pytest.raises(StorageFailed):
            files.download([wanted(LARGE)], cut)
    assert files_below((store / NAME).parent) == {
        ".brain.ome.tif.part",
        ".brain.ome.tif.parts",
    }
    other = LARGE[::-1]
    put(bucket, NAME, other)
    [path] = files_of(bucket, store).download([wanted(other)])
    assert path.read_bytes() == other


def test_a_file_replaced_while_it_comes_is_not_mixed(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, LARGE)
    file = open_store(bucket).open(NAME)
    put(bucket, NAME, LARGE[::-1])
    with pytest.raises(UnreadableFile, match="was replaced by other bytes"):
        downloading.download([downloading.Download(file, store / NAME)])
    assert files_below(store) == set()


def test_two_who_download_the_same_file_do_not_mix_it(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, LARGE)
    paths: list[Path] = []

    with relayed(bucket) as relay:

        def fetch() -> None:
            files = files_of(through(bucket, relay), store)
            paths.extend(files.download([wanted(LARGE)] * 2))

        threads = [threading.Thread(target=fetch) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert relay.traffic.received < 1.5 * len(LARGE)
    assert len(paths) == 6
    assert {path.read_bytes() == LARGE for path in paths} == {True}
    assert files_below(paths[0].parent) == {paths[0].name}


def test_a_list_of_blocks_that_is_damaged_is_not_believed(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, LARGE)
    folder = (store / NAME).parent
    folder.mkdir(parents=True)
    for lines in ("", "[]\n", "{}\n1\n", "garbage", '{"version": "x", "size": 1}\n0\n'):
        (folder / ".brain.ome.tif.parts").write_text(lines)
        (folder / ".brain.ome.tif.part").write_bytes(b"garbage")
        [path] = files_of(bucket, store).download([wanted(LARGE)])
        assert path.read_bytes() == LARGE
        path.unlink()


def test_what_is_archived_is_not_downloaded_and_nothing_else_either(
    bucket: StorageEntry, store: Path
) -> None:
    put(bucket, NAME, b"brain", StorageClass="GLACIER")
    put(bucket, "M1/s/d/a", b"other")
    files = files_of(bucket, store)
    with pytest.raises(Archived, match="in cold storage") as error:
        files.download([wanted(b"other", "M1/s/d/a"), wanted(b"brain")])
    assert error.value.files == (NAME,)
    with pytest.raises(NotFound):
        files.download([wanted(b"other", "M1/s/d/a"), wanted(b"x", "M1/s/d/gone")])
    assert files_below(store) == set()
    assert files.restore([(NAME, "data")]) == (NAME,)
    assert files.download([wanted(b"brain")])[0].read_bytes() == b"brain"


def test_states_of_many_files_for_a_list(bucket: StorageEntry, store: Path) -> None:
    put(bucket, "there", b"")
    put(bucket, "cold", b"x" * 1000, StorageClass="DEEP_ARCHIVE")
    store.mkdir()
    (store / "here").write_bytes(b"")
    dead = dataclasses.replace(bucket, name="dead", endpoint="http://127.0.0.1:9")
    files = Files([store], storages={"data": bucket, "dead": dead})
    asked = [(name, "data") for name in ("here", "there", "cold", "gone", "../x")]
    asked += [("a", "dead"), ("b", "nobody knows")]
    told: list[tuple[int, int]] = []
    places = files.states(asked, lambda *done: told.append(done))
    assert {one: place.words for one, place in places.items()} == {
        ("here", "data"): "on this computer",
        ("there", "data"): "in S3",
        ("cold", "data"): "archived",
        ("gone", "data"): "missing",
        ("../x", "data"): "refused",
        ("a", "dead"): "not known",
        ("b", "nobody knows"): "missing",
    }
    assert told[-1] == (7, 7)
    assert "cannot be reached" in places["a", "dead"].problem
    assert "leaves its store" in places["../x", "data"].problem
    estimate = files.restore_estimate(asked[:3], days=30, tier="Bulk")
    assert (estimate.files, estimate.takes) == (1, "up to 48 hours")
    assert str(estimate).startswith("Restoring 1 file (0.00 GB, Bulk) takes up to 48")
    files.restore(asked[:3], days=30, tier="Bulk")
    assert files.find("cold").words.startswith("in S3, restored until 2")


def test_many_files_of_a_storage_that_is_silent_do_not_wait_for_each(
    bucket: StorageEntry, store: Path
) -> None:
    dead = dataclasses.replace(bucket, endpoint="http://127.0.0.1:9")
    start = time.monotonic()
    places = files_of(dead, store).states([(str(n), "data") for n in range(2_000)])
    assert {place.state for place in places.values()} == {"unknown"}
    assert time.monotonic() - start < 10


FULL = """
import sys
from labdata_napari.errors import WriteRefused
from labdata_napari.lab import downloading
from labdata_napari.lab.files import Files
from labdata_napari.lab.places import Wanted
from labdata_napari.lab.storage import StorageEntry

folder, endpoint, bucket, space = sys.argv[1:]
if space == "not asked for":
    downloading.require_space = lambda folder, size: None
entry = StorageEntry("data", "s3", "", endpoint, bucket, "k", "s")
try:
    Files([folder], storages={"data": entry}).download([Wanted("M1/a", "data")])
except WriteRefused as error:
    print(error)
import os
print([name for _, folders, names in os.walk(folder) for name in names])
"""


@pytest.mark.parametrize("space", ["asked for", "not asked for"])
def test_a_full_disk_is_said_and_left_empty(
    bucket: StorageEntry, store: Path, space: str
) -> None:
    put(bucket, "M1/a", bytes(20 * 2**20))
    store.mkdir()
    args = (str(store), str(bucket.endpoint), str(bucket.bucket), space)
    said: Any = on_a_small_disk(16, store, "-c", FULL, *args)
    assert ("16.8 MB free" if space == "asked for" else "the disk is full") in said
    assert said.endswith("[]\n")
