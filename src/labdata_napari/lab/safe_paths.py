"""What a database says becomes a path here, and never leaves the folder it is in."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LONGEST_NAME = 255  # on every disk in use
_DRIVE = re.compile(r"[A-Za-z]:")


def posix_parts(file_path: str) -> tuple[str, ...]:
    """Split a path as the database keeps it; refuse one that could leave its store.

    Parameters
    ----------
    file_path
        A relative POSIX path, for example ``M1/20260101_120000/brain/a.ome.tif``.

    Returns
    -------
    tuple of str
        Its parts, never empty, none of them ``..``.

    Raises
    ------
    InvalidValue
        When it is empty, absolute, has a backslash, a drive letter or ``..``.
    """
    why = why_unsafe(file_path)
    if why:
        raise InvalidValue(
            f"The file path {file_path!r} in the database {why}; paths there are "
            "relative, with forward slashes, as 'subject/session/dataset/file'. "
            "Correct the row before opening it."
        )
    return PurePosixPath(file_path).parts


def why_unsafe(file_path: str) -> str | None:
    """Say what is wrong with a path from a row, or None."""
    parts = file_path.split("/")
    if not any(part not in ("", ".") for part in parts) or "\0" in file_path:
        return "is empty or not a path"
    if "\\" in file_path:
        return "has a backslash"
    try:
        longest = max(len(part.encode()) for part in parts)
    except UnicodeEncodeError:  # half a character
        return "is no proper text"
    if longest > _LONGEST_NAME:
        return f"has a name longer than {_LONGEST_NAME} bytes"
    if _DRIVE.match(file_path) or (os.name == "nt" and ":" in file_path):
        return "has a drive letter"
    if file_path.startswith("/"):
        return "is absolute"
    if ".." in parts:
        return "leaves its store with '..'"
    return None


def is_stored(path: str | Path) -> bool:
    """Whether a row's file is there: a file, or the folder of a zarr array."""
    return os.path.isfile(path) or (
        os.fspath(path).endswith(".zarr") and os.path.isdir(path)
    )


def first_in(folders: Sequence[Path], file_path: str) -> Path | None:
    """Find a row's file in the first of some folders that holds it.

    A folder of that name is none; see `is_stored`.

    Raises
    ------
    InvalidValue
        When the path leaves the folders, by its letters or through a link.
    """
    parts = posix_parts(file_path)
    for folder in folders:
        candidate = folder.joinpath(*parts)
        if is_stored(candidate):
            refuse_escape(candidate, file_path, folders)
            return candidate
    return None


def refuse_escape(path: Path, file_path: str, folders: Sequence[Path]) -> None:
    """Raise when links on the way lead `path` out of every store."""
    resolved = path.resolve()
    if not any(resolved.is_relative_to(folder.resolve()) for folder in folders):
        raise InvalidValue(
            f"The file path {file_path!r} leads out of its store to '{resolved}' "
            "through a link; add the folder it leads to to the local paths if that "
            "is meant."
        )
