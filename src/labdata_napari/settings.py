"""Where a value comes from.

An argument counts most, then the environment, napari's Preferences, labdata's own
settings, and last the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.lab.preferences import LabdataSettings

URL = "LABDATA_NAPARI_URL"
NAME = "LABDATA_NAPARI_NAME"
PROJECT = "LABDATA_NAPARI_PROJECT"
PASSWORD = "LABDATA_NAPARI_PASSWORD"  # the variable's name, not a secret
LOCAL_PATHS = "LABDATA_NAPARI_LOCAL_PATHS"
HOME = "LABDATA_NAPARI_HOME"
CACHE = "LABDATA_NAPARI_CACHE"
PATIENCE = "LABDATA_NAPARI_PATIENCE"

DEFAULT_NAME = "lab_data"
DEFAULT_URL = "embedded:"
DEFAULT_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Target:
    """Which lab to connect to.

    Attributes
    ----------
    url
        Address, for example ``"embedded:"`` or ``"mysql://user@host:3306"``.
    name
        Name of the lab's database.
    project
        Project, or None for the lab's own tables.
    """

    url: str
    name: str
    project: str | None


def target(
    url: str | None = None,
    name: str | None = None,
    project: str | None = None,
    preferred: tuple[str, str, str] = ("", "", ""),
    labdata: LabdataSettings | None = None,
) -> Target:
    """Complete what was given from the environment, settings and defaults.

    An empty value counts as not given, but for `project`, where ``""`` means none.

    Parameters
    ----------
    url, name, project
        As given.
    preferred
        URL, name and project set in napari's Preferences, which count less than the
        environment.
    labdata
        labdata's own settings, which count less than both, and only for the server
        they are about.
    """
    theirs = labdata.url if labdata else None
    where = url or os.environ.get(URL) or preferred[0] or theirs or DEFAULT_URL
    known = labdata if labdata and labdata.serves(where) else None
    called = (
        name
        or os.environ.get(NAME)
        or preferred[1]
        or (known.name if known else DEFAULT_NAME)
    )
    chosen = project
    if chosen is None:
        chosen = os.environ.get(PROJECT) or preferred[2]
        if not chosen and known and known.name == called:
            chosen = known.project
    return Target(where, called, chosen or None)


def password() -> str | None:
    """Return the password the environment holds, if any; it is kept nowhere else."""
    return os.environ.get(PASSWORD)


def patience() -> float:
    """Return for how many seconds a database may be silent before it counts as gone.

    ``LABDATA_NAPARI_PATIENCE``, else 60: three times as long as any lock is waited for.
    """
    try:
        seconds = float(os.environ.get(PATIENCE, ""))
    except ValueError:
        return DEFAULT_PATIENCE_S
    return seconds if 0 < seconds < 1e6 else DEFAULT_PATIENCE_S


def local_paths() -> tuple[Path, ...]:
    """Return the folders the environment names for the lab's files."""
    listed = os.environ.get(LOCAL_PATHS, "")
    return tuple(absolute(p) for p in listed.split(os.pathsep) if p)


def data_home() -> Path:
    """Return the folder for what belongs to one person on one machine.

    ``LABDATA_NAPARI_HOME``, else where the system keeps the data of programs.
    """
    chosen = os.environ.get(HOME)
    if chosen:
        return absolute(chosen)
    import platformdirs

    return platformdirs.user_data_path("labdata-napari", appauthor=False)


def cache_home() -> Path:
    """Return the folder for what can be computed again: pyramids, thumbnails.

    ``LABDATA_NAPARI_CACHE``, else ``LABDATA_NAPARI_HOME``'s ``cache``, else where the
    system keeps caches.
    """
    chosen = os.environ.get(CACHE)
    if chosen:
        return absolute(chosen)
    if os.environ.get(HOME):
        return data_home() / "cache"
    import platformdirs

    return platformdirs.user_cache_path("labdata-napari", appauthor=False)


def several(paths: Sequence[Path | str] | Path) -> list[Path | str]:
    """Return a list of paths as it is, a single path as a list of one."""
    return [paths] if isinstance(paths, str | Path) else list(paths)


def absolute(path: Path | str) -> Path:
    """Return a path without ``~``, links and ``..``, so that it has one name only."""
    return Path(path).expanduser().resolve()
