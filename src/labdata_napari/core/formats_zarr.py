"""Zarr arrays and OME-Zarr images, versions 2 and 3, in folders and in zips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.ngff import image_metadata
from labdata_napari.core.sources import Source
from labdata_napari.core.zarr_layout import (
    DESCRIPTION_ERRORS,
    layout_v2,
    layout_v3,
    most_member_bytes,
    refuse_programs,
)
from labdata_napari.core.zarr_readers import ChunkReader, through_zarr
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from labdata_napari.core.file_bytes import Data
    from labdata_napari.core.members import Members

# Descriptions are kilobytes; consolidated ones of many arrays may be megabytes.
_MOST_METADATA_BYTES = 32 * 2**20


def open_zarr(members: Members) -> Source:
    """Open a zarr folder or zip: a bare array, a group of one, or an OME-Zarr image.

    Raises
    ------
    UnreadableFile
        If the folder or zip is no zarr, is damaged, or holds several arrays.
    """
    node = _metadata(members, "")
    if node is None:
        raise UnreadableFile(
            f"{members.where} holds no zarr array; choose the zarr itself."
        )
    if _is_array(node):
        return _bare(members, "", node)
    attributes = _attributes(members, "", node)
    base = ""
    ome = attributes.get("ome")
    if "bioformats2raw.layout" in attributes or (
        isinstance(ome, dict) and "bioformats2raw.layout" in ome
    ):
        base = "0/"
        node = _metadata(members, base)
        attributes = _attributes(members, base, node or {})
    described = attributes.get("ome", attributes)
    if isinstance(described, dict) and described.get("multiscales"):
        return _image(members, base, described)
    return _only_array(members, base)


def group_attributes(members: Members) -> dict[str, Any]:
    """Return what is noted at the top of a zarr folder or zip, maybe nothing."""
    node = _metadata(members, "")
    return {} if node is None else _attributes(members, "", node)


def _image(members: Members, base: str, described: dict[str, Any]) -> Source:
    """OME-Zarr: one array per level, with axes, scale and channel names."""
    meta = image_metadata(described, members.where)
    arrays = []
    for dataset in meta.datasets:
        node = _metadata(members, f"{base}{dataset}/")
        if node is None or not _is_array(node):
            raise UnreadableFile(
                f"{members.where} names a level {dataset!r} that is not in it; "
                "it was not written completely."
            )
        arrays.append(_array(members, f"{base}{dataset}/", node))
    axes = meta.axes if meta.axes and len(meta.axes) == arrays[0].ndim else None
    return Source(
        members.where,
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
    return Source(members.where, "zarr", data, axes)


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
        raise UnreadableFile(f"{members.where} is a zarr group without an array in it.")
    listed = ", ".join(list(arrays)[:5])
    raise UnreadableFile(
        f"{members.where} is a zarr group of several arrays ({listed}) and no OME-Zarr "
        "image; choose one of the arrays."
    )


def _array(members: Members, base: str, node: dict[str, Any]) -> LazyArray:
    """One array, read by us where its codecs are plain, by zarr otherwise."""
    where = f"{members.where}/{base}".rstrip("/")
    try:
        refuse_programs(node)
        version = node.get("zarr_format")
        layout = layout_v3(node, base) if version == 3 else layout_v2(node, base)
        if layout is not None:
            return LazyArray.of(ChunkReader(members, layout))
        most = most_member_bytes(node)
    except DESCRIPTION_ERRORS as error:
        reason = str(error) if isinstance(error, ValueError) else repr(error)
        raise UnreadableFile(
            f"The description of the array in {where} is damaged ({reason})."
        ) from error
    return LazyArray.of(through_zarr(members, base, most))


def _metadata(members: Members, base: str) -> dict[str, Any] | None:
    """Return the description of the array or group at `base`, None without one."""
    for name in ("zarr.json", ".zarray", ".zgroup"):
        data = members.get(base + name, _MOST_METADATA_BYTES)
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
        data = members.get(f"{base}.zattrs", _MOST_METADATA_BYTES)
        found = {} if data is None else _json(members, f"{base}.zattrs", data)
    return found if isinstance(found, dict) else {}


def _json(members: Members, name: str, data: Data) -> dict[str, Any]:
    try:
        node = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(
            f"{members.resolved(name)!r} in {members.where} is damaged ({error})."
        ) from error
    if not isinstance(node, dict):
        raise UnreadableFile(f"{name!r} in {members.where} describes no array.")
    return node


def _is_array(node: dict[str, Any]) -> bool:
    return node.get("node_type") == "array" or "chunks" in node
