"""The demo lab for tests, small: built once and shared, by all workers.

Fixtures
--------
demo_truth
    What was planted in it.
demo_url
    Address of the shared demo lab; its server runs all the time. For reading only.
demo_lab
    A `Lab` on it, for the test's own thread.
demo_copy
    Address of a copy of one's own, to write to.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.demo import DemoTruth
    from labdata_napari.lab.lab import Lab

DEMO_SCALE = 0.25


@pytest.fixture(scope="session")
def demo_truth() -> DemoTruth:
    from labdata_napari.demo import demo_truth

    return demo_truth(scale=DEMO_SCALE)


@pytest.fixture(scope="session")
def pristine_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a demo lab that nobody ever connects to."""
    from labdata_napari.demo import ensure_demo

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # one for all: who comes first builds it
    root = base / "pristine" / "demo"
    ensure_demo(root=root, scale=DEMO_SCALE)
    return root


@pytest.fixture(scope="session")
def demo_url(
    pristine_demo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    from labdata_napari.lab.embedded import EmbeddedPostgres

    root = tmp_path_factory.mktemp("shared") / "demo"
    shutil.copytree(pristine_demo, root)
    with EmbeddedPostgres(root):
        yield f"embedded:{root}"


@pytest.fixture
def demo_lab(demo_url: str) -> Iterator[Lab]:
    from labdata_napari import connect

    with connect(demo_url, local_paths=()) as lab:
        yield lab


@pytest.fixture
def demo_copy(pristine_demo: Path, tmp_path: Path) -> str:
    root = tmp_path / "demo"
    shutil.copytree(pristine_demo, root)
    return f"embedded:{root}"
