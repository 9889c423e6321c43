"""The thread that writes journals, so that no click waits for a disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

from labdata_napari.errors import LabdataError, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.journal import Journal
    from labdata_napari.lab.journal_lines import Baseline, Edited

AnyJournal: TypeAlias = "Journal[Any, Any, Any]"

_SYNC_EVERY_S = 1.0
_MOST_GATHERED_S, _GATHERED = 0.05, 2
"""How long states gather: as many times as long as it took to write the last one."""


class JournalWriter:
    """Works on journals in the order it was asked to, one thing after another.

    States that come faster than they are written replace each other.

    Parameters
    ----------
    failed
        Told, on the writer's thread, a sentence when journals stop being writable;
        once until one could be written again.
    """

    def __init__(self, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._wake = threading.Condition()
        self._queue: deque[Callable[[], None]] = deque()
        self._states: dict[AnyJournal, tuple[Any, Any]] = {}
        self._used: set[AnyJournal] = set()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._last_sync = 0.0
        self._is_failing = False

    def record(
        self,
        journal: Journal[Edited, Baseline, Any],
        edited: Edited,
        baseline: Baseline,
    ) -> None:
        """Write a working copy to its journal, soon; returns at once.

        Neither may change afterwards.
        """
        with self._wake:
            is_waiting = journal in self._states
            self._states[journal] = (edited, baseline)
        if not is_waiting:
            self._put(lambda: self._record(journal))

    def run(
        self,
        journal: AnyJournal,
        function: Callable[..., Any],
        *args: Any,
        done: Callable[[Any], None] | None = None,
    ) -> None:
        """Call a method of a journal after what was asked before; returns at once.

        Parameters
        ----------
        journal
            Whose method it is.
        function, args
            What to call.
        done
            Gets what it returns, on the writer's thread; not called on a failure.
        """
        self._put(lambda: self._run(journal, function, args, done))

    def close(self, patience: float = 5.0) -> None:
        """Write what waits, close every journal, end the thread.

        Parameters
        ----------
        patience
            Seconds to wait for a slow disk.
        """
        with self._wake:
            self._closing.set()
            self._wake.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(patience)

    # -- how

    def _put(self, call: Callable[[], None]) -> None:
        with self._wake:
            if self._closing.is_set():
                return
            self._queue.append(call)
            self._wake.notify()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="labdata-journal", daemon=True
                )
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(self._is_awaited, self._until_sync())
                call = self._queue.popleft() if self._queue else None
            if call is not None:
                call()
            elif self._closing.is_set():
                break
            self._sync()
        for journal in self._used:
            journal.close()

    def _is_awaited(self) -> bool:
        return bool(self._queue) or self._closing.is_set()

    def _until_sync(self) -> float | None:
        if not any(journal.needs_sync for journal in self._used):
            return None
        return max(0.0, self._last_sync + _SYNC_EVERY_S - time.monotonic())

    def _sync(self) -> None:
        if self._until_sync() != 0.0:
            return
        self._last_sync = time.monotonic()
        for journal in self._used:
            if journal.needs_sync:
                self._try(journal.sync)

    def _record(self, journal: AnyJournal) -> None:
        with self._wake:
            state = self._states.pop(journal)
        self._used.add(journal)
        began = time.perf_counter()
        if self._try(lambda: journal.record(*state)):
            self._is_failing = False
        # A drag fires many events: where one takes long to write, let some gather.
        took = time.perf_counter() - began
        self._closing.wait(min(_MOST_GATHERED_S, _GATHERED * took))

    def _run(
        self,
        journal: AnyJournal,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        done: Callable[[Any], None] | None,
    ) -> None:
        self._used.add(journal)
        answer: list[Any] = []
        if self._try(lambda: answer.append(function(*args))) and done is not None:
            done(answer[0])

    def _try(self, call: Callable[[], Any]) -> bool:
        try:
            call()
        except LabdataError as error:
            if not (self._is_failing and isinstance(error, WriteRefused)):
                self._failed(str(error))
            self._is_failing |= isinstance(error, WriteRefused)
            return False
        return True
