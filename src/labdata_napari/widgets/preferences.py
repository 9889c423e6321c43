"""Our page in napari's Preferences, read as plain values."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from napari.settings import get_plugin_settings

from labdata_napari import settings
from labdata_napari.lab.saved_labs import SavedLab, read_saved, with_lab, without_lab
from labdata_napari.widgets.connection import LOCAL, START, Profile, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.utils.events import EventEmitter

PLUGIN = "labdata-napari"


@dataclass(frozen=True)
class Preferences:
    """What a person set in napari's Preferences.

    Attributes
    ----------
    url, name, project
        The lab to connect to at start; empty for the environment's, labdata's or the
        default.
    saved
        The labs that have a name of their own.
    saved_problems
        A sentence for each saved lab that cannot be read.
    dask_cache_mb
        Memory napari may use to keep decoded chunks, in MB.
    pyramid_cache_gb
        Disk that pyramids of brains may take, in GB.
    autosave
        Whether annotations are saved to the lab without asking.
    keys
        The keys of annotating, by the names of what they do.
    pose_keys
        The keys of correcting poses, likewise.
    """

    url: str = ""
    name: str = ""
    project: str = ""
    saved: tuple[SavedLab, ...] = ()
    saved_problems: tuple[str, ...] = ()
    dask_cache_mb: int = 512
    pyramid_cache_gb: int = 20
    autosave: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    pose_keys: Mapping[str, str] = field(default_factory=dict)


def preferences() -> Preferences:
    """Read the preferences; the defaults where napari does not know our manifest."""
    every = get_plugin_settings()
    if PLUGIN not in every:
        return Preferences()
    ours = every[PLUGIN]
    saved, problems = read_saved(ours.connection.saved)
    return Preferences(
        url=ours.connection.url.strip(),
        name=ours.connection.name.strip(),
        project=ours.connection.project.strip(),
        saved=saved,
        saved_problems=problems,
        dask_cache_mb=ours.memory.dask_cache_mb,
        pyramid_cache_gb=ours.memory.pyramid_cache_gb,
        autosave=ours.annotating.autosave,
        keys={name: str(key) for name, key in ours.keys.model_dump().items()},
        pose_keys={n: str(key) for n, key in ours.pose_keys.model_dump().items()},
    )


def preferences_changed() -> EventEmitter | None:
    """Return what napari emits when our page is edited; None without our manifest."""
    every = get_plugin_settings()
    return every[PLUGIN].events.changed if PLUGIN in every else None


def remember_lab(profile: Profile) -> None:
    """Make a lab the one to connect to at start; never its password."""
    every = get_plugin_settings()
    if PLUGIN in every:
        connection = every[PLUGIN].connection
        connection.url = _without_password(profile.url or "")
        connection.name = profile.name or ""
        connection.project = profile.project or ""


def save_lab(lab: SavedLab) -> None:
    """Put a lab among the saved ones, in the place of its namesake.

    Raises
    ------
    InvalidValue
        When its name or its address cannot be saved.
    """
    every = get_plugin_settings()
    if PLUGIN in every:
        connection = every[PLUGIN].connection
        connection.saved = with_lab(connection.saved, lab)


def forget_lab(title: str) -> None:
    """Take a lab out of the saved ones."""
    every = get_plugin_settings()
    if PLUGIN in every:
        connection = every[PLUGIN].connection
        connection.saved = without_lab(connection.saved, title)


def start_profile(
    url: str | None = None, name: str | None = None, project: str | None = None
) -> Profile:
    """Choose the lab to connect to: argument, environment, preferences.

    Where none of them names one its address stays open, for labdata's own settings or
    else the default; those are read when connecting, not on the GUI thread.
    """
    chosen = preferences()
    if not (url or os.environ.get(settings.URL) or chosen.url):
        asked = os.environ.get(settings.PROJECT) or chosen.project or None
        return replace(
            START,
            name=name or os.environ.get(settings.NAME) or chosen.name or None,
            project=asked if project is None else project,
        )
    target = settings.target(
        url, name, project, (chosen.url, chosen.name, chosen.project)
    )
    parts = urlsplit(target.url)
    if parts.scheme == "embedded":
        own = target.url == settings.DEFAULT_URL
        title = LOCAL.title if own else f"Lab in {parts.path}"
        return Profile(title, target.url, target.name, target.project)
    saved = next((lab for lab in chosen.saved if lab.url == target.url), None)
    title = title_of(target.name, parts.hostname or target.url)
    return Profile(
        title if saved is None else saved.title,
        target.url,
        # what is not said may be in labdata's settings
        name or os.environ.get(settings.NAME) or chosen.name or None,
        target.project if project is None else project,
        tls=None if saved is None else True,
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
