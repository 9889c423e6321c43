"""One plane at any position and orientation, through a stack or through a result.

The plane is a plan of its own, a result one voxel thin, so it comes out of the same
resampler, knows its pitch, and tells where its pixels lie in the source.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.interpolate import DEFAULT_ORDER
from labdata_napari.core.resample import plane
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.transform import Plan

_MOST_PIXELS = 1 << 28


def oblique(
    stack: Any,
    plan: Plan,
    centre: ArrayLike,
    down: ArrayLike,
    right: ArrayLike,
    shape: Sequence[int],
    pitch_um: float,
    *,
    order: int = DEFAULT_ORDER,
) -> NDArray[Any]:
    """Compute an oblique plane through the result of a plan.

    Only what lies around the plane is read; that may be much of a large stack, for
    which a pyramid level is the better source:
    ``plane(level, oblique_plan(...).on_level(level.shape), 0)``.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like the plan was made for.
    plan
        A transform; for the stack as it is, one of no parameters.
    centre, down, right, shape, pitch_um
        As for `oblique_plan`.
    order
        1 for linear interpolation, 3 for cubic B-splines.

    Returns
    -------
    ndarray
        (C, height, width); 0 outside of the stack.

    Raises
    ------
    InvalidValue
        As `oblique_plan` and `labdata_napari.core.resample.plane`.
    """
    cut = oblique_plan(plan, centre, down, right, shape, pitch_um)
    return plane(stack, cut, 0, order=order)


def oblique_plan(
    plan: Plan,
    centre: ArrayLike,
    down: ArrayLike,
    right: ArrayLike,
    shape: Sequence[int],
    pitch_um: float,
) -> Plan:
    """Plan an oblique plane through the result of a plan.

    Parameters
    ----------
    plan
        A transform; its voxel size must be known.
    centre
        Middle of the plane in pixels of the result (its three spatial axes).
    down, right
        Directions in which the plane's rows and columns go on, in µm along the
        result's axes; of any length. `right` is made perpendicular to `down`.
    shape
        (height, width) in pixels.
    pitch_um
        Size of its pixels.

    Returns
    -------
    Plan
        Of shape (1, C, height, width); its points are (0, row, column).

    Raises
    ------
    InvalidValue
        When the voxel size is not known, the directions span no plane, or shape or
        pitch make none.
    """
    if plan.um_per_pixel_out is None:
        raise InvalidValue(
            "An oblique plane needs the voxel size of the stack; enter it first."
        )
    height, width = _as_size(shape, pitch_um)
    middle = _vector(centre, "centre")
    frame = _frame(_vector(down, "down"), _vector(right, "right"))
    um = np.asarray(plan.um_per_pixel_out)
    steps = frame.T * pitch_um / um[:, None]
    to_result = np.eye(4)
    to_result[:3, :3] = steps
    to_result[:3, 3] = middle - steps @ [0, (height - 1) / 2, (width - 1) / 2]
    return replace(
        plan,
        affine=plan.affine @ to_result,
        grid_affine=plan.grid_affine @ to_result,
        shape_out=(1, len(plan.channels), height, width),
        transpose=(0, 1, 2, 3),
        axes_out="ZCYX",
        um_per_pixel_out=(pitch_um, pitch_um, pitch_um),
    )


def _frame(down: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[Any]:
    """Rows: unit vectors through, down and right, perpendicular to each other."""
    lengths = np.linalg.norm(down), np.linalg.norm(right)
    if min(lengths) > 0:
        down, right = down / lengths[0], right / lengths[1]
        right = right - (right @ down) * down
    across = np.linalg.norm(right)
    if min(lengths) == 0 or across < 1e-9:
        raise InvalidValue(
            "The directions down and right must span a plane; give two that are not "
            "parallel."
        )
    right = right / across
    return np.array([np.cross(down, right), down, right])


def _vector(value: ArrayLike, name: str) -> NDArray[np.float64]:
    vector = np.asarray(value, np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all():
        raise InvalidValue(f"{name} must be three numbers; got {value!r}.")
    return vector


def _as_size(shape: Sequence[int], pitch_um: float) -> tuple[int, int]:
    height, width = (int(n) for n in shape)
    if min(height, width) < 1 or height * width > _MOST_PIXELS:
        raise InvalidValue(f"A plane cannot have {height} × {width} pixels.")
    if not (math.isfinite(pitch_um) and pitch_um > 0):
        raise InvalidValue(
            f"The size of a pixel must be a positive number in µm, not {pitch_um}."
        )
    return height, width
