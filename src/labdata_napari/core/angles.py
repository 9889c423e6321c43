"""The angles of a track in the animal, from the orientation of its stack.

A track points from where it enters the brain to its tip. In the animal that direction
has three parts: towards anterior, ventral and right.

- AP angle: the tilt seen from the side (sagittal plane), between straight down and
  the track; positive when the tip lies anterior of the entry.
- ML angle: the tilt seen from the front or back (coronal plane), between straight
  down and the track; positive when the tip lies to the animal's right of the entry.
- Tilt: the angle in space between straight down and the track, 0° to 180°.
- Azimuth: where the tip lies seen from above, anticlockwise from the animal's right:
  right 0°, anterior 90°, left 180°, posterior -90°.

"Down" is the stack's ventral axis: brains that are tilted in their stack give tilted
angles, so measure in a transform that has been straightened.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.orientation import between

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NO_WAY = 1e-12


@dataclass(frozen=True)
class Angles:
    """Angles of a track in degrees, as defined at the top of this module.

    Attributes
    ----------
    ap_deg, ml_deg
        -180 to 180; 0 straight down.
    tilt_deg
        0 to 180.
    azimuth_deg
        -180 to 180; NaN for a track straight down, which points nowhere.
    """

    ap_deg: float
    ml_deg: float
    tilt_deg: float
    azimuth_deg: float


def in_animal(vectors: ArrayLike, orientation: str) -> NDArray[np.float64]:
    """Turn directions in µm along a stack's axes into (anterior, ventral, right).

    Parameters
    ----------
    vectors
        (..., 3) along the stack's spatial axes in their order.
    orientation
        Code of those axes, such as "asr".

    Raises
    ------
    InvalidValue
        For a code that is none.
    """
    order, flips = between(orientation, "psl")  # axes to anterior, ventral, right
    signs = np.where(flips, -1.0, 1.0)
    return np.asarray(np.asarray(vectors, np.float64)[..., list(order)] * signs)


def angles_of(direction: ArrayLike, orientation: str) -> Angles:
    """Compute the angles of a direction (3,) in µm, from entry to tip.

    Raises
    ------
    InvalidValue
        As `in_animal`.
    """
    anterior, ventral, right = (float(v) for v in in_animal(direction, orientation))
    flat = math.hypot(anterior, right)
    return Angles(
        ap_deg=_degrees(anterior, ventral),
        ml_deg=_degrees(right, ventral),
        tilt_deg=_degrees(flat, ventral),
        azimuth_deg=_degrees(anterior, right) if flat > _NO_WAY else math.nan,
    )


def _degrees(opposite: float, adjacent: float) -> float:
    if max(abs(opposite), abs(adjacent)) <= _NO_WAY:
        return 0.0  # seen along the track: no tilt in this plane
    return math.degrees(math.atan2(opposite, adjacent))
