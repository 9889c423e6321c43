"""Unsaved edits on disk, so that neither a crash nor closing napari loses them.

Every window writes files of its own (`<target>-<process>-<random>.jsonl`) and holds
the lock beside each, which the system drops when the process dies: a file whose lock
is free was left behind, and what it holds is offered to whoever opens the target next.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic

from labdata_napari.core.locks import FileLock
from labdata_napari.errors import LabdataError, UnreadableFile, WriteRefused
from labdata_napari.lab.journal_file import JournalFile, lock_path, remove
from labdata_napari.lab.journal_lines import (
    Baseline,
    Edited,
    Entry,
    Kind,
    State,
    entry_line,
    header,
    read_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.lab.journal_target import Target

_COMPACT_BYTES = 1 << 20
_COMPACT_FACTOR = 8  # how many times the present state a file may hold


@dataclass(frozen=True, eq=False)
class Recovered(Generic[State]):
    """What a window left unsaved.

    Attributes
    ----------
    when
        Time of the last edit, with its zone.
    state
        What was unsaved then, as the journal's `Kind` has it.
    path
        The file.
    problem
        A sentence when the file is damaged and later edits cannot be read.
    """

    when: datetime
    state: State
    path: Path
    problem: str = ""


class Journal(Generic[Edited, Baseline, State]):
    """The unsaved edits of one working copy; belongs to one thread.

    Parameters
    ----------
    folder
        Where journals are kept; made when there is something to keep.
    target
        What is edited.
    kind
        What is kept of it, and how: `journal_annotations.ANNOTATIONS`,
        `journal_poses.POSES`.
    """

    def __init__(
        self, folder: Path, target: Target, kind: Kind[Edited, Baseline, State]
    ) -> None:
        self.folder = folder
        self.target = target
        self.kind = kind
        self._file: JournalFile | None = None
        self._last: State | None = None
        self._claims: dict[Path, FileLock] = {}

    @property
    def needs_sync(self) -> bool:
        """Whether something was recorded that a power cut could take."""
        return self._file is not None and self._file.needs_sync

    def record(self, edited: Edited, baseline: Baseline) -> None:
        """Append a state; one without anything unsaved removes the file instead.

        Parameters
        ----------
        edited
            The working copy.
        baseline
            What was loaded or last saved of it.

        Raises
        ------
        WriteRefused
            When it cannot be written; what was written before stays readable.
        """
        state = self.kind.unsaved(edited, baseline)
        if state is None:
            self.clear()
            return
        entry = Entry(datetime.now(UTC), state)
        with self._refusing("kept"):
            if self._file is None or not self._file.is_open:
                self._start(entry)
            elif self._last is None or not self.kind.same(state, self._last):
                self._append(self._file, entry)

    def sync(self) -> None:
        """Make sure that what was recorded survives the computer's end as well.

        Raises
        ------
        WriteRefused
            When the disk fails.
        """
        if self._file is not None:
            with self._refusing("kept"):
                self._file.sync()

    def recover(self) -> Recovered[State] | None:
        """Return the newest state that another window of this target left behind.

        It is this journal's until `adopt`, `dismiss` or `close`: nobody else is
        offered it. Call again for older ones.

        Raises
        ------
        UnreadableFile
            When there was a file and nothing in it can be read; it was set aside.
        WriteRefused
            When the folder cannot be used.
        """
        found: list[Recovered[State]] = []
        problems: list[str] = []
        with self._refusing("looked for"):
            for path, lock in self._left_behind():
                try:
                    entry, problem = self._read(path)
                except OSError:
                    lock.release()
                    raise
                if problem:
                    problems.append(problem)
                if entry is None:
                    remove(path, lock)
                    continue
                self._claims[path] = lock
                found.append(Recovered(entry.when, entry.state, path, problem))
        found.sort(key=lambda recovered: recovered.when)
        for older in found[:-1]:
            self._claims.pop(older.path).release()
        if problems and not found:
            raise UnreadableFile(problems[0])
        return found[-1] if found else None

    def adopt(
        self, recovered: Recovered[State], edited: Edited, baseline: Baseline
    ) -> None:
        """Record a working copy that holds what was recovered, then dismiss that.

        Raises
        ------
        WriteRefused
            When it cannot be recorded; what was recovered is then kept.
        """
        self.record(edited, baseline)
        self.dismiss(recovered)

    def dismiss(self, recovered: Recovered[Any]) -> None:
        """Remove what was recovered; a damaged file is set aside.

        Raises
        ------
        WriteRefused
            When the file cannot be removed.
        """
        lock = self._claims.pop(recovered.path, None)
        if lock is None:
            return
        with self._refusing("removed"):
            if recovered.problem:
                os.replace(recovered.path, _aside(recovered.path))
            remove(recovered.path, lock)

    def clear(self) -> None:
        """Remove what this journal recorded, also after `close`.

        Raises
        ------
        WriteRefused
            When the file cannot be removed.
        """
        file, self._file, self._last = self._file, None, None
        if file is not None:
            with self._refusing("removed"):
                file.remove()

    def close(self) -> None:
        """Leave everything for the next who opens the target."""
        with contextlib.suppress(LabdataError):  # the lines are written all the same
            self.sync()
        if self._file is not None:
            self._file.leave()
        while self._claims:
            self._claims.popitem()[1].release()

    # -- how

    @contextlib.contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, WriteRefused) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise WriteRefused(
                f"Unsaved changes cannot be {what} in '{self.folder}' ({reason}): "
                "save to the lab often, they would not survive a crash."
            ) from error

    def _whole(self, entry: Entry[State]) -> bytes:
        first = header(asdict(self.target))
        return first + entry_line(self.kind, entry, None)

    def _start(self, entry: Entry[State]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{self.target.stem}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._file = JournalFile(self.folder / name, self._whole(entry))
        self._last = entry.state

    def _append(self, file: JournalFile, entry: Entry[State]) -> None:
        try:
            file.append(entry_line(self.kind, entry, self._last))
        except OSError:
            if not file.is_open:
                self._file = None  # the next state goes to a new one
            raise
        self._last = entry.state
        if file.size < _COMPACT_BYTES:
            return
        content = self._whole(entry)
        if file.size >= _COMPACT_FACTOR * len(content):
            with contextlib.suppress(OSError):  # no room for a second copy: go on
                file.replace(content)

    def _left_behind(self) -> Iterator[tuple[Path, FileLock]]:
        """Take the files of this target whose windows are gone."""
        own = self._file.path if self._file and self._file.is_open else None
        for path in sorted(self.folder.glob(f"{self.target.stem}-*.jsonl")):
            if path in self._claims or path == own:
                continue
            lock = FileLock(lock_path(path))
            if not lock.acquire():
                continue
            if path.exists():
                yield path, lock
            else:  # somebody else was faster
                lock.discard()

    def _read(self, path: Path) -> tuple[Entry[State] | None, str]:
        """Read a file; one that holds nothing readable is set aside."""
        try:
            entry, is_damaged = read_lines(self.kind, path.read_bytes())
        except UnreadableFile:
            os.replace(path, _aside(path))
            return None, (
                "A file of unsaved changes cannot be read; it was set aside as "
                f"'{_aside(path)}'."
            )
        if is_damaged and entry is None:
            os.replace(path, _aside(path))
        if is_damaged:
            return entry, (
                "The file of these unsaved changes is damaged, later ones could not "
                f"be read; it is set aside as '{_aside(path)}'."
            )
        return entry, ""


def _aside(path: Path) -> Path:
    return path.with_suffix(".damaged")
