"""Open a file by its content, whatever its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from labdata_napari.core.file_bytes import OpenFile, check_exists
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from labdata_napari.core.file_bytes import Bytes
    from labdata_napari.core.remote_bytes import RemoteFile
    from labdata_napari.core.sources import Source
    from labdata_napari.core.stacks import Stack

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_OTHER_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "a NumPy file",
}
_ZARR_FILES = (".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json")


def open_source(given: str | Path | RemoteFile) -> Source | Stack:
    """Open what zarr and TIFF files hold; a video is a stack already.

    Raises
    ------
    NotFound, UnreadableFile
        As `open_stack`.
    """
    if not isinstance(given, str | Path):
        return _open_remote(given)
    path = Path(given)
    check_exists(path)
    if path.name in _ZARR_FILES and path.is_file():
        path = path.parent
    if path.is_dir():
        from labdata_napari.core.formats_zarr import open_zarr
        from labdata_napari.core.members import FolderMembers

        return _checked(replace(open_zarr(FolderMembers(path)), path=path))
    file = OpenFile(path)
    start = _start(file)
    if _is_video(start):
        from labdata_napari.core.video import open_video

        return open_video(path)
    return _checked(replace(_opened(file, start, path), path=path))


def _open_remote(remote: RemoteFile) -> Source:
    from labdata_napari.core.remote_cache import RemoteBytes

    file = RemoteBytes(remote)
    start = _start(file)
    if _is_video(start):
        raise UnreadableFile(
            f"{file.where} is a video, which cannot be shown from afar: download it "
            "and open the local copy."
        )
    return _checked(replace(_opened(file, start, None), remote=remote))


def _start(file: Bytes) -> bytes:
    start = file.peek(0, min(16, file.size))
    if not start:
        raise UnreadableFile(f"{file.where} is empty (0 bytes); copy it again.")
    return start


def _opened(file: Bytes, start: bytes, path: Path | None) -> Source:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from labdata_napari.core.formats_zarr import open_zarr
        from labdata_napari.core.members import ZipMembers

        return open_zarr(ZipMembers(file, far=path is None))
    if start.startswith(_TIFF_SIGNATURES):
        from labdata_napari.core.formats_tiff import open_tiff

        return open_tiff(file, path)
    for signature, name in _OTHER_SIGNATURES.items():
        if start.startswith(signature):
            raise UnreadableFile(f"{file.where} is {name}, not an image stack.")
    raise UnreadableFile(
        f"{file.where} is neither zarr nor TIFF; choose a .zarr.zip, .zarr, .ozx or "
        ".tif."
    )


def _is_video(start: bytes) -> bool:
    return (
        start[4:8] == b"ftyp"
        or (start[:4] == b"RIFF" and start[8:12] == b"AVI ")
        or start[:4] == b"\x1aE\xdf\xa3"
    )


def _checked(source: Source) -> Source:
    dtype, shape = source.data.dtype, source.data.shape
    if dtype.kind not in "buif":
        raise UnreadableFile(
            f"{source.where} holds values of type {dtype}, which cannot be shown; "
            "store it as unsigned integers or floats."
        )
    if 0 in shape:
        raise UnreadableFile(f"{source.where} holds no voxels: its shape is {shape}.")
    return source
