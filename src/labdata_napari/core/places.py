"""Points of annotations as places in µm, and the voxel size that makes them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

FARTHEST = 1e6
"""No pixel of a stack, and no µm of a brain, is farther out. napari, which has a
slider for all places of its layers, breaks down at some hundred million."""
_FARTHEST_UM = 1e9  # a kilometre away is no place in a stack


def as_pitch(um_per_pixel: ArrayLike) -> Array:
    """Return a voxel size as an array (3,).

    Raises
    ------
    InvalidValue
        When it is not three positive numbers.
    """
    try:
        pitch = np.asarray(um_per_pixel, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        pitch = np.zeros(0)
    if pitch.shape != (3,) or not np.all(np.isfinite(pitch)) or np.any(pitch <= 0):
        raise InvalidValue(
            "The voxel size must be three positive numbers in µm; "
            f"got {um_per_pixel!r}."
        )
    return pitch


def check_near(name: str, points: Array, shape: Sequence[int]) -> None:
    """Refuse points that are farther out of a stack than the stack is large.

    A point may lie outside: of a stack that was cropped, or of one half. One that is
    farther out than that has other units or another order of axes.

    Parameters
    ----------
    name
        Of their annotation.
    points
        (N, 3) pixels.
    shape
        (3,) of the stack.

    Raises
    ------
    InvalidValue
        When one is before -size or beyond twice the size along an axis.
    """
    size = np.asarray(shape, np.float64)
    bad = np.flatnonzero(~((points >= -size) & (points <= 2 * size)).all(axis=1))
    if len(bad):
        place = ", ".join(f"{v:,.6g}" for v in points[bad[0]])
        raise InvalidValue(
            f"Point {bad[0] + 1} of {name!r} is at ({place}), far out of this stack of "
            f"{' × '.join(f'{n:,}' for n in shape)} pixels; check units and order of "
            "the axes."
        )


def in_um(points: ArrayLike, pitch: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Turn pixels into µm, and tell which of them are places at all.

    Parameters
    ----------
    points
        (N, 3) pixels; an empty array of any shape is none.
    pitch
        (3,) µm, as of `as_pitch`.

    Returns
    -------
    places, is_place
        (N, 3) µm; (N,) false where one is not finite, or farther away than a stack
        can reach.

    Raises
    ------
    InvalidValue
        When the array has another shape.
    """
    pixels = np.asarray(points, np.float64)
    if not pixels.size:
        pixels = pixels.reshape(0, 3)
    if pixels.ndim != 2 or pixels.shape[1] != 3:
        raise InvalidValue(
            f"An annotation needs an (N, 3) array of points; got {pixels.shape}."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        places = pixels * pitch
        is_place: NDArray[np.bool_] = np.all(np.abs(places) < _FARTHEST_UM, axis=1)
    return places, is_place
