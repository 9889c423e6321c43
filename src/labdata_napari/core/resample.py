"""The pixels of a transform: planes and slabs of the result, one resampler for both.

The input is reduced to the plan's grid (`labdata_napari.core.reduce`) and then
interpolated once, in output order (`labdata_napari.core.sampling`), from cubic B-spline
coefficients unless linear interpolation is asked for. A preview plane and the slab that
is computed later are equal to the last bit: reduced voxels and coefficients
(`labdata_napari.core.spline`) depend on near neighbours alone.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labdata_napari.core import sampling
from labdata_napari.core.interpolate import DEFAULT_ORDER, ORDERS
from labdata_napari.core.prepared import Prepared, prepare
from labdata_napari.core.progress import Counting, Progress, silent
from labdata_napari.core.reduce import Box, Reduction, scratch_bytes
from labdata_napari.core.rooms import ROOMS
from labdata_napari.core.sampling import (
    Block,
    Work,
    four,
    output_dtype,
    plane_block,
    reach,
    spline_axes,
    three,
    work_of,
)
from labdata_napari.core.threads import Part, Step, counted, threads_here

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.transform import Plan

__all__ = [
    "DEFAULT_ORDER",
    "MEMORY",
    "ORDERS",
    "Prepared",
    "output_dtype",
    "plane",
    "prepare",
    "reach",
    "slab_bytes",
    "slab_rows",
    "slabs",
    "spline_axes",
]

MEMORY = 128 << 20
_SLAB_BYTES = 4 << 20
_LEAST_ROWS = 16  # thinner slabs need too many neighbours for what they are,
_THICK = 8  # but for this many times the bytes
_PORTION = 1 << 20  # voxels of a slab that one thread computes
_REREAD = 1.5  # reading chunks this often beats writing everything to disk in between


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
    work = work_of(stack, plan, order, engine)
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
    work = work_of(stack, plan, order, engine)
    workers = threads or threads_here()
    blocks = list(_blocks(plan, work.dtype))[first:]
    whole = _union(work.box(block) for block in blocks)
    if whole is None:
        return _zeros(blocks, work.dtype, progress)
    size = scratch_bytes(plan, np.dtype(stack.dtype), whole, work.splines)
    steps = _steps_of_rereading(stack, work, blocks, whole) if size > memory else None
    if steps is not None:
        return _direct(stack, work, blocks, workers, Counting(progress, steps))
    reduction = work.reduction(stack, whole)
    return _through_scratch(reduction, work, blocks, memory, folder, workers, progress)


def _zeros(
    blocks: list[Block], dtype: np.dtype[Any], progress: Progress
) -> Generator[NDArray[Any]]:
    for done, block in enumerate(blocks, start=1):
        yield np.zeros(block.shape, dtype)
        progress(done, len(blocks))


def _through_scratch(
    reduction: Reduction,
    work: Work,
    blocks: list[Block],
    memory: int,
    folder: Path | None,
    workers: int,
    progress: Progress,
) -> Generator[NDArray[Any]]:
    parts = sum(part.steps for block in blocks for part in _parts(block, work.plan))
    told = Counting(progress, reduction.steps(memory) + parts)
    # Large chunks are not read side by side: each thread holds one.
    readers = max(1, min(workers, memory // (2 * reduction.read_bytes)))

    def compute(portion: _Portion, step: Step) -> None:
        part = Part(portion.block.size, portion.block.steps, step)
        into = portion.voxels
        work.sampled(scratch, reduction.box, portion.block, made=part, into=into)
        part.end()

    with reduction.run(memory, folder, readers, told) as scratch:
        ROOMS.clear()  # what comes after the reading needs the memory
        computed = counted(compute, _portions(blocks, work), workers, told)
        with contextlib.closing(computed):
            for portion, _ in computed:
                if portion.slab is not None:
                    yield portion.slab


class _Portion(NamedTuple):
    """What one thread computes of a slab; threads share slabs, so that few are held."""

    block: Block
    voxels: NDArray[Any]
    """Its own, in the slab."""
    slab: NDArray[Any] | None
    """The slab, in the last portion of it."""


def _portions(blocks: list[Block], work: Work) -> Iterator[_Portion]:
    for block in blocks:
        slab = np.zeros(block.shape, work.dtype)
        parts = _parts(block, work.plan)
        for number, part in enumerate(parts, start=1):
            where = tuple(
                slice(a - begin, a - begin + n)
                for a, begin, n in zip(part.start, block.start, part.shape, strict=True)
            )
            yield _Portion(part, slab[where], slab if number == len(parts) else None)


def _parts(block: Block, plan: Plan) -> list[Block]:
    """Cut a slab across its longest axis, the channels' left out."""
    lengths = list(block.shape)
    lengths[plan.channel_axis] = 0
    axis = int(np.argmax(lengths))
    count = max(1, min(lengths[axis], -(-block.size // _PORTION)))
    cuts = [lengths[axis] * k // count for k in range(count + 1)]
    found = []
    for begin, end in itertools.pairwise(cuts):
        start, shape = list(block.start), list(block.shape)
        start[axis], shape[axis] = start[axis] + begin, end - begin
        found.append(Block(four(start), four(shape)))
    return found


def _direct(
    stack: Any,
    work: Work,
    blocks: list[Block],
    workers: int,
    told: Counting,
) -> Generator[NDArray[Any]]:
    """Reduce what each slab needs on its own, without keeping the rest."""
    memory = 2 * sampling.WINDOW_BYTES

    def compute(block: Block, step: Step) -> NDArray[Any]:
        part, box = Part(block.size, block.steps, step), work.box(block)
        slab = np.zeros(block.shape, work.dtype)
        if box is not None:
            reduction = work.reduction(stack, box)
            with reduction.run(memory, progress=lambda *_: step()) as scratch:
                slab = work.sampled(scratch, box, block, made=part)
        part.end()
        return slab

    computed = counted(compute, blocks, workers, told)
    with contextlib.closing(computed):
        for _, slab in computed:
            yield slab


def _steps_of_rereading(
    stack: Any, work: Work, blocks: list[Block], whole: Box
) -> int | None:
    """How many steps `_direct` counts; None where too much would be read twice."""
    source, memory = np.dtype(stack.dtype), 2 * sampling.WINDOW_BYTES
    once = len(work.reduction(stack, whole).reads)
    reads, steps = 0, sum(block.steps for block in blocks)
    for block in blocks:
        box = work.box(block)
        if box is None:
            continue
        if scratch_bytes(work.plan, source, box, work.splines) > memory:
            return None
        reduction = work.reduction(stack, box)
        reads, steps = reads + len(reduction.reads), steps + reduction.steps(memory)
        if reads > _REREAD * once:
            return None
    return steps


def _blocks(plan: Plan, dtype: np.dtype[Any]) -> Iterator[Block]:
    """Cut the result into slabs of good size, in C order."""
    shape = plan.shape_out
    # Where the channels come first, a slab is cut along the second axis.
    along = 1 if plan.channel_axis == 0 else 0
    outer = shape[0] if along else 1
    rows = slab_rows(plan, dtype)
    for first, row in itertools.product(range(outer), range(0, shape[along], rows)):
        start, part = [0, 0, 0, 0], list(shape)
        if along:
            start[0], part[0] = first, 1
        start[along], part[along] = row, min(rows, shape[along] - row)
        yield Block(four(start), four(part))


def slab_rows(plan: Plan, dtype: np.dtype[Any]) -> int:
    """How many indices of the axis that slabs are cut along go into one of them."""
    row = _row_bytes(plan, dtype)
    rows = max(1, _SLAB_BYTES // row, min(_LEAST_ROWS, _THICK * _SLAB_BYTES // row))
    return min(plan.shape_out[1 if plan.channel_axis == 0 else 0], rows)


def slab_bytes(plan: Plan, dtype: np.dtype[Any]) -> int:
    """Bytes of one of the pieces that `slabs` gives; at the end they may be fewer."""
    return slab_rows(plan, dtype) * _row_bytes(plan, dtype)


def _row_bytes(plan: Plan, dtype: np.dtype[Any]) -> int:
    """Bytes of one index of the axis that slabs are cut along."""
    rest = plan.shape_out[2 if plan.channel_axis == 0 else 1 :]
    return int(np.prod(rest, dtype=np.int64)) * dtype.itemsize


def _union(boxes: Iterable[Box | None]) -> Box | None:
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    low = np.min([box.low for box in there], axis=0)
    high = np.max([box.high for box in there], axis=0)
    return Box(three(low), three(high))
