"""Our page in napari's Preferences, read as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from napari.settings import get_plugin_settings

from labdata_napari import settings
from labdata_napari.widgets.connection import LOCAL, Profile

PLUGIN = "labdata-napari"


@dataclass(frozen=True)
class Preferences:
    """What a person set in napari's Preferences.

    Attributes
    ----------
    url, name, project
        The lab to connect to at start; empty for the environment's or the default.
    dask_cache_mb
        Memory napari may use to keep decoded chunks, in MB.
    pyramid_cache_gb
        Disk that pyramids of brains may take, in GB.
    """

    url: str = ""
    name: str = ""
    project: str = ""
    dask_cache_mb: int = 512
    pyramid_cache_gb: int = 20


def preferences() -> Preferences:
    """Read the preferences; the defaults where napari does not know our manifest."""
    every = get_plugin_settings()
    if PLUGIN not in every:
        return Preferences()
    ours = every[PLUGIN]
    return Preferences(
        url=ours.connection.url.strip(),
        name=ours.connection.name.strip(),
        project=ours.connection.project.strip(),
        dask_cache_mb=ours.memory.dask_cache_mb,
        pyramid_cache_gb=ours.memory.pyramid_cache_gb,
    )


def remember_lab(profile: Profile) -> None:
    """Make a lab the one to connect to at start; never its password."""
    every = get_plugin_settings()
    if PLUGIN in every:
        connection = every[PLUGIN].connection
        connection.url = _without_password(profile.url or "")
        connection.name = profile.name or ""
        connection.project = profile.project or ""


def start_profile(
    url: str | None = None, name: str | None = None, project: str | None = None
) -> Profile:
    """Choose the lab to connect to: argument, environment, preferences, default."""
    chosen = preferences()
    target = settings.target(
        url, name, project, (chosen.url, chosen.name, chosen.project)
    )
    parts = urlsplit(target.url)
    if parts.scheme == "embedded":
        own = target.url == settings.DEFAULT_URL
        title = LOCAL.title if own else f"Lab in {parts.path}"
    else:
        title = f"{target.name} at {parts.hostname or target.url}"
    return Profile(title, target.url, target.name, target.project)


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
