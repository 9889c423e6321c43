"""Connections of the two drivers on which no wait is endless.

A server that was switched off, a laptop that slept, a VPN that went: nobody says
goodbye, and a driver left to itself waits for hours. Here each wait has an end:
to connect, for the next bytes of an answer, and, by the system's own probes, for any
sign of life from the other computer. What counts is silence, not duration: an answer
may take as long as it likes to arrive.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import pymysql

from labdata_napari import settings

CONNECT_S = 10.0
# Seconds of silence until the system asks whether the other computer is there, between
# two such questions, how many may stay unanswered; and how long what was sent may.
_IDLE_S, _BETWEEN_S, _TIMES, _UNANSWERED_S = 30, 10, 3, 30


@dataclass(frozen=True)
class Login:
    """What both drivers need to know.

    Attributes
    ----------
    host, port
        Where; the folder of the socket for a PostgreSQL of this computer.
    user, password
        Who; the password as bytes where the driver could not encode it.
    database
        PostgreSQL only.
    tls
        As DataJoint means it: True or a dict insist on encryption; None and, on MySQL,
        an empty dict take it where the server can; False goes without.
    """

    host: str
    port: int
    user: str
    password: Any
    database: str | None
    tls: Any

    def __repr__(self) -> str:
        return f"Login({self.host!r}, {self.port!r}, {self.user!r})"


class Wire:
    """The socket below a connection: what any thread may cut.

    Parameters
    ----------
    end
        A handle of our own on the connection's socket.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def cut(self) -> None:
        """Break the connection: whoever waits on it stops waiting."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give our handle back."""
        self._end.close()


# -- PostgreSQL ----------------------------------------------------------------


def open_postgresql(login: Login) -> tuple[Any, Wire]:
    """Connect to PostgreSQL; every statement is its own transaction unless begun.

    Raises
    ------
    psycopg2.Error
        When that does not work, or the server says nothing for `CONNECT_S`.
    """
    mode = "prefer" if login.tls is None else "require"
    connection: Any = psycopg2.connect(
        connection_factory=_Postgres,
        host=login.host,
        port=login.port,
        user=login.user,
        password=login.password,
        dbname=login.database or "postgres",
        sslmode="disable" if login.tls is False else mode,
        keepalives=1,
        keepalives_idle=_IDLE_S,
        keepalives_interval=_BETWEEN_S,
        keepalives_count=_TIMES,
        tcp_user_timeout=_UNANSWERED_S * 1000,
        async_=1,
    )
    connection.await_server(CONNECT_S)
    return connection, Wire(socket.fromfd(connection.fileno(), socket.AF_INET, 1))


class _Postgres(psycopg2.extensions.connection):
    """Waits for the server itself, because the wait inside libpq has no end."""

    def cursor(self, *args: Any, **options: Any) -> Any:
        """Return a cursor that waits so too."""
        wanted = options.pop("cursor_factory", None)
        rows = wanted is psycopg2.extras.RealDictCursor
        options["cursor_factory"] = _RowsAsDicts if rows else _Cursor
        return super().cursor(*args, **options)

    def await_server(self, patience: float) -> None:
        """Return when the server has answered; give up after so long a silence."""
        try:
            while (wants := self.poll()) != psycopg2.extensions.POLL_OK:
                if not self._ready(wants, patience):
                    raise psycopg2.OperationalError(
                        "timed out: the server has not said anything"
                    )
        except psycopg2.Error as error:
            if error.pgcode is None:  # no word of the server: it is not there
                self.close()
            raise
        except BaseException:  # Ctrl-C: the answer that may still come is nobody's
            self.close()
            raise

    def _ready(self, wants: int, seconds: float) -> bool:
        reads = wants == psycopg2.extensions.POLL_READ
        event = selectors.EVENT_READ if reads else selectors.EVENT_WRITE
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno(), event)
            return bool(selector.select(seconds))


class _Cursor(psycopg2.extensions.cursor):
    def execute(self, query: Any, values: Any = None) -> None:
        """Send a statement and wait for all of its answer."""
        super().execute(query, values)
        self.connection.await_server(settings.patience())  # type: ignore[attr-defined]


class _RowsAsDicts(_Cursor, psycopg2.extras.RealDictCursor):
    pass


# -- MySQL ---------------------------------------------------------------------

# as DataJoint sets it
_SQL_MODE = (
    "NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,STRICT_ALL_TABLES,"
    "NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY"
)
_NOT_REACHED = 2003  # the code MySQL's own clients give


def open_mysql(login: Login) -> tuple[Any, Wire]:
    """Connect to MySQL or MariaDB; every statement is its own transaction.

    Raises
    ------
    pymysql.err.Error
        When that does not work, or the server says nothing for `CONNECT_S`.
    """
    insisted = login.tls if isinstance(login.tls, dict) else {}
    at_will = login.tls is not False and not insisted
    connection: Any = pymysql.Connection(
        host=login.host,
        port=login.port,
        user=login.user,
        password=login.password,
        sql_mode=_SQL_MODE,
        autocommit=True,
        read_timeout=settings.patience(),
        write_timeout=settings.patience(),
        defer_connect=True,
        ssl=insisted,
        ssl_disabled=not insisted,
    )
    if at_will:  # as the driver does, which reads all certificates each time
        connection.ssl, connection.ctx = True, _unverified()
    end = _reached(login.host, login.port)
    wire = Wire(end.dup())  # encryption takes the first handle away
    try:
        connection.connect(end)
    except BaseException:
        wire.close()
        raise
    return connection, wire


@cache
def _unverified() -> ssl.SSLContext:
    """Encryption with whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _reached(host: str, port: int) -> socket.socket:
    """Reach a server that says something: MySQL is the first to speak."""
    try:
        end = socket.create_connection((host, port), CONNECT_S)
        try:
            _keep_alive(end)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.recv(1, socket.MSG_PEEK)
        except BaseException:
            end.close()
            raise
    except OSError as error:
        said = f"Can't connect to MySQL server on {host!r} ({error})"
        raise pymysql.err.OperationalError(_NOT_REACHED, said) from error
    return end


def _keep_alive(end: socket.socket) -> None:
    """Have the system ask whether the other computer is still there."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _IDLE_S),
        ("TCP_KEEPALIVE", _IDLE_S),  # the same on macOS
        ("TCP_KEEPINTVL", _BETWEEN_S),
        ("TCP_KEEPCNT", _TIMES),
        ("TCP_USER_TIMEOUT", _UNANSWERED_S * 1000),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):  # a system that does not know it
                end.setsockopt(socket.IPPROTO_TCP, option, value)
