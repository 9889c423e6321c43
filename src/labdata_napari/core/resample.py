"""The pixels of a transform: planes and slabs of the result, one resampler for both.

The input is reduced to the plan's grid (`labdata_napari.core.reduce`) and then
interpolated once, in output order (`labdata_napari.core.interpolate`), from cubic
B-spline coefficients unless linear interpolation is asked for. A preview plane and the
slab that is computed later are equal to the last bit: coefficients depend on near
neighbours alone (`labdata_napari.core.spline`), and sampling positions are rounded to a
binary grid on which the affine's sums are exact, so it does not matter from which
corner of the window they are counted. That moves a position by less than 1e-7 of a
voxel.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core import kernels_numpy
from labdata_napari.core.interpolate import (
    DEFAULT_ORDER,
    ORDERS,
    neighbours,
    resample,
    store,
    taps_of,
)
from labdata_napari.core.kernels import choose
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.reduce import (
    Box,
    Reduction,
    in_order,
    scratch_bytes,
    threads_here,
)
from labdata_napari.core.spline import REACH
from labdata_napari.core.transform_parameters import STORABLE_DTYPES
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.interpolate import Taps
    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.scratch import Scratch
    from labdata_napari.core.transform import Plan

MEMORY = 128 << 20
_WINDOW_BYTES = 32 << 20
_SLAB_BYTES = 16 << 20
_REREAD = 1.5  # reading chunks this often beats writing everything to disk in between


@dataclass(frozen=True)
class _Block:
    """A part of the result: first index and length along its four axes."""

    start: tuple[int, int, int, int]
    shape: tuple[int, int, int, int]


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
            + ("; set cast, to uint16 for example." if source.kind in "buif" else ".")
        )
    return np.dtype(source.name)


def plane(
    stack: Any,
    plan: Plan,
    index: int,
    axis: int = 0,
    *,
    order: int = DEFAULT_ORDER,
    engine: str | None = None,
) -> NDArray[Any]:
    """Compute one plane of the result, reading only what it needs.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like of the shape the plan was made for.
    plan
        The transform.
    index, axis
        Which index along which of the result's four axes.
    order
        1 for linear interpolation, 3 for cubic B-splines.
    engine
        As in `slabs`.

    Returns
    -------
    ndarray
        3-D: the result without `axis`, of the type `output_dtype` tells.

    Raises
    ------
    InvalidValue
        When the stack has another shape, or there is no such plane.
    """
    work = _work(stack, plan, order, engine)
    block = plane_block(plan, index, axis)
    box = work.box(block)
    if box is None:
        return np.zeros(block.shape, work.dtype).squeeze(axis)
    with work.reduction(stack, box).run(MEMORY, threads=threads_here()) as scratch:
        return work.sampled(scratch, box, block).squeeze(axis)


def slabs(
    stack: Any,
    plan: Plan,
    progress: Progress = silent,
    *,
    order: int = DEFAULT_ORDER,
    memory: int = MEMORY,
    threads: int | None = None,
    folder: Path | None = None,
    first: int = 0,
    engine: str | None = None,
) -> Generator[NDArray[Any]]:
    """Compute the result piece by piece in its own order, in bounded memory.

    Every chunk of the input is read once, except where reading a few twice saves a
    temporary file.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like of the shape the plan was made for; `chunks` is
        respected where present, in the stack or in its `data`.
    plan
        The transform.
    progress
        Called with steps done and in all; what it raises ends the work cleanly.
    order
        1 for linear interpolation, 3 for cubic B-splines.
    memory
        Bytes the reduced stack may take before it goes to a temporary file.
    threads
        How many to use; None for as many as help.
    folder
        Where that file goes; None for the system's temporary folder.
    first
        Slabs to leave out at the beginning; the others are the same as without.
    engine
        "numpy", "numba" (the extra `fast`) or "gpu" (the extra `gpu`); None for the
        fastest there is. The first two give the same numbers.

    Yields
    ------
    ndarray
        4-D, of the type `output_dtype` tells. One after another they fill the result
        in C order: each has some indices of the first axis and all of the others,
        or, where the channels come first, one channel and some of the second axis.

    Raises
    ------
    InvalidValue
        When the stack has another shape than planned, or a type that cannot be stored.
    WriteRefused
        When the temporary file does not fit on its disk.
    """
    work = _work(stack, plan, order, engine)
    workers = threads or threads_here()
    blocks = list(_blocks(plan, work.dtype))[first:]
    whole = _union(work.box(block) for block in blocks)
    if whole is None:
        return _zeros(blocks, work.dtype, progress)
    size = scratch_bytes(plan, np.dtype(stack.dtype), whole, work.splines)
    if size > memory and _cheap_to_reread(stack, work, blocks, whole):
        return _direct(stack, work, blocks, workers, progress)
    reduction = work.reduction(stack, whole)
    return _through_scratch(reduction, work, blocks, memory, folder, workers, progress)


def _zeros(
    blocks: list[_Block], dtype: np.dtype[Any], progress: Progress
) -> Generator[NDArray[Any]]:
    for done, block in enumerate(blocks, start=1):
        yield np.zeros(block.shape, dtype)
        progress(done, len(blocks))


def _through_scratch(
    reduction: Reduction,
    work: _Work,
    blocks: list[_Block],
    memory: int,
    folder: Path | None,
    workers: int,
    progress: Progress,
) -> Generator[NDArray[Any]]:
    reads = len(reduction.reads)
    total = reads + len(blocks)
    # Large chunks are not read side by side: each thread holds one.
    readers = max(1, min(workers, memory // (2 * reduction.read_bytes)))

    def compute(block: _Block) -> NDArray[Any]:
        return work.sampled(scratch, reduction.box, block)

    def reading(done: int, total: int) -> None:
        progress(done, total + len(blocks))

    with reduction.run(memory, folder, readers, reading) as scratch:
        computed = in_order(compute, blocks, workers)
        for done, (_, slab) in enumerate(computed, start=reads + 1):
            yield slab
            progress(done, total)


def _direct(
    stack: Any,
    work: _Work,
    blocks: list[_Block],
    workers: int,
    progress: Progress,
) -> Generator[NDArray[Any]]:
    """Reduce what each slab needs on its own, without keeping the rest."""

    def compute(block: _Block) -> NDArray[Any]:
        box = work.box(block)
        if box is None:
            return np.zeros(block.shape, work.dtype)
        with work.reduction(stack, box).run(2 * _WINDOW_BYTES) as scratch:
            return work.sampled(scratch, box, block)

    for done, (_, slab) in enumerate(in_order(compute, blocks, workers), start=1):
        yield slab
        progress(done, len(blocks))


def _cheap_to_reread(stack: Any, work: _Work, blocks: list[_Block], whole: Box) -> bool:
    """Whether slabs can be computed one by one without reading much twice."""
    source = np.dtype(stack.dtype)
    once = len(work.reduction(stack, whole).reads)
    reads = 0
    for block in blocks:
        box = work.box(block)
        if box is None:
            continue
        if scratch_bytes(work.plan, source, box, work.splines) > 2 * _WINDOW_BYTES:
            return False
        reads += len(work.reduction(stack, box).reads)
        if reads > _REREAD * once:
            return False
    return True


# --- where a block comes from, and its interpolation ------------------------------


@dataclass(frozen=True, eq=False)
class _Work:
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

    def box(self, block: _Block) -> Box | None:
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
        return None if found is None else Box(_three(found[0]), _three(found[1]))

    def reduction(self, stack: Any, box: Box) -> Reduction:
        """Prepare the reduction of a box."""
        return Reduction(stack, self.plan, box, self.splines, self.kernels)

    def sampled(self, scratch: Scratch, box: Box, block: _Block) -> NDArray[Any]:
        """Interpolate a block of the result from the reduced `box`."""
        out = np.zeros(block.shape, self.dtype)
        start, shape = self._spatial(block.start), self._spatial(block.shape)
        by_channel = np.moveaxis(out, self.plan.channel_axis, 0)
        first = block.start[self.plan.channel_axis]
        for k, target in enumerate(by_channel):
            self._sample(scratch, first + k, box, start, shape, target)
        return out

    def _sample(
        self,
        scratch: Scratch,
        channel: int,
        box: Box,
        start: NDArray[np.intp],
        shape: NDArray[np.intp],
        target: NDArray[Any],
    ) -> None:
        window = self._window(start, shape)
        if window is None:
            return
        longest = int(np.argmax(shape))
        voxels = int(np.prod(window.shape, dtype=np.int64))
        # A tilted slab may need a thick window: cut it where it is longest.
        if voxels * scratch.dtype.itemsize > _WINDOW_BYTES and shape[longest] > 16:
            half = int(shape[longest]) // 2
            for begin, end in ((0, half), (half, int(shape[longest]))):
                part_start, part_shape = start.copy(), shape.copy()
                part_start[longest] += begin
                part_shape[longest] = end - begin
                part = target[(slice(None),) * longest + (slice(begin, end),)]
                self._sample(scratch, channel, box, part_start, part_shape, part)
            return
        low = np.array(window.low)
        inside = low - box.low
        data = scratch.window(channel, _three(inside), _three(inside + window.shape))
        matrix = self.affine[:, :3]
        offset = matrix @ start + self.affine[:, 3]
        values = resample(
            data, low, self.grid, matrix, offset, shape, self.taps, self.kernels
        )
        store(values, target)


def _work(stack: Any, plan: Plan, order: int, engine: str | None) -> _Work:
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
    return _geometry(plan, output_dtype(source, plan), order, kernels)


def _geometry(plan: Plan, dtype: np.dtype[Any], order: int, kernels: Kernels) -> _Work:
    affine = _exact_affine(plan)
    grid = np.delete(np.array(plan.shape_grid, dtype=np.intp), 1)
    taps = taps_of(affine[:, :3], affine[:, 3], order)
    return _Work(plan, dtype, affine, grid, taps, kernels)


def _exact_affine(plan: Plan) -> NDArray[np.float64]:
    """Round the affine to the grid of binary fractions on which its sums are exact."""
    matrix = plan.grid_affine[:3]
    reach = float(np.abs(matrix) @ [*plan.spatial_shape_out, 1] @ np.ones(3))
    scale = 2.0 ** (51 - np.ceil(np.log2(reach + 2)))
    return np.asarray(np.rint(matrix * scale) / scale)


def reach(plan: Plan, order: int) -> Box | None:
    """Part of the downsampled stack a result is made of; None where it is empty."""
    work = _geometry(plan, np.dtype(np.uint16), order, kernels_numpy)
    return work.box(_Block((0, 0, 0, 0), plan.shape_out))


def spline_axes(plan: Plan, order: int) -> tuple[bool, bool, bool]:
    """Axes (z, y, x) along which a result is made from B-spline coefficients."""
    return _geometry(plan, np.dtype(np.uint16), order, kernels_numpy).splines


def plane_block(plan: Plan, index: int, axis: int) -> _Block:
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
    return _Block(_four(start), _four(shape))


def _four(values: list[int]) -> tuple[int, int, int, int]:
    a, b, c, d = values
    return a, b, c, d


def _blocks(plan: Plan, dtype: np.dtype[Any]) -> Iterator[_Block]:
    """Cut the result into slabs of good size, in C order."""
    shape = plan.shape_out
    # Where the channels come first, a slab is cut along the second axis.
    along = 1 if plan.channel_axis == 0 else 0
    outer = shape[0] if along else 1
    one = list(shape)
    one[along], one[0] = 1, 1
    row_bytes = int(np.prod(one, dtype=np.int64)) * dtype.itemsize
    rows = max(1, min(shape[along], _SLAB_BYTES // row_bytes))
    for first, row in itertools.product(range(outer), range(0, shape[along], rows)):
        start, part = [0, 0, 0, 0], list(shape)
        if along:
            start[0], part[0] = first, 1
        start[along], part[along] = row, min(rows, shape[along] - row)
        yield _Block(_four(start), _four(part))


def _union(boxes: Iterable[Box | None]) -> Box | None:
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    low = np.min([box.low for box in there], axis=0)
    high = np.max([box.high for box in there], axis=0)
    return Box(_three(low), _three(high))


def _three(values: NDArray[Any]) -> tuple[int, int, int]:
    z, y, x = (int(v) for v in values)
    return z, y, x
