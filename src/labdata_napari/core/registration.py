"""Where a brain lies in an atlas: from pixels of a transform to µm of the atlas.

Pixels are positions of voxel centres along the stored axes (z, y, x), as annotation
points are; µm of the atlas count from the edge of its first voxel, along its axes
(`labdata_napari.core.axes`). The half voxel between the two is in the matrices here
and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import checked_um
from labdata_napari.core.deformation import DeformationField
from labdata_napari.core.orientation import (
    between,
    check_orientation,
    left_right_axis,
    side_at,
)
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.atlas import AtlasVolume

    Floats = NDArray[np.float64]

KINDS = ("registered", "rigid", "similarity", "affine", "brainreg", "given")
FREE = 4
"""Landmarks that any affine map can be made to fit."""
HEMISPHERES = ("both", "left", "right")
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class LandmarkPair:
    """A place somebody found both in the brain and in the atlas.

    Attributes
    ----------
    name
        What it is called.
    pixel
        In the brain: z, y, x.
    atlas_um
        In the atlas.
    """

    name: str
    pixel: Triple
    atlas_um: Triple


@dataclass(frozen=True)
class Residual:
    """How well a landmark fits.

    Attributes
    ----------
    name
        Of the landmark.
    um
        From where the mapping puts it to where it was marked in the atlas.
    left_out_um
        The same when the mapping is made without it: what to expect between
        landmarks. NaN where the others do not suffice.
    """

    name: str
    um: float
    left_out_um: float


@dataclass(frozen=True)
class AtlasMapping:
    """How places in a brain become places in an atlas.

    Attributes
    ----------
    atlas
        Name of the atlas.
    kind
        How it was made: "registered" (the stack lies in the atlas's space), "rigid",
        "similarity" or "affine" (from landmarks), "brainreg", or "given" (a matrix
        from elsewhere).
    matrix
        4 × 4: pixels (z, y, x, 1) to µm of the atlas; with a field, to µm of the
        field's own space.
    orientation
        Code of the stack's axes; None where nobody said.
    landmarks, residuals
        What a mapping of landmarks was made from, and how well they fit.
    field
        What brainreg found, applied after the matrix.
    """

    atlas: str
    kind: str
    matrix: tuple[tuple[float, ...], ...]
    orientation: str | None = None
    landmarks: tuple[LandmarkPair, ...] = ()
    residuals: tuple[Residual, ...] = ()
    field: DeformationField | None = None

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise InvalidValue("A mapping to an atlas needs a matrix of 4 × 4 numbers.")
        if np.any(matrix[3] != (0, 0, 0, 1)) or abs(np.linalg.det(matrix)) < 1e-9:
            raise InvalidValue(
                "The matrix of a mapping to an atlas must be invertible."
            )
        if self.kind not in KINDS:
            raise InvalidValue(
                f"A mapping to an atlas is {', '.join(KINDS)}, not {self.kind!r}."
            )
        if self.orientation is not None:
            check_orientation(self.orientation)
        rows = tuple(tuple(float(v) for v in row) for row in matrix)
        object.__setattr__(self, "matrix", rows)

    def to_atlas_um(self, pixels: ArrayLike) -> Floats:
        """Turn pixels (N, 3) into µm of the atlas (N, 3).

        With a field, what lies outside of it becomes NaN, which is in no region.

        Raises
        ------
        NotFound, UnreadableFile
            When the files of the field are gone or damaged.
        """
        um = _applied(np.asarray(self.matrix), pixels)
        return um if self.field is None else self.field.to_atlas_um(um)

    def to_pixels(self, atlas_um: ArrayLike) -> Floats:
        """Turn µm of the atlas (N, 3) into pixels (N, 3).

        Raises
        ------
        InvalidValue
            For a mapping with a field, which goes one way only.
        """
        if self.field is not None:
            raise InvalidValue(
                "What brainreg wrote leads from the brain to the atlas, not back."
            )
        return _applied(np.linalg.inv(np.asarray(self.matrix)), atlas_um)

    @property
    def rms_um(self) -> float:
        """Root of the mean squared residual; NaN without landmarks."""
        if not self.residuals:
            return math.nan
        return float(np.sqrt(np.mean([r.um**2 for r in self.residuals])))

    def describe(self) -> str:
        """Say it in one line, such as "affine from 6 landmarks, 85 µm rms"."""
        if self.kind == "registered":
            return f"the stack lies in the space of {self.atlas}"
        if self.kind == "brainreg":
            return f"brainreg's registration to {self.atlas}"
        if self.kind == "given":
            return f"a matrix that was given, to {self.atlas}"
        if self.kind == "affine" and len(self.landmarks) == FREE:
            return (
                "affine from 4 landmarks, which any four fit exactly: how good it is, "
                "a fifth would tell"
            )
        worst = max(self.residuals, key=lambda r: r.um, default=None)
        tail = "" if worst is None else f", worst {worst.name} {worst.um:.0f} µm"
        count = len(self.landmarks)
        return f"{self.kind} from {count} landmarks, {self.rms_um:.0f} µm rms{tail}"

    def to_dict(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {
            "atlas": self.atlas,
            "kind": self.kind,
            "matrix": [list(row) for row in self.matrix],
            "orientation": self.orientation,
            "landmarks": [
                {"name": p.name, "pixel": list(p.pixel), "atlas_um": list(p.atlas_um)}
                for p in self.landmarks
            ],
            "residuals": [
                # JSON has no NaN
                [r.name, r.um, None if math.isnan(r.left_out_um) else r.left_out_um]
                for r in self.residuals
            ],
            "field": None if self.field is None else self.field.to_dict(),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> AtlasMapping:
        """Read what `to_dict` gave.

        Raises
        ------
        InvalidValue
            When it is something else.
        """
        try:
            field, orientation = found["field"], found["orientation"]
            return cls(
                atlas=str(found["atlas"]),
                kind=str(found["kind"]),
                matrix=tuple(tuple(float(v) for v in row) for row in found["matrix"]),
                orientation=None if orientation is None else str(orientation),
                landmarks=tuple(
                    LandmarkPair(
                        str(p["name"]), _triple(p["pixel"]), _triple(p["atlas_um"])
                    )
                    for p in found["landmarks"]
                ),
                residuals=tuple(
                    Residual(
                        str(name), float(um), math.nan if left is None else float(left)
                    )
                    for name, um, left in found["residuals"]
                ),
                field=None if field is None else DeformationField.from_dict(field),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InvalidValue(
                f"What was kept of a mapping to an atlas is damaged ({error!r})."
            ) from error


def oriented(
    shape: Sequence[int], um_per_pixel: Sequence[float], source: str, target: str
) -> Floats:
    """Return the matrix from pixels of a stack to edge µm along other axes.

    Parameters
    ----------
    shape, um_per_pixel
        Of the stack's three spatial axes.
    source, target
        Codes of its axes, and of those wanted (`labdata_napari.core.orientation`).

    Returns
    -------
    ndarray
        4 × 4; the result counts from the corner of the stack that comes first along
        the axes of the target.
    """
    order, flips = between(source, target)
    um = checked_um(um_per_pixel, "ZYX")
    matrix = np.eye(4)
    matrix[:3] = 0
    for row, (axis, flip) in enumerate(zip(order, flips, strict=True)):
        # the edge of a pixel's voxel that comes first along the axis, plus a half
        matrix[row, axis] = -um[axis] if flip else um[axis]
        matrix[row, 3] = (shape[axis] - 0.5 if flip else 0.5) * um[axis]
    return matrix


def registered(
    atlas: AtlasVolume,
    shape: Sequence[int],
    um_per_pixel: Sequence[float],
    orientation: str,
    hemisphere: str = "both",
) -> AtlasMapping:
    """Map a stack that lies in the atlas's space already.

    Parameters
    ----------
    atlas
        The atlas.
    shape, um_per_pixel
        Of the stack's three spatial axes, in their order.
    orientation
        Code of its axes.
    hemisphere
        "left" or "right" where the stack is that half of the atlas only.

    Raises
    ------
    InvalidValue
        When the stack is not as large as the atlas or its half, to a voxel.
    """
    if hemisphere not in HEMISPHERES:
        raise InvalidValue(
            f"A stack is {', '.join(HEMISPHERES)} of a brain, not {hemisphere!r}."
        )
    matrix = oriented(shape, um_per_pixel, orientation, atlas.orientation)
    across = left_right_axis(atlas.orientation)
    wanted = np.array(atlas.extent_um)
    if hemisphere != "both":
        wanted[across] /= 2
        if side_at(atlas.orientation, across) != hemisphere:
            matrix[across, 3] += wanted[across]
    size = np.abs(matrix[:3, :3]) @ np.asarray(shape, np.float64)
    slack = np.maximum(np.abs(matrix[:3, :3]).max(axis=1), atlas.resolution_um)
    if np.any(np.abs(size - wanted) > slack * 1.001):
        half = "" if hemisphere == "both" else f"the {hemisphere} half of "
        raise InvalidValue(
            f"The stack is {_mm(size)} mm and {half}{atlas.name} {_mm(wanted)} mm "
            f"along its axes ({atlas.orientation}), so it does not lie in its space; "
            "check the orientation and the size of the voxels, or mark landmarks."
        )
    return AtlasMapping(
        atlas.name,
        "registered",
        as_rows(matrix),
        check_orientation(orientation),
    )


def as_rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    """Give a matrix as a value that can be compared."""
    return tuple(tuple(row) for row in matrix.tolist())


def _applied(matrix: Floats, points: ArrayLike) -> Floats:
    given = np.asarray(points, np.float64)
    if given.ndim not in (1, 2) or given.shape[-1] != 3:
        raise InvalidValue(f"Places are an (N, 3) array; got {given.shape}.")
    return np.asarray(np.atleast_2d(given) @ matrix[:3, :3].T + matrix[:3, 3])


def _triple(values: Sequence[Any]) -> Triple:
    a, b, c = (float(v) for v in values)
    return a, b, c


def _mm(um: Floats) -> str:
    return " × ".join(f"{value / 1000:.2f}" for value in um)
