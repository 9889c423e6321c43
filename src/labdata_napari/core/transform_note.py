"""What a transform's file says of itself: made for the writing, read back from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import tifffile

from labdata_napari import __version__
from labdata_napari.core.file_bytes import OpenFile, check_exists
from labdata_napari.core.formats_tiff import tiff_from_afar
from labdata_napari.core.formats_zarr import group_attributes
from labdata_napari.core.members import FolderMembers, ZipMembers
from labdata_napari.core.remote_cache import RemoteBytes
from labdata_napari.core.transform_tiff import NOTE
from labdata_napari.errors import NotFound, UnreadableFile

if TYPE_CHECKING:
    from labdata_napari.core.file_bytes import Bytes
    from labdata_napari.core.remote_bytes import RemoteFile
    from labdata_napari.core.transform import Plan, TransformParameters


def note_of(stack: Any, plan: Plan, parameters: TransformParameters) -> dict[str, Any]:
    """Say what `read_transform` is to give, but for what only a run knows."""
    names = list(getattr(stack, "channel_names", ()))
    kept = (
        [str(names[c]) for c in plan.channels]
        if len(names) > max(plan.channels)
        else []
    )
    return {
        "version": __version__,
        "parameters": parameters.to_row(),
        "shape": plan.shape_out,
        "axes": plan.axes_out,
        "um_per_pixel": plan.um_per_pixel_out,
        "channel_names": kept,
        "affine": plan.affine.tolist(),
        "source_shape": plan.shape_in,
    }


def read_transform(path: str | Path | RemoteFile) -> dict[str, Any]:
    """Read what `write_transform` noted in a file.

    Returns
    -------
    dict
        ``parameters`` (as `TransformParameters.to_row`), ``shape``, ``axes``,
        ``um_per_pixel``, ``channel_names``, ``affine`` (result index to source index),
        ``source_shape``, ``order``, the ``version`` that wrote it, and what it was
        told `about`.

    Raises
    ------
    NotFound
        When there is no such file.
    UnreadableFile
        When it is no image, or was not written by this package.
    """
    try:
        note = _noted(path)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.") from error
    except tifffile.TiffFileError as error:
        raise UnreadableFile(f"{path} is no readable TIFF ({error}).") from error
    if not isinstance(note, dict):
        raise UnreadableFile(
            f"{path} holds no transform parameters; it was written by something else."
        )
    return note


def _noted(path: str | Path | RemoteFile) -> Any:
    """Find the note, whatever format the file is in; None where there is none."""
    if not isinstance(path, str | Path):
        return _noted_in(RemoteBytes(path), None)
    local = Path(path)
    if local.is_dir():
        return group_attributes(FolderMembers(local)).get(NOTE)
    check_exists(local)
    return _noted_in(OpenFile(local), local)


def _noted_in(file: Bytes, local: Path | None) -> Any:
    if file.peek(0, min(2, file.size)) == b"PK":
        return group_attributes(ZipMembers(file, far=local is None)).get(NOTE)
    tiff = tiff_from_afar(file) if local is None else tifffile.TiffFile(local)
    with tiff:
        ome = tiff.ome_metadata or ""
    try:
        described = ElementTree.fromstring(ome).findtext(".//{*}Image/{*}Description")
        return json.loads(described or "")[NOTE]
    except (ElementTree.ParseError, ValueError, KeyError, TypeError):
        return None
