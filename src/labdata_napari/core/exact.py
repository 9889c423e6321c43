"""A transform step by step as labdata 0.1.25 computes it, to the last bit, streamed.

For rows that must be reproduced. labdata zooms every frame in y and x, then every
channel in z, then turns in the y-x, z-x and z-y planes, each time linearly, in double
precision, and rounds to the stack's type after each step. The same sums are made here,
in scipy's order, from the window of the step before that a slab needs; memory does not
grow with the stack. What labdata does wrong is done too: voxels that a step pushes past
the last centre are 0, also by rounding (the last plane of 1024 at 0.4), corners are cut
by every rotation, and a stack of one channel is not reduced in z.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.exact_turns import turns_of
from labdata_napari.core.exact_zoom import ZoomZ, zoom_step
from labdata_napari.core.kernels import choose
from labdata_napari.core.progress import Counting, Progress, silent
from labdata_napari.core.reduce import chunk_shape
from labdata_napari.core.resample import slab_rows
from labdata_napari.core.scratch import Scratch
from labdata_napari.core.threads import (
    STEP_VOXELS,
    Part,
    Step,
    counted,
    steps_of,
    threads_here,
)
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.exact_turns import Range, Ranges, Turn
    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.transform import Plan

MEMORY = 64 << 20
_WINDOW_VOXELS = 2 << 20  # what a thread holds of each step, at most
_TILE = (32, 128)  # of the temporary file: planes are written one by one
_SPATIAL = (0, 2, 3)


@dataclass(frozen=True)
class Difference:
    """How far the two ways to compute a transform are apart.

    Attributes
    ----------
    largest
        Difference of a voxel's values.
    share
        Of voxels that differ at all, 0 to 1.
    voxels
        How many were compared.
    """

    largest: float
    share: float
    voxels: int


def exact_plan(
    shape: Sequence[int],
    um_per_pixel: ArrayLike | None,
    parameters: TransformParameters,
) -> Plan:
    """Plan what labdata makes of a stack: as `plan`, but for stacks of one channel.

    Those it does not reduce in z, whatever the parameters say.
    """
    parameters = _as_applied(shape, parameters)
    return plan(shape, um_per_pixel, parameters)


def exact_slabs(
    stack: Any,
    parameters: TransformParameters,
    progress: Progress = silent,
    *,
    memory: int = MEMORY,
    threads: int | None = None,
    folder: Path | None = None,
    first: int = 0,
    engine: str | None = None,
) -> Generator[NDArray[Any]]:
    """Compute what labdata computes, piece by piece, in bounded memory.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like of uint8 or uint16; `chunks` is respected where present.
    parameters
        What to do; a cast is left out, as labdata does.
    progress, memory, threads, folder, first, engine
        As for `labdata_napari.core.resample.slabs`.

    Yields
    ------
    ndarray
        As `labdata_napari.core.resample.slabs`, for the shape that `exact_plan` tells.

    Raises
    ------
    InvalidValue
        When the parameters cannot be applied, or the type is another.
    WriteRefused
        When the temporary file does not fit on its disk.
    """
    dtype = np.dtype(stack.dtype)
    if dtype.name not in ("uint8", "uint16"):
        raise InvalidValue(
            f"Voxels of type {dtype.name} cannot be computed as labdata does; use the "
            "standard mode."
        )
    geometry = exact_plan(stack.shape, None, parameters)
    size = int(np.prod(geometry.shape_in, dtype=np.int64)) * dtype.itemsize
    work = _Work(geometry, _as_applied(stack.shape, parameters), choose(engine, size))
    return work.slabs(stack, progress, memory, threads, folder, first)


def difference(
    stack: Any, parameters: TransformParameters, planes: Sequence[int] = ()
) -> Difference:
    """Compute some of a result in both ways and compare.

    Parameters
    ----------
    stack
        A small (Z, C, Y, X) stack, or a part of one: labdata's way reads all of it.
    parameters
        What to do.
    planes
        Indices along the result's first axis; all without.
    """
    from labdata_napari.core.resample import slabs

    parameters = replace(_as_applied(stack.shape, parameters), cast=None)
    shape = exact_plan(stack.shape, None, parameters).shape_out
    geometry = plan(stack.shape, None, parameters)
    theirs, ours = (
        np.concatenate([piece.ravel() for piece in pieces]).reshape(shape)
        for pieces in (exact_slabs(stack, parameters), slabs(stack, geometry))
    )
    chosen = list(planes) or slice(None)
    apart = np.abs(ours[chosen].astype(np.int64) - theirs[chosen].astype(np.int64))
    share = float(np.count_nonzero(apart)) / max(1, apart.size)
    return Difference(float(apart.max(initial=0)), share, int(apart.size))


def _as_applied(
    shape: Sequence[int], parameters: TransformParameters
) -> TransformParameters:
    if parameters.downsample is None or shape[1] != 1:
        return parameters
    _, c, y, x = parameters.downsample
    return replace(parameters, downsample=(1.0, c, y, x))


class _Work:
    """One run: the grid after the zooms, the turns, and the cut that is left."""

    def __init__(
        self, geometry: Plan, parameters: TransformParameters, kernels: Kernels
    ) -> None:
        self.plan, self.kernels = geometry, kernels
        self.grid = tuple(geometry.shape_grid[axis] for axis in _SPATIAL)
        rotate = parameters.rotate or (0.0, 0.0, 0.0, False, False)
        self.turns = turns_of(rotate, self.grid)
        self.flipped = (False, bool(rotate[4]), bool(rotate[3]))
        crop = parameters.crop or (None,) * 4
        self.kept = [
            range(*slice(*(part or (None,))).indices(n))
            for part, n in zip(crop, geometry.shape_grid, strict=True)
        ]

    def slabs(
        self,
        stack: Any,
        progress: Progress,
        memory: int,
        threads: int | None,
        folder: Path | None,
        first: int,
    ) -> Generator[NDArray[Any]]:
        workers = threads or threads_here()
        dtype = np.dtype(stack.dtype)
        blocks = self._blocks(dtype)[first:]
        if not blocks:
            return
        z, y, x = self.grid
        shape = (len(self.plan.channels), z, y, x)
        reads = self._reads(stack)
        frames = sum(stop - start for (start, stop), _ in reads)
        told = Counting(progress, frames + sum(self._steps(block) for block in blocks))
        with Scratch(shape, dtype, memory, folder, _TILE) as scratch:
            loaded = counted(partial(self._zoomed, stack), reads, workers, told)
            zooms = [
                ZoomZ(scratch, k, stack.shape[0], z, self.kernels)
                for k in range(len(self.plan.channels))
            ]
            with contextlib.closing(loaded):
                for (_, place), zoomed in loaded:
                    zooms[place].add(zoomed)
            compute = partial(self._block, scratch)
            computed = counted(compute, blocks, workers, told)
            with contextlib.closing(computed):
                for _, slab in computed:
                    yield slab

    # --- the zooms ---

    def _reads(self, stack: Any) -> list[tuple[Range, int]]:
        frames, _, _, _ = chunk_shape(stack)
        depth = int(stack.shape[0])
        return [
            ((z, min(z + frames, depth)), place)
            for z in range(0, depth, frames)
            for place in range(len(self.plan.channels))
        ]

    def _zoomed(self, stack: Any, read: tuple[Range, int], step: Step) -> NDArray[Any]:
        (start, stop), place = read
        channel = self.plan.channels[place]
        frames = np.asarray(stack[start:stop, channel : channel + 1])[:, 0]
        if frames.shape[1:] == self.grid[1:]:
            for _ in frames:
                step()
            return frames
        out = np.empty((len(frames), *self.grid[1:]), frames.dtype)
        steps = (
            zoom_step(frames.shape[1], self.grid[1]),
            zoom_step(frames.shape[2], self.grid[2]),
        )
        for k in range(len(frames)):
            self.kernels.zoom_frames(frames[k : k + 1], *steps, out[k : k + 1])
            step()
        return out

    # --- what comes after them ---

    def _blocks(self, dtype: np.dtype[Any]) -> list[tuple[int, int, int]]:
        """First channel or 0, and range of the axis a slab is cut along, in C order."""
        shape = self.plan.shape_out
        along = 1 if self.plan.channel_axis == 0 else 0
        outer = shape[0] if along else 1
        rows = slab_rows(self.plan, dtype)
        return [
            (k, row, min(rows, shape[along] - row))
            for k in range(outer)
            for row in range(0, shape[along], rows)
        ]

    def _steps(self, block: tuple[int, int, int]) -> int:
        shape = self.plan.shape_out
        _, _, rows = block
        along = 1 if self.plan.channel_axis == 0 else 0
        return steps_of(rows * math.prod(shape[along + 1 :]))

    def _block(
        self, scratch: Scratch, block: tuple[int, int, int], step: Step
    ) -> NDArray[Any]:
        outer, start, length = block
        axis = self.plan.channel_axis
        spatial = [a for a in self.plan.transpose if a != 1]  # stack axis of each
        parts = [self.kept[a] for a in _SPATIAL]
        cut = _SPATIAL.index(spatial[0])
        parts[cut] = parts[cut][start : start + length]
        channels = [outer] if axis == 0 else range(len(self.plan.channels))
        order = [_SPATIAL.index(a) for a in spatial]
        made = Part(len(channels), self._steps(block), step)
        found = [self._part(scratch, c, parts, made).transpose(order) for c in channels]
        made.end()
        return np.ascontiguousarray(np.stack(found, axis=axis))

    def _part(
        self, scratch: Scratch, channel: int, parts: list[range], made: Part
    ) -> NDArray[Any]:
        """Give some indices of the flipped stack, in (z, y, x)."""
        indices = [
            range(n - 1 - p.start, n - 1 - p.start - len(p) * p.step, -p.step)
            if flip
            else p
            for p, n, flip in zip(parts, self.grid, self.flipped, strict=True)
        ]
        wanted = [(min(p[0], p[-1]), max(p[0], p[-1]) + 1) for p in indices]
        ranges = wanted[0], wanted[1], wanted[2]
        found = self._turned(scratch, channel, ranges, made)
        inside = zip(indices, wanted, strict=True)
        return found[tuple(_slice(p, low) for p, (low, _) in inside)]

    def _turned(
        self,
        scratch: Scratch,
        channel: int,
        wanted: Ranges,
        made: Part,
        share: float = 1.0,
    ) -> NDArray[Any]:
        """Give a part of the turned stack, from the part of each step before it.

        `share` of what there is to do is this.
        """
        ranges = [wanted]
        for turn in reversed(self.turns):
            ranges.insert(0, turn.source(ranges[0]))
        size = [b - a for a, b in wanted]
        longest = int(np.argmax(size))
        voxels = max(
            int(np.prod([b - a for a, b in r], dtype=np.int64)) for r in ranges
        )
        if voxels > _WINDOW_VOXELS and size[longest] > 16:
            low, high = wanted[longest]
            middle = (low + high) // 2
            halves = []
            for part in ((low, middle), (middle, high)):
                half = list(wanted)
                half[longest] = part
                ranges3 = half[0], half[1], half[2]
                halves.append(self._turned(scratch, channel, ranges3, made, share / 2))
            return np.concatenate(halves, axis=longest)
        low3, high3 = zip(*ranges[0], strict=True)
        current = scratch.window(channel, low3, high3)
        for turn, before, after in zip(
            self.turns, ranges[:-1], ranges[1:], strict=True
        ):
            here = share / len(self.turns)
            current = self._apply(turn, current, before, after, made, here)
        return current

    def _apply(
        self,
        turn: Turn,
        current: NDArray[Any],
        before: Ranges,
        after: Ranges,
        made: Part,
        share: float,
    ) -> NDArray[Any]:
        a, b = turn.axes
        (free,) = {0, 1, 2} - {a, b}
        out = np.empty([high - low for low, high in after], current.dtype)
        order = (a, b, free)
        target = out.transpose(order)
        rows = max(1, STEP_VOXELS * len(target) // out.size)
        for row in range(0, len(target), rows):
            some = target[row : row + rows]
            self.kernels.turn(
                current.transpose(order),
                (before[a][0], before[b][0]),
                turn.matrix,
                turn.offset,
                turn.shape,
                (after[a][0] + row, after[b][0]),
                some,
            )
            made(share * len(some) / len(target))
        return out


def _slice(indices: range, low: int) -> slice:
    first, last = indices[0] - low, indices[-1] - low
    beyond = last + (1 if indices.step > 0 else -1)
    return slice(first, None if beyond < 0 else beyond, indices.step)
