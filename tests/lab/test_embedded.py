"""The embedded database: where it can lie, who starts it and who stops it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from embedded_servers import (
    AT_REST,
    HOLD,
    another_process,
    processes_of,
    read,
    wait_until,
    write,
)
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.cluster import Cluster
from labdata_napari.lab.embedded import EmbeddedPostgres, default_root

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = {
    "spaces and accents": "Application Support/données µm 脳",
    "what a shell reads": "the $HOME `id` %d 'lab' \"data\"",
    "what libpq reads": "Smith, Jones a:b c\\d",
    "long": "n" * 120,
}


def test_a_new_folder_becomes_a_database_and_leaves_nothing_running(tmp_path: Path):
    root = tmp_path / "not" / "there yet"
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        assert read(server) == [1]
        assert processes_of(root)
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST
    assert root.stat().st_mode & 0o077 == 0
    assert (root / "password").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", FOLDERS.values(), ids=FOLDERS.keys())
def test_it_works_in_any_folder_and_keeps_its_rows(
    name: str, finished_root: Path, tmp_path: Path
):
    root = tmp_path / name / "db"
    shutil.copytree(finished_root, root)
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        sockets = server.cluster.socket_folder
    with EmbeddedPostgres(root) as server:
        assert read(server) == [1]
    assert {p.name for p in root.iterdir()} == AT_REST
    assert not sockets.exists()


def test_a_folder_named_in_two_ways_is_one_database(root: Path, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(root)
    with EmbeddedPostgres(root) as server, EmbeddedPostgres(link) as other:
        write(server, 1)
        assert read(other) == [1]


def test_the_last_process_to_leave_stops_the_server(root: Path):
    server = EmbeddedPostgres(root)
    with another_process(root):
        server.start()
        server.release()
        assert processes_of(root)
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_a_process_that_stays_keeps_the_server(root: Path):
    server = EmbeddedPostgres(root).start()
    with another_process(root):
        pass
    write(server, 1)
    server.release()
    assert not processes_of(root)


def test_two_users_in_one_process_count_as_two(root: Path):
    first, second = EmbeddedPostgres(root).start(), EmbeddedPostgres(root).start()
    first.release()
    first.release()
    write(second, 1)
    second.release()
    assert not processes_of(root)


def test_starting_twice_is_starting_once(root: Path):
    server = EmbeddedPostgres(root).start().start()
    server.release()
    assert not processes_of(root)


def test_four_first_starts_at_once_make_one_database(tmp_path: Path):
    root = tmp_path / "db"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [process.stdout.readline() for process in started]
    answers = EmbeddedPostgres(root).status()
    for process in started:
        process.communicate()
    assert said == ["started\n"] * 4
    assert answers.state == "running"
    assert [process.returncode for process in started] == [0] * 4
    assert not processes_of(root)
    assert {p.name for p in root.iterdir()} == AT_REST


def test_a_process_that_forgets_to_release_leaves_nothing(root: Path):
    code = HOLD.replace("sys.stdin.read()", "")
    subprocess.run([sys.executable, "-c", code, root], check=True, capture_output=True)
    assert not processes_of(root)


def test_a_forked_child_does_not_stop_the_server_of_its_parent(root: Path):
    code = HOLD.replace(
        "sys.stdin.read()",
        "import os\n"
        "child = os.fork()\n"
        "if not child: sys.exit()\n"  # runs what its parent registered for the end
        "os.waitpid(child, 0)\n"
        "print(server.status().state)",
    )
    done = subprocess.run(
        [sys.executable, "-c", code, root], check=True, capture_output=True, text=True
    )
    assert done.stdout == "started\nrunning\n"
    assert not processes_of(root)


def test_it_runs_on_alone_when_told_to_until_it_is_stopped(root: Path):
    EmbeddedPostgres(root).start(keep=True).release()
    with EmbeddedPostgres(root):
        pass
    status = EmbeddedPostgres(root).status()
    assert (status.state, status.kept) == ("running", True)
    assert EmbeddedPostgres(root).stop()
    assert EmbeddedPostgres(root).status().state == "stopped"
    assert {p.name for p in root.iterdir()} == AT_REST
    # and does not remember it for the next time
    with EmbeddedPostgres(root):
        pass
    assert not processes_of(root)


def test_stopping_is_refused_while_others_use_it(root: Path):
    server = EmbeddedPostgres(root).start()
    connection = server.cluster.connect()
    with pytest.raises(WriteRefused, match="in use by labdata-napari; close it, or"):
        EmbeddedPostgres(root).stop()
    write(server, 1)
    connection.close()
    server.release()


def test_a_refused_stop_leaves_its_own_hold(root: Path):
    server = EmbeddedPostgres(root).start()
    other = EmbeddedPostgres(root).start()
    with pytest.raises(WriteRefused, match="in use by another process"):
        server.stop()
    other.release()
    write(server, 1)
    server.release()
    assert not processes_of(root)


def test_stopping_by_force_disconnects_and_keeps_what_was_committed(root: Path):
    with another_process(root):
        server = EmbeddedPostgres(root)
        write(server, 7)
        assert server.stop(force=True)
        assert not processes_of(root)
    with EmbeddedPostgres(root) as server:
        assert read(server) == [7]


def test_stopping_what_does_not_run_says_so(root: Path, tmp_path: Path):
    assert not EmbeddedPostgres(root).stop()
    assert not EmbeddedPostgres(tmp_path / "nothing").stop()
    assert not (tmp_path / "nothing").exists()


def test_the_status_follows_the_server(root: Path, tmp_path: Path):
    assert EmbeddedPostgres(tmp_path / "nothing").status().state == "not created"
    server = EmbeddedPostgres(root)
    assert server.status().state == "stopped"
    server.start()
    status = server.status()
    assert status.state == "running"
    assert int(status.version.split(".")[0]) >= 17
    assert status.size > 10**6
    server.release()
    assert server.status().state == "stopped"


def test_a_server_that_stops_while_it_is_looked_at_is_stopped(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    server = EmbeddedPostgres(root)
    monkeypatch.setattr(server.cluster, "answers", lambda: True)  # a moment ago
    assert server.status().state == "stopped"


def test_only_its_owner_can_reach_it(root: Path):
    with EmbeddedPostgres(root) as server:
        folder = server.cluster.socket_folder
        assert folder.stat().st_mode & 0o077 == 0
        with server.cluster.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW listen_addresses")
            assert cursor.fetchone() == ("",)
            cursor.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
            assert cursor.fetchall() == [("scram-sha-256",)]
        connection.close()


def test_the_default_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LABDATA_NAPARI_HOME", str(tmp_path / "here"))
    assert default_root() == tmp_path / "here" / "db"
    monkeypatch.delenv("LABDATA_NAPARI_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_root().parts[-2:] == ("labdata-napari", "db")


def test_variables_of_postgresql_in_the_environment_change_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in {
        "PGPORT": "1",
        "PGHOST": "192.0.2.1",
        "PGDATA": "/nowhere",
        "PGUSER": "somebody",
        "PGSSLMODE": "verify-full",
        "LC_ALL": "xx_XX.nonsense",
    }.items():
        monkeypatch.setenv(name, value)
    with EmbeddedPostgres(root) as server:
        write(server, 1)
        assert read(server) == [1]


def test_a_folder_that_vanished_does_not_trouble_the_end(root: Path):
    server = EmbeddedPostgres(root).start()
    (process, *_) = processes_of(root)
    shutil.rmtree(root)
    server.release()
    process.kill()
    wait_until(lambda: not processes_of(root))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /tmp")
def test_no_password_is_told_to_a_server_that_somebody_else_put_there(tmp_path: Path):
    cluster = Cluster(tmp_path / ("n" * 120))
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").touch()
    (cluster.root / "password").touch()
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o777)
    cluster.socket_folder.symlink_to(theirs)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as trap:
        try:
            trap.bind(str(cluster.socket_folder / ".s.PGSQL.5432"))
            trap.listen()
            trap.setblocking(False)
            assert not cluster.answers()
            with pytest.raises(BlockingIOError):
                trap.accept()
            cluster.tidy()
            assert (theirs / ".s.PGSQL.5432").exists()
        finally:
            cluster.socket_folder.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /tmp")
def test_a_socket_folder_prepared_by_somebody_else_is_refused(
    finished_root: Path, tmp_path: Path
):
    root = tmp_path / ("n" * 120)
    shutil.copytree(finished_root, root)
    server = EmbeddedPostgres(root)
    folder = server.cluster.socket_folder
    folder.mkdir()
    (folder / "trap").touch()
    folder.chmod(0o777)
    try:
        with pytest.raises(WriteRefused, match="belongs to somebody else or is open"):
            server.start()
        assert (folder / "trap").exists()
    finally:
        shutil.rmtree(folder)
