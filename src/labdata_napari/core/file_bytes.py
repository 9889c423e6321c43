"""Bytes of a file at an offset, of a member of a zip, of a file in a folder."""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
import weakref
import zipfile
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

from labdata_napari.errors import NotFound, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

_LOCAL_HEADER = struct.Struct("<4s22xHH")


def check_exists(path: Path) -> None:
    """Raise, saying what to do, unless there is a file or folder at `path`."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no file {path}; it was moved, or its disk is not mounted."
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    # to open a pipe is to wait for whoever may write to it
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise UnreadableFile(f"{path} is neither a file nor a folder; choose another.")


def unreadable(path: Path, error: BaseException) -> UnreadableFile:
    """Put an error of the operating system or a decoder into one sentence."""
    if isinstance(error, PermissionError):
        return UnreadableFile(
            f"{path} may not be read by you; ask for read permission."
        )
    if isinstance(error, OSError) and error.errno == errno.EMFILE:
        return UnreadableFile(f"{path} cannot be opened: too many files are open.")
    reason = str(error).strip() or type(error).__name__
    return UnreadableFile(f"{path} could not be read ({reason}).")


class OpenFile:
    """A file open for reading at any offset, from any thread; closed with its owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._fd = os.open(path, flags)
        except FileNotFoundError as error:
            raise NotFound(
                f"There is no file {path}; it was moved or renamed."
            ) from error
        except OSError as error:
            raise unreadable(path, error) from error
        self.close = weakref.finalize(self, os.close, self._fd)
        self._lock = threading.Lock()
        self.size = os.fstat(self._fd).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`.

        Raises
        ------
        UnreadableFile
            If the file ends before, or the disk refuses.
        """
        parts: list[bytes] = []
        missing = count
        while missing > 0:
            try:
                got = self._read_some(offset + count - missing, missing)
            except OSError as error:
                raise unreadable(self.path, error) from error
            if not got:
                raise UnreadableFile(
                    f"{self.path} is cut short: it ends at byte {self.size:,} where "
                    f"{offset + count:,} are needed; copy it again."
                )
            parts.append(got)
            missing -= len(got)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read_some(self, offset: int, count: int) -> bytes:
        # A read of more than 2 GiB comes back short on Linux, hence the caller's loop.
        if hasattr(os, "pread"):
            return os.pread(self._fd, count, offset)
        with self._lock:  # Windows has no pread
            os.lseek(self._fd, offset, os.SEEK_SET)
            return os.read(self._fd, count)


class OpenFiles:
    """Some of many files held open; the one unused for longest is closed first."""

    def __init__(self, most: int = 16) -> None:
        self._most = most
        self._held: OrderedDict[Path, OpenFile] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> OpenFile:
        """Return the open file; a thread that reads from it keeps it open."""
        with self._lock:
            found = self._held.get(path)
            if found is None:
                found = self._held[path] = OpenFile(path)
                if len(self._held) > self._most:
                    self._held.popitem(last=False)
            else:
                self._held.move_to_end(path)
            return found


class Members(Protocol):
    """Named byte strings: the members of a zip or the files of a folder."""

    path: Path

    def names(self) -> list[str]:
        """All names, ``/`` between folders, without the common root folder."""

    def get(self, name: str) -> bytes | None:
        """Bytes of a member, None where there is none of that name."""

    def resolved(self, name: str) -> str:
        """Name as stored in the container."""


class ZipMembers:
    """Members of a zip file, read with one positioned read each.

    Zips made by packing a folder (``brain.zarr/.zarray``) and zips of its contents
    (``.zarray``) give the same names: `root` is the folder that holds the array.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as opened:
                infos = [i for i in opened.infolist() if not i.is_dir()]
        except zipfile.BadZipFile as error:
            raise UnreadableFile(
                f"{path} is no complete zip file ({error}); it is cut short or "
                "damaged, copy it again."
            ) from error
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {path}; it was moved.") from error
        except (OSError, NotImplementedError, struct.error, ValueError) as error:
            raise unreadable(path, error) from error
        self._root = _root_folder([i.filename for i in infos])
        skip = len(self._root)
        self._infos = {
            i.filename[skip:]: i for i in infos if i.filename.startswith(self._root)
        }
        self._file = OpenFile(path)

    def names(self) -> list[str]:
        """Names below the root folder."""
        return list(self._infos)

    def resolved(self, name: str) -> str:
        """Name as it is in the zip, with the root folder."""
        return self._root + name

    def get(self, name: str) -> bytes | None:
        """Bytes of a member, checked against the sum the zip holds for it."""
        info = self._infos.get(name)
        if info is None:
            return None
        where = f"{name!r} in {self.path}"
        if info.flag_bits & 1:
            raise UnreadableFile(f"{where} is encrypted; unpack the zip first.")
        header = self._file.read(info.header_offset, 30)
        signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\x03\x04":
            raise UnreadableFile(f"{where} is damaged; copy the file again.")
        start = info.header_offset + 30 + name_length + extra_length
        data = self._file.read(start, info.compress_size)
        if info.compress_type == zipfile.ZIP_DEFLATED:
            try:
                data = zlib.decompress(data, -zlib.MAX_WBITS)
            except zlib.error as error:
                raise UnreadableFile(f"{where} is damaged ({error}).") from error
        elif info.compress_type != zipfile.ZIP_STORED:
            raise UnreadableFile(
                f"{where} is packed in a way not supported here; zip it again, stored."
            )
        if zlib.crc32(data) != info.CRC:
            raise UnreadableFile(
                f"{where} is damaged: its checksum is wrong; copy the file again."
            )
        return data


def _root_folder(names: list[str]) -> str:
    """Folder (with ``/``, or empty) of the topmost zarr metadata."""
    metadata = (".zarray", ".zgroup", ".zattrs", "zarr.json")
    found = [n for n in names if n.rpartition("/")[2] in metadata]
    if not found:
        return ""
    top = min(found, key=lambda n: (n.count("/"), n))
    folder, slash, _ = top.rpartition("/")
    return folder + slash


class FolderMembers:
    """Files below a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

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

    def get(self, name: str) -> bytes | None:
        """Bytes of a file, None where there is none."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise unreadable(self.path / name, error) from error
