"""Files and folders that only their owner may enter."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from typing import TYPE_CHECKING

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from pathlib import Path


def is_root() -> bool:
    """Whether we are the superuser, as whom PostgreSQL refuses to run."""
    return sys.platform != "win32" and os.geteuid() == 0


def user_id() -> int:
    """Return the number of this user; 0 on Windows, which has none."""
    if sys.platform == "win32":
        return 0
    return os.getuid()


def write_private(path: Path, text: str) -> None:
    """Write a small file that only its owner may read, whole or not at all."""
    part = path.with_name(f"{path.name}.part-{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def make_private_folder(folder: Path, owners: set[int | None]) -> None:
    """Make a folder nobody else can enter.

    Parameters
    ----------
    folder
        Its parent must exist.
    owners
        User ids it may belong to, when it is there already.

    Raises
    ------
    WriteRefused
        When somebody else prepared it, as anybody can below ``/tmp``.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not is_private(folder, owners):
        raise WriteRefused(
            f"The folder '{folder}', where the socket of the local database goes, "
            "belongs to somebody else or is open to others; remove it and try again."
        )


def is_private(folder: Path, owners: set[int | None]) -> bool:
    """Whether a folder is there, no link, of one of some users, and closed to others.

    Below ``/tmp``, what is there may be anybody's; what is ours nobody else replaces.
    """
    if sys.platform == "win32":
        return folder.is_dir()
    try:
        found = folder.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid in owners
    return ours and not found.st_mode & 0o077


def give_to(folder: Path, owner: int | None) -> None:
    """Give a folder and all in it to a user id; only root can, and needs to."""
    if sys.platform == "win32" or not is_root() or owner is None:
        return
    if folder.stat().st_uid == owner:
        return
    for place, _, files in os.walk(folder):
        os.chown(place, owner, owner)
        for name in files:
            os.chown(os.path.join(place, name), owner, owner, follow_symlinks=False)
