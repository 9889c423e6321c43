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

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import cosdg, sindg

from labdata_napari.core.kernels import choose
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.reduce import chunk_shape, in_order, threads_here
from labdata_napari.core.scratch import Scratch
from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.transform import Plan

    Range = tuple[int, int]
    Ranges = tuple[Range, Range, Range]

MEMORY = 64 << 20
_SLAB_BYTES = 8 << 20
_WINDOW_VOXELS = 2 << 20  # what a thread holds of each step, at most
_SPATIAL = (0, 2, 3)
# position in `rotate`, and the axes (of z, y, x) turned, in the order of labdata
_STEPS = ((2, (1, 2)), (1, (0, 2)), (0, (0, 1)))


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


@dataclass(frozen=True, eq=False)
class _Turn:
    """A rotation of two axes, as scipy.ndimage.rotate does it without reshaping."""

    axes: tuple[int, int]
    matrix: NDArray[np.float64]  # (2, 2)
    offset: NDArray[np.float64]  # (2,)
    shape: tuple[int, int]

    def source(self, ranges: Ranges) -> Ranges:
        """Give the part before the turn that a part after it needs."""
        corners = np.array(
            list(
                itertools.product(
                    *((ranges[a][0], ranges[a][1] - 1) for a in self.axes)
                )
            ),
            dtype=np.float64,
        )
        places = corners @ self.matrix.T + self.offset
        needed = list(ranges)
        for k, (axis, n) in enumerate(zip(self.axes, self.shape, strict=True)):
            low = min(max(int(np.floor(places[:, k].min())) - 1, 0), n - 1)
            high = max(min(int(np.ceil(places[:, k].max())) + 2, n), low + 1)
            needed[axis] = low, high
        return needed[0], needed[1], needed[2]


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
        self.turns: list[_Turn] = []
        rotate = parameters.rotate or (0.0, 0.0, 0.0, False, False)
        for position, axes in _STEPS:
            angle = float(rotate[position])
            if angle:
                self.turns.append(self._turn(angle, axes))
        self.flipped = (False, bool(rotate[4]), bool(rotate[3]))
        crop = parameters.crop or (None,) * 4
        self.kept = [
            range(*slice(*(part or (None,))).indices(n))
            for part, n in zip(crop, geometry.shape_grid, strict=True)
        ]

    def _turn(self, angle: float, axes: tuple[int, int]) -> _Turn:
        cosine, sine = float(cosdg(angle)), float(sindg(angle))
        matrix = np.array([[cosine, sine], [-sine, cosine]])
        shape = np.array([self.grid[a] for a in axes])
        offset = (shape - 1) / 2 - matrix @ ((shape - 1) / 2)
        return _Turn(axes, matrix, offset, (int(shape[0]), int(shape[1])))

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
        total = len(reads) + len(blocks)
        with Scratch(shape, dtype, memory, folder) as scratch:
            loaded = in_order(lambda r: self._zoomed(stack, r), reads, workers)
            zooms = [
                _ZoomZ(scratch, k, stack.shape[0], z, self.kernels)
                for k in range(len(self.plan.channels))
            ]
            for done, ((_, place), frames) in enumerate(loaded, start=1):
                zooms[place].add(frames)
                progress(done, total)

            def compute(block: tuple[int, int, int]) -> NDArray[Any]:
                return self._block(scratch, block)

            computed = in_order(compute, blocks, workers)
            for done, (_, slab) in enumerate(computed, start=len(reads) + 1):
                yield slab
                progress(done, total)

    # --- the zooms ---

    def _reads(self, stack: Any) -> list[tuple[Range, int]]:
        frames, _, _, _ = chunk_shape(stack)
        depth = int(stack.shape[0])
        return [
            ((z, min(z + frames, depth)), place)
            for z in range(0, depth, frames)
            for place in range(len(self.plan.channels))
        ]

    def _zoomed(self, stack: Any, read: tuple[Range, int]) -> NDArray[Any]:
        (start, stop), place = read
        channel = self.plan.channels[place]
        frames = np.asarray(stack[start:stop, channel : channel + 1])[:, 0]
        if frames.shape[1:] == self.grid[1:]:
            return frames
        out = np.empty((len(frames), *self.grid[1:]), frames.dtype)
        steps = (
            _zoom_step(frames.shape[1], self.grid[1]),
            _zoom_step(frames.shape[2], self.grid[2]),
        )
        self.kernels.zoom_frames(frames, *steps, out)
        return out

    # --- what comes after them ---

    def _blocks(self, dtype: np.dtype[Any]) -> list[tuple[int, int, int]]:
        """First channel or 0, and range of the axis a slab is cut along, in C order."""
        shape = self.plan.shape_out
        along = 1 if self.plan.channel_axis == 0 else 0
        outer = shape[0] if along else 1
        voxels = int(np.prod(shape, dtype=np.int64)) // (outer * shape[along])
        rows = max(1, min(shape[along], _SLAB_BYTES // (voxels * dtype.itemsize)))
        return [
            (k, row, min(rows, shape[along] - row))
            for k in range(outer)
            for row in range(0, shape[along], rows)
        ]

    def _block(self, scratch: Scratch, block: tuple[int, int, int]) -> NDArray[Any]:
        outer, start, length = block
        axis = self.plan.channel_axis
        spatial = [a for a in self.plan.transpose if a != 1]  # stack axis of each
        parts = [self.kept[a] for a in _SPATIAL]
        cut = _SPATIAL.index(spatial[0])
        parts[cut] = parts[cut][start : start + length]
        channels = [outer] if axis == 0 else range(len(self.plan.channels))
        order = [_SPATIAL.index(a) for a in spatial]
        found = [self._part(scratch, c, parts).transpose(order) for c in channels]
        return np.ascontiguousarray(np.stack(found, axis=axis))

    def _part(self, scratch: Scratch, channel: int, parts: list[range]) -> NDArray[Any]:
        """Give some indices of the flipped stack, in (z, y, x)."""
        indices = [
            range(n - 1 - p.start, n - 1 - p.start - len(p) * p.step, -p.step)
            if flip
            else p
            for p, n, flip in zip(parts, self.grid, self.flipped, strict=True)
        ]
        wanted = [(min(p[0], p[-1]), max(p[0], p[-1]) + 1) for p in indices]
        found = self._turned(scratch, channel, (wanted[0], wanted[1], wanted[2]))
        inside = zip(indices, wanted, strict=True)
        return found[tuple(_slice(p, low) for p, (low, _) in inside)]

    def _turned(self, scratch: Scratch, channel: int, wanted: Ranges) -> NDArray[Any]:
        """Give a part of the turned stack, from the part of each step before it."""
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
                halves.append(
                    self._turned(scratch, channel, (half[0], half[1], half[2]))
                )
            return np.concatenate(halves, axis=longest)
        low3, high3 = zip(*ranges[0], strict=True)
        current = scratch.window(channel, low3, high3)
        for turn, before, after in zip(
            self.turns, ranges[:-1], ranges[1:], strict=True
        ):
            current = self._apply(turn, current, before, after)
        return current

    def _apply(
        self, turn: _Turn, current: NDArray[Any], before: Ranges, after: Ranges
    ) -> NDArray[Any]:
        a, b = turn.axes
        (free,) = {0, 1, 2} - {a, b}
        out = np.empty([high - low for low, high in after], current.dtype)
        order = (a, b, free)
        self.kernels.turn(
            current.transpose(order),
            (before[a][0], before[b][0]),
            turn.matrix,
            turn.offset,
            turn.shape,
            (after[a][0], after[b][0]),
            out.transpose(order),
        )
        return out


def _slice(indices: range, low: int) -> slice:
    first, last = indices[0] - low, indices[-1] - low
    beyond = last + (1 if indices.step > 0 else -1)
    return slice(first, None if beyond < 0 else beyond, indices.step)


def _zoom_step(n_in: int, n_out: int) -> float:
    return (n_in - 1) / (n_out - 1) if n_out > 1 else 1.0


class _ZoomZ:
    """Zooms one channel in z as its frames come, and stores the planes."""

    def __init__(
        self, scratch: Scratch, channel: int, n_in: int, n_out: int, kernels: Kernels
    ) -> None:
        self._scratch, self._channel, self._kernels = scratch, channel, kernels
        self._n_in, self._n_out = n_in, n_out
        self._step = _zoom_step(n_in, n_out)
        self._held: dict[int, NDArray[Any]] = {}
        self._next_frame = self._next_plane = 0

    def add(self, frames: NDArray[Any]) -> None:
        """Take the next frames."""
        for frame in frames:
            self._held[self._next_frame] = frame
            self._next_frame += 1
        for plane in self._ready(frames):
            self._scratch.put(self._channel, self._next_plane, plane)
            self._next_plane += 1
        lowest = int(np.floor(self._next_plane * self._step))
        for z in [z for z in self._held if z < lowest]:
            del self._held[z]

    def _ready(self, frames: NDArray[Any]) -> Iterator[NDArray[Any]]:
        while self._next_plane < self._n_out:
            place = self._next_plane * self._step
            if place > self._n_in - 1:
                yield np.zeros_like(frames[0])
                continue
            below = int(np.floor(place))
            above = min(below + 1, self._n_in - 1)
            if above >= self._next_frame:
                return
            if place == below:
                yield self._held[below]
                continue
            out = np.empty_like(frames[0])
            self._kernels.blend(
                self._held[below], self._held[above], place - below, out
            )
            yield out
