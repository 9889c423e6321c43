"""A file that is read over a network, as far as `core` has to know of it."""

from __future__ import annotations

from typing import Protocol


class RemoteFile(Protocol):
    """A file read by byte ranges; safe to use from several threads.

    Attributes
    ----------
    name
        Last part of its path, for example ``brain.zarr.zip``.
    url
        Where it is, for messages: ``s3://bucket/key``. No secret.
    size
        Bytes.
    version
        Changes whenever its bytes do (an ETag), so that caches can be kept apart.
    """

    @property
    def name(self) -> str:
        """See above."""

    @property
    def url(self) -> str:
        """See above."""

    @property
    def size(self) -> int:
        """See above."""

    @property
    def version(self) -> str:
        """See above."""

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`.

        Raises
        ------
        LabdataError
            When the file ends before, is gone, or the network refuses.
        """
