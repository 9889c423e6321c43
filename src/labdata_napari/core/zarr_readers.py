"""Read chunks of zarr arrays from the members of a zip or folder."""

from __future__ import annotations

import lzma
import math
import struct
import threading
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.chunk_cache import ChunkCache
from labdata_napari.core.lazy import gather
from labdata_napari.errors import LabdataError, UnreadableFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.core.file_bytes import Data
    from labdata_napari.core.members import Members
    from labdata_napari.core.zarr_layout import Layout, Shards

# What numcodecs and zarr raise on damaged or unexpected input.
DECODE_ERRORS = (
    ValueError,
    RuntimeError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    MemoryError,
    NotImplementedError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
_ABSENT = 2**64 - 1
_SHARD_TABLES = 256


class ChunkReader:
    """Reads chunks straight from zip members or files, without zarr in between.

    One positioned read and one decode per chunk; both let other threads run. About
    half the processor time of zarr's own path.
    """

    def __init__(self, members: Members, layout: Layout) -> None:
        self._members = members
        self._layout = layout
        self._cache = ChunkCache()
        self._tables = (
            None
            if layout.shards is None
            else _ShardTables(members, layout.shards, layout.most_packed_bytes)
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stored array."""
        return self._layout.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel, in native byte order."""
        return self._layout.dtype.newbyteorder("=")

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of one chunk (of the inner ones, where chunks are sharded)."""
        return self._layout.chunks

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile naming chunk and file."""
        return gather(
            selection,
            self.chunks,
            self.dtype,
            self._decode,
            self._cache,
            far=self._members.far,
        )

    def _decode(self, number: tuple[int, ...]) -> NDArray[Any]:
        layout = self._layout
        name, data = self._packed(number)
        if data is None:
            # Zarr leaves out chunks that hold nothing but the fill value.
            return np.broadcast_to(np.asarray(layout.fill, self.dtype), layout.chunks)
        try:
            if layout.decode is not None:
                data = layout.decode(data, layout.chunk_bytes)
            voxels = np.frombuffer(data, layout.dtype)
            return voxels.reshape(
                layout.chunks, order="F" if layout.column_major else "C"
            )
        except DECODE_ERRORS as error:
            raise UnreadableFile(
                f"Chunk {self._members.resolved(name)!r} of {self._members.where} is "
                f"damaged ({error}); copy the file again."
            ) from error

    def _packed(self, number: tuple[int, ...]) -> tuple[str, Data | None]:
        layout = self._layout
        if layout.shards is None or self._tables is None:
            name = layout.key(number)
            return name, self._members.get(name, layout.most_packed_bytes)
        grid = layout.shards.grid
        name = layout.key(tuple(n // g for n, g in zip(number, grid, strict=True)))
        table = self._tables.of(name)
        if table is None:
            return name, None
        inside = tuple(n % g for n, g in zip(number, grid, strict=True))
        offset, count = map(int, table[inside])
        if (offset, count) == (_ABSENT, _ABSENT):
            return name, None
        size = self._members.size(name) or 0
        if offset + count > size:
            raise UnreadableFile(
                f"Chunk {inside} of {self._members.resolved(name)!r} in "
                f"{self._members.where} lies outside of it; copy the file again."
            )
        most = layout.most_packed_bytes
        return name, self._members.part(name, offset, count, most)


class _ShardTables:
    """Where the chunks of each shard are, for the shards used last."""

    def __init__(self, members: Members, shards: Shards, most: int) -> None:
        self._members, self._shards, self._most = members, shards, most
        self._held: OrderedDict[str, NDArray[np.uint64] | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, name: str) -> NDArray[np.uint64] | None:
        """Offset and size of each chunk, None where there is no such shard."""
        # One thread reads a table: the others, which want chunks of it, wait.
        with self._lock:
            if name not in self._held:
                self._held[name] = self._read(name)
                if len(self._held) > _SHARD_TABLES:
                    self._held.popitem(last=False)
            return self._held[name]

    def _read(self, name: str) -> NDArray[np.uint64] | None:
        size = self._members.size(name)
        if size is None:
            return None
        shards = self._shards
        count = math.prod(shards.grid) * 16
        full = count + (4 if shards.checked else 0)
        where = f"{self._members.resolved(name)!r} of {self._members.where}"
        if size < full:
            raise UnreadableFile(f"Shard {where} is cut short; copy the file again.")
        start = 0 if shards.index_first else size - full
        data = self._members.part(name, start, full, self._most)
        if shards.checked:
            import google_crc32c

            if google_crc32c.value(data[:count]).to_bytes(4, "little") != data[count:]:
                raise UnreadableFile(
                    f"Shard {where} is damaged: the checksum of its table is wrong; "
                    "copy the file again."
                )
        table = np.frombuffer(data[:count], "<u8")
        return table.reshape(*shards.grid, 2)


class ZarrReader:
    """Reads through zarr-python, for codecs `ChunkReader` does not know."""

    def __init__(self, array: Any, members: Members) -> None:
        self._array = array
        self._members = members
        self._cache = ChunkCache()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stored array."""
        return tuple(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel."""
        dtype: np.dtype[Any] = np.dtype(self._array.dtype).newbyteorder("=")
        return dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of one chunk (of the inner ones, where chunks are sharded)."""
        return tuple(self._array.chunks)

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile naming chunk and file."""
        return gather(
            selection,
            self.chunks,
            self.dtype,
            self._decode,
            self._cache,
            far=self._members.far,
        )

    def _decode(self, number: tuple[int, ...]) -> NDArray[Any]:
        box = tuple(
            slice(n * c, min((n + 1) * c, s))
            for n, c, s in zip(number, self.chunks, self.shape, strict=True)
        )
        try:
            return np.asarray(self._array[box]).astype(self.dtype, copy=False)
        except LabdataError:
            raise
        except DECODE_ERRORS as error:
            raise UnreadableFile(
                f"Chunk {number} of {self._members.where} is damaged ({error}); copy "
                "it again."
            ) from error


def through_zarr(members: Members, base: str, most: int) -> ZarrReader:
    """Open the array below `base` with zarr-python.

    Parameters
    ----------
    most
        Bytes that one member of it may have.

    Raises
    ------
    UnreadableFile
        If zarr cannot read it either.
    """
    import zarr

    from labdata_napari.core.zarr_store import MembersStore

    try:
        store = MembersStore(members, most)
        array = zarr.open_array(store, path=base.strip("/"), mode="r")
    except LabdataError:
        raise
    except DECODE_ERRORS as error:
        raise UnreadableFile(
            f"{members.where} uses zarr features that cannot be read here ({error})."
        ) from error
    return ZarrReader(array, members)
