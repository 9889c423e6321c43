"""Write a tiled, pyramidal OME-TIFF by appending, so that it can be gone on with.

First come the compressed tiles, page after page: of each page at full resolution and
then of its coarser copies. The directories that make a TIFF of them are written last,
in one block, and then the first bytes of the file point to them. Until then a run that
was killed can be continued after any page, and nothing mistakes the file for a whole
one. (tifffile writes a page's directory with the page, and cannot go on with a file.)

TIFF 6.0, BigTIFF, and OME-TIFF's sub-resolutions: coarser copies of a page in its
SubIFDs.
"""

from __future__ import annotations

import itertools
import math
import os
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np

from labdata_napari.core.halving import area_means, as_type, float_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

TILE = 256
_BIG_BYTES = 2 << 30  # offsets of a plain TIFF end at 4 GB
_SMALLEST = 512  # a page whose sides are at most this long needs no coarser copy
_ASCII, _SHORT, _LONG, _RATIONAL, _IFD, _LONG8, _IFD8 = 2, 3, 4, 5, 13, 16, 18
_FORMATS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


@dataclass(frozen=True)
class Pages:
    """How an array lies in the pages of a TIFF.

    Attributes
    ----------
    shape, axes
        What the file declares.
    page
        Rows, columns and, where there are any, samples of one page.
    dtype
        Of the voxels, little-endian.
    pyramid
        Whether pages get coarser copies where they are large.
    """

    shape: tuple[int, ...]
    axes: str
    page: tuple[int, ...]
    dtype: np.dtype[Any]
    pyramid: bool = True

    @property
    def count(self) -> int:
        """Number of pages."""
        return math.prod(self.shape) // math.prod(self.page)

    @property
    def samples(self) -> int:
        """Values per pixel."""
        return self.page[2] if len(self.page) == 3 else 1

    @property
    def size_bytes(self) -> int:
        """Bytes of the voxels, uncompressed, without the coarser copies."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def big(self) -> bool:
        """Whether it must be a BigTIFF."""
        return self.size_bytes > _BIG_BYTES

    @property
    def header_bytes(self) -> int:
        """Where the first tile begins."""
        return 16 if self.big else 8

    def levels(self) -> list[tuple[int, int]]:
        """Rows and columns of a page and of its coarser copies, finest first.

        An odd length is rounded up; all span the same edges.
        """
        sizes = [(self.page[0], self.page[1])]
        while self.pyramid and max(sizes[-1]) > _SMALLEST:
            rows, columns = sizes[-1]
            sizes.append((-(-rows // 2), -(-columns // 2)))
        return sizes

    def tile(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the tiles of a level: as few as do, as small as do.

        A page a little over a tile's length would else be padded to two.
        """
        rows, columns = (_tile_length(n) for n in size)
        return rows, columns

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """How many tiles a level has along its rows and columns."""
        rows, columns = (-(-n // t) for n, t in zip(size, self.tile(size), strict=True))
        return rows, columns

    def tiles_per_page(self) -> int:
        """Tiles of a page and its coarser copies together."""
        return sum(math.prod(self.grid(size)) for size in self.levels())


def _tile_length(length: int) -> int:
    """Length of equal tiles: at most `TILE`, a multiple of 16 as TIFF wants it."""
    tiles = -(-length // TILE)
    return -(-length // (16 * tiles)) * 16


def coarser_copies(
    page: NDArray[Any], sizes: Sequence[tuple[int, int]]
) -> Iterator[NDArray[Any]]:
    """Yield a page and its coarser copies, area means of the one before."""
    yield page
    means = page.astype(float_type(page.dtype))
    for rows, columns in sizes[1:]:
        means = area_means(area_means(means, rows, 0), columns, 1)
        yield np.ascontiguousarray(as_type(means, page.dtype))


def tiles_of(image: NDArray[Any], tile: tuple[int, int]) -> Iterator[NDArray[Any]]:
    """Cut an image into tiles, row by row; those at the border are filled with 0."""
    height, width = tile
    for y in range(0, image.shape[0], height):
        for x in range(0, image.shape[1], width):
            part = image[y : y + height, x : x + width]
            if part.shape[:2] != tile:
                whole = np.zeros((height, width, *image.shape[2:]), image.dtype)
                whole[: part.shape[0], : part.shape[1]] = part
                part = whole
            yield np.ascontiguousarray(part)


def compress(tile: NDArray[Any]) -> bytes:
    """Deflate a tile; every TIFF reader inflates it.

    Whole numbers are replaced by their differences along the row first: at the lowest
    level of compression that gives smaller files, in half the time, than the highest
    usual one without.
    """
    if not _differences(tile.dtype):
        return bytes(imagecodecs.deflate_encode(tile.tobytes(), level=4))
    steps = imagecodecs.delta_encode(tile, axis=1)
    return bytes(imagecodecs.deflate_encode(steps.tobytes(), level=1))


def _differences(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "ui"


def write_header(file: BinaryIO, pages: Pages, directory: int = 0) -> None:
    """Write the first bytes, which point to the first directory; 0 for none yet."""
    file.seek(0)
    if pages.big:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory))
    else:
        file.write(struct.pack("<2sHI", b"II", 42, directory))


def write_directories(
    file: BinaryIO,
    pages: Pages,
    counts: Iterable[int],
    description: str,
    software: str,
    um_per_pixel: tuple[float, float] | None,
) -> None:
    """Make a TIFF of a header and tiles, from the end of the tiles on.

    Parameters
    ----------
    file
        Open for reading and writing, at the end of the last tile.
    pages
        The layout.
    counts
        Bytes of every tile: page by page, level by level.
    description, software
        Of the first page: the OME-XML, and who wrote it.
    um_per_pixel
        Of a page's rows and columns in µm; None where unknown.
    """
    file.write(b"\0" * (file.tell() % 2))
    sizes = pages.levels()
    offset, numbers = pages.header_bytes, iter(counts)
    first = 0
    previous: int | None = None
    for number in range(pages.count):
        levels = []
        for size in sizes:
            tiles = list(itertools.islice(numbers, math.prod(pages.grid(size))))
            starts = [offset, *(offset + n for n in itertools.accumulate(tiles))]
            levels.append((size, starts[:-1], tiles))
            offset = starts[-1]
        coarse = []
        for level in levels[1:]:
            tags = _tags(pages, *level, reduced=True)
            coarse.append(_append(file, tags, pages.big))
        tags = _tags(pages, *levels[0], reduced=False)
        if number == 0:
            tags += [_text(270, description), _text(305, software)]
        if coarse:
            tags.append(_numbers(330, _IFD8 if pages.big else _IFD, coarse))
        if um_per_pixel is not None:
            tags += _resolution(um_per_pixel)
        at = _append(file, tags, pages.big)
        if previous is None:
            first = at
        else:
            _point(file, previous, at, pages.big)
        previous = at
    _flush(file)
    write_header(file, pages, first)
    _flush(file)


_Tag = tuple[int, int, int, bytes]  # code, type, how many values, their bytes


def _tags(
    pages: Pages,
    size: tuple[int, int],
    offsets: list[int],
    counts: list[int],
    *,
    reduced: bool,
) -> list[_Tag]:
    rows, columns = size
    height, width = pages.tile(size)
    samples = pages.samples
    bits = pages.dtype.itemsize * 8
    tags = [
        _numbers(254, _LONG, [int(reduced)]),
        _numbers(256, _LONG, [columns]),
        _numbers(257, _LONG, [rows]),
        _numbers(258, _SHORT, [bits] * samples),
        _numbers(259, _SHORT, [8]),  # deflate
        _numbers(262, _SHORT, [1]),  # 0 is black
        _numbers(277, _SHORT, [samples]),
        _numbers(284, _SHORT, [1]),  # samples of a pixel together
        _numbers(317, _SHORT, [2 if _differences(pages.dtype) else 1]),
        _numbers(322, _SHORT, [width]),
        _numbers(323, _SHORT, [height]),
        _numbers(324, _LONG8 if pages.big else _LONG, offsets),
        _numbers(325, _LONG, counts),
        _numbers(339, _SHORT, [_SAMPLE_FORMATS[pages.dtype.kind]] * samples),
    ]
    if samples > 1:
        tags.append(_numbers(338, _SHORT, [0] * (samples - 1)))
    return tags


def _resolution(um_per_pixel: tuple[float, float]) -> list[_Tag]:
    y, x = um_per_pixel
    tags = [_numbers(296, _SHORT, [3])]  # per centimetre
    for code, um in ((282, x), (283, y)):
        per_cm = Fraction(1e4 / um)
        # both parts must fit into 32 bits
        most = max(1, int((2**32 - 1) / max(1.0, float(per_cm) + 1)))
        near = per_cm.limit_denominator(most)
        if not 0 < near.numerator < 2**32:
            return []
        value = struct.pack("<II", near.numerator, near.denominator)
        tags.append((code, _RATIONAL, 1, value))
    return tags


def _numbers(code: int, kind: int, values: Sequence[int]) -> _Tag:
    return (
        code,
        kind,
        len(values),
        struct.pack(f"<{len(values)}{_FORMATS[kind]}", *values),
    )


def _text(code: int, text: str) -> _Tag:
    data = text.encode() + b"\0"
    return code, _ASCII, len(data), data


def _append(file: BinaryIO, tags: list[_Tag], big: bool) -> int:
    """Write a directory and what does not fit into it; return where it begins."""
    at = file.tell()
    number, entry, place, room = (
        ("<Q", "<HHQ", "<Q", 8) if big else ("<H", "<HHI", "<I", 4)
    )
    head = struct.pack(number, len(tags))
    beyond = at + len(head) + len(tags) * (struct.calcsize(entry) + room) + room
    body, extra = b"", b""
    for code, kind, count, data in sorted(tags):
        body += struct.pack(entry, code, kind, count)
        if len(data) <= room:
            body += data.ljust(room, b"\0")
        else:
            body += struct.pack(place, beyond + len(extra))
            extra += data + b"\0" * (len(data) % 2)
    file.write(head + body + struct.pack(place, 0) + extra)
    return at


def _point(file: BinaryIO, directory: int, following: int, big: bool) -> None:
    """Let a directory name the next one."""
    end = file.tell()
    number, entry, place = ("<Q", 20, "<Q") if big else ("<H", 12, "<I")
    file.seek(directory)
    (tags,) = struct.unpack(number, file.read(struct.calcsize(number)))
    file.seek(tags * entry, os.SEEK_CUR)
    file.write(struct.pack(place, following))
    file.seek(end)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
