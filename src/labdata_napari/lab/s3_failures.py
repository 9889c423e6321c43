"""What an S3 server says when it fails, as one sentence for a person; no keys in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.errors import (
    Archived,
    InvalidValue,
    LabdataError,
    NotFound,
    StorageFailed,
    StorageRefused,
    UnreadableFile,
    WriteRefused,
)

if TYPE_CHECKING:
    from labdata_napari.lab.storage import StorageEntry

_DENIED = {"403", "AccessDenied", "Forbidden", "AllAccessDisabled"}
_WRONG_KEYS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "TokenRefreshRequired",
    "AuthorizationHeaderMalformed",
}
_GONE = {"404", "NoSuchKey", "NotFound"}
_REPLACED = {"412", "PreconditionFailed"}
_ARCHIVED = {"InvalidObjectState", "ObjectNotInActiveTierError"}
_BUSY = {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException"}
_BUSY_STATUS = {429, 500, 502, 503, 504}


def passing(error: Exception) -> bool:
    """Whether the same request may well succeed a moment later."""
    from botocore import exceptions as of_s3

    if isinstance(error, of_s3.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return code(error) in _BUSY or status in _BUSY_STATUS
    # not a timeout: the person has waited long enough
    dropped = (
        of_s3.ConnectionClosedError,
        of_s3.ResponseStreamingError,
        of_s3.IncompleteReadError,
    )
    return isinstance(error, dropped)


def code(error: Exception) -> str:
    """Return the code S3 gave, or nothing."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def failure(
    error: Exception,
    entry: StorageEntry,
    url: str,
    doing: str,
    seconds: float | None = None,
) -> LabdataError:
    """Say what went wrong; `doing` as in "read", `url` what it was done to.

    `seconds` is how long an answer was waited for, where that is to be said.
    """
    from botocore import exceptions as of_s3

    if isinstance(error, of_s3.ClientError):
        return _answered(error, entry, url, doing)
    where = entry.endpoint or "AWS"
    storage = f"the storage '{entry.name}' ({where})"
    if isinstance(error, of_s3.NoCredentialsError | of_s3.PartialCredentialsError):
        return StorageRefused(
            f"There are no keys for {storage}; add its access key and secret key to "
            "the settings, or to the usual AWS files."
        )
    if isinstance(error, of_s3.SSLError):
        return StorageFailed(
            f"The connection to {storage} cannot be encrypted; begin its endpoint with "
            "http:// if it is a server without TLS, or have its certificate corrected."
        )
    if isinstance(error, of_s3.ConnectTimeoutError | of_s3.ReadTimeoutError):
        connected = isinstance(error, of_s3.ReadTimeoutError)
        waited = f" within {seconds:g} s" if seconds and connected else ""
        return StorageFailed(
            f"{_capital(storage)} does not answer{waited}, so '{url}' could not be "
            f"{_done(doing)}; check the network, and try again."
        )
    if isinstance(error, of_s3.HTTPClientError | of_s3.EndpointConnectionError):
        return StorageFailed(
            f"{_capital(storage)} cannot be reached, or the connection broke, so "
            f"'{url}' could not be {_done(doing)}; check the network and the endpoint, "
            "and try again."
        )
    if isinstance(error, of_s3.ParamValidationError):
        return InvalidValue(
            f"'{url}' is no address that S3 takes; correct the row, or the bucket in "
            "the settings."
        )
    return StorageFailed(
        f"'{url}' could not be {_done(doing)}: {type(error).__name__} from {storage}; "
        "check its settings."
    )


def _answered(
    error: Exception, entry: StorageEntry, url: str, doing: str
) -> LabdataError:
    said = code(error)
    where = entry.endpoint or "AWS"
    if said == "NoSuchBucket":
        return StorageFailed(
            f"The storage '{entry.name}' has no bucket '{entry.bucket}' ({where}); "
            "correct the bucket or the endpoint in the settings."
        )
    if said in _GONE:
        return NotFound(
            f"'{url}' (storage '{entry.name}') is not there; it was removed or never "
            "uploaded. Ask whoever made its row."
        )
    if said in _WRONG_KEYS:
        return StorageRefused(
            f"The storage '{entry.name}' ({where}) does not know these keys ({said}); "
            "correct the access key and secret key in the settings."
        )
    if said in _DENIED:
        return StorageRefused(
            f"The keys for the storage '{entry.name}' do not allow to {doing} '{url}'; "
            "ask whoever looks after the storage."
        )
    if said in _REPLACED and doing == "write":
        return WriteRefused(
            f"Another file is at '{url}' already; it was left alone. Give this one "
            "another name, or remove that one."
        )
    if said in _REPLACED:
        return replaced(url)
    if said in _ARCHIVED:
        return Archived(
            f"'{url}' is in cold storage and cannot be read yet; have it restored "
            "first, which takes minutes to hours.",
            (url,),
        )
    return StorageFailed(
        f"'{url}' could not be {_done(doing)}: the storage '{entry.name}' ({where}) "
        f"says {said or 'no'}; try again, or ask whoever looks after it."
    )


def replaced(url: str) -> UnreadableFile:
    """Say that the bytes are not those that were there when the file was opened."""
    return UnreadableFile(
        f"'{url}' was replaced by other bytes while it was read; open it again."
    )


def _done(doing: str) -> str:
    return {"read": "read", "write": "written", "list": "listed"}.get(
        doing, f"{doing.removesuffix('e')}ed"
    )


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
