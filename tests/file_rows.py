"""Rows of File and what they name, for tests.

Fixtures
--------
in_s3
    A lab whose files are kept in a bucket.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from labdata_napari.lab.files import Files
from labs import WHEN

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.storage import StorageEntry


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
