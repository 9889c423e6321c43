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


def silent(done: int, total: int) -> None:
    """Report nothing; the default."""
