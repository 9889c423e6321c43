"""The embedded database: a PostgreSQL of one's own that comes and goes by itself.

The first process that needs it starts it, the last one stops it. Each holds a
shared file lock meanwhile, which the system drops also when the process is killed:
there is no list of users that could be wrong.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg2

from labdata_napari import settings
from labdata_napari.core.locks import FileLock
from labdata_napari.errors import ConnectionFailed, LabdataError, WriteRefused
from labdata_napari.lab import dumps
from labdata_napari.lab.cluster import DATABASE, USER, Cluster, refused
from labdata_napari.lab.copying import writing
from labdata_napari.lab.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DATABASE", "EmbeddedPostgres", "EmbeddedStatus", "default_root"]


def default_root() -> Path:
    """Return the folder of the embedded database when none is named."""
    return settings.data_home() / "db"


@dataclass(frozen=True)
class EmbeddedStatus:
    """What there is to know about an embedded database.

    Attributes
    ----------
    root
        Its folder.
    state
        ``"not created"``, ``"stopped"``, ``"running"`` or ``"not answering"``.
    version
        Of PostgreSQL, as ``"18.4"``; None unless running.
    size
        Bytes of the databases; None unless running.
    clients
        Who is connected, as ``"labdata-napari (process 1234)"``.
    kept
        Whether it goes on running when nobody uses it, until it is told to stop.
    """

    root: Path
    state: str
    version: str | None = None
    size: int | None = None
    clients: tuple[str, ...] = ()
    kept: bool = False


class EmbeddedPostgres:
    """A local PostgreSQL in one folder, shared by all processes of one person.

    Parameters
    ----------
    root
        Its folder; made when missing. On a local disk, not a network one.
    patience
        Seconds to wait for other processes that start or stop it, and for the
        server itself, before giving up.

    Examples
    --------
    >>> with EmbeddedPostgres(default_root()) as server:  # doctest: +SKIP
    ...     instance = server.instance()
    """

    def __init__(self, root: Path | str, patience: float = 60.0) -> None:
        self.root = settings.absolute(root)
        self.cluster = Cluster(self.root)
        self.server = Server(self.cluster)
        self._patience = patience
        self._using = FileLock(self.root / "users.lock")
        self._process = os.getpid()

    def __enter__(self) -> EmbeddedPostgres:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.release()

    def start(self, keep: bool = False) -> EmbeddedPostgres:
        """Use the database: start it unless it runs, and hold it until `release`.

        Parameters
        ----------
        keep
            Let it run after the last user left, until `stop` or a restart of the
            computer.

        Returns
        -------
        EmbeddedPostgres
            This object.

        Raises
        ------
        WriteRefused
            When the folder cannot be written, the disk is full, or another process
            keeps the folder locked.
        ConnectionFailed
            When the server does not start.
        """
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._alone():
                # stop() takes this lock too, so it is free while we are alone
                self._using.acquire(shared=True, patience=1.0)
                try:
                    self._run()
                    if keep:
                        self._kept_mark.touch(mode=0o600)
                except LabdataError:
                    self._leave(stop=False)  # nothing of ours runs
                    raise
                except psycopg2.Error as error:
                    self._leave()
                    what = f"The local database in '{self.root}' was not made"
                    raise refused(what, str(error)) from error
                except BaseException:
                    self._leave()
                    raise
        atexit.register(self.release)
        return self

    def release(self) -> None:
        """Leave the database; the last one to leave stops the server.

        Does nothing when it is not in use, so it may be called twice.
        """
        if not self._using.held or os.getpid() != self._process:
            return  # a forked child inherits this object but not the right to stop
        atexit.unregister(self.release)
        # The last hold is dropped in any case: when the folder is gone, or another
        # process keeps it locked, that one or the server itself sees to the rest.
        if self.root.is_dir():
            with (
                contextlib.suppress(WriteRefused),
                writing(self.root),
                self._alone(),
            ):
                self._leave()
        self._using.release()

    def stop(self, force: bool = False) -> bool:
        """Stop the server.

        Parameters
        ----------
        force
            Also when other processes use it: their connections break, and what
            they have not committed is lost.

        Returns
        -------
        bool
            Whether it was running.

        Raises
        ------
        WriteRefused
            When others use it and `force` is not given.
        """
        if not self.cluster.exists:
            return False
        with writing(self.root), self._alone():
            self._using.release()
            if not self._using.acquire() and not force:
                self._using.acquire(shared=True)
                raise WriteRefused(
                    f"The local database in '{self.root}' is in use by "
                    f"{', '.join(self._clients()) or 'another process'}; close it, or "
                    "stop it all the same with --force."
                )
            try:
                running = self.server.alive()
                self.server.stop()
            finally:
                self._using.discard()
            self._kept_mark.unlink(missing_ok=True)
        return running

    def status(self) -> EmbeddedStatus:
        """Look at the database without starting or waiting for anything."""
        if not self.cluster.exists:
            return EmbeddedStatus(self.root, "not created")
        measured = self._measured() if self.cluster.answers() else None
        if measured is None:
            state = "not answering" if self.server.alive() else "stopped"
            return EmbeddedStatus(self.root, state)
        kept = self._kept_mark.exists()
        return EmbeddedStatus(self.root, "running", *measured, self._clients(), kept)

    def parameters(self, database: str = DATABASE) -> dict[str, Any]:
        """Return what a DataJoint `Instance` needs to connect.

        Parameters
        ----------
        database
            Name of the database inside the server.
        """
        host, port = self.cluster.address
        return {
            "host": host,
            "port": port,
            "user": USER,
            "password": self.cluster.password,
            "use_tls": False,
            "backend": "postgresql",
            "database__name": database,
        }

    def instance(self, database: str = DATABASE) -> Any:
        """Connect with DataJoint; the server must have been started.

        Returns
        -------
        datajoint.Instance
            A connection of its own, for one thread.
        """
        from labdata_napari.lab.instances import new_instance

        return new_instance(**self.parameters(database))

    def backup(self, file: Path | str, overwrite: bool = False) -> dumps.Dump:
        """Save every row to one file; the pixels in ``files`` are not in it.

        Parameters
        ----------
        file
            Where to; appears complete or not at all.
        overwrite
            Replace a file that is there.

        Raises
        ------
        WriteRefused
            When the file is there, cannot be written, or the disk is full.
        ConnectionFailed
            When there is no database yet or it does not start.
        """
        self.require_created()
        with self._held():
            return dumps.dump(self.cluster, settings.absolute(file), overwrite)

    def restore(self, file: Path | str, force: bool = False) -> dumps.Restored:
        """Put every row back as a backup has it, in place of what is there.

        The backup is read into a new database first; only when that is complete
        does it take the place of the present one, which is saved before.

        Parameters
        ----------
        file
            Written by `backup`.
        force
            Break the connections of others instead of refusing.

        Raises
        ------
        NotFound, UnreadableFile
            When there is no such file or it is not a complete backup.
        WriteRefused
            When others are connected, or the disk is full.
        """
        path = settings.absolute(file)
        dumps.check(path, self.cluster.programs)
        with self._held():
            return dumps.restore(self.cluster, path, force)

    def require_created(self) -> None:
        """Raise `ConnectionFailed` when there is no database yet."""
        if not self.cluster.exists:
            raise ConnectionFailed(
                f"There is no local database in '{self.root}' yet; start one with "
                "'labdata-napari db start'."
            )

    # -- inside ----------------------------------------------------------------

    @property
    def _kept_mark(self) -> Path:
        return self.root / "kept-running"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else starts or stops this server meanwhile."""
        lock = FileLock(self.root / "start.lock")
        if not lock.acquire(patience=self._patience):
            raise WriteRefused(
                f"Another process has been starting or stopping the local database in "
                f"'{self.root}' for more than {self._patience:.0f} s; wait for it, or "
                "end it, and try again."
            )
        try:
            yield
        finally:
            lock.discard()

    def _run(self) -> None:
        if not self.cluster.answers():
            self.cluster.remove_leftovers()
            if not self.cluster.exists:
                self.cluster.create()
            self._kept_mark.unlink(missing_ok=True)  # from before a crash
            self.server.start(self._patience)
        with contextlib.closing(self.cluster.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
            if not cursor.rowcount:
                cursor.execute(f'CREATE DATABASE "{DATABASE}"')

    def _leave(self, stop: bool = True) -> None:
        """Give up our hold; stop the server if it was the last one."""
        self._using.release()
        if not self._using.acquire():
            return
        try:
            if stop and not self._kept_mark.exists() and self.cluster.exists:
                self.server.stop()
        finally:
            self._using.discard()

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        """Use the server for one job, whether or not it is in use already."""
        before = self._using.held
        self.start()
        try:
            yield
        finally:
            if not before:
                self.release()

    def _measured(self) -> tuple[str, int] | None:
        """Version and bytes; None when it was told to stop just now."""
        try:
            with contextlib.closing(self.cluster.connect()) as connection:
                cursor = connection.cursor()
                cursor.execute(
                    "SELECT current_setting('server_version'), "
                    "sum(pg_database_size(oid))::bigint FROM pg_database"
                )
                version, size = cursor.fetchone()
        except psycopg2.Error:
            return None
        return version, size

    def _clients(self) -> tuple[str, ...]:
        try:
            with contextlib.closing(self.cluster.connect()) as connection:
                cursor = connection.cursor()
                cursor.execute(
                    "SELECT DISTINCT application_name FROM pg_stat_activity "
                    "WHERE backend_type = 'client backend' "
                    "AND pid <> pg_backend_pid() ORDER BY 1"
                )
                return tuple(name or "an unnamed program" for (name,) in cursor)
        except psycopg2.Error:
            return ()
