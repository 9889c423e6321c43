"""New files go to their storages before the rows that name them are committed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.core.progress import silent
from labdata_napari.errors import ConnectionLost, LabdataError, NotFound, WriteRefused
from labdata_napari.lab.copying import copy_file, make_folders, md5, writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.files import Files


@dataclass(frozen=True)
class NewFile:
    """A file of this machine that is going to be in a storage.

    Attributes
    ----------
    source
        Where its bytes are.
    file_path, storage
        As its row is going to name it.
    size, md5
        Of its bytes.
    """

    source: Path
    file_path: str
    storage: str
    size: int
    md5: str


@contextlib.contextmanager
def published(
    files: Files,
    new: Sequence[NewFile],
    progress: Progress = silent,
    replace: bool = False,
) -> Iterator[None]:
    """Upload those of some files whose storage is in S3, for a transaction.

    When the block raises, what was not there before is removed again; only when the
    connection was lost it stays: the server may have committed, and a row without its
    file is worse than a file without a row.

    Raises
    ------
    WriteRefused
        When another file is there already and not `replace`.
    StorageFailed
        When the storage cannot be reached or refuses.
    """
    added: list[NewFile] = []
    try:
        for one in new:
            if in_s3(files, one.storage) and _upload(files, one, progress, replace):
                added.append(one)
        yield
    except BaseException as error:
        if not isinstance(error, ConnectionLost):
            for one in added:
                # what could not be taken back is what a next try finds and takes up
                with contextlib.suppress(LabdataError):
                    files.store(one.storage).remove(one.file_path)
        raise


def in_s3(files: Files, storage: str) -> bool:
    """Whether the settings say that a storage is in S3."""
    entry = files.storages.get(storage)
    return entry is not None and entry.protocol == "s3"


def keep_here(files: Files, one: NewFile, replace: bool, progress: Progress) -> None:
    """Copy a file to its place on this machine, unless that is where it is.

    Raises
    ------
    WriteRefused
        When another file is there already and not `replace`, or the disk refuses.
    """
    target = files.planned(one.file_path, one.storage)
    if target.exists():
        if target.samefile(one.source) or md5(target) == one.md5:
            return
        if not replace:
            raise WriteRefused(
                f"Another file is at '{target}' already; it was left alone."
            )
    make_folders(target.parent)
    copied = copy_file(one.source, target, progress)
    with writing(target):
        os.replace(copied.path, target)


def _upload(files: Files, one: NewFile, progress: Progress, replace: bool) -> bool:
    """Upload a file; return whether none was there before."""
    store = files.store(one.storage)
    new = False
    try:
        # the size tells nearly all; one of ours, left by a try that was killed, has it
        other = store.head(one.file_path).size != one.size
    except NotFound:
        new, other = True, False
    if other and not replace:
        raise WriteRefused(
            f"Another file is at '{store.url(one.file_path)}' already; it was left "
            "alone. Give this one another name, or remove that one."
        )
    store.upload(one.source, one.file_path, one.md5, progress, replace=not new)
    return new
