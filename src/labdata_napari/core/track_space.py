"""Where the pixels of annotations are: in µm of the stack, from bregma, in an atlas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.angles import in_animal
from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.places import as_pitch
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Space:
    """What is known about the places of a stack.

    Attributes
    ----------
    um_per_pixel
        (3,) pitch of the stack's spatial axes.
    orientation
        Code of these axes, such as "asr"; None where nobody said.
    to_bregma
        (4, 4) from pixels to µm from bregma: ML to the animal's right, AP to
        anterior, DV upwards. As by `bregma_affine`; None where bregma is not known.
    to_atlas
        (4, 4) from pixels to µm of an atlas, counted from the outer edges of its
        first voxel along its axes; None where the brain is not mapped.
    atlas_voxel_um
        (3,) size of the voxels of that atlas; None where it is not known.

    Raises
    ------
    InvalidValue
        When one of these is not what it should be.
    """

    um_per_pixel: Array
    orientation: str | None = None
    to_bregma: Array | None = None
    to_atlas: Array | None = None
    atlas_voxel_um: Array | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "um_per_pixel", as_pitch(self.um_per_pixel))
        if self.orientation is not None:
            code = check_orientation(self.orientation)
            object.__setattr__(self, "orientation", code)
        if self.atlas_voxel_um is not None:
            object.__setattr__(self, "atlas_voxel_um", as_pitch(self.atlas_voxel_um))
        for name in ("to_bregma", "to_atlas"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _as_affine(getattr(self, name), name))

    @property
    def bregma(self) -> Array:
        """`to_bregma`.

        Raises
        ------
        InvalidValue
            When it is not known.
        """
        if self.to_bregma is None:
            raise InvalidValue(
                "Where bregma is in this brain is not known, and these files count "
                "from there; mark a landmark named bregma, or choose the Allen atlas."
            )
        return self.to_bregma

    @property
    def atlas(self) -> Array:
        """`to_atlas`.

        Raises
        ------
        InvalidValue
            When it is not known.
        """
        if self.to_atlas is None:
            raise InvalidValue(
                "This brain is not mapped to an atlas, and these files hold places "
                "in one; map it first."
            )
        return self.to_atlas


def bregma_affine(
    orientation: str, um_per_pixel: ArrayLike, bregma: ArrayLike
) -> Array:
    """Make the affine from pixels to µm from bregma of a straight brain.

    Parameters
    ----------
    orientation
        Code of the stack's spatial axes.
    um_per_pixel
        (3,) their pitch.
    bregma
        (3,) pixels.

    Returns
    -------
    ndarray
        (4, 4); gives ML (right positive), AP (anterior positive), DV (up positive).

    Raises
    ------
    InvalidValue
        When one of them is none.
    """
    um = as_pitch(um_per_pixel)
    origin = np.asarray(bregma, np.float64)
    if origin.shape != (3,) or not np.isfinite(origin).all():
        raise InvalidValue(f"Bregma must be three numbers in pixels; got {bregma!r}.")
    anterior, ventral, right = in_animal(np.diag(um), orientation).T
    affine = np.eye(4)
    affine[:3, :3] = [right, anterior, -ventral]
    affine[:3, 3] = -affine[:3, :3] @ origin
    return affine


def mapped(affine: Array, points: ArrayLike) -> Array:
    """Apply an affine (4, 4) to points (N, 3)."""
    return np.asarray(np.asarray(points, np.float64) @ affine[:3, :3].T + affine[:3, 3])


def inverse(affine: Array) -> Array:
    """Return the affine (4, 4) the other way."""
    return np.asarray(np.linalg.inv(affine), np.float64)


def _as_affine(value: ArrayLike, name: str) -> Array:
    matrix = np.asarray(value, np.float64)
    if (
        matrix.shape != (4, 4)
        or not np.isfinite(matrix).all()
        or not np.array_equal(matrix[3], [0, 0, 0, 1])
        or abs(np.linalg.det(matrix)) < 1e-12
    ):
        raise InvalidValue(
            f"{name} must be an affine matrix (4, 4) that can be inverted, with the "
            "last row 0 0 0 1."
        )
    return matrix
