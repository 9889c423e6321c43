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

from labdata_napari.core.chunk_cache import ChunkCache, Glances
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
_GLANCE_BYTES = 4 << 20  # smaller chunks are decoded before anyone notices


class ChunkReader:
    """Reads chunks straight from zip members or files, without zarr in between.

    One positioned read and one decode per chunk; both let other threads run. About
    half the processor time of zarr's own path.
    """

    def __init__(self, members: Members, layout: Layout) -> None:
        self._members = members
        self._layout = layout
        self._cache = ChunkCache()
        self._glances = Glances()
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
            glance=self._glance if self._may_glance else None,
        )

    @property
    def _may_glance(self) -> bool:
        """Whether some of a chunk is to be had for less than all of it."""
        layout = self._layout
        far, parted = self._members.far, layout.decode_part is not None
        large = layout.chunk_bytes >= _GLANCE_BYTES and not layout.column_major
        return parted and large and not far and layout.chunks[0] > 1

    def _glance(self, number: tuple[int, ...], rows: slice) -> NDArray[Any] | None:
        """Decode some indices of the first axis, where all would be much more.

        Who comes back for others of the same chunk will want the rest, too.
        """
        layout = self._layout
        many = 2 * (rows.stop - rows.start) > layout.chunks[0]
        if many or layout.decode_part is None:
            return None
        held = self._glances.held(number, rows)
        if held is not None or not self._glances.is_enough(number, rows):
            return held
        name, data = self._packed(number)
        if data is None:
            return None
        row = layout.chunk_bytes // layout.chunks[0]
        try:
            part = layout.decode_part(
                data, layout.chunk_bytes, rows.start * row, rows.stop * row
            )
            if part is None:
                return None
            voxels = np.frombuffer(part, layout.dtype).reshape(-1, *layout.chunks[1:])
        except DECODE_ERRORS as error:
            raise self._damaged(name, error) from error
        self._glances.hold(number, rows, voxels)
        return voxels[:: rows.step]

    def _damaged(self, name: str, error: Exception) -> UnreadableFile:
        return UnreadableFile(
            f"Chunk {self._members.resolved(name)!r} of {self._members.where} is "
            f"damaged ({error}); copy the file again."
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
            raise self._damaged(name, error) from error

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
