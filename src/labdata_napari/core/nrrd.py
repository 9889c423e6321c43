"""Read volumes in NRRD files: raw or gzipped data behind or beside a text header.

Written from the format's definition (teem.sourceforge.net/nrrd/format.html): what
atlases are handed out in, no more. Axes come as the header lists them, the first one
varying fastest in the file.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import NotFound, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST_UNPACKED = 2 * 2**30
"""Bytes of gzipped voxels that are unpacked into memory at most."""

_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
}
_HEADER_BYTES = 1 << 16


def read_nrrd(path: Path) -> NDArray[Any]:
    """Read a 3-D volume of whole numbers.

    Raw data are mapped and read where they are looked at; gzipped ones are unpacked.

    Raises
    ------
    NotFound
        When there is no such file.
    UnreadableFile
        When it is damaged or of another kind.
    """
    try:
        with open(path, "rb") as file:
            head, end, _ = file.read(_HEADER_BYTES).partition(b"\n\n")
        if not end:
            raise ValueError("its header has no end")
        return _volume(path, _fields(head), len(head) + 2)
    except FileNotFoundError:
        raise NotFound(f"There is no file '{path}'.") from None
    except (OSError, KeyError, ValueError, zlib.error) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise UnreadableFile(
            f"'{path}' is no NRRD volume that can be read here ({reason}); save it as "
            "one file of 3 axes, integers, raw or gzip."
        ) from error


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("ascii", "replace").replace("\r", "").split("\n")
    if not lines[0].startswith("NRRD"):
        raise ValueError("it does not begin with NRRD")
    pairs = (line.partition(": ") for line in lines[1:] if not line.startswith("#"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _volume(path: Path, fields: dict[str, str], start: int) -> NDArray[Any]:
    if "data file" in fields or "datafile" in fields:
        raise ValueError("its voxels are in another file")
    for skip in ("line skip", "lineskip", "byte skip", "byteskip"):
        if int(fields.get(skip, "0")):
            raise ValueError("there is something between its header and its voxels")
    shape = tuple(int(n) for n in fields["sizes"].split())
    order = ">" if fields.get("endian", "little") == "big" else "<"
    dtype = np.dtype(order + _TYPES[fields["type"].lower()])
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"its sizes are {fields['sizes']}")
    size = math.prod(shape) * dtype.itemsize
    if fields["encoding"].lower() == "raw":
        if path.stat().st_size - start < size:
            raise ValueError("it is cut short")
        flat: Any = np.memmap(path, dtype, "r", start, (math.prod(shape),))
    elif fields["encoding"].lower() in ("gzip", "gz"):
        flat = np.frombuffer(_unpacked(path, start, size), dtype)
    else:
        raise ValueError(f"its encoding is {fields['encoding']}")
    volume: NDArray[Any] = flat.reshape(shape[::-1]).T
    return volume


def _unpacked(path: Path, start: int, size: int) -> bytearray:
    if size > MOST_UNPACKED:
        raise ValueError(
            f"it holds {size / 2**30:.1f} GB packed as one; take a coarser one, or "
            "BrainGlobe's copy of the atlas, which is read piece by piece"
        )
    unpack, out = zlib.decompressobj(31), bytearray()
    with open(path, "rb") as file:
        file.seek(start)
        while len(out) < size and (packed := file.read(1 << 20)):
            out += unpack.decompress(packed, size - len(out))
            while unpack.unconsumed_tail and len(out) < size:
                out += unpack.decompress(unpack.unconsumed_tail, size - len(out))
    if len(out) < size:
        raise ValueError("it is cut short")
    return out
