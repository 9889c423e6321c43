"""Look over a TIFF before tifffile believes it.

tifffile logs a broken chain of pages and goes on with those before the break, makes
lists as long as a description says, and opens whatever other files it names.
"""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, Any, Literal
from xml.etree import ElementTree

import numpy as np

from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labdata_napari.core.file_bytes import Bytes

MOST_PAGES = 2_000_000
MOST_SEGMENT_BYTES = 2 * 2**30
"""A strip or tile is read and unpacked as one piece."""

_MOST_TAGS = 4096  # tifffile's own limit
_MOST_VALUES = 2**22  # a strip for each row, a tile for each part of a slide
_MOST_TEXT = 32 * 2**20
_MOST_BYTES = 2**50
_TEXTS = (1, 2, 6, 7)  # types of one byte
# Pages at equal distances are fetched so many at a time, where that takes a network.
_PREDICTED = 64


def check_pages(file: Bytes) -> None:
    """Follow the chain of page directories.

    Raises
    ------
    UnreadableFile
        Where it leads out of the file or in a circle, or a page claims what cannot be.
    """
    if file.size < 8:
        raise UnreadableFile(f"{file.where} is empty or too short for a TIFF.")
    head = file.peek(0, 4)
    order: Literal["<", ">"] = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:])[0] == 43
    number, pointer = ("Q", "Q") if big else ("H", "I")
    count, value = ("u8", "V8") if big else ("u4", "V4")
    entry = np.dtype(
        [("tag", "u2"), ("type", "u2"), ("count", count), ("value", value)]
    ).newbyteorder(order)
    start = 8 if big else 4
    place = file.peek(start, min(struct.calcsize(pointer), file.size - start))
    seen: set[int] = set()
    ahead = _Ahead(file)
    try:
        offset = struct.unpack(order + pointer, place)[0]
        while offset:
            _check_place(file, offset, seen)
            seen.add(offset)
            ahead.at(offset)
            first = struct.calcsize(number)
            tags = struct.unpack(order + number, file.peek(offset, first))[0]
            if tags > _MOST_TAGS:
                raise UnreadableFile(
                    f"{file.where} is damaged: page {len(seen)} claims {tags:,} tags."
                )
            length = tags * entry.itemsize
            data = file.peek(offset + first, length + struct.calcsize(pointer))
            _check_tags(file, np.frombuffer(data[:length], entry), len(seen))
            offset = struct.unpack(order + pointer, data[length:])[0]
    except struct.error as error:
        raise UnreadableFile(
            f"{file.where} is cut short in its first bytes; copy it again."
        ) from error


def _check_place(file: Bytes, offset: int, seen: set[int]) -> None:
    if offset in seen:
        raise UnreadableFile(f"{file.where} is damaged: its pages run in a circle.")
    if offset >= file.size:
        raise UnreadableFile(
            f"{file.where} is cut short: page {len(seen) + 1} should be at byte "
            f"{offset:,} of {file.size:,}; copy it again."
        )
    if len(seen) >= MOST_PAGES:
        raise UnreadableFile(
            f"{file.where} has more than {MOST_PAGES:,} pages; store it as zarr."
        )


def _check_tags(file: Bytes, tags: Any, page: int) -> None:
    text = np.isin(tags["type"], _TEXTS)
    if (tags["count"] > np.where(text, _MOST_TEXT, _MOST_VALUES)).any():
        raise UnreadableFile(
            f"{file.where} is damaged: a tag of page {page} claims "
            f"{int(tags['count'].max()):,} values."
        )


class _Ahead:
    """Fetches pages before their turn, as long as they come at equal distances.

    A chain of pages is read one after the other: the place of the next is in the
    one before. Far away each costs a round trip, unless the place can be foretold.
    """

    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._last = self._step = self._fetched = -1

    def at(self, offset: int) -> None:
        """Tell where the next page is."""
        step = offset - self._last
        foretold = step == self._step > 0
        self._last, self._step = offset, step
        if foretold and offset + step > self._fetched:
            places = [offset + n * step for n in range(1, _PREDICTED + 1)]
            self._fetched = places[-1]
            # most directories are shorter than this, and may lie across a border
            self._file.prepare([p + end for p in places for end in (0, 511)])


def check_page(file: Bytes, key: Any) -> None:
    """Check the sizes that a page claims, before anything of that size is made."""
    shape = tuple(int(n) for n in key.shaped)
    itemsize = 8 if key.dtype is None else key.dtype.itemsize
    size = math.prod(shape) * itemsize
    height, width = int(key.imagelength), int(key.imagewidth)
    pixels = f"{width:,} × {height:,} pixels"
    if size > _MOST_BYTES:
        raise UnreadableFile(f"{file.where} claims {pixels}; it is damaged.")
    _, depth, _, _, samples = shape
    whole = [depth, height, width]
    if key.is_tiled:
        segment = [int(key.tiledepth), int(key.tilelength), int(key.tilewidth)]
    else:
        segment = [1, min(int(key.rowsperstrip), height), width]
    if not all(segment):
        raise UnreadableFile(f"{file.where} has pieces without pixels; it is damaged.")
    segment_bytes = math.prod(segment) * samples * itemsize
    packed = not key.is_final
    if packed and segment_bytes > MOST_SEGMENT_BYTES:
        raise UnreadableFile(
            f"{file.where} keeps {segment_bytes / 2**30:,.0f} GiB in one piece and at "
            f"most {MOST_SEGMENT_BYTES // 2**30} are read; store it in tiles."
        )
    needed = math.prod(-(-n // s) for n, s in zip(whole, segment, strict=True))
    if needed > 16 * len(key.dataoffsets) + 1024:
        raise UnreadableFile(
            f"{file.where} claims {pixels} and holds {len(key.dataoffsets):,} of "
            f"{needed:,} pieces; it is damaged."
        )


def check_ome(text: str, where: str, path: Path | None) -> None:
    """Check an OME description before tifffile makes lists and opens files from it.

    Parameters
    ----------
    text
        The XML.
    where
        The file, for messages.
    path
        The file on this computer, None where it is far away.

    Raises
    ------
    UnreadableFile
        If it defines entities, promises more planes than there can be, or names
        files outside the folder.
    """
    if len(text) > _MOST_TEXT or "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableFile(
            f"The OME description of {where} is no plain OME-XML; it is refused."
        )
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return  # it is then opened as a plain TIFF
    if any(n > MOST_PAGES for n in _promised(root)):
        raise UnreadableFile(
            f"The OME description of {where} promises more planes than a file can "
            "hold; it is damaged."
        )
    named = {
        element.attrib["FileName"]
        for element in root.iter()
        if element.tag.endswith("UUID") and element.attrib.get("FileName")
    }
    if len(named) < 2:
        return
    if path is None:
        raise UnreadableFile(
            f"{where} is one part of an image in {len(named)} files; download them all "
            "and open the local copy."
        )
    for name in named:
        if not _is_beside(path, name):
            raise UnreadableFile(
                f"{where} names the file {name!r} as a part of its image, which is not "
                "in its folder; this is refused."
            )


def _promised(root: ElementTree.Element) -> Iterator[float]:
    """Numbers that become lengths of lists."""
    for element in root.iter():
        get, kind = element.attrib.get, element.tag.rpartition("}")[2]
        if kind == "Pixels":
            yield math.prod(_whole(get(f"Size{axis}", "1")) for axis in "ZCT")
        elif kind == "TiffData":
            for name in (
                "IFD",
                "NumPlanes",
                "PlaneCount",
                "FirstZ",
                "FirstC",
                "FirstT",
            ):
                yield _whole(get(name, "0"))
        elif kind.startswith("ModuloAlong") and get("Start") is not None:
            step = abs(_real(get("Step", "1")))
            length = abs(_real(get("End", "0")) - _real(get("Start", "0")))
            yield length / step if step else 0.0


def _whole(text: str) -> int:
    try:
        return abs(int(text))
    except ValueError:
        return 0


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _is_beside(path: Path, name: str) -> bool:
    """Whether a name is one of a file in the folder of `path`, links followed."""
    if name != os.path.basename(name) or "\\" in name or "\0" in name:
        return False
    folders = {os.path.realpath(path.parent), os.path.dirname(os.path.realpath(path))}
    return os.path.dirname(os.path.realpath(path.parent / name)) in folders
