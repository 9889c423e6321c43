"""The table of contents of a zip, read in one or two requests and believed in nothing.

Python's `zipfile` keeps some 700 bytes for each member and takes any number of them;
here a member costs a third, and a table that contradicts itself or the size of its
file is refused before anything it promises is allocated.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from labdata_napari.core.file_bytes import OpenFile
from labdata_napari.core.sums import crc32
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from labdata_napari.core.file_bytes import Bytes, Data

STORED, DEFLATED = 0, 8
MOST_MEMBERS = 500_000

_END = struct.Struct("<4s4HIIH")
_END64_PLACE = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s4B4HIII5H2I")
_HEADER = struct.Struct("<4s22xHH")
# The end of a zip may be followed by a comment of 65,535 bytes; most tables lie within
# what is read anyway.
_TAIL = 2**18
_MOST_TABLE_BYTES = MOST_MEMBERS * 128
_FULL = 2**32 - 1
_ENCRYPTED, _UTF8 = 1, 0x800


class Member(NamedTuple):
    """One file in a zip, as the table of contents has it."""

    start: int  # of its own header
    packed: int
    size: int
    crc: int
    method: int
    flags: int
    room: int  # bytes from `start` to whatever follows


def read_directory(file: Bytes) -> dict[str, Member]:
    """Read the table of contents of a zip: members by name, folders left out.

    Raises
    ------
    UnreadableFile
        If there is none, it is damaged, promises what cannot be, or lists more than
        half a million members.
    """
    try:
        start, size, shift = _place(file)
        table = file.peek(start, size)
        found = list(_entries(table, shift))
    except MemoryError as error:
        raise UnreadableFile(
            f"The table of contents of {file.where} takes more memory than is free; "
            "unpack it and open the folder."
        ) from error
    except (struct.error, UnicodeDecodeError, _Damaged) as error:
        raise UnreadableFile(
            f"{file.where} is no complete zip file ({error}); it is cut short or "
            "damaged, copy it again."
        ) from error
    if len(found) > MOST_MEMBERS:
        raise UnreadableFile(
            f"{file.where} is a zip of more than {MOST_MEMBERS:,} members; unpack it "
            "and open the folder."
        )
    return _checked(found, start, file)


def read_member(file: Bytes, member: Member, name: str, most: int) -> Data:
    """Read a member, checked against the size and the sum that the zip holds for it.

    Parameters
    ----------
    most
        Bytes it may have; more are refused before they are read.

    Raises
    ------
    UnreadableFile
        If it is larger, packed in an unknown way, or not what the table says.
    """
    where = f"{name!r} in {file.where}"
    if member.flags & _ENCRYPTED:
        raise UnreadableFile(f"{where} is encrypted; unpack the zip first.")
    if member.method not in (STORED, DEFLATED):
        raise UnreadableFile(
            f"{where} is packed in a way not supported here; zip it again, stored."
        )
    if max(member.size, member.packed) > most:
        raise UnreadableFile(
            f"{where} claims to hold {max(member.size, member.packed):,} bytes where "
            f"at most {most:,} make sense; the file is damaged."
        )
    data = _packed(file, member, name, where)
    if member.method == DEFLATED:
        data = _inflated(data, member, where)
    if len(data) != member.size or crc32(data) != member.crc:
        raise UnreadableFile(
            f"{where} is damaged: its checksum is wrong; copy the file again."
        )
    return data


def data_start(file: Bytes, member: Member, name: str) -> int:
    """Where the bytes of a member begin, behind its own header."""
    head = file.peek(member.start, _HEADER.size)
    return member.start + _header_length(head, f"{name!r} in {file.where}")


def _packed(file: Bytes, member: Member, name: str, where: str) -> Data:
    """Header and bytes in one read: its length is only known once it is read.

    On a disk a second read costs less than cutting the header off.
    """
    if isinstance(file, OpenFile):
        start = _header_length(file.peek(member.start, _HEADER.size), where)
        if start + member.packed > member.room:
            raise UnreadableFile(f"{where} is damaged; copy the file again.")
        return file.read(member.start + start, member.packed)
    guess = _HEADER.size + len(name.encode()) + 64 + member.packed
    take = file.peek if guess < 2**16 else file.read
    data = take(member.start, min(guess, member.room))
    start = _header_length(data[: _HEADER.size], where)
    if start + member.packed > len(data):
        if start + member.packed > member.room:
            raise UnreadableFile(f"{where} is damaged; copy the file again.")
        return file.read(member.start + start, member.packed)
    return data[start : start + member.packed]


def _header_length(head: Data, where: str) -> int:
    if len(head) < _HEADER.size or head[:4] != b"PK\x03\x04":
        raise UnreadableFile(f"{where} is damaged; copy the file again.")
    _, name_length, extra_length = _HEADER.unpack(head)
    return int(_HEADER.size + name_length + extra_length)


def _inflated(data: Data, member: Member, where: str) -> bytes:
    try:
        # one byte more than promised is enough to know
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        found = inflater.decompress(data, member.size + 1)
    except zlib.error as error:
        raise UnreadableFile(f"{where} is damaged ({error}).") from error
    if len(found) > member.size:
        raise UnreadableFile(
            f"{where} unpacks to more than the {member.size:,} bytes it promises; the "
            "file is damaged."
        )
    return found


class _Damaged(Exception):
    """What is wrong with a table of contents, for the sentence around it."""


def _place(file: Bytes) -> tuple[int, int, int]:
    """Start and size of the table, and by how much all its offsets are too small."""
    length = min(file.size, _TAIL)
    tail = file.peek(file.size - length, length)
    at = len(tail)
    while True:
        at = tail.rfind(b"PK\x05\x06", 0, at)
        if at < 0:
            raise _Damaged("its table of contents is missing")
        if len(tail) - at >= _END.size:
            end = _END.unpack_from(tail, at)
            if at + _END.size + end[7] <= len(tail):
                break
    end_at = file.size - length + at
    size, start = end[5], end[6]
    place = tail[max(0, at - _END64_PLACE.size) : at]
    if len(place) == _END64_PLACE.size and place[:4] == b"PK\x06\x07":
        end_at -= _END64_PLACE.size + _END64.size
        if end_at < 0:
            raise _Damaged("its table of contents is missing")
        end64 = _END64.unpack(file.peek(end_at, _END64.size))
        if end64[0] != b"PK\x06\x06":
            raise _Damaged("its table of contents is damaged")
        size, start = end64[8], end64[9]
    # what was put in front of the zip moved everything
    shift = end_at - size - start
    if shift < 0:
        raise _Damaged("its table of contents lies outside of it")
    if size > _MOST_TABLE_BYTES:
        raise _Damaged(f"its table of contents claims {size:,} bytes")
    return start + shift, size, shift


def _entries(table: bytes, shift: int) -> list[tuple[str, Member]]:
    found: list[tuple[str, Member]] = []
    at = 0
    while at < len(table) and len(found) <= MOST_MEMBERS:
        entry = _ENTRY.unpack_from(table, at)
        if entry[0] != b"PK\x01\x02":
            raise _Damaged("its table of contents is damaged")
        flags, method, crc, packed, size = entry[5], entry[6], *entry[9:12]
        name_length, extra_length, comment_length = entry[12:15]
        start = entry[18]
        at += _ENTRY.size
        name = table[at : at + name_length]
        at += name_length
        if _FULL in (size, packed, start):
            extra = table[at : at + extra_length]
            size, packed, start = _long(extra, size, packed, start)
        at += extra_length + comment_length
        if name.endswith(b"/"):
            continue
        text = name.decode("utf-8" if flags & _UTF8 else "cp437")
        found.append((text, Member(start + shift, packed, size, crc, method, flags, 0)))
    return found


def _long(extra: bytes, *values: int) -> tuple[int, ...]:
    """Sizes and offset of a member beyond 4 GiB, from its extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            numbers = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            if len(numbers) < values.count(_FULL):
                break
            return tuple(numbers.pop(0) if v == _FULL else v for v in values)
        at += 4 + length
    raise _Damaged("the size of a member is missing")


def _checked(
    found: list[tuple[str, Member]], end: int, file: Bytes
) -> dict[str, Member]:
    """Members that neither overlap nor reach into the table behind them."""
    following = end
    order = sorted(range(len(found)), key=lambda n: found[n][1].start, reverse=True)
    for number in order:
        name, member = found[number]
        room = following - member.start
        if member.start < 0 or room < _HEADER.size + member.packed:
            raise UnreadableFile(
                f"{name!r} in {file.where} overlaps with what follows it; the file is "
                "damaged, or made to do harm."
            )
        following = member.start
        found[number] = (name, member._replace(room=room))
    return dict(found)  # of a member written twice, the last
