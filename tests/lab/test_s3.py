"""S3 as a store: keys, ranges, replaced objects, refusals, silence, archives."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.errors import (
    Archived,
    Cancelled,
    InvalidValue,
    LabdataError,
    NotFound,
    StorageFailed,
    StorageRefused,
    UnreadableFile,
)
from labdata_napari.lab import s3
from labdata_napari.lab.preferences import read
from labdata_napari.lab.s3_upload import PART
from labdata_napari.lab.stores import open_store
from relay import Relay
from s3_server import KEYS, admin, put

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_home import LabdataHome
    from labdata_napari.lab.storage import StorageEntry

PATH = "M1/20260101_120000/brain/brain.zarr.zip"
CONTENT = os.urandom(1_000_000)


def test_an_object_is_read_by_ranges(bucket: StorageEntry) -> None:
    put(bucket, PATH, CONTENT)
    file = open_store(bucket).open(PATH)
    assert (file.name, file.size) == ("brain.zarr.zip", len(CONTENT))
    assert file.url == f"s3://{bucket.bucket}/{PATH}"
    assert file.read(0, 4) == CONTENT[:4]
    assert file.read(999_000, 1_000) == CONTENT[-1_000:]
    assert file.read(5, 0) == b""
    assert file.read(0, len(CONTENT)) == CONTENT
    with pytest.raises(UnreadableFile, match="ends at byte 1,000,000, before byte"):
        file.read(999_999, 2)


def test_the_folder_of_a_storage_comes_before_the_path_as_in_labdata(
    bucket: StorageEntry,
) -> None:
    put(bucket, f"lab/raw/{PATH}", b"brain")
    put(bucket, f"lab/rawer/{PATH}", b"other")
    store = open_store(dataclasses.replace(bucket, folder="/lab/raw/"))
    assert store.open(PATH).read(0, 5) == b"brain"
    assert list(store.listed("M1")) == list(store.listed("")) == [PATH]
    assert store.listed("M") == {}


def test_listing_goes_on_after_the_first_page(
    bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    for number in range(7):
        put(bucket, f"M1/{number}", b"")
    assert len(open_store(bucket).listed("M1")) == 7


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a\\x", "C:x", "", "\0"])
def test_a_key_from_a_row_is_checked_like_a_path(
    bucket: StorageEntry, tmp_path: Path, path: str
) -> None:
    store = open_store(dataclasses.replace(bucket, folder="lab"))
    source = tmp_path / "x"
    source.write_bytes(b"x")
    for act in (
        lambda: store.head(path),
        lambda: store.open(path),
        lambda: store.remove(path),
        lambda: store.upload(source, path, hashlib.md5(b"x").hexdigest()),
    ):
        with pytest.raises(InvalidValue):
            act()


def test_an_object_replaced_after_opening_is_noticed(bucket: StorageEntry) -> None:
    put(bucket, PATH, b"first")
    file = open_store(bucket).open(PATH)
    put(bucket, PATH, b"other")
    with pytest.raises(UnreadableFile, match="was replaced by other bytes"):
        file.read(0, 5)


def test_what_is_not_there_is_said(bucket: StorageEntry) -> None:
    with pytest.raises(NotFound, match=r"brain\.zarr\.zip' \(storage 'data'\) is not"):
        open_store(bucket).head(PATH)
    nowhere = dataclasses.replace(bucket, bucket="no-such-bucket")
    with pytest.raises(StorageFailed, match="has no bucket 'no-such-bucket'"):
        open_store(nowhere).head(PATH)
    with pytest.raises(StorageFailed, match="has no bucket 'no-such-bucket'"):
        open_store(nowhere).check()
    open_store(bucket).check()


@pytest.mark.parametrize("size", [0, 5, 17 * 2**20])
def test_what_is_uploaded_is_the_same(
    bucket: StorageEntry, tmp_path: Path, size: int
) -> None:
    content = os.urandom(size)
    source = tmp_path / "a"
    source.write_bytes(content)
    md5 = hashlib.md5(content).hexdigest()
    store, told = open_store(bucket), []
    store.upload(source, PATH, md5, lambda *done: told.append(done))
    assert told[-1] == (size, size)
    assert store.head(PATH).size == size
    assert store.open(PATH).read(0, size) == content
    store.remove(PATH)
    store.remove(PATH)
    with pytest.raises(NotFound):
        store.head(PATH)


def test_a_file_that_changed_since_it_was_hashed_is_not_uploaded(
    bucket: StorageEntry, tmp_path: Path
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"new")
    store = open_store(bucket)
    with pytest.raises(UnreadableFile, match="changed while it was uploaded"):
        store.upload(source, PATH, hashlib.md5(b"old").hexdigest())
    assert store.listed("") == {}


def random_file(folder: Path, size: int) -> tuple[Path, bytes, str]:
    """A file, its content and its checksum."""
    content, source = os.urandom(size), folder / "a"
    source.write_bytes(content)
    return source, content, hashlib.md5(content).hexdigest()


def uploads_begun(bucket: StorageEntry) -> list[Any]:
    """Uploads in parts of which the server keeps something."""
    answer = admin(bucket).list_multipart_uploads(Bucket=bucket.bucket)
    return list(answer.get("Uploads", ()))


def test_an_upload_that_is_cancelled_leaves_nothing(
    bucket: StorageEntry, tmp_path: Path
) -> None:
    source, _, md5 = random_file(tmp_path, 3 * PART)

    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        open_store(bucket).upload(source, PATH, md5, stop)
    assert open_store(bucket).listed("") == {}
    assert uploads_begun(bucket) == []


def test_an_upload_whose_connection_drops_goes_on_or_is_told(
    bucket: StorageEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_PAUSES", (0.0, 0.0))
    source, content, md5 = random_file(tmp_path, 3 * PART)
    port = int(str(bucket.endpoint).rsplit(":", 1)[1])
    with Relay("127.0.0.1", port) as relay:
        wired = dataclasses.replace(bucket, endpoint=f"http://127.0.0.1:{relay.port}")
        store = open_store(wired)
        losses = [relay.drop]

        def lose(done: int, total: int) -> None:
            while losses:
                losses.pop()()

        store.upload(source, PATH, md5, lose)
        assert store.open(PATH).read(0, len(content)) == content
        store.remove(PATH)
        losses.append(relay.cut)
        with pytest.raises(StorageFailed, match=r"brain\.zarr\.zip' could not be"):
            store.upload(source, PATH, md5, lose)
        assert open_store(bucket).listed("") == {}
        relay.resume()
        store.upload(source, PATH, md5)
        assert store.head(PATH).size == len(content)


def test_a_server_of_ones_own_as_labdatas_settings_name_it(
    bucket: StorageEntry, labdata_home: LabdataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(bucket.endpoint).removeprefix("http://")
    entry = {"protocol": "s3", "s3_api": "minio", "bucket": bucket.bucket, **KEYS}
    labdata_home.write(
        {"host": "db", "user": "ana"},
        storage={
            "data": entry | {"endpoint": address},
            "analysis": entry | {"endpoint": bucket.endpoint, "folder": "results"},
        },
    )
    # without a scheme it is https, unless the usual AWS settings say otherwise
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(bucket.endpoint))
    found = read()
    assert found.problems == ()
    for name, key in (("data", PATH), ("analysis", f"results/{PATH}")):
        put(bucket, key, name.encode())
        store = open_store(found.storages[name])
        store.check()
        assert store.open(PATH).read(0, 4) == name.encode()[:4]


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_restored_on_request(
    bucket: StorageEntry, storage_class: str
) -> None:
    put(bucket, PATH, CONTENT, StorageClass=storage_class)
    store = open_store(bucket)
    assert store.listed("")[PATH].archived
    stored = store.head(PATH)
    assert (stored.archived, stored.storage_class) == (True, storage_class)
    with pytest.raises(Archived, match=rf"cold storage \({storage_class}\)") as error:
        store.open(PATH)
    assert error.value.files == (PATH,)
    with pytest.raises(InvalidValue, match=r"Standard, Bulk.*not 'Fast'"):
        store.restore(PATH, 3, "Fast")
    assert store.head(PATH).archived
    store.restore(PATH, 3, "Bulk")
    stored = store.head(PATH)
    # moto restores at once
    assert not stored.archived
    assert stored.restored_until is not None
    assert store.open(PATH).read(0, 5) == CONTENT[:5]
    store.restore(PATH, 3, "Bulk")


def test_a_connection_that_drops_is_made_anew_once(bucket: StorageEntry) -> None:
    put(bucket, PATH, CONTENT)
    port = int(str(bucket.endpoint).rsplit(":", 1)[1])
    with Relay("127.0.0.1", port) as relay:
        wired = dataclasses.replace(bucket, endpoint=f"http://127.0.0.1:{relay.port}")
        file: Any = open_store(wired).open(PATH)
        pieces = file.pieces(0, len(CONTENT))
        start = next(pieces)
        relay.drop()
        assert start + b"".join(pieces) == CONTENT
        relay.cut()
        with pytest.raises(StorageFailed, match=r"brain\.zarr\.zip' could not be read"):
            file.read(0, 5)


def test_a_server_that_does_not_answer_is_given_up(
    bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert s3.CONNECT_SECONDS + s3.READ_SECONDS < 20
    monkeypatch.setattr(s3, "READ_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mute = dataclasses.replace(bucket, endpoint=f"http://127.0.0.1:{port}")
        start = time.monotonic()
        with pytest.raises(StorageFailed, match="does not answer"):
            open_store(mute).head(PATH)
        assert time.monotonic() - start < 5
    start = time.monotonic()
    with pytest.raises(StorageFailed, match="cannot be reached"):
        open_store(mute).head(PATH)
    assert time.monotonic() - start < 5


def test_no_sentence_holds_a_secret(bucket: StorageEntry) -> None:
    import traceback

    plain = str(bucket.endpoint).replace("http:", "https:")
    wrong = [
        dataclasses.replace(bucket, endpoint=plain),
        dataclasses.replace(bucket, endpoint="http://127.0.0.1:9"),
        dataclasses.replace(bucket, bucket="no-such-bucket"),
        dataclasses.replace(bucket, bucket="Not a Bucket"),
        dataclasses.replace(bucket, endpoint="http://a b:c"),
    ]
    for entry in wrong:
        with pytest.raises(LabdataError) as error:
            open_store(entry).head(PATH)
        said = "".join(traceback.format_exception(error.value)) + repr(error.value)
        assert "a secret of tests" not in said
        assert "AKTESTS" not in said
    assert "secret" not in repr(open_store(bucket).entry)


def test_keys_are_taken_from_the_usual_places_or_said_to_be_missing(
    bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, PATH, b"brain")
    bare = dataclasses.replace(bucket, access_key=None, secret_key=None)
    with pytest.raises(StorageRefused, match="no keys for the storage 'data'"):
        open_store(bare).head(PATH)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    assert open_store(bare).head(PATH).size == 5
    half = dataclasses.replace(bucket, secret_key=None)
    with pytest.raises(StorageFailed, match="has no secret key"):
        open_store(half)


def test_an_object_that_may_not_be_read_is_said(
    bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, PATH, b"brain")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        f'"Action": "s3:*", "Resource": "arn:aws:s3:::{bucket.bucket}/*"}}]}}'
    )
    admin(bucket).put_bucket_policy(Bucket=bucket.bucket, Policy=policy)
    with pytest.raises(StorageRefused, match=r"keys .* do not allow to read 's3:"):
        open_store(bucket).head(PATH)


def test_without_what_speaks_s3_it_says_how_to_install_it() -> None:
    script = (
        "import sys; sys.modules['botocore'] = None\n"
        "from labdata_napari.lab.stores import open_store\n"
        "from labdata_napari.lab.storage import StorageEntry\n"
        "open_store(StorageEntry('data', 's3', bucket='b')).head('a')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert 'pip install "labdata-napari[s3]"' in done.stderr.splitlines()[-1]


def test_labdatas_aws_endpoint_is_aws() -> None:
    address = s3.address
    assert address(None) == address("s3.amazonaws.com:9000") == (None, None)
    assert address("https://s3.eu-west-1.amazonaws.com") == (None, "eu-west-1")
    assert address("minio.lab:9000") == ("https://minio.lab:9000", None)
    assert address("http://minio.lab:9000") == ("http://minio.lab:9000", None)
    usual = ("http://other:9000", "http://MinIO.lab:9000/")
    assert address("minio.lab:9000", usual) == (usual[1], None)
    assert address("minio.lab:9001", usual) == ("https://minio.lab:9001", None)
    assert address("https://minio.lab:9000", usual)[0] == "https://minio.lab:9000"
    assert address("amazonaws.com.evil.org")[0] == "https://amazonaws.com.evil.org"


def test_what_is_known_of_s3_is_read_once_for_all_storages(
    bucket: StorageEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.loaders import JSONFileLoader

    list(s3.S3Store(bucket).listed(""))
    again, load = [], JSONFileLoader.load_file

    def noted(loader: JSONFileLoader, path: str) -> object:
        again.append(path)
        return load(loader, path)

    monkeypatch.setattr(JSONFileLoader, "load_file", noted)
    list(s3.S3Store(bucket).listed(""))  # with a client of its own
    assert again == []
