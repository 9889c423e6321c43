"""The journal of a transform being computed: where it is, and how to go on with it.

Beside a file "t.ome.tif" that is being written there are ".t.ome.tif.partial", what
there is of it, and ".t.ome.tif.journal", JSON lines: first what is computed from what,
then one line per finished slab with what is needed to check it on disk. The line comes
after its slab, and a slab is believed only if its checksum agrees: whatever moment a
process is killed at, what is found afterwards is a run up to some slab.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from labdata_napari.core.locks import FileLock
from labdata_napari.errors import Interrupted, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]
_FIRST = "labdata-napari run"


@dataclass(frozen=True)
class Unfinished:
    """A run that ended before its file was complete.

    Attributes
    ----------
    name
        Of the file it was to become.
    done, total
        Planes of the result that are finished, and of the whole.
    parameters
        What it computed, as `TransformParameters.to_row`.
    stopped
        When it last wrote.
    running
        Whether it is being written just now.
    """

    name: str
    done: int
    total: int
    parameters: Mapping[str, Any]
    stopped: datetime.datetime
    running: bool

    def __str__(self) -> str:
        share = 100 * self.done // max(1, self.total)
        so_far = f"{self.done:,} of {self.total:,} planes ({share} %)"
        if self.running:
            return f"'{self.name}' is being computed: {so_far}."
        when = f"{self.stopped:%d %B %Y at %H:%M}"
        return (
            f"'{self.name}' stopped after {so_far} on {when}; "
            "computing it again with the same parameters goes on from there."
        )


def unfinished(target: str | Path) -> Unfinished | None:
    """Tell where the computing of a file ended; None where nothing is left of it."""
    target = Path(target)
    partial, journal = partial_of(target), _journal(target)
    try:
        text = journal.read_text(encoding="utf-8", errors="replace")
        changed = datetime.datetime.fromtimestamp(journal.stat().st_mtime)
    except OSError:
        return None
    first, records, _ = _read(text)
    if first is None or not partial.exists():
        return None
    lock = FileLock(journal)
    try:
        running = not lock.acquire(shared=True)
    except (OSError, WriteRefused):
        running = False
    lock.release()
    return Unfinished(
        target.name,
        sum(int(record["pages"]) for record in records),
        int(first.get("pages", 0)),
        dict(first.get("parameters") or {}),
        changed,
        running,
    )


def remove_unfinished(target: Path) -> None:
    """Remove what a run that was killed left of writing `target`.

    Raises
    ------
    WriteRefused
        When it is being written just now.
    """
    lock = FileLock(_journal(target))
    if not target.parent.is_dir():
        return
    try:
        obtained = lock.acquire()
    except OSError:
        return
    if not obtained:
        raise WriteRefused(f"'{target}' is being computed; stop that first.")
    remove(partial_of(target))
    lock.discard()


class Run:
    """One run of writing a file: its lock, its journal, and the end of both.

    A context: whatever ends the work inside leaves neither a file nor a folder that
    was made for it, unless `keep` or it was `Interrupted`; `finish` puts the file in
    its place.

    Parameters
    ----------
    target
        The file.
    identity
        All that the file depends on: a run is continued if it is the same. None for
        one that cannot be continued.
    pages, parameters
        For `Unfinished`.
    keep
        Leave what there is, for another run to go on with, when this one is cancelled
        or fails.

    Attributes
    ----------
    partial
        Where to write.
    records
        Of the slabs that an earlier run finished.

    Raises
    ------
    WriteRefused
        When the folder cannot be written to, or another process writes the same file.
    """

    def __init__(
        self,
        target: Path,
        identity: Mapping[str, Any] | None,
        pages: int,
        parameters: Mapping[str, Any],
        *,
        keep: bool = False,
    ) -> None:
        self.target = target
        self.partial = partial_of(target)
        self.records: list[Record] = []
        self.keep = keep and identity is not None
        self._resumable = identity is not None
        self._first = {"pages": pages, "parameters": parameters, "of": identity}
        self._path = _journal(target)
        self._lock = FileLock(self._path)
        self._made: list[Path] = []
        self._done = False

    def __enter__(self) -> Self:
        try:
            self._make_folders()
            # whoever only looks holds it for a moment, too
            if not self._lock.acquire(patience=1.0):
                raise WriteRefused(
                    f"'{self.target}' is being computed by another process; wait until "
                    "it is done."
                )
            try:
                self._open()
            except BaseException:
                self._clear()
                raise
        except OSError as error:
            self._remove_folders()
            raise refused(self.target, error) from error
        return self

    def _open(self) -> None:
        """Go on with what an earlier run left, or remove it and begin."""
        first, records, end = _read(
            self._path.read_text(encoding="utf-8", errors="replace")
        )
        known = json.loads(json.dumps(self._first))
        self._file = self._path.open("r+b", buffering=0)
        if first == known and known["of"] is not None and self.partial.exists():
            self.records = records
            self._file.truncate(end)
            self._file.seek(end)
            return
        remove(self.partial)
        self._file.truncate(0)
        self._write({_FIRST: self._first})

    def go_on_after(self, slabs: int) -> None:
        """Forget the records of all slabs but the first ones: those that are true."""
        if slabs == len(self.records):
            return
        del self.records[slabs:]
        self._file.seek(0)
        self._file.truncate(0)
        for line in ({_FIRST: self._first}, *self.records):
            self._write(line)

    def note(self, record: Record) -> None:
        """Add a slab that is on disk: "pages", and whatever checks it."""
        self.records.append(record)
        self._write(record)

    def finish(self, product: Path) -> None:
        """Put the file in its place.

        Parameters
        ----------
        product
            `partial`, or what has come to be in it.

        Raises
        ------
        WriteRefused
            When something is there that cannot be replaced.
        """
        try:
            if product.is_dir() and self.target.is_dir():
                _replace_folder(product, self.target)
            else:
                product.replace(self.target)
        except OSError as error:
            raise refused(self.target, error) from error
        self._done = True

    def spoiled(self) -> None:
        """Let nothing be kept: what was written is not what was computed."""
        self.keep = self._resumable = False

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        ends = kind is not None and issubclass(kind, Interrupted) and self._resumable
        if kind is None or not (self.keep or ends):
            self._clear()
            return
        self._file.close()
        self._lock.release()

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, separators=(",", ":")) + "\n"
        try:
            self._file.write(text.encode())
        except OSError as error:
            raise refused(self.target, error) from error

    def _clear(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
        remove(self.partial)
        self._lock.discard()
        if not self._done:
            self._remove_folders()

    def _make_folders(self) -> None:
        folders = (self.target.parent, *self.target.parent.parents)
        for folder in reversed([p for p in folders if not p.exists()]):
            folder.mkdir()
            self._made.insert(0, folder)

    def _remove_folders(self) -> None:
        for folder in self._made:
            # Somebody else may have put a file there in the meantime.
            with contextlib.suppress(OSError):
                folder.rmdir()


def refused(target: Path, error: OSError) -> WriteRefused:
    """Say in words that a file could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return WriteRefused(
        f"{target} could not be written ({error.strerror or error}); "
        f"{'make room or ' if full else ''}choose another place, then repeat."
    )


def remove(path: Path) -> None:
    """Remove a file or folder of ours, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _replace_folder(folder: Path, target: Path) -> None:
    """Put a folder where another one is; the old one is there until then."""
    old = target.with_name(f".{target.name}.old")
    remove(old)
    target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        old.rename(target)
        raise
    remove(old)


def partial_of(target: Path) -> Path:
    """Name under which a file is written until it is whole."""
    return target.parent / f".{target.name}.partial"


def _journal(target: Path) -> Path:
    return target.parent / f".{target.name}.journal"


def _read(text: str) -> tuple[dict[str, Any] | None, list[Record], int]:
    """Give a journal's first line, its records, and where the last whole line ends.

    A line that was cut or is none ends it.
    """
    first: dict[str, Any] | None = None
    records: list[Record] = []
    end = 0
    for line in text.splitlines(keepends=True):
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if not line.endswith("\n") or not isinstance(entry, dict):
            break
        if first is None:
            if not isinstance(entry.get(_FIRST), dict):
                break
            first = entry[_FIRST]
        elif isinstance(entry.get("pages"), int):
            records.append(entry)
        else:
            break
        end += len(line.encode())
    return first, records, end
