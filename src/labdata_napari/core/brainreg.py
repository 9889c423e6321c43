"""Take over what brainreg made of a brain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import checked_um
from labdata_napari.core.deformation import DeformationField
from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.registration import AtlasMapping, as_rows, oriented
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from labdata_napari.core.atlas import AtlasVolume

DESCRIPTION = "brainreg.json"
_MOST_BYTES = 4 * 2**20


def from_brainreg(
    folder: str | Path,
    atlas: AtlasVolume,
    shape: Sequence[int],
    orientation: str | None = None,
    to_registered: ArrayLike | None = None,
) -> AtlasMapping:
    """Map a brain by the output of brainreg.

    Parameters
    ----------
    folder
        With ``brainreg.json`` and ``deformation_field_0.tiff`` to ``…_2.tiff``.
    atlas
        The atlas it was registered to.
    shape
        Voxels along the three spatial axes of the stack that brainreg was given.
    orientation
        Code of the axes of the stack whose pixels are mapped; None when that is the
        one brainreg was given, whose code its description has.
    to_registered
        4 × 4, from pixels of the stack to map to pixels of the one brainreg was
        given; None when it is the same.

    Raises
    ------
    NotFound
        When a file is missing.
    UnreadableFile
        When one is damaged.
    InvalidValue
        When it was registered to another atlas, or the stack has another size.
    """
    place = Path(folder)
    said = _description(place)
    try:
        name, code = str(said["atlas"]), check_orientation(said["orientation"])
        um = checked_um(list(map(float, said["voxel_sizes"])), "ZYX")
    except (KeyError, TypeError, ValueError, OverflowError, InvalidValue) as error:
        raise UnreadableFile(
            f"'{place / DESCRIPTION}' lacks the atlas, the orientation or the size of "
            f"the voxels ({error})."
        ) from error
    if name != atlas.name:
        raise InvalidValue(
            f"'{place}' is a registration to the atlas {name}, not to {atlas.name}; "
            "choose that atlas."
        )
    field = DeformationField(str(place.absolute()), atlas.resolution_um)
    matrix = oriented(shape, um, code, atlas.orientation)
    size = np.abs(matrix[:3, :3]) @ np.asarray(shape, np.float64)
    expected = size / atlas.resolution_um
    if np.any(np.abs(expected - field.shape) > np.maximum(2, 0.02 * expected)):
        raise InvalidValue(
            f"The brain that brainreg was given has {field.shape} voxels of the "
            f"atlas, this one {tuple(np.round(expected).astype(int).tolist())}; choose "
            "the folder of this brain."
        )
    if to_registered is not None:
        matrix = matrix @ np.asarray(to_registered, np.float64)
    mapped = code if orientation is None else check_orientation(orientation)
    return AtlasMapping(name, "brainreg", as_rows(matrix), mapped, field=field)


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UnreadableFile(f"'{path}' is too large for what it should be.")
        said = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound(
            f"'{folder}' holds no {DESCRIPTION}; choose the folder brainreg wrote to."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"'{path}' cannot be read: {error}.") from error
    if not isinstance(said, dict):
        raise UnreadableFile(f"'{path}' is no description by brainreg.")
    return said
