"""Where a block of a transform's result comes from, and its interpolation.

Sampling positions are rounded to a binary grid on which the affine's sums are exact, so
it does not matter from which corner of a window they are counted: a voxel comes out the
same to the last bit in whatever block it is computed. That moves a position by less
than 1e-7 of a voxel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core import kernels_numpy
from labdata_napari.core.interpolate import (
    ORDERS,
    neighbours,
    resample,
    taps_of,
)
from labdata_napari.core.kernels import choose
from labdata_napari.core.reduce import Box, Reduction
from labdata_napari.core.spline import REACH
from labdata_napari.core.threads import nothing, steps_of
from labdata_napari.core.transform_parameters import STORABLE_DTYPES
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Taps
    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.scratch import Scratch
    from labdata_napari.core.transform import Plan

WINDOW_BYTES = 4 << 20


@dataclass(frozen=True)
class Block:
    """A part of the result: first index and length along its four axes."""

    start: tuple[int, int, int, int]
    shape: tuple[int, int, int, int]

    @property
    def size(self) -> int:
        """How many voxels."""
        return math.prod(self.shape)

    @property
    def steps(self) -> int:
        """How many steps it is to compute it."""
        return steps_of(self.size)


def output_dtype(source: np.dtype[Any], plan: Plan) -> np.dtype[Any]:
    """Type of the result's voxels.

    Raises
    ------
    InvalidValue
        When the input's type cannot be stored and no cast was asked for.
    """
    if plan.cast is not None and source.kind in "buif":
        return np.dtype(plan.cast)
    if source.name not in STORABLE_DTYPES:
        raise InvalidValue(
            f"Voxels of type {source.name} cannot be transformed"
            + (
                "; choose another type of values (cast), such as uint16."
                if source.kind in "buif"
                else "."
            )
        )
    return np.dtype(source.name)


@dataclass(frozen=True, eq=False)
class Work:
    """A plan, and how it is to be done.

    Attributes
    ----------
    dtype
        Of the result.
    affine
        (3, 4); output index to grid index, on a binary grid.
    grid
        Shape of the reduced stack (z, y, x).
    taps
        Neighbours taken along its axes.
    kernels
        What does the work.
    """

    plan: Plan
    dtype: np.dtype[Any]
    affine: NDArray[np.float64]
    grid: NDArray[np.intp]
    taps: Taps
    kernels: Kernels

    @property
    def splines(self) -> tuple[bool, bool, bool]:
        """Axes (z, y, x) along which B-spline coefficients are interpolated from."""
        z, y, x = (taps == 4 for taps in self.taps)
        return z, y, x

    def _spatial(self, values: tuple[int, int, int, int]) -> NDArray[np.intp]:
        return np.delete(np.array(values, dtype=np.intp), self.plan.channel_axis)

    def box(self, block: Block) -> Box | None:
        """Give the part of the grid to reduce for a block; None for nothing."""
        start, shape = self._spatial(block.start), self._spatial(block.shape)
        z, y, x = (REACH if spline else 0 for spline in self.splines)
        return self._window(start, shape, (z, y, x))

    def _window(
        self, start: NDArray[np.intp], shape: NDArray[np.intp], more: Taps = (0, 0, 0)
    ) -> Box | None:
        matrix = self.affine[:, :3]
        offset = matrix @ start + self.affine[:, 3]
        found = neighbours(matrix, offset, shape, self.grid, self.taps, more)
        return None if found is None else Box(three(found[0]), three(found[1]))

    def reduction(self, stack: Any, box: Box) -> Reduction:
        """Prepare the reduction of a box."""
        return Reduction(stack, self.plan, box, self.splines, self.kernels)

    def sampled(
        self,
        scratch: Scratch,
        box: Box,
        block: Block,
        places: Sequence[int] | None = None,
        made: Callable[[int], object] = nothing,
        into: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Interpolate a block of the result from the reduced `box`.

        `places` tells where in the scratch the result's channels are, if not in order.
        `made` is called often, with the voxels made; what it raises goes through.
        The result goes `into` zeros of its shape and type, if there are any.
        """
        out = np.zeros(block.shape, self.dtype) if into is None else into
        start, shape = self._spatial(block.start), self._spatial(block.shape)
        by_channel = np.moveaxis(out, self.plan.channel_axis, 0)
        first = block.start[self.plan.channel_axis]
        chosen = [
            first + k if places is None else places[first + k]
            for k in range(len(by_channel))
        ]
        self._sample(scratch, chosen, box, start, shape, list(by_channel), made)
        return out

    def _sample(
        self,
        scratch: Scratch,
        channels: Sequence[int],
        box: Box,
        start: NDArray[np.intp],
        shape: NDArray[np.intp],
        targets: Sequence[NDArray[Any]],
        made: Callable[[int], object],
    ) -> None:
        window = self._window(start, shape)
        if window is None:
            made(len(targets) * targets[0].size)
            return
        longest = int(np.argmax(shape))
        voxels = len(channels) * int(np.prod(window.shape, dtype=np.int64))
        # A tilted slab may need a thick window: cut it where it is longest.
        if voxels * scratch.dtype.itemsize > WINDOW_BYTES and shape[longest] > 16:
            half = int(shape[longest]) // 2
            for begin, end in ((0, half), (half, int(shape[longest]))):
                part_start, part_shape = start.copy(), shape.copy()
                part_start[longest] += begin
                part_shape[longest] = end - begin
                cut = (slice(None),) * longest + (slice(begin, end),)
                parts = [target[cut] for target in targets]
                where = (part_start, part_shape, parts)
                self._sample(scratch, channels, box, *where, made)
            return
        low = np.array(window.low)
        a, b = three(low - box.low), three(low - box.low + window.shape)
        windows = scratch.windows(channels, a, b)
        matrix = self.affine[:, :3]
        offset = matrix @ start + self.affine[:, 3]
        how = (low, self.grid, matrix, offset, self.taps, self.kernels, made)
        resample(windows, targets, *how)


def work_of(stack: Any, plan: Plan, order: int, engine: str | None) -> Work:
    """Check that a stack is what was planned for, and say how the work is done.

    Raises
    ------
    InvalidValue
        When it is not, or its type cannot be stored.
    """
    shape = tuple(int(n) for n in stack.shape)
    if shape != plan.shape_in:
        raise InvalidValue(
            f"The transform was planned for a stack of shape {plan.shape_in}; this "
            f"one has {shape}."
        )
    if order not in ORDERS:
        raise InvalidValue(f"The interpolation order must be 1 or 3, not {order}.")
    source = np.dtype(stack.dtype)
    size = int(np.prod(shape, dtype=np.int64)) * source.itemsize
    kernels = choose(engine, size)
    return geometry_of(plan, output_dtype(source, plan), order, kernels)


def geometry_of(plan: Plan, dtype: np.dtype[Any], order: int, kernels: Kernels) -> Work:
    """Say how a plan is done, whatever the stack."""
    affine = _exact_affine(plan)
    grid = np.delete(np.array(plan.shape_grid, dtype=np.intp), 1)
    taps = taps_of(affine[:, :3], affine[:, 3], order)
    return Work(plan, dtype, affine, grid, taps, kernels)


def _exact_affine(plan: Plan) -> NDArray[np.float64]:
    """Round the affine to the grid of binary fractions on which its sums are exact."""
    matrix = plan.grid_affine[:3]
    reach = float(np.abs(matrix) @ [*plan.spatial_shape_out, 1] @ np.ones(3))
    scale = 2.0 ** (51 - np.ceil(np.log2(reach + 2)))
    return np.asarray(np.rint(matrix * scale) / scale)


def reach(plan: Plan, order: int) -> Box | None:
    """Part of the downsampled stack a result is made of; None where it is empty."""
    work = geometry_of(plan, np.dtype(np.uint16), order, kernels_numpy)
    return work.box(Block((0, 0, 0, 0), plan.shape_out))


def spline_axes(plan: Plan, order: int) -> tuple[bool, bool, bool]:
    """Axes (z, y, x) along which a result is made from B-spline coefficients."""
    return geometry_of(plan, np.dtype(np.uint16), order, kernels_numpy).splines


def plane_block(plan: Plan, index: int, axis: int) -> Block:
    """Give the block of the result that is one plane.

    Raises
    ------
    InvalidValue
        When there is no such plane.
    """
    if axis not in range(4) or index not in range(plan.shape_out[axis]):
        raise InvalidValue(
            f"The result has shape {plan.shape_out}; there is no plane {index} "
            f"along axis {axis}."
        )
    start, shape = [0, 0, 0, 0], list(plan.shape_out)
    start[axis], shape[axis] = index, 1
    return Block(four(start), four(shape))


def four(values: list[int]) -> tuple[int, int, int, int]:
    """Return four numbers as a tuple that type checkers know the length of."""
    a, b, c, d = values
    return a, b, c, d


def three(values: NDArray[Any]) -> tuple[int, int, int]:
    """Return three numbers of an array as plain ones."""
    z, y, x = (int(v) for v in values)
    return z, y, x
