"""How long work tells about itself, and how it is stopped."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called often by long work with how far it has come.

    To cancel the work, raise `labdata_napari.errors.Cancelled` from the call:
    the work cleans up behind itself and lets the error through.
    """

    def __call__(self, done: int, total: int) -> None:
        """Report `done` of `total` steps."""


class Counting:
    """Tells a progress of one step more with each call, whatever that says.

    Parameters
    ----------
    progress
        What is told.
    total
        Steps there will be.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total = progress, total
        self._done = 0

    def __call__(self, done: int = 0, total: int = 0) -> None:
        """Count one."""
        self._done += 1
        self._progress(self._done, self._total)


def silent(done: int, total: int) -> None:
    """Report nothing; the default."""
