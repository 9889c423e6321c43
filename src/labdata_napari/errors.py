"""The errors a person may meet; each message says what failed, on what, what to do."""

from __future__ import annotations


class LabdataError(Exception):
    """Base of every error this package raises on purpose.

    The message is one sentence (or two) for a person at a workstation: what
    failed, on what, and what to do about it. Widgets show it as it is.
    """


class ConnectionFailed(LabdataError):
    """The database could not be reached, or refused who we are."""


class ConnectionLost(ConnectionFailed):
    """A connection that worked before is gone; reconnecting may help."""


class OutcomeUnknown(ConnectionLost):
    """The connection broke while a change was being sealed: saved or not, who knows."""


class LoginRefused(ConnectionFailed):
    """The server is there but does not let us in as this user with this password.

    Attributes
    ----------
    url
        Address of the server, without a password; without a user where none is known.
    """

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url


class KeyringFailed(LabdataError):
    """The system's keyring is missing, locked, or did not answer."""


class NotFound(LabdataError):
    """A row, a table or a file that should be there is not."""


class UnreadableFile(LabdataError):
    """A file is there but is broken, cut short, or not what its name says."""


class InvalidValue(LabdataError):
    """A value cannot be used or stored: wrong shape, range, type or length."""


class WriteRefused(LabdataError):
    """Nothing was written: no permission, read-only, full disk, or a lock."""


class BeingComputed(WriteRefused):
    """Another program computes the same; it is there when that one is done."""


class WriteConflict(LabdataError):
    """Somebody else changed the rows since they were loaded; nothing was written.

    Attributes
    ----------
    theirs
        What the database holds now, in the form the caller loaded as baseline.
    their_changes, your_changes
        How that, and how what was to be written, differs from the baseline, in words;
        the latter also how it differs from theirs under the same names.
    """

    def __init__(
        self,
        message: str,
        theirs: object = None,
        their_changes: str = "",
        your_changes: str = "",
    ) -> None:
        super().__init__(message)
        self.theirs = theirs
        self.their_changes = their_changes
        self.your_changes = your_changes


class Cancelled(LabdataError):
    """The person stopped the work; nothing of it was kept."""


class Interrupted(Cancelled):
    """The program ends; what was finished is kept, and the next start goes on."""


class StorageFailed(LabdataError):
    """A storage (S3, a shared disk) could not be reached, or its settings are wrong."""


class StorageRefused(StorageFailed):
    """A storage is there and does not let us do that with the keys we have."""


class Archived(LabdataError):
    """Files are in cold storage and cannot be read until they are restored.

    Attributes
    ----------
    files
        Paths of the archived files, as their rows name them.
    requested
        Those whose restore was asked for just now.
    """

    def __init__(
        self,
        message: str,
        files: tuple[str, ...] = (),
        requested: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.files = files
        self.requested = requested


class LeftBehind(LabdataError):
    """Rows were deleted as asked, but not all of their files could be removed.

    Attributes
    ----------
    files
        Addresses of the files that are still there.
    """

    def __init__(self, message: str, files: tuple[str, ...]) -> None:
        super().__init__(message)
        self.files = files


class ProblemsFound(LabdataError):
    """A check found something that somebody should see to."""
