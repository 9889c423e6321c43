"""A database that does not answer: noticed while it lasts, without waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.widgets.background import Job

PATIENCE_S = 3.0
"""From when on it is told; most answers take less than a tenth of a second."""
_LOOK_MS = 500


class Waiting(QObject):
    """Looks now and then how long the database has been silent, while work is done.

    Parameters
    ----------
    waited_s
        Tells for how many seconds one question has not been answered; 0 when none is
        open.
    """

    told = Signal(int)
    """Whole seconds, each time there are more of them; 0 when it has answered."""

    def __init__(self, waited_s: Callable[[], float]) -> None:
        super().__init__()
        self._waited_s = waited_s
        self._jobs: set[Job] = set()
        self._said = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)

    def follow(self, job: Job) -> None:
        """Look until a job that was given to the database's thread is over."""
        self._jobs.add(job)
        job.ended.connect(self._on_ended)
        self._timer.start()

    def _on_ended(self, job: Job) -> None:
        self._jobs.discard(job)
        if not self._jobs:
            self._timer.stop()
            self._say(0)

    def _look(self) -> None:
        waited = self._waited_s()
        self._say(int(waited) if waited >= PATIENCE_S else 0)

    def _say(self, seconds: int) -> None:
        if seconds != self._said:
            self._said = seconds
            self.told.emit(seconds)
