"""Named byte strings: the members of a zip or the files of a folder."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Protocol

from labdata_napari.core.file_bytes import OpenFile, unreadable
from labdata_napari.core.zip_directory import (
    STORED,
    data_start,
    read_directory,
    read_member,
)
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.file_bytes import Bytes, Data

_METADATA = (".zarray", ".zgroup", ".zattrs", "zarr.json")


class Members(Protocol):
    """Named byte strings. Safe from several threads."""

    where: str
    """The container, for messages."""
    far: bool
    """Whether each read waits for a network."""

    def names(self) -> list[str]:
        """All names, ``/`` between folders, without the common root folder."""

    def get(self, name: str, most: int) -> Data | None:
        """Bytes of a member, None where there is none; refuses more than `most`."""

    def size(self, name: str) -> int | None:
        """Bytes of a member, None where there is none of that name."""

    def part(self, name: str, offset: int, count: int, most: int) -> Data:
        """Read some bytes of a member that is there."""

    def resolved(self, name: str) -> str:
        """Name as stored in the container."""


class ZipMembers:
    """Members of a zip file, read with one positioned read each.

    Zips made by packing a folder (``brain.zarr/.zarray``) and zips of its contents
    (``.zarray``) give the same names, below the folder that holds the array.
    """

    def __init__(self, file: Bytes, far: bool = False) -> None:
        self.where = file.where
        self.far = far
        self._file = file
        members = read_directory(file)
        self._root = _root_folder(list(members))
        skip = len(self._root)
        self._members = {
            name[skip:]: member
            for name, member in members.items()
            if name.startswith(self._root)
        }

    def names(self) -> list[str]:
        """Names below the root folder."""
        return list(self._members)

    def resolved(self, name: str) -> str:
        """Name as it is in the zip, with the root folder."""
        return self._root + name

    def size(self, name: str) -> int | None:
        """Bytes of a member, unpacked."""
        member = self._members.get(name)
        return None if member is None else member.size

    def get(self, name: str, most: int) -> Data | None:
        """Bytes of a member, checked against the sum the zip holds for it."""
        member = self._members.get(name)
        if member is None:
            return None
        return read_member(self._file, member, self._root + name, most)

    def part(self, name: str, offset: int, count: int, most: int) -> Data:
        """Read some bytes of a member; of a stored one, no others."""
        member = self._members[name]
        if member.method != STORED or member.flags & 1:
            data = read_member(self._file, member, self._root + name, most)
            return data[offset : offset + count]
        if offset + count > min(member.packed, member.size):
            raise UnreadableFile(
                f"{self.resolved(name)!r} in {self.where} is cut short; copy it again."
            )
        start = data_start(self._file, member, self._root + name)
        if start + member.packed > member.start + member.room:
            raise UnreadableFile(
                f"{self.resolved(name)!r} in {self.where} is damaged; copy it again."
            )
        return self._file.read(start + offset, count)


def _root_folder(names: list[str]) -> str:
    """Folder (with ``/``, or empty) of the topmost zarr metadata."""
    found = [n for n in names if n.rpartition("/")[2] in _METADATA]
    if not found:
        return ""
    top = min(found, key=lambda n: (n.count("/"), n))
    folder, slash, _ = top.rpartition("/")
    return folder + slash


class FolderMembers:
    """Files below a folder, and nothing that links or names lead to outside of it."""

    far = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = str(path)
        self._root = os.path.realpath(path) + os.sep

    def names(self) -> list[str]:
        """Names of the files directly here and one folder down."""
        found = []
        try:
            for entry in sorted(self.path.iterdir()):
                if entry.is_dir():
                    found += [f"{entry.name}/{e.name}" for e in sorted(entry.iterdir())]
                else:
                    found.append(entry.name)
        except OSError as error:
            raise unreadable(self.path, error) from error
        return found

    def resolved(self, name: str) -> str:
        """Name of the file relative to the folder."""
        return name

    def size(self, name: str) -> int | None:
        """Bytes of a file."""
        path = self.path / name
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error
        if stat.S_ISDIR(status.st_mode):
            return None
        # after what is cheap: most names that are asked for are not there
        if not os.path.realpath(path).startswith(self._root):
            raise UnreadableFile(
                f"{path} leads out of its folder, which is refused; copy the file "
                "itself there."
            )
        if not stat.S_ISREG(status.st_mode):  # to open a pipe is to wait
            raise UnreadableFile(f"{path} is no ordinary file.")
        return status.st_size

    def get(self, name: str, most: int) -> Data | None:
        """Bytes of a file, None where there is none."""
        size = self.size(name)
        return None if size is None else self.part(name, 0, size, most)

    def part(self, name: str, offset: int, count: int, most: int) -> Data:
        """Read some bytes of a file."""
        path = self.path / name
        if count > most:
            raise UnreadableFile(
                f"{path} has {count:,} bytes where at most {most:,} make sense; it is "
                "damaged."
            )
        return OpenFile(path).read(offset, count)
