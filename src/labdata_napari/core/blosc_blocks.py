"""Unpack a few blocks of a chunk that Blosc packed, not all of it.

A buffer of Blosc (format 2, https://github.com/Blosc/c-blosc, README_CHUNK_FORMAT) is a
head of 16 bytes, the place of each block in it, and the blocks, every one of which is
packed for itself. Some blocks that follow each other, below a head that says so, are
a buffer, too.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.file_bytes import Data

_HEAD = struct.Struct("<BBBBIII")  # format, of codec, flags, item; sizes
_FORMAT = 2
_NOT_PACKED = 0x2
_OF_BLOSC_2 = 0x5  # both kinds of shuffling at once: a longer head follows


def blosc_part(data: Data, count: int, start: int, stop: int) -> memoryview | None:
    """Unpack the bytes from `start` to `stop` of a chunk.

    Parameters
    ----------
    data
        The packed chunk.
    count
        Bytes it must have unpacked.
    start, stop
        Which of them.

    Returns
    -------
    memoryview or None
        None where the whole has to be unpacked to know.

    Raises
    ------
    ValueError
        When the chunk is damaged, or has another size.
    """
    import imagecodecs

    version, codec, flags, item, nbytes, block, packed = _HEAD.unpack_from(data)
    if nbytes != count:
        raise ValueError(f"it unpacks to {nbytes} bytes instead of {count}")
    if version != _FORMAT or flags & _OF_BLOSC_2 == _OF_BLOSC_2:
        return None
    whole = memoryview(data).cast("B")[:packed]
    if flags & _NOT_PACKED:
        if len(whole) != _HEAD.size + count:
            raise ValueError("it is cut short")
        # a copy, which does not keep all of it
        return memoryview(bytes(whole[_HEAD.size + start : _HEAD.size + stop]))
    if not 0 < block < count:
        return None
    blocks = -(-count // block)
    first, last = start // block, -(-stop // block)
    if last == blocks:  # which is shorter, and only known for that beside another
        first = min(first, last - 2)
    places = _places(whole, blocks, packed)
    found = [whole[a:b] for a, b in _ends(places, packed, first, last)]
    size = min(count, last * block) - first * block
    begin = _HEAD.size + 4 * len(found)
    starts = np.cumsum([begin, *map(len, found)], dtype=np.int64)
    if starts[-1] > packed:
        raise ValueError("several blocks of it lie in one place")
    head = _HEAD.pack(version, codec, flags, item, size, block, int(starts[-1]))
    buffer = b"".join([head, starts[:-1].astype("<i4").tobytes(), *found])
    out: Any = imagecodecs.blosc2_decode(buffer, out=size)
    if len(out) != size:
        raise ValueError(f"some of it unpacks to {len(out)} bytes instead of {size}")
    part = memoryview(out)[start - first * block : stop - first * block]
    # whoever keeps a little does not keep all that was unpacked for it
    return part if 2 * len(part) > size else memoryview(bytes(part))


def _places(whole: memoryview, blocks: int, packed: int) -> NDArray[np.int64]:
    """Where each block begins."""
    begin = _HEAD.size + 4 * blocks
    if len(whole) != packed or begin > packed:
        raise ValueError("it is cut short")
    places = np.frombuffer(whole[_HEAD.size : begin], "<i4").astype(np.int64)
    if places.min() < begin or places.max() >= packed:
        raise ValueError("a block of it lies outside of it")
    return places


def _ends(
    places: NDArray[np.int64], packed: int, first: int, last: int
) -> list[tuple[int, int]]:
    """Begin and end of some blocks; threads may have written them in any order."""
    order = np.append(np.unique(places), packed)
    end = dict(pairwise(map(int, order)))
    return [(place, end[place]) for place in map(int, places[first:last])]
