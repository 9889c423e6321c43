"""The plane that contains a track, spinnable about it: the whole track in one picture.

Rows go on from the entry to the tip, columns across. A click in the picture is a place
in the stack, and a point of the stack has a place in the picture and a distance
from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.oblique import oblique_plan
from labdata_napari.core.places import as_pitch
from labdata_napari.core.resample import plane
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.tracks import Track
    from labdata_napari.core.transform import Plan

    Array = NDArray[np.float64]

_MOST_PIXELS = 2048  # along a side of the picture
_MOST_ACROSS = 512  # of a section, which is small on the screen
_MOST_PLANES = 64
_ALONG = 0.9  # cosine beyond which an axis is too near to the track to be across it


@dataclass(frozen=True, eq=False)
class TrackPlane:
    """Where the picture lies.

    Attributes
    ----------
    centre
        (3,) pixels of the stack in the middle of the picture.
    down, right
        (3,) unit vectors in µm along the stack's axes, perpendicular to each other:
        how rows and columns go on.
    shape
        (height, width) in pixels of the picture.
    pitch_um
        Size of these.
    um_per_pixel, stack_shape
        (3,) of the stack.
    """

    centre: Array
    down: Array
    right: Array
    shape: tuple[int, int]
    pitch_um: float
    um_per_pixel: Array
    stack_shape: tuple[int, int, int]

    def spun(self, degrees: float) -> TrackPlane:
        """Return the plane turned about the track.

        The right-hand side comes towards the viewer where positive; 180 mirrors the
        picture.
        """
        angle = math.radians(degrees)
        through = np.cross(self.down, self.right)
        right = math.cos(angle) * self.right + math.sin(angle) * through
        return replace(self, right=right)

    def to_stack(self, places: ArrayLike) -> Array:
        """Turn places in the picture (N, 2), row and column, into pixels (N, 3)."""
        rows_columns = np.asarray(places, np.float64).reshape(-1, 2)
        offsets = (rows_columns - self._middle) * self.pitch_um
        um = offsets @ np.array([self.down, self.right])
        return np.asarray(self.centre + um / self.um_per_pixel)

    def from_stack(self, points: ArrayLike) -> tuple[Array, Array]:
        """Turn pixels of the stack (N, 3) into places in the picture.

        Returns
        -------
        places, distance
            (N, 2) row and column; (N,) µm in front of the picture, negative behind.
        """
        pixels = np.asarray(points, np.float64).reshape(-1, 3)
        um = (pixels - self.centre) * self.um_per_pixel
        places = um @ np.array([self.down, self.right]).T / self.pitch_um
        distance = um @ np.cross(self.down, self.right)
        return np.asarray(places + self._middle), np.asarray(distance)

    def image(
        self, volume: Any, *, thickness_um: float = 0.0, order: int = 1
    ) -> NDArray[Any]:
        """Compute the picture.

        Parameters
        ----------
        volume
            (Z, Y, X), one channel of the stack or a coarser level of it, lazily read:
            only what lies around the plane is. Of a large stack take a level.
        thickness_um
            Of the slab whose brightest voxels are shown, half before and half behind
            the plane; 0 for the plane alone.
        order
            1 for linear interpolation, 3 for cubic B-splines.

        Returns
        -------
        ndarray
            (height, width); 0 outside of the stack.

        Raises
        ------
        InvalidValue
            When the volume has other than three axes, or the thickness is negative.
        """
        if len(volume.shape) != 3:
            raise InvalidValue(
                f"A plane is cut from one channel (Z, Y, X), not from an array of "
                f"shape {tuple(volume.shape)}."
            )
        if not (math.isfinite(thickness_um) and thickness_um >= 0):
            raise InvalidValue(f"A slab cannot be {thickness_um} µm thick.")
        stack = volume[:, None]
        count = min(_MOST_PLANES, 1 + 2 * round(thickness_um / 2 / self.pitch_um))
        through = np.cross(self.down, self.right) / self.um_per_pixel
        picture: NDArray[Any] | None = None
        for offset in np.linspace(-thickness_um / 2, thickness_um / 2, count):
            shift = offset if count > 1 else 0.0
            cut = self._plan(self.centre + shift * through)
            if stack.shape != cut.shape_in:
                cut = cut.on_level(stack.shape)
            one = plane(stack, cut, 0, order=order)[0]
            picture = one if picture is None else np.maximum(picture, one)
        assert picture is not None
        return picture

    @property
    def _middle(self) -> Array:
        return (np.array(self.shape, np.float64) - 1) / 2

    def _plan(self, centre: Array) -> Plan:
        z, y, x = self.stack_shape
        whole = plan((z, 1, y, x), self.um_per_pixel, TransformParameters())
        return oblique_plan(
            whole, centre, self.down, self.right, self.shape, self.pitch_um
        )


def track_plane(
    track: Track,
    um_per_pixel: ArrayLike,
    stack_shape: Sequence[int],
    *,
    spin_deg: float = 0.0,
    width_um: float = 2000.0,
    margin_um: float = 300.0,
    pitch_um: float | None = None,
) -> TrackPlane:
    """Lay a plane through a track.

    Parameters
    ----------
    track
        A fit. Of a bent one, the straight way from entry to tip is in the plane.
    um_per_pixel, stack_shape
        (3,) of the stack.
    spin_deg
        How far it is turned about the track. At 0 the columns run along the stack's
        last axis as far as they can, so a plane through a track in a coronal stack
        is nearly a coronal section; along the first axis where the track itself
        runs along the last.
    width_um
        Across the track.
    margin_um
        Above the entry and below the tip.
    pitch_um
        Size of a pixel; by default the stack's smallest. Larger where the picture
        would exceed 2048 pixels.

    Raises
    ------
    InvalidValue
        When there is no track (its own words), or a number makes no sense.
    """
    um = as_pitch(um_per_pixel)
    if not track:
        raise InvalidValue(track.problem)
    z, y, x = (int(n) for n in stack_shape)
    way = (track.tip - track.entry) * um
    length = float(np.linalg.norm(way))
    down = way / length if length > 0 else track.direction
    height_um = length + 2 * margin_um
    pitch = float(um.min()) if pitch_um is None else float(pitch_um)
    sizes = (height_um, width_um, pitch)
    if not all(math.isfinite(v) and v > 0 for v in sizes) or margin_um < 0:
        raise InvalidValue(
            "Width and size of a pixel must be positive, and the margin not negative."
        )
    pitch = max(pitch, max(height_um, width_um) / (_MOST_PIXELS - 1))
    middle = TrackPlane(
        centre=(track.entry + track.tip) / 2,
        down=down,
        right=_across(down),
        shape=(math.ceil(height_um / pitch) + 1, math.ceil(width_um / pitch) + 1),
        pitch_um=pitch,
        um_per_pixel=um,
        stack_shape=(z, y, x),
    )
    return middle.spun(spin_deg)


def section(
    place: ArrayLike,
    down: int,
    right: int,
    um_per_pixel: ArrayLike,
    stack_shape: Sequence[int],
) -> TrackPlane:
    """Lay a plane along two axes of a stack, as large as the stack.

    Parameters
    ----------
    place
        (3,) pixels that the plane goes through.
    down, right
        The axes along which rows and columns go on.
    um_per_pixel, stack_shape
        (3,) of the stack.
    """
    um = as_pitch(um_per_pixel)
    z, y, x = (int(n) for n in stack_shape)
    size = np.array((z, y, x))
    centre = (size - 1) / 2
    (across,) = {0, 1, 2} - {down, right}
    centre[across] = np.asarray(place, np.float64)[across]
    height_um, width_um = (size * um)[[down, right]]
    pitch = max(float(um.min()), max(height_um, width_um) / _MOST_ACROSS)
    return TrackPlane(
        centre=centre,
        down=np.eye(3)[down],
        right=np.eye(3)[right],
        shape=(max(1, round(height_um / pitch)), max(1, round(width_um / pitch))),
        pitch_um=pitch,
        um_per_pixel=um,
        stack_shape=(z, y, x),
    )


def _across(down: Array) -> Array:
    axis = np.eye(3)[2 if abs(down[2]) < _ALONG else 0]
    across = axis - (axis @ down) * down
    return np.asarray(across / np.linalg.norm(across))
