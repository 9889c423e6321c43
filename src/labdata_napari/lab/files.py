"""Where the files of a lab lie on this machine, and how one gets there safely.

A row of `File`, `AnalysisFile` or `FixedBrain` names a file by a POSIX path below
a storage, ``<subject>/<session>/<dataset>/<file name>``. On a workstation the
same path lies below one of the *local paths*: ``<local path>/<file_path>``.
A file that is on none of them is in its *storage*: a folder that the whole lab sees, or
S3. Whatever a database says becomes a path by `safe_paths`.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.core.progress import silent
from labdata_napari.errors import (
    InvalidValue,
    NotFound,
    StorageFailed,
    WriteRefused,
)
from labdata_napari.lab.added_folders import read_folders, write_folders
from labdata_napari.lab.archives import DAYS, Estimate, estimate
from labdata_napari.lab.copying import make_folders, md5
from labdata_napari.lab.safe_paths import (
    first_in,
    posix_parts,
    refuse_escape,
)
from labdata_napari.settings import several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.places import Place, Wanted
    from labdata_napari.lab.storage import StorageEntry
    from labdata_napari.lab.stores import Store, StoredFile

__all__ = ["Files", "md5", "posix_parts"]


class Files:
    """The local folders that mirror a lab's storages, and the storages themselves.

    Parameters
    ----------
    local_paths
        Folders searched in this order; new files are written below the first.
    registry
        A JSON file that remembers folders added with `register`; None when the
        lab has no such place (the folders then come from the settings only).
    storages
        What the settings say of the storages, by the name that rows give them.

    Notes
    -----
    The storage of a row names a bucket or disk; every local path mirrors all of
    them, as labdata has it. A storage that is a folder is looked into as well, after
    the local paths, and gets the new files of that storage.

    May be used from several threads.
    """

    def __init__(
        self,
        local_paths: Sequence[Path | str] | Path,
        registry: Path | None = None,
        storages: Mapping[str, StorageEntry] | None = None,
    ) -> None:
        self.storages: Mapping[str, StorageEntry] = dict(storages or {})
        self._stores: dict[str, Store] = {}
        self._lock = threading.Lock()
        self._given = tuple(
            Path(p).expanduser().absolute() for p in several(local_paths)
        )
        self._registry = registry

    @classmethod
    def for_embedded(cls, root: Path, more: Sequence[Path | str] = ()) -> Files:
        """Files of an embedded lab: ``<root>/files``, `more`, the registered ones."""
        return cls([root / "files", *more], registry=root / "local_paths.json")

    @property
    def local_paths(self) -> tuple[Path, ...]:
        """The folders searched, in order, registered ones last."""
        return tuple(dict.fromkeys((*self._given, *self._registered())))

    def locate(self, file_path: str, storage: str = "data") -> Path:
        """Find the local copy of a file that a row names.

        Parameters
        ----------
        file_path
            POSIX path from the row.
        storage
            Storage from the row, for the message.

        Returns
        -------
        Path
            The first existing ``<local path>/<file_path>``, or the one in the folder
            of the storage.

        Raises
        ------
        InvalidValue
            When the path leaves the store, by its letters or through a link.
        NotFound
            When no local folder holds it; the sentence names those searched.
        """
        folders = self.folders_of(storage)
        found = first_in(folders, file_path)
        if found is None:
            entry = self.storages.get(storage)
            what = "Copy it there, or add the folder that holds it to the local paths."
            if entry is not None and entry.protocol == "s3":
                what = "It is kept in S3: download it first."
            if any(
                folder.joinpath(*posix_parts(file_path)).is_dir() for folder in folders
            ):
                what = (
                    "There is a folder of that name, and a row names a single file: "
                    "correct the row."
                )
            raise NotFound(
                f"The file '{file_path}' (storage '{storage}') is not on this machine; "
                f"{_searched(folders)} {what}"
            )
        return found

    def folders_of(self, storage: str) -> tuple[Path, ...]:
        """Return the folders of this machine that may hold files of a storage."""
        return tuple(dict.fromkeys((*self.local_paths, *self._folder(storage))))

    def _folder(self, storage: str) -> tuple[Path, ...]:
        entry = self.storages.get(storage)
        if entry is None or entry.protocol != "local" or not entry.folder:
            return ()
        return (Path(entry.folder).expanduser().absolute(),)

    def is_local(self, file_path: str) -> bool:
        """Whether a local copy exists; False for a path that would be refused."""
        return bool(self.looker()(file_path))

    def looker(self) -> Callable[[str], bool | None]:
        """Return what tells of many paths in a row, cheaply, whether they are here.

        It returns None for a path that leaves its store; `states` says why.
        """
        from labdata_napari.lab.places import looker

        return looker(self)

    def target(self, file_path: str, storage: str = "data") -> Path:
        """Where to write a new file; its folders are made.

        That is below the folder of its storage where it has one, else below the first
        local path.

        Raises
        ------
        InvalidValue
            When the path leaves the store.
        WriteRefused
            When there is no local path, or its folders cannot be made.
        """
        target = self.planned(file_path, storage)
        make_folders(target.parent)
        self.planned(file_path, storage)  # no link by now
        return target

    def planned(self, file_path: str, storage: str = "data") -> Path:
        """Where `target` would write, without making a folder."""
        parts = posix_parts(file_path)
        folders = (*self._folder(storage), *self.local_paths)
        if not folders:
            raise WriteRefused(
                f"There is no local folder to write '{file_path}' (storage "
                f"'{storage}') to; set the local paths in the preferences."
            )
        target = folders[0].joinpath(*parts)
        refuse_escape(target, file_path, folders[:1])
        return target

    def relative(self, path: Path) -> str | None:
        """POSIX path that a row holds for `path`; None when outside every store."""
        resolved = path.resolve()
        for folder in self.local_paths:
            store = folder.resolve()
            if resolved.is_relative_to(store) and resolved != store:
                return resolved.relative_to(store).as_posix()
        return None

    def elsewhere(self, local_paths: Sequence[Path | str] | Path) -> Files:
        """Return the same storages with other local paths."""
        return Files(local_paths, storages=self.storages)

    # -- storages ------------------------------------------------------------------

    def store(self, storage: str) -> Store:
        """Return the store of a storage; nothing is reached yet.

        Raises
        ------
        StorageFailed
            When the settings do not know it, or not enough of it.
        """
        from labdata_napari.lab.stores import open_store

        with self._lock:
            if storage not in self._stores:
                if storage not in self.storages:
                    names = ", ".join(f"'{name}'" for name in self.storages) or "none"
                    raise StorageFailed(
                        f"The settings do not say where the storage '{storage}' is "
                        f"(they know {names}); add it there."
                    )
                self._stores[storage] = open_store(self.storages[storage])
            return self._stores[storage]

    def find(self, file_path: str, storage: str = "data") -> Place:
        """Find a file: here, else in its storage, which is asked over the network.

        Raises
        ------
        InvalidValue
            When the path leaves its store.
        StorageFailed
            When the storage cannot be reached or refuses.
        """
        from labdata_napari.lab.places import find

        return find(self, file_path, storage)

    def states(
        self,
        files: Iterable[tuple[str, str]],
        progress: Progress = silent,
        down: Mapping[str, str] | None = None,
    ) -> dict[tuple[str, str], Place]:
        """Find many files, given as (file_path, storage), many at once.

        Nothing is raised for one of them: `Place.problem` says why one is not known.
        Takes as long as the network does; for a worker, not for the lane to the
        database. `progress` is told files done of files in all; storages that are
        known to be `down`, and why, are not asked.
        """
        from labdata_napari.lab.places import states

        return states(self, files, progress, down)

    def open_place(self, file_path: str, storage: str = "data") -> Path | StoredFile:
        """Return the local copy of a file, else the file in its storage, to read.

        Raises
        ------
        InvalidValue
            When the path leaves its store.
        NotFound
            When it is nowhere; the sentence says where was looked.
        Archived
            When it is in cold storage and must be restored first.
        StorageFailed
            When the storage cannot be reached or refuses.
        """
        from labdata_napari.lab.places import open_place

        return open_place(self, file_path, storage)

    def download(
        self,
        wanted: Sequence[Wanted],
        progress: Progress = silent,
        local_paths: Sequence[Path | str] | Path | None = None,
    ) -> list[Path]:
        """Bring files here from their storages, verified, several at once.

        One that is here already is left as it is. A download that was stopped or
        broke goes on where it was; see `labdata_napari.lab.downloading`.

        Parameters
        ----------
        wanted
            Files, with what their rows say of size and checksum.
        progress
            Told bytes done of bytes in all; raise `Cancelled` from it to stop.
        local_paths
            Folders to search, the first one to write below, in place of the lab's.

        Returns
        -------
        list of Path
            Where they are, in the order of `wanted`.

        Raises
        ------
        Archived
            When some are in cold storage; nothing is downloaded then.
        NotFound, StorageFailed
            When one is nowhere, or its storage cannot be reached.
        UnreadableFile
            When one is damaged or not the one its row means; nothing of it is kept.
        WriteRefused
            When the disk is full or refuses.
        """
        from labdata_napari.lab.places import download

        return download(self, wanted, progress, local_paths)

    def restore(
        self,
        files: Iterable[tuple[str, str]],
        days: int = DAYS,
        tier: str = "Standard",
    ) -> tuple[str, ...]:
        """Ask for readable copies of archived files; this costs money.

        Show `restore_estimate` first. Files that can be read, or are being restored
        already, are not asked for again.

        Parameters
        ----------
        files
            As (file_path, storage).
        days
            How long the copies can be read.
        tier
            How fast: ``"Standard"``, ``"Bulk"`` or, not for the deepest class,
            ``"Expedited"``.

        Returns
        -------
        tuple of str
            Paths of the files that were asked for.
        """
        from labdata_napari.lab.places import restore

        return restore(self, files, days, tier)

    def restore_estimate(
        self,
        files: Iterable[tuple[str, str]],
        days: int = DAYS,
        tier: str = "Standard",
    ) -> Estimate:
        """Say how long a `restore` takes and what it costs; asks the storages."""
        from labdata_napari.lab.places import to_restore

        stored = [place.stored for place in to_restore(self, files) if place.stored]
        return estimate(stored, tier, days)

    def register(self, folder: Path | str) -> None:
        """Add a folder to the local paths of an embedded lab, for good.

        Raises
        ------
        NotFound
            When the folder does not exist.
        InvalidValue
            When this lab's local paths come from the settings alone.
        WriteRefused
            When the list cannot be written.
        """
        path = Path(folder).expanduser().absolute()
        if not path.is_dir():
            raise NotFound(f"The folder '{path}' does not exist; create it first.")
        if path in self.local_paths:
            return
        if self._registry is None:
            raise InvalidValue(
                f"The folder '{path}' is not one of this lab's local paths; add it "
                "to the local paths in the preferences and connect again."
            )
        write_folders(self._registry, [*self._registered(), path])

    def forget(self, folder: Path | str) -> None:
        """Undo `register`; a folder that was not registered is none of our business."""
        path = Path(folder).expanduser().absolute()
        kept = [p for p in self._registered() if p != path]
        if self._registry is not None and len(kept) < len(self._registered()):
            write_folders(self._registry, kept)

    def md5(self, path: Path, progress: Progress | None = None) -> str:
        """MD5 of a file's bytes in hexadecimal, read in blocks."""
        return md5(path) if progress is None else md5(path, progress)

    def _registered(self) -> tuple[Path, ...]:
        # read each time: another process may have registered a folder meanwhile
        return () if self._registry is None else read_folders(self._registry)


def _searched(folders: Sequence[Path]) -> str:
    if not folders:
        return "no local folder is set."
    names = [f"'{p}'" if p.is_dir() else f"'{p}' (no such folder)" for p in folders]
    return f"looked in {', '.join(names)}."
