"""Where the files that rows name are now, and how they come here."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from labdata_napari.core.progress import silent
from labdata_napari.errors import (
    Archived,
    InvalidValue,
    NotFound,
    StorageFailed,
    StorageRefused,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.archives import DAYS, estimate
from labdata_napari.lab.downloading import Download
from labdata_napari.lab.downloading import download as bring
from labdata_napari.lab.safe_paths import first_in, is_stored, why_unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.stores import Stored, StoredFile

State = Literal[
    "local", "remote", "archived", "restoring", "missing", "refused", "unknown"
]
_AT_ONCE = 16


@dataclass(frozen=True)
class Place:
    """Where a file is.

    Attributes
    ----------
    file_path, storage
        As its row names it.
    state
        ``local``: on this computer; ``remote``: in its storage and can be read there;
        ``archived`` and ``restoring``: in cold storage, cannot be read yet;
        ``missing``: nowhere; ``refused``: its path leaves its store, so that it is not
        even looked for; ``unknown``: `problem` says why it could not be asked.
    path
        The local copy.
    url
        Its address in the storage; empty where there is no such storage.
    stored
        What the storage says of it, where it was asked.
    problem
        One sentence where the file is missing, refused or its state unknown.
    """

    file_path: str
    storage: str
    state: State
    path: Path | None = None
    url: str = ""
    stored: Stored | None = None
    problem: str = ""

    @property
    def words(self) -> str:
        """The state for a list: "on this computer", "in S3", "archived", …."""
        until = self.stored.restored_until if self.stored else None
        if self.state == "remote" and until:
            return f"in S3, restored until {until:%Y-%m-%d}"
        return {
            "local": "on this computer",
            "remote": "in S3",
            "archived": "archived",
            "restoring": "being restored",
            "missing": "missing",
            "refused": "refused",
            "unknown": "not known",
        }[self.state]


@dataclass(frozen=True)
class Wanted:
    """A file that a row names, with what the row says of it.

    Attributes
    ----------
    file_path, storage
        Key of the row.
    size, md5
        Of the bytes, where the row tells.
    """

    file_path: str
    storage: str
    size: float | None = None
    md5: str | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Wanted:
        """Take a row of `File` or `AnalysisFile`."""
        return cls(
            row["file_path"], row["storage"], row["file_size"], row["file_md5"] or None
        )


def looker(files: Files) -> Callable[[str], bool | None]:
    """Return what tells of many paths whether they are here; see `Files.looker`."""
    shared = [f for name in files.storages for f in files.folders_of(name)]
    known = dict.fromkeys((*files.local_paths, *shared))
    folders = [f"{folder}{os.sep}" for folder in known]
    stores = [os.path.join(os.path.realpath(folder), "") for folder in known]

    def is_local(file_path: str) -> bool | None:
        if why_unsafe(file_path):
            return None
        for folder in folders:
            if is_stored(folder + file_path):
                end = os.path.realpath(folder + file_path)
                return any(end.startswith(store) for store in stores) or None
        return False

    return is_local


def find(files: Files, file_path: str, storage: str) -> Place:
    """Find a file; see `Files.find`."""
    path = first_in(files.folders_of(storage), file_path)
    if path is not None:
        return Place(file_path, storage, "local", path)
    entry = files.storages.get(storage)
    if entry is None or entry.protocol == "local":
        return _missing(files, file_path, storage)
    store = files.store(storage)
    url = store.url(file_path)
    try:
        stored = store.head(file_path)
    except NotFound as error:
        return Place(file_path, storage, "missing", url=url, problem=str(error))
    state: State = "remote"
    if stored.archived:
        state = "restoring" if stored.restoring else "archived"
    return Place(file_path, storage, state, url=url, stored=stored)


def _missing(files: Files, file_path: str, storage: str) -> Place:
    try:
        path = files.locate(file_path, storage)
    except NotFound as error:
        return Place(file_path, storage, "missing", problem=str(error))
    return Place(file_path, storage, "local", path)


def states(
    files: Files,
    wanted: Iterable[tuple[str, str]],
    progress: Progress = silent,
    known_down: Mapping[str, str] | None = None,
) -> dict[tuple[str, str], Place]:
    """Find many files; see `Files.states`."""
    asked = list(dict.fromkeys(wanted))
    # a storage that does not answer is not asked again
    down: dict[str, str] = dict(known_down or {})

    def look(file_path: str, storage: str) -> Place:
        try:
            if storage in down:
                path = first_in(files.folders_of(storage), file_path)
                state: State = "unknown" if path is None else "local"
                problem = down[storage] if path is None else ""
                return Place(file_path, storage, state, path, problem=problem)
            return find(files, file_path, storage)
        except InvalidValue as error:
            return Place(file_path, storage, "refused", problem=str(error))
        except StorageFailed as error:
            if not isinstance(error, StorageRefused):
                down[storage] = str(error)
            return Place(file_path, storage, "unknown", problem=str(error))

    with ThreadPoolExecutor(_AT_ONCE, "labdata-heads") as pool:
        futures = {pool.submit(look, *one): one for one in asked}
        try:
            found = {}
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                progress(len(found), len(asked))
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    return {one: found[one] for one in asked}


def open_place(files: Files, file_path: str, storage: str) -> Path | StoredFile:
    """Return a local path or a file of a store; see `Files.open_place`."""
    place = find(files, file_path, storage)
    if place.path is not None:
        return place.path
    if place.state == "missing":
        raise NotFound(place.problem)
    if place.state != "remote":
        raise archived([place])
    return files.store(storage).open(file_path)


def archived(places: Sequence[Place], requested: tuple[str, ...] = ()) -> Archived:
    """Say that files are in cold storage, and what was or can be done about it."""
    tiers = {place.stored.storage_class for place in places if place.stored}
    takes = estimate(place.stored for place in places if place.stored).takes
    names = [place.file_path.rsplit("/", 1)[-1] for place in places]
    listed = ", ".join(f"'{name}'" for name in names[:3])
    if len(names) > 3:
        listed += f" and {len(names) - 3} more"
    waiting = [p for p in places if p.state == "archived"]
    plural = len(places) > 1
    what = f"{listed} {'are' if plural else 'is'} in cold storage "
    what += f"({', '.join(sorted(tiers))})"
    if requested:
        what += (
            f"; {'their' if plural else 'its'} restore was asked for just now and "
            f"takes {takes}. Open {'them' if plural else 'it'} then."
        )
    elif not waiting:
        what += f" and being restored, which takes {takes}. Try again then."
    else:
        cost = estimate(p.stored for p in waiting if p.stored)
        what += f" and cannot be read yet; have it restored first. {cost}"
    return Archived(what, tuple(p.file_path for p in places), requested)


def to_restore(files: Files, wanted: Iterable[tuple[str, str]]) -> list[Place]:
    """Return those of some files that have to be restored and were not asked for.

    Raises
    ------
    StorageFailed, InvalidValue
        When the state of one could not be asked, or its path is refused.
    """
    places = list(states(files, wanted).values())
    _require_known(places)
    return [place for place in places if place.state == "archived"]


def restore(
    files: Files,
    wanted: Iterable[tuple[str, str]],
    days: int = DAYS,
    tier: str = "Standard",
) -> tuple[str, ...]:
    """Ask for readable copies; see `Files.restore`."""
    waiting = to_restore(files, wanted)
    estimate([p.stored for p in waiting if p.stored], tier, days)  # before any is asked
    for place in waiting:
        files.store(place.storage).restore(place.file_path, days, tier)
    return tuple(place.file_path for place in waiting)


def download(
    files: Files,
    wanted: Sequence[Wanted],
    progress: Progress = silent,
    local_paths: Sequence[Path | str] | Path | None = None,
) -> list[Path]:
    """Bring files here; see `Files.download`."""
    here = files if local_paths is None else files.elsewhere(local_paths)
    places = states(here, [(one.file_path, one.storage) for one in wanted])
    _require_readable(list(places.values()))
    found: list[Path] = []
    downloads = []
    for one in wanted:
        place = places[one.file_path, one.storage]
        path = place.path
        if path is None:
            path = _target(here, one)
            file = files.store(one.storage).open(one.file_path)
            _require_size(file, one)
            downloads.append(Download(file, path, one.md5))
        found.append(path)
    bring(downloads, progress)
    return found


def _target(files: Files, one: Wanted) -> Path:
    if not files.local_paths:
        raise WriteRefused(
            f"There is no local folder to download '{one.file_path}' to; set the local "
            "paths in the preferences."
        )
    return files.planned(one.file_path, one.storage)


def _require_known(places: Sequence[Place]) -> None:
    for place in places:
        if place.state == "unknown":
            raise StorageFailed(place.problem)
        if place.state == "refused":
            raise InvalidValue(place.problem)


def _require_readable(places: Sequence[Place]) -> None:
    _require_known(places)
    for place in places:
        if place.state == "missing":
            raise NotFound(place.problem)
    cold = [p for p in places if p.state in ("archived", "restoring")]
    if cold:
        raise archived(cold)


def _require_size(file: StoredFile, one: Wanted) -> None:
    if one.size is not None and file.size != one.size:
        raise UnreadableFile(
            f"'{file.url}' has {file.size:,} bytes and its row says {one.size:,.0f}: "
            "it was cut short or replaced. Nothing was downloaded; ask whoever made it "
            "to upload it again."
        )
