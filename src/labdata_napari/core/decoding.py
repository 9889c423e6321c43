"""Unpack chunks into no more memory than they are allowed to take.

A chunk says itself how large it becomes, and most libraries believe it: a kilobyte
may claim, or really become, many gigabytes.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from labdata_napari.core.blosc_blocks import blosc_part
from labdata_napari.core.rooms import ROOMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.core.file_bytes import Data


class _Decompressor(Protocol):
    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: Data, max_length: int = ..., /) -> bytes: ...


def bounded(codec: Any) -> Callable[[Data, int], Any] | None:
    """Return a function that unpacks a chunk to the bytes it must have.

    Parameters
    ----------
    codec
        A numcodecs codec.

    Returns
    -------
    callable
        Takes the packed bytes and their number unpacked; raises ValueError or what
        the library raises where they do not become that many. None for a codec
        that cannot be held to a number.
    """
    kind = codec.codec_id
    if kind == "blosc":
        return _blosc
    if kind == "lz4":
        return lambda data, count: codec.decode(_claiming(data, 0, count))
    if kind in ("zstd", "imagecodecs_blosc2"):
        return lambda data, count: _fitted(kind, data, count)
    streams: dict[str, Callable[[], _Decompressor]] = {
        "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        "zlib": zlib.decompressobj,
        "bz2": bz2.BZ2Decompressor,
        "lzma": lambda: lzma.LZMADecompressor(codec.format, filters=codec.filters),
    }
    made = streams.get(kind)
    return None if made is None else lambda data, count: _streamed(made, data, count)


def in_part(codec: str) -> Callable[[Data, int, int, int], Any] | None:
    """Return a function that unpacks some of a chunk, as `blosc_part` does.

    Parameters
    ----------
    codec
        The name of a codec.
    """
    return blosc_part if codec == "blosc" else None


def _blosc(data: Data, count: int) -> Any:
    """Unpack by Blosc 2, which reads what Blosc 1 wrote a fifth faster."""
    import imagecodecs

    packed: Any = _claiming(data, 4, count)  # any buffer does, whatever it declares
    found = imagecodecs.blosc2_decode(packed, out=ROOMS.take(count).data)
    return _if_right(found, len(found), count)


def _claiming(data: Data, place: int, count: int) -> Data:
    """Return `data` if the size in its head is the right one."""
    (claimed,) = struct.unpack_from("<I", data, place)
    right: Data = _if_right(data, claimed, count)
    return right


def _if_right(data: Any, claimed: int | None, count: int) -> Any:
    if claimed != count:
        raise ValueError(f"it unpacks to {claimed} bytes instead of {count}")
    return data


def _fitted(kind: str, data: Any, count: int) -> Any:
    """Unpack into as many bytes; the library stops where they do not do."""
    import imagecodecs

    zstd = kind == "zstd"
    decode = imagecodecs.zstd_decode if zstd else imagecodecs.blosc2_decode
    found = decode(data, out=count)
    return _if_right(found, len(found), count)


def _streamed(make: Callable[[], _Decompressor], data: Data, count: int) -> bytes:
    parts, missing = [], count + 1  # one byte more is enough to know
    while data and missing > 0:
        stream = make()
        part = stream.decompress(data, missing)
        parts.append(part)
        missing -= len(part)
        if not stream.eof:
            break
        data = stream.unused_data
    found = b"".join(parts)
    if len(found) > count:
        raise ValueError(f"it unpacks to more than {count} bytes")
    return bytes(_if_right(found, len(found), count))
