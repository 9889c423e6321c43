"""File locks that the system drops when their holder dies, however it dies."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from pathlib import Path

_BUSY = {errno.EACCES, errno.EAGAIN}
_NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOTSUP}


class FileLock:
    """A lock on a file: shared by many or held by one.

    On POSIX it is `flock`: it belongs to the open file and not to the process, so
    two objects in one process exclude each other as two processes do, and a child
    that inherits the open file keeps the lock. (POSIX record locks, which most
    packages use, vanish when *any* handle of the process on that file is closed.)

    Parameters
    ----------
    path
        The file; made when missing, removed again by `discard`. Its bytes may be read
        and written by anybody meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, patience: float = 0.0) -> bool:
        """Take the lock.

        Parameters
        ----------
        shared
            Together with other shared holders, or alone.
        patience
            Seconds to wait for it.

        Returns
        -------
        bool
            Whether it was obtained.

        Raises
        ------
        WriteRefused
            When the file system knows no locks.
        OSError
            When the file cannot be opened.
        """
        if self._descriptor is not None:
            if _still_named(self._descriptor, self.path):
                return True
            self.release()  # somebody removed the file: others no longer see our hold
        deadline = time.monotonic() + patience
        while not self._try(shared):
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        return True

    def release(self) -> None:
        """Give the lock back, also on behalf of children that inherited it."""
        if self._descriptor is not None:
            _unlock(self._descriptor)
            self.close()

    def discard(self) -> None:
        """Remove the file and give the lock back; only for a lock held alone."""
        if self._descriptor is None:
            return
        if sys.platform == "win32":  # an open file cannot be removed there
            self.release()
            with contextlib.suppress(OSError):
                os.unlink(self.path)
        else:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
            self.release()

    def close(self) -> None:
        """Close our handle; a child that inherited it goes on holding the lock."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def fileno(self) -> int:
        """Return the descriptor a child may inherit."""
        if self._descriptor is None:
            raise ValueError(f"the lock {self.path} is not held")
        return self._descriptor

    def _try(self, shared: bool) -> bool:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # the holder before us may have removed the file we just opened
            if _lock(descriptor, shared) and _still_named(descriptor, self.path):
                self._descriptor = descriptor
                return True
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            raise WriteRefused(
                f"The file system of '{self.path.parent}' has no file locks; choose a "
                "folder on a local disk (LABDATA_NAPARI_HOME)."
            ) from error
        finally:
            if self._descriptor != descriptor:
                os.close(descriptor)
        return False


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock on `path` alone; makes no file."""
    if not path.exists():
        return False
    # shared, so that two who ask at once do not take each other for the holder
    lock = FileLock(path)
    if not lock.acquire(shared=True):
        return True
    lock.release()
    return False


def _still_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _FAIL_IMMEDIATELY, _EXCLUSIVE, _VIOLATION = 1, 2, 33
    # Locked bytes cannot be read by others there: lock one far beyond the end.
    _BEYOND = 1 << 20
    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

    class _Overlapped(ctypes.Structure):
        _fields_ = (
            ("Internal", ctypes.c_void_p),
            ("InternalHigh", ctypes.c_void_p),
            ("Offset", wintypes.DWORD),
            ("OffsetHigh", wintypes.DWORD),
            ("hEvent", wintypes.HANDLE),
        )

    def _lock(descriptor: int, shared: bool) -> bool:
        flags = _FAIL_IMMEDIATELY | (0 if shared else _EXCLUSIVE)
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        where = ctypes.byref(_Overlapped(OffsetHigh=_BEYOND))
        if _kernel32.LockFileEx(handle, flags, 0, 1, 0, where):
            return True
        if ctypes.get_last_error() == _VIOLATION:
            return False
        raise ctypes.WinError(ctypes.get_last_error())

    def _unlock(descriptor: int) -> None:
        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        where = ctypes.byref(_Overlapped(OffsetHigh=_BEYOND))
        _kernel32.UnlockFileEx(handle, 0, 1, 0, where)

else:
    import fcntl

    def _lock(descriptor: int, shared: bool) -> bool:
        try:
            mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
