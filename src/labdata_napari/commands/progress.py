"""How far work has come, on one line of the terminal."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labdata_napari.core.progress import Progress


@contextlib.contextmanager
def percent(doing: str) -> Iterator[Progress]:
    """Show a percentage while a block runs; nothing where nobody is looking.

    Parameters
    ----------
    doing
        What is being done, such as ``"Importing brain.tif"``.
    """
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = 100 * done // max(total, 1)
        if now != shown and sys.stderr.isatty():
            print(f"\r{doing} … {now} %", end="", file=sys.stderr, flush=True)
            shown = now

    try:
        yield show
    finally:
        if shown >= 0:
            print(file=sys.stderr)
