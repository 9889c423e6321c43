"""Open the atlases people have: BrainGlobe's two layouts, or a volume and a table.

Reads descriptions and the table of regions; the volume is read where it is looked at.
Nothing is fetched from the network, and no description may lead out of its folder.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labdata_napari.core.atlas import AtlasVolume
from labdata_napari.core.atlas_tables import read_table
from labdata_napari.core.nrrd import read_nrrd
from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

MANIFEST, METADATA = "manifest.json", "metadata.json"
_ANNOTATION, _HEMISPHERES = "annotations_compressed.ome.zarr", "hemispheres.ome.zarr"
_MOST_JSON_BYTES = 4 * 2**20


def open_atlas(
    path: str | Path,
    table: str | Path | None = None,
    *,
    resolution_um: float | Sequence[float] | None = None,
    orientation: str | None = None,
) -> AtlasVolume:
    """Open an atlas on this computer.

    Parameters
    ----------
    path
        Folder of one of BrainGlobe's atlases, in the layout of version 3
        (``…/brainglobe-atlasapi/atlases/<name>/<version>``) or the older one
        (``~/.brainglobe/<name>_v<version>``); or an annotation volume: NRRD, TIFF or
        zarr.
    table
        Of the regions, CSV or JSON; only with a volume.
    resolution_um
        Size of a volume's voxels in µm, one number or one for each axis.
    orientation
        Code of a volume's axes, such as "asr".

    Raises
    ------
    NotFound
        When something is not there.
    UnreadableFile
        When it is damaged or no atlas, or was never downloaded whole.
    InvalidValue
        When something has to be said about a volume, or makes no sense.
    """
    place = Path(path)
    if not place.exists():
        raise NotFound(f"There is no atlas '{place}'.")
    if table is not None:
        return _volume_with_table(place, Path(table), resolution_um, orientation)
    folder = place.parent if place.name in (MANIFEST, METADATA) else place
    if (folder / MANIFEST).is_file():
        return _version3(folder)
    if (folder / METADATA).is_file():
        return _legacy(folder)
    raise UnreadableFile(
        f"'{place}' is no folder of a BrainGlobe atlas ({MANIFEST} or {METADATA} would "
        "be in it); for a volume give the table of its regions, too."
    )


def described(folder: Path) -> tuple[str, dict[str, Any]]:
    """Read what a BrainGlobe atlas says about itself: its name, and the rest.

    Raises
    ------
    UnreadableFile
        When it is damaged, or no atlas.
    """
    if (folder / MANIFEST).is_file():
        return folder.parent.name, _json(folder / MANIFEST)
    found = _json(folder / METADATA)
    return folder.name.rpartition("_v")[0] or folder.name, found


def resolution_of(found: dict[str, Any], where: Path) -> tuple[float, float, float]:
    """Return the resolution in µm that a description holds; raises UnreadableFile."""
    try:
        a, b, c = (float(v) for v in found["resolution"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableFile(
            f"'{where}' does not tell the size of its voxels; the atlas is damaged."
        ) from error
    return a, b, c


def _version3(folder: Path) -> AtlasVolume:
    name, found = described(folder)
    root = folder.parents[2] if len(folder.parents) > 2 else folder
    annotations = _location(root, found, "annotation_set")
    volume = _of_shape(annotations / _ANNOTATION, found.get("shape"))
    halves = None
    if found.get("symmetric") is False and (annotations / _HEMISPHERES).exists():
        halves = _of_shape(annotations / _HEMISPHERES, found.get("shape"))
    regions = read_table(_location(root, found, "terminology") / "terminology.csv")
    return _made(
        name=name,
        annotation=volume,
        resolution_um=resolution_of(found, folder),
        orientation=str(found.get("orientation", "asr")),
        regions=regions,
        path=folder,
        hemispheres=halves,
    )


def _legacy(folder: Path) -> AtlasVolume:
    name, found = described(folder)
    table = folder / "structures.json"
    if not table.exists():
        table = folder / "structures.csv"
    halves = folder / "hemispheres.tiff"
    asymmetric = found.get("symmetric") is False and halves.exists()
    return _made(
        name=name,
        annotation=_spatial(open_stack(folder / "annotation.tiff")),
        resolution_um=resolution_of(found, folder),
        orientation=str(found.get("orientation", "asr")),
        regions=read_table(table),
        path=folder,
        hemispheres=_spatial(open_stack(halves)) if asymmetric else None,
    )


def _volume_with_table(
    place: Path,
    table: Path,
    resolution_um: float | Sequence[float] | None,
    orientation: str | None,
) -> AtlasVolume:
    if orientation is None:
        raise InvalidValue(
            f"Say which way '{place.name}' lies, such as 'asr'; a volume does not tell."
        )
    if place.suffix.lower() == ".nrrd":
        volume, um = read_nrrd(place), None
    else:
        stack = open_stack(place)
        volume, um = _spatial(stack), stack.um_per_pixel
    size = um if resolution_um is None else resolution_um
    if size is None:
        raise InvalidValue(f"Say how many µm wide the voxels of '{place.name}' are.")
    three = (size,) * 3 if isinstance(size, int | float) else tuple(size)
    return AtlasVolume(
        name=place.name.partition(".")[0],
        annotation=volume,
        resolution_um=three,  # type: ignore[arg-type]  # checked there
        orientation=check_orientation(orientation),
        regions=read_table(table),
        path=place,
    )


def _made(**parts: Any) -> AtlasVolume:
    """Make an atlas of what its own files say; what is wrong is the files' fault."""
    try:
        return AtlasVolume(**parts)
    except InvalidValue as error:
        raise UnreadableFile(
            f"The atlas '{parts['path']}' is damaged. {error}"
        ) from error


def _of_shape(path: Path, shape: Any) -> Any:
    """Return the level of an OME-Zarr that has a shape, if its voxels are there."""
    stack = open_stack(path)
    levels = (stack, *stack.levels)
    for number, level in enumerate(levels):
        volume = _spatial(level)
        if list(volume.shape) == shape:
            _require_voxels(path, number)
            return volume
    sizes = ", ".join(str(tuple(_spatial(level).shape)) for level in levels)
    raise UnreadableFile(
        f"'{path}' has no level of the shape {shape} that its atlas names, but {sizes}."
    )


def _require_voxels(path: Path, number: int) -> None:
    """Refuse a level whose description alone was downloaded: it would read as 0."""
    description = path / "zarr.json"
    if not description.is_file():
        return
    try:
        attributes = _json(description)["attributes"]
        image = attributes.get("ome", attributes)["multiscales"][0]
        level = path / str(image["datasets"][number]["path"])
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise UnreadableFile(f"The description of '{path}' is damaged.") from error
    if not (level / "c").is_dir():
        raise UnreadableFile(
            f"The regions of the atlas in '{path}' were not downloaded yet; open the "
            "atlas with BrainGlobe once while there is a network, and look at its "
            "annotation."
        )


def _spatial(stack: Stack) -> Any:
    """Z, Y, X of a stack of one channel, lazily; as the file's axes stand."""
    if stack.axes != "ZCYX" or stack.n_channels != 1:
        raise UnreadableFile(
            f"'{stack.where}' is no volume of regions: its axes are {stack.axes} and "
            f"its shape {stack.shape}."
        )
    return stack.data[:, 0]


def _location(root: Path, found: dict[str, Any], what: str) -> Path:
    try:
        location = str(found[what]["location"]).lstrip("/\\")
    except (KeyError, TypeError) as error:
        raise UnreadableFile(
            f"The atlas below '{root}' does not tell where its {what} is; it is "
            "damaged, or of a layout that is not known here."
        ) from error
    inside = root.resolve()
    try:
        place = (inside / location).resolve()
    except (OSError, ValueError, RuntimeError) as error:  # zero bytes; loops of links
        raise UnreadableFile(
            f"An atlas below '{root}' names no place with {location!r}; it is damaged."
        ) from error
    if not place.is_relative_to(inside):
        raise UnreadableFile(
            f"An atlas below '{root}' leads out of its folder, to '{location}'; it is "
            "not opened."
        )
    return place


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_JSON_BYTES:
            raise UnreadableFile(f"'{path}' is too large for the description it is.")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(f"There is no file '{path}'.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"'{path}' cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise UnreadableFile(f"'{path}' is no description of an atlas.")
    return found
