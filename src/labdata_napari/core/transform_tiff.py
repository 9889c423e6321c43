"""A transform as an OME-TIFF that labdata's own reader and every other one opens.

* The array in the result's own axis order: `tifffile.imread` gives the shape that the
  row stores (less axes of length one, as it always does).
* OME metadata: voxel size in µm, channel names, and our parameters as JSON in the
  image's description. Channels come as C where they are the first or second axis, and
  as samples where they are last. OME knows no image whose rows are channels: channels
  as the third axis are written as "TZYX" and only the JSON says what they are.
* Tiles of at most 256, compressed with zlib (whole numbers as differences), as every
  TIFF reader knows; coarser copies of pages over 512 pixels, each half the one before;
  BigTIFF from 2 GB.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import uuid
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import tifffile

from labdata_napari import __version__
from labdata_napari.core.sums import crc32
from labdata_napari.core.threads import counted, in_order
from labdata_napari.core.tiff_writer import (
    Pages,
    coarser_copies,
    compress,
    tiles_of,
    write_directories,
    write_header,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.threads import Step
    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_run import Record

NOTE = "labdata-napari transform"
_SOFTWARE = f"labdata-napari {__version__}"
_BUFFER = 1 << 20
_LARGE_PAGE = 1 << 23  # above so many pixels no two are halved at a time


class TiffSink:
    """Takes slabs one after another and makes them an OME-TIFF.

    Parameters
    ----------
    path
        Where to write.
    plan, dtype
        What comes.
    note
        What is known about it, kept in the description; ``channel_names`` are told to
        everybody.
    threads
        How many compress.
    """

    def __init__(
        self,
        path: Path,
        plan: Plan,
        dtype: np.dtype[Any],
        note: Mapping[str, Any],
        threads: int,
    ) -> None:
        self._path = path
        self._plan = plan
        self._note = note
        self._threads = threads
        over_time = note.get("first_axis") == "time"
        self._layout = pages_of(plan, dtype, over_time=over_time)
        self._file: BinaryIO | None = None

    @property
    def format(self) -> str:
        """Name of the format."""
        return "OME-TIFF"

    @property
    def product(self) -> Path:
        """What takes the place of the target, once it is whole."""
        return self._path

    @property
    def pages(self) -> int:
        """How many planes the result has."""
        return self._layout.count

    @property
    def codec(self) -> str:
        """What the bytes on disk depend on, beside the voxels."""
        return f"deflate of imagecodecs {imagecodecs.__version__}"

    def resume(self, records: Sequence[Record]) -> int:
        """Open the file after the slabs of an earlier run that are there and true.

        Returns
        -------
        int
            How many those are.
        """
        there = bool(records) and self._path.exists()
        self._file = self._path.open("r+b" if there else "w+b")
        true, end = 0, self._layout.header_bytes
        self._file.seek(end)
        for record in records if there else ():
            if _checksum(self._file, record["bytes"]) != record["crc"]:
                break
            true, end = true + 1, end + record["bytes"]
        self._file.truncate(max(end, self._layout.header_bytes))
        write_header(self._file, self._layout)
        self._file.seek(end)
        return true

    def add(self, slab: NDArray[Any], tick: Callable[[], None]) -> Record:
        """Append a slab; `tick` is called often, and what it raises goes through."""
        assert self._file is not None
        sums: list[int] = []
        counts: list[int] = []
        checksum = 0
        pages = slab.reshape(-1, *self._layout.page)
        threads = self._threads if pages[0].size <= _LARGE_PAGE else 1
        packed = counted(self._packed, pages, threads, tick)
        with contextlib.closing(packed):
            for _, (of_page, tiles) in packed:
                sums += of_page
                for data in tiles:
                    self._file.write(data)
                    checksum = crc32(data, checksum)
                    counts.append(len(data))
        self._file.flush()
        return {
            "pages": len(pages),
            "bytes": sum(counts),
            "crc": checksum,
            "tiles": counts,
            "sums": sums,
        }

    def _packed(self, page: NDArray[Any], step: Step) -> tuple[list[int], list[bytes]]:
        """Checksums of a page and its coarser copies, and their tiles, compressed."""
        sizes = self._layout.levels()
        sums, packed = [], []
        whole = np.ascontiguousarray(page, self._layout.dtype)
        for image, size in zip(coarser_copies(whole, sizes), sizes, strict=True):
            sums.append(crc32(image.data))
            for tile in tiles_of(image, self._layout.tile(size)):
                packed.append(compress(tile))
                step()
        return sums, packed

    def finish(self, records: Sequence[Record], progress: Progress) -> None:
        """Write what makes a TIFF of it."""
        assert self._file is not None
        counts = itertools.chain.from_iterable(r["tiles"] for r in records)
        sizes = physical_sizes(self._plan, self._layout.axes)
        um = None
        if {"PhysicalSizeX", "PhysicalSizeY"} <= sizes.keys():
            um = (sizes["PhysicalSizeY"], sizes["PhysicalSizeX"])
        description = ome_xml(self._plan, self._layout, self._note)
        write_directories(self._file, self._layout, counts, description, _SOFTWARE, um)
        self.close()

    def verify(self, records: Sequence[Record], progress: Progress) -> str | None:
        """Compare every page on disk with what was computed; say what is wrong."""
        sums = itertools.chain.from_iterable(r["sums"] for r in records)
        sizes = self._layout.levels()
        try:
            with tifffile.TiffFile(self._path) as file:
                if len(file.pages) != self.pages:
                    return f"{len(file.pages)} of {self.pages} pages"
                if not file.is_ome:
                    return "no OME metadata"
                levels = file.series[0].levels
                if len(levels) != len(sizes):
                    return "another number of levels"
                file.filehandle.set_lock(True)
                images = (
                    (number, level.pages[number])
                    for number in range(self.pages)
                    for level in levels
                )
                found = in_order(self._sum, images, self._threads)
                with contextlib.closing(found):
                    for (number, _), checksum in found:
                        if checksum != next(sums, None):
                            return f"another page {number + 1}"
                        progress(number + 1, self.pages)
        except (OSError, ValueError, tifffile.TiffFileError) as error:
            return str(error)
        return None if next(sums, None) is None else "pages that are missing"

    def _sum(self, image: tuple[int, Any]) -> int:
        """Checksum of a page as it is on disk."""
        page = image[1].asarray(maxworkers=1)
        return crc32(np.ascontiguousarray(page, self._layout.dtype).data)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def pages_of(plan: Plan, dtype: np.dtype[Any], *, over_time: bool = False) -> Pages:
    """Lay the result's axes out in TIFF pages, in the order they have in memory.

    Parameters
    ----------
    plan, dtype
        Of the result.
    over_time
        Whether its first spatial axis is time.
    """
    samples = plan.channel_axis == 3 and len(plan.channels) > 1
    shape: tuple[int, ...] = plan.shape_out
    if len(plan.channels) == 1:
        z, y, x = plan.spatial_shape_out
        shape, axes = (z, 1, y, x), "ZCYX"
    else:
        axes = ("CZYX", "ZCYX", "TZYX", "ZYXS")[plan.channel_axis]
    if over_time and "T" not in axes:
        axes = axes.replace("Z", "T")
    return Pages(
        shape,
        axes,
        shape[1:] if samples else shape[2:],
        dtype.newbyteorder("<"),
        pyramid=axes != "TZYX",
    )


def ome_xml(plan: Plan, layout: Pages, note: Mapping[str, Any]) -> str:
    """Describe the file; the same transform gives the same text to the byte."""
    description = json.dumps({NOTE: note})
    metadata: dict[str, Any] = {"Description": description}
    if note.get("name"):
        metadata["Name"] = str(note["name"])
    metadata |= physical_sizes(plan, layout.axes)
    if note.get("channel_names") and "C" in layout.axes:
        metadata["Channel"] = {"Name": list(note["channel_names"])}
    # tifffile would make the id from the clock and this machine's network address,
    # and the same transform would be another file every time
    identity = uuid.uuid5(uuid.NAMESPACE_OID, description)
    xml = tifffile.OmeXml(Creator=_SOFTWARE, UUID=f"urn:uuid:{identity}")
    rows, columns = layout.page[:2]
    stored = (layout.count, 1, 1, rows, columns, layout.samples)
    xml.addimage(layout.dtype, layout.shape, stored, axes=layout.axes, **metadata)
    return str(xml.tostring(declaration=True))


def physical_sizes(plan: Plan, axes: str) -> dict[str, Any]:
    """OME's words for the voxel size; empty where it is unknown."""
    if plan.um_per_pixel_out is None:
        return {}
    z, y, x = plan.um_per_pixel_out
    sizes = {"Z": y, "X": x} if axes == "TZYX" else {"Z": z, "Y": y, "X": x}
    if "Z" not in axes:
        del sizes["Z"]
    described: dict[str, Any] = {}
    for axis, um in sizes.items():
        described[f"PhysicalSize{axis}"] = um
        described[f"PhysicalSize{axis}Unit"] = "µm"
    return described


def _checksum(file: BinaryIO, length: int) -> int:
    """CRC of the next bytes of a file; of fewer where it ends."""
    checksum = 0
    while length > 0:
        data = file.read(min(_BUFFER, length))
        if not data:
            return -1
        checksum, length = crc32(data, checksum), length - len(data)
    return checksum
