"""Which way a brain lies in its array: codes of three letters, and how to change it.

A code has one letter per spatial axis, in the array's order: the side of the animal
at index 0. "asr" starts anterior, superior (dorsal) and right, so its first axis
runs from front to back, its second downwards and its third from the animal's right
to its left. That is BrainGlobe's convention, in which letters name the origin; tools
that name the side an axis runs *to* would call the same array "PIL".

Forty-eight codes exist. Half of them are mirror images of the other half: no turning
brings one into the other, and a picture alone does not tell which it is.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import cosdg, sindg

from labdata_napari.core.transform import plan
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_parameters import Slice, TransformParameters

SIDES = {
    "a": "anterior",
    "p": "posterior",
    "s": "dorsal",
    "i": "ventral",
    "l": "left",
    "r": "right",
}
"""The six letters in the words of anatomists."""

SHOWN_AS = {"coronal": "asr", "sagittal": "lsa", "horizontal": "sal"}
"""Codes in which the planes along the first axis look as atlases print them.

Dorsal is up in coronal and sagittal planes, anterior is left in sagittal and up in
horizontal ones. All three have the same handedness: none mirrors another.
"""

_PAIRS = ("ap", "si", "lr")
_PLANES = ("coronal", "horizontal", "sagittal")  # across the axis of that pair
_SPATIAL = (0, 2, 3)  # positions of z, y, x in a (Z, C, Y, X) stack
# Position in `rotate`, the axes turned into one another; in the order applied.
_TURNS = ((2, (1, 2)), (1, (0, 2)), (0, (0, 1)))

Angles = tuple[float, float, float]
Flips = tuple[bool, bool, bool]


# --- codes ------------------------------------------------------------------------


def check_orientation(code: str) -> str:
    """Return a code in lower case.

    Raises
    ------
    InvalidValue
        When it does not name one side of each of the three directions.
    """
    text = str(code).strip().lower()
    if len(text) != 3 or sorted(map(_direction, text)) != [0, 1, 2]:
        raise InvalidValue(
            f"{code!r} is no orientation; give one letter per axis for the side it "
            "starts at, such as 'asr': anterior or posterior, superior or inferior, "
            "left or right."
        )
    return text


def all_orientations() -> tuple[str, ...]:
    """Return the 48 codes."""
    return tuple(
        "".join(letters)
        for order in itertools.permutations(_PAIRS)
        for letters in itertools.product(*order)
    )


def opposite(letter: str) -> str:
    """Return the other side: "a" → "p"."""
    pair = _PAIRS[_direction(letter)]
    return pair[1 - pair.index(letter)]


def side_at(code: str, axis: int, *, end: bool = False) -> str:
    """Name the side at the start of an axis, or at its end: "anterior"."""
    letter = check_orientation(code)[axis]
    return SIDES[opposite(letter) if end else letter]


def plane_name(code: str, axis: int) -> str:
    """Name the planes across an axis: "coronal", "sagittal" or "horizontal"."""
    return _PLANES[_direction(check_orientation(code)[axis])]


def in_words(code: str) -> str:
    """Say a code: "coronal planes from anterior to posterior; rows from …"."""
    text = check_orientation(code)
    ways = [f"from {SIDES[c]} to {SIDES[opposite(c)]}" for c in text]
    return f"{plane_name(text, 0)} planes {ways[0]}; rows {ways[1]}; columns {ways[2]}"


def left_right_axis(code: str) -> int:
    """Return which of the three axes runs from one side of the body to the other."""
    return [_direction(c) for c in check_orientation(code)].index(2)


def mirrors(one: str, other: str) -> bool:
    """Whether the arrays of two codes are mirror images, whatever is turned."""
    return bool(np.linalg.det(_directions(one)) * np.linalg.det(_directions(other)) < 0)


def half(code: str, n: int, side: str, midline: float | None = None) -> range:
    """Return the indices of one half of the brain, along `left_right_axis`.

    Parameters
    ----------
    code
        Orientation of the array.
    n
        Its length along that axis.
    side
        "left" or "right" of the animal.
    midline
        Index of the midline; None for the middle of the array. A plane that lies
        exactly on it belongs to both halves.

    Raises
    ------
    InvalidValue
        For another side, or a midline that leaves nothing on it.
    """
    if side not in ("left", "right"):
        raise InvalidValue(f"A half of a brain is 'left' or 'right', not {side!r}.")
    middle = (n - 1) / 2 if midline is None else float(midline)
    first = side_at(code, left_right_axis(code)) == side
    indices = (
        range(min(n, int(np.floor(middle)) + 1))
        if first
        else range(max(0, int(np.ceil(middle))), n)
    )
    if not indices:
        raise InvalidValue(
            f"With the midline at {middle:g} of {n} voxels nothing is left of the "
            f"{side} half; set the midline inside the brain."
        )
    return indices


def between(source: str, target: str) -> tuple[tuple[int, int, int], Flips]:
    """Return how to rearrange an array from one code to another.

    Returns
    -------
    order, flips
        Axis ``k`` of the target is axis ``order[k]`` of the source, reversed where
        ``flips[k]``: ``np.flip(a.transpose(order), [k for k in range(3) if
        flips[k]])``.
    """
    one, other = check_orientation(source), check_orientation(target)
    directions = [_direction(c) for c in one]
    a, b, c = (directions.index(_direction(letter)) for letter in other)
    order = (a, b, c)
    u, v, w = (one[axis] != letter for axis, letter in zip(order, other, strict=True))
    return order, (u, v, w)


# --- transforms -------------------------------------------------------------------


def rotation_matrix(angles: Sequence[float]) -> NDArray[np.float64]:
    """Return the (3, 3) matrix of stored angles: z, y, x after turning to before.

    Parameters
    ----------
    angles
        anglez, angley, anglex in degrees, as the first three of `rotate`.
    """
    matrix = np.eye(3)
    for position, (a, b) in _TURNS:
        cosine, sine = float(cosdg(angles[position])), float(sindg(angles[position]))
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = cosine
        turn[a, b], turn[b, a] = sine, -sine
        matrix = matrix @ turn
    return matrix


def split_flips(
    rotate: tuple[float, float, float, bool, bool] | None,
) -> tuple[Angles, Flips]:
    """Take stored rotation apart into angles and flips of z, y and x.

    The columns hold no flip of z. It is stored as half a turn in the z-y plane, which
    reverses both, and a flip of y, which gives that one back: exact, and free of the
    crop. Here it comes out as what it is, so `anglez` is within ±90°.
    """
    if rotate is None:
        return (0.0, 0.0, 0.0), (False, False, False)
    z, y, x, flip_x, flip_y = rotate
    half_turns = round(z / 180)
    flip_z = bool(half_turns % 2)
    return (z - 180 * half_turns, y, x), (flip_z, flip_y ^ flip_z, flip_x)


def join_flips(
    angles: Sequence[float], flips: Sequence[bool]
) -> tuple[float, float, float, bool, bool] | None:
    """Put angles and flips of z, y, x into the form that is stored."""
    z, y, x = (float(angle) for angle in angles)
    flip_z, flip_y, flip_x = (bool(flip) for flip in flips)
    if flip_z:
        z, flip_y = z + (180 if z <= 0 else -180), not flip_y
    if not any((z, y, x, flip_x, flip_y)):
        return None
    return z, y, x, flip_x, flip_y


def grid_orientation(parameters: TransformParameters, source: str) -> str:
    """Return the code of the grid that the crop cuts: turned and flipped, z, y, x.

    The nearest one, whatever the angles.
    """
    angles, flips = split_flips(parameters.rotate)
    matrix = rotation_matrix(angles) @ np.diag([-1.0 if f else 1.0 for f in flips])
    return _nearest(matrix, source)


def result_orientation(geometry: Plan, source: str) -> str:
    """Return the code of a result's three spatial axes, the nearest one.

    Parameters
    ----------
    geometry
        The transform.
    source
        Code of the stack it reads (z, y, x).
    """
    return _nearest(geometry.grid_affine[:3, :3], source)


def shown_as(
    parameters: TransformParameters, shape: Sequence[int], source: str, target: str
) -> TransformParameters:
    """Change flips and transpose so that the result has a certain orientation.

    Parameters
    ----------
    parameters
        The transform so far. Its angles keep their meaning, and its crop cuts the
        same tissue as before.
    shape
        (Z, C, Y, X) of the stack to transform.
    source, target
        Codes of that stack (z, y, x) and of the result (its spatial axes).

    Returns
    -------
    TransformParameters
        The channels stay at the position where they are.
    """
    target = check_orientation(target)
    angles, flips_before = split_flips(parameters.rotate)
    turned = _nearest(rotation_matrix(angles), source)
    order, reversed_ = between(turned, target)
    flips = [False, False, False]
    for axis, flip in zip(order, reversed_, strict=True):
        flips[axis] = flip
    crop = list(parameters.crop or (None,) * 4)
    grid = plan(shape, None, parameters).shape_grid
    for k, axis in enumerate(_SPATIAL):
        changed = flips[k] != flips_before[k]
        crop[axis] = _forward(crop[axis], grid[axis], mirror=changed)
    return replace(
        parameters,
        rotate=join_flips(angles, flips),
        crop=_or_none(crop),
        transpose=_transpose(parameters, order),
    )


def mirrored(
    parameters: TransformParameters, shape: Sequence[int], axis: int
) -> TransformParameters:
    """Flip the result along z (0), y (1) or x (2) of its stack; the crop goes along."""
    angles, before = split_flips(parameters.rotate)
    stored = _SPATIAL[axis]
    grid = plan(shape, None, parameters).shape_grid
    crop = list(parameters.crop or (None,) * 4)
    part = crop[stored]
    # A crop that runs backwards is a flip, too; here the two become one.
    backwards = part is not None and slice(*part).indices(grid[stored])[2] < 0
    flips = list(before)
    flips[axis] = not (before[axis] ^ backwards)
    mirror = flips[axis] != before[axis]
    crop[stored] = _forward(part, grid[stored], mirror=mirror)
    return replace(parameters, rotate=join_flips(angles, flips), crop=_or_none(crop))


# --- inner parts ------------------------------------------------------------------


def _direction(letter: str) -> int:
    for k, pair in enumerate(_PAIRS):
        if letter in pair:
            return k
    return -1


def _directions(code: str) -> NDArray[np.float64]:
    matrix = np.zeros((3, 3))
    for axis, letter in enumerate(check_orientation(code)):
        k = _direction(letter)
        matrix[axis, k] = 1 if letter == _PAIRS[k][0] else -1
    return matrix


def _nearest(matrix: NDArray[np.float64], source: str) -> str:
    """Code seen through a matrix from index after to index before."""
    code = check_orientation(source)
    columns = matrix / np.linalg.norm(matrix, axis=0)
    best = max(
        itertools.permutations(range(3)),
        key=lambda rows: sum(abs(columns[row, k]) for k, row in enumerate(rows)),
    )
    return "".join(
        code[row] if columns[row, k] > 0 else opposite(code[row])
        for k, row in enumerate(best)
    )


def _transpose(parameters: TransformParameters, order: Sequence[int]) -> Any:
    channels = (parameters.transpose or (0, 1, 2, 3)).index(1)
    axes = [_SPATIAL[k] for k in order]
    axes.insert(channels, 1)
    return None if axes == [0, 1, 2, 3] else tuple(axes)


def _forward(part: Slice | None, n: int, *, mirror: bool) -> Slice | None:
    """Slice the same voxels in rising order, of an axis that may be mirrored."""
    if part is None:
        return None
    kept = range(*slice(*part).indices(n))
    first, last = sorted((kept[0], kept[-1])) if kept else (0, -1)
    if mirror:
        first, last = n - 1 - last, n - 1 - first
    step = abs(kept.step)
    if (first, last, step) == (0, n - 1, 1):
        return None
    return first, last + 1, None if step == 1 else step


def _or_none(crop: Sequence[Slice | None]) -> Any:
    return None if all(part is None for part in crop) else tuple(crop)
