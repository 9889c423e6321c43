"""A folder that zarr writes into until it is told to stop."""

from __future__ import annotations

import contextlib
import errno
import threading
from typing import TYPE_CHECKING

from zarr.storage import LocalStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zarr.core.buffer import Buffer


class StoppableStore(LocalStore):  # type: ignore[misc]
    """A folder that takes nothing more once it is stopped.

    zarr writes several chunks side by side. Where one fails it says so at once, and
    goes on with the others, into a folder that is perhaps being removed meanwhile.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._stopped = False
        self._under_way = 0
        self._changed = threading.Condition()

    async def set(self, key: str, value: Buffer) -> None:
        """Write a file, unless stopped."""
        with self._writing():
            await super().set(key, value)

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write a file that is not there, unless stopped."""
        with self._writing():
            await super().set_if_not_exists(key, value)

    def stop(self) -> None:
        """Take nothing more, and wait for what is being written."""
        with self._changed:
            self._stopped = True
            self._changed.wait_for(lambda: not self._under_way)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._changed:
            if self._stopped:
                raise OSError(errno.ECANCELED, "the writing was stopped")
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
