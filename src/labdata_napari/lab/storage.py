"""What settings say about the storages that rows name: disks and buckets."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StorageEntry:
    """Where one storage of the lab keeps its files.

    Attributes
    ----------
    name
        What rows call it, for example ``data`` or ``analysis``.
    protocol
        ``"local"`` or ``"s3"``.
    folder
        Local: the folder. S3: the part of each key before the row's path, or empty.
    endpoint
        S3: address of the server with or without ``https://``; None for AWS.
    bucket
        S3: name of the bucket.
    access_key, secret_key
        S3 credentials; None leaves them to the environment or the usual AWS files.
        Neither is in the repr.
    """

    name: str
    protocol: str
    folder: str = ""
    endpoint: str | None = None
    bucket: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
