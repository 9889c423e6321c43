"""Backups of an embedded database: every row in one file, and back again."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import psycopg2

from labdata_napari.errors import (
    ConnectionFailed,
    NotFound,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.cluster import DATABASE, USER
from labdata_napari.lab.copying import writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.cluster import Cluster
    from labdata_napari.lab.postgres_binaries import Programs

_MAGIC = b"PGDMP"  # how pg_dump's own format begins
_LOCK = 0x2E5702E  # any number; all our processes must agree on it


@dataclass(frozen=True)
class Dump:
    """A finished backup.

    Attributes
    ----------
    file
        Where it lies.
    size
        Bytes.
    tables
        How many tables it holds.
    """

    file: Path
    size: int
    tables: int


@dataclass(frozen=True)
class Restored:
    """A finished restore.

    Attributes
    ----------
    tables
        How many tables the database has now.
    before
        A backup of what was there before; None when nothing was.
    """

    tables: int
    before: Path | None


def dump(cluster: Cluster, file: Path, overwrite: bool = False) -> Dump:
    """Write the lab's database to a file, complete or not at all.

    Raises
    ------
    WriteRefused
        When the file is there and not to be replaced, or cannot be written.
    """
    if file.exists() and not overwrite:
        raise WriteRefused(
            f"'{file}' is there already and was not touched; choose another name, or "
            "--overwrite."
        )
    token = secrets.token_hex(4)
    # The account pg_dump runs as may not reach the file, and to a stream it writes
    # less than to a file; so it writes beside the database, and we carry it over.
    raw = cluster.root / f"dump.part-{token}"
    part = file.with_name(f".{file.name}.{token}.part")
    host, port = cluster.address
    with _refusing(file), writing(file), _removed(raw, part):
        os.close(os.open(raw, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        code, output = cluster.programs.run(
            *("pg_dump", "--format=custom", "--no-owner", "--no-password"),
            *(f"--host={host}", f"--port={port}", f"--username={USER}"),
            *(f"--file={raw}", DATABASE),
            password=cluster.password,
        )
        if code:
            raise _failed(f"The backup '{file}' was not written", output)
        _copy_private(raw, part)
        tables = _count_tables(cluster, DATABASE)
        os.replace(part, file)
    return Dump(file, file.stat().st_size, tables)


def check(file: Path, programs: Programs) -> None:
    """Refuse a file that is not a backup; a cheap look at its beginning and list.

    Raises
    ------
    NotFound
        When it does not exist.
    UnreadableFile
        When it is something else, cut short before its data, or made by a newer
        version.
    """
    with _reading(file) as stream:
        begins = stream.read(len(_MAGIC))
    if begins != _MAGIC:
        raise UnreadableFile(
            f"'{file}' is not a backup of this database; give a file that "
            "'labdata-napari db backup' has written."
        )
    with _reading(file) as stream:
        code, output = programs.run("pg_restore", "--list", source=stream)
    if code:
        raise _damaged(file, output)


def restore(cluster: Cluster, file: Path, force: bool = False) -> Restored:
    """Put a checked backup in place of the lab's database.

    Raises
    ------
    UnreadableFile
        When it is damaged; the database is as it was.
    WriteRefused
        When others are connected, or the disk is full; the database is as it was.
    """
    new = f"{DATABASE}_new_{secrets.token_hex(4)}"
    old = f"{DATABASE}_old_{secrets.token_hex(4)}"
    with _refusing(file), contextlib.closing(cluster.connect()) as connection:
        cursor = connection.cursor()
        _refuse_second(cursor, cluster)
        _drop_left_behind(cursor)
        if not force:
            _refuse_if_used(cursor, cluster)
        before = _save_present(cluster)
        cursor.execute(f'CREATE DATABASE "{new}" TEMPLATE template0')
        try:
            _load(cluster, file, new)
            tables = _count_tables(cluster, new)
            if force:
                _disconnect(cursor)
            _swap(cursor, cluster, new, old)
        except BaseException:
            cursor.execute(f'DROP DATABASE IF EXISTS "{new}" WITH (FORCE)')
            raise
        cursor.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
    return Restored(tables, before)


def _load(cluster: Cluster, file: Path, database: str) -> None:
    host, port = cluster.address
    with _reading(file) as stream:
        code, output = cluster.programs.run(
            *("pg_restore", "--exit-on-error", "--no-owner", "--single-transaction"),
            *("--no-password", f"--host={host}", f"--port={port}"),
            *(f"--username={USER}", f"--dbname={database}"),
            password=cluster.password,
            source=stream,
        )
    if code and "No space left on device" in output:
        raise _failed(f"The backup '{file}' was not restored", output)
    if code:
        raise _damaged(file, output)


def _swap(cursor: Any, cluster: Cluster, new: str, old: str) -> None:
    try:
        cursor.execute(
            f'BEGIN; ALTER DATABASE "{DATABASE}" RENAME TO "{old}"; '
            f'ALTER DATABASE "{new}" RENAME TO "{DATABASE}"; COMMIT'
        )
    except psycopg2.errors.ObjectInUse as error:
        cursor.execute("ROLLBACK")
        raise _in_use(cluster) from error


def _save_present(cluster: Cluster) -> Path | None:
    """Save what is there: restoring the wrong file must not lose anything."""
    if not _count_tables(cluster, DATABASE):
        return None
    # Never over an earlier one: it may be the very backup that is being restored.
    stamp = f"{time.strftime('%Y%m%d_%H%M%S')}_{secrets.token_hex(2)}"
    file = cluster.root / "backups" / f"before_restore_{stamp}.dump"
    with writing(file.parent):
        file.parent.mkdir(mode=0o700, exist_ok=True)
    return dump(cluster, file, overwrite=False).file


def _count_tables(cluster: Cluster, database: str) -> int:
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE tablename NOT LIKE '~%%' AND "
            "schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return int(cursor.fetchone()[0])


def _refuse_second(cursor: Any, cluster: Cluster) -> None:
    """Lock out other restores until this connection closes."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))
    if not cursor.fetchone()[0]:
        raise WriteRefused(
            f"Nothing was restored: another backup is being restored in "
            f"'{cluster.root}'; wait for it and try again."
        )


def _refuse_if_used(cursor: Any, cluster: Cluster) -> None:
    cursor.execute(
        "SELECT FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        (DATABASE,),
    )
    if cursor.rowcount:
        raise _in_use(cluster)


def _in_use(cluster: Cluster) -> WriteRefused:
    return WriteRefused(
        f"Nothing was restored: the local database in '{cluster.root}' is in use; "
        "close napari and other programs that use it, or cut them off with --force."
    )


def _disconnect(cursor: Any) -> None:
    cursor.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid()",
        (DATABASE,),
    )


def _drop_left_behind(cursor: Any) -> None:
    """Remove what a killed restore left; the swap itself is never half done."""
    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname ~ %s",
        (f"^{DATABASE}_(new|old)_[0-9a-f]{{8}}$",),
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _damaged(file: Path, output: str) -> UnreadableFile:
    return UnreadableFile(
        f"The backup '{file}' is damaged or was made by a newer version, and nothing "
        f"was restored: {_last_line(output)}."
    )


def _failed(what: str, output: str) -> WriteRefused:
    if "No space left on device" in output:
        return WriteRefused(
            f"{what} because the disk is full; free some space and try again."
        )
    return WriteRefused(f"{what}: {_last_line(output)}.")


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if "error" in line.lower()]
    return lines[0].partition("error: ")[2] or lines[0] if lines else "no reason given"


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[IO[bytes]]:
    try:
        with open(file, "rb") as stream:
            yield stream
    except FileNotFoundError as error:
        raise NotFound(f"The backup '{file}' does not exist.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnreadableFile(
            f"The backup '{file}' cannot be read: {reason}."
        ) from error


@contextlib.contextmanager
def _refusing(file: Path) -> Iterator[None]:
    """Make sentences of what the server says about the jobs around a backup."""
    try:
        yield
    except psycopg2.errors.DiskFull as error:
        raise WriteRefused(
            f"The disk is full, so '{file}' was neither saved nor restored; free some "
            "space and try again."
        ) from error
    except psycopg2.Error as error:
        raise ConnectionFailed(
            f"The local database gave up while working on '{file}' "
            f"({str(error).strip().splitlines()[0]}); try again."
        ) from error


@contextlib.contextmanager
def _removed(*parts: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _copy_private(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(source, "rb") as reader, open(descriptor, "wb") as writer:
        shutil.copyfileobj(reader, writer, 2**20)
        writer.flush()
        os.fsync(writer.fileno())
