"""Turning a result by hand: in the plane one looks at, until a line is level.

The three stored angles are applied one after the other, so a turn of the *result*
changes all three in general. Here the turn is multiplied onto the matrix that the
stored angles make, and the product is taken apart again, exactly.

Places are voxels of the *frame* (`labdata_napari.core.crop_box`): the result before
its crop, its three spatial axes in output order. Only distances between them count.
Turning moves voxels, not micrometres: it keeps shapes only where the two pitches are
equal (`check_turnable`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.orientation import join_flips, rotation_matrix, split_flips
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.orientation import Angles, Flips
    from labdata_napari.core.transform_parameters import TransformParameters

    Matrix = NDArray[np.float64]

EVEN = 0.05
"""How far two pitches may differ, as a share, and still count as equal."""

NEAREST_MARKS = 2.0
"""Voxels that two marks must at least be apart to give a direction."""

_SPATIAL = (0, 2, 3)
_GIMBAL = 1e-9
_DECIMALS = 9  # of stored degrees: 1e-7 voxels at the edge of the largest brains


@dataclass(frozen=True)
class Turn:
    """A turn of the result: degrees that carry axis ``plane[0]`` to ``plane[1]``."""

    plane: tuple[int, int]
    degrees: float


@dataclass(frozen=True)
class Levelled:
    """New parameters and the turns that lead to them."""

    parameters: TransformParameters
    turns: tuple[Turn, ...]


def turned(parameters: TransformParameters, turn: Turn) -> TransformParameters:
    """Turn the result in the plane of two of its axes, about the grid's middle.

    Parameters
    ----------
    parameters
        The transform so far.
    turn
        Axes are the result's three spatial ones, 0 to 2.

    Returns
    -------
    TransformParameters
        With the three angles of which the result, seen across the third axis, shows
        the same plane of the brain, turned in itself. Nothing else changes.
    """
    angles, flips = split_flips(parameters.rotate)
    basis = _axes_of_result(parameters, flips)
    matrix = rotation_matrix(angles) @ _content_turn(basis, turn).T
    new = _decomposed(matrix, angles)
    return replace(parameters, rotate=join_flips(new, flips))


def tilt_in(parameters: TransformParameters, plane: tuple[int, int]) -> float:
    """Degrees by which the result is turned in a plane, counted as `Turn` does.

    With one stored angle it is that angle (or its negative, where flips and the order
    of axes have it so). `turned` changes it by exactly its degrees, while all stored
    angles stay within ±90°.
    """
    angles, flips = split_flips(parameters.rotate)
    basis = _axes_of_result(parameters, flips)
    moved = basis.T @ rotation_matrix(angles).T @ basis
    a, b = plane
    return math.degrees(
        math.atan2(moved[b, a] - moved[a, b], moved[a, a] + moved[b, b])
    )


def levelled(
    parameters: TransformParameters,
    start: ArrayLike,
    end: ArrayLike,
    along: int,
    against: Sequence[int],
) -> Levelled:
    """Turn the result until a line runs along one of its axes.

    Parameters
    ----------
    parameters
        The transform so far.
    start, end
        (3,) places in the frame, in the output's order of spatial axes.
    along
        Axis to run along, 0 to 2.
    against
        Axes along which the line shall not run any more: one for a turn in a single
        plane (`along`, that axis), two for one turn after the other.

    Raises
    ------
    InvalidValue
        When the two places are too near to each other to give a direction.
    """
    line = np.asarray(end, float) - np.asarray(start, float)
    if not np.isfinite(line).all() or np.linalg.norm(line) < NEAREST_MARKS:
        raise InvalidValue(
            "The two marks lie on one another; mark two places far apart."
        )
    turns = []
    for other in against:
        degrees = -math.degrees(math.atan2(line[other], line[along]))
        if abs(degrees) > 90:  # the line has no direction: the shorter way round
            degrees -= math.copysign(180, degrees)
        if degrees == 0:
            continue
        turn = Turn((along, other), degrees)
        parameters = turned(parameters, turn)
        line = _content_turn(np.eye(3), turn) @ line
        turns.append(turn)
    return Levelled(parameters, tuple(turns))


def landmark_axes(
    start: ArrayLike,
    end: ArrayLike,
    pane: tuple[int, int, int],
    left_right: int | None,
) -> tuple[int, tuple[int, int]]:
    """Say how the line between a landmark on the left and on the right shall run.

    Parameters
    ----------
    start, end
        (3,) places in the frame.
    pane
        The frame's axis across the pane in which they were marked, the axis of its
        rows (downwards) and that of its columns.
    left_right
        The frame's axis from one side of the body to the other; None if unknown:
        then the line runs along whichever of the pane's axes is nearer.

    Returns
    -------
    along, against
        For `levelled`.
    """
    across, down, right = pane
    line = np.abs(np.asarray(end, float) - np.asarray(start, float))
    along = left_right
    if along is None:
        along = right if line[right] >= line[down] else down
    first, second = (k for k in (down, right, across) if k != along)
    return along, (first, second)


def midline_axes(
    start: ArrayLike, end: ArrayLike, pane: tuple[int, int, int], left_right: int | None
) -> tuple[int, tuple[int]]:
    """Say how a line between two places of the midline shall run; see `landmark_axes`.

    Raises
    ------
    InvalidValue
        When the marks are in different planes and nobody knows what is left and right.
    """
    across, down, right = pane
    line = np.abs(np.asarray(end, float) - np.asarray(start, float))
    if left_right is None:
        if line[across] >= max(line[down], line[right]):
            raise InvalidValue(
                "Say first which way the brain lies, so that it is known what is left "
                "and right; or mark the midline twice in one plane."
            )
        left_right = right if line[down] >= line[right] else down
    one, other = (k for k in range(3) if k != left_right)
    return (one if line[one] >= line[other] else other), (left_right,)


def check_turnable(
    um_per_pixel: Sequence[float] | None, plane: tuple[int, int]
) -> None:
    """Refuse to turn voxels that are longer than wide.

    Parameters
    ----------
    um_per_pixel
        Pitch of the frame's three spatial axes in µm; None, if unknown, passes.
    plane
        The two axes to be turned into one another.

    Raises
    ------
    InvalidValue
        When the pitches differ by more than `EVEN`.
    """
    if um_per_pixel is None:
        return
    one, other = (float(um_per_pixel[axis]) for axis in plane)
    if abs(one - other) > EVEN * min(one, other):
        raise InvalidValue(
            f"Voxels of {one:.3g} by {other:.3g} µm cannot be turned without shearing "
            "the brain; choose one voxel size for all axes first, such as 25 µm."
        )


# --- matrices ---------------------------------------------------------------------


def _axes_of_result(parameters: TransformParameters, flips: Flips) -> Matrix:
    """Columns: directions of the result's axes among the turned z, y, x."""
    transpose = parameters.transpose or (0, 1, 2, 3)
    basis = np.zeros((3, 3))
    for k, axis in enumerate(axis for axis in transpose if axis != 1):
        stored = _SPATIAL.index(axis)
        part = parameters.crop and parameters.crop[axis]
        backwards = bool(part and (part[2] or 1) < 0)
        basis[stored, k] = -1.0 if flips[stored] ^ backwards else 1.0
    return basis


def _content_turn(basis: Matrix, turn: Turn) -> Matrix:
    """(3, 3); where a turn puts what it moves."""
    a, b = (basis[:, axis] for axis in turn.plane)
    angle = math.radians(turn.degrees)
    matrix = np.eye(3) + (math.cos(angle) - 1) * (np.outer(a, a) + np.outer(b, b))
    return np.asarray(matrix + math.sin(angle) * (np.outer(b, a) - np.outer(a, b)))


def _decomposed(matrix: Matrix, near: Angles) -> Angles:
    """Find stored angles (z, y, x) that make a matrix; of two sets the nearer."""
    level = math.hypot(matrix[0, 0], matrix[0, 1])
    y = math.degrees(math.atan2(matrix[0, 2], level))
    if level < _GIMBAL:  # x and z turn in the same plane: leave z as it was
        z = near[0]
        rest = matrix @ rotation_matrix((z, 0, 0)).T
        x = math.degrees(math.atan2(-rest[2, 1], rest[1, 1]))
        return _rounded(z), _rounded(y), _rounded(x)
    z = math.degrees(math.atan2(matrix[0, 1], matrix[0, 0]))
    x = math.degrees(math.atan2(matrix[1, 2], matrix[2, 2]))
    both = ((z, y, x), (z + 180, 180 - y, x + 180))
    z, y, x = min(both, key=lambda found: _distance(found, near))
    return _rounded(z), _rounded(y), _rounded(x)


def _distance(one: Angles, other: Angles) -> float:
    return sum(abs(_wrapped(a - b)) for a, b in zip(one, other, strict=True))


def _wrapped(degrees: float) -> float:
    return degrees - 360 * math.ceil(degrees / 360 - 0.5)


def _rounded(degrees: float) -> float:
    return round(_wrapped(degrees), _DECIMALS) + 0.0
