"""A smooth curve along a bent track, which never turns back.

The curve is a function of the way along the straight fit: sideways it follows the
places by a smoothing spline, lengthways it goes on steadily. So the order of the
clicks does not matter, and no loops come of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.interpolate import splev, splprep

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.lines import Line

    Array = NDArray[np.float64]

SMOOTHING_UM = 25.0
"""Root mean squared distance that a curve may keep from its points."""

_MOST_KNOTS = 200


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve along a line.

    Attributes
    ----------
    line
        The straight fit.
    first, last
        The way along it that the points span, µm from its middle.
    """

    line: Line
    first: float
    last: float
    _side: Array
    _spline: Any

    def at(self, along: Array) -> Array:
        """Return the places (M, 3) in µm; beyond the points the curve goes straight."""
        along = np.asarray(along, np.float64)
        within = np.clip(along, self.first, self.last)
        sideways = np.array(splev(within, self._spline)).T
        slope = np.array(splev(within, self._spline, der=1)).T
        sideways = sideways + (along - within)[:, None] * slope
        straight = self.line.middle + np.outer(along, self.line.direction)
        return np.asarray(straight + sideways @ self._side)

    def residuals(self, places: Array) -> Array:
        """Return the distance (N,) of places from the curve, across the line."""
        along = (places - self.line.middle) @ self.line.direction
        return np.asarray(np.linalg.norm(places - self.at(along), axis=1))


def curve_through(places: Array, line: Line, smoothing_um: float) -> Curve | None:
    """Fit the smoothest curve that stays close to places.

    Parameters
    ----------
    places
        (N, 3) µm.
    line
        The line through them.
    smoothing_um
        Root mean squared distance from the places that is allowed. 0 goes through
        them all; with a large value the curve is one cubic, its bend at the least.

    Returns
    -------
    Curve or None
        None for fewer than three places along the line: then the line is the curve.
    """
    side = np.linalg.svd(line.direction[None, :])[2][1:]
    offsets = (places - line.middle) @ side.T
    # Places that are as good as side by side become one, so that thousands of them
    # cost no more than a hundred.
    grid = max(float(np.ptp(line.along)) / _MOST_KNOTS, 1e-6)
    _, which = np.unique(np.floor(line.along / grid), return_inverse=True)
    counts = np.bincount(which)
    along = np.bincount(which, line.along) / counts
    if len(along) < 3:
        return None
    means = [np.bincount(which, offsets[:, k]) / counts for k in range(2)]
    # FITPACK's condition: the weighted squared distances sum to no more than s.
    spline, _ = splprep(
        means,
        w=np.sqrt(counts),
        u=along,
        k=min(3, len(along) - 1),
        s=len(places) * smoothing_um**2,
        quiet=1,
    )
    return Curve(line, float(along[0]), float(along[-1]), side, spline)
