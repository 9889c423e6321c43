"""Fixtures every folder uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["databases", "demo_labs", "embedded_servers", "labs"]

os.environ.setdefault("DJ_IGNORE_CONFIG_FILE", "true")
os.environ.setdefault("DJ_THREAD_SAFE", "true")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that is never committed; tests that use it skip where it is absent."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("LABDATA_NAPARI_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set LABDATA_NAPARI_TEST_DATA")
    return folder
