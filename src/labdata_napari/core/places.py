"""Points of annotations as places in µm, and the voxel size that makes them so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

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
