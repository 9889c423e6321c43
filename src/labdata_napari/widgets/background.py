"""Work off the GUI thread: results, failures and progress come back on it.

A `Job` is one piece of work, wherever it runs. Pixel work runs on napari's worker
threads (`start_worker`) and shows in the activity dock with a Cancel button; database
work runs on a workspace's own thread and uses the same `Job`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from napari.qt.threading import FunctionWorker, create_worker
from napari.utils import cancelable_progress
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QObject, Signal

from labdata_napari.errors import Cancelled, Interrupted, LabdataError

if TYPE_CHECKING:
    from collections.abc import Callable

_REPORT_EVERY_S = 0.05

# A job that has not delivered its outcome is kept alive here: its thread would
# otherwise emit on a deleted object when the dock that asked is gone.
_unsettled: set[Job] = set()


class Job(QObject):
    """One piece of work on another thread.

    All signals are emitted on the GUI thread. Connect bound methods: Qt drops them
    when their widget is deleted, where a lambda would run on a dead one.

    Parameters
    ----------
    title
        What the activity dock calls it; None keeps it out of there.
    resumable
        Whether it is only interrupted, not cancelled, when its window closes.
    """

    done = Signal(object)
    """The result."""
    failed = Signal(object)
    """A `LabdataError` whose message a person can read."""
    progressed = Signal(object, object)
    """Steps done and steps in total."""
    ended = Signal(object)
    """This job, last of all and whatever came out of it."""

    _settled = Signal(object, object)
    _reported = Signal(object, object)

    def __init__(self, title: str | None = None, *, resumable: bool = False) -> None:
        super().__init__()
        self.title = title
        self._resumable = resumable
        self._cancel_asked = threading.Event()
        self._end_asked = threading.Event()
        self._last_report = 0.0
        self._worker: FunctionWorker | None = None
        self._over = False
        self._bar = None
        if title is not None:
            self._bar = cancelable_progress(total=0, desc=title)
        self._settled.connect(self._deliver)
        self._reported.connect(self._show_progress)
        _unsettled.add(self)

    def connect(
        self,
        done: Callable[[Any], None] | None = None,
        failed: Callable[[LabdataError], None] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Job:
        """Connect bound methods to what comes back; returns the job."""
        for signal, slot in (
            (self.done, done),
            (self.failed, failed),
            (self.progressed, progress),
        ):
            if slot is not None:
                signal.connect(slot)
        return self

    def cancel(self) -> None:
        """Ask the work to stop; it ends with `failed(Cancelled)` at its next report."""
        self._cancel_asked.set()

    def end(self) -> None:
        """Ask the work to stop because the window closes; nobody has cancelled it."""
        self._end_asked.set()

    @property
    def is_over(self) -> bool:
        """Whether the outcome has been delivered."""
        return self._over

    def report(self, done: int, total: int) -> None:
        """Tell how far the work has come; called by the work, on its thread.

        Raises
        ------
        Cancelled
            When the person, or the closing window, asked to stop; `Interrupted`, for
            a resumable job, when only the window did.
        """
        self.check()
        now = time.monotonic()
        if now - self._last_report >= _REPORT_EVERY_S or done >= total:
            self._last_report = now
            self._reported.emit(done, total)

    def check(self) -> None:
        """Raise `Cancelled` when the work was asked to stop; on its thread."""
        name = self.title or "The work"
        if self._cancel_asked.is_set() or (
            self._bar is not None and self._bar.is_canceled
        ):
            raise Cancelled(f"{name} was cancelled.")
        # napari itself tells its workers to quit when it ends
        quits = self._worker is not None and self._worker.abort_requested
        if quits or self._end_asked.is_set():
            if self._resumable:
                raise Interrupted(f"{name} was interrupted: the window was closed.")
            raise Cancelled(f"{name} was cancelled.")

    def settle(self, result: Any, error: BaseException | None) -> None:
        """Hand in the outcome; from any thread, only the first counts."""
        self._settled.emit(result, error)

    def _deliver(self, result: Any, error: BaseException | None) -> None:
        if self._over:
            return
        self._over = True
        if self._bar is not None:
            self._bar.close()
        if error is None:
            self.done.emit(result)
        else:
            self.failed.emit(_readable(self.title, error))
        self.ended.emit(self)
        self._worker = None
        _unsettled.discard(self)

    def _show_progress(self, done: int, total: int) -> None:
        if self._over:
            return
        if self._bar is not None and total:
            # In percent: bytes would overflow the bar's 32-bit range.
            self._bar.total = 100
            self._bar.update(int(100 * done / total) - self._bar.n)
        self.progressed.emit(done, total)


class _Call:
    """The function of one worker, forgotten once it ran.

    napari keeps every worker's function and arguments until its window closes, and
    prints them when it is closed while one is busy.
    """

    def __init__(
        self, title: str | None, function: Callable[..., Any], *args: Any
    ) -> None:
        self._title = title or str(getattr(function, "__name__", "work"))
        self._function: Callable[..., Any] | None = function
        self._args = args

    def __call__(self) -> Any:
        function, args = self._function, self._args
        self._function, self._args = None, ()
        return function(*args) if function is not None else None

    def __repr__(self) -> str:
        return self._title


class _WorkerEnds(QObject):
    """Carries a worker's signals to its job; lives on the GUI thread."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self._job = job

    def returned(self, result: Any) -> None:
        self._job.settle(result, None)

    def errored(self, error: Exception) -> None:
        self._job.settle(None, error)

    def finished(self) -> None:
        # After `returned` or `errored` this is ignored; a worker that was told to
        # quit and returned all the same emits neither.
        self._job.settle(None, Cancelled("The work was cancelled."))


def start_worker(
    function: Callable[..., Any],
    *args: Any,
    title: str | None = None,
    done: Callable[[Any], None] | None = None,
    failed: Callable[[LabdataError], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    resumable: bool = False,
) -> Job:
    """Run `function(*args)` on a worker thread.

    Parameters
    ----------
    function
        Called as ``function(*args, progress=...)`` when there is a title, as
        ``function(*args)`` else. Must touch no widget, layer or viewer.
    title
        Shows the work in napari's activity dock, with a Cancel button.
    done, failed, progress
        Bound methods, called on the GUI thread.
    resumable
        As of `Job`.
    """
    job = Job(title, resumable=resumable).connect(done, failed, progress)
    if title is not None:
        call = _Call(title, _with_progress, function, args, job)
    else:
        call = _Call(title, function, *args)
    # Errors go to our own slot: napari's default re-raises them in the GUI thread.
    worker = create_worker(call, _ignore_errors=True, _worker_class=FunctionWorker)
    ends = _WorkerEnds(job)
    worker.returned.connect(ends.returned)
    worker.errored.connect(ends.errored)
    worker.finished.connect(ends.finished)
    job._worker = worker
    worker.start()
    return job


def _with_progress(
    function: Callable[..., Any], args: tuple[Any, ...], job: Job
) -> Any:
    return function(*args, progress=job.report)


def _readable(title: str | None, error: BaseException) -> LabdataError:
    """Give any error the form that docks show.

    What we did not expect is also shown by napari, with its traceback.
    """
    if isinstance(error, LabdataError):
        return error
    notification_manager.receive_error(type(error), error, error.__traceback__)
    what = title or "An operation"
    return LabdataError(
        f"{what} failed unexpectedly ({type(error).__name__}: {error}); the details "
        "are in napari's notification."
    )
