"""The file of an import: copied, packed or left in place, and taken back on failure."""

from __future__ import annotations

import contextlib
import datetime
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from labdata_napari.errors import (
    ConnectionLost,
    NotFound,
    WriteRefused,
)
from labdata_napari.lab.copying import (
    Copied,
    copy_file,
    make_folders,
    md5,
    reading,
    remove_folders,
    writing,
    zip_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.files import Files


def _nothing() -> None:
    """Finish what needs no finishing."""


@dataclass(frozen=True)
class Placed:
    """A file that is where it is going to stay, but for its name.

    Attributes
    ----------
    path
        Where it is now.
    file_path
        For its row.
    size, md5, changed
        Bytes, checksum, and when the original was last changed.
    finish
        Gives it its name; to be called last before the commit.
    """

    path: Path
    file_path: str
    size: int
    md5: str
    changed: datetime.datetime
    finish: Callable[[], None] = _nothing


class Plan(Protocol):
    """What file to bring where; such as an `ImportPlan`."""

    @property
    def source(self) -> Path:
        """The file, or the folder to be packed."""

    @property
    def packed(self) -> bool:
        """Whether it is a folder."""

    @property
    def file_path(self) -> str:
        """POSIX path in the store."""

    @property
    def request(self) -> _Request:
        """What was asked for."""

    def check(self, path: Path) -> None:
        """Raise UnreadableFile unless a file is what was planned to be stored."""


class _Request(Protocol):
    @property
    def in_place(self) -> bool: ...

    @property
    def storage(self) -> str: ...


@contextlib.contextmanager
def placed(files: Files, plan: Plan, progress: Progress) -> Iterator[Placed]:
    """Bring the file of a plan to its place for the time of a transaction.

    When the block raises, everything is as it was before. Only when the connection
    was lost after `finish` the file stays: the server may have committed, and a row
    without its file is worse than a file without a row, which `placed` takes up the
    next time.
    """
    how = _in_place if plan.request.in_place else _in_store
    with how(files, plan, progress) as file:
        yield file


def fingerprint(
    files: Files, plan: Plan, stored_size: float, progress: Progress
) -> str | None:
    """MD5 that the file would have in the store; None when already its size differs."""
    if not plan.packed:
        with reading(plan.source):
            same_size = plan.source.stat().st_size == stored_size
        return md5(plan.source, progress) if same_size else None
    target = files.planned(plan.file_path, plan.request.storage)
    made = make_folders(target.parent)
    try:
        copied = zip_folder(plan.source, target, progress)
        copied.path.unlink()
    finally:
        remove_folders(made)
    return copied.md5


@contextlib.contextmanager
def _in_place(files: Files, plan: Plan, progress: Progress) -> Iterator[Placed]:
    """Leave the file where it is; its folder becomes a local path if it is none."""
    known = files.relative(plan.source)
    file_path = known or plan.source.name
    with contextlib.suppress(NotFound):
        if not files.locate(file_path).samefile(plan.source):
            raise WriteRefused(
                f"'{plan.source}' cannot stay in place: the lab's folders hold another "
                f"file called '{file_path}'. Import it with a copy, or rename it."
            )
    plan.check(plan.source)
    digest = md5(plan.source, progress)
    registered = False

    def finish() -> None:
        nonlocal registered
        if known is None:
            registered = True
            files.register(plan.source.parent)

    size = plan.source.stat().st_size
    try:
        yield Placed(
            plan.source, file_path, size, digest, _changed(plan.source), finish
        )
    except BaseException as error:
        if registered and not isinstance(error, ConnectionLost):
            files.forget(plan.source.parent)
        raise


@contextlib.contextmanager
def _in_store(files: Files, plan: Plan, progress: Progress) -> Iterator[Placed]:
    """Copy or pack the file next to its target; `finish` renames it."""
    target = files.planned(plan.file_path, plan.request.storage)
    if target.exists():
        yield _taken_up(plan, target, progress)
        return
    made = make_folders(target.parent)
    copied: Copied | None = None
    named = False

    def finish() -> None:
        nonlocal named
        assert copied is not None
        with writing(target):
            if target.exists():
                raise FileExistsError(0, "another file is there by now")
            os.rename(copied.path, target)
        named = True

    try:
        copied = _brought(plan, target, progress)
        plan.check(copied.path)
        yield Placed(
            copied.path,
            plan.file_path,
            copied.size,
            copied.md5,
            _changed(plan.source),
            finish,
        )
    except BaseException as error:
        if copied is not None and not (named and isinstance(error, ConnectionLost)):
            with contextlib.suppress(OSError):
                (target if named else copied.path).unlink()
        remove_folders(made)
        raise


def _brought(plan: Plan, target: Path, progress: Progress) -> Copied:
    bring = zip_folder if plan.packed else copy_file
    return bring(plan.source, target, progress)


def _taken_up(plan: Plan, target: Path, progress: Progress) -> Placed:
    """Take up a file left by an import that was killed, or copied there by hand."""
    if plan.packed:
        copied = zip_folder(plan.source, target, progress)
        copied.path.unlink()
        digest, size = copied.md5, copied.size
    else:
        digest, size = md5(plan.source, progress), plan.source.stat().st_size
    if target.stat().st_size != size or md5(target) != digest:
        raise WriteRefused(
            f"Another file is at '{target}' already; it was left alone. Move it away, "
            "or choose another dataset name."
        )
    return Placed(target, plan.file_path, size, digest, _changed(plan.source))


def _changed(path: Path) -> datetime.datetime:
    with reading(path):
        seconds = path.stat().st_mtime
    return datetime.datetime.fromtimestamp(seconds).replace(microsecond=0)
