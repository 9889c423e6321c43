"""What the description of a zarr array says about its chunks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.codecs import codec_of
from labdata_napari.core.decoding import bounded, in_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.core.file_bytes import Data

MOST_CHUNK_BYTES = 2 * 2**30
"""A chunk is read and unpacked as one piece."""
DESCRIPTION_ERRORS = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
)
"""What is raised here when a description is not as it should be."""
_MOST_BYTES = 2**50
_MOST_AXES = 16


@dataclass(frozen=True)
class Shards:
    """How chunks are packed into shards.

    Attributes
    ----------
    grid
        Chunks of a shard along each axis.
    index_first
        Whether the table of chunks is at the start of a shard, not at its end.
    checked
        Whether a checksum follows that table.
    """

    grid: tuple[int, ...]
    index_first: bool
    checked: bool


@dataclass(frozen=True)
class Layout:
    """The part of an array's metadata that is needed to decode a chunk ourselves.

    Attributes
    ----------
    shape, chunks, dtype
        Of the array; of one chunk; as stored.
    fill
        Value of chunks that are left out.
    column_major
        Whether a chunk is stored with its first axis fastest.
    key
        Name of the member that holds a chunk, or shard, of a number per axis.
    decode
        Unpacks a chunk to a number of bytes; None where chunks are not packed.
    shards
        None where each chunk is a member of its own.
    decode_part
        Unpacks the bytes of a chunk of a number of bytes from one to another, or
        returns None; None where chunks are packed as one piece.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any
    column_major: bool
    key: Callable[[tuple[int, ...]], str]
    decode: Callable[[Data, int], Any] | None
    shards: Shards | None = None
    decode_part: Callable[[Data, int, int, int], Any] | None = None

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a chunk, unpacked."""
        return math.prod(self.chunks) * self.dtype.itemsize

    @property
    def most_packed_bytes(self) -> int:
        """Bytes that a packed chunk, or shard, may have: packing may add a little."""
        return _most_packed(self.chunk_bytes, self.shards)


def _most_packed(chunk: int, shards: Shards | None) -> int:
    number = 1 if shards is None else math.prod(shards.grid)
    return number * (chunk + chunk // 4 + 2**16)


def check_sizes(node: dict[str, Any], chunks: Any, itemsize: int) -> None:
    """Raise ValueError unless shape and chunks are such as an array can have."""
    shape = node["shape"]
    if not isinstance(shape, list) or not isinstance(chunks, list | tuple):
        raise ValueError("its shape is no list")
    numbers = [*shape, *chunks]
    if not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError(f"a length of {shape} or {chunks} is no whole number")
    if len(shape) != len(chunks) or len(shape) > _MOST_AXES:
        raise ValueError(f"{len(chunks)} axes of chunks for {len(shape)} of the array")
    if math.prod(shape) * itemsize > _MOST_BYTES:
        raise ValueError(f"it claims {math.prod(shape) * itemsize:.1g} bytes")
    if math.prod(chunks) * itemsize > MOST_CHUNK_BYTES:
        raise ValueError(
            f"one chunk claims {math.prod(chunks) * itemsize / 2**30:,.0f} GiB and at "
            f"most {MOST_CHUNK_BYTES // 2**30} are read"
        )


def refuse_programs(node: dict[str, Any]) -> None:
    """Raise ValueError for a codec that runs what is in the file."""
    steps = [node.get("compressor"), *(node.get("filters") or ())]
    steps += node.get("codecs") or ()
    while steps:
        step = steps.pop()
        if not isinstance(step, dict):
            continue
        if "pickle" in str(step.get("id", step.get("name"))):
            raise ValueError("it is packed with pickle, which may run any program")
        inner = step.get("configuration")
        if isinstance(inner, dict):
            steps += [*(inner.get("codecs") or ()), *(inner.get("index_codecs") or ())]


def most_member_bytes(node: dict[str, Any]) -> int:
    """Check an array that zarr is to read; say what one member of it may have."""
    if node.get("zarr_format") == 3:
        kind, chunks = node["data_type"], node["chunk_grid"]["configuration"]
        chunks = chunks["chunk_shape"]
    else:
        kind, chunks = node["dtype"], node["chunks"]
    try:
        itemsize = np.dtype(kind).itemsize
    except TypeError:
        itemsize = 16
    check_sizes(node, chunks, itemsize)
    return _most_packed(math.prod(chunks) * max(8, itemsize), None)


def layout_v2(node: dict[str, Any], base: str) -> Layout | None:
    """Layout of an array of version 2, None where we cannot decode it ourselves."""
    dtype = np.dtype(node["dtype"])
    check_sizes(node, node["chunks"], dtype.itemsize)
    compressor = node["compressor"]
    codec = None if compressor is None else codec_of(compressor)
    decode = None if codec is None else bounded(codec)
    if node.get("filters") or dtype.hasobject or dtype.fields:
        return None
    if codec is not None and decode is None:
        return None
    separator = _separator(node.get("dimension_separator", "."))
    return Layout(
        tuple(node["shape"]),
        tuple(max(1, c) for c in node["chunks"]),
        dtype,
        _fill(node["fill_value"]),
        node.get("order", "C") == "F",
        lambda number: base + separator.join(map(str, number)),
        decode,
        decode_part=None if codec is None else in_part(codec.codec_id),
    )


def layout_v3(node: dict[str, Any], base: str) -> Layout | None:
    """Layout of an array of version 3, None where we cannot decode it ourselves."""
    grid = node["chunk_grid"]
    if not isinstance(node["data_type"], str):
        return None
    try:
        dtype = np.dtype(node["data_type"])
    except TypeError:
        return None
    chunks = grid["configuration"]["chunk_shape"]
    codecs = node["codecs"]
    shards = None
    if len(codecs) == 1 and codecs[0]["name"] == "sharding_indexed":
        inner = codecs[0]["configuration"]
        check_sizes(node, inner["chunk_shape"], dtype.itemsize)
        shards = _shards(inner, chunks)
        chunks, codecs = inner["chunk_shape"], inner["codecs"]
        if shards is None:
            return None
    check_sizes(node, chunks, dtype.itemsize)
    decode = _plain_decode(codecs)
    if decode is _UNKNOWN or grid["name"] != "regular":
        return None
    if node.get("storage_transformers"):
        return None
    little = codecs[0].get("configuration", {}).get("endian", "little") == "little"
    keys = node["chunk_key_encoding"]
    separator = _separator(
        keys.get("configuration", {}).get(
            "separator", "/" if keys["name"] == "default" else "."
        )
    )
    start = f"{base}c{separator}" if keys["name"] == "default" else base
    return Layout(
        tuple(node["shape"]),
        tuple(max(1, c) for c in chunks),
        dtype.newbyteorder("<" if little else ">"),
        _fill(node["fill_value"]),
        False,
        lambda number: start + separator.join(map(str, number)),
        decode,
        shards,
        in_part(codecs[-1]["name"]),
    )


def _separator(given: Any) -> str:
    if given not in (".", "/"):
        raise ValueError(f"chunks are named with {given!r}")
    return str(given)


def _shards(inner: dict[str, Any], shard: Any) -> Shards | None:
    """Layout of shards; None where their table is packed in a way we do not read."""
    chunks = inner["chunk_shape"]
    names = [codec["name"] for codec in inner["index_codecs"]]
    first = inner["index_codecs"][0].get("configuration", {})
    if names not in (["bytes"], ["bytes", "crc32c"]) or first["endian"] != "little":
        return None
    grid = tuple(s // c for s, c in zip(shard, chunks, strict=True))
    if any(s % c or not s for s, c in zip(shard, chunks, strict=True)):
        raise ValueError(f"shards of {shard} are not made of chunks of {chunks}")
    if math.prod(grid) * 16 > MOST_CHUNK_BYTES // 32:
        raise ValueError(f"one shard claims {math.prod(grid):,} chunks")
    return Shards(
        grid, inner.get("index_location", "end") == "start", "crc32c" in names
    )


_UNKNOWN = object()


def _plain_decode(codecs: list[dict[str, Any]]) -> Any:
    """How to unpack a v3 pipeline ``bytes[, compressor]``, else `_UNKNOWN`."""
    from numcodecs import GZip, Zstd
    from numcodecs.blosc import Blosc

    if not codecs or codecs[0]["name"] != "bytes" or len(codecs) > 2:
        return _UNKNOWN
    if len(codecs) == 1:
        return None
    simple = {"blosc": Blosc, "zstd": Zstd, "gzip": GZip}
    made = simple.get(codecs[1]["name"])
    return _UNKNOWN if made is None else bounded(made())


def _fill(value: Any) -> Any:
    if value is None:
        return 0
    return float(value) if isinstance(value, str) else value
