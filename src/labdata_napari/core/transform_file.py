"""A transform on disk: an OME-TIFF that is either whole and true, or not there.

What is written, so that other programs and labdata's own reader find it:

* The array in the result's own axis order: `tifffile.imread` gives the shape that the
  row stores (less axes of length one, as it always does).
* OME metadata: voxel size in µm, channel names, and our parameters as JSON in the
  image's description. Channels come as C where they are the first or second axis, and
  as samples where they are last. OME knows no image whose rows are channels: channels
  as the third axis are written as "TZYX" and only the JSON says what they are.
* Tiles of 256, compressed with zlib, which every TIFF reader knows; BigTIFF from 2 GB.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import uuid
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import tifffile

from labdata_napari import __version__
from labdata_napari.core.formats_tiff import tiff_from_afar
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.remote_cache import RemoteBytes
from labdata_napari.core.resample import MEMORY, output_dtype, slabs
from labdata_napari.errors import NotFound, UnreadableFile, WriteRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labdata_napari.core.remote_bytes import RemoteFile
    from labdata_napari.core.transform import Plan, TransformParameters

_TILE = 256
_BIG_BYTES = 2 << 30
_BUFFER_BYTES = 16 << 20  # tifffile would hold 256 MB of tiles
_STEPS, _COMPUTED = 1000, 900  # of the progress; the rest is reading back
_PARTIAL = ".partial"


def write_transform(
    stack: Any,
    plan: Plan,
    path: str | Path,
    parameters: TransformParameters,
    progress: Progress = silent,
    *,
    order: int = 1,
    memory: int = MEMORY,
    threads: int | None = None,
) -> Path:
    """Compute a transform into an OME-TIFF, read it back, and put it in its place.

    It is written beside its target under a temporary name, and only renamed once every
    page has been read back as it was computed. Whatever ends the work early leaves
    neither that file nor a folder that was made for it; a file already at `path` stays
    until it is replaced.

    Parameters
    ----------
    stack
        (Z, C, Y, X) array-like of the shape the plan was made for; its `channel_names`
        are written where it has them.
    plan
        The transform.
    path
        Where the file goes; missing folders are made.
    parameters
        What the plan was made from; kept in the file.
    progress
        Called with steps done and in all; raise `Cancelled` in it to stop.
    order, memory, threads
        As for `labdata_napari.core.resample.slabs`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidValue
        When stack and plan do not fit, or the type cannot be stored.
    UnreadableFile
        When the stack cannot be read.
    WriteRefused
        When the file cannot be written, or does not read back.
    """
    target = Path(path)
    dtype = output_dtype(np.dtype(stack.dtype), plan)
    layout = _Layout(plan, dtype)
    pieces = slabs(
        stack,
        plan,
        _part(progress, 0, _COMPUTED),
        order=order,
        memory=memory,
        threads=threads,
        folder=target.parent,
    )
    metadata = _metadata(stack, plan, parameters, layout, order)
    with _Place(target) as temporary, contextlib.closing(pieces):
        sums: list[int] = []
        try:
            _write(temporary, layout, _tiles(pieces, layout, sums), metadata)
        except OSError as error:
            raise _refused(target, error) from error
        _verify(temporary, target, layout, sums, _part(progress, _COMPUTED, _STEPS))
    return target


def read_transform(path: str | Path | RemoteFile) -> dict[str, Any]:
    """Read what `write_transform` noted in a file.

    Returns
    -------
    dict
        ``parameters`` (as `TransformParameters.to_row`), ``shape``, ``axes``,
        ``um_per_pixel``, ``channel_names``, ``affine`` (result index to source index),
        ``source_shape``, ``order`` and the ``version`` that wrote it.

    Raises
    ------
    NotFound
        When there is no such file.
    UnreadableFile
        When it is no TIFF or was not written by this package.
    """
    try:
        with _tiff(path) as file:
            description = _description(file.ome_metadata or "")
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except tifffile.TiffFileError as error:
        raise UnreadableFile(f"{path} is no readable TIFF ({error}).") from error
    try:
        return dict(json.loads(description)["labdata-napari transform"])
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(
            f"{path} holds no transform parameters; it was written by something else."
        ) from error


def _tiff(path: str | Path | RemoteFile) -> tifffile.TiffFile:
    if isinstance(path, str | Path):
        return tifffile.TiffFile(path)
    return tiff_from_afar(RemoteBytes(path))


# --- layout -----------------------------------------------------------------------


class _Layout:
    """How the result's axes become TIFF pages.

    Attributes
    ----------
    shape, axes
        What the file declares; the voxels' order in memory is the result's own.
    page
        Shape of one page: rows, columns and, where there are any, samples.
    """

    def __init__(self, plan: Plan, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.samples = plan.channel_axis == 3 and len(plan.channels) > 1
        self.channels_are_rows = plan.channel_axis == 2 and len(plan.channels) > 1
        if len(plan.channels) == 1:
            z, y, x = plan.spatial_shape_out
            self.shape, self.axes = (z, 1, y, x), "ZCYX"
        else:
            self.shape = plan.shape_out
            self.axes = ("CZYX", "ZCYX", "TZYX", "ZYXS")[plan.channel_axis]
        self.page = self.shape[1:] if self.samples else self.shape[2:]
        pages = self.shape[:1] if self.samples else self.shape[:2]
        self.pages = int(np.prod(pages))
        # Tiles larger than the page would only be padding; TIFF wants multiples of 16.
        self.tile = tuple(min(_TILE, -(-n // 16) * 16) for n in self.page[:2])

    @property
    def size_bytes(self) -> int:
        """Bytes of the voxels, uncompressed."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


def _tiles(
    pieces: Iterator[NDArray[Any]], layout: _Layout, sums: list[int]
) -> Iterator[NDArray[Any]]:
    """Cut slabs into the tiles of their pages, noting each page's checksum."""
    height, width = layout.tile
    while True:
        try:
            slab = next(pieces, None)
        except OSError as error:
            raise UnreadableFile(
                f"The stack to transform could not be read ({error}); check its disk."
            ) from error
        if slab is None:
            return
        for page in slab.reshape(-1, *layout.page):
            sums.append(zlib.crc32(page.data))
            for y in range(0, page.shape[0], height):
                for x in range(0, page.shape[1], width):
                    part = page[y : y + height, x : x + width]
                    tile = np.zeros((height, width, *page.shape[2:]), page.dtype)
                    tile[: part.shape[0], : part.shape[1]] = part
                    yield tile


def _metadata(
    stack: Any,
    plan: Plan,
    parameters: TransformParameters,
    layout: _Layout,
    order: int,
) -> dict[str, Any]:
    names = list(getattr(stack, "channel_names", ()))
    kept = (
        [str(names[c]) for c in plan.channels]
        if len(names) > max(plan.channels)
        else []
    )
    note = {
        "version": __version__,
        "parameters": parameters.to_row(),
        "shape": plan.shape_out,
        "axes": plan.axes_out,
        "um_per_pixel": plan.um_per_pixel_out,
        "channel_names": kept,
        "affine": plan.affine.tolist(),
        "source_shape": plan.shape_in,
        "order": order,
    }
    description = json.dumps({"labdata-napari transform": note})
    metadata: dict[str, Any] = {
        "axes": layout.axes,
        "Description": description,
        # tifffile would make one from the clock and this machine's network address,
        # and the same transform would be another file every time
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, description)),
    }
    metadata |= _physical_sizes(plan, layout)
    if kept and "C" in layout.axes:
        metadata["Channel"] = {"Name": kept}
    return metadata


def _physical_sizes(plan: Plan, layout: _Layout) -> dict[str, Any]:
    if plan.um_per_pixel_out is None:
        return {}
    z, y, x = plan.um_per_pixel_out
    sizes = {"Z": y, "X": x} if layout.channels_are_rows else {"Z": z, "Y": y, "X": x}
    described: dict[str, Any] = {}
    for axis, um in sizes.items():
        described[f"PhysicalSize{axis}"] = um
        described[f"PhysicalSize{axis}Unit"] = "µm"
    return described


# --- writing and reading back -----------------------------------------------------


def _write(
    path: Path,
    layout: _Layout,
    tiles: Iterator[NDArray[Any]],
    metadata: dict[str, Any],
) -> None:
    resolution: dict[str, Any] = {}
    if "PhysicalSizeX" in metadata and "PhysicalSizeY" in metadata:
        per_cm = [1e4 / metadata[f"PhysicalSize{axis}"] for axis in "XY"]
        resolution = {"resolution": per_cm, "resolutionunit": "CENTIMETER"}
    samples = {"planarconfig": "contig"} if layout.samples else {}
    with path.open("xb+") as handle:
        with tifffile.TiffWriter(
            handle, ome=True, bigtiff=layout.size_bytes > _BIG_BYTES
        ) as writer:
            writer.write(
                tiles,
                shape=layout.shape,
                dtype=layout.dtype,
                tile=layout.tile,
                photometric="minisblack",
                compression="zlib",
                compressionargs={"level": 6},
                metadata=metadata,
                maxworkers=2,
                buffersize=_BUFFER_BYTES,
                **samples,
                **resolution,
            )
        handle.flush()
        os.fsync(handle.fileno())


def _verify(
    path: Path, target: Path, layout: _Layout, sums: list[int], progress: Progress
) -> None:
    """Compare every page on disk with what was computed."""
    problem = None
    try:
        with _tiff(path) as file:
            if len(sums) != layout.pages or len(file.pages) != layout.pages:
                problem = f"{len(file.pages)} of {layout.pages} pages"
            elif not file.is_ome:
                problem = "no OME metadata"
            for k, page in enumerate(file.pages if problem is None else ()):
                data = np.ascontiguousarray(page.asarray().reshape(layout.page))
                if data.dtype != layout.dtype or zlib.crc32(data.data) != sums[k]:
                    problem = f"another page {k + 1}"
                    break
                progress(k + 1, layout.pages)
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        problem = str(error)
    if problem is not None:
        raise WriteRefused(
            f"{target} did not read back as it was written ({problem}); check the disk "
            "and repeat."
        )


def remove_abandoned(target: Path) -> None:
    """Remove what runs that were killed outright left of writing `target`.

    Only for the one who knows that nobody is writing it now.
    """
    for old in target.parent.glob(f".{glob.escape(target.name)}-*{_PARTIAL}"):
        with contextlib.suppress(OSError):
            old.unlink()


class _Place:
    """A temporary name beside the target, which becomes the target on success."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.temporary = (
            target.parent / f".{target.name}-{secrets.token_hex(6)}{_PARTIAL}"
        )
        self.made: list[Path] = []

    def __enter__(self) -> Path:
        folders = (self.target.parent, *self.target.parent.parents)
        try:
            for folder in reversed([p for p in folders if not p.exists()]):
                folder.mkdir()
                self.made.insert(0, folder)
        except OSError as error:
            self._clear()
            raise _refused(self.target, error) from error
        return self.temporary

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._clear()
            return
        try:
            self.temporary.replace(self.target)
        except OSError as error:
            self._clear()
            raise _refused(self.target, error) from error

    def _clear(self) -> None:
        if self.temporary.exists():
            self.temporary.unlink()
        for folder in self.made:
            # Somebody else may have put a file there in the meantime.
            with contextlib.suppress(OSError):
                folder.rmdir()


def _refused(target: Path, error: OSError) -> WriteRefused:
    return WriteRefused(
        f"{target} could not be written ({error.strerror or error}); make room or "
        "choose another place, then repeat."
    )


def _description(ome: str) -> str:
    try:
        root = ElementTree.fromstring(ome)
    except ElementTree.ParseError:
        return ""
    return root.findtext(".//{*}Image/{*}Description") or ""


def _part(progress: Progress, first: int, last: int) -> Progress:
    """Make some work's own counting a stretch of the whole's."""

    def report(done: int, total: int) -> None:
        progress(first + (last - first) * done // total, _STEPS)

    return report
