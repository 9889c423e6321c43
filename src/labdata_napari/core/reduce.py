"""Anti-aliased reduction of a stack, in the order it is stored, each chunk read once.

Every axis is reduced on its own by a sparse matrix whose rows are the kernel at the
positions of the coarse grid: a box as wide as the grid's step (so that what a small
bright spot adds up to does not depend on where it falls) convolved with a triangle
one voxel wide (so that a linear ramp comes out exactly linear: nothing is shifted).
Next to a border the box narrows instead of being cut, for the same reason.

A coarse voxel is always summed in the same order, whatever part of the grid is asked
for: any window of the result is equal to the last bit to the same window of the whole.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from labdata_napari.core import kernels_numpy
from labdata_napari.core.interpolate import working_dtype
from labdata_napari.core.planes import Planes, strips
from labdata_napari.core.progress import Counting, Progress, silent
from labdata_napari.core.scratch import TILE, WIDE_TILE, Scratch
from labdata_napari.core.threads import Step, counted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.kernels import Kernels
    from labdata_napari.core.transform import Plan

    Axes = tuple[bool, bool, bool]

_NONE = (False, False, False)
_READ_BYTES = 16 << 20  # read at a time where the source has no chunks
_BAND_BYTES = 64 << 20  # above this, chunks that split y are read in bands of rows


@dataclass(frozen=True)
class Box:
    """A part of the downsampled stack: z, y, x from `low` up to `high`."""

    low: tuple[int, int, int]
    high: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = (b - a for a, b in zip(self.low, self.high, strict=True))
        return z, y, x


@dataclass(frozen=True)
class Taps:
    """How one axis is reduced: output row k is the sum of weights times input.

    Attributes
    ----------
    matrix
        Sparse (n_out, n_in) in the part asked for; None where nothing is reduced.
    start, stop
        Input range that is needed.
    """

    matrix: Any
    start: int
    stop: int


def scratch_dtype(
    plan: Plan, source: np.dtype[Any], splines: Axes = _NONE
) -> np.dtype[Any]:
    """Type of the reduced stack: the source's own where its voxels are kept."""
    untouched = plan.shape_grid == plan.shape_in and not any(splines)
    return source if untouched else working_dtype(source)


def scratch_bytes(
    plan: Plan, source: np.dtype[Any], box: Box, splines: Axes = _NONE
) -> int:
    """Bytes that the reduced stack takes while a transform runs."""
    voxels = len(plan.channels) * int(np.prod(box.shape, dtype=np.int64))
    return voxels * scratch_dtype(plan, source, splines).itemsize


def axis_taps(n_in: int, n_out: int, low: int, high: int, dtype: Any) -> Taps:
    """Give the weights of rows `low` to `high` of the reduction from n_in to n_out."""
    if n_in == n_out:
        return Taps(None, low, high)
    step = (n_in - 1) / (n_out - 1) if n_out > 1 else 1.0
    centre = np.minimum(np.arange(low, high) * step, n_in - 1)
    width = np.minimum(np.minimum(2 * centre, 2 * (n_in - 1 - centre)), step)
    width[(width < 1e-6) | (step <= 1)] = 0
    reach = int(np.ceil(width.max(initial=0) / 2)) + 2
    columns = np.rint(centre).astype(np.intp)[:, None] + np.arange(-reach, reach + 1)
    distance = columns - centre[:, None]
    half = width[:, None] / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        boxed = (_triangle_area(distance + half) - _triangle_area(distance - half)) / (
            2 * half
        )
    weights = np.where(half > 0, boxed, np.clip(1 - np.abs(distance), 0, None))
    weights[(weights < 1e-9) | (columns < 0) | (columns >= n_in)] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    rows, taps = np.nonzero(weights)
    used = columns[rows, taps]
    start, stop = int(used.min()), int(used.max()) + 1
    matrix = sparse.csr_matrix(
        (weights[rows, taps].astype(dtype), (rows, used - start)),
        shape=(high - low, stop - start),
    )
    return Taps(matrix, start, stop)


def _triangle_area(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of the triangle 1 - |t| from its left end to x."""
    x = np.clip(x, -1, 1)
    return np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)


@dataclass(frozen=True)
class _Read:
    """One read of the source: frames, channels and rows that are stored together."""

    z: tuple[int, int]
    channels: tuple[int, int]
    y: tuple[int, int]
    last_of_frames: bool

    @property
    def frames(self) -> int:
        """How many frames."""
        return self.z[1] - self.z[0]


class Reduction:
    """The reduction of one box of one stack; `run` fills a scratch with it.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like, sliced lazily; `chunks` is respected where present.
    plan
        Gives the grid and the channels.
    box
        Part of the grid that is wanted.
    splines
        Axes (z, y, x) along which B-spline coefficients are wanted, not voxels: right
        where the box ends with the grid, and `REACH` away from where it does not.
    kernels
        What does the work.
    """

    def __init__(
        self,
        stack: Any,
        plan: Plan,
        box: Box,
        splines: Axes = _NONE,
        kernels: Kernels = kernels_numpy,
    ) -> None:
        self.stack = stack
        self.plan = plan
        self.box = box
        self.splines = splines
        self.kernels = kernels
        source = np.dtype(stack.dtype)
        self.dtype = scratch_dtype(plan, source, splines)
        self.working = working_dtype(source)
        sizes = [(plan.shape_in[axis], plan.shape_grid[axis]) for axis in (0, 2, 3)]
        self.z, self.y, self.x = (
            axis_taps(n_in, n_out, low, high, self.working)
            for (n_in, n_out), low, high in zip(sizes, box.low, box.high, strict=True)
        )
        self.chunks = chunk_shape(stack)
        self.reads = self._plan_reads()
        self._bands = {rows: self._band(*rows) for rows in {r.y for r in self.reads}}
        self._frames = _frame_weights(self.z)

    @property
    def read_bytes(self) -> int:
        """Bytes of the largest read."""
        first = self.reads[0]
        frames, rows = first.frames, first.y[1] - first.y[0]
        itemsize = int(np.dtype(self.stack.dtype).itemsize)
        channels = first.channels[1] - first.channels[0]
        return frames * channels * rows * (self.x.stop - self.x.start) * itemsize

    def _plan_reads(self) -> list[_Read]:
        frames, together, rows, _ = self.chunks
        wanted = sorted(self.plan.channels)
        groups = sorted({c // together for c in wanted})
        channels = []
        for group in groups:
            members = [c for c in wanted if c // together == group]
            channels.append((members[0], members[-1] + 1))
        z_ranges = _aligned(self.z.start, self.z.stop, frames)
        y_ranges = _aligned(self.y.start, self.y.stop, rows)
        return [
            _Read(z, c, y, last_of_frames=y is y_ranges[-1])
            for z in z_ranges
            for c in channels
            for y in y_ranges
        ]

    def _band(self, start: int, stop: int) -> tuple[Any, int, int]:
        """Give the y weights of some input rows and the output rows they touch."""
        if self.y.matrix is None:
            return None, start - self.y.start, stop - self.y.start
        part = self.y.matrix[:, start - self.y.start : stop - self.y.start]
        touched = np.flatnonzero(np.diff(part.indptr))
        if not len(touched):
            return part[:0], 0, 0
        low, high = int(touched[0]), int(touched[-1]) + 1
        return part[low:high], low, high

    def steps(self, in_memory: int) -> int:
        """How many steps a run counts: frames read, and what is filtered along z."""
        frames = sum(r.frames * (r.channels[1] - r.channels[0]) for r in self.reads)
        shape, size = (len(self.plan.channels), *self.box.shape), self.dtype.itemsize
        filtered = strips(shape, size, in_memory) if self.splines[0] else 0
        return frames + filtered

    def _widened(self, read: _Read) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows and columns to read: a whole chunk is had without a copy."""
        rows, columns = read.y, (self.x.start, self.x.stop)
        height, width = self.stack.shape[2:]
        chunks = chunks_of(self.stack)
        wanted = (rows[1] - rows[0]) * (columns[1] - columns[0])
        if (
            chunks is None
            or chunks[2:] != (height, width)
            or 2 * wanted < height * width
        ):
            return rows, columns
        return (0, height), (0, width)

    def _load(self, read: _Read, step: Step) -> list[list[NDArray[Any]]]:
        """Read, and reduce in y and x; per channel, per frame."""
        rows, columns = self._widened(read)
        z, channels = slice(*read.z), slice(*read.channels)
        block = np.asarray(self.stack[z, channels, slice(*rows), slice(*columns)])
        block = block[
            :,
            :,
            read.y[0] - rows[0] : read.y[1] - rows[0],
            self.x.start - columns[0] : self.x.stop - columns[0],
        ]
        kept = self.dtype == block.dtype and self.plan.shape_grid == self.plan.shape_in
        y, x = self._bands[read.y][0], self.x.matrix
        parts: list[list[NDArray[Any]]] = []
        for channel in np.moveaxis(block, 1, 0):
            parts.append([])
            for frame in channel:
                if not kept:
                    frame = self.kernels.reduce_frame(frame, y, x, self.working)
                parts[-1].append(frame)
                step()
        return parts

    def run(
        self,
        in_memory: int,
        folder: Path | None = None,
        threads: int = 1,
        progress: Progress = silent,
    ) -> Scratch:
        """Read the source once and return the reduced box.

        Parameters
        ----------
        in_memory, folder
            As for `Scratch`.
        threads
            Reads done side by side.
        progress
            Called after each of `steps`; whatever it raises ends the work.
        """
        shape = (len(self.plan.channels), *self.box.shape)
        # planes that are not filtered along z are written a few at a time
        tile = TILE if self.splines[0] else WIDE_TILE
        scratch = Scratch(shape, self.dtype, in_memory, folder, tile)
        try:
            told = Counting(progress, self.steps(in_memory))
            self._fill(scratch, folder, threads, told)
        except BaseException:
            scratch.close()
            raise
        return scratch

    def _fill(
        self,
        scratch: Scratch,
        folder: Path | None,
        threads: int,
        told: Counting,
    ) -> None:
        open_planes: dict[tuple[int, int], NDArray[Any]] = {}
        place = {channel: k for k, channel in enumerate(self.plan.channels)}
        loaded = counted(self._load, self.reads, threads, told)
        to_store = Planes(scratch, self.splines, threads, folder, self.kernels, told)
        with to_store as planes, contextlib.closing(loaded):
            for read, parts in loaded:
                _, low, high = self._bands[read.y]
                for channel, frames in enumerate(parts, start=read.channels[0]):
                    if channel not in place:  # skipped by a crop step
                        continue
                    for z, part in enumerate(frames, start=read.z[0]):
                        for k, weight in self._frames.get(z, ()):
                            plane = open_planes.get((place[channel], k))
                            if plane is None:
                                plane = self._new_plane(part)
                                open_planes[place[channel], k] = plane
                            self.kernels.add_weighted(plane[low:high], part, weight)
                if read.last_of_frames:
                    here = {place[c] for c in range(*read.channels) if c in place}
                    for channel, k in sorted(open_planes):
                        if channel in here and self._last_frame(k) < read.z[1]:
                            planes.add(channel, k, open_planes.pop((channel, k)))

    def _new_plane(self, part: NDArray[Any]) -> NDArray[Any]:
        """Give zeros that lie in memory as the parts do that are added to them."""
        rows, columns = self.box.shape[1:]
        if part.flags.c_contiguous:
            return np.zeros((rows, columns), self.dtype)
        return np.zeros((columns, rows), self.dtype).T

    def _last_frame(self, k: int) -> int:
        """Give the last input frame that output plane k needs."""
        if self.z.matrix is None:
            return self.z.start + k
        return self.z.start + int(
            self.z.matrix.indices[self.z.matrix.indptr[k + 1] - 1]
        )


def _frame_weights(taps: Taps) -> dict[int, list[tuple[int, float]]]:
    """Give, for every input frame, the output planes it goes into and how much."""
    if taps.matrix is None:
        return {z: [(z - taps.start, 1.0)] for z in range(taps.start, taps.stop)}
    feeds: dict[int, list[tuple[int, float]]] = {}
    coordinates = taps.matrix.tocoo()
    for k, z, weight in zip(
        coordinates.row, coordinates.col, coordinates.data, strict=True
    ):
        feeds.setdefault(int(z) + taps.start, []).append((int(k), float(weight)))
    return feeds


def chunk_shape(stack: Any) -> tuple[int, int, int, int]:
    """Frames, channels, rows and columns of a stack that are best read together.

    A stack's own chunks, full in x, and full in y too unless that gets too large;
    without chunks, as many frames as make a read of good size.
    """
    chunks = chunks_of(stack)
    frames, _, rows, columns = (int(n) for n in stack.shape)
    itemsize = np.dtype(stack.dtype).itemsize
    row_bytes = columns * itemsize
    if chunks is None:
        together = max(1, _READ_BYTES // (rows * row_bytes))
        return min(frames, together), 1, rows, columns
    cz, cc, cy, _ = chunks
    fitting = _BAND_BYTES // (cz * cc * row_bytes)
    if rows > fitting and cy < rows:
        rows = max(cy, fitting // cy * cy)
    return cz, cc, rows, columns


def chunks_of(stack: Any) -> tuple[int, int, int, int] | None:
    """Frames, channels, rows and columns of a stack's own chunks, if it has any."""
    chunks = getattr(stack, "chunks", None)
    if chunks is None:  # a Stack keeps its array in `data`
        chunks = getattr(getattr(stack, "data", None), "chunks", None)
    if chunks is None:
        return None
    # dask gives every chunk's length, zarr the one they share
    z, c, y, x = (int(n[0] if isinstance(n, tuple) else n) for n in chunks)
    return z, c, y, x


def _aligned(start: int, stop: int, size: int) -> list[tuple[int, int]]:
    """Cut a range where a grid of `size` from 0 does."""
    cuts = [start, *range((start // size + 1) * size, stop, size), stop]
    return list(itertools.pairwise(cuts))
