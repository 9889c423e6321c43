"""Bytes from one place to another: counted, hashed, verified, or not at all."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import time
import uuid
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from labdata_napari.core.progress import silent
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labdata_napari.core.progress import Progress

_BLOCK = 4 * 2**20
_STALE_SECONDS = 3600.0
_FULL = {errno.ENOSPC, errno.EDQUOT}
_METADATA = {"zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata"}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Copied:
    """A verified copy that still lies under its temporary name.

    Attributes
    ----------
    path
        The temporary file, in the folder of its target.
    size
        Bytes.
    md5
        Of those bytes, in hexadecimal.
    """

    path: Path
    size: int
    md5: str


def md5(path: Path, progress: Progress = silent) -> str:
    """MD5 of a file's bytes in hexadecimal, read in blocks.

    Parameters
    ----------
    path
        A single file.
    progress
        Told bytes done of bytes in all.

    Raises
    ------
    NotFound, UnreadableFile
        When the file is missing or cannot be read.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with reading(path), open(path, "rb") as stream:
        total = os.fstat(stream.fileno()).st_size
        done = 0
        while block := stream.read(_BLOCK):
            digest.update(block)
            done += len(block)
            progress(done, total)
    return digest.hexdigest()


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system says about reading `path` into our errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"The file '{path}' does not exist.") from error
    except OSError as error:
        raise UnreadableFile(
            f"The file '{path}' cannot be read: {_reason(error)}."
        ) from error


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says about writing `path` into `WriteRefused`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            what = "the disk is full; free some space and try again"
        elif error.errno in _FORBIDDEN:
            what = "this account may not write there; choose another folder"
        else:
            what = f"{_reason(error)}"
        raise WriteRefused(f"'{path}' was not written: {what}.") from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def require_space(folder: Path, size: int) -> None:
    """Raise `WriteRefused` when the disk of `folder` has not `size` bytes free.

    `folder` need not exist yet: its nearest existing parent is asked.
    """
    existing = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    with writing(folder):
        free = shutil.disk_usage(existing).free
    if free < size:
        raise WriteRefused(
            f"'{folder}' was not written: it needs {size / 1e6:,.1f} MB and the disk "
            f"has {free / 1e6:,.1f} MB free; free some space and try again."
        )


def make_folders(folder: Path) -> tuple[Path, ...]:
    """Make a folder and its parents.

    Returns
    -------
    tuple of Path
        The folders that were not there before, innermost first, for
        `remove_folders`.
    """
    missing = tuple(p for p in (folder, *folder.parents) if not p.exists())
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove_folders(folders: tuple[Path, ...]) -> None:
    """Remove folders that `make_folders` made, as far as they are still empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def copy_file(source: Path, target: Path, progress: Progress = silent) -> Copied:
    """Copy a file next to `target` under a temporary name and verify it.

    Parameters
    ----------
    source
        The file to copy.
    target
        Where it is going to be; its folder must exist. Nothing is written there.
    progress
        Told bytes done of bytes in all: the copy, then reading it back.

    Returns
    -------
    Copied
        Rename its `path` to `target` to finish, or unlink it.

    Raises
    ------
    NotFound, UnreadableFile
        When the source is missing, cannot be read, or changes meanwhile.
    WriteRefused
        When the disk is full or refuses, or the copy reads back differently.
        No temporary file is left by any error.
    """
    before = _snapshot([source])
    size = before[0][0]
    require_space(target.parent, size)
    with _temporary(target) as part:
        digest = _pump(source, part, size, lambda done: progress(done, 2 * size))
        _refuse_changed(source, before, [source])
        if md5(part, lambda done, total: progress(size + done, 2 * size)) != digest:
            raise WriteRefused(
                f"'{target}' was not written: the copy reads back differently from "
                f"'{source}'; check the disk."
            )
        return Copied(part, size, digest)


def zip_folder(source: Path, target: Path, progress: Progress = silent) -> Copied:
    """Pack a folder (a zarr store) as one uncompressed zip next to `target`.

    The same folder always gives the same bytes: entries are sorted, metadata
    first, without dates. Parameters, result and errors as `copy_file`.
    """
    with reading(source):
        files = _zip_order(source)
    before = _snapshot(files)
    size = sum(s for s, _ in before)
    # local header, central directory and slack for each entry
    require_space(target.parent, size + 400 * len(files))
    with _temporary(target) as part:
        _zip(source, files, part, lambda done: progress(done, 2 * max(size, done)))
        _refuse_changed(source, before, files)
        with reading(part), zipfile.ZipFile(part) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise WriteRefused(
                f"'{target}' was not written: '{damaged}' in it reads back "
                "differently; check the disk."
            )
        digest = md5(part, lambda done, total: progress(total + done, 2 * total))
        return Copied(part, part.stat().st_size, digest)


def _snapshot(files: list[Path]) -> list[tuple[int, int]]:
    """Size and time of change of each file."""
    found = []
    for file in files:
        with reading(file):
            state = file.stat()
        found.append((state.st_size, state.st_mtime_ns))
    return found


def _refuse_changed(
    source: Path, before: list[tuple[int, int]], files: list[Path]
) -> None:
    if _snapshot(files) != before:
        raise UnreadableFile(
            f"'{source}' changed while it was copied; wait until the program that "
            "writes it is done and try again."
        )


def _pump(source: Path, part: Path, size: int, done: Callable[[int], None]) -> str:
    """Copy `size` bytes; return the MD5 of what was read.

    A file that is still being written is not chased beyond the size it had.
    """
    digest = hashlib.md5(usedforsecurity=False)
    count = 0
    with reading(source):
        stream = open(source, "rb")  # noqa: SIM115 (two error sentences, one loop)
    with stream, writing(part), open(part, "xb") as out:
        while count < size:
            with reading(source):
                block = stream.read(min(_BLOCK, size - count))
            if not block:
                break
            out.write(block)
            digest.update(block)
            count += len(block)
            done(count)
        _sync(out)
    return digest.hexdigest()


def _zip(
    source: Path, files: list[Path], part: Path, done: Callable[[int], None]
) -> None:
    count = 0
    with (
        writing(part),
        open(part, "xb") as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive,
    ):
        for file in files:
            with reading(file):
                content = file.read_bytes()
            name = file.relative_to(source).as_posix()
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
            count += len(content)
            done(count)
    with writing(part), open(part, "ab") as out:
        _sync(out)


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _zip_order(source: Path) -> list[Path]:
    # metadata first, as RFC-9 asks, so that a reader over a network finds it at once
    files = [p for p in source.rglob("*") if p.is_file()]
    return sorted(files, key=lambda p: (p.name not in _METADATA, p.parts))


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """Yield a free name beside `target`; remove the file when the block raises."""
    for old in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        # an import killed outright could not clean up; a running one keeps writing
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                old.unlink()
    part = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.part"
    try:
        yield part
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
