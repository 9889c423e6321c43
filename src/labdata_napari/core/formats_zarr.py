"""Zarr arrays and OME-Zarr images, versions 2 and 3, in folders and in zips."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.codecs import codec_of
from labdata_napari.core.file_bytes import FolderMembers, Members, ZipMembers
from labdata_napari.core.lazy import ChunkCache, LazyArray, gather
from labdata_napari.core.ngff import image_metadata
from labdata_napari.core.sources import Source
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

# What numcodecs and zarr raise on damaged or unexpected input.
_DECODE_ERRORS = (ValueError, RuntimeError, TypeError, KeyError, EOFError, OSError)


@dataclass(frozen=True)
class _Layout:
    """The part of an array's metadata that is needed to decode a chunk ourselves."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    fill: Any
    column_major: bool
    key: Callable[[tuple[int, ...]], str]
    codec: Any  # numcodecs codec or None


class ChunkReader:
    """Reads chunks straight from zip members or files, without zarr in between.

    One positioned read and one decode per chunk; both let other threads run. About
    half the processor time of zarr's own path.
    """

    def __init__(self, members: Members, layout: _Layout) -> None:
        self._members = members
        self._layout = layout
        self._cache = ChunkCache()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stored array."""
        return self._layout.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel, in native byte order."""
        return self._layout.dtype.newbyteorder("=")

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of one chunk."""
        return self._layout.chunks

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile naming chunk and file."""
        return gather(selection, self.chunks, self.dtype, self._decode, self._cache)

    def _decode(self, number: tuple[int, ...]) -> NDArray[Any]:
        layout = self._layout
        name = layout.key(number)
        data = self._members.get(name)
        if data is None:
            # Zarr leaves out chunks that hold nothing but the fill value.
            return np.full(layout.chunks, layout.fill, self.dtype)
        try:
            plain = data if layout.codec is None else layout.codec.decode(data)
            voxels = np.frombuffer(plain, layout.dtype)
            return voxels.reshape(
                layout.chunks, order="F" if layout.column_major else "C"
            )
        except _DECODE_ERRORS as error:
            raise UnreadableFile(
                f"Chunk {self._members.resolved(name)!r} of {self._members.path} is "
                f"damaged ({error}); copy the file again."
            ) from error


class ZarrReader:
    """Reads through zarr-python, for codecs `ChunkReader` does not know."""

    def __init__(self, array: Any, path: Path) -> None:
        self._array = array
        self._path = path
        self._cache = ChunkCache()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stored array."""
        return tuple(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one voxel."""
        dtype: np.dtype[Any] = np.dtype(self._array.dtype).newbyteorder("=")
        return dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of one chunk (of the inner ones, where chunks are sharded)."""
        return tuple(self._array.chunks)

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Voxels of a box; raises UnreadableFile naming chunk and file."""
        return gather(selection, self.chunks, self.dtype, self._decode, self._cache)

    def _decode(self, number: tuple[int, ...]) -> NDArray[Any]:
        box = tuple(
            slice(n * c, min((n + 1) * c, s))
            for n, c, s in zip(number, self.chunks, self.shape, strict=True)
        )
        try:
            return np.asarray(self._array[box]).astype(self.dtype, copy=False)
        except _DECODE_ERRORS as error:
            raise UnreadableFile(
                f"Chunk {number} of {self._path} is damaged ({error}); copy it again."
            ) from error


def open_zarr(path: Path) -> Source:
    """Open a zarr folder or zip: a bare array, a group of one, or an OME-Zarr image.

    Raises
    ------
    UnreadableFile
        If the folder or zip is no zarr, is damaged, or holds several arrays.
    """
    folder = path.is_dir()
    members: Members = FolderMembers(path) if folder else ZipMembers(path)
    node = _metadata(members, "")
    if node is None:
        kind = "folder" if folder else "zip file"
        raise UnreadableFile(
            f"{path} is a {kind} but holds no zarr array; choose the zarr itself."
        )
    if _is_array(node):
        return _bare(members, "", node)
    attributes = _attributes(members, "", node)
    base = ""
    if "bioformats2raw.layout" in attributes or (
        "bioformats2raw.layout" in attributes.get("ome", {})
    ):
        base = "0/"
        node = _metadata(members, base)
        attributes = _attributes(members, base, node or {})
    described = attributes.get("ome", attributes)
    if isinstance(described, dict) and described.get("multiscales"):
        return _image(members, base, described)
    return _only_array(members, base)


def _image(members: Members, base: str, described: dict[str, Any]) -> Source:
    """OME-Zarr: one array per level, with axes, scale and channel names."""
    meta = image_metadata(described, members.path)
    arrays = []
    for dataset in meta.datasets:
        node = _metadata(members, f"{base}{dataset}/")
        if node is None or not _is_array(node):
            raise UnreadableFile(
                f"{members.path} names a level {dataset!r} that is not in it; "
                "it was not written completely."
            )
        arrays.append(_array(members, f"{base}{dataset}/", node))
    axes = meta.axes if meta.axes and len(meta.axes) == arrays[0].ndim else None
    return Source(
        members.path,
        "OME-Zarr",
        arrays[0],
        axes,
        meta.um,
        meta.channel_names,
        meta.channel_wavelengths_nm,
        levels=tuple(arrays[1:]),
    )


def _bare(members: Members, base: str, node: dict[str, Any]) -> Source:
    names = node.get("dimension_names") or _attributes(members, base, node).get(
        "_ARRAY_DIMENSIONS"
    )
    data = _array(members, base, node)
    axes = None
    if isinstance(names, list) and len(names) == data.ndim and all(names):
        axes = "".join(str(n)[0].upper() for n in names)
        if len(set(axes)) != len(axes) or not set(axes) <= set("TPZCYXS"):
            axes = None
    return Source(members.path, "zarr", data, axes)


def _only_array(members: Members, base: str) -> Source:
    """Open the one array of a group that is no OME-Zarr image."""
    skip = len(base)
    below = {
        name[skip:].rpartition("/")[0]
        for name in members.names()
        if name.startswith(base) and name.rpartition("/")[2] in (".zarray", "zarr.json")
    } - {""}
    arrays = {}
    for name in sorted(below):
        node = _metadata(members, f"{base}{name}/")
        if node is not None and _is_array(node):
            arrays[name] = node
    if len(arrays) == 1:
        ((name, node),) = arrays.items()
        return _bare(members, f"{base}{name}/", node)
    if not arrays:
        raise UnreadableFile(f"{members.path} is a zarr group without an array in it.")
    listed = ", ".join(list(arrays)[:5])
    raise UnreadableFile(
        f"{members.path} is a zarr group of several arrays ({listed}) and no OME-Zarr "
        "image; choose one of the arrays."
    )


def _array(members: Members, base: str, node: dict[str, Any]) -> LazyArray:
    """One array, read by us where its codecs are plain, by zarr otherwise."""
    where = f"{members.path}/{base}".rstrip("/")
    try:
        version = node.get("zarr_format")
        layout = _layout_v3(node, base) if version == 3 else _layout_v2(node, base)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(
            f"The description of the array in {where} is damaged ({error!r})."
        ) from error
    if layout is None:
        return LazyArray.of(_through_zarr(members, base))
    return LazyArray.of(ChunkReader(members, layout))


def _layout_v2(node: dict[str, Any], base: str) -> _Layout | None:
    dtype = np.dtype(node["dtype"])
    compressor = node["compressor"]
    codec = None if compressor is None else codec_of(compressor)
    if node.get("filters") or dtype.hasobject or dtype.fields:
        return None
    separator = node.get("dimension_separator", ".")
    fill = node["fill_value"]
    return _Layout(
        tuple(node["shape"]),
        tuple(max(1, c) for c in node["chunks"]),
        dtype,
        _fill(fill),
        node.get("order", "C") == "F",
        lambda number: base + separator.join(map(str, number)),
        codec,
    )


def _layout_v3(node: dict[str, Any], base: str) -> _Layout | None:
    codecs = node["codecs"]
    codec = _plain_codec(codecs)
    grid = node["chunk_grid"]
    if (
        codec is _UNKNOWN
        or grid["name"] != "regular"
        or node.get("storage_transformers")
    ):
        return None
    if not isinstance(node["data_type"], str):
        return None
    little = codecs[0].get("configuration", {}).get("endian", "little") == "little"
    try:
        dtype = np.dtype(node["data_type"]).newbyteorder("<" if little else ">")
    except TypeError:
        return None
    keys = node["chunk_key_encoding"]
    separator = keys.get("configuration", {}).get(
        "separator", "/" if keys["name"] == "default" else "."
    )
    start = f"{base}c{separator}" if keys["name"] == "default" else base
    return _Layout(
        tuple(node["shape"]),
        tuple(max(1, c) for c in grid["configuration"]["chunk_shape"]),
        dtype,
        _fill(node["fill_value"]),
        False,
        lambda number: start + separator.join(map(str, number)),
        codec,
    )


_UNKNOWN = object()


def _plain_codec(codecs: list[dict[str, Any]]) -> Any:
    """Numcodecs codec of a v3 pipeline ``bytes[, compressor]``, else `_UNKNOWN`."""
    from numcodecs import GZip, Zstd
    from numcodecs.blosc import Blosc

    if not codecs or codecs[0]["name"] != "bytes" or len(codecs) > 2:
        return _UNKNOWN
    if len(codecs) == 1:
        return None
    simple = {"blosc": Blosc, "zstd": Zstd, "gzip": GZip}
    made = simple.get(codecs[1]["name"])
    return _UNKNOWN if made is None else made()


def _fill(value: Any) -> Any:
    if value is None:
        return 0
    return float(value) if isinstance(value, str) else value


def _through_zarr(members: Members, base: str) -> ZarrReader:
    import zarr

    place = members.resolved(base).strip("/")
    try:
        store: Any = (
            zarr.storage.LocalStore(members.path, read_only=True)
            if isinstance(members, FolderMembers)
            else zarr.storage.ZipStore(members.path, mode="r")
        )
        array = zarr.open_array(store, path=place, mode="r")
    except (*_DECODE_ERRORS, NotImplementedError, struct.error) as error:
        raise UnreadableFile(
            f"{members.path} uses zarr features that cannot be read here ({error})."
        ) from error
    return ZarrReader(array, members.path)


def _metadata(members: Members, base: str) -> dict[str, Any] | None:
    """Return the description of the array or group at `base`, None without one."""
    for name in ("zarr.json", ".zarray", ".zgroup"):
        data = members.get(base + name)
        if data is not None:
            node = _json(members, base + name, data)
            if name == ".zarray":
                node.setdefault("zarr_format", 2)
            return node
    return None


def _attributes(members: Members, base: str, node: dict[str, Any]) -> dict[str, Any]:
    if node.get("zarr_format") == 3:
        found = node.get("attributes", {})
    else:
        data = members.get(f"{base}.zattrs")
        found = {} if data is None else _json(members, f"{base}.zattrs", data)
    return found if isinstance(found, dict) else {}


def _json(members: Members, name: str, data: bytes) -> dict[str, Any]:
    try:
        node = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(
            f"{members.resolved(name)!r} in {members.path} is damaged ({error})."
        ) from error
    if not isinstance(node, dict):
        raise UnreadableFile(f"{name!r} in {members.path} describes no array.")
    return node


def _is_array(node: dict[str, Any]) -> bool:
    return node.get("node_type") == "array" or "chunks" in node
