"""Atlases that lie elsewhere than where BrainGlobe keeps them: remembered by a person.

One small file in this person's data folder lists them. What an annotation volume does
not say (the table of its regions, the size of its voxels, which way it lies) is there
too, since it is asked only once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labdata_napari import settings
from labdata_napari.core.atlas_files import open_atlas
from labdata_napari.errors import WriteRefused
from labdata_napari.lab.private_files import write_private

_FILE = "other_atlases.json"


@dataclass(frozen=True)
class OtherAtlas:
    """Where an atlas is, and what its files do not say.

    Attributes
    ----------
    path
        Folder of a BrainGlobe atlas, or an annotation volume.
    table
        Of a volume's regions; None for a folder.
    resolution_um
        Size of a volume's voxels; None where its file says it.
    orientation
        Code of a volume's axes; None for a folder.
    """

    path: Path
    table: Path | None = None
    resolution_um: float | None = None
    orientation: str | None = None


def other_atlases() -> tuple[OtherAtlas, ...]:
    """List what was remembered; nothing where the list is missing or damaged."""
    try:
        said = json.loads(_path().read_text("utf-8"))
        return tuple(map(_read, said["atlases"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def remember_atlas(atlas: OtherAtlas) -> str:
    """Open an atlas, to see that it is one, and remember where it is.

    Takes a moment: for a thread of its own.

    Returns
    -------
    str
        Its name, by which `labdata_napari.lab.atlases.find_atlas` finds it from now
        on.

    Raises
    ------
    NotFound, UnreadableFile, InvalidValue
        As `labdata_napari.core.atlas_files.open_atlas`.
    WriteRefused
        When the list cannot be written.
    """
    place = OtherAtlas(
        atlas.path.absolute(),
        None if atlas.table is None else atlas.table.absolute(),
        atlas.resolution_um,
        atlas.orientation,
    )
    opened = open_atlas(
        place.path,
        place.table,
        resolution_um=place.resolution_um,
        orientation=place.orientation,
    )
    others = [other for other in other_atlases() if other.path != place.path]
    said = {"atlases": [_said(other) for other in (place, *others)]}
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps(said, indent=1) + "\n")
    except OSError as error:
        raise WriteRefused(
            f"Where this atlas is cannot be kept in '{path.parent}': "
            f"{error.strerror or error}. Free some room there, or set {settings.HOME} "
            "to another folder."
        ) from error
    return opened.name


def _path() -> Path:
    return settings.data_home() / _FILE


def _said(atlas: OtherAtlas) -> dict[str, Any]:
    return {
        "path": str(atlas.path),
        "table": None if atlas.table is None else str(atlas.table),
        "resolution_um": atlas.resolution_um,
        "orientation": atlas.orientation,
    }


def _read(said: dict[str, Any]) -> OtherAtlas:
    table, um, code = said["table"], said["resolution_um"], said["orientation"]
    return OtherAtlas(
        Path(said["path"]),
        None if table is None else Path(table),
        None if um is None else float(um),
        None if code is None else str(code),
    )
