"""Rows of files go, with everything that refers to them, when that is really meant."""

from __future__ import annotations

import contextlib
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import (
    InvalidValue,
    LabdataError,
    LeftBehind,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import named
from labdata_napari.lab.publishing import in_s3
from labdata_napari.lab.rows import fetched
from labdata_napari.schema.guarded import in_words, pinned, would_go
from labdata_napari.schema.restricted import require_matched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Deletion:
    """What was deleted.

    Attributes
    ----------
    rows
        Rows deleted, by table.
    removed
        Addresses of the files removed from S3.
    kept
        ``file_path`` of those that were left alone: they are on a disk, or another
        row names them.
    """

    rows: Mapping[str, int]
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def delete(
    lab: Any,
    rows: Any,
    transaction: bool,
    safemode: bool | None,
    force_parts: bool,
    confirm: int | None,
) -> Deletion:
    """Delete rows of files; see `File.delete`."""
    from datajoint.table import Table

    if not transaction:
        raise InvalidValue(
            "Files are deleted in a transaction of their own, because what is removed "
            "from a storage does not come back; leave out transaction=False."
        )
    if lab.read_only:
        raise WriteRefused(
            f"Nothing was deleted: {lab.user} may only read this database."
        )
    require_matched(rows)
    integrity = "ignore" if force_parts else "enforce"
    table = named(rows)
    with translate_errors("Deleting files"), lab.connection.transaction:
        # nobody can refer to them any more until this is over
        keys = fetched(rows.proj(), locked=True)
        if not keys:
            raise NotFound(f"No row of {table} matches; nothing was deleted.")
        _require_told_apart(rows, keys)
        exact = pinned(rows)
        counts = would_go(exact, integrity)
        _require_meant(table, counts, safemode, confirm)
        # DataJoint's own, which ours hides
        with _untold():
            gone = Table.delete(
                exact, transaction=False, prompt=False, part_integrity=integrity
            )
        _require_these_gone(rows, keys, gone)
    return _remove(lab, keys, counts)


@contextlib.contextmanager
def _untold() -> Iterator[None]:
    """Keep DataJoint from logging "Deleting …", which a refusal may yet undo."""
    ours = threading.get_ident()

    def passes(record: logging.LogRecord) -> bool:
        return record.levelno > logging.INFO or record.thread != ours

    logger = logging.getLogger("datajoint")
    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)


def _require_told_apart(rows: Any, keys: list[dict[str, Any]]) -> None:
    """Refuse names that DataJoint takes for others: on PostgreSQL, with backslashes."""
    if rows.connection.adapter.backend != "postgresql" or not rows.restriction:
        return
    for key in keys:
        if any("\\" in str(value) for value in key.values()):
            raise WriteRefused(
                f"Nothing was deleted: '{key['file_path']}' has a backslash, and "
                "DataJoint takes one for two on PostgreSQL; ask whoever looks after "
                "the database to delete it."
            )


def _require_these_gone(rows: Any, keys: list[dict[str, Any]], count: int) -> None:
    """Undo a deletion that was of other rows, by raising in its transaction."""
    left = fetched((type(rows)() & keys).proj())
    if count != len(keys) or left:
        raise WriteRefused(
            f"Nothing was deleted: {count} rows of {named(rows)} would have gone, and "
            f"not the {len(keys)} that were selected; select them by their keys."
        )


def _require_meant(
    table: str, counts: Mapping[str, int], safemode: bool | None, confirm: int | None
) -> None:
    total = sum(counts.values())
    alone = total == counts.get(table)
    if confirm == total or (confirm is None and safemode is False and alone):
        return
    changed = f", not {confirm}" if confirm is not None else ""
    raise WriteRefused(
        f"Nothing was deleted: these rows would go for good, and the files in S3 of "
        f"{table} with them: {in_words(counts)}. If that is meant, repeat it with "
        f"confirm={total}, the number of rows{changed}."
    )


def _remove(
    lab: Any, keys: list[dict[str, Any]], counts: Mapping[str, int]
) -> Deletion:
    """Remove the files of deleted rows; their rows are gone already."""
    removed, kept, failed = [], [], {}
    for key in keys:
        file_path, storage = key["file_path"], key["storage"]
        place = {"file_path": file_path, "storage": storage}
        if not in_s3(lab.files, storage) or _named_elsewhere(lab, place):
            kept.append(file_path)
            continue
        store = lab.files.store(storage)
        try:
            url = store.url(file_path)
            store.remove(file_path)
            removed.append(url)
        except LabdataError as error:
            failed[file_path] = str(error)
    if failed:
        rows = _counted(sum(counts.values()), "row")
        raise LeftBehind(
            f"Deleted {rows} as asked, but could not remove "
            f"{_counted(len(failed), 'file')} from storage: {', '.join(failed)} "
            f"({next(iter(failed.values()))}). Nothing refers to it any more; keep "
            "this list for whoever looks after the storage.",
            tuple(failed),
        )
    return Deletion(dict(counts), tuple(removed), tuple(kept))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _named_elsewhere(lab: Any, place: dict[str, str]) -> bool:
    """Whether a row of `File` or `AnalysisFile` still names a file."""
    with translate_errors():
        return any(
            bool(getattr(lab, table) & place)
            for table in ("File", "AnalysisFile")
            if table not in lab.tables.missing
        )
