"""What a window still has to compute, on disk: so that the next one can go on with it.

Every window writes a file of its own and holds the lock beside it, which the system
drops when the process dies: a file whose lock is free was left behind.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.locks import FileLock
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import LabdataError, WriteRefused
from labdata_napari.lab.compute_settings import ComputeSettings
from labdata_napari.lab.private_files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LabName = tuple[str, str, str | None]


@dataclass(frozen=True)
class Left:
    """A computation that was not finished.

    Attributes
    ----------
    lab
        Address without a password, name and project of the lab.
    key, name, parameters, settings
        As of `labdata_napari.lab.compute_queue.Computation`.
    was_running
        Whether it had begun.
    """

    lab: LabName
    key: Mapping[str, Any]
    name: str
    parameters: TransformParameters | None
    settings: ComputeSettings
    was_running: bool

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        row = None if self.parameters is None else self.parameters.to_row()
        return {
            "lab": list(self.lab),
            "key": dict(self.key),
            "name": self.name,
            "parameters": row,
            "settings": asdict(self.settings),
            "was_running": self.was_running,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Left:
        """Read it back.

        Raises
        ------
        LabdataError, ValueError, TypeError, KeyError
            When it is none.
        """
        url, name, project = said["lab"]
        row = said["parameters"]
        return cls(
            (str(url), str(name), project),
            dict(said["key"]),
            str(said["name"]),
            None if row is None else TransformParameters.from_row(row),
            ComputeSettings(**said["settings"]),
            bool(said["was_running"]),
        )


class QueueFile:
    """The unfinished computations of one window; belongs to one thread.

    Parameters
    ----------
    folder
        Where such files are kept; made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
        self._lock = FileLock(self._path.with_suffix(".lock"))
        self._kept: tuple[Left, ...] = ()
        self._claims: dict[Path, FileLock] = {}

    def keep(self, unfinished: Sequence[Left]) -> None:
        """Keep these in place of what was kept; none at all removes the file.

        Raises
        ------
        WriteRefused
            When that is not possible; computing goes on all the same.
        """
        if tuple(unfinished) == self._kept:
            return
        try:
            if unfinished:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._lock.acquire()
                said = [left.to_json() for left in unfinished]
                write_private(self._path, json.dumps(said))
            else:
                self._path.unlink(missing_ok=True)
                self._lock.discard()
        except OSError as error:
            raise WriteRefused(
                "What is still to be computed cannot be kept for another start in "
                f"'{self._folder}': {error.strerror or error}."
            ) from error
        self._kept = tuple(unfinished)

    def left_behind(self, lab: LabName) -> tuple[Left, ...]:
        """Take what windows that are gone have left of a lab; it is nobody else's then.

        What cannot be read is passed over.
        """
        found: list[Left] = []
        for path in sorted(self._folder.glob("*.json")):
            if path == self._path or path in self._claims:
                continue
            lock = FileLock(path.with_suffix(".lock"))
            if not lock.acquire():
                continue
            left = _read(path)
            mine = [one for one in left if one.lab == lab]
            if mine and len(mine) == len(left):
                self._claims[path] = lock
                found += mine
            elif left:  # of another lab: it is offered there
                lock.release()
            else:
                _remove(path, lock)
        return tuple(found)

    def settle(self) -> None:
        """Remove what was taken: it is in the queue now, or not wanted."""
        for path, lock in self._claims.items():
            _remove(path, lock)
        self._claims.clear()

    def close(self) -> None:
        """Leave behind what is not finished, for another window."""
        for lock in self._claims.values():
            lock.release()
        self._claims.clear()
        self._lock.release()


def sentence(left: Sequence[Left]) -> str:
    """Say what was left behind; empty when that is nothing."""
    if not left:
        return ""
    running = [one.name for one in left if one.was_running]
    waiting = [one.name for one in left if not one.was_running]
    if not running:
        return f"napari ended before it computed {_listed(waiting)}."
    more = f", and {_listed(waiting)} waited" if waiting else ""
    return f"napari ended while it computed {_listed(running)}{more}."


def _listed(names: list[str]) -> str:
    if len(names) > 3:
        return f"{names[0]} and {len(names) - 1} more"
    *first, last = names
    return f"{'; '.join(first)} and {last}" if first else last


def _read(path: Path) -> list[Left]:
    try:
        return [Left.from_json(said) for said in json.loads(path.read_text("utf-8"))]
    except (OSError, ValueError, TypeError, KeyError, LabdataError):
        return []


def _remove(path: Path, lock: FileLock) -> None:
    path.unlink(missing_ok=True)
    lock.discard()
