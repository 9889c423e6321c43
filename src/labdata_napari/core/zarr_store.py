"""The members of a zip or folder as a store of zarr-python, for reading."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from zarr.abc.store import (
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

    from labdata_napari.core.file_bytes import Data
    from labdata_napari.core.members import Members


class MembersStore(Store):  # type: ignore[misc]
    """Gives zarr members, or parts of them, of at most so many bytes."""

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, members: Members, most: int) -> None:
        super().__init__(read_only=True)
        self._members = members
        self._most = most

    def __eq__(self, other: object) -> bool:
        return self is other

    async def get(
        self,
        key: str,
        prototype: BufferPrototype,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Bytes of a member, read beside zarr's own thread."""
        data = await asyncio.to_thread(self._read, key, byte_range)
        return None if data is None else prototype.buffer.from_bytes(data)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Bytes of several members."""
        wanted = [self.get(key, prototype, part) for key, part in key_ranges]
        return list(await asyncio.gather(*wanted))

    async def exists(self, key: str) -> bool:
        """Whether there is a member of that name."""
        return self._members.size(key) is not None

    async def list(self) -> AsyncIterator[str]:
        """All names."""
        for name in self._members.names():
            yield name

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Names that begin so."""
        for name in self._members.names():
            if name.startswith(prefix):
                yield name

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names directly below a folder."""
        start = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
        below = (n[len(start) :] for n in self._members.names() if n.startswith(start))
        for name in sorted({n.partition("/")[0] for n in below}):
            yield name

    async def set(self, key: str, value: Buffer) -> None:
        """Never called: the store is for reading."""
        raise PermissionError(key)

    async def delete(self, key: str) -> None:
        """Never called: the store is for reading."""
        raise PermissionError(key)

    def _read(self, key: str, part: Any) -> Data | None:
        size = self._members.size(key)
        if size is None:
            return None
        if part is None:
            return self._members.get(key, self._most)
        if isinstance(part, RangeByteRequest):
            start, end = part.start, min(part.end, size)
        elif isinstance(part, OffsetByteRequest):
            start, end = part.offset, size
        else:
            assert isinstance(part, SuffixByteRequest)
            start, end = max(0, size - part.suffix), size
        if start >= end:
            return b""
        return self._members.part(key, start, end - start, self._most)
