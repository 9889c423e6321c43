"""Folders with an embedded database, and other processes that use them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from labdata_napari.lab.embedded import DATABASE, EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# what a database leaves that nobody uses
AT_REST = {"pgdata", "password", "server.log"}

HOLD = """
import sys
from labdata_napari.lab.embedded import EmbeddedPostgres
server = EmbeddedPostgres(sys.argv[1]).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def finished_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was made and stopped; tests copy it, which is quicker."""
    root: Path = tmp_path_factory.mktemp("finished") / "db"
    EmbeddedPostgres(root).start().release()
    return root


@pytest.fixture
def root(finished_root: Path, tmp_path: Path) -> Iterator[Path]:
    """A stopped database of one's own; nothing of it lives on after the test."""
    made = tmp_path / "db"
    shutil.copytree(finished_root, made)
    yield made
    end_all(made)


def end_all(root: Path) -> None:
    for process in processes_of(root):
        with contextlib.suppress(psutil.Error):
            process.kill()


def processes_of(root: Path) -> list[psutil.Process]:
    """The first process of a database's server, and its children."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if (
                process.name() == "postgres"
                and str(root / "pgdata") in process.cmdline()
            ):
                found += [process, *process.children()]
    return found


def wait_until(
    condition: Callable[[], bool], seconds: float = 60.0, pause: float = 0.02
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(pause)


def write(server: EmbeddedPostgres, value: int) -> None:
    """Commit one row."""
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS note (value int)")
        cursor.execute("INSERT INTO note VALUES (%s)", (value,))


def read(server: EmbeddedPostgres) -> list[int]:
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT value FROM note ORDER BY value")
        return [value for (value,) in cursor]


@contextlib.contextmanager
def another_process(root: Path, code: str = HOLD) -> Iterator[subprocess.Popen[str]]:
    """Another Python that uses the database; it leaves when its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "started\n"
        yield process
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(30)
        process.stdout.close()
