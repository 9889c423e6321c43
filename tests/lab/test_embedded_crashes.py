"""The embedded database after something was killed, or when it cannot start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from embedded_servers import (
    AT_REST,
    HOLD,
    another_process,
    end_all,
    processes_of,
    read,
    wait_until,
    write,
)
from labdata_napari.errors import ConnectionFailed, WriteRefused
from labdata_napari.lab.embedded import DATABASE, EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="kills processes the POSIX way"
)


@pytest.fixture
def bystander() -> Iterator[psutil.Popen]:
    """A program that has nothing to do with us and must survive."""
    process = psutil.Popen(["sleep", "600"])
    yield process
    assert process.poll() is None, "an unrelated process was ended"
    process.kill()
    process.wait()


def test_a_killed_python_leaves_its_server_to_the_next_which_stops_it(root: Path):
    with another_process(root) as process:
        write(EmbeddedPostgres(root), 1)
        process.kill()
        process.wait()
        assert processes_of(root)
    with EmbeddedPostgres(root) as server:
        assert read(server) == [1]
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_stop_takes_over_from_a_killed_python(root: Path):
    with another_process(root) as process:
        process.kill()
        process.wait()
    assert EmbeddedPostgres(root).stop()
    assert not processes_of(root)


@pytest.mark.parametrize("which", ["the first process", "all of them"])
def test_committed_rows_survive_a_killed_server(root: Path, which: str):
    server = EmbeddedPostgres(root).start()
    write(server, 1)
    unfinished = server.cluster.connect(DATABASE)
    unfinished.cursor().execute("BEGIN; INSERT INTO note VALUES (2)")
    for process in processes_of(root)[: 1 if which == "the first process" else None]:
        process.kill()
    with EmbeddedPostgres(root) as other:
        assert read(other) == [1]
        write(server, 3)  # and who was there before can go on
    server.release()
    unfinished.close()
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_release_after_the_server_was_killed_tidies_up(root: Path):
    server = EmbeddedPostgres(root).start()
    end_all(root)
    server.release()
    assert {p.name for p in root.iterdir()} == AT_REST
    assert not (root / "pgdata" / "postmaster.pid").exists()


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4])
def test_a_killed_first_start_does_not_spoil_the_next(tmp_path: Path, seconds: float):
    root = tmp_path / "db"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until(lambda: any(root.glob("pgdata.new-*")) or (root / "pgdata").exists())
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        assert read(server) == [1]
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_an_initdb_that_outlives_its_python_does_no_harm(tmp_path: Path):
    root = tmp_path / "db"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE
    )
    wait_until(lambda: any(root.glob("pgdata.new-*")))
    process.kill()  # its initdb goes on
    process.communicate()
    with EmbeddedPostgres(root) as server:
        write(server, 1)
    with EmbeddedPostgres(root) as server:
        assert read(server) == [1]
    assert {p.name for p in root.iterdir()} == AT_REST


def test_a_number_that_is_another_programs_by_now_is_not_believed(
    root: Path, bystander: psutil.Popen
):
    _write_pid_file(root, str(bystander.pid))
    with EmbeddedPostgres(root) as server:
        write(server, 1)
    assert not processes_of(root)


def test_a_socket_lock_with_another_programs_number_is_not_believed(
    root: Path, bystander: psutil.Popen
):
    folder = root / "run"
    folder.mkdir(mode=0o700)
    (folder / ".s.PGSQL.5432").touch()
    (folder / ".s.PGSQL.5432.lock").write_text(f"{bystander.pid}\n{root}/pgdata\n")
    with EmbeddedPostgres(root) as server:
        server.cluster.connect().close()


def test_a_server_of_another_folder_is_not_taken_for_ours(root: Path, tmp_path: Path):
    other = tmp_path / "other"
    shutil.copytree(root, other)
    with EmbeddedPostgres(other) as server:
        write(server, 1)
        _write_pid_file(root, (other / "pgdata" / "postmaster.pid").read_text())
        with EmbeddedPostgres(root) as ours:
            write(ours, 2)
            assert read(ours) == [2]
        assert read(server) == [1]


@pytest.mark.parametrize("content", ["", "12", "not a number\n"])
def test_a_broken_pid_file_does_not_keep_it_from_starting(root: Path, content: str):
    _write_pid_file(root, content)
    with EmbeddedPostgres(root) as server:
        write(server, 1)
    assert not processes_of(root)


def test_a_pid_file_that_breaks_while_it_runs_does_not_keep_it_from_stopping(
    root: Path,
):
    server = EmbeddedPostgres(root).start()
    (root / "pgdata" / "postmaster.pid").write_text("")
    with EmbeddedPostgres(root) as other:
        write(other, 1)
    server.release()
    assert not processes_of(root)


def test_a_server_that_cannot_start_says_why_and_leaves_no_lock(root: Path):
    control = root / "pgdata" / "global" / "pg_control"
    control.chmod(0o600)
    control.write_bytes(bytes(8192))
    for _ in range(2):
        with pytest.raises(ConnectionFailed) as error:
            EmbeddedPostgres(root).start()
        assert "did not start: FATAL: database files are incom" in str(error.value)
        assert f"the whole log is '{root}/server.log'" in str(error.value)
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_another_process_that_holds_the_lock_is_waited_for_then_named(root: Path):
    code = """
import sys
from pathlib import Path
from labdata_napari.core.locks import FileLock
FileLock(Path(sys.argv[1]) / "start.lock").acquire()
print("started", flush=True)
sys.stdin.read()
"""
    with another_process(root, code):
        began = time.monotonic()
        with pytest.raises(WriteRefused, match="has been starting or stopping"):
            EmbeddedPostgres(root, patience=0.3).start()
        assert time.monotonic() - began < 5
    with EmbeddedPostgres(root) as server:
        write(server, 1)


def test_a_server_that_does_not_answer_is_not_started_twice(root: Path):
    server = EmbeddedPostgres(root).start()
    (process, *_) = processes_of(root)
    process.suspend()
    try:
        with pytest.raises(ConnectionFailed, match="running but does not answer"):
            EmbeddedPostgres(root, patience=0.2).start()
        assert EmbeddedPostgres(root).status().state == "not answering"
    finally:
        process.resume()
    server.release()
    assert not processes_of(root)


def test_a_folder_in_use_on_another_computer_is_refused(root: Path):
    from labdata_napari.core.locks import FileLock

    lock = FileLock(root / "server.lock")
    lock.acquire()
    os.write(lock.fileno(), b"rig-3")
    with pytest.raises(WriteRefused, match="in use on the computer 'rig-3'"):
        EmbeddedPostgres(root).start()
    lock.discard()
    with EmbeddedPostgres(root) as server:
        write(server, 1)


def test_a_lost_password_is_a_sentence_and_breaks_nothing(root: Path):
    password = (root / "password").read_text()
    (root / "password").unlink()
    with pytest.raises(ConnectionFailed, match="password of the local database"):
        EmbeddedPostgres(root).start()
    (root / "password").write_text(password)
    with EmbeddedPostgres(root) as server:
        write(server, 1)


def test_a_database_of_a_version_that_is_not_installed_is_left_alone(root: Path):
    (root / "pgdata" / "PG_VERSION").write_text("11\n")
    with pytest.raises(ConnectionFailed, match=r"made by PostgreSQL 11, and only"):
        EmbeddedPostgres(root).start()


def test_a_file_in_the_way_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteRefused, match=r"file/db' was not written"):
        EmbeddedPostgres(tmp_path / "file" / "db").start()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 150 MB of one's own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=150m", "labdata-test", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_at_the_first_start_leaves_nothing(small_disk: Path):
    with _filled(small_disk, leave=10 * 2**20):
        with pytest.raises(WriteRefused, match="because the disk is full"):
            EmbeddedPostgres(small_disk / "db").start()
        assert not any((small_disk / "db").glob("pgdata*"))
    with EmbeddedPostgres(small_disk / "db") as server:
        write(server, 1)


def test_a_full_disk_later_keeps_what_was_committed(small_disk: Path):
    import psycopg2

    root = small_disk / "db"
    with EmbeddedPostgres(root) as server:
        write(server, 1)
    with _filled(small_disk, leave=0), pytest.raises(WriteRefused, match="full"):
        EmbeddedPostgres(root).start()
    with EmbeddedPostgres(root) as server:
        connection = server.cluster.connect(DATABASE)
        with pytest.raises(psycopg2.errors.DiskFull):
            connection.cursor().execute(
                "CREATE TABLE big AS SELECT repeat('x', 1000) "
                "FROM generate_series(1, 200000)"
            )
        connection.close()
        assert read(server) == [1]
    assert not processes_of(root)


@contextlib.contextmanager
def _filled(disk: Path, leave: int) -> Iterator[None]:
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free
    filler.write_bytes(bytes(max(free - leave, 0)))
    try:
        yield
    finally:
        filler.unlink()


def _write_pid_file(root: Path, content: str) -> None:
    (root / "pgdata" / "postmaster.pid").write_text(content)
