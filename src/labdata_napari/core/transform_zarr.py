"""A transform as OME-Zarr (0.5 or 0.4): a folder, or one zip of it.

The axes are channel, z, y, x, as the format wants them: the spatial axes are those of
the result in their order. Cubes are as deep as the slabs that are computed, coarser
levels halve every axis that is not much coarser than the others. Our parameters are in
the group's attributes.

While it is being written it is a folder that holds the image, and at the end the zip:
zarr's own files can be gone on with, a zip cannot.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numcodecs
import numpy as np
import zarr

from labdata_napari.core.axes import level_scale, level_translate
from labdata_napari.core.halving import Reducer, as_type, float_type, level_shapes
from labdata_napari.core.stacks import open_stack
from labdata_napari.core.transform_run import remove
from labdata_napari.core.transform_tiff import NOTE
from labdata_napari.core.zarr_writing import StoppableStore
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_run import Record

VERSIONS = {"0.5": 3, "0.4": 2}  # of OME-Zarr, and the zarr format it is in
_DEEPEST, _WIDEST = 64, 256
_COLOURS = ("00FF00", "FF00FF", "00FFFF", "FFFF00", "FF0000", "0000FF")


class ZarrSink:
    """Takes slabs one after another and makes them an OME-Zarr.

    Parameters
    ----------
    folder
        Where to work.
    plan, dtype, note
        As for `labdata_napari.core.transform_tiff.TiffSink`.
    version
        Of OME-Zarr, "0.5" or "0.4".
    zipped
        Whether one file is to come of it.
    """

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        dtype: np.dtype[Any],
        note: Mapping[str, Any],
        version: str,
        *,
        zipped: bool,
    ) -> None:
        if version not in VERSIONS:
            raise InvalidValue(
                f"OME-Zarr is written in the versions {', '.join(VERSIONS)}, not "
                f"{version}."
            )
        self._folder = folder
        self._image = folder / "image"
        self._store = StoppableStore(self._image)
        self._zip = folder / "image.zip"
        self._plan, self._note = plan, note
        self._dtype = dtype.newbyteorder("=")
        self._version, self._zipped = version, zipped
        self._shape = (len(plan.channels), *plan.spatial_shape_out)
        self._levels = level_shapes(plan.spatial_shape_out, plan.um_per_pixel_out)
        self._array: Any = None
        self._row = 0  # the next one, of all channels' planes in the result's order

    @property
    def format(self) -> str:
        """Name and version."""
        return f"OME-Zarr {self._version}{' zip' if self._zipped else ''}"

    @property
    def product(self) -> Path:
        """What takes the place of the target."""
        return self._zip if self._zipped else self._image

    @property
    def pages(self) -> int:
        """How many planes the result has."""
        return self._shape[0] * self._shape[1]

    @property
    def codec(self) -> str:
        """What the bytes on disk depend on, beside the voxels."""
        return f"zarr {zarr.__version__}, numcodecs {numcodecs.__version__}"

    def resume(self, records: Sequence[Record]) -> int:
        """Begin, or go on after those slabs that are on disk and true: how many."""
        remove(self._zip)
        true = 0
        if records and self._image.is_dir():
            self._array = self._opened()
            for record in records if self._array is not None else ():
                if self._checksum(self._array, record) != record["crc"]:
                    break
                true += 1
        if not true:
            remove(self._image)
            self._array = None
        self._row = sum(int(record["pages"]) for record in records[:true])
        return true

    def add(self, slab: NDArray[Any], tick: Callable[[], None]) -> Record:
        """Write the next slab; `tick` is called often and may raise."""
        block = np.moveaxis(slab, self._plan.channel_axis, 0)
        channel, z = self._place(block)
        if self._array is None:
            self._folder.mkdir(exist_ok=True)
            self._array = self._created(0, self._depth(block.shape[1]))
        step = self._array.chunks[1]
        for first in range(0, block.shape[1], step):
            part = block[:, first : first + step]
            where = slice(z + first, z + first + part.shape[1])
            self._array[channel : channel + len(block), where] = part
            tick()
        pages = block.shape[0] * block.shape[1]
        self._row += pages
        return {
            "pages": pages,
            "channels": [channel, channel + len(block)],
            "z": [z, z + block.shape[1]],
            "crc": zlib.crc32(np.ascontiguousarray(block).data),
            "range": [[_plain(c.min()), _plain(c.max())] for c in block],
        }

    def finish(self, records: Sequence[Record], progress: Progress) -> None:
        """Write the coarser levels, what describes them all, and the zip."""
        depth = self._array.chunks[1]
        finer = self._array
        for number, shape in enumerate(self._levels[1:], start=1):
            level = self._created(number, min(_DEEPEST, max(16, depth)))
            for channel in range(self._shape[0]):
                for z, planes in _halved(finer, channel, shape, level.chunks[1]):
                    level[channel, z : z + len(planes)] = planes
                    progress(1, 1)
            finer = level
        zarr.open_group(self._store, mode="r+").attrs.update(self._attributes(records))
        if self._zipped:
            _pack(self._image, self._zip, self._version, progress)

    def verify(self, records: Sequence[Record], progress: Progress) -> str | None:
        """Read everything back; say what is not as it was computed."""
        try:
            stack = open_stack(self.product)
            if 1 + len(stack.levels) != len(self._levels):
                return "another number of levels"
            read = _ChannelsFirst(stack)
            for number, record in enumerate(records, start=1):
                if self._checksum(read, record) != record["crc"]:
                    return f"another slab {number}"
                progress(number, len(records))
        except (OSError, UnreadableFile) as error:
            return str(error)
        return None

    def close(self) -> None:
        """Let go of the folder; nothing is written to it any more."""
        self._store.stop()
        self._array = None

    def _place(self, block: NDArray[Any]) -> tuple[int, int]:
        """First channel and first plane of the next slab."""
        if self._plan.channel_axis == 0:
            return divmod(self._row, self._shape[1])
        return 0, self._row // self._shape[0]

    def _depth(self, slab: int) -> int:
        """Depth of cubes: a slab or what divides it, so that none is written twice."""
        if slab >= self._shape[1]:
            return min(_DEEPEST, slab)
        parts = range(-(-slab // _DEEPEST), slab + 1)
        return slab // next(n for n in parts if slab % n == 0)

    def _created(self, level: int, depth: int) -> Any:
        shape = (self._shape[0], *self._levels[level])
        form = VERSIONS[self._version]
        if level == 0:
            zarr.create_group(self._store, zarr_format=form, overwrite=True)
        group = zarr.open_group(self._store, mode="r+")
        options: dict[str, Any] = {"dimension_names": ["c", "z", "y", "x"]}
        codec: Any = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle")
        if form == 2:
            codec = numcodecs.Blosc("zstd", 3, numcodecs.Blosc.SHUFFLE)
            options = {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        return group.create_array(
            str(level),
            shape=shape,
            chunks=(1, min(depth, shape[1]), *(min(_WIDEST, n) for n in shape[2:])),
            dtype=self._dtype,
            compressors=codec,
            fill_value=0,
            overwrite=True,
            **options,
        )

    def _opened(self) -> Any:
        try:
            array = zarr.open_array(self._store, path="0", mode="r+")
        except (OSError, ValueError, KeyError, zarr.errors.ZarrError):
            return None
        return array if array.shape == self._shape else None

    def _checksum(self, array: Any, record: Record) -> int:
        """CRC of a slab's voxels as they are stored; -1 where they cannot be read."""
        channels, z = (slice(*record[name]) for name in ("channels", "z"))
        try:
            block = np.ascontiguousarray(array[channels, z])
        except (OSError, ValueError, RuntimeError):
            return -1
        return zlib.crc32(block.data)

    def _attributes(self, records: Sequence[Record]) -> dict[str, Any]:
        um = self._plan.um_per_pixel_out
        unit = {"unit": "micrometer"} if um else {}
        full = self._levels[0]
        datasets = []
        for number, shape in enumerate(self._levels):
            scale = level_scale(full, shape, um or (1.0, 1.0, 1.0))
            shift = level_translate(full, shape, um or (1.0, 1.0, 1.0))
            transforms = [
                {"type": "scale", "scale": [1.0, *scale]},
                {"type": "translation", "translation": [0.0, *shift]},
            ]
            transforms = transforms if number else transforms[:1]
            datasets.append(
                {"path": str(number), "coordinateTransformations": transforms}
            )
        image: dict[str, Any] = {
            "name": str(self._note.get("name") or "transform"),
            "axes": [
                {"name": "c", "type": "channel"},
                *({"name": n, "type": "space", **unit} for n in "zyx"),
            ],
            "datasets": datasets,
            "type": "mean",
        }
        omero = {"channels": self._channels(records)}
        if self._version == "0.4":
            multiscales = [{"version": "0.4", **image}]
            return {"multiscales": multiscales, "omero": omero, NOTE: dict(self._note)}
        ome = {"version": self._version, "multiscales": [image], "omero": omero}
        return {"ome": ome, NOTE: dict(self._note)}

    def _channels(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """Name, colour and range of every channel, as viewers expect them."""
        names = list(self._note.get("channel_names") or ())
        ranges: dict[int, list[float]] = {}
        for record in records:
            for channel, (low, high) in enumerate(
                record["range"], start=record["channels"][0]
            ):
                known = ranges.setdefault(channel, [low, high])
                known[:] = min(known[0], low), max(known[1], high)
        described = []
        for channel in range(self._shape[0]):
            low, high = ranges[channel]
            colour = "FFFFFF" if self._shape[0] == 1 else _COLOURS[channel % 6]
            described.append(
                {
                    "label": names[channel] if names else f"channel {channel}",
                    "active": True,
                    "color": colour,
                    "window": {"min": low, "max": high, "start": low, "end": high},
                }
            )
        return described


class _ChannelsFirst:
    """A (Z, C, Y, X) stack read as (C, Z, Y, X)."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    def __getitem__(self, key: tuple[slice, slice]) -> NDArray[Any]:
        channels, z = key
        return np.moveaxis(np.asarray(self._stack[z, channels]), 1, 0)


def _halved(
    finer: Any, channel: int, shape: tuple[int, int, int], depth: int
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield first plane and planes of one channel of the next level."""
    dtype = np.dtype(finer.dtype)
    reducer = Reducer(finer.shape[1:], shape)
    held: list[NDArray[Any]] = []
    written = 0
    for first in range(0, finer.shape[1], finer.chunks[1]):
        for plane in finer[channel, first : first + finer.chunks[1]]:
            within = reducer.within_plane(plane.astype(float_type(dtype)))
            held += (as_type(done, dtype) for done in reducer.push(within))
        while len(held) >= depth:
            yield written, np.stack(held[:depth])
            written += depth
            del held[:depth]
    if held:
        yield written, np.stack(held)


def _pack(folder: Path, target: Path, version: str, progress: Progress) -> None:
    """Make one file of a folder, without compressing again; the same every time."""
    names = sorted(
        (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()),
        key=lambda name: ("/" in name, "c/" in name, name),
    )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        # RFC-9: an OME-Zarr zip says so in its comment
        ome = {"version": version, "zipFile": {"centralDirectory": {}}}
        archive.comment = json.dumps({"ome": ome}).encode()
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes())
            progress(1, 1)


def _plain(value: Any) -> float | int:
    """Give a number that JSON can hold."""
    number = value.item()
    return number if np.isfinite(number) else 0
