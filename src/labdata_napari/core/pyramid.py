"""Sidecar pyramids: coarser copies of a brain that make every slice direction fast.

Labdata stores brains in whole planes: a section is one read, but a y or x slice
decodes everything. A pyramid holds the same voxels in small cubes, at full resolution
(unless the brain is very large) and at halved ones. It is one file in a cache folder,
a zipped OME-Zarr that any program may read; deleting it loses nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import BRAIN
from labdata_napari.core.halving import level_shapes
from labdata_napari.core.identity import identity_of
from labdata_napari.core.lazy import LazyArray, decoded_bytes
from labdata_napari.core.progress import silent
from labdata_napari.core.pyramid_file import PyramidWriter, partial_file
from labdata_napari.core.stacks import Stack, open_stack
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress

SUFFIX = ".pyramid.ozx"
# A slice that decodes no more than this steps well under 100 ms.
FAST_SLICE_BYTES = 64 * 2**20
# Up to this size a pyramid holds the full resolution too (about half of it on disk).
FULL_RESOLUTION_BYTES = 8 * 2**30
# Planes of one channel in memory at a time.
_SLAB_BYTES = 192 * 2**20
_SLAB_PLANES = 64
_PART_AGE_S = 24 * 3600


def wants_pyramid(stack: Stack) -> bool:
    """Whether some slice direction of a brain would be slow without a pyramid."""
    if stack.axes != BRAIN or stack.shape[0] < 2:
        return False
    return first_fast_level([stack.channel_view(0)]) != 0


def first_fast_level(levels: Sequence[Any]) -> int | None:
    """Index of the finest level ``(Z, Y, X)`` of which every slice is fast.

    None if there is none. Viewers that would show finer levels in y and x views
    should lock this one there.
    """
    for number, level in enumerate(levels):
        slices = [level[0], level[:, 0], level[:, :, 0]]
        if all(decoded_bytes(s) <= FAST_SLICE_BYTES for s in slices):
            return number
    return None


def pyramid_for(cache_root: Path, stack: Stack) -> Path:
    """Where the pyramid of a stack is, or would be: named by path, size and time.

    Of a file far away: by address, size and version. A file that was replaced or
    changed gets another name, so a pyramid never shows old voxels. Stacks that read
    one file in different axes have different pyramids.

    Raises
    ------
    InvalidValue
        If the stack was not opened from a file.
    """
    facts = identity_of(stack)
    if facts is None:
        raise InvalidValue("A stack that is not in a file has no pyramid.")
    facts += [stack.shape, stack.axes, str(stack.dtype), stack.um_per_pixel]
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    return cache_root / f"{digest}{SUFFIX}"


def build_pyramid(
    stack: Stack,
    target: Path,
    progress: Progress = silent,
    *,
    full_resolution: bool | None = None,
) -> Path:
    """Write the pyramid of a brain in one pass, in bounded memory.

    Parameters
    ----------
    stack
        ``(Z, C, Y, X)``.
    target
        File to write, as named by `pyramid_for`. Where it exists nothing is done.
        Written under another name and moved there when complete: two processes
        may build the same one, cancelling or failing leaves nothing.
    progress
        Told planes done of all planes of all channels; may raise Cancelled.
    full_resolution
        Whether to include the full resolution; by default up to 8 GiB of voxels.

    Returns
    -------
    Path
        `target`.

    Raises
    ------
    WriteRefused
        If the folder cannot be written to or the disk is full.
    Cancelled
        If `progress` raised it.
    """
    if stack.axes != BRAIN:
        raise InvalidValue(f"Only brains have pyramids, not axes {stack.axes}.")
    if target.exists():
        return target
    if full_resolution is None:
        full_resolution = stack.size_bytes <= FULL_RESOLUTION_BYTES
    depth, channels, height, width = stack.shape
    shapes = level_shapes((depth, height, width), stack.um_per_pixel)
    planes = _slab_planes(stack)
    with partial_file(target) as file:
        with PyramidWriter(file, stack, shapes, planes, full_resolution) as writer:
            for channel in range(channels):
                view = stack.channel_view(channel)
                writer.start_channel(channel)
                for start in range(0, depth, planes):
                    progress(channel * depth + start, channels * depth)
                    writer.add(np.asarray(view[start : start + planes]))
                writer.finish_channel()
        progress(channels * depth, channels * depth)
    return target


def _slab_planes(stack: Stack) -> int:
    """Planes read at a time: whole chunks of the file, as many as memory allows."""
    chunk = int(getattr(stack.data, "chunks", (1,))[0])
    plane = max(1, math.prod(stack.shape[2:]) * stack.dtype.itemsize)
    wanted = min(_SLAB_PLANES, max(1, _SLAB_BYTES // plane))
    return max(1, min(stack.shape[0], max(chunk, wanted // chunk * chunk)))


def open_pyramid(path: Path) -> list[Stack]:
    """Open a pyramid: its levels as lazy stacks ``(Z, C, Y, X)``, finest first.

    The finest one is at full resolution unless the brain was very large. Marks the
    file as used, for `trim_cache`.

    Raises
    ------
    NotFound, UnreadableFile
        If there is none, or it is damaged; it may be deleted and built again.
    """
    stack = open_stack(path)
    with contextlib.suppress(OSError):  # a cache that may only be read is fine
        os.utime(path)
    return [stack, *stack.levels]


def multiscale(stack: Stack, pyramid: Sequence[Stack] = ()) -> list[list[LazyArray]]:
    """Levels ``(Z, Y, X)`` of each channel, finest first, for a multiscale layer.

    Level 0 is the stack itself; slices that a full-resolution copy in the pyramid
    serves with less decoding are read from there, voxel for voxel the same. Coarser
    levels come from the pyramid, or from the stack's own file without one.

    All levels span the same edges. napari gets the scale of a level from the ratio of
    shapes and aligns the levels' edges, so its layer needs nothing but the scale of
    level 0, ``stack.um_per_pixel``; voxel centres stay in place.

    Parameters
    ----------
    stack
        ``(Z, C, Y, X)``.
    pyramid
        What `open_pyramid` returned for this stack.

    Returns
    -------
    list of list of LazyArray
        Per channel; one level only if there are no coarser ones.

    Raises
    ------
    UnreadableFile
        If the pyramid is not one of this stack.
    """
    if stack.axes != BRAIN:
        raise InvalidValue(f"Only brains have levels, not axes {stack.axes}.")
    coarse = list(pyramid) or list(stack.levels)
    full = None
    if coarse and coarse[0].shape == stack.shape:
        full, coarse = coarse[0], coarse[1:]
    for level in coarse:
        fits = level.shape[1] == stack.n_channels and all(
            a <= b for a, b in zip(level.shape, stack.shape, strict=True)
        )
        if not fits or level.dtype != stack.dtype:
            raise UnreadableFile(
                f"{level.where} is not the pyramid of {stack.where}; delete it."
            )
    channels = []
    for number in range(stack.n_channels):
        finest = stack.channel_view(number)
        if full is not None:
            finest = LazyArray.of(_Cheaper(finest, full.channel_view(number)))
        channels.append([finest, *(level.channel_view(number) for level in coarse)])
    return channels


@dataclass(frozen=True, eq=False)
class _Cheaper:
    """The same voxels stored twice: reads each box where it costs less."""

    first: LazyArray
    second: LazyArray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.first.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.first.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        return self.first.chunks

    def chosen(self, selection: tuple[range, ...]) -> LazyArray:
        key = tuple(slice(r.start, r.stop, r.step) for r in selection)
        boxes: list[LazyArray] = [self.first[key], self.second[key]]
        return min(boxes, key=decoded_bytes)

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        return np.asarray(self.chosen(selection))

    def decoded_bytes(self, selection: tuple[range, ...]) -> int:
        return decoded_bytes(self.chosen(selection))


def trim_cache(
    cache_root: Path, max_bytes: int, keep: Collection[Path] = ()
) -> list[Path]:
    """Delete the pyramids unused for longest until at most `max_bytes` are left.

    Also deletes what a killed process left half written, after a day.

    Parameters
    ----------
    cache_root
        Folder of pyramids; nothing else in it is touched.
    max_bytes
        Allowed total.
    keep
        Pyramids in use, never deleted.

    Returns
    -------
    list of Path
        What was deleted.
    """
    deleted = []
    found = []
    for path in cache_root.glob(f"*{SUFFIX}*"):
        try:
            status = path.stat()
        except OSError:
            continue
        if path.name.endswith(".part"):
            if time.time() - status.st_mtime > _PART_AGE_S and _deleted(path):
                deleted.append(path)
        elif path.name.endswith(SUFFIX):
            found.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found)
    kept = {p.resolve() for p in keep}
    for _, size, path in sorted(found):
        if total <= max_bytes:
            break
        if path.resolve() not in kept and _deleted(path):
            total -= size
            deleted.append(path)
    return deleted


def _deleted(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:  # open in another program (Windows), or not ours
        return False
    return True
