"""Tracks that brainglobe-segmentation has saved, one `.points` file each.

The file is HDF5 as pandas writes a table of numbers in its fixed format. pandas keeps
parts of it as pickled Python objects, and whoever unpickles a file from elsewhere runs
what is in it: so only the numbers are read, from where the format has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.core.draft import Draft
from labdata_napari.core.hdf_members import member, own_members, own_values
from labdata_napari.core.small_files import MOST_POINTS, as_points
from labdata_napari.core.track_space import inverse, mapped
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.track_space import Space

ATLAS_FOLDER = "atlas_space"
"""The folder in which tracks are that were made in the atlas's voxels."""

_MOST_BYTES = 3 * 8 * MOST_POINTS
_BROKEN = (OSError, KeyError, ValueError, TypeError, RuntimeError)


def read_track(path: Path, space: Space) -> Draft:
    """Read a track.

    Its places are voxels of the picture it was clicked in, which the file does not
    name. In a folder "atlas_space" they are the atlas's own; anywhere else they are
    taken for pixels of this stack.

    Parameters
    ----------
    path
        HDF5 file with one table of three columns.
    space
        What the pixels are that the places shall be in.

    Returns
    -------
    Draft
        Named after the file.

    Raises
    ------
    UnreadableFile
        When it holds something else.
    InvalidValue
        When it is in the atlas's voxels and the brain does not lie in an atlas.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            values = _values(file)
    except _BROKEN as error:
        raise UnreadableFile(
            f"'{path}' is damaged or no track of brainglobe-segmentation ({error})."
        ) from error
    points = as_points(values, path)
    if ATLAS_FOLDER in path.parts:
        if space.atlas_voxel_um is None:
            raise InvalidValue(
                f"'{path}' counts in voxels of an atlas; lay the brain into it first, "
                "or take the file out of its folder to read it as pixels of this stack."
            )
        # voxel centres are whole numbers there, µm of an atlas count from its edge
        um = (points + 0.5) * space.atlas_voxel_um
        points = mapped(inverse(space.atlas), um)
    return Draft(path.stem, TRACK_TYPES[0], points)


def _values(file: Any) -> NDArray[np.float64]:
    """Return the numbers (N, 3) of the only table in a file."""
    # What lies in other files was put there by no table of pandas.
    own = own_members(file).values()
    tables = [node for node in own if "pandas_type" in node.attrs]
    if len(tables) != 1:
        raise ValueError(f"it has {len(tables)} tables")
    node = member(tables[0], "block0_values")
    values = own_values(node, _MOST_BYTES)
    if values.dtype.kind not in "fiu" or values.ndim != 2:
        raise ValueError(f"its table is {values.dtype} {values.shape}")
    found = np.asarray(values, np.float64)
    return found if node.attrs.get("transposed") else found.T
