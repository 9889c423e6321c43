"""Planes of a transform while its parameters change: from voxels held in memory.

A `Volume` is a coarse copy, or all, of a stack. `quick_sheet` samples it linearly
through the transform's own affine, so a plane is where the computed one will be, only
less sharp; `exact_sheet` has the very voxels that will be computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.reduce import Box, Reduction
from labdata_napari.core.resample import output_dtype
from labdata_napari.core.sheet_sampling import sample_plane
from labdata_napari.core.threads import in_order, threads_here
from labdata_napari.core.transform import plan
from labdata_napari.core.transform_parameters import TransformParameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.prepared import Prepared
    from labdata_napari.core.preview_layout import Layout, Pane
    from labdata_napari.core.stacks import Stack
    from labdata_napari.core.transform import Plan

MEMORY = 128 << 20
_DIM = 0.35
_PLANES_AT_ONCE = 16
_MOST_FRAMES = 64
_ALONE = 600_000  # pixels that are painted before threads have begun


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels in memory, and where they lie in their stack.

    Attributes
    ----------
    data
        (C, Z, Y, X).
    first, step
        Index in the stack of the first voxel's centre, and from one voxel to the
        next, along z, y, x.
    shape
        (Z, C, Y, X) of the stack.
    over_time
        Whether the first spatial axis is time, so that nothing lies between frames.
    """

    data: NDArray[Any]
    first: tuple[float, float, float]
    step: tuple[float, float, float]
    shape: tuple[int, int, int, int]
    over_time: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether these are all of the stack's voxels."""
        c, z, y, x = self.data.shape
        return (z, c, y, x) == self.shape

    def from_source(self) -> NDArray[np.float64]:
        """(4, 4); index in the stack to index in `data`, both z, y, x."""
        matrix = np.diag([*(1 / s for s in self.step), 1.0])
        matrix[:3, 3] = [-f / s for f, s in zip(self.first, self.step, strict=True)]
        return matrix


# --- reading ------------------------------------------------------------------------


def read_volume(
    levels: Sequence[Stack], progress: Progress = silent, max_bytes: int = MEMORY
) -> Volume:
    """Read the finest copy of a stack that fits into memory.

    Parameters
    ----------
    levels
        The stack (Z, C, Y, X) and coarser copies of it that span the same edges,
        finest first.
    progress
        Called with steps done and in all; what it raises ends the reading.
    max_bytes
        Of the copy. Where none is as small, the coarsest is reduced while it is
        read.
    """
    whole = levels[0].shape
    shape = (whole[0], whole[1], whole[2], whole[3])
    fitting = (level for level in levels if level.size_bytes <= max_bytes)
    level = next(fitting, None)
    if level is not None:
        first, step = _place(shape, level.shape)
        return Volume(_read(level, progress), first, step, shape)
    return _reduced(levels[-1], shape, progress, max_bytes)


def read_frames(
    stack: Stack, progress: Progress = silent, max_bytes: int = MEMORY
) -> Volume:
    """Read frames spread over a stack (T, C, Y, X), as many as fit into memory."""
    frames, c, y, x = stack.shape
    each = c * y * x * stack.dtype.itemsize
    most = max(1, min(_MOST_FRAMES, max_bytes // each))
    step = -(-frames // most)
    indices = range(0, frames, step)
    data = np.empty((c, len(indices), y, x), stack.dtype)
    for done, index in enumerate(indices):
        data[:, done] = stack[index]
        progress(done + 1, len(indices))
    shape = (frames, c, y, x)
    return Volume(data, (0.0, 0.0, 0.0), (float(step), 1.0, 1.0), shape, over_time=True)


def _place(
    shape: Sequence[int], level: Sequence[int]
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    z, y, x = (shape[axis] / level[axis] for axis in (0, 2, 3))
    return ((z - 1) / 2, (y - 1) / 2, (x - 1) / 2), (z, y, x)


def _read(level: Stack, progress: Progress) -> NDArray[Any]:
    z, c, y, x = level.shape
    data = np.empty((c, z, y, x), level.dtype)
    for start in range(0, z, _PLANES_AT_ONCE):
        stop = min(z, start + _PLANES_AT_ONCE)
        data[:, start:stop] = np.moveaxis(level[start:stop], 1, 0)
        progress(stop, z)
    return data


def _reduced(
    level: Stack, shape: tuple[int, int, int, int], progress: Progress, max_bytes: int
) -> Volume:
    geometry = plan(level.shape, None, _ratios(level, max_bytes))
    z, _, y, x = geometry.shape_grid
    reduction = Reduction(level, geometry, Box((0, 0, 0), (z, y, x)))
    room = 2 * max_bytes  # the reduced voxels may be wider than the stack's
    with reduction.run(room, threads=threads_here(), progress=progress) as scratch:
        data = scratch.whole()
    first, step = _place(shape, level.shape)
    a, b, d = (s * t for s, t in zip(step, geometry.step, strict=True))
    return Volume(data, first, (a, b, d), shape)


def _ratios(level: Stack, max_bytes: int) -> TransformParameters:
    """Reduce the axes with the smallest voxels first, to about equal voxels."""
    um = level.um_per_pixel or (1.0, 1.0, 1.0)
    size = min(um)
    while True:
        size *= 1.1
        z, y, x = (min(1.0, u / size) for u in um)
        if level.size_bytes * z * y * x <= max_bytes:
            return TransformParameters(downsample=(z, 1.0, y, x))


# --- painting -----------------------------------------------------------------------


def quick_sheet(
    volume: Volume,
    geometry: Plan,
    layout: Layout,
    cross: ArrayLike,
    coarse: int = 1,
) -> NDArray[Any]:
    """Paint the planes through a place, linearly interpolated from a volume.

    Parameters
    ----------
    volume
        Of the stack that `geometry` was planned for.
    geometry
        The transform.
    layout
        Of its result.
    cross
        Voxel of the result that the planes go through; the nearest whole one is
        taken.
    coarse
        Pixels of the sheet, along both sides, that are painted as one.

    Returns
    -------
    ndarray
        (C, rows, columns) of the type of the result, 0 between the planes.
    """
    dtype = output_dtype(volume.data.dtype, geometry)
    sheet = _sheet(len(geometry.channels), layout, coarse, dtype)
    affine = volume.from_source() @ geometry.affine
    indices = _nearest(geometry, cross)
    if volume.over_time:  # the nearest frame that was read
        frame = round(indices[0] / volume.step[0])
        frame = min(frame, volume.data.shape[1] - 1)
        indices = (int(frame * volume.step[0]), *indices[1:])

    voxels = [volume.data[channel] for channel in geometry.channels]

    def paint(pane: Pane) -> None:
        targets = [_part(plane, pane, coarse) for plane in sheet]
        sample_plane(voxels, targets, *_pane_affine(affine, pane, indices, coarse))

    if sheet.size <= _ALONE:
        for pane in layout.panes:
            paint(pane)
        return sheet
    for _ in in_order(paint, layout.panes, threads_here()):
        pass
    return sheet


def exact_sheet(
    prepared: Prepared, geometry: Plan, layout: Layout, cross: ArrayLike
) -> NDArray[Any]:
    """Paint the very voxels that will be computed; the rest as `quick_sheet`."""
    indices = _nearest(geometry, cross)
    spatial = [axis for axis in range(4) if axis != geometry.channel_axis]
    sheet: NDArray[Any] | None = None
    for pane in layout.panes:
        axis = spatial[pane.axis]
        planes = prepared.plane(geometry, indices[pane.axis], axis)
        channels = geometry.channel_axis - (axis < geometry.channel_axis)
        planes = np.moveaxis(planes, channels, 0)
        if pane.rows > pane.columns:
            planes = planes.swapaxes(1, 2)
        if sheet is None:
            sheet = _sheet(len(planes), layout, 1, planes.dtype)
        rows = np.arange(pane.height) * pane.lengths[0] // pane.height
        columns = np.arange(pane.width) * pane.lengths[1] // pane.width
        sheet[:, *_place_of(pane, 1)] = planes[:, rows[:, None], columns]
    assert sheet is not None  # a layout has a pane
    return sheet


def dim_outside(
    sheet: NDArray[Any],
    layout: Layout,
    box: Sequence[Sequence[int]],
    coarse: int = 1,
) -> None:
    """Darken what a crop leaves out, in place.

    Parameters
    ----------
    sheet
        (C, rows, columns), as painted with the same `coarse`.
    layout
        Of the sheet.
    box
        First and beyond the last voxel kept, per axis of the result.
    """
    for pane in layout.panes:
        part = sheet[:, *_place_of(pane, coarse)]
        kept = np.ones(part.shape[1:], bool)
        for along, (axis, n, pixels) in enumerate(
            (
                (pane.rows, pane.lengths[0], pane.height),
                (pane.columns, pane.lengths[1], pane.width),
            )
        ):
            centres = (np.arange(kept.shape[along]) * coarse + coarse / 2) * n / pixels
            inside = (centres >= box[axis][0]) & (centres < box[axis][1])
            kept &= inside[:, None] if along == 0 else inside[None, :]
        np.multiply(part, _DIM, out=part, where=~kept[None], casting="unsafe")


def _sheet(
    channels: int, layout: Layout, coarse: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    height, width = (-(-n // coarse) for n in layout.shape)
    return np.zeros((channels, height, width), dtype)


def _place_of(pane: Pane, coarse: int) -> tuple[slice, slice]:
    top, left = pane.top // coarse, pane.left // coarse
    height, width = -(-pane.height // coarse), -(-pane.width // coarse)
    return slice(top, top + height), slice(left, left + width)


def _part(sheet: NDArray[Any], pane: Pane, coarse: int) -> NDArray[Any]:
    rows, columns = _place_of(pane, coarse)
    return sheet[rows, columns]


def _nearest(geometry: Plan, cross: ArrayLike) -> tuple[int, int, int]:
    a, b, c = (
        int(min(max(round(float(place)), 0), n - 1))
        for place, n in zip(np.asarray(cross), geometry.spatial_shape_out, strict=True)
    )
    return a, b, c


def _pane_affine(
    affine: NDArray[np.float64], pane: Pane, indices: Sequence[int], coarse: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the map from (row, column) of a painted pane to the volume's index."""
    to_frame = np.zeros((4, 3))
    to_frame[3, 2] = 1
    to_frame[pane.axis, 2] = indices[pane.axis]
    for along, axis, n, pixels in (
        (0, pane.rows, pane.lengths[0], pane.height),
        (1, pane.columns, pane.lengths[1], pane.width),
    ):
        # Pixel i covers `coarse` pixels of the sheet; its middle is what is sampled.
        step = coarse * n / pixels
        to_frame[axis, along] = step
        to_frame[axis, 2] = step / 2 - 0.5
    matrix = affine @ to_frame
    return matrix[:3, :2], matrix[:3, 2]
