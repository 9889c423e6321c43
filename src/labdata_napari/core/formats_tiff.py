"""TIFF in its dialects: OME, ImageJ, tifffile's own, plain; the only file on tifffile.

tifffile finds pages and metadata; pixels are read here, one positioned read per
strip or tile, so that one plane of a file of any size costs one plane, from any
number of threads. Segments are decoded by the page's own public ``decode``.
"""

from __future__ import annotations

import io
import math
import os
import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.sources import Source
from labdata_napari.core.tiff_check import check_ome, check_page, check_pages
from labdata_napari.core.tiff_metadata import Described, describe, missing_companions
from labdata_napari.core.tiff_pages import (
    TIFF_ERRORS,
    ImageFiles,
    PageReader,
    Pages,
    RowReader,
    SegmentReader,
)
from labdata_napari.errors import LabdataError, UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.file_bytes import Bytes
    from labdata_napari.core.lazy import Reader


def open_tiff(file: Bytes, path: Path | None) -> Source:
    """Open the first image series of a TIFF of any dialect.

    Parameters
    ----------
    file
        Its bytes.
    path
        Where it is on this computer, None where it is far away.

    Raises
    ------
    UnreadableFile
        If the file is cut short, lacks pages or companion files, holds no image, or
        claims what cannot be.
    """
    check_pages(file)
    import tifffile

    try:
        tif = tiff_from_afar(file) if path is None else tifffile.TiffFile(path)
    except LabdataError:
        raise
    except TIFF_ERRORS as error:
        raise UnreadableFile(
            f"{file.where} is no readable TIFF ({error}); it is cut short or damaged."
        ) from error
    try:
        return _source(tif, ImageFiles(file, path), path)
    except LabdataError:
        tif.close()
        raise
    except TIFF_ERRORS as error:
        tif.close()
        raise UnreadableFile(f"{file.where} is no readable TIFF ({error}).") from error


def _source(tif: Any, files: ImageFiles, path: Path | None) -> Source:
    where = files.where
    check_page(files.main, tif.pages[0])
    if tif.is_ome and tif.ome_metadata:
        check_ome(tif.ome_metadata, where, path)
    described = describe(tif)
    lost = missing_companions(tif, path)
    if lost:
        raise UnreadableFile(
            f"{where} is one part of an image; its other part {lost[0]} is missing; "
            "put the parts into one folder."
        )
    if not tif.series:
        raise UnreadableFile(f"{where} is a TIFF without an image in it.")
    series = tif.series[0]
    if described.format == "OME-TIFF" and series.kind != "ome":
        # tifffile could not match pages with the description and left it aside.
        if described.planes is not None and described.planes > len(tif.pages):
            raise UnreadableFile(
                f"{where} should hold {described.planes} planes but holds "
                f"{len(tif.pages)}; it is not complete."
            )
        described = replace(described, format="TIFF")
    lock = threading.Lock()
    data = _array(series, files, lock)
    weakref.finalize(data.reader, tif.close)
    axes = _axes(series, described)
    levels = tuple(
        _array(level, files, lock)
        for level in series.levels[1:]
        if level.get_axes(squeeze=False) == series.get_axes(squeeze=False)
    )
    for level in levels:
        weakref.finalize(level.reader, _keep, tif)
    return Source(
        where,
        described.format,
        data,
        axes,
        described.um,
        described.channel_names,
        described.channel_wavelengths_nm,
        described.frame_rate,
        levels,
        lambda lead: _refolded(series, files, lock, lead),
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


def _array(series: Any, files: ImageFiles, lock: threading.Lock) -> LazyArray:
    """View of a series in its unsqueezed axes."""
    key = series.keyframe
    check_page(files.main, key)
    if series.transform is not None or key.dtype is None:
        raise UnreadableFile(
            f"{files.where} holds pixels of a type that is not supported."
        )
    shape = tuple(int(n) for n in series.get_shape(squeeze=False))
    lead, trailing = _split_axes(series, shape, files.where)
    pages = Pages(series, files, lock)
    return _view(_reader(pages, lead), len(lead), trailing)


def _refolded(
    series: Any, files: ImageFiles, lock: threading.Lock, lead: tuple[int, ...]
) -> LazyArray:
    """Lay the same pages out over other axes: ``(*lead, Y, X)``."""
    shape = tuple(int(n) for n in series.get_shape(squeeze=False))
    stored, trailing = _split_axes(series, shape, files.where)
    if math.prod(stored) != math.prod(lead) or [a for a in trailing if a] != ["Y", "X"]:
        raise UnreadableFile(
            f"The planes of {files.where} cannot be laid out as {lead}."
        )
    pages = Pages(series, files, lock)
    data = _view(_reader(pages, lead), len(lead), ["Y", "X"])
    weakref.finalize(data.reader, _keep, series.parent)
    return data


def _reader(pages: Pages, lead: tuple[int, ...]) -> PageReader:
    series, key = pages.series, pages.series.keyframe
    number = math.prod(lead)
    plain = bool(key.is_final)
    start = series.dataoffset if plain and not series.is_multifile else None
    if start is not None:
        reader = RowReader(pages, lead, int(start))
        end = int(start) + math.prod(reader.shape) * reader.dtype.itemsize
        _check_end(pages.files.main, end)
        return reader
    if len(pages) < number:
        raise UnreadableFile(
            f"{pages.where} should hold {number} planes but holds {len(pages)}; it is "
            "cut short, copy it again."
        )
    # The first and the last plane tell a file that was cut; the others when read.
    for page in {0, number // 2, number - 1} if number else ():
        place = pages[page]
        ends = [o + c for o, c in zip(place.offsets, place.counts, strict=True)]
        _check_end(pages.files.get(place.path), max(ends, default=0))
    return RowReader(pages, lead) if plain else SegmentReader(pages, lead)


def _split_axes(
    series: Any, shape: tuple[int, ...], where: str
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
                f"{where} stores its planes in a way that is not supported."
            )
        same_letter = axes[at].upper() == page_axes[left - 1].upper()
        if shape[at] == page_shape[left - 1] and (same_letter or shape[at] != 1):
            left -= 1
            trailing.insert(0, page_axes[left])
        elif shape[at] == 1:
            trailing.insert(0, None)
        else:
            raise UnreadableFile(
                f"{where} stores its planes in a way that is not supported."
            )
    return shape[:at], trailing


def _view(reader: PageReader, lead: int, trailing: list[str | None]) -> LazyArray:
    """View ``(*lead, *trailing)`` of a reader; page axes not named have length one."""
    separate = reader.page_shape[0] > 1
    place = {"S": 0 if separate else 4, "Z": 1, "Y": 2, "X": 3}
    order: list[int | None] = [*range(lead)]
    order += [None if a is None else lead + place[a.upper()] for a in trailing]
    index = tuple(
        range(n) if axis in order else 0 for axis, n in enumerate(reader.shape)
    )
    return LazyArray(cast("Reader", reader), index, tuple(order))


def _check_end(file: Bytes, end: int) -> None:
    if end > file.size:
        raise UnreadableFile(
            f"{file.where} is cut short: {file.size:,} bytes are there, {end:,} are "
            "needed; copy it again."
        )


def tiff_from_afar(file: Bytes) -> Any:
    """Open a remote TIFF as a `tifffile.TiffFile`; reads its first page."""
    import tifffile

    return tifffile.TiffFile(_Stream(file), name=file.where.rpartition("/")[2])


class _Stream(io.RawIOBase):
    """A remote file as tifffile wants it: with a position."""

    def __init__(self, file: Bytes) -> None:
        self._file = file
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._file.size}
        self._at = max(0, start[whence] + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._file.size - self._at))
        view[:count] = self._file.peek(self._at, count)
        self._at += count
        return count
