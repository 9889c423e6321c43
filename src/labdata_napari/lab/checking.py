"""A report of a whole lab: server, tables, storages, files. Nothing is changed."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.errors import LabdataError, StorageRefused
from labdata_napari.lab.checking_files import (
    FileRow,
    FolderState,
    Unnamed,
    file_rows,
    folder_states,
    looked_for,
    orphans,
    unnamed_files,
)
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.server_state import (
    SchemaState,
    ServerState,
    lab_names,
    schema_states,
    server_state,
)
from labdata_napari.schema.contract import contract, differences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.lab import Lab

_AT_ONCE = 16


@dataclass(frozen=True)
class StorageState:
    """A storage of the settings.

    Attributes
    ----------
    name
        As rows call it.
    where
        Its folder, or bucket and server; no secret.
    problem
        Why it cannot be reached; empty when it can.
    is_down
        Whether there is nobody to ask for its files.
    """

    name: str
    where: str
    problem: str
    is_down: bool = False


@dataclass(frozen=True)
class FilesReport:
    """What came of looking for every file.

    Attributes
    ----------
    rows
        Files that rows of `File` and `AnalysisFile` name.
    size
        Their bytes, by the rows.
    states
        How many of them are ``local``, ``remote``, ``archived``, ``restoring``,
        ``missing`` or ``unknown``.
    missing
        Those that are neither here nor in their storage, and why.
    unknown
        Those whose storage did not answer.
    orphans
        Rows of `AnalysisFile` that no other row refers to; None where this user may
        not read every table that could.
    unnamed
        Files in the lab's folders that no row names; None where this user may not
        read the rows.
    """

    rows: int
    size: float
    states: dict[str, int]
    missing: tuple[FileRow, ...]
    unknown: tuple[FileRow, ...]
    orphans: tuple[FileRow, ...] | None
    unnamed: Unnamed | None


@dataclass(frozen=True)
class Report:
    """The state of a lab.

    Attributes
    ----------
    lab, url
        Its name and the server's address, without a password.
    server
        What it is, and how the connection is encrypted.
    user
        Who the server says we are.
    schemas
        The lab's databases.
    tables
        How many tables the lab should have.
    missing_tables
        Those of them that are not there, or not for this user to read.
    differences
        How the others differ from what labdata declares.
    folders
        This computer's folders for the lab's files.
    storages
        The storages of the settings.
    files
        What came of looking for the files; None when they were left out.
    others
        Where the server shows us no lab of that name: those that it shows.
    """

    lab: str
    url: str
    server: ServerState
    user: str
    schemas: tuple[SchemaState, ...]
    tables: int
    missing_tables: tuple[str, ...]
    differences: tuple[str, ...]
    folders: tuple[FolderState, ...]
    storages: tuple[StorageState, ...]
    files: FilesReport | None
    others: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody should see to, a few words each."""
        found = []
        if self.missing_tables:
            found.append(f"{_count(self.missing_tables, 'table')} missing")
        if self.differences:
            found.append(_count(self.differences, "difference"))
        for kind, places in (("folder", self.folders), ("storage", self.storages)):
            bad = [place for place in places if place.problem]
            if bad:
                found.append(f"{_count(bad, kind)} out of reach")
        if self.files and self.files.missing:
            found.append(f"{_count(self.files.missing, 'file')} missing")
        if self.files and self.files.unknown:
            found.append(f"{_count(self.files.unknown, 'file')} not looked for")
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values, `problems` too."""
        return {**dataclasses.asdict(self), "problems": list(self.problems)}


def check(lab: Lab, files: bool = True, progress: Progress = silent) -> Report:
    """Look at a lab from all sides.

    Parameters
    ----------
    lab
        Only read.
    files
        Look for every file too, and for those that no row names; takes as long as
        the disks and the network do.
    progress
        Told how far the looking for files has come; raise `Cancelled` to stop it.
    """
    with translate_errors("Checking the lab"):
        missing = lab.tables.missing
        drift = differences(lab.tables)
        server = server_state(lab.connection)
        schemas = schema_states(lab.connection, lab.tables.schemas)
        others = lab_names(lab.connection) if "Subject" in missing else ()
    storages = _storages(lab)
    return Report(
        lab.tables.schemas["data"],
        lab.url,
        server,
        lab.user,
        schemas,
        len(contract()),
        missing,
        drift,
        folder_states(_folders(lab)),
        storages,
        _files(lab, storages, progress) if files else None,
        others,
    )


def _folders(lab: Lab) -> list[Path]:
    """Local folders; an embedded lab's own is made with the first file."""
    folders = lab.files.local_paths
    own = folders[0] if lab.url.startswith("embedded:") else None
    return [folder for folder in folders if folder != own or folder.is_dir()]


def _storages(lab: Lab) -> tuple[StorageState, ...]:
    # all at once: none that keeps silent makes the others wait
    with ThreadPoolExecutor(_AT_ONCE, "labdata-storages") as pool:
        return tuple(pool.map(partial(_storage, lab), lab.files.storages))


def _storage(lab: Lab, name: str) -> StorageState:
    entry = lab.files.storages[name]
    where = entry.folder
    if entry.protocol == "s3":
        below = f"{entry.bucket}/{entry.folder}".strip("/")
        where = f"s3://{below} at {entry.endpoint or 'AWS'}"
    try:
        lab.files.store(name).check()
    except LabdataError as error:
        # who may not list may yet be told of a file; a folder is looked into anyway
        is_down = entry.protocol == "s3" and not isinstance(error, StorageRefused)
        return StorageState(name, where, str(error), is_down)
    return StorageState(name, where, "")


def _files(
    lab: Lab, storages: Sequence[StorageState], progress: Progress
) -> FilesReport:
    rows = file_rows(lab)
    down = {storage.name: storage.problem for storage in storages if storage.is_down}
    states, missing, unknown = looked_for(lab, rows, progress, down)
    return FilesReport(
        len(rows),
        sum(row.size for row in rows),
        states,
        missing,
        unknown,
        orphans(lab, rows),
        unnamed_files(lab, rows, progress),
    )


def _count(things: Any, word: str) -> str:
    return f"{len(things):,} {word}{'' if len(things) == 1 else 's'}"
