"""Read the pages of a TIFF: rows where they are plain, strips or tiles otherwise."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from labdata_napari.core.chunk_cache import ChunkCache
from labdata_napari.core.file_bytes import OpenFiles
from labdata_napari.core.lazy import each, gather, room_for
from labdata_napari.errors import LabdataError, UnreadableFile

if TYPE_CHECKING:
    import threading

    from numpy.typing import NDArray

    from labdata_napari.core.file_bytes import Bytes, Data

# What tifffile and imagecodecs raise on damaged input (imagecodecs' are RuntimeErrors).
TIFF_ERRORS = (
    ValueError,
    RuntimeError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    ArithmeticError,
    MemoryError,
    AssertionError,
    struct.error,
)


class ImageFiles:
    """The file of an image, and others beside it that hold parts of it."""

    def __init__(self, main: Bytes, path: Path | None) -> None:
        self.main = main
        self.where = main.where
        self.far = path is None
        self._others = OpenFiles()

    def get(self, path: str | None) -> Bytes:
        """Return the file at a path, the main one for None."""
        return self.main if path is None else self._others.get(Path(path))


class _Place(NamedTuple):
    """Where the segments of one page are."""

    path: str | None  # of another file than the main one
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    keyframe: Any


class Pages:
    """The pages of one series, located on first use. Safe from several threads."""

    def __init__(self, series: Any, files: ImageFiles, lock: threading.Lock) -> None:
        self.series = series
        self.files = files
        self.where = files.where
        self._lock = lock  # tifffile's own file handle is shared by all levels
        self._known: dict[int, _Place] = {}

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, number: int) -> _Place:
        place = self._known.get(number)
        if place is None:
            with self._lock:
                place = self._known[number] = self._locate(number)
        return place

    def _locate(self, number: int) -> _Place:
        try:
            page = self.series[number]
            if page is not None:
                here = self.series.parent.filehandle.path
                path = page.parent.filehandle.path
                return _Place(
                    None if self.files.far or path == here else path,
                    tuple(page.dataoffsets),
                    tuple(page.databytecounts),
                    page.keyframe,
                )
        except LabdataError:
            raise
        except TIFF_ERRORS as error:
            raise UnreadableFile(
                f"Plane {number} of {self.where} cannot be found ({error}); the file "
                "is cut short or damaged, copy it again."
            ) from error
        raise UnreadableFile(
            f"Plane {number} is missing from {self.where}; the file was not written "
            "completely."
        )

    def named(self, place: _Place) -> str:
        """Return the file that holds a page, for messages."""
        return place.path or self.where

    def bytes_at(self, place: _Place, offset: int, count: int) -> Data:
        """Bytes of a page's file."""
        return self.files.get(place.path).read(offset, count)


class PageReader:
    """What both ways to read have in common: the pages and their shape.

    The shape is ``(*lead, separate samples, depth, Y, X, samples)``: `lead` says how
    the pages follow one another, the rest is one page as TIFF defines it.
    """

    def __init__(self, pages: Pages, lead: tuple[int, ...]) -> None:
        key = pages.series.keyframe
        self._pages = pages
        self._lead = lead
        self.page_shape: tuple[int, ...] = tuple(int(n) for n in key.shaped)
        self.shape = (*lead, *self.page_shape)
        self.dtype: np.dtype[Any] = np.dtype(pages.series.dtype).newbyteorder("=")

    def _page(self, number: tuple[int, ...]) -> int:
        page = 0
        for n, length in zip(number, self._lead, strict=False):
            page = page * length + n
        return page


class SegmentReader(PageReader):
    """Reads the strips or tiles a box touches; each is decoded as one piece."""

    def __init__(self, pages: Pages, lead: tuple[int, ...]) -> None:
        super().__init__(pages, lead)
        key = pages.series.keyframe
        separate, depth, length, width, samples = self.page_shape
        if key.is_tiled:
            segment = (key.tiledepth, key.tilelength, key.tilewidth)
        else:
            segment = (1, min(key.rowsperstrip, length), width)
        self.chunks = (*(1 for _ in lead), 1, *segment, samples)
        counts = (
            -(-n // s) for n, s in zip((depth, length, width), segment, strict=True)
        )
        self._grid = (separate, *counts)  # segments of a page, in stored order
        self._cache = ChunkCache()

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile naming plane and file."""
        return gather(
            selection,
            self.chunks,
            self.dtype,
            self._decode,
            self._cache,
            far=self._pages.files.far,
        )

    def _decode(self, number: tuple[int, ...]) -> NDArray[Any]:
        lead = len(self._lead)
        page = self._page(number)
        place = self._pages[page]
        index = int(np.ravel_multi_index(number[lead : lead + 4], self._grid))
        key = place.keyframe
        try:
            offset, count = place.offsets[index], place.counts[index]
            data = self._pages.bytes_at(place, offset, count) if count else None
            tables = {
                name: value
                for name in ("jpegtables", "jpegheader")
                if (value := getattr(key, name, None)) is not None
            }
            found, _, shape = key.decode(data, index, **tables)
            if found is None:
                return np.full(self.chunks, key.nodata, self.dtype)
            voxels = np.asarray(found).reshape(*(1 for _ in self._lead), 1, *shape)
        except LabdataError:
            raise
        except TIFF_ERRORS as error:
            raise UnreadableFile(
                f"Plane {page} of {self._pages.named(place)} is damaged ({error}); "
                "copy it again."
            ) from error
        return voxels.astype(self.dtype, copy=False)


class RowReader(PageReader):
    """Reads rows of uncompressed pages: a y slice costs one row of each plane.

    `start` is the byte at which all pages follow one another, or None where each
    page tells its own.
    """

    def __init__(
        self, pages: Pages, lead: tuple[int, ...], start: int | None = None
    ) -> None:
        super().__init__(pages, lead)
        _, _, length, width, samples = self.page_shape
        self.chunks = (*(1 for _ in lead), 1, 1, length, width, samples)
        self._start = start
        order = pages.series.keyframe.parent.byteorder
        self._stored = np.dtype(pages.series.dtype).newbyteorder(order)
        self._row_bytes = width * samples * self._stored.itemsize
        self._page_bytes = math.prod(self.page_shape) * self._stored.itemsize

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile where the file ends too early."""
        out = room_for(selection, self.dtype)
        if not out.size:
            return out
        lead = len(self._lead)
        _, depth, length, _, _ = self.page_shape
        *outer, rows, columns, samples = selection

        def fill(at: tuple[int, ...]) -> None:
            number = tuple(r[i] for r, i in zip(outer, at, strict=True))
            first = (number[lead] * depth + number[lead + 1]) * length
            plane = self._rows(self._page(number[:lead]), first, rows)
            out[at] = plane[:, _slice(columns)][:, :, _slice(samples)]

        planes = tuple(len(r) for r in outer)
        far = self._pages.files.far
        each(fill, iter(np.ndindex(planes)), math.prod(planes), out.nbytes, far)
        return out

    def _rows(self, page: int, first: int, rows: range) -> NDArray[Any]:
        """Rows of a page, ``(rows, X, samples)``; `first` counts rows before them."""
        if self._start is not None:
            place = self._pages[0]
            start = self._start + page * self._page_bytes
        else:
            place = self._pages[page]
            start = place.offsets[0]
            if place.offsets[-1] + place.counts[-1] - start < self._page_bytes:
                raise UnreadableFile(
                    f"Plane {page} of {self._pages.named(place)} is too short; copy "
                    "the file again."
                )
        start += first * self._row_bytes
        if rows.step < 8:  # a few rows too many cost less than a read for each
            span = (rows[-1] - rows[0] + 1) * self._row_bytes
            data = self._pages.bytes_at(place, start + rows[0] * self._row_bytes, span)
            step = rows.step
        else:
            data = b"".join(
                self._pages.bytes_at(place, at, self._row_bytes)
                for at in (start + r * self._row_bytes for r in rows)
            )
            step = 1
        voxels = np.frombuffer(data, self._stored)
        return voxels.reshape(-1, *self.page_shape[3:])[::step]


def _slice(indices: range) -> slice:
    return slice(indices.start, indices[-1] + 1, indices.step)
