"""Files that an analysis made become rows of `AnalysisFile`."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, NotFound, WriteConflict, WriteRefused
from labdata_napari.lab.copying import md5, reading
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.publishing import NewFile, in_s3, keep_here, published
from labdata_napari.lab.safe_paths import why_unsafe
from labdata_napari.schema.guarded import pinned, would_go
from labdata_napari.settings import several

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.progress import Progress

STORAGE = "analysis"
_DATASET = ("subject_name", "session_name", "dataset_name")
_KEY = ("file_path", "storage")
_Row = dict[str, Any]


def upload_files(
    lab: Any,
    sources: Sequence[Path | str],
    dataset: Mapping[str, Any],
    force: bool,
    progress: Progress = silent,
) -> list[dict[str, str]]:
    """Store files and add their rows; see `AnalysisFile.upload_files`."""
    paths = _paths(lab, [Path(source) for source in several(sources)], dataset)
    if lab.read_only:
        raise WriteRefused(
            f"Nothing was uploaded: {lab.user} may only read this database."
        )
    _require_dataset(lab, dataset)
    rows = [_row(path, file_path) for file_path, path in paths.items()]
    rows = checked(lab.AnalysisFile, rows)
    with translate_errors():
        before = _there(lab, rows)
    todo = [r for r in rows if not _same(before.get(r["file_path"]), r)]
    for row in todo:
        if row["file_path"] in before:
            _require_replaceable(lab, row, force)
    files = [
        NewFile(
            paths[row["file_path"]],
            row["file_path"],
            STORAGE,
            int(row["file_size"]),
            row["file_md5"],
        )
        for row in todo
    ]
    with published(lab.files, files, progress, replace=force):
        for file in files:
            if not in_s3(lab.files, STORAGE):
                keep_here(lab.files, file, force, progress)
        _write(lab, todo, before)
    return [{name: row[name] for name in _KEY} for row in rows]


def _require_dataset(lab: Any, dataset: Mapping[str, Any]) -> None:
    """Refuse a key without a row, and one that only means the same to the server.

    MySQL takes no account of case and of blanks at the end; folders do.
    """
    with translate_errors():
        rows = (lab.Dataset & {name: dataset[name] for name in _DATASET}).keys()
    if any(all(row[n] == str(dataset[n]) for n in _DATASET) for row in rows):
        return
    hint = f"; there is one with {_in_words(rows[0])}" if rows else ""
    raise NotFound(
        f"Nothing was uploaded: there is no Dataset with {_in_words(dataset)}{hint}; "
        "add it first, or correct the key."
    )


def _paths(
    lab: Any, sources: list[Path], dataset: Mapping[str, Any]
) -> dict[str, Path]:
    """Return the files by the paths that their rows get, checked."""
    missing = [name for name in _DATASET if not dataset.get(name)]
    if missing:
        raise InvalidValue(
            f"The dataset of the files needs {', '.join(_DATASET)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )
    # as labdata does, so that projects do not take each other's names
    for name in _DATASET:
        _require_name(f"The {name} {dataset[name]!r}", str(dataset[name]))
    project = (lab.project,) if lab.project else ()
    folder = (*project, *(str(dataset[name]) for name in _DATASET))
    paths: dict[str, Path] = {}
    for source in sources:
        _require_name(f"The name of the file '{source}'", source.name)
        file_path = "/".join((*folder, source.name))
        if file_path in paths:
            raise InvalidValue(
                f"Two of the files are called '{source.name}'; rename one of them."
            )
        paths[file_path] = source
    return paths


def _require_name(what: str, name: str) -> None:
    """Refuse what cannot be one part of a file's path."""
    why = why_unsafe(name) or ("has a slash" if "/" in name else None)
    if why:
        raise InvalidValue(
            f"{what} {why}, and cannot be part of a file's path; nothing was uploaded. "
            "Give another."
        )


def _in_words(dataset: Mapping[str, Any]) -> str:
    return words({name: dataset[name] for name in _DATASET})


def _row(path: Path, file_path: str) -> _Row:
    with reading(path):
        state = path.stat()
    changed = datetime.datetime.fromtimestamp(state.st_mtime, datetime.UTC)
    return {
        "file_path": file_path,
        "storage": STORAGE,
        # in UTC, as labdata notes those of analysis files
        "file_datetime": changed.replace(tzinfo=None),
        "file_size": float(state.st_size),
        "file_md5": md5(path),
    }


def _there(lab: Any, rows: list[_Row]) -> dict[str, _Row]:
    """Return the rows that are there already, by their paths."""
    found: dict[str, _Row] = {}
    for row in rows:
        key = {name: row[name] for name in _KEY}
        for there in (lab.AnalysisFile & key).to_dicts():
            found[there["file_path"]] = there
    return found


def _same(there: _Row | None, row: _Row) -> bool:
    return there is not None and all(
        there[name] == row[name] for name in ("file_size", "file_md5")
    )


def _require_replaceable(lab: Any, row: _Row, force: bool) -> None:
    name = row["file_path"]
    if not force:
        raise WriteRefused(
            f"'{name}' is there already with other bytes, and nothing was uploaded; "
            "rename the file, or replace that one with force=True."
        )
    key = {name: row[name] for name in _KEY}
    counts = would_go(pinned(lab.AnalysisFile & key))
    counts.pop("AnalysisFile", None)
    if any(counts.values()):
        used = ", ".join(table for table, count in counts.items() if count)
        raise WriteRefused(
            f"'{name}' is there already with other bytes and is used by rows of "
            f"{used}; nothing was uploaded. Give the file another name."
        )


def _write(lab: Any, rows: list[_Row], before: dict[str, _Row]) -> None:
    with translate_errors("Adding the files"), lab.connection.transaction:
        now = _there(lab, rows)
        for row in rows:
            if now.get(row["file_path"]) != before.get(row["file_path"]):
                raise WriteConflict(
                    f"Somebody else changed the row of '{row['file_path']}' meanwhile; "
                    "look at it, and upload again if yours is to replace it.",
                    now.get(row["file_path"]),
                )
            if row["file_path"] in before:
                lab.AnalysisFile.update1(row)
            else:
                lab.AnalysisFile.insert1(row)
