"""The atlases on this computer, and which one a brain was laid into.

Nothing is downloaded. BrainGlobe's own tools bring its atlases; they are found where
those keep them, in the person's data folder, beside an embedded lab, and where a
person said that there are others.
"""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.atlas_files import (
    MANIFEST,
    METADATA,
    described,
    open_atlas,
    resolution_of,
)
from labdata_napari.core.atlas_tables import regions_from_rows
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile
from labdata_napari.lab.address import EmbeddedAddress, is_embedded, parse
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.other_atlases import OtherAtlas, other_atlases
from labdata_napari.lab.rows import fetched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.atlas_regions import Regions

FOLDER = "atlases"
"""Below the data folder and below an embedded lab: what takes BrainGlobe's place."""

BRAINGLOBE_CONFIG = "BRAINGLOBE_CONFIG_DIR"
_MOST = 500


@dataclass(frozen=True)
class AtlasFound:
    """An atlas on this computer, not opened yet.

    Attributes
    ----------
    name
        With its resolution, such as "allen_mouse_25um".
    version
        As it says, such as "1.2".
    path
        For `labdata_napari.core.atlas_files.open_atlas`.
    resolution_um
        None where `problem` tells why it cannot be used.
    species
        Empty where it does not say.
    problem
        One sentence, or nothing.
    volume
        What a person said of an annotation volume; None for BrainGlobe's folders.
    """

    name: str
    version: str
    path: Path
    resolution_um: tuple[float, float, float] | None = None
    species: str = ""
    problem: str = ""
    volume: OtherAtlas | None = None


def atlas_folders(url: str | None = None) -> list[Path]:
    """List the folders that atlases are looked for in, whether or not they exist.

    Parameters
    ----------
    url
        Address of the lab; an embedded one has a folder of its own.
    """
    own = []
    if url is not None and is_embedded(url):
        address = parse(url)
        if isinstance(address, EmbeddedAddress):
            own.append(address.root / FOLDER)
    return [*own, settings.data_home() / FOLDER, _brainglobe_folder()]


def find_atlases(
    url: str | None = None, folders: Sequence[Path | str] | None = None
) -> list[AtlasFound]:
    """List the atlases on this computer, by their names, the newest version first.

    Reads small files only; on a slow disk that may take a moment.

    Parameters
    ----------
    url
        Address of the lab, as `atlas_folders` takes it.
    folders
        To look in instead.
    """
    given = atlas_folders(url) if folders is None else map(Path, folders)
    found: dict[Path, AtlasFound] = {}
    for folder in given:
        for place in _places(folder):
            found.setdefault(place.resolve(), _about(place))
    if folders is None:
        for other in other_atlases():
            found.setdefault(other.path.resolve(), _remembered(other))
    newest = sorted(found.values(), key=lambda a: _as_numbers(a.version), reverse=True)
    return sorted(newest, key=lambda a: a.name)


def find_atlas(
    name: str, url: str | None = None, folders: Sequence[Path | str] | None = None
) -> AtlasFound:
    """Return the newest atlas of a name.

    Raises
    ------
    NotFound
        When there is none; says which there are.
    """
    there = find_atlases(url, folders)
    for atlas in there:
        if atlas.name == name:
            return atlas
    names = ", ".join(dict.fromkeys(a.name for a in there)) or "none"
    raise NotFound(
        f"There is no atlas {name!r} on this computer; there are: {names}. Have "
        "BrainGlobe download it, or choose another one."
    )


def open_found(found: AtlasFound, names: Regions | None = None) -> AtlasVolume:
    """Open an atlas; may be called on any thread.

    Parameters
    ----------
    found
        One that `find_atlases` listed.
    names
        The lab's own acronyms, names and colours (`lab_regions`), used where it has
        them.

    Raises
    ------
    NotFound, UnreadableFile
        As `open_atlas`.
    """
    from dataclasses import replace

    volume = found.volume
    if volume is None:
        atlas = open_atlas(found.path)
    else:
        atlas = open_atlas(
            volume.path,
            volume.table,
            resolution_um=volume.resolution_um,
            orientation=volume.orientation,
        )
    if names is None:
        return atlas
    return replace(atlas, regions=atlas.regions.renamed(names))


def lab_atlases(lab: Any) -> dict[str, str]:
    """Return the atlases of the lab's own table: descriptions by ``atlas_id``."""
    with translate_errors():
        rows = fetched(lab.Atlas)
    rows.sort(key=lambda row: str(row["atlas_id"]))
    return {str(r["atlas_id"]): str(r["atlas_description"] or "") for r in rows}


def lab_regions(lab: Any, atlas_id: str) -> Regions | None:
    """Return the regions that the lab's own table has of an atlas; None for none.

    Raises
    ------
    InvalidValue
        When the rows make no sense together.
    """
    with translate_errors():
        rows = fetched(lab.Atlas.Region & {"atlas_id": atlas_id})
    if not rows:
        return None
    try:
        return regions_from_rows(rows)
    except InvalidValue as error:
        raise InvalidValue(
            f"The regions of the atlas {atlas_id!r} in the lab's table Atlas.Region "
            f"make no sense. {error}"
        ) from error


def _brainglobe_folder() -> Path:
    """Where BrainGlobe's tools keep atlases, by their own settings."""
    chosen = os.environ.get(BRAINGLOBE_CONFIG)
    config = Path(chosen) if chosen else Path.home() / ".config" / "brainglobe"
    said = configparser.ConfigParser(interpolation=None)
    try:
        said.read(config / "bg_config.conf", "utf-8")
        return Path(said["default_dirs"]["brainglobe_dir"]).expanduser()
    except (configparser.Error, KeyError, OSError, UnicodeDecodeError):
        return Path.home() / ".brainglobe"


def _places(folder: Path) -> Iterator[Path]:
    patterns = (f"*/atlases/*/*/{MANIFEST}", f"*/{METADATA}")
    for pattern in patterns:
        try:
            found = sorted(folder.glob(pattern))[:_MOST]
        except OSError:
            continue
        yield from (path.parent for path in found)


def _about(place: Path) -> AtlasFound:
    name, version = place.name, ""
    try:
        name, said = described(place)
        version = str(said.get("version", "")).replace("_", ".")
        species = str(said.get("species", ""))
        return AtlasFound(name, version, place, resolution_of(said, place), species)
    except (UnreadableFile, NotFound) as error:
        return AtlasFound(name, version, place, problem=str(error))


def _remembered(other: OtherAtlas) -> AtlasFound:
    if other.table is None:
        return _about(other.path)
    um = other.resolution_um
    three = None if um is None else (um, um, um)
    gone = [str(p) for p in (other.path, other.table) if not p.exists()]
    problem = f"There is no file '{gone[0]}' any more." if gone else ""
    name = other.path.name.partition(".")[0]
    return AtlasFound(name, "", other.path, three, problem=problem, volume=other)


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
