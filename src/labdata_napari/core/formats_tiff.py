"""TIFF in its dialects: OME, ImageJ, tifffile's own, plain; the only file on tifffile.

tifffile finds pages and metadata; pixels are read here, one positioned read per
strip or tile, so that one plane of a file of any size costs one plane, from any
number of threads. Segments are decoded by the page's own public ``decode``.
"""

from __future__ import annotations

import math
import struct
import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from labdata_napari.core.file_bytes import OpenFile, OpenFiles
from labdata_napari.core.lazy import ChunkCache, LazyArray, each, gather
from labdata_napari.core.sources import Source
from labdata_napari.core.tiff_metadata import Described, describe, missing_companions
from labdata_napari.errors import LabdataError, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.lazy import Reader

# What tifffile and imagecodecs raise on damaged input (imagecodecs' are RuntimeErrors).
_ERRORS = (
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


class _Place(NamedTuple):
    """Where the segments of one page are."""

    path: Path
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    keyframe: Any


class _Pages:
    """The pages of one series, located on first use. Safe from several threads."""

    def __init__(self, series: Any, path: Path, lock: threading.Lock) -> None:
        self.series = series
        self.path = path
        self.files = OpenFiles()
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
                return _Place(
                    self.path.parent / page.parent.filehandle.name
                    if page.parent.filehandle.name != self.path.name
                    else self.path,
                    tuple(page.dataoffsets),
                    tuple(page.databytecounts),
                    page.keyframe,
                )
        except _ERRORS as error:
            raise UnreadableFile(
                f"Plane {number} of {self.path} cannot be found ({error}); the file is "
                "cut short or damaged, copy it again."
            ) from error
        raise UnreadableFile(
            f"Plane {number} is missing from {self.path}; the file was not written "
            "completely."
        )

    def bytes_at(self, place: _Place, offset: int, count: int) -> bytes:
        """Bytes of a page's file."""
        return self.files.get(place.path).read(offset, count)


class _PageReader:
    """What both ways to read have in common: the pages and their shape.

    The shape is ``(*lead, separate samples, depth, Y, X, samples)``: `lead` says how
    the pages follow one another, the rest is one page as TIFF defines it.
    """

    def __init__(self, pages: _Pages, lead: tuple[int, ...]) -> None:
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


class SegmentReader(_PageReader):
    """Reads the strips or tiles a box touches; each is decoded as one piece."""

    def __init__(self, pages: _Pages, lead: tuple[int, ...]) -> None:
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
        return gather(selection, self.chunks, self.dtype, self._decode, self._cache)

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
        except _ERRORS as error:
            raise UnreadableFile(
                f"Plane {page} of {place.path} is damaged ({error}); copy it again."
            ) from error
        return voxels.astype(self.dtype, copy=False)


class RowReader(_PageReader):
    """Reads rows of uncompressed pages: a y slice costs one row of each plane.

    `start` is the byte at which all pages follow one another, or None where each
    page tells its own.
    """

    def __init__(
        self, pages: _Pages, lead: tuple[int, ...], start: int | None = None
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
        out = np.empty(tuple(len(r) for r in selection), self.dtype)
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
        each(fill, iter(np.ndindex(planes)), math.prod(planes), out.nbytes)
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
                    f"Plane {page} of {place.path} is too short; copy the file again."
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


def open_tiff(path: Path) -> Source:
    """Open the first image series of a TIFF of any dialect.

    Raises
    ------
    UnreadableFile
        If the file is cut short, lacks pages or companion files, or holds no image.
    """
    _check_chain(path)
    import tifffile

    try:
        tif = tifffile.TiffFile(path)
    except _ERRORS as error:
        raise UnreadableFile(
            f"{path} is no readable TIFF ({error}); it is cut short or damaged."
        ) from error
    try:
        return _source(tif, path)
    except LabdataError:
        tif.close()
        raise
    except _ERRORS as error:
        tif.close()
        raise UnreadableFile(f"{path} is no readable TIFF ({error}).") from error


def _source(tif: Any, path: Path) -> Source:
    described = describe(tif)
    lost = missing_companions(tif, path)
    if lost:
        raise UnreadableFile(
            f"{path} is one part of an image; its other part {lost[0]} is missing; put "
            "the parts into one folder."
        )
    if not tif.series:
        raise UnreadableFile(f"{path} is a TIFF without an image in it.")
    series = tif.series[0]
    if described.format == "OME-TIFF" and series.kind != "ome":
        # tifffile could not match pages with the description and left it aside.
        if described.planes is not None and described.planes > len(tif.pages):
            raise UnreadableFile(
                f"{path} should hold {described.planes} planes but holds "
                f"{len(tif.pages)}; it is not complete."
            )
        described = replace(described, format="TIFF")
    lock = threading.Lock()
    data = _array(series, path, lock)
    weakref.finalize(data.reader, tif.close)
    axes = _axes(series, described)
    levels = tuple(
        _array(level, path, lock)
        for level in series.levels[1:]
        if level.get_axes(squeeze=False) == series.get_axes(squeeze=False)
    )
    for level in levels:
        weakref.finalize(level.reader, _keep, tif)
    return Source(
        path,
        described.format,
        data,
        axes,
        described.um,
        described.channel_names,
        described.channel_wavelengths_nm,
        described.frame_rate,
        levels,
        lambda lead: _refolded(series, path, lock, lead),
    )


def _keep(tif: Any) -> None:
    """Hold the TiffFile as long as a level that locates its pages through it."""


def _axes(series: Any, described: Described) -> str:
    """Letters of the unsqueezed series; ``I`` where only the number is known."""
    letters = str(series.get_axes(squeeze=False)).upper()
    if described.format in ("OME-TIFF", "ImageJ TIFF"):
        sure = "TPZCYXS"
    else:
        sure = (described.axes or "Z") + "YXS"
    return "".join(c if c in sure else "I" for c in letters)


def _array(series: Any, path: Path, lock: threading.Lock) -> LazyArray:
    """View of a series in its unsqueezed axes."""
    key = series.keyframe
    if series.transform is not None or key.dtype is None:
        raise UnreadableFile(f"{path} holds pixels of a type that is not supported.")
    shape = tuple(int(n) for n in series.get_shape(squeeze=False))
    lead, trailing = _split_axes(series, shape, path)
    pages = _Pages(series, path, lock)
    return _view(_reader(pages, lead, path), len(lead), trailing)


def _refolded(
    series: Any, path: Path, lock: threading.Lock, lead: tuple[int, ...]
) -> LazyArray:
    """Lay the same pages out over other axes: ``(*lead, Y, X)``."""
    shape = tuple(int(n) for n in series.get_shape(squeeze=False))
    stored, trailing = _split_axes(series, shape, path)
    if math.prod(stored) != math.prod(lead) or [a for a in trailing if a] != ["Y", "X"]:
        raise UnreadableFile(f"The planes of {path} cannot be laid out as {lead}.")
    pages = _Pages(series, path, lock)
    data = _view(_reader(pages, lead, path), len(lead), ["Y", "X"])
    weakref.finalize(data.reader, _keep, series.parent)
    return data


def _reader(pages: _Pages, lead: tuple[int, ...], path: Path) -> _PageReader:
    series, key = pages.series, pages.series.keyframe
    number = math.prod(lead)
    plain = bool(key.is_final)
    start = series.dataoffset if plain and not series.is_multifile else None
    if start is not None:
        reader = RowReader(pages, lead, int(start))
        end = int(start) + math.prod(reader.shape) * reader.dtype.itemsize
        _check_end(path, end)
        return reader
    if len(pages) < number:
        raise UnreadableFile(
            f"{path} should hold {number} planes but holds {len(pages)}; it is cut "
            "short, copy it again."
        )
    # The first and the last plane tell a file that was cut; the others when read.
    for page in {0, number // 2, number - 1} if number else ():
        place = pages[page]
        ends = [o + c for o, c in zip(place.offsets, place.counts, strict=True)]
        _check_end(place.path, max(ends, default=0))
    return RowReader(pages, lead) if plain else SegmentReader(pages, lead)


def _split_axes(
    series: Any, shape: tuple[int, ...], path: Path
) -> tuple[tuple[int, ...], list[str | None]]:
    """Lengths of the axes the pages run over, and letters of those within a page.

    tifffile lists axes of length one that no page has (``S`` of a grey image); they
    come back as None.
    """
    axes, page_axes = series.get_axes(squeeze=False), series.keyframe.axes
    page_shape = series.keyframe.shape
    trailing: list[str | None] = []
    left, at = len(page_axes), len(axes)
    while left:
        at -= 1
        if at < 0:
            raise UnreadableFile(
                f"{path} stores its planes in a way that is not supported."
            )
        same_letter = axes[at].upper() == page_axes[left - 1].upper()
        if shape[at] == page_shape[left - 1] and (same_letter or shape[at] != 1):
            left -= 1
            trailing.insert(0, page_axes[left])
        elif shape[at] == 1:
            trailing.insert(0, None)
        else:
            raise UnreadableFile(
                f"{path} stores its planes in a way that is not supported."
            )
    return shape[:at], trailing


def _view(reader: _PageReader, lead: int, trailing: list[str | None]) -> LazyArray:
    """View ``(*lead, *trailing)`` of a reader; page axes not named have length one."""
    separate = reader.page_shape[0] > 1
    place = {"S": 0 if separate else 4, "Z": 1, "Y": 2, "X": 3}
    order: list[int | None] = [*range(lead)]
    order += [None if a is None else lead + place[a.upper()] for a in trailing]
    index = tuple(
        range(n) if axis in order else 0 for axis, n in enumerate(reader.shape)
    )
    return LazyArray(cast("Reader", reader), index, tuple(order))


def _check_end(path: Path, end: int) -> None:
    size = path.stat().st_size
    if end > size:
        raise UnreadableFile(
            f"{path} is cut short: {size:,} bytes are there, {end:,} are needed; copy "
            "it again."
        )


def _check_chain(path: Path) -> None:
    """Follow the chain of page directories; raise where it leads out of the file.

    tifffile logs a broken chain and goes on with the pages before the break.
    """
    file = OpenFile(path)
    if file.size < 8:
        raise UnreadableFile(f"{path} is empty or too short for a TIFF.")
    head = file.read(0, 4)
    order = "<" if head[:2] == b"II" else ">"
    big = struct.unpack(order + "H", head[2:])[0] == 43
    count, entry, pointer = ("Q", 20, "Q") if big else ("H", 12, "I")
    start = file.read(8 if big else 4, struct.calcsize(pointer))
    offset = struct.unpack(order + pointer, start)[0]
    seen = set()
    while offset:
        if offset in seen:
            raise UnreadableFile(f"{path} is damaged: its pages run in a circle.")
        seen.add(offset)
        if offset >= file.size:
            raise UnreadableFile(
                f"{path} is cut short: page {len(seen)} should be at byte {offset:,} "
                f"of {file.size:,}; copy it again."
            )
        number = struct.unpack(
            order + count, file.read(offset, struct.calcsize(count))
        )[0]
        after = offset + struct.calcsize(count) + number * entry
        offset = struct.unpack(
            order + pointer, file.read(after, struct.calcsize(pointer))
        )[0]
