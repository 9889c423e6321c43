"""Transforms computed by several processes of this computer."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.commands.ending import Ended, endings_raised
from labdata_napari.commands.telling import name_of
from labdata_napari.errors import Interrupted, LabdataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.commands.telling import Telling
    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.compute_settings import ComputeSettings
    from labdata_napari.lab.populating import Key
    from labdata_napari.lab.reaching import Reach

_PATIENCE_S = 30.0


def compute_in_processes(
    count: int,
    reach: Reach,
    keys: list[Key],
    settings: ComputeSettings,
    telling: Telling,
) -> list[tuple[Key, LabdataError]]:
    """Compute transforms; return those that failed.

    Each process goes through all of them and passes over what others are at, so that
    they share the work with any other program, and one that dies is replaced.
    """
    count = max(1, min(count, len(keys)))
    share = max(1, (os.cpu_count() or 1) // count)
    settings = replace(settings, threads=settings.threads or share)
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    children = [
        context.Process(target=_work, args=(reach, keys, settings, told))
        for _ in range(count)
    ]
    for child in children:
        child.start()
    try:
        return _listen(told, children, telling)
    finally:
        for child in children:
            child.terminate()  # SIGTERM: it takes back what it began
        for child in children:
            child.join(_PATIENCE_S)


def _listen(
    told: Any, children: list[Any], telling: Telling
) -> list[tuple[Key, LabdataError]]:
    from queue import Empty

    failed: dict[str, tuple[Key, LabdataError]] = {}
    ours: set[str] = set()  # what one child waits for, another one may be at
    running = len(children)
    while running:
        try:
            word, *rest = told.get(timeout=0.5)
        except Empty:
            if not any(child.is_alive() for child in children):
                break  # killed from outside: what is missing is told by the caller
            continue
        if word == "over":
            running -= 1
        elif word == "percent":
            ours.add(rest[0])
            telling.percent(*rest)
        elif word == "waits":
            others = [key for key in rest[0] if name_of(key) not in ours]
            if others:
                telling.waits(others)
        elif rest[1] is None:
            telling.ends(rest[0], None)
        elif str(rest[0]) not in failed:  # the first who failed has said it
            failed[str(rest[0])] = rest[0], LabdataError(rest[1])
            telling.ends(*failed[str(rest[0])])
    return list(failed.values())


def _work(reach: Reach, keys: list[Key], settings: ComputeSettings, told: Any) -> None:
    from labdata_napari.lab.populating import populate

    try:
        with endings_raised(), reach.open() as lab:
            populate(
                lab,
                keys,
                listener=_Sending(told),
                settings=settings,
                suppress_errors=True,
            )
    except (Ended, KeyboardInterrupt):
        pass
    except Interrupted:  # nobody is there to hear of it
        told.cancel_join_thread()
    except LabdataError as error:
        told.put(("ends", keys[0], str(error)))
    told.put(("over",))


class _Sending:
    """A listener in a child process."""

    def __init__(self, told: Any) -> None:
        self._told = told
        self._percent: dict[str, int] = {}
        self._waited = False

    def begins(self, key: Key) -> Progress:
        name = name_of(key)

        def report(done: int, total: int) -> None:
            _stop_without_parent()
            now = 100 * done // max(total, 1)
            if self._percent.get(name) != now:
                self._percent[name] = now
                self._told.put(("percent", name, now))

        return report

    def ends(self, key: Key, error: LabdataError | None) -> None:
        self._told.put(("ends", key, None if error is None else str(error)))

    def waits(self, keys: Sequence[Key]) -> None:
        _stop_without_parent()
        if self._waited:  # a sibling that has just begun has told so by then
            self._told.put(("waits", list(keys)))
        self._waited = True


def _stop_without_parent() -> None:
    """End when the command was killed; what is half done is gone on with next time."""
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise Interrupted("The command that this belongs to was ended.")
