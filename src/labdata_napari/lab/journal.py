"""Unsaved annotations on disk, so that neither a crash nor closing napari loses them.

Every window writes files of its own (`<target>-<process>-<random>.jsonl`) and holds
the lock beside each, which the system drops when the process dies: a file whose lock
is free was left behind, and what it holds is offered to whoever opens the target next.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labdata_napari.core.draft import Draft, differ, pointless, usable
from labdata_napari.core.locks import FileLock
from labdata_napari.errors import LabdataError, UnreadableFile, WriteRefused
from labdata_napari.lab.address import parse
from labdata_napari.lab.journal_lines import State, header, read_lines, state_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from io import FileIO
    from pathlib import Path

    from labdata_napari.core.annotation import Annotation, AnnotationSet
    from labdata_napari.core.changes import Changes

_COMPACT_BYTES = 1 << 20
_COMPACT_FACTOR = 8  # how many times the present state a file may hold


@dataclass(frozen=True)
class Target:
    """The rows whose working copy is journalled.

    Attributes
    ----------
    url
        Address of the lab; a password in it is dropped.
    name, project
        The lab's database and project there.
    kind, key
        The table and the primary key of what was opened.
    """

    url: str
    name: str
    project: str | None
    kind: str
    key: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", parse(self.url).url)
        object.__setattr__(self, "key", {k: _plain(v) for k, v in self.key.items()})

    @property
    def stem(self) -> str:
        """What the names of this target's files begin with."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a window left unsaved.

    Attributes
    ----------
    when
        Time of the last edit, with its zone.
    edited
        The working copy; annotations may lack points.
    baseline
        What the table held when it was loaded or last saved.
    path
        The file.
    problem
        A sentence when the file is damaged and later edits cannot be read.
    """

    when: datetime
    edited: tuple[Draft, ...]
    baseline: AnnotationSet
    path: Path
    problem: str = ""

    def changes_for(self, present: AnnotationSet) -> Changes[Annotation]:
        """Return the unsaved changes that are not in `present` already."""
        changes = self.baseline.changes_to(usable(self.edited))
        rows: dict[int | None, Annotation] = {
            a.annotation_id: a for a in present if a.annotation_id is not None
        }
        named = {a.name: a for a in present}

        def is_there(wanted: Annotation, found: Annotation | None) -> bool:
            return found is not None and wanted.same_content(found)

        return type(changes)(
            tuple(a for a in changes.added if not is_there(a, named.get(a.name))),
            tuple(
                c
                for c in changes.changed
                if not is_there(c.after, rows.get(c.after.annotation_id))
            ),
            tuple(a for a in changes.removed if a.annotation_id in rows),
        )

    def names_for(self, taken: Sequence[str]) -> tuple[Draft, ...]:
        """Return the new annotations without points whose names are not `taken`."""
        return tuple(d for d in pointless(self.edited) if d.name not in taken)


class Journal:
    """The unsaved edits of one working copy; belongs to one thread.

    Parameters
    ----------
    folder
        Where journals are kept; made when there is something to keep.
    target
        What is edited.
    """

    def __init__(self, folder: Path, target: Target) -> None:
        self.folder = folder
        self.target = target
        self._path: Path | None = None
        self._lock: FileLock | None = None
        self._stream: FileIO | None = None
        self._size = 0
        self._last: State | None = None
        self._claims: dict[Path, FileLock] = {}
        self.needs_sync = False

    def record(self, edited: Sequence[Draft], baseline: AnnotationSet) -> None:
        """Append a state; one that equals its baseline removes the file instead.

        Raises
        ------
        WriteRefused
            When it cannot be written; what was written before stays readable.
        """
        if not differ(edited, baseline):
            self.clear()
            return
        state = State(datetime.now(UTC), tuple(edited), baseline)
        with self._refusing("kept"):
            if self._stream is None:
                self._start(state)
            elif self._last is None or not state.same_as(self._last):
                self._append(state_line(state, self._last))
                self._last = state
                self._compact_if_long()

    def sync(self) -> None:
        """Make sure that what was recorded survives the computer's end as well.

        Raises
        ------
        WriteRefused
            When the disk fails.
        """
        self.needs_sync = False
        if self._stream is not None:
            with self._refusing("kept"):
                os.fsync(self._stream.fileno())

    def recover(self) -> Recovered | None:
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
        found: list[Recovered] = []
        problems: list[str] = []
        with self._refusing("looked for"):
            for path, lock in self._left_behind():
                try:
                    state, problem = _read(path)
                except OSError:
                    lock.release()
                    raise
                if problem:
                    problems.append(problem)
                if state is None:
                    _remove(path, lock)
                    continue
                self._claims[path] = lock
                found.append(
                    Recovered(state.when, state.edited, state.baseline, path, problem)
                )
        found.sort(key=lambda recovered: recovered.when)
        for older in found[:-1]:
            self._claims.pop(older.path).release()
        if problems and not found:
            raise UnreadableFile(problems[0])
        return found[-1] if found else None

    def adopt(
        self,
        recovered: Recovered,
        edited: Sequence[Draft],
        baseline: AnnotationSet,
    ) -> None:
        """Record a working copy that holds what was recovered, then dismiss that.

        Raises
        ------
        WriteRefused
            When it cannot be recorded; what was recovered is then kept.
        """
        self.record(edited, baseline)
        self.dismiss(recovered)

    def dismiss(self, recovered: Recovered) -> None:
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
            _remove(recovered.path, lock)

    def clear(self) -> None:
        """Remove what this journal recorded, also after `close`.

        Raises
        ------
        WriteRefused
            When the file cannot be removed.
        """
        path, lock = self._path, self._lock
        self._let_go()
        self._path = self._lock = None
        if path is None or lock is None:
            return
        with self._refusing("removed"):
            if lock.acquire():  # somebody may have been offered it after `close`
                _remove(path, lock)

    def close(self) -> None:
        """Leave everything for the next who opens the target."""
        with contextlib.suppress(LabdataError):  # the lines are written all the same
            self.sync()
        self._let_go()
        if self._lock is not None:
            self._lock.release()
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

    def _start(self, state: State) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{self.target.stem}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        path = self.folder / name
        lock = FileLock(path.with_suffix(".lock"))
        if not lock.acquire():
            raise WriteRefused(f"'{lock.path}' is locked by another program.")
        try:
            self._write_anew(path, state)
        except OSError:
            lock.discard()
            raise
        self._path, self._lock = path, lock

    def _write_anew(self, path: Path, state: State) -> None:
        """Write a file whole or not at all, then go on appending to it."""
        content = header(asdict(self.target)) + state_line(state, None)
        part = path.with_suffix(".part")
        try:
            with open(part, "wb", opener=_private) as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            self._let_go()  # Windows replaces no file that is open
            os.replace(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        self._stream = open(path, "ab", buffering=0)  # noqa: SIM115
        self._size, self._last = len(content), state

    def _append(self, line: bytes) -> None:
        assert self._stream is not None
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError:
            self._take_back()
            raise
        self._size += len(line)
        self.needs_sync = True

    def _take_back(self) -> None:
        """Remove half a line, so that the file stays readable."""
        assert self._stream is not None
        try:
            self._stream.truncate(self._size)
        except OSError:
            self._let_go()  # the next state goes to a new file
            if self._lock is not None:
                self._lock.release()
            self._path = self._lock = None

    def _compact_if_long(self) -> None:
        if self._size < _COMPACT_BYTES or self._path is None or self._last is None:
            return
        if self._size < _COMPACT_FACTOR * len(state_line(self._last, None)):
            return
        try:
            self._write_anew(self._path, self._last)
        except OSError:  # no room for a second copy: go on with the long one
            if self._stream is None:
                self._stream = open(self._path, "ab", buffering=0)  # noqa: SIM115

    def _let_go(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = self._last = None
        self.needs_sync = False

    def _left_behind(self) -> Iterator[tuple[Path, FileLock]]:
        """Take the files of this target whose windows are gone."""
        for path in sorted(self.folder.glob(f"{self.target.stem}-*.jsonl")):
            if path in self._claims or (path == self._path and self._stream):
                continue
            lock = FileLock(path.with_suffix(".lock"))
            if not lock.acquire():
                continue
            if path.exists():
                yield path, lock
            else:  # somebody else was faster
                lock.discard()


def _read(path: Path) -> tuple[State | None, str]:
    """Read a file; one that holds nothing readable is set aside."""
    try:
        state, is_damaged = read_lines(path.read_bytes())
    except UnreadableFile:
        os.replace(path, _aside(path))
        return None, (
            "A file of unsaved changes cannot be read; it was set aside as "
            f"'{_aside(path)}'."
        )
    if is_damaged and state is None:
        os.replace(path, _aside(path))
    if is_damaged:
        return state, (
            "The file of these unsaved changes is damaged, later ones could not be "
            f"read; it is set aside as '{_aside(path)}'."
        )
    return state, ""


def _remove(path: Path, lock: FileLock) -> None:
    path.unlink(missing_ok=True)
    lock.discard()


def _aside(path: Path) -> Path:
    return path.with_suffix(".damaged")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _plain(value: Any) -> Any:
    """Give a key's value as JSON has it, whatever driver it came from."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, int, float, type(None))) else str(value)
