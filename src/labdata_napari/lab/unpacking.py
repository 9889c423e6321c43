"""Zip archives from elsewhere: looked through before anything is written."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from labdata_napari.errors import InvalidValue, UnreadableFile, WriteRefused
from labdata_napari.lab.copying import make_folders, reading, require_space, writing
from labdata_napari.lab.safe_paths import why_unsafe

if TYPE_CHECKING:
    from pathlib import Path

_MOST_FILES = 100_000
_BLOCK = 1 << 20


def unpack(archive: Path, target: Path) -> Path:
    """Unpack an archive into a folder that is new, whole or not at all.

    Parameters
    ----------
    archive
        Zip file.
    target
        Folder to make; where it is there already it is taken for the archive's.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    NotFound, UnreadableFile
        When the file is missing, no zip or damaged.
    InvalidValue
        When a name in it would lead out of the folder, or is a link; nothing is
        written.
    WriteRefused
        When it does not fit on the disk, or the disk refuses.
    """
    if target.is_dir():
        return target
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with reading(archive), zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if not m.is_dir()]
            _check(members, archive)
            make_folders(target.parent)
            require_space(target.parent, sum(m.file_size for m in members))
            for member in members:
                _extract(packed, member, part)
        with writing(target):
            os.replace(part, target)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(
            f"'{archive}' is damaged or no zip archive ({error}); fetch it again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _check(members: list[zipfile.ZipInfo], archive: Path) -> None:
    if len(members) > _MOST_FILES:
        raise InvalidValue(
            f"'{archive}' holds {len(members):,} files, more than {_MOST_FILES:,}."
        )
    seen: set[str] = set()
    for member in members:
        why = why_unsafe(member.filename)
        if why is None and stat.S_ISLNK(member.external_attr >> 16):
            why = "is a link"
        name = PurePosixPath(member.filename).as_posix().lower()
        if why is None and name in seen:
            why = "is in it twice"
        seen.add(name)
        if why is not None:
            raise InvalidValue(
                f"'{archive}' was not unpacked: {member.filename!r} in it {why}."
            )


def _extract(packed: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Write one file; no more than its entry says, whatever its bytes unpack to."""
    path = folder.joinpath(*PurePosixPath(member.filename).parts)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(member) as source, open(path, "xb") as out:
            left = member.file_size
            while block := source.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise WriteRefused(
                        f"{member.filename!r} unpacks to more than it says."
                    )
                out.write(block)
