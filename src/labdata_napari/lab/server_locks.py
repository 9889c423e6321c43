"""Locks that a database server keeps: for all machines that use one lab.

A lab's own tables have no place for who is computing what, and none may be added. Both
servers have locks by name for such a purpose (MySQL's and MariaDB's `GET_LOCK`,
PostgreSQL's advisory locks), which need no table and no right. Such a lock belongs to a
connection and ends with it, so a process that dies, however it dies, frees its lock at
once, and a machine that vanishes from the network as soon as the server misses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from typing import TYPE_CHECKING, Any

import psycopg2
import pymysql

from labdata_napari.errors import ConnectionLost, LabdataError
from labdata_napari.lab.failures import translate_errors

if TYPE_CHECKING:
    from labdata_napari.lab.connections import Connection
    from labdata_napari.lab.wires import Wire

_log = logging.getLogger(__name__)

# A server may take a connection that says nothing for this long for dead; we say
# something often enough not to be.
_MISSED_AFTER_S = 120
_BEAT_S = 30.0
_DRIVERS = (psycopg2.Error, pymysql.err.Error)


class ServerLock:
    """A lock by name on a database server, held alone, on a connection of its own.

    On PostgreSQL it is seen within one database, on MySQL on the whole server. Where a
    server refuses such locks (clusters of several MySQL servers do) `acquire` says
    that it was obtained: what else keeps two apart has to do then.

    Parameters
    ----------
    connection
        Of the lab; only its address and login are used.
    name
        What is locked, of any length.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._is_mysql = connection.adapter.backend == "mysql"
        digest = hashlib.sha256(name.encode()).digest()
        # at most 64 signs, and a signed number of 64 bits
        self._name: str | int = f"labdata-napari {digest.hex()[:40]}"
        if not self._is_mysql:
            self._name = int.from_bytes(digest[:8], signed=True)
        self._one_at_a_time = threading.Lock()
        self._driver: Any = None
        self._wire: Wire | None = None
        self._refused = False
        self._over = threading.Event()

    def acquire(self) -> bool:
        """Take the lock, without waiting for it.

        Returns
        -------
        bool
            Whether it was obtained; also when it is held already.

        Raises
        ------
        ConnectionFailed
            When the server cannot be reached.
        """
        if self.held():
            return True
        with self._one_at_a_time, translate_errors("Taking the lock of a computation"):
            self._close()
            self._driver, self._wire = self._connection.open_another()
            self._introduce()
            try:
                obtained = self._take()
            except BaseException:
                self._close()
                raise
            if not obtained:
                self._close()
                return False
        self._over = threading.Event()
        threading.Thread(
            target=self._beat, args=(self._over,), name="labdata-lock", daemon=True
        ).start()
        return True

    def held(self) -> bool:
        """Ask the server whether the lock is still ours.

        It is not when the connection broke, or this computer slept too long.
        """
        with self._one_at_a_time:
            if self._driver is None:
                return False
            try:
                return self._refused or self._is_ours()
            except _DRIVERS:
                return False

    def release(self) -> None:
        """Give the lock back; may be repeated."""
        self._over.set()
        with self._one_at_a_time:
            if self._driver is not None and self._is_mysql and not self._refused:
                # a server ends a connection that was closed in its own time
                with contextlib.suppress(*_DRIVERS):
                    self._ask("SELECT RELEASE_LOCK(%s)", self._name)
            elif self._driver is not None and not self._refused:
                with contextlib.suppress(*_DRIVERS):
                    self._ask("SELECT pg_advisory_unlock(%s)", self._name)
            self._close()

    # -- one at a time

    def _introduce(self) -> None:
        """Have the server notice within minutes when we have vanished."""
        if self._is_mysql:
            self._ask(f"SET SESSION wait_timeout = {_MISSED_AFTER_S}")
            return
        for name, value in (
            ("application_name", "labdata-napari (computing)"),
            ("idle_session_timeout", f"{_MISSED_AFTER_S}s"),
            ("tcp_keepalives_idle", "30"),
            ("tcp_keepalives_interval", "10"),
            ("tcp_keepalives_count", "3"),
        ):
            # a server that is too old for one of them
            with contextlib.suppress(psycopg2.ProgrammingError):
                self._ask("SELECT set_config(%s, %s, false)", name, value)

    def _take(self) -> bool:
        function = "GET_LOCK(%s, 0)" if self._is_mysql else "pg_try_advisory_lock(%s)"
        try:
            with translate_errors("Taking the lock of a computation"):
                return bool(self._ask(f"SELECT {function}", self._name))
        except ConnectionLost:
            raise
        except LabdataError as error:
            _log.warning("The database server gives no locks. %s", error)
            self._refused = True
            return True

    def _is_ours(self) -> bool:
        if self._is_mysql:
            asked = "SELECT IS_USED_LOCK(%s) = CONNECTION_ID()"
            return bool(self._ask(asked, self._name))
        # it is the connection's as long as there is the connection
        return bool(self._ask("SELECT 1"))

    def _ask(self, statement: str, *values: Any) -> Any:
        with self._driver.cursor() as cursor:
            cursor.execute(statement, values or None)
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def _close(self) -> None:
        driver, self._driver = self._driver, None
        wire, self._wire = self._wire, None
        if driver is not None:
            with contextlib.suppress(*_DRIVERS):
                driver.close()
        if wire is not None:
            wire.close()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(_BEAT_S):
            if not self.held():
                return
