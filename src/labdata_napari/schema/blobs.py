"""Serialised values of blob columns, read without believing what they claim.

DataJoint unpacks whatever size a blob claims, returns None for what it does not know,
and follows some damaged ones for ever. Whoever can write a row could so stop everybody
who lists it.
"""

from __future__ import annotations

import struct
import zlib
from decimal import InvalidOperation
from typing import Any

import numpy as np
from datajoint import Codec, DataJointError, blob

from labdata_napari.errors import InvalidValue

MOST_BYTES = 256 * 2**20
"""Bytes that any blob may unpack to."""
_MOST_TIMES = 32
"""How many times its packed size a larger one may unpack to."""

_PACKED = b"ZL123\0"
_KINDS = (b"mYm\0", b"dj0\0")
_SIZE = struct.Struct("<Q")
_MOST_NAMES = 4096

_ERRORS = (
    DataJointError,
    InvalidOperation,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class DamagedValue(InvalidValue):
    """A serialised value cannot be read.

    Attributes
    ----------
    reason
        Why, in a few words.
    """

    def __init__(self, reason: str, where: str = "", instead: str = "") -> None:
        super().__init__(
            f"{where or 'A value in the database'} is damaged ({reason}); correct or "
            f"remove it{instead}."
        )
        self.reason = reason


def unpacked(stored: Any) -> Any:
    """Return the value that DataJoint, of any version, serialised into a blob.

    Parameters
    ----------
    stored
        Bytes of the column.

    Raises
    ------
    DamagedValue
        When it is no such value, damaged, or claims an absurd size.
    """
    try:
        plain = _plain(stored)
        with np.errstate(all="ignore"):
            return _Reader().unpack(plain)
    except _ERRORS as error:
        reason = str(error).strip() or type(error).__name__
        # DataJoint shows bytes that it does not know as letters, and takes each value
        # that it cannot read for one of a later version
        reason = reason.removesuffix(" Upgrade datajoint.").rstrip(".")
        shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in reason)
        raise DamagedValue(shown) from error


def packed(value: Any) -> bytes:
    """Serialise a value as DataJoint, of any version, reads it."""
    made: bytes = blob.pack(value, compress=True)
    return made


def _plain(stored: Any) -> bytes:
    if not isinstance(stored, bytes | bytearray | memoryview):
        raise TypeError("it is no serialised value")
    plain = bytes(stored)
    if plain.startswith(_PACKED):
        (size,) = _SIZE.unpack_from(plain, len(_PACKED))
        if size > max(MOST_BYTES, _MOST_TIMES * len(plain)):
            raise ValueError(f"{len(plain):,} bytes claim to become {size:,}")
        inflater = zlib.decompressobj()
        # one byte more than promised is enough to know
        start = len(_PACKED) + _SIZE.size
        plain = inflater.decompress(memoryview(plain)[start:], size + 1)
        if len(plain) != size:
            raise ValueError(f"it does not become the {size:,} bytes it promises")
    if not plain.startswith(_KINDS):
        raise ValueError("it is of no kind that DataJoint writes")
    return plain


class _Reader(blob.Blob):
    """DataJoint's own reader, which reads no more names than there can be."""

    def __init__(self) -> None:
        super().__init__()
        self.names_read = 0

    def read_zero_terminated_string(self) -> str:
        # a name without an end would be looked for from the beginning again
        self.names_read += 1
        if self.names_read > _MOST_NAMES:
            raise ValueError("it names more fields than there can be")
        name: str = super().read_zero_terminated_string()
        return name


class CheckedBlob(Codec):
    """Codec of all blob columns of bound tables: DataJoint's, read with care."""

    name = "labdata_blob"

    def get_dtype(self, is_store: bool) -> str:
        """Say that it is kept in the table itself."""
        if is_store:
            raise DataJointError("Blobs of these tables are kept in the tables.")
        return "bytes"

    def encode(self, value: Any, *, key: Any = None, store_name: Any = None) -> bytes:
        """Serialise as DataJoint does."""
        packed: bytes = blob.pack(value, compress=True)
        return packed

    def decode(self, stored: Any, *, key: Any = None) -> Any:
        """Read with care; raises DamagedValue."""
        return unpacked(stored)
