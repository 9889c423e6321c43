"""Checksums of bytes and of voxels."""

from __future__ import annotations

import zlib
from typing import Any

_LARGE = 1 << 16  # loading the faster library takes longer than fewer bytes do


def crc32(data: Any, value: int = 0) -> int:
    """CRC-32 of zip, gzip and zlib, by libdeflate: three to five times as fast.

    Parameters
    ----------
    data
        Anything with a contiguous buffer.
    value
        Of the bytes before.
    """
    if memoryview(data).nbytes < _LARGE:
        return zlib.crc32(data, value)
    import imagecodecs

    return int(imagecodecs.deflate_crc32(data, value))
