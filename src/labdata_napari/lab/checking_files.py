"""The files of a lab: are they where their rows say, and has each of them a row."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.lab.failures import translate_errors
from labdata_napari.schema.contract import contract
from labdata_napari.schema.references import references_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.lab import Lab

_TABLES = ("File", "AnalysisFile")
_MOST_ENTRIES = 500_000


@dataclass(frozen=True)
class FileRow:
    """A row that names a file.

    Attributes
    ----------
    table
        ``"File"`` or ``"AnalysisFile"``.
    file_path, storage
        Its key.
    size
        Bytes, by the row.
    problem
        What is wrong with it, in words; empty when nothing is.
    """

    table: str
    file_path: str
    storage: str
    size: float
    problem: str = ""


@dataclass(frozen=True)
class FolderState:
    """One of this computer's folders for the lab's files.

    Attributes
    ----------
    folder
        Its path.
    problem
        Why its files cannot be read; empty when they can.
    may_write
        Whether new files may be put there.
    """

    folder: str
    problem: str
    may_write: bool


@dataclass(frozen=True)
class Unnamed:
    """Files in the lab's folders that no row names.

    Attributes
    ----------
    count, size
        How many, and their bytes.
    first
        Some of them, to see what they are.
    complete
        False when there was too much in the folders to look at all of it.
    """

    count: int
    size: int
    first: tuple[str, ...]
    complete: bool


def file_rows(lab: Lab) -> tuple[FileRow, ...]:
    """Return every row of the lab's tables of files, as far as they are there."""
    with translate_errors():
        return tuple(
            FileRow(name, row["file_path"], row["storage"], row["file_size"])
            for name in _TABLES
            if name not in lab.tables.missing
            for row in getattr(lab, name).proj("file_size").to_dicts(order_by="KEY")
        )


def orphans(lab: Lab, rows: Sequence[FileRow]) -> tuple[FileRow, ...] | None:
    """Return the rows of `AnalysisFile` that no other row refers to.

    Tables of other projects and of plugins count too, nullable references as well.
    None when this user may not read one of those tables, so that it is not known.
    """
    known = {
        name
        for name, rule in contract().items()
        if any(key["parent"] == "AnalysisFile" for key in rule["foreign_keys"])
    }
    if known & set(lab.tables.missing):
        return None
    ours = [row for row in rows if row.table == "AnalysisFile"]
    with translate_errors():
        references = references_to(lab.tables, "AnalysisFile")
        if not all(reference.readable for reference in references):
            return None
        used: set[tuple[str, str]] = set()
        adapter = lab.connection.adapter
        for reference in references:
            path, storage = map(adapter.quote_identifier, reference.columns)
            table = adapter.make_full_table_name(reference.schema, reference.table)
            used |= set(
                lab.connection.query(
                    f"SELECT DISTINCT {path}, {storage} FROM {table} "
                    f"WHERE {path} IS NOT NULL AND {storage} IS NOT NULL"
                ).fetchall()
            )
    return tuple(row for row in ours if (row.file_path, row.storage) not in used)


def looked_for(
    lab: Lab,
    rows: Sequence[FileRow],
    progress: Progress = silent,
    down: Mapping[str, str] | None = None,
) -> tuple[dict[str, int], tuple[FileRow, ...], tuple[FileRow, ...]]:
    """Look for the file of every row, here and in its storage unless that is `down`.

    Returns
    -------
    states : dict
        Number of files for each state that `Place` has.
    missing : tuple of FileRow
        Those that are nowhere, or whose path cannot be one, and why.
    unknown : tuple of FileRow
        Those whose storage did not answer, and what it said.
    """
    named = ((row.file_path, row.storage) for row in rows)
    places = lab.files.states(named, progress, down)
    states: Counter[str] = Counter()
    missing, unknown = [], []
    for row in rows:
        place = places[row.file_path, row.storage]
        refused = place.state == "refused"
        states["missing" if refused else place.state] += 1
        told = replace(row, problem=place.problem)
        if place.state == "missing" or refused:
            missing.append(told)
        elif place.state == "unknown":
            unknown.append(told)
    return dict(states), tuple(missing), tuple(unknown)


def folder_states(folders: Sequence[Path]) -> tuple[FolderState, ...]:
    """Say of each folder whether it is there, and may be read and written."""
    return tuple(
        FolderState(str(f), _why_unreadable(f), os.access(f, os.W_OK | os.X_OK))
        for f in folders
    )


def _why_unreadable(folder: Path) -> str:
    try:
        with os.scandir(folder):
            return ""
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"


def unnamed_files(
    lab: Lab, rows: Sequence[FileRow], progress: Progress = silent
) -> Unnamed | None:
    """Look for files that no row names, in the folders of the lab's subjects only.

    Hidden files and whatever lies in a folder that a row names as one file, such as a
    zarr store, are left out. None where this user may not read who has which files.
    """
    if set(lab.tables.missing) & {"Subject", *_TABLES}:
        return None
    with translate_errors():
        subjects = [key["subject_name"] for key in lab.Subject.keys(order_by="KEY")]
    tops = {*subjects, *(row.file_path.split("/")[0] for row in rows)}
    named = {row.file_path for row in rows} | _processed(lab)
    count = size = seen = 0
    first: list[str] = []
    folders = [
        (store, store / top)
        for store in lab.files.local_paths
        for top in sorted(tops)
        if _is_one_name(top)
    ]
    for number, (store, folder) in enumerate(folders):
        progress(number, len(folders))
        for entry in _files_below(store, folder, named):
            seen += 1
            if seen > _MOST_ENTRIES:
                return Unnamed(count, size, tuple(first), complete=False)
            path = Path(entry.path).relative_to(store).as_posix()
            if path in named:
                continue
            count += 1
            with contextlib.suppress(OSError):
                size += entry.stat(follow_symlinks=False).st_size
            if len(first) < 20:
                first.append(entry.path)
    return Unnamed(count, size, tuple(first), complete=True)


def _is_one_name(text: str) -> bool:
    """Whether a word from a row names one folder below another and nothing else."""
    return text not in ("", ".", "..") and not set(text) & {"/", "\\", "\0", ":"}


def _files_below(
    store: Path, folder: Path, named: set[str]
) -> Iterator[os.DirEntry[str]]:
    waiting = [folder]
    while waiting:
        # a folder that went away or may not be read has no files for us
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = Path(entry.path)
                if not entry.is_dir(follow_symlinks=False):
                    yield entry
                elif path.relative_to(store).as_posix() not in named:
                    waiting.append(path)


def _processed(lab: Lab) -> set[str]:
    """Paths of raw files that were replaced; who has kept them knows why."""
    if "ProcessedFile" in lab.tables.missing:
        return set()
    with translate_errors():
        keys: list[dict[str, Any]] = lab.ProcessedFile.keys(order_by="KEY")
    return {key["file_path"] for key in keys}
