"""A wire to a server that a test can cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from databases import Place


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
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Break all connections and take no more."""
        self._close(self._listener)
        for end in self._ends:
            self._close(end)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = self._reach()
                self._ends += [ours, theirs]
                for pair in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _reach(self) -> socket.socket:
        host, port = self._target
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        reached = socket.socket(socket.AF_UNIX)
        reached.connect(f"{host}/.s.PGSQL.{port}")
        return reached

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(2**16):
                target.sendall(data)
        self._close(source)
        self._close(target)

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
