"""A wire to a server that a test can cut, silence, make longer, and count on."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from databases import Place


@dataclass(frozen=True)
class Traffic:
    """What went over a wire.

    Attributes
    ----------
    round_trips
        How often a client began to speak after the server had: it waits as often.
    sent, received
        Bytes to and from the server.
    """

    round_trips: int = 0
    sent: int = 0
    received: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.round_trips + other.round_trips,
            self.sent + other.sent,
            self.received + other.received,
        )

    def __sub__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.round_trips - other.round_trips,
            self.sent - other.sent,
            self.received - other.received,
        )


class _Way:
    """What is under way in one direction, and when each piece arrives."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._some = threading.Semaphore(0)

    def put(self, due: float, data: bytes) -> None:
        self._pieces.append((due, data))
        self._some.release()

    def get(self) -> bytes:
        self._some.acquire()
        due, data = self._pieces.popleft()
        time.sleep(max(0.0, due - time.monotonic()))
        return data


class Relay:
    """Listens on 127.0.0.1 and passes every byte on to a server.

    Parameters
    ----------
    host, port
        Of the server, as DataJoint takes them: a name, or the folder of a socket.

    Attributes
    ----------
    port
        Where it listens.
    traffic
        What went over it since it was laid.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._ends: list[socket.socket] = []
        self._seconds = 0.0
        self._counting = threading.Lock()
        self._asking = False
        self.traffic = Traffic()
        self._sounding = threading.Event()
        self._sounding.set()
        self._questions_pass = False
        self._passes_yet = 0
        self.port = 0
        self._listen()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def delay(self, round_trip: float) -> None:
        """Make the way there and back take so many seconds, also for who calls.

        A connection begins with a round trip of its own, as TCP does. However much is
        on its way, it arrives at once: there is no limit to what passes in a second.
        """
        self._seconds = round_trip / 2

    def drop(self) -> None:
        """Break the connections there are; new ones are taken."""
        # whoever is told first may be back before the last one is broken
        ends = self._ends[:]
        del self._ends[: len(ends)]
        for end in ends:
            self._close(end)

    def cut(self) -> None:
        """Break all connections and take no more, until `resume`."""
        self._close(self._listener)
        self.drop()
        self._sounding.set()

    def blackhole(self, after: int = 0, questions_pass: bool = False) -> None:
        """Keep and take connections, but pass nothing on, until `resume`.

        Parameters
        ----------
        after
            So many bytes of the server's answers still arrive.
        questions_pass
            The server hears what it is told; only its answers do not arrive.
        """
        self._passes_yet, self._questions_pass = after, questions_pass
        self._sounding.clear()

    def resume(self) -> None:
        """Pass on again, what was held up too; take connections again."""
        if self._listener.fileno() < 0:
            self._listen()
        self._sounding.set()

    def go_round(self) -> None:
        """Let new connections pass; those that are silent stay so for ever."""
        self._sounding = threading.Event()
        self._sounding.set()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = listener.accept()
                self._ends.append(ours)
                self._start(self._join, ours)

    def _join(self, ours: socket.socket) -> None:
        time.sleep(2 * self._seconds)
        try:
            theirs = self._reach()
        except OSError:
            self._close(ours)
            return
        self._ends.append(theirs)
        sounding = self._sounding
        for source, target, asks in ((ours, theirs, True), (theirs, ours, False)):
            way = _Way()
            self._start(self._take, source, way, asks)
            self._start(self._bring, way, target, source, asks, sounding)

    @staticmethod
    def _start(work: Callable[..., None], *args: Any) -> None:
        threading.Thread(target=work, args=args, daemon=True).start()

    def _reach(self) -> socket.socket:
        host, port = self._target
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        reached = socket.socket(socket.AF_UNIX)
        reached.connect(f"{host}/.s.PGSQL.{port}")
        return reached

    def _take(self, source: socket.socket, way: _Way, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                self._count(len(data), asks)
                way.put(time.monotonic() + self._seconds, data)
        way.put(time.monotonic() + self._seconds, b"")

    def _bring(
        self,
        way: _Way,
        target: socket.socket,
        source: socket.socket,
        asks: bool,
        sounding: threading.Event,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := way.get():
                if not sounding.is_set() and not (asks and self._questions_pass):
                    if not asks:
                        target.sendall(data[: self._passes_yet])
                        passed = min(self._passes_yet, len(data))
                        self._passes_yet -= passed
                        data = data[passed:]
                    sounding.wait()
                target.sendall(data)
        self._close(source)
        self._close(target)

    def _count(self, size: int, asks: bool) -> None:
        with self._counting:
            self.traffic += Traffic(
                int(asks and not self._asking), size * asks, size * (not asks)
            )
            self._asking = asks

    @staticmethod
    def _close(end: Any) -> None:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@dataclass
class Where:
    """A server as one reaches it from elsewhere."""

    place: Place
    relay: Relay

    @property
    def password(self) -> str:
        return str(self.place.parameters["password"])

    def url(
        self,
        user: str | None = None,
        secret: str = "",
        host: str = "127.0.0.1",
        tail: str = "",
    ) -> str:
        parameters = self.place.parameters
        name = parameters.get("database__name")
        secret = f":{secret}" if secret else ""
        return (
            f"{parameters['backend']}://{user or parameters['user']}{secret}@{host}:"
            f"{self.relay.port}{f'/{name}' if name else ''}{tail}"
        )


def reached(place: Place) -> Iterator[Where]:
    """Lay a wire to a server, for the time of a test."""
    with Relay(place.parameters["host"], place.parameters["port"]) as relay:
        yield Where(place, relay)
