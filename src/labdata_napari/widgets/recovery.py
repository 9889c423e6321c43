"""A lost connection: when it is tried again, and what is told meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.errors import LoginRefused
from labdata_napari.widgets.connection import Connection, Phase, not_connected

if TYPE_CHECKING:
    from labdata_napari.errors import LabdataError

WAITS_S = (1, 2, 5, 10, 30)
"""Seconds until each further attempt; the last one for all that follow."""
IS_BACK = "The connection to the lab was lost and is back."
_GRACE_MS = 300


class Recovery(QObject):
    """Follows one connection from its loss until it is back.

    `lost`, `away` and `back` are called on the lane's thread; everything else
    happens on the GUI thread.
    """

    changed = Signal(object)
    """The `Connection` to show now."""
    told = Signal(str)
    """A line for the status."""
    attempt_due = Signal()
    """It is time to try; call `attempted` when that is over."""

    _lost = Signal(object)
    _away = Signal(object)
    _back = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._connection: Connection | None = None
        self._is_lost = self._is_shown = False
        self._reason = ""
        self._failures = 0
        # a loss that is made good at once is not worth a flicker
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(_GRACE_MS)
        self._grace.timeout.connect(self._show)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self.try_now)
        self._lost.connect(self._on_lost)
        self._away.connect(self._on_away)
        self._back.connect(self._on_back)

    # -- told on the lane's thread

    def lost(self, error: LabdataError) -> None:
        """Take note that the connection broke."""
        self._lost.emit(error)

    def away(self, error: LabdataError) -> None:
        """Take note that connecting again did not work, and why."""
        self._away.emit(error)

    def back(self, described: Connection) -> None:
        """Take note that it works again, and what it is like now."""
        self._back.emit(described)

    # -- on the GUI thread

    def follow(self, connection: Connection | None) -> None:
        """Begin with a connection that was just made; None: let go of the last."""
        self._connection = connection
        self._forget()

    def try_now(self) -> None:
        """Do not wait for the next attempt."""
        self._next.stop()
        if self._is_shown:
            self._show()
        self.attempt_due.emit()

    def attempted(self) -> None:
        """Wait for the next attempt, unless the last one brought it back."""
        if self._is_lost and not self._next.isActive():
            self._wait()

    def _on_lost(self, error: LabdataError) -> None:
        if self._connection is None or self._is_lost:
            return
        self._is_lost, self._failures = True, 0
        self._grace.start()
        self._wait()

    def _on_away(self, error: LabdataError) -> None:
        connection = self._connection
        if connection is None or not self._is_lost:
            return
        if isinstance(error, LoginRefused):
            self.follow(None)
            self.changed.emit(not_connected(connection.profile, error))
            return
        self._reason = str(error)
        self._failures += 1
        if self._is_shown:
            self._wait()

    def _on_back(self, connection: Connection) -> None:
        if self._connection is None or not self._is_lost:
            return
        shown = self._is_shown
        self._connection = connection
        self._forget()
        if shown:
            self.changed.emit(connection)
        self.told.emit(IS_BACK)

    def _forget(self) -> None:
        self._is_lost = self._is_shown = False
        self._reason = ""
        self._grace.stop()
        self._next.stop()

    def _wait(self) -> None:
        seconds = WAITS_S[min(max(self._failures - 1, 0), len(WAITS_S) - 1)]
        self._next.start(seconds * 1000)
        if self._is_shown:
            self._show()

    def _show(self) -> None:
        if self._connection is None or not self._is_lost:
            return
        self._is_shown = True
        seconds = self._next.interval() // 1000
        waiting = f"Next attempt in {seconds} s, or with your next click."
        parts = [
            self._reason,
            "What is open stays, and nothing unsaved is lost.",
            waiting if self._next.isActive() else "Trying now …",
        ]
        self.changed.emit(
            replace(
                self._connection,
                phase=Phase.LOST,
                problem=" ".join(part for part in parts if part),
            )
        )
