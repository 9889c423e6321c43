"""A storage in S3: AWS, MinIO, or any other server that speaks its language.

Keys are built as labdata builds them: the storage's folder, then the row's path. The
credentials are those of the settings, else the environment's, else the usual AWS
files'; they stay in botocore.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from labdata_napari.core.progress import silent
from labdata_napari.errors import (
    Archived,
    NotFound,
    StorageFailed,
    StorageRefused,
    UnreadableFile,
    WriteRefused,
)
from labdata_napari.lab.archives import TIERS, tier_of
from labdata_napari.lab.s3_failures import code, failure, passing, replaced
from labdata_napari.lab.safe_paths import posix_parts
from labdata_napari.lab.stores import Stored

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from labdata_napari.core.progress import Progress
    from labdata_napari.lab.storage import StorageEntry

Answer = TypeVar("Answer")

_PIECE = 2**18
_PAUSES = (0.3, 1.0)
CONNECT_SECONDS, READ_SECONDS = 5.0, 12.0
CHECK_SECONDS = 8.0
_CONNECTIONS = 32
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_AWS = re.compile(r"(?:^|[./])amazonaws\.com(?:\.cn)?(?::\d+)?/?$")
_REGION = re.compile(r"(?:^|[./])s3[.-]([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")


class S3Store:
    """Objects of one bucket, below one folder; may be used from several threads."""

    def __init__(self, entry: StorageEntry) -> None:
        if not entry.bucket:
            raise StorageFailed(
                f"The storage '{entry.name}' is in S3 and has no bucket; add it to the "
                "settings."
            )
        if bool(entry.access_key) != bool(entry.secret_key):
            missing = "secret" if entry.access_key else "access"
            raise StorageFailed(
                f"The storage '{entry.name}' has no {missing} key; add it to the "
                "settings, or leave out both to use the usual AWS files."
            )
        self.entry = entry
        self._folder = entry.folder.strip("/")
        self._lock = threading.Lock()
        self._client: Any = None

    def key(self, file_path: str) -> str:
        """Return the key of a row's file, its letters checked."""
        posix_parts(file_path)
        return f"{self._folder}/{file_path}" if self._folder else file_path

    def url(self, file_path: str) -> str:
        """Return the address of a file: ``s3://bucket/key``."""
        return f"s3://{self.entry.bucket}/{self.key(file_path)}"

    def check(self) -> None:
        """Raise unless the bucket can be listed; a silent server is given up sooner."""
        prefix = f"{self._folder}/" if self._folder else ""
        options = {"Bucket": self.entry.bucket, "Prefix": prefix, "MaxKeys": 1}
        with self.told("list", f"s3://{self.entry.bucket}", CHECK_SECONDS):
            client = _client(self.entry, CHECK_SECONDS)
            _patiently(lambda: client.list_objects_v2(**options))

    def head(self, file_path: str) -> Stored:
        """Ask what an object is."""
        try:
            return _stored(self.ask("read", "head_object", file_path))
        except (NotFound, StorageRefused):
            # an answer to HEAD has no words, so it does not tell bucket from object
            # nor keys from rights; that to GET does
            self.ask("read", "get_object", file_path, Range="bytes=0-0")["Body"].close()
            raise

    def open(self, file_path: str) -> S3File:
        """Open an object for reading by ranges."""
        stored = self.head(file_path)
        url = self.url(file_path)
        if stored.archived:
            raise Archived(
                f"'{url}' is in cold storage ({stored.storage_class}) and cannot be "
                f"read yet; {_when(stored)}.",
                (file_path,),
            )
        name = posix_parts(file_path)[-1]
        return S3File(name, url, stored.size, stored.version, self, file_path)

    def listed(self, prefix: str) -> dict[str, Stored]:
        """List the objects whose path begins with `prefix` as a folder.

        A listing tells the storage class, but not whether something was restored.
        """
        start = len(self._folder) + 1 if self._folder else 0
        key = f"{self.key(prefix)}/" if prefix else self._folder and f"{self._folder}/"
        found: dict[str, Stored] = {}
        more: dict[str, str] = {}
        while True:
            page = self.ask("list", "list_objects_v2", prefix, Prefix=key, **more)
            for item in page.get("Contents", ()):
                storage_class = item.get("StorageClass", "STANDARD")
                found[item["Key"][start:]] = Stored(
                    item["Size"], item["ETag"], storage_class, storage_class in TIERS
                )
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def upload(
        self,
        source: Path,
        file_path: str,
        md5: str,
        progress: Progress = silent,
        replace: bool = True,
    ) -> None:
        """Store a file; the server checks each part's MD5 and puts them together."""
        from labdata_napari.lab.s3_upload import upload

        size = upload(self, source, file_path, md5, progress, replace)
        if self.head(file_path).size != size:
            raise WriteRefused(
                f"'{self.url(file_path)}' has another size than '{source}' after the "
                "upload; somebody else may be writing it. Try again."
            )

    def remove(self, file_path: str) -> None:
        """Remove an object; in a bucket with versions its old ones remain."""
        self.ask("remove", "delete_object", file_path)

    def restore(self, file_path: str, days: int, tier: str) -> None:
        """Ask for a readable copy of an archived object."""
        stored = self.head(file_path)
        if not stored.archived or stored.restoring:
            return
        tier_of(stored.storage_class, tier)
        request: dict[str, Any] = {"GlacierJobParameters": {"Tier": tier}}
        if not stored.storage_class.endswith("_ACCESS"):
            # Intelligent-Tiering keeps what it restored, and takes no number of days
            request["Days"] = days
        self.ask("restore", "restore_object", file_path, RestoreRequest=request)

    def ask(self, doing: str, operation: str, file_path: str, **more: Any) -> Any:
        """Send a request about an object, or about the bucket when there is no path.

        Busy servers and dropped connections are tried again, not for long.
        """
        options = {"Bucket": self.entry.bucket, **more}
        if operation != "list_objects_v2":
            options["Key"] = self.key(file_path)
        url = self.url(file_path) if file_path else f"s3://{self.entry.bucket}"
        with self.told(doing, url):
            return _patiently(lambda: getattr(self._connected(), operation)(**options))

    @contextlib.contextmanager
    def told(
        self, doing: str, url: str, seconds: float | None = None
    ) -> Iterator[None]:
        """Turn what botocore raises in a block into our errors.

        They name the `seconds` after which a silent server was given up.
        """
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise StorageFailed(
                f"The storage '{self.entry.name}' is in S3, and what speaks S3 is not "
                'installed; install it with pip install "labdata-napari[s3]".'
            ) from None
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            if code(error) == "RestoreAlreadyInProgress":
                return
            # without the cause: its frames hold the keys
            raise failure(error, self.entry, url, doing, seconds) from None

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = _client(self.entry, READ_SECONDS)
            return self._client


@dataclass(frozen=True)
class S3File:
    """An object read by ranges; see `labdata_napari.core.remote_bytes.RemoteFile`."""

    name: str
    url: str
    size: int
    version: str
    _store: S3Store = field(repr=False)
    _file_path: str = field(repr=False)

    def read(self, offset: int, count: int) -> bytes:
        """Return exactly `count` bytes from `offset`."""
        return b"".join(self.pieces(offset, count))

    def pieces(self, offset: int, count: int) -> Iterator[bytes]:
        """Yield exactly `count` bytes from `offset`, as they come.

        A connection that drops is made anew once, and goes on where it broke.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        end = offset + count
        if offset < 0 or end > self.size:
            raise UnreadableFile(
                f"'{self.url}' ends at byte {self.size:,}, before byte {end:,}; it was "
                "cut short, upload it again."
            )
        dropped = False
        with self._store.told("read", self.url):
            while offset < end:
                try:
                    for piece in self._stream(offset, end - offset):
                        offset += len(piece)
                        yield piece
                except (BotoCoreError, ClientError) as error:
                    if dropped or not passing(error):
                        raise
                    dropped = True

    def _stream(self, offset: int, count: int) -> Iterator[bytes]:
        answer = self._store.ask(
            "read",
            "get_object",
            self._file_path,
            Range=f"bytes={offset}-{offset + count - 1}",
            IfMatch=self.version,
        )
        with contextlib.closing(answer["Body"]) as body:
            # not every server knows If-Match
            if answer.get("ETag", self.version) != self.version:
                raise replaced(self.url)
            if answer["ContentLength"] != count:
                raise UnreadableFile(
                    f"'{self.url}' gave {answer['ContentLength']:,} bytes instead of "
                    f"{count:,}; it was cut short, or its server knows no ranges."
                )
            yield from body.iter_chunks(_PIECE)


def _patiently(ask: Callable[[], Answer]) -> Answer:
    from botocore.exceptions import BotoCoreError, ClientError

    for pause in _PAUSES:
        try:
            return ask()
        except (BotoCoreError, ClientError) as error:
            if not passing(error):
                raise
        time.sleep(pause)
    return ask()


def _stored(answer: dict[str, Any]) -> Stored:
    """Read the headers of an object."""
    storage_class = answer.get("ArchiveStatus") or answer.get("StorageClass")
    restore = answer.get("Restore", "")
    until = re.search(r'expiry-date="([^"]+)"', restore)
    readable = 'ongoing-request="false"' in restore
    return Stored(
        answer["ContentLength"],
        answer["ETag"],
        storage_class or "STANDARD",
        archived=storage_class in TIERS and not readable,
        restoring='ongoing-request="true"' in restore,
        restored_until=_date(until.group(1)) if until and readable else None,
    )


def _date(text: str) -> datetime.datetime | None:
    with contextlib.suppress(ValueError):
        return parsedate_to_datetime(text)
    return None


def _when(stored: Stored) -> str:
    takes = tier_of(stored.storage_class, "Standard").takes
    if stored.restoring:
        return f"it is being restored, which takes {takes}"
    return f"have it restored first, which takes {takes}"


def _client(entry: StorageEntry, read_seconds: float) -> Any:
    import botocore.session
    from botocore.config import Config

    session = botocore.session.get_session()
    folders = session.get_config_variable("data_path")
    session.register_component("data_loader", _descriptions(folders))
    endpoint, region = address(entry.endpoint, _configured(session))
    region = region or session.get_config_variable("region")
    if endpoint and not region:
        region = "us-east-1"  # a server of one's own takes any, but wants one
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        # `_patiently` tries again
        retries={"total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
        # others than AWS seldom give each bucket a host name, or know new checksums
        s3={"addressing_style": "path" if endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra="labdata-napari",
    )
    try:
        return session.create_client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=entry.access_key or None,
            aws_secret_access_key=entry.secret_key or None,
            config=config,
        )
    except ValueError:
        raise StorageFailed(
            f"The endpoint {entry.endpoint!r} of the storage '{entry.name}' is no "
            "address of a server; write it as https://host:port."
        ) from None


@functools.cache
def _descriptions(folders: str | None) -> Any:
    """Return botocore's descriptions of the services, which it keeps once read.

    While it parses a megabyte of them, no other thread runs: not for each storage.
    """
    from botocore.loaders import create_loader

    return create_loader(folders)


def _configured(session: Any) -> tuple[str, ...]:
    """Return the servers that the usual AWS settings name, which labdata goes by."""
    named = [os.environ.get(name) for name in _ENDPOINTS]
    named.append(session.get_scoped_config().get("endpoint_url"))
    return tuple(url for url in named if url)


def address(
    endpoint: str | None, configured: Sequence[str] = ()
) -> tuple[str | None, str | None]:
    """Return the URL of a server and its region; no URL for AWS, which has many.

    labdata's own settings name AWS by an address with a port that AWS does not have,
    and never use it. A server without ``https://`` is one of those `configured`, which
    may say ``http://``, else reached by https.
    """
    if not endpoint or _AWS.search(endpoint):
        region = _REGION.search(endpoint or "")
        return None, region.group(1) if region else None
    if "://" in endpoint:
        return endpoint, None
    host = endpoint.rstrip("/").lower()
    for url in configured:
        if url.lower().partition("://")[2].rstrip("/") == host:
            return url, None
    return f"https://{endpoint}", None
