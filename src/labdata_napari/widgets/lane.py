"""One thread that alone talks to a database."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import Cancelled, ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.lab import Lab
    from labdata_napari.widgets.background import Job


class DatabaseLane:
    """Runs functions of a lab one after another on one thread.

    A lab belongs to one thread: on a shared connection one thread has been handed
    another's rows. Only keys, records and lazy arrays may leave the functions.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="labdata-database")
        self._lab: Lab | None = None
        self._closing = threading.Event()

    def run(
        self, job: Job, function: Callable[..., Any], *args: Any, **options: Any
    ) -> None:
        """Queue ``function(lab, *args, **options)`` and let `job` have what comes."""
        self._queue(job, partial(self._with_lab, function, *args, **options))

    def connect(
        self, job: Job, opener: Callable[[], Lab], describe: Callable[[Lab], Any]
    ) -> None:
        """Queue the change to the lab that `opener` opens; `describe` tells of it."""
        self._queue(job, partial(self._exchange, opener, describe))

    def disconnect(self, job: Job) -> None:
        """Queue the closing of the lab."""
        self._queue(job, self._close_lab)

    def close(self) -> None:
        """Let the running function end, skip what waits, close the lab; at once."""
        if self._closing.is_set():
            return
        self._closing.set()
        try:
            self._executor.submit(self._close_lab)
        except RuntimeError:  # the interpreter is ending and has joined the thread
            self._close_lab()
        self._executor.shutdown(wait=False)

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
        self, function: Callable[..., Any], *args: Any, **options: Any
    ) -> Any:
        if self._lab is None:
            raise ConnectionFailed(
                "No lab is connected; choose one in the Lab Browser's menu."
            )
        return function(self._lab, *args, **options)

    def _exchange(
        self, opener: Callable[[], Lab], describe: Callable[[Lab], Any]
    ) -> Any:
        self._close_lab()
        self._lab = opener()
        return describe(self._lab)

    def _close_lab(self) -> None:
        lab, self._lab = self._lab, None
        if lab is not None:
            lab.close()


def _settle(job: Job, future: Future[Any]) -> None:
    error = future.exception()
    job.settle(None if error else future.result(), error)
