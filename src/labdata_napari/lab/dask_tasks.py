"""Transforms on a dask.distributed cluster: one brain is one task.

A task is told which lab and which transform, never a password: whoever may look at the
scheduler or its dashboard sees what tasks are given. Each worker gets into the lab by
its own settings, as any other program there.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import (
    BeingComputed,
    Cancelled,
    ConnectionFailed,
    InvalidValue,
    LabdataError,
)
from labdata_napari.lab.compute_settings import STANDARD, ComputeSettings
from labdata_napari.lab.populating import Populated, Quiet, in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.lab.populating import Key, Listener
    from labdata_napari.lab.reaching import Reach

_TOPIC = "labdata-napari"
_TELL_EVERY_S = 1.0
_LOOK_EVERY_S = 0.3
_PATIENCE_S = 20.0  # for tasks to stop
_ANSWER_S = 10.0  # for a scheduler to answer


def compute_on_dask(
    address: str,
    reach: Reach,
    keys: Sequence[Key],
    settings: ComputeSettings = STANDARD,
    listener: Listener | None = None,
) -> Populated:
    """Compute transforms on a cluster, each once in the whole lab.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://cluster:8786``.
    reach
        The lab; a password in it is not passed on.
    keys
        Of the transforms.
    settings
        How to compute them.
    listener
        Is told what happens; what it raises stops the tasks.

    Returns
    -------
    Populated
        What workers computed, and what failed.

    Raises
    ------
    InvalidValue
        When dask.distributed is not installed here.
    ConnectionFailed
        When there is no scheduler, or it goes away.
    """
    check_scheduler(address)
    from distributed import Client

    with Client(address, timeout=_ANSWER_S, set_as_default=False) as client:
        run = _Submitted(client, replace(reach, password=None), settings)
        try:
            return run.results(list(keys), listener or Quiet())
        except LabdataError:
            raise
        except Exception as error:  # whatever a client without its scheduler runs into
            if client.status == "running" and not isinstance(error, CancelledError):
                raise
            raise ConnectionFailed(
                f"The dask scheduler at '{address}' went away. What is computed is "
                "kept; start it again and repeat the command for the rest."
            ) from error


def check_scheduler(address: str) -> None:
    """See that there is a scheduler.

    A client that finds none tries on while it is taken apart, and says so at length.

    Raises
    ------
    InvalidValue
        When dask.distributed is not installed here.
    ConnectionFailed
        When there is no scheduler.
    """
    try:
        from distributed import rpc
        from distributed.security import Security
    except ImportError as error:
        raise InvalidValue(
            "Computing on a cluster needs dask.distributed; install it with "
            "pip install 'labdata-napari[distributed]'."
        ) from error

    async def ask() -> None:
        options = Security().get_connection_args("client")
        async with rpc(address, connection_args=options) as scheduler:
            kind = (await scheduler.identity())["type"]
        if kind != "Scheduler":
            raise ValueError(f"it is the address of a {kind.lower()}")

    async def ask_in_time() -> None:
        await asyncio.wait_for(ask(), _ANSWER_S)

    try:
        # on a thread of its own: in a notebook there is a loop already
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, ask_in_time()).result()
    except (OSError, TimeoutError, ValueError) as error:
        why = str(error) or f"no answer within {_ANSWER_S:g} s"
        raise ConnectionFailed(
            f"There is no dask scheduler at '{address}' ({why}); start one with "
            "'dask scheduler', or check the address."
        ) from error


class _Submitted:
    """The tasks of one call, from submitting to the last result."""

    def __init__(self, client: Any, reach: Reach, settings: ComputeSettings) -> None:
        from distributed import Event

        self._client = client
        self._reach = reach
        self._settings = settings
        self._name = f"{_TOPIC}-{uuid.uuid4().hex}"
        self._stop = Event(self._name, client=client)
        self._seen = 0

    def results(self, keys: list[Key], listener: Listener) -> Populated:
        by_task = {self._submit(key): key for key in keys}
        progress = {in_words(key): listener.begins(key) for key in keys}
        computed: list[Key] = []
        failed: list[tuple[Key, LabdataError]] = []
        try:
            while by_task:
                time.sleep(_LOOK_EVERY_S)
                done = [task for task in by_task if task.done()]
                self._tell(progress)
                for task in done:
                    key = by_task.pop(task)
                    word, text = _outcome(task)
                    if word == "elsewhere":
                        listener.waits([key])
                        time.sleep(_TELL_EVERY_S)
                        by_task[self._submit(key)] = key
                    elif word == "failed":
                        failed.append((key, LabdataError(text)))
                        listener.ends(key, failed[-1][1])
                    else:
                        listener.ends(key, None)
                        if word == "computed":
                            computed.append(key)
        except BaseException:
            self._end(list(by_task))
            raise
        return Populated(tuple(computed), tuple(failed))

    def _submit(self, key: Key) -> Any:
        return self._client.submit(
            compute_task,
            self._reach,
            dict(key),
            self._settings,
            self._name,
            key=f"transform {in_words(key)} {uuid.uuid4().hex[:8]}",
            pure=False,
        )

    def _tell(self, progress: dict[str, Any]) -> None:
        events = self._client.get_events(self._name) or ()
        for _, event in events[self._seen :]:
            progress[event["key"]](event["done"], event["total"])
        self._seen = len(events)

    def _end(self, tasks: list[Any]) -> None:
        """Have running tasks take back what they began, and forget the others."""
        if self._client.status != "running":  # the scheduler is gone, and so are they
            return
        self._stop.set()
        waiting = [task for task in tasks if task.status == "pending"]
        until = time.monotonic() + _PATIENCE_S
        while waiting and time.monotonic() < until:
            running = {str(k) for ks in self._client.processing().values() for k in ks}
            if not running & {str(task.key) for task in waiting}:
                break
            time.sleep(0.2)
        self._client.cancel(tasks)


def _outcome(task: Any) -> tuple[str, str]:
    if task.status == "finished":
        word, text = task.result()
        return str(word), str(text)
    if task.status in ("cancelled", "lost"):
        raise CancelledError
    error = task.exception()
    return "failed", f"A worker could not do it ({type(error).__name__}: {error})."


def compute_task(
    reach: Reach, key: Key, settings: ComputeSettings, name: str
) -> tuple[str, str]:
    """Compute one transform on a worker.

    Returns
    -------
    tuple
        "computed", "there", "elsewhere" or "failed", and a sentence for the last.
    """
    from labdata_napari.lab.computing import compute_transform

    try:
        progress = _Progress(name, in_words(key))
        progress(0, 1)
        with reach.open() as lab:
            here = compute_transform(lab, key, progress, settings)
        return "computed" if here else "there", ""
    except BeingComputed:
        return "elsewhere", ""
    except LabdataError as error:
        return "failed", str(error)


class _Progress:
    """Tells the scheduler, and asks it whether to stop; once a second."""

    def __init__(self, name: str, key: str) -> None:
        from distributed import Event, get_worker

        self._worker = get_worker()
        self._stop = Event(name)
        self._name, self._key = name, key
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_EVERY_S:
            return
        self._told = now
        told = {"key": self._key, "done": int(done), "total": int(total)}
        self._worker.log_event(self._name, told)
        if self._stop.is_set():
            raise Cancelled("The transform was cancelled.")
