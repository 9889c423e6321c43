"""Arrays that read only what is asked: index arithmetic over chunks on disk."""

from __future__ import annotations

import itertools
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from labdata_napari.core.selection import ascending, chosen_of, expanded, is_basic
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import DTypeLike, NDArray

    from labdata_napari.core.chunk_cache import ChunkCache

# Below this a thread costs more than it saves.
_PARALLEL_BYTES = 2 * 2**20
_MAX_THREADS = 8
_FAR_THREADS = 16


class Reader(Protocol):
    """An array on disk that hands out boxes of itself. Safe from several threads."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def dtype(self) -> np.dtype[Any]: ...  # noqa: D102

    @property
    def chunks(self) -> tuple[int, ...]:
        """The box that is decoded as one piece."""

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels at the given indices (one ascending range per axis), as new array."""


@dataclass(frozen=True)
class _Piece:
    """What one chunk contributes along one axis."""

    chunk: int
    inside: slice  # within the chunk
    target: slice  # within the result


def _pieces(indices: range, chunk: int) -> list[_Piece]:
    """Cut ascending indices of one axis at the chunk borders."""
    found = []
    done = 0
    while done < len(indices):
        number = indices[done] // chunk
        end = (number + 1) * chunk
        count = min(
            -(-(end - indices[done]) // indices.step),
            len(indices) - done,
        )
        first = indices[done] - number * chunk
        last = first + (count - 1) * indices.step
        found.append(
            _Piece(
                number,
                slice(first, last + 1, indices.step),
                slice(done, done + count),
            )
        )
        done += count
    return found


def decoded_bytes(view: LazyArray) -> int:
    """Bytes that have to be decoded to read a view: of all chunks it touches."""
    selection = tuple(ascending(part) for part in view.index)
    if not all(selection):
        return 0
    own = getattr(view.reader, "decoded_bytes", None)
    if own is not None:
        return int(own(selection))
    voxels = 1
    for part, chunk in zip(selection, view.reader.chunks, strict=True):
        voxels *= min(len(part), part[-1] // chunk - part[0] // chunk + 1) * chunk
    return voxels * view.dtype.itemsize


def gather(
    selection: tuple[range, ...],
    chunks: Sequence[int],
    dtype: DTypeLike,
    decode: Callable[[tuple[int, ...]], NDArray[Any]],
    cache: ChunkCache | None = None,
    far: bool = False,
    glance: Callable[[tuple[int, ...], slice], NDArray[Any] | None] | None = None,
) -> NDArray[Any]:
    """Put together a box from the chunks it touches, each decoded once.

    Parameters
    ----------
    selection
        One ascending range of indices per axis.
    chunks
        Chunk shape; the last chunk of an axis may be shorter or padded.
    dtype
        Of the result.
    decode
        Turns a chunk number per axis into that chunk's voxels; called from
        several threads.
    cache
        Where partly used chunks are kept for the next call.
    far
        Whether `decode` waits for a network.
    glance
        Given a chunk number and indices along the first axis of that chunk, may
        turn them alone into voxels, or return None.
    """
    if all(_is_chunk(r, c) for r, c in zip(selection, chunks, strict=True)):
        key = tuple(r.start // c for r, c in zip(selection, chunks, strict=True))
        if cache is None or cache.get(key) is None:
            whole = decode(key)
            mine = whole.flags.writeable and whole.dtype == dtype
            return whole if mine else np.array(whole, dtype)
    out = room_for(selection, dtype)
    if not out.size:
        return out
    parts = [_pieces(r, c) for r, c in zip(selection, chunks, strict=True)]

    def place(piece: tuple[_Piece, ...]) -> None:
        key = tuple(p.chunk for p in piece)
        inside = tuple(p.inside for p in piece)
        voxels = cache.get(key) if cache is not None else None
        if voxels is None and glance is not None:
            some = glance(key, inside[0])
            if some is not None:
                out[tuple(p.target for p in piece)] = some[(slice(None), *inside[1:])]
                return
        if voxels is None:
            voxels = decode(key)
            part = math.prod(p.target.stop - p.target.start for p in piece)
            if cache is not None and part < voxels.size:
                cache.put(key, voxels)
        out[tuple(p.target for p in piece)] = voxels[inside]

    number = math.prod(len(p) for p in parts)
    weight = number * math.prod(chunks) * out.itemsize
    each(place, itertools.product(*parts), number, weight, far)
    return out


def _is_chunk(indices: range, chunk: int) -> bool:
    """Whether these are the indices of exactly one chunk."""
    return len(indices) == chunk and indices.step == 1 and indices.start % chunk == 0


def room_for(selection: tuple[range, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an empty array for a box, unless this computer cannot hold it.

    Raises
    ------
    InvalidValue
        If it is larger than the memory. A file may claim any shape.
    """
    shape = tuple(len(r) for r in selection)
    size = math.prod(shape) * np.dtype(dtype).itemsize
    try:
        if size <= _memory_bytes():
            return np.empty(shape, dtype)
    except (MemoryError, ValueError):
        pass
    raise InvalidValue(
        f"A part of {' × '.join(map(str, shape))} voxels takes {size / 2**30:,.0f} "
        "GiB, more than the memory of this computer; read a smaller one."
    )


def _memory_bytes() -> int:
    """All memory of this computer; what cannot be asked counts as plenty."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 2**40
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def each(
    work: Callable[[Any], None],
    items: Iterator[Any],
    number: int,
    weight: int,
    far: bool = False,
) -> None:
    """Run `work` on all items, on a few threads when that pays.

    Parameters
    ----------
    work
        Called with one item; it must let other threads run (read, decode).
    items
        What to work on; never None.
    number
        How many items there are.
    weight
        Bytes the work amounts to; a small job stays on the calling thread.
    far
        Whether each item waits for a network: then several always pay.
    """
    if far:
        threads = min(number, _FAR_THREADS)
    else:
        threads = min(number, os.cpu_count() or 1, _MAX_THREADS)
    if threads < 2 or (weight < _PARALLEL_BYTES and not far):
        for item in items:
            work(item)
        return

    # Threads share the iterator: one future per item would cost more than the work.
    lock = threading.Lock()

    def run() -> None:
        while True:
            with lock:
                item = next(items, None)
            if item is None:
                return
            work(item)

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(run) for _ in range(threads)]:
            future.result()


@dataclass(frozen=True, eq=False)
class LazyArray:
    """A view of a `Reader` that is indexed lazily and read by ``np.asarray``.

    Basic indexing (integers, slices, ``...``, ``None``) returns another view and
    reads nothing; ``np.asarray(view)`` reads exactly the indices it holds. Viewers
    that slice first and convert then (napari does) therefore read one plane for one
    plane.

    Attributes
    ----------
    reader
        Where voxels come from.
    index
        Per axis of the reader, the ascending or descending indices of this view, or
        one fixed index.
    order
        Per axis of this view, the axis of the reader it shows, or None for an axis
        of length one that the reader does not have.
    """

    reader: Reader
    index: tuple[range | int, ...]
    order: tuple[int | None, ...]

    @classmethod
    def of(cls, reader: Reader) -> LazyArray:
        """View of all of a reader."""
        return cls(
            reader,
            tuple(range(n) for n in reader.shape),
            tuple(range(len(reader.shape))),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis of the view."""
        lengths = []
        for axis in self.order:
            part = 1 if axis is None else self.index[axis]
            lengths.append(len(part) if isinstance(part, range) else 1)
        return tuple(lengths)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel."""
        return self.reader.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.order)

    @property
    def size(self) -> int:
        """Number of voxels."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes when read."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...]:
        """Chunk shape along the axes of this view, never longer than the axis."""
        sizes = (1 if axis is None else self.reader.chunks[axis] for axis in self.order)
        return tuple(max(1, min(s, n)) for s, n in zip(sizes, self.shape, strict=True))

    def __len__(self) -> int:
        if not self.order:
            raise TypeError("a single voxel has no length")
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if not all(is_basic(k) for k in keys):
            return np.asarray(self)[key]
        index = list(self.index)
        order: list[int | None] = []
        axes = iter(self.order)
        for k in expanded(keys, self.ndim):
            if k is None:
                order.append(None)
                continue
            axis = next(axes)
            part = range(1) if axis is None else index[axis]
            assert isinstance(part, range)
            chosen = chosen_of(part, k)
            if axis is not None:
                index[axis] = chosen
            if isinstance(chosen, range):
                if axis is None and len(chosen) != 1:
                    return np.asarray(self)[key]
                order.append(axis)
        return LazyArray(self.reader, tuple(index), tuple(order))

    def transpose(self, *axes: Any) -> LazyArray:
        """View with its axes in another order (reversed without arguments)."""
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = tuple(axes[0]) if axes[0] is not None else ()
        wanted = axes or tuple(range(self.ndim))[::-1]
        if sorted(a % self.ndim for a in wanted) != list(range(self.ndim)):
            raise InvalidValue(f"{wanted} is no order of {self.ndim} axes.")
        return LazyArray(
            self.reader, self.index, tuple(self.order[a % self.ndim] for a in wanted)
        )

    def rearranged(self, order: Sequence[int | None]) -> LazyArray:
        """View with axis ``order[i]`` of this one as its axis i, None for a new axis.

        Axes of this view that are not named must have length one; they are dropped.
        """
        dropped = [a for a in range(self.ndim) if a not in order]
        if any(self.shape[a] != 1 for a in dropped):
            raise InvalidValue(f"{order} leaves out an axis of a {self.shape} array.")
        index = list(self.index)
        for a in dropped:
            axis = self.order[a]
            if axis is not None:
                part = index[axis]
                index[axis] = part[0] if isinstance(part, range) else part
        return LazyArray(
            self.reader,
            tuple(index),
            tuple(None if a is None else self.order[a] for a in order),
        )

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        if copy is False:
            raise ValueError("voxels on disk cannot be had without a copy")
        out = self.reader.read(tuple(ascending(part) for part in self.index))
        flips = tuple(
            slice(None, None, -1)
            if isinstance(part, range) and part.step < 0
            else slice(None)
            for part in self.index
        )
        out = out[flips]
        # Shown axes first in view order, then the fixed ones, which are dropped.
        shown = [axis for axis in self.order if axis is not None]
        rest = [axis for axis in range(out.ndim) if axis not in shown]
        out = out.transpose(shown + rest).reshape(self.shape)
        return out if dtype is None else out.astype(dtype, copy=False)
