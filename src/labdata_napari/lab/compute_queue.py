"""Transforms that wait to be computed, are being computed, or were; no threads here.

Whoever computes tells the queue how it goes, on the queue's own thread; views listen.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from labdata_napari.errors import Cancelled
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.errors import LabdataError

_FORETOLD_AFTER_S = 1.0
_FORETOLD_FROM = 0.02


class State(Enum):
    """Where a computation stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = (State.WAITING, State.RUNNING, State.STOPPING)


@dataclass(frozen=True)
class Computation:
    """One transform of the queue.

    Attributes
    ----------
    number
        Within the queue; never given twice.
    key
        A brain's key, and ``transform_id`` once the parameters are stored.
    name
        What a person calls it, such as "M1 brain, transform 3".
    parameters
        To store first, when they are new.
    settings
        How to compute it.
    lab
        Whatever says in which lab; the queue does not look at it.
    state
        Where it stands.
    fraction
        How much of it is done, 0 to 1.
    seconds_left
        About how long it will still take, when that can be told.
    reason
        Why it failed, or what it waits for.
    """

    number: int
    key: Mapping[str, Any]
    name: str
    parameters: TransformParameters | None = None
    settings: ComputeSettings = STANDARD
    lab: Any = None
    state: State = State.WAITING
    fraction: float = 0.0
    seconds_left: float | None = None
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state not in _OPEN

    @property
    def words(self) -> str:
        """The state in one line: "running 43 %, 1 min left"."""
        if self.state is State.RUNNING:
            if self.reason:
                return self.reason
            left = ""
            if self.seconds_left is not None:
                from labdata_napari.core.estimate import seconds_words

                left = f", {seconds_words(self.seconds_left)} left"
            return f"running {100 * self.fraction:.0f} %{left}"
        if self.state is State.FAILED:
            return f"failed: {self.reason}"
        if self.state is State.CANCELLED:
            return "cancelled; nothing was kept"
        return str(self.state.value)


class ComputeQueue:
    """Computations in the order they were asked for; belongs to one thread.

    Parameters
    ----------
    at_once
        How many may run at the same time.
    clock
        Seconds, as `time.monotonic`.
    """

    changed = Signal()
    """Something about any of them."""
    stop_asked = Signal(int)
    """The number of one that runs and is to be stopped."""
    finished = Signal(object)
    """A `Computation` that is done."""

    def __init__(
        self, at_once: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._at_once = at_once
        self._clock = clock
        self._numbers = itertools.count(1)
        self._all: dict[int, Computation] = {}
        self._began: dict[int, float] = {}

    @property
    def computations(self) -> tuple[Computation, ...]:
        """All of them, in the order they were asked for."""
        return tuple(self._all.values())

    @property
    def unfinished(self) -> tuple[Computation, ...]:
        """Those that wait or run."""
        return tuple(each for each in self._all.values() if not each.is_over)

    def __getitem__(self, number: int) -> Computation:
        return self._all[number]

    # -- what a person does

    def add(
        self,
        key: Mapping[str, Any],
        name: str,
        *,
        parameters: TransformParameters | None = None,
        settings: ComputeSettings = STANDARD,
        lab: Any = None,
    ) -> int:
        """Put one at the end; return its number, or that of the same which is there."""
        new = Computation(0, dict(key), name, parameters, settings, lab)
        for there in self.unfinished:
            if (there.key, there.parameters, there.lab) == (new.key, parameters, lab):
                return there.number
        number = next(self._numbers)
        self._all[number] = replace(new, number=number)
        self.changed.emit()
        return number

    def cancel(self, number: int) -> None:
        """Take one off the queue, or have it stopped; ignored when it is over."""
        state = self._all[number].state
        if state is State.WAITING:
            self._set(number, state=State.CANCELLED)
        elif state is State.RUNNING:
            self._set(number, state=State.STOPPING, reason="")
            self.stop_asked.emit(number)

    def again(self, number: int) -> None:
        """Put one that failed or was cancelled at the end of the queue."""
        one = self._all[number]
        if one.state in (State.FAILED, State.CANCELLED):
            del self._all[number]
            self._all[number] = one
            self._set(
                number,
                state=State.WAITING,
                fraction=0.0,
                seconds_left=None,
                reason="",
            )

    def forget(self, number: int) -> None:
        """Remove one that is over from the list."""
        if self._all[number].is_over:
            del self._all[number]
            self.changed.emit()

    # -- what whoever computes tells

    def next_due(self) -> Computation | None:
        """Return what should be begun now; None when enough is running."""
        running = sum(
            one.state in (State.RUNNING, State.STOPPING) for one in self._all.values()
        )
        if running >= self._at_once:
            return None
        waiting = (one for one in self._all.values() if one.state is State.WAITING)
        return next(waiting, None)

    def begun(self, number: int) -> None:
        """Note that one is being computed."""
        self._began[number] = self._clock()
        self._set(number, state=State.RUNNING)

    def progressed(self, number: int, done: int, total: int) -> None:
        """Note how far one is; a total of 0 says that others compute it."""
        if number not in self._all or self._all[number].state is not State.RUNNING:
            return
        if not total:
            self._set(number, reason="being computed by another program")
            return
        if self._all[number].reason:  # it was others' until now
            self._began[number] = self._clock()
        fraction = min(1.0, done / total)
        took = self._clock() - self._began[number]
        left = None
        if took > _FORETOLD_AFTER_S and fraction > _FORETOLD_FROM:
            left = took * (1 - fraction) / fraction
        self._set(number, fraction=fraction, seconds_left=left, reason="")

    def ended(
        self,
        number: int,
        key: Mapping[str, Any] | None,
        error: LabdataError | None,
        name: str = "",
    ) -> None:
        """Note what came of one: its key and name now, or why there is none."""
        if error is None and key is not None:
            name = name or self._all[number].name
            done = {"key": dict(key), "name": name, "state": State.DONE}
            self._set(number, **done, fraction=1.0, reason="")
            self.finished.emit(self._all[number])
        elif isinstance(error, Cancelled):
            self._set(number, state=State.CANCELLED, reason="")
        else:
            self._set(number, state=State.FAILED, reason=str(error))

    def _set(self, number: int, **values: Any) -> None:
        self._all[number] = replace(self._all[number], **values)
        self.changed.emit()
