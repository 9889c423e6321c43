"""Where the files of a list are: asked in the background, the rows in sight first."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.places import Place
    from labdata_napari.widgets.workspace import Workspace

    Name = tuple[str, str]
    """``file_path`` and ``storage``."""
    Places = Mapping[Name, Place]

_BATCH, _MANY = 64, 8
_AGAIN_S = 5.0
_LATER_MS, _LATEST_MS = 60_000, 15 * 60_000


class OfAFile(Protocol):
    """A record that names a file: an entry or a transform."""

    @property
    def file_path(self) -> str | None:
        """Its path, if it has a file."""

    @property
    def storage(self) -> str | None:
        """Its storage; None stands for ``data``."""

    @property
    def local(self) -> bool | None:
        """Whether it is on this computer; None when nobody looked."""


@dataclass(frozen=True, eq=False)
class _Round:
    """The files of one lab, for as long as it is this one."""

    files: Files
    stopped: threading.Event

    def go_on(self, done: int, total: int) -> None:
        """Raise once another lab has come; on the worker's thread."""
        if self.stopped.is_set():
            raise Cancelled("The lab has changed.")


class FilePlaces(QObject):
    """Knows where files are, as far as somebody has looked.

    A file in S3 costs a request, so only those that are not on this computer are asked
    for, some at a time, and never on the GUI thread or on the lab's. One that is being
    restored, or whose storage did not answer, is looked at again after a minute, then
    at longer and longer times.
    """

    changed = Signal(object)
    """The (file_path, storage) pairs about which something new is known."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._round: _Round | None = None
        self._is_busy = False  # one thread at a time, also when a storage is silent
        self._known: dict[Name, Place] = {}
        self._asked: dict[Name, float] = {}
        self._urgent: list[Name] = []
        self._queue: list[Name] = []
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._look_later)

    # -- what callers use

    @property
    def files(self) -> Files | None:
        """The files of the lab, for workers; None while there is no lab."""
        return self._round.files if self._round is not None else None

    def look(self, files: Files, records: Iterable[OfAFile]) -> None:
        """Look where the files of a list are, in its order; the one before is dropped.

        What is known already is not asked again, unless it is another lab's.
        """
        if files is not self.files:
            self.forget()
            self._round = _Round(files, threading.Event())
        self._later.setInterval(_LATER_MS)
        self._queue = list(dict.fromkeys(filter(None, map(self._worth, records))))
        self._go_on()

    def look_again(self, records: Iterable[OfAFile], now: bool = False) -> None:
        """Look first at some files whose place may have changed.

        Parameters
        ----------
        records
            Whose files.
        now
            Look whatever is known, and however shortly ago it was asked.
        """
        for record in records:
            name, place = name_of(record), self.of(record)
            if name is None or not self._is_askable(record):
                continue
            settled = place is not None and place.state in ("local", "remote")
            recent = time.monotonic() - self._asked.get(name, -_AGAIN_S) < _AGAIN_S
            if (now or not (settled or recent)) and name not in self._urgent:
                self._urgent.append(name)
        self._go_on()

    def forget(self) -> None:
        """Know nothing: there is no lab, or another one."""
        if self._round is not None:
            self._round.stopped.set()
        self._round, self._is_busy = None, False
        self._urgent, self._queue = [], []
        self._known.clear()
        self._asked.clear()
        self._later.stop()

    def of(self, record: OfAFile) -> Place | None:
        """Return where a record's file is; None while that is not known."""
        name = name_of(record)
        place = self._known.get(name) if name is not None else None
        if record.local and (place is None or place.state != "local"):
            return None  # it came here since
        return place

    def is_here(self, record: OfAFile) -> bool:
        """Whether a file is known to be on this computer."""
        place = self.of(record)
        return record.local is True or (place is not None and place.state == "local")

    def is_far(self, record: OfAFile) -> bool:
        """Whether a file is not here but has a storage in S3, where it may be."""
        name = name_of(record)
        if name is None or self.files is None or self.is_here(record):
            return False
        entry = self.files.storages.get(name[1])
        return entry is not None and entry.protocol == "s3"

    # -- how

    def _is_askable(self, record: OfAFile) -> bool:
        """Whether somebody else than the list may know more."""
        looked_for = record.local is not None
        return bool(record.file_path) and not (looked_for and not self.is_far(record))

    def _worth(self, record: OfAFile) -> Name | None:
        """Return the file of a record of a new list if it has to be asked for."""
        name = name_of(record)
        if name is None:
            return None
        place = self._known.get(name)
        if place is not None and place.state == "local" and record.local is False:
            del self._known[name]  # it was removed since
            place = None
        if place is not None and place.state != "unknown":
            return None
        return name if self._is_askable(record) else None

    def _go_on(self) -> None:
        if self._round is None or self._is_busy:
            return
        if self._urgent:
            names, self._urgent = self._urgent[:_BATCH], self._urgent[_BATCH:]
        else:
            names, self._queue = self._queue[:_BATCH], self._queue[_BATCH:]
        if not names:
            self._plan_later()
            return
        self._is_busy = True
        now = time.monotonic()
        self._asked.update((name, now) for name in names)
        self._workspace.background(
            _look, self._round, names, done=self._on_found, failed=self._on_failed
        )

    def _on_found(self, answer: tuple[_Round, dict[Name, Place]]) -> None:
        one, found = answer
        if one is not self._round:
            return
        self._is_busy = False
        found |= self._given_up(found)
        new = {name for name, place in found.items() if self._known.get(name) != place}
        self._known.update(found)
        if new:
            self.changed.emit(new)
        self._go_on()

    def _given_up(self, found: Places) -> dict[Name, Place]:
        """Take out of the queue the storages that answered nothing at all."""
        asked = Counter(storage for _, storage in found)
        silent = {
            name[1]: place
            for name, place in found.items()
            if place.state == "unknown" and asked[name[1]] >= _MANY
        }
        for (_, storage), place in found.items():
            if place.state != "unknown":
                silent.pop(storage, None)
        given_up = [name for name in self._queue if name[1] in silent]
        self._queue = [name for name in self._queue if name[1] not in silent]
        return {n: replace(silent[n[1]], file_path=n[0], url="") for n in given_up}

    def _on_failed(self, error: LabdataError) -> None:
        if not isinstance(error, Cancelled):  # that is another lab's
            self._is_busy = False
            self._workspace.status.emit(str(error))

    def _waiting(self) -> list[Name]:
        states = ("restoring", "unknown")
        return [name for name, place in self._known.items() if place.state in states]

    def _plan_later(self) -> None:
        if self._waiting() and not self._later.isActive():
            self._later.start()

    def _look_later(self) -> None:
        self._later.setInterval(min(2 * self._later.interval(), _LATEST_MS))
        self._queue += self._waiting()
        self._go_on()


def name_of(record: OfAFile) -> Name | None:
    """Return the path and storage of a record's file; None when it has none."""
    if record.file_path is None:
        return None
    return record.file_path, record.storage or "data"


def _look(one: _Round, names: Sequence[Name]) -> tuple[_Round, dict[Name, Place]]:
    one.go_on(0, len(names))
    return one, one.files.states(names, one.go_on)
