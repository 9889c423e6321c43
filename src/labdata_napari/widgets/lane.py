"""One thread that alone talks to a database, and finds its way back to it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from labdata_napari.errors import (
    Cancelled,
    ConnectionFailed,
    ConnectionLost,
    LabdataError,
    LoginRefused,
    OutcomeUnknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.lab import Lab
    from labdata_napari.widgets.background import Job

_LAST_WORDS_S = 10.0


class OnLoss(Enum):
    """What becomes of work whose connection broke while it was being done."""

    REPEAT = "repeat"
    """It is done once more: it only reads, or it writes what it first reads again and
    compares, so that doing it twice is as good as once."""
    TELL = "tell"
    """It fails, and its error says whether anything may have been saved."""


class Watcher(Protocol):
    """Who wants to know how the connection stands; called on the lane's thread."""

    def lost(self, error: LabdataError) -> None:
        """Take note that the connection broke."""

    def away(self, error: LabdataError) -> None:
        """Take note that connecting again did not work, and why."""

    def back(self, described: Any) -> None:
        """Take note that it works again, and what it is like now."""


class DatabaseLane:
    """Runs functions of a lab one after another on one thread.

    A lab belongs to one thread: on a shared connection one thread has been handed
    another's rows. Only keys, records and lazy arrays may leave the functions.

    A connection that broke is brought back before the next function, or within one
    that may be repeated. While the database is away, every function that is asked for
    tries once more, and all those that wait meanwhile share the outcome.

    Parameters
    ----------
    watcher
        Is told when the connection breaks and comes back.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="labdata-database")
        self._watcher = watcher
        self._lab: Lab | None = None
        self._describe: Callable[[Lab], Any] | None = None
        self._is_lost = False
        self._refusal: LabdataError | None = None  # of the last attempt, and its end
        self._refused_at = 0.0
        self._closing = threading.Event()

    def waited_s(self) -> float:
        """Return for how long the database has not answered; 0 if nothing is asked."""
        lab = self._lab
        asked = None if lab is None else lab.connection.asked_at
        return 0.0 if asked is None else time.monotonic() - asked

    def run(
        self,
        job: Job,
        on_loss: OnLoss,
        function: Callable[..., Any],
        *args: Any,
        **options: Any,
    ) -> None:
        """Queue ``function(lab, *args, **options)`` and let `job` have what comes."""

        def call(lab: Lab) -> Any:
            return function(lab, *args, **options)

        self._queue(job, partial(self._with_lab, job, on_loss, call, time.monotonic()))

    def connect(
        self, job: Job, opener: Callable[[], Lab], describe: Callable[[Lab], Any]
    ) -> None:
        """Queue the change to the lab that `opener` opens; `describe` tells of it."""
        self._queue(job, partial(self._exchange, opener, describe))

    def try_again(self, job: Job) -> None:
        """Queue an attempt to bring a lost connection back."""
        self._queue(job, partial(self._restore, time.monotonic()))

    def disconnect(self, job: Job) -> None:
        """Queue the closing of the lab."""
        self._queue(job, self._close_lab)

    def close(self) -> None:
        """Let the running function end, skip what waits, close the lab; at once."""
        if self._closing.is_set():
            return
        self._closing.set()
        try:
            closed = self._executor.submit(self._close_lab)
        except RuntimeError:  # the interpreter is ending and has joined the thread
            self._close_lab()
            return
        self._executor.shutdown(wait=False)
        # a database that says nothing must not keep the program from ending
        hurry = threading.Timer(_LAST_WORDS_S, self._cut)
        hurry.daemon = True
        hurry.start()
        closed.add_done_callback(lambda _: hurry.cancel())

    # -- on the lane's thread

    def _queue(self, job: Job, call: Callable[[], Any]) -> None:
        if self._closing.is_set():
            job.settle(None, Cancelled("The window is closing."))
            return
        future = self._executor.submit(self._unless_closing, job, call)
        future.add_done_callback(partial(_settle, job))

    def _unless_closing(self, job: Job, call: Callable[[], Any]) -> Any:
        if self._closing.is_set():
            raise Cancelled("The window is closing.")
        job.check()
        return call()

    def _with_lab(
        self, job: Job, on_loss: OnLoss, call: Callable[[Lab], Any], asked: float
    ) -> Any:
        self._look()
        self._restore(asked)
        try:
            return self._ask(call)
        except ConnectionLost as error:
            if on_loss is OnLoss.TELL:
                raise
            loss = error
        job.check()
        try:
            self._restore(time.monotonic())
        except LabdataError:
            if isinstance(loss, OutcomeUnknown):
                raise loss from None
            raise
        return self._ask(call)

    def _look(self) -> None:
        """Notice a connection that broke while nothing was done on it."""
        if self._lab is None or self._is_lost:
            return
        try:
            self._lab.check()
        except ConnectionLost as error:
            self._lose(error)

    def _ask(self, call: Callable[[Lab], Any]) -> Any:
        if self._lab is None:
            raise ConnectionFailed(
                "No lab is connected; choose one in the Lab Browser's menu."
            )
        try:
            with self._lab.own_errors():
                return call(self._lab)
        except ConnectionLost as error:
            self._lose(error)
            raise

    def _lose(self, error: ConnectionLost) -> None:
        self._is_lost = True
        self._watcher.lost(error)

    def _restore(self, asked: float) -> None:
        """Bring a lost connection back.

        Parameters
        ----------
        asked
            When somebody asked for it: who waited while an attempt failed is told so.
        """
        if self._lab is None or not self._is_lost:
            return
        if self._refusal is None or asked > self._refused_at:
            self._refusal = self._attempt(self._lab)
            self._refused_at = time.monotonic()
        if isinstance(self._refusal, LoginRefused):
            raise self._refusal
        if self._refusal is not None:
            raise ConnectionLost(
                f"The connection to the lab is lost and tried again: {self._refusal}"
            )

    def _attempt(self, lab: Lab) -> LabdataError | None:
        try:
            lab.reconnect()
            described = self._describe(lab) if self._describe is not None else None
        except LabdataError as error:
            self._watcher.away(error)
            return error
        self._is_lost = False
        self._watcher.back(described)
        return None

    def _exchange(
        self, opener: Callable[[], Lab], describe: Callable[[Lab], Any]
    ) -> Any:
        self._close_lab()
        self._lab, self._describe = opener(), describe
        return describe(self._lab)

    def _close_lab(self) -> None:
        lab, self._lab = self._lab, None
        self._is_lost, self._refusal = False, None
        if lab is not None:
            lab.close()

    def _cut(self) -> None:
        lab = self._lab
        if lab is not None:
            lab.connection.cut()


def _settle(job: Job, future: Future[Any]) -> None:
    error = future.exception()
    job.settle(None if error else future.result(), error)
