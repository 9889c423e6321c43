"""Backups of the embedded database, and what goes wrong with them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from embedded_servers import AT_REST, processes_of, read, wait_until, write
from labdata_napari.errors import (
    ConnectionFailed,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.embedded import DATABASE, EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(root: Path) -> Iterator[EmbeddedPostgres]:
    """A running database with one row."""
    with EmbeddedPostgres(root) as made:
        write(made, 1)
        yield made


def databases(server: EmbeddedPostgres) -> set[str]:
    with contextlib.closing(server.cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {name for (name,) in cursor}


def test_a_backup_restores_the_rows_it_saw(server: EmbeddedPostgres, tmp_path: Path):
    dump = server.backup(tmp_path / "lab.dump")
    assert (dump.tables, dump.size) == (1, (tmp_path / "lab.dump").stat().st_size)
    write(server, 2)
    restored = server.restore(tmp_path / "lab.dump")
    assert restored.tables == 1
    assert read(server) == [1]
    assert databases(server) == {"postgres", DATABASE}
    # what was there before is not lost
    server.restore(restored.before)
    assert read(server) == [1, 2]


def test_a_backup_restores_into_a_new_folder(server: EmbeddedPostgres, tmp_path: Path):
    server.backup(tmp_path / "lab.dump")
    other = EmbeddedPostgres(tmp_path / "other")
    restored = other.restore(tmp_path / "lab.dump")
    assert restored.before is None
    assert not processes_of(other.root)
    with other:
        assert read(other) == [1]


def test_a_backup_works_while_the_database_is_in_use(
    server: EmbeddedPostgres, tmp_path: Path
):
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        connection.cursor().execute("BEGIN; INSERT INTO note VALUES (2)")
        EmbeddedPostgres(server.root).backup(tmp_path / "lab.dump")
        write(server, 3)
        connection.cursor().execute("COMMIT")
    server.restore(tmp_path / "lab.dump")
    assert read(server) == [1]


def test_a_backup_goes_into_any_file_name(server: EmbeddedPostgres, tmp_path: Path):
    folder = tmp_path / "été, 'quoted' $HOME"
    folder.mkdir()
    server.backup(folder / "lab 1.dump")
    server.restore(folder / "lab 1.dump")
    assert read(server) == [1]
    assert [p.name for p in folder.iterdir()] == ["lab 1.dump"]


def test_a_file_that_is_there_is_only_replaced_when_asked(
    server: EmbeddedPostgres, tmp_path: Path
):
    file = tmp_path / "lab.dump"
    file.write_text("precious")
    with pytest.raises(WriteRefused, match="is there already and was not touched"):
        server.backup(file)
    assert file.read_text() == "precious"
    server.backup(file, overwrite=True)
    server.restore(file)


def test_a_backup_of_nothing_is_refused(tmp_path: Path):
    with pytest.raises(ConnectionFailed, match="There is no local database in"):
        EmbeddedPostgres(tmp_path / "db").backup(tmp_path / "lab.dump")
    assert not list(tmp_path.iterdir())


def test_a_backup_into_no_folder_is_refused(server: EmbeddedPostgres, tmp_path: Path):
    with pytest.raises(WriteRefused, match="was not written"):
        server.backup(tmp_path / "no folder" / "lab.dump")


def test_a_backup_that_does_not_fit_leaves_the_old_one(
    server: EmbeddedPostgres, tmp_path: Path
):
    with _small_disk(tmp_path / "disk") as disk:
        (disk / "lab.dump").write_text("old")
        with contextlib.closing(server.cluster.connect(DATABASE)) as db:
            db.cursor().execute(
                "CREATE TABLE big AS SELECT md5(n::text) || md5((-n)::text) "
                "FROM generate_series(1, 60000) AS n"
            )
            with pytest.raises(WriteRefused, match="disk is full"):
                server.backup(disk / "lab.dump", overwrite=True)
        assert (disk / "lab.dump").read_text() == "old"
        assert [p.name for p in disk.iterdir()] == ["lab.dump"]


@contextlib.contextmanager
def _small_disk(place: Path):
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "labdata-test", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_missing_backup_is_a_sentence(server: EmbeddedPostgres, tmp_path: Path):
    with pytest.raises(NotFound, match=r"no\.dump' does not exist"):
        server.restore(tmp_path / "no.dump")


def test_a_file_that_is_no_backup_is_refused(server: EmbeddedPostgres, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("bought mice")
    with pytest.raises(UnreadableFile, match="is not a backup of this database"):
        server.restore(tmp_path / "notes.txt")
    assert read(server) == [1]


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99])
def test_a_backup_cut_short_is_refused_and_changes_nothing(
    kept: float, server: EmbeddedPostgres, tmp_path: Path
):
    file = tmp_path / "lab.dump"
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        connection.cursor().execute(
            "CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 5000) n"
        )
    server.backup(file)
    os.truncate(file, int(file.stat().st_size * kept))
    with pytest.raises(UnreadableFile, match="is damaged or was made by a newer"):
        server.restore(file)
    assert read(server) == [1]
    assert databases(server) == {"postgres", DATABASE}


def test_a_backup_with_a_flipped_byte_is_refused_and_changes_nothing(
    server: EmbeddedPostgres, tmp_path: Path
):
    file = tmp_path / "lab.dump"
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        connection.cursor().execute(
            "CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 5000) n"
        )
    server.backup(file)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match="nothing was restored"):
        server.restore(file)
    assert read(server) == [1]


def test_restoring_is_refused_while_somebody_is_connected(
    server: EmbeddedPostgres, tmp_path: Path
):
    server.backup(tmp_path / "lab.dump")
    write(server, 2)
    with contextlib.closing(server.cluster.connect(DATABASE)):
        with pytest.raises(WriteRefused, match="Nothing was restored: the local"):
            EmbeddedPostgres(server.root).restore(tmp_path / "lab.dump")
        assert read(server) == [1, 2]
        EmbeddedPostgres(server.root).restore(tmp_path / "lab.dump", force=True)
    assert read(server) == [1]


def test_a_killed_restore_keeps_what_was_there(
    server: EmbeddedPostgres, tmp_path: Path
):
    with contextlib.closing(server.cluster.connect(DATABASE)) as connection:
        connection.cursor().execute(
            "CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 300000) n"
        )
    server.backup(tmp_path / "lab.dump")
    code = (
        "import sys\n"
        "from labdata_napari.lab.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(sys.argv[1]).restore(sys.argv[2])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, server.root, tmp_path / "lab.dump"],
        start_new_session=True,
    )
    wait_until(lambda: any((server.root / "backups").glob("*.dump")))
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert read(server) == [1]
    wait_until(lambda: not _at_work(server))  # a statement outlives who sent it
    server.restore(tmp_path / "lab.dump")
    assert databases(server) == {"postgres", DATABASE}


def _at_work(server: EmbeddedPostgres) -> int:
    with contextlib.closing(server.cluster.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid <> pg_backend_pid()"
        )
        return cursor.rowcount


def test_two_restores_at_once_are_refused(server: EmbeddedPostgres, tmp_path: Path):
    server.backup(tmp_path / "lab.dump")
    with contextlib.closing(server.cluster.connect()) as other:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", (0x2E5702E,))
        with pytest.raises(WriteRefused, match="another backup is being restored"):
            server.restore(tmp_path / "lab.dump")
    server.restore(tmp_path / "lab.dump")


def test_backups_leave_nothing_beside_them(server: EmbeddedPostgres, tmp_path: Path):
    server.backup(tmp_path / "lab.dump")
    server.restore(tmp_path / "lab.dump")
    server.release()
    assert {p.name for p in server.root.iterdir()} == AT_REST | {"backups"}
    assert (tmp_path / "lab.dump").stat().st_mode & 0o077 == 0
    shutil.rmtree(server.root / "backups")
