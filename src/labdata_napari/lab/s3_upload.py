"""A file goes to S3, in parts at once when it is large."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import Cancelled, StorageFailed, UnreadableFile
from labdata_napari.lab.copying import reading

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.s3 import S3Store

PART = 16 * 2**20
_MOST_PARTS = 9_000  # S3 takes 10,000
_AT_ONCE = 4


def upload(
    store: S3Store,
    source: Path,
    file_path: str,
    md5: str,
    progress: Progress,
    replace: bool,
) -> int:
    """Upload a file; return its size. What failed leaves no half object.

    Raises
    ------
    UnreadableFile
        When the file does not have the checksum `md5`, or changes meanwhile.
    StorageFailed
        When the storage refuses or cannot be reached.
    WriteRefused
        When something is there already and not `replace`.
    """
    only_new = {} if replace else {"IfNoneMatch": "*"}
    with reading(source):
        before = source.stat()
    if before.st_size <= PART:
        _in_one(store, source, file_path, md5, only_new)
    else:
        _in_parts(store, source, file_path, before.st_size, progress, only_new)
    with reading(source):
        after = source.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise _changed(source)
    progress(before.st_size, before.st_size)
    return before.st_size


def _in_one(
    store: S3Store, source: Path, file_path: str, md5: str, only_new: dict[str, str]
) -> None:
    with reading(source):
        content = source.read_bytes()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise _changed(source)
    store.ask(
        "write",
        "put_object",
        file_path,
        Body=content,
        ContentMD5=_checksum(content),
        **only_new,
    )


def _in_parts(
    store: S3Store,
    source: Path,
    file_path: str,
    size: int,
    progress: Progress,
    only_new: dict[str, str],
) -> None:
    part_size = max(PART, -(-size // _MOST_PARTS))
    begun = store.ask("write", "create_multipart_upload", file_path)
    this = {"UploadId": begun["UploadId"]}
    try:
        parts = _sent(store, source, file_path, size, part_size, this, progress)
        store.ask(
            "write",
            "complete_multipart_upload",
            file_path,
            MultipartUpload={"Parts": parts},
            **this,
            **only_new,
        )
    except BaseException:
        with contextlib.suppress(StorageFailed):  # the first failure is what to tell
            store.ask("write", "abort_multipart_upload", file_path, **this)
        raise


def _sent(
    store: S3Store,
    source: Path,
    file_path: str,
    size: int,
    part_size: int,
    this: dict[str, Any],
    progress: Progress,
) -> list[dict[str, Any]]:
    """Send the parts; return what S3 wants to know to put them together."""
    stop = threading.Event()

    def send(number: int) -> dict[str, Any]:
        if stop.is_set():
            raise Cancelled("The upload was stopped.")
        with reading(source), open(source, "rb") as stream:
            stream.seek(number * part_size)
            content = stream.read(part_size)
        answer = store.ask(
            "write",
            "upload_part",
            file_path,
            PartNumber=number + 1,
            Body=content,
            ContentMD5=_checksum(content),
            **this,
        )
        return {"PartNumber": number + 1, "ETag": answer["ETag"]}

    count = -(-size // part_size)
    with ThreadPoolExecutor(_AT_ONCE, "labdata-upload") as pool:
        left: set[Future[dict[str, Any]]] = {pool.submit(send, n) for n in range(count)}
        done: list[dict[str, Any]] = []
        try:
            while left:
                progress(min(size, len(done) * part_size), size)
                ready, left = wait(left, 0.2, FIRST_COMPLETED)
                done += [future.result() for future in ready]
        except BaseException:
            stop.set()
            raise
    return sorted(done, key=lambda part: int(part["PartNumber"]))


def _checksum(content: bytes) -> str:
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _changed(source: Path) -> UnreadableFile:
    return UnreadableFile(
        f"'{source}' changed while it was uploaded; wait until the program that writes "
        "it is done and try again."
    )
