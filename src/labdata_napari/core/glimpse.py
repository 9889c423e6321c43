"""Voxels of a large stack, here and there, to show something before it is read."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.preview import MEMORY, Volume
from labdata_napari.core.progress import silent
from labdata_napari.core.reduce import chunk_shape
from labdata_napari.core.threads import in_order, threads_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.stacks import Stack

_READ = 512 << 20
_MORE_READ = 4 << 30
_HELD = 24 << 20
_FEWEST = 6  # sections that say something
_FEW = 24  # fewer than these are soon replaced by more


def glimpse(
    levels: Sequence[Stack],
    progress: Progress = silent,
    *,
    max_read: int = _READ,
    max_held: int = _HELD,
) -> Volume | None:
    """Read single voxels spread over a stack, which are not averaged as in a reduction.

    Parameters
    ----------
    levels, progress
        As for `labdata_napari.core.preview.read_volume`.
    max_read, max_held
        Bytes that are decoded, and kept. Twice as many are decoded where they would
        say nothing.

    Returns
    -------
    Volume or None
        None where all there is to read is read as soon, or little of it says nothing.
    """
    stack = levels[-1]
    if any(level.size_bytes <= MEMORY for level in levels):
        return None
    z, c, y, x = stack.shape
    deep = chunk_shape(stack)[0]
    for most in (max_read, 2 * max_read):
        every = -(-stack.size_bytes // most)
        kz, ky, kx = _steps(stack, max_held, deep * every if every > 1 else 1)
        if z // kz >= min(z, _FEWEST):
            break
    else:
        return None
    first = [min(k // 2, n - 1) for k, n in zip((kz, ky, kx), (z, y, x), strict=True)]
    wanted = range(first[0], z, kz)
    chunks = [
        [at for at in wanted if start <= at < start + deep]
        for start in range(0, z, deep)
    ]
    shape = (c, len(wanted), len(range(first[1], y, ky)), len(range(first[2], x, kx)))
    data = np.empty(shape, stack.dtype)

    def read(planes: list[int]) -> None:
        found = stack[planes[0] : planes[-1] + 1]
        thin = found[::kz, :, first[1] :: ky, first[2] :: kx]
        at = (planes[0] - first[0]) // kz
        data[:, at : at + len(planes)] = np.moveaxis(thin, 1, 0)

    jobs = [planes for planes in chunks if planes]
    for done, _ in enumerate(in_order(read, jobs, threads_here())):
        progress(done + 1, len(jobs))
    if kz > 1 and len(wanted) < _FEW:  # what is beyond the outermost is shown, too
        data = np.concatenate([data[:, :1], data, data[:, -1:]], axis=1)
        first[0] -= kz
    ratios = [n / m for n, m in zip(levels[0].shape, stack.shape, strict=True)]
    fz, fy, fx = (
        (f + 0.5) * r - 0.5
        for f, r in zip(first, (ratios[0], *ratios[2:]), strict=True)
    )
    whole = levels[0].shape
    return Volume(
        data,
        (fz, fy, fx),
        (kz * ratios[0], ky * ratios[2], kx * ratios[3]),
        (whole[0], whole[1], whole[2], whole[3]),
    )


def finer_glimpse(
    levels: Sequence[Stack], seen: Volume, progress: Progress = silent
) -> Volume | None:
    """Read more sections than a glimpse of a very large stack has.

    Returns
    -------
    Volume or None
        None where those seen do until all is read.
    """
    sections = seen.data.shape[1]
    if sections >= _FEW or levels[-1].size_bytes < 2 * _MORE_READ:
        return None
    found = glimpse(levels, progress, max_read=_MORE_READ)
    more = found is not None and found.data.shape[1] > sections
    return found if more else None


def _steps(stack: Stack, max_held: int, along_z: int) -> tuple[int, int, int]:
    """Take every how many voxels along z, y, x, about equally far apart."""
    um = stack.um_per_pixel or (1.0, 1.0, 1.0)
    size = min(um)
    while True:
        steps = [max(1, round(size / u)) for u in um[-2:]]
        kz = along_z if along_z > 1 else max(1, round(size / um[0]))
        if stack.size_bytes / prod((kz, *steps)) <= max_held:
            return kz, steps[0], steps[1]
        size *= 1.1
