"""Lengths and straight-line fits of annotated points, always in micrometres.

Pixels are stretched to µm before anything is measured or fitted: in anisotropic
stacks a fit in pixels would weigh the axes differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class LineFit:
    """The straight line through a set of points with the least squared distance.

    Attributes
    ----------
    start, end
        (3,) pixels (z, y, x): the outermost points dropped onto the line, from the
        side of the first point given to the side of the last.
    direction
        (3,) unit vector in µm space, from start to end.
    length_um
        Distance from start to end.
    residuals_um
        (N,) distance of each point from the line.
    rms_um
        Root of the mean squared residual.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    direction: NDArray[np.float64]
    length_um: float
    residuals_um: NDArray[np.float64]
    rms_um: float


def length_um(points: ArrayLike, um_per_pixel: ArrayLike) -> float:
    """Measure the way along the points in their order.

    Parameters
    ----------
    points
        (N, 3) in z, y, x pixels.
    um_per_pixel
        (3,) pitch z, y, x in µm.

    Returns
    -------
    float
        Length in µm; 0 for a single point.

    Raises
    ------
    InvalidValue
        When the points or the pitch have another shape or are not finite.
    """
    places = _places_um(points, um_per_pixel)
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def fit_line(points: ArrayLike, um_per_pixel: ArrayLike) -> LineFit:
    """Fit a straight line through points.

    Parameters
    ----------
    points
        (N, 3) in z, y, x pixels, N at least 2.
    um_per_pixel
        (3,) pitch z, y, x in µm.

    Raises
    ------
    InvalidValue
        When there are fewer than two different places, or as for `length_um`.
    """
    places = _places_um(points, um_per_pixel)
    middle = places.mean(axis=0)
    centred = places - middle
    if not np.any(centred):
        raise InvalidValue(
            f"A line needs points at two places; there is one, used {len(places)}x."
        )
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    along = centred @ direction
    if along[-1] < along[0]:
        direction, along = -direction, -along
    residuals = np.linalg.norm(centred - np.outer(along, direction), axis=1)
    pitch = np.asarray(um_per_pixel, dtype=np.float64)
    return LineFit(
        start=(middle + along.min() * direction) / pitch,
        end=(middle + along.max() * direction) / pitch,
        direction=direction,
        length_um=float(along.max() - along.min()),
        residuals_um=residuals,
        rms_um=float(np.sqrt(np.mean(residuals**2))),
    )


def _places_um(points: ArrayLike, um_per_pixel: ArrayLike) -> NDArray[np.float64]:
    places = np.asarray(points, dtype=np.float64)
    pitch = np.asarray(um_per_pixel, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 3 or not len(places):
        raise InvalidValue(
            f"A track needs an (N, 3) array of points; got {places.shape}."
        )
    if pitch.shape != (3,) or not np.all(np.isfinite(pitch)) or np.any(pitch <= 0):
        raise InvalidValue(
            "The voxel size must be three positive numbers in µm; "
            f"got {um_per_pixel!r}."
        )
    if not np.all(np.isfinite(places)):
        raise InvalidValue("A track has points that are not finite; delete them.")
    return np.asarray(places * pitch, dtype=np.float64)
