"""Where the files of a storage are: a folder of this computer or network, or S3.

Both kinds answer the same questions. A row's ``file_path`` is checked here before it
becomes a path or a key; what a store says of a failure is one sentence, without keys.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from labdata_napari.core.progress import silent
from labdata_napari.core.remote_bytes import RemoteFile
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    StorageFailed,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.copying import (
    copy_file,
    make_folders,
    reading,
    writing,
)
from labdata_napari.lab.safe_paths import posix_parts

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.storage import StorageEntry

_PIECE = 2**18


@dataclass(frozen=True)
class Stored:
    """A file as its store tells of it, without reading it.

    Attributes
    ----------
    size
        Bytes.
    version
        Changes whenever the bytes do.
    storage_class
        Of S3, for example ``STANDARD`` or ``GLACIER``; where Intelligent-Tiering has
        put it, ``ARCHIVE_ACCESS`` or ``DEEP_ARCHIVE_ACCESS``.
    archived
        In cold storage: cannot be read as it is.
    restoring
        Archived, and a restore was asked for that is not done yet.
    restored_until
        Archived but readable until then.
    """

    size: int
    version: str
    storage_class: str = "STANDARD"
    archived: bool = False
    restoring: bool = False
    restored_until: datetime.datetime | None = None


class StoredFile(RemoteFile, Protocol):
    """A file of a store, for reading by ranges; its version is pinned."""

    def pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield exactly `count` bytes from `offset`, as they come."""


class Store(Protocol):
    """Files of one storage; may be used from several threads.

    Attributes
    ----------
    entry
        What the settings say of it.
    """

    entry: StorageEntry

    def url(self, file_path: str) -> str:
        """Return the address of a file, for messages: ``s3://bucket/key``."""

    def check(self) -> None:
        """Raise a `StorageFailed` that says why unless the store can be listed."""

    def head(self, file_path: str) -> Stored:
        """Ask what a file is; raises NotFound when it is not there."""

    def open(self, file_path: str) -> StoredFile:
        """Open a file for reading by ranges; an archived one raises Archived."""

    def listed(self, prefix: str) -> dict[str, Stored]:
        """List the files whose path begins with `prefix`, a folder without ``/``."""

    def upload(
        self,
        source: Path,
        file_path: str,
        md5: str,
        progress: Progress = silent,
        replace: bool = True,
    ) -> None:
        """Store a copy of a file, verified; `replace` one that is there, or refuse."""

    def remove(self, file_path: str) -> None:
        """Remove a file; one that is not there is no failure."""

    def restore(self, file_path: str, days: int, tier: str) -> None:
        """Ask for a readable copy of an archived file; it takes minutes to hours."""


def open_store(entry: StorageEntry) -> Store:
    """Make the store of an entry of the settings; nothing is reached yet.

    Raises
    ------
    StorageFailed
        When its settings are incomplete or of an unknown kind.
    """
    if entry.protocol == "local":
        return FolderStore(entry)
    if entry.protocol == "s3":
        from labdata_napari.lab.s3 import S3Store

        return S3Store(entry)
    raise StorageFailed(
        f"The storage '{entry.name}' has the protocol {entry.protocol!r}, which is "
        "neither 'local' nor 's3'; correct it in the settings."
    )


class FolderStore:
    """A storage that is a folder, usually of a disk the whole lab sees."""

    def __init__(self, entry: StorageEntry) -> None:
        if not entry.folder:
            raise StorageFailed(
                f"The storage '{entry.name}' is local and has no folder; add its "
                "folder to the settings."
            )
        self.entry = entry
        self.folder = Path(entry.folder).expanduser().absolute()

    def url(self, file_path: str) -> str:
        """Return the path of a file."""
        return str(self.folder.joinpath(*posix_parts(file_path)))

    def path(self, file_path: str) -> Path:
        """Return the path of a file, there or not, never outside the folder."""
        path = self.folder.joinpath(*posix_parts(file_path))
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise InvalidValue(
                f"The file path {file_path!r} leads out of the storage "
                f"'{self.entry.name}' through a link; nothing was read or written."
            )
        return path

    def check(self) -> None:
        """Raise unless the folder can be listed."""
        try:
            os.listdir(self.folder)
        except OSError as error:
            raise StorageFailed(
                f"The folder '{self.folder}' of the storage '{self.entry.name}' cannot "
                f"be read ({(error.strerror or str(error)).lower()}); is its disk "
                "connected?"
            ) from error

    def head(self, file_path: str) -> Stored:
        """Look at a file."""
        return _looked_at(self.path(file_path))

    def open(self, file_path: str) -> FolderFile:
        """Open a file for reading by ranges."""
        path = self.path(file_path)
        stored = _looked_at(path)
        return FolderFile(path, stored.size, stored.version)

    def listed(self, prefix: str) -> dict[str, Stored]:
        """List the files below a folder."""
        top = self.path(prefix) if prefix else self.folder
        found = {}
        for folder, _, names in os.walk(top):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(NotFound):
                    key = path.relative_to(self.folder).as_posix()
                    found[key] = _looked_at(path)
        return found

    def upload(
        self,
        source: Path,
        file_path: str,
        md5: str,
        progress: Progress = silent,
        replace: bool = True,
    ) -> None:
        """Copy a file to its place, verified, under a temporary name first."""
        target = self.path(file_path)
        make_folders(target.parent)
        copied = copy_file(source, target, progress)
        try:
            if copied.md5 != md5:
                raise WriteRefused(
                    f"'{target}' was not written: '{source}' changed meanwhile; wait "
                    "until the program that writes it is done and try again."
                )
            with writing(target):
                if target.exists() and not replace:
                    raise FileExistsError(0, "another file is there already")
                os.replace(copied.path, target)
        finally:
            copied.path.unlink(missing_ok=True)

    def remove(self, file_path: str) -> None:
        """Remove a file."""
        path = self.path(file_path)
        with writing(path):
            path.unlink(missing_ok=True)

    def restore(self, file_path: str, days: int, tier: str) -> None:
        """Refuse: a folder archives nothing."""
        raise InvalidValue(
            f"'{self.url(file_path)}' is on a disk; nothing has to be restored there."
        )


@dataclass(frozen=True)
class FolderFile:
    """A file of a `FolderStore`; see `labdata_napari.core.remote_bytes.RemoteFile`."""

    path: Path
    size: int
    version: str

    @property
    def name(self) -> str:
        """Last part of its path."""
        return self.path.name

    @property
    def url(self) -> str:
        """Its path."""
        return str(self.path)

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`."""
        return b"".join(self.pieces(offset, count))

    def pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield them as they come."""
        with reading(self.path), open(self.path, "rb") as stream:
            stream.seek(offset)
            while count > 0:
                piece = stream.read(min(_PIECE, count))
                if not piece:
                    raise UnreadableFile(
                        f"The file '{self.path}' ends before byte {offset + count:,}; "
                        "it was cut short, copy it again."
                    )
                count -= len(piece)
                yield piece


def _looked_at(path: Path) -> Stored:
    with reading(path):
        state = path.stat()
    return Stored(state.st_size, f"{state.st_mtime_ns}-{state.st_size}")
