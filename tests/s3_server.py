"""A real S3 protocol server on this computer (moto's), for tests.

Fixtures
--------
bucket
    A bucket of one test, empty, as the `StorageEntry` of the storage ``data``.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.lab.storage import StorageEntry

_NUMBERS = itertools.count()
KEYS = {"access_key": "AKTESTS", "secret_key": "a secret of tests"}


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> StorageEntry:
    """A bucket; nothing of this computer's own AWS settings is used."""
    from labdata_napari.lab.storage import StorageEntry

    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    name = f"bucket-{next(_NUMBERS)}"
    entry = StorageEntry("data", "s3", endpoint=s3_endpoint, bucket=name, **KEYS)
    admin(entry).create_bucket(Bucket=name)
    return entry


def admin(entry: StorageEntry) -> Any:
    """A client with which a test arranges what is in a bucket."""
    return _client(str(entry.endpoint))


@functools.cache
def _client(endpoint: str) -> Any:
    import botocore.session

    return botocore.session.get_session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )


def put(entry: StorageEntry, key: str, content: bytes, **more: Any) -> None:
    """Store an object; ``StorageClass="GLACIER"`` archives it."""
    admin(entry).put_object(Bucket=entry.bucket, Key=key, Body=content, **more)
