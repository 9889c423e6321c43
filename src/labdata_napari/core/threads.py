"""Work that several threads do, in small steps that are counted and can be stopped."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from labdata_napari.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Job = TypeVar("Job")
Result = TypeVar("Result")

STEP_VOXELS = 1 << 17
"""What is a step: NumPy interpolates as many in a twentieth of a second."""


def threads_here() -> int:
    """How many threads to use; more do not help reading and inflating."""
    return min(4, os.cpu_count() or 1)


def steps_of(voxels: int) -> int:
    """How many steps it is to compute some voxels."""
    return max(1, -(-voxels // STEP_VOXELS))


def nothing(*_: object) -> None:
    """Tell nobody."""


class Step:
    """Called by work after each step; stops it when nobody waits for its end."""

    def __init__(self) -> None:
        self.made: SimpleQueue[Future[Any] | None] = SimpleQueue()
        self._stopped = threading.Event()

    def __call__(self) -> None:
        """Count a step, unless the work is to stop."""
        self.check()
        self.made.put(None)

    def check(self) -> None:
        """Raise `Cancelled` when the work is to stop."""
        if self._stopped.is_set():
            raise Cancelled("The work was stopped.")

    def stop(self) -> None:
        """Let the work end with its next step."""
        self._stopped.set()


class Part:
    """Tells how much of one job is done in a number of steps that is known before.

    Parameters
    ----------
    amount
        Of the job, in any unit.
    steps
        How many times `step` is called, whatever the amounts that get done at once.
    step
        What is called.
    """

    def __init__(self, amount: float, steps: int, step: Step) -> None:
        self._amount, self._steps, self._step = max(amount, 1e-9), steps, step
        self._done, self._told = 0.0, 0

    def __call__(self, amount: float) -> None:
        """Count some of the job as done; raises when the work is to stop."""
        self._step.check()
        self._done += amount
        due = int(self._steps * min(1.0, self._done / self._amount))
        while self._told < due:
            self._told += 1
            self._step()

    def end(self) -> None:
        """Count what is left: sums of parts need not be exact."""
        self(self._amount)


def in_order(
    function: Callable[[Job], Result], jobs: Iterable[Job], threads: int
) -> Generator[tuple[Job, Result]]:
    """Run jobs in threads, one more ahead than threads, results in the jobs' order."""

    def alone(job: Job, step: Step) -> Result:
        return function(job)

    return counted(alone, jobs, threads, nothing)


def counted(
    function: Callable[[Job, Step], Result],
    jobs: Iterable[Job],
    threads: int,
    tell: Callable[[], object],
) -> Generator[tuple[Job, Result]]:
    """Run jobs in threads as `in_order`, hearing of every step while it waits.

    Parameters
    ----------
    function
        Called with a job and what it calls after each step.
    jobs, threads
        As for `in_order`.
    tell
        Called on the thread that asks for results, once for each step. What it raises,
        and whatever else ends the asking, ends all jobs with their next step.
    """
    waiting: deque[tuple[Job, Future[Result]]] = deque()
    step = Step()
    ended: set[Future[Any]] = set()
    executor = ThreadPoolExecutor(threads, thread_name_prefix="transform")
    todo = iter(jobs)
    try:
        while True:
            while len(waiting) <= threads:
                job = next(todo, None)
                if job is None:
                    break
                future = executor.submit(function, job, step)
                future.add_done_callback(step.made.put)
                waiting.append((job, future))
            if not waiting:
                return
            job, future = waiting.popleft()
            while future not in ended:
                made = step.made.get()
                if made is None:
                    tell()
                else:
                    ended.add(made)
            ended.discard(future)
            yield job, future.result()
    finally:
        step.stop()
        executor.shutdown(cancel_futures=True)
