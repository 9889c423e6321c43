"""The crop as a box: stored slices, voxels of the frame, micrometres.

The *frame* is the result before its crop. A box has two edges for each of the frame's
three spatial axes, in the order of the result: the first voxel inside and the first
beyond. In voxels, as points count them, its outline runs half a voxel before both.

Stored slices cut the stack after it was turned, before it is transposed. Their steps
and the channels they choose are kept whatever is done to the box: with a step of 2
the frame has every voxel, the result every other one inside the box; where a step is
negative, the frame runs backwards as the result does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.orientation import half, left_right_axis, result_orientation
from labdata_napari.core.transform import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from labdata_napari.core.transform_parameters import Slice, TransformParameters

Edges = tuple[int, int]
Box = tuple[Edges, Edges, Edges]

_SPATIAL = (0, 2, 3)
_ONE_SIDE = 0.1  # of the wider side: so little of the other half is still one half


# --- slices and boxes ---------------------------------------------------------------


def without_crop(parameters: TransformParameters) -> TransformParameters:
    """Return the parameters of the frame: everything but the ends of the crop."""
    if parameters.crop is None:
        return parameters
    crop: list[Any] = [
        part if axis == 1 else (None, None, -1) if _backwards(part) else None
        for axis, part in enumerate(parameters.crop)
    ]
    kept = None if all(part is None for part in crop) else tuple(crop)
    return replace(parameters, crop=kept)


def box_of(parameters: TransformParameters, shape: Sequence[int]) -> Box:
    """Return what the crop cuts out of the frame; all of it where there is no crop.

    Parameters
    ----------
    parameters
        The transform.
    shape
        (Z, C, Y, X) of the stack to transform.
    """
    grid = plan(shape, None, without_crop(parameters)).shape_grid
    a, b, c = (
        _edges(parameters.crop and parameters.crop[axis], grid[axis])
        for axis in _order(parameters)
    )
    return a, b, c


def with_box(
    parameters: TransformParameters, shape: Sequence[int], box: Sequence[Sequence[int]]
) -> TransformParameters:
    """Crop to a box of the frame, made to fit it: at least one voxel along each axis.

    Parameters
    ----------
    parameters
        The transform so far.
    shape
        (Z, C, Y, X) of the stack to transform.
    box
        Edges along the result's three axes.
    """
    grid = plan(shape, None, without_crop(parameters)).shape_grid
    crop = list(parameters.crop or (None,) * 4)
    for axis, edges in zip(_order(parameters), box, strict=True):
        crop[axis] = _slice(_fitting(edges, grid[axis]), grid[axis], crop[axis])
    kept: Any = None if all(part is None for part in crop) else tuple(crop)
    return replace(parameters, crop=kept)


def box_um(box: Box, um_per_pixel: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Edges of a box in µm from the frame's outer edge."""
    return tuple(
        (first * um, beyond * um)
        for (first, beyond), um in zip(box, um_per_pixel, strict=True)
    )


def box_from_um(
    edges_um: Sequence[Sequence[float]],
    um_per_pixel: Sequence[float],
    shape: Sequence[int],
) -> Box:
    """Return the box of a frame of `shape` whose edges come nearest to some in µm."""
    a, b, c = (
        _fitting([round(edge / um) for edge in edges], n)
        for edges, um, n in zip(edges_um, um_per_pixel, shape, strict=True)
    )
    return a, b, c


# --- hemispheres --------------------------------------------------------------------


def half_box(
    parameters: TransformParameters,
    shape: Sequence[int],
    orientation: str,
    side: str,
    midline: float | None = None,
) -> Box:
    """Return the present box with one half of the brain, or both, across the body.

    Parameters
    ----------
    parameters
        The transform so far.
    shape, orientation
        (Z, C, Y, X) and code of the stack to transform.
    side
        "left", "right" or "both".
    midline
        Where the midline is, in voxels of the frame; None for its middle.

    Raises
    ------
    InvalidValue
        For another side, or a midline with nothing on that side of it.
    """
    frame = plan(shape, None, without_crop(parameters))
    code = result_orientation(frame, orientation)
    axis = left_right_axis(code)
    n = frame.spatial_shape_out[axis]
    kept = range(n) if side == "both" else half(code, n, side, midline)
    box = list(box_of(parameters, shape))
    box[axis] = (kept.start, kept.stop)
    return box[0], box[1], box[2]


def hemisphere_of(
    parameters: TransformParameters, shape: Sequence[int], orientation: str
) -> str:
    """Say what a crop leaves of the brain: "left", "right" or "both".

    The midline is taken to be the frame's middle; a narrow rim of the other half
    does not count.
    """
    frame = plan(shape, None, without_crop(parameters))
    code = result_orientation(frame, orientation)
    axis = left_right_axis(code)
    first, beyond = box_of(parameters, shape)[axis]
    middle = frame.spatial_shape_out[axis] / 2
    before, after = max(0.0, middle - first), max(0.0, beyond - middle)
    starts_left = code[axis] == "l"
    if after <= _ONE_SIDE * before:
        return "left" if starts_left else "right"
    if before <= _ONE_SIDE * after:
        return "right" if starts_left else "left"
    return "both"


# --- what a hand holds --------------------------------------------------------------


@dataclass(frozen=True)
class Grip:
    """Which edges of a box a hand holds in a pane; none of them means all of it.

    Attributes
    ----------
    rows, columns
        -1 for the first edge across the pane's rows (its columns), 1 for the last,
        0 for neither.
    """

    rows: int = 0
    columns: int = 0

    @property
    def moves(self) -> bool:
        """Whether the whole box is held."""
        return not self.rows and not self.columns


def grip_at(
    box: Box,
    axes: tuple[int, int],
    place: ArrayLike,
    reach: tuple[float, float],
) -> Grip | None:
    """Return what of a box is at a place; None outside.

    Parameters
    ----------
    box
        The box.
    axes
        The frame's axes of the pane's rows (counted downwards) and columns.
    place
        (3,) voxels of the frame.
    reach
        How near an edge must be to be held, in voxels along rows and columns.
    """
    held, inside = [], True
    for axis, near in zip(axes, reach, strict=True):
        first, beyond = box[axis]
        where = float(np.asarray(place, float)[axis]) + 0.5
        # Of a box that is thinner than the reach the inner third stays free.
        within = min(near, (beyond - first) / 3)
        held.append(0)
        if first - near <= where <= first + within:
            held[-1] = -1
        elif beyond - within <= where <= beyond + near:
            held[-1] = 1
        elif not first <= where <= beyond:
            inside = False
    return Grip(*held) if inside else None


def dragged(
    box: Box,
    grip: Grip,
    axes: tuple[int, int],
    shift: ArrayLike,
    shape: Sequence[int],
) -> Box:
    """Drag what a hand holds.

    Parameters
    ----------
    box
        As it was when it was gripped.
    grip, axes
        What is held, in which pane.
    shift
        (3,) voxels of the frame from the place of gripping to here.
    shape
        Of the frame; a box that is moved stays inside and as large as it is.
    """
    moved = list(box)
    for axis, side in zip(axes, (grip.rows, grip.columns), strict=True):
        by = round(float(np.asarray(shift, float)[axis]))
        first, beyond = box[axis]
        if grip.moves:
            by = min(max(by, -first), shape[axis] - beyond)
            moved[axis] = (first + by, beyond + by)
        elif side < 0:
            moved[axis] = (min(max(first + by, 0), beyond - 1), beyond)
        elif side > 0:
            moved[axis] = (first, max(min(beyond + by, shape[axis]), first + 1))
    return moved[0], moved[1], moved[2]


def spanned(
    box: Box,
    axes: tuple[int, int],
    start: ArrayLike,
    end: ArrayLike,
    shape: Sequence[int],
) -> Box:
    """Return a new box from one place of a pane to another; its depth stays."""
    new = list(box)
    for axis in axes:
        ends = sorted(float(np.asarray(p, float)[axis]) + 0.5 for p in (start, end))
        new[axis] = _fitting([round(edge) for edge in ends], shape[axis])
    return new[0], new[1], new[2]


# --- inner parts --------------------------------------------------------------------


def _order(parameters: TransformParameters) -> list[int]:
    """Position in a stored crop of each of the result's spatial axes."""
    return [axis for axis in parameters.transpose or range(4) if axis != 1]


def _backwards(part: Slice | None) -> bool:
    return part is not None and (part[2] or 1) < 0


def _edges(part: Slice | None, n: int) -> Edges:
    if part is None:
        return 0, n
    start, stop, step = slice(*part).indices(n)
    if step < 0:  # counted from the frame's own beginning
        start, stop = n - 1 - start, n - 1 - stop
    return start, max(start, stop)


def _fitting(edges: Sequence[int], n: int) -> Edges:
    first = min(max(int(edges[0]), 0), n - 1)
    return first, min(max(int(edges[1]), first + 1), n)


def _slice(edges: Edges, n: int, before: Slice | None) -> Slice | None:
    step = None if before is None else before[2]
    first, beyond = edges
    if edges == (0, n):
        return None if step in (None, 1) else (None, None, step)
    if not _backwards(before):
        return first, beyond, step
    return n - 1 - first, None if beyond == n else n - 1 - beyond, step
