"""DataJoint's connection, with an end to every wait and a way back.

DataJoint on its own repeats a statement on a new connection when the old one broke on
MySQL, whether or not the server had carried it out, and never comes back on
PostgreSQL. Here, on both, nothing is ever sent twice; a connection that lay idle is
tried before it is used, and renewed if nobody is there any more; and `reconnect`
brings one back for good, with the table classes that hang on it.

Private names of DataJoint 2.3 that are used here: `_conn`, `_is_closed` and
`_in_transaction` of a connection, and `_create_config`, which an `Instance` calls.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import datajoint as dj
import psycopg2
import pymysql
from datajoint.settings import _create_config

from labdata_napari.errors import ConnectionLost, OutcomeUnknown, WriteRefused
from labdata_napari.lab.failures import translated
from labdata_napari.lab.wires import Login, open_mysql, open_postgresql
from labdata_napari.schema.adapters import Answered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.lab.wires import Wire

# Seconds to wait for rows that somebody else is changing. The servers' own limits
# (none, and 50 s) are made for programs, not for a person in front of a window.
_LOCK_PATIENCE_S = 20
_IDLE_S = 30.0
_PING_S = 5.0
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|COMMIT)\b", re.IGNORECASE)
_CHANGES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|REPLACE|COMMIT|CREATE|ALTER|DROP|TRUNCATE|RENAME|GRANT"
    r"|REVOKE|COMMENT)\b",
    re.IGNORECASE,
)
_ACTED_UPON = (dj.errors.IntegrityError, dj.errors.QuerySyntaxError)
_DATABASE_ERRORS = (dj.DataJointError, psycopg2.Error, pymysql.err.Error)


class Instance(dj.Instance):
    """A DataJoint instance on a connection of our kind."""

    def __init__(
        self,
        host: str,
        user: str,
        password: str | bytes,
        port: int,
        use_tls: Any,
        backend: str,
        database__name: str | None = None,
    ) -> None:
        self.config = _create_config()
        self.config.database.backend = backend
        self.config.database.reconnect = False  # it would send writes twice
        self.config.safemode = False
        self.config.loglevel = "WARNING"
        self.connection = Connection(
            host,
            user,
            password,
            port,
            use_tls,
            database_name=database__name,
            backend=backend,
            config_override=self.config,
        )


class Connection(dj.Connection):
    """A connection to one server, for one thread; `cut` is for any."""

    _in_transaction = False  # DataJoint sets it after it has connected
    _wire: Wire | None = None
    _alive_at = 0.0
    _left_behind: tuple[int, float] | None = None
    _ended = False
    asked_at: float | None = None
    """When what is not answered yet was asked, by `time.monotonic`; for any thread."""

    # -- connecting

    def connect(self) -> None:
        """Connect, say who we are, and how long we wait for locks."""
        self._conn, self._wire = self.open_another()
        self._is_closed = self._ended = False
        self._alive_at = time.time()
        self._introduce()

    def open_another(self) -> tuple[Any, Wire]:
        """Open one more connection of the bare driver, to the same server as the same.

        Raises
        ------
        psycopg2.Error, pymysql.err.Error
            When the server cannot be reached or refuses us.
        """
        info = self.conn_info
        tls = info["ssl_input"]
        login = Login(
            info["host"],
            info["port"],
            info["user"],
            info["passwd"],
            info["database_name"],
            # to MySQL, DataJoint's False means: where the server can
            info.get("ssl") if self._is_mysql or tls is not False else False,
        )
        return open_mysql(login) if self._is_mysql else open_postgresql(login)

    def reconnect(self) -> None:
        """Connect again, with what hangs on this connection; nothing is repeated.

        Raises
        ------
        psycopg2.Error, pymysql.err.Error
            When the server cannot be reached or refuses us.
        """
        self._note_transaction()
        self._drop()
        self.connect()
        self.connection_id = self.adapter.get_connection_id(self._conn)
        self._end_left_behind()

    def close(self) -> None:
        """Close the connection, whatever state it is in; may be repeated."""
        self._ended = True
        self._drop()

    def _drop(self) -> None:
        self._is_closed = True
        if self._conn is not None:
            with contextlib.suppress(psycopg2.Error, pymysql.err.Error):
                self._conn.close()
        if self._wire is not None:
            self._wire.close()

    def cut(self) -> None:
        """Break the connection from any thread: whoever waits on it is told."""
        if self._wire is not None:
            self._wire.cut()

    def check(self) -> None:
        """See that the server is there, if nothing was heard of it for a while.

        Raises
        ------
        ConnectionLost
            When it does not answer, or the connection is known to be broken.
        """
        if self._in_transaction or self._ended:
            return
        # by the clock on the wall: others stand still while a laptop sleeps
        idle = abs(time.time() - self._alive_at) > _IDLE_S
        if self._is_broken or (idle and not self._answers()):
            raise ConnectionLost(
                "The connection to the database was lost while nothing was done on it; "
                "try again in a moment."
            )

    def _answers(self) -> bool:
        impatience = threading.Timer(_PING_S, self.cut)
        impatience.daemon = True
        impatience.start()
        try:
            with self._asking():
                answered = bool(self.adapter.ping(self._conn))
        finally:
            impatience.cancel()
        if answered:
            self._alive_at = time.time()
        return answered

    # -- asking

    def query(self, query: str, args: Any = (), **options: Any) -> Any:
        """Run a statement, once; on a new connection if the old one died of idleness.

        Whatever a script does with a table comes down to this, so losses and refusals
        are told in our words here. What DataJoint has classes for, that scripts and
        DataJoint itself act upon, such as `DuplicateError`, it raises as ever.

        Raises
        ------
        ConnectionLost
            When the connection broke and cannot be renewed, or broke meanwhile.
        OutcomeUnknown
            When the connection broke after something to be saved had been sent.
        WriteRefused
            When this user may not write, others keep the rows locked, or the like.
        """
        if isinstance(query, Answered):
            return query.answer
        with self._told(query):
            try:
                self.check()
            except ConnectionLost:
                self._renew()
            with self._loss_noticed(query), self._asking():
                cursor = super().query(query, args, **options)
        self._alive_at = time.time()
        return cursor

    def commit_transaction(self) -> None:
        """Seal a change; one that a loss has undone is never taken for sealed.

        Raises
        ------
        ConnectionLost
            When the connection broke before, whoever was told and went on.
        OutcomeUnknown
            When it breaks now.
        """
        if self._is_broken or not self._in_transaction:
            self._note_transaction()
            raise ConnectionLost(
                "The connection to the database was lost within this change, so what "
                "came before the loss was not saved; connect again, look at what is "
                "there, and repeat the change."
            )
        super().commit_transaction()

    def cancel_transaction(self) -> None:
        """Roll back; a server that we lost has done so by itself."""
        try:
            super().cancel_transaction()
        except ConnectionLost:
            self._note_transaction()

    def _renew(self) -> None:
        try:
            self.reconnect()
        except _DATABASE_ERRORS as error:
            # its frames hold the password
            raise error.with_traceback(None) from None

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        self.asked_at = time.monotonic()
        try:
            yield
        finally:
            self.asked_at = None

    @contextlib.contextmanager
    def _told(self, query: str) -> Iterator[None]:
        try:
            yield
        except _DATABASE_ERRORS as error:
            ours = translated(error)
            refused = isinstance(ours, WriteRefused) and _CHANGES.match(query)
            if isinstance(ours, ConnectionLost) or (
                refused and not isinstance(error, _ACTED_UPON)
            ):
                raise ours from error
            if isinstance(error, dj.errors.UnknownAttributeError):
                # the same, without the statement that PostgreSQL quotes at length
                raise dj.errors.UnknownAttributeError(str(ours)) from error
            raise

    @contextlib.contextmanager
    def _loss_noticed(self, query: str) -> Iterator[None]:
        try:
            yield
        except _DATABASE_ERRORS as error:
            words = _WRITES.match(query)
            if words is None or not isinstance(translated(error), ConnectionLost):
                raise
            if self._in_transaction and words[1].upper() != "COMMIT":
                raise  # never committed, so never there
            self._note_transaction()
            raise OutcomeUnknown(
                "The connection to the database was lost at the moment of saving, and "
                "whether the change was saved is not known; look at what is there "
                "before you repeat it."
            ) from error

    # -- inside

    @property
    def _is_broken(self) -> bool:
        return not self._conn.open if self._is_mysql else bool(self._conn.closed)

    @property
    def _is_mysql(self) -> bool:
        return bool(self.adapter.backend == "mysql")

    def _introduce(self) -> None:
        if self._is_mysql:
            super().query(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_PATIENCE_S}")
            return
        super().query(
            "SELECT set_config('application_name', %s, false), "
            "set_config('lock_timeout', %s, false)",
            (f"labdata-napari (process {os.getpid()})", f"{_LOCK_PATIENCE_S}s"),
        )

    def _note_transaction(self) -> None:
        """Remember a transaction that a server may keep open because we vanished."""
        if self._in_transaction:
            self._left_behind = self.connection_id, self._alive_at
        self._in_transaction = False

    def _end_left_behind(self) -> None:
        """End the session we vanished from: its locks would keep us out for hours.

        It is ours only if it had that number before we lost sight of it: a server
        gives numbers of ended sessions to others.
        """
        if self._left_behind is None:
            return
        (number, seen), self._left_behind = self._left_behind, None
        unseen = max(0.0, time.time() - seen)
        if not self._is_mysql:
            super().query(
                "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
                "WHERE pid = %s AND usename = current_user "
                "AND backend_start < now() - make_interval(secs => %s)",
                (number, unseen),
            )
            return
        found = super().query(
            "SELECT id FROM information_schema.processlist WHERE id = %s "
            "AND user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1) AND time >= %s",
            (number, max(0, int(unseen) - 1)),
        )
        if found.rowcount:
            # it may have ended meanwhile, which is as good
            with contextlib.suppress(pymysql.err.Error, dj.DataJointError):
                super().query("KILL %s", (number,))
