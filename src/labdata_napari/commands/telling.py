"""Tells at a terminal how several transforms are coming on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError

Key = dict[str, Any]


class Telling:
    """A line for each that ended; where somebody looks, one for those under way.

    Parameters
    ----------
    describe
        Says what came of one, given its key.
    tells_failures
        Whether what fails is told here; else it is for the caller to tell.
    """

    def __init__(
        self, describe: Callable[[Key], str], *, tells_failures: bool = True
    ) -> None:
        self._describe = describe
        self._tells_failures = tells_failures
        self._under_way: dict[str, int] = {}
        self._line = ""
        self._waits = False

    def begins(self, key: Key) -> Progress:
        """Show a percentage from now on."""
        name = name_of(key)

        def report(done: int, total: int) -> None:
            self.percent(name, 100 * done // max(total, 1))

        return report

    def percent(self, name: str, percent: int) -> None:
        """Show how far one is."""
        if self._under_way.get(name) != percent:
            self._under_way[name] = percent
            self._show(", ".join(f"{n} {p} %" for n, p in self._under_way.items()))

    def ends(self, key: Key, error: LabdataError | None) -> None:
        """Print what came of one."""
        name = name_of(key)
        self._under_way.pop(name, None)
        self._show("")
        if error is None:
            print(f"{name}: {self._describe(key)}", flush=True)
        elif self._tells_failures:
            print(f"labdata-napari: {name}: {error}", file=sys.stderr)

    def waits(self, keys: Sequence[Key]) -> None:
        """Say, once, that others compute what is left."""
        if not self._waits:
            self._waits = True
            names = ", ".join(map(name_of, keys))
            print(
                f"Waiting for {names}, which another program is computing; Ctrl-C "
                "stops waiting.",
                file=sys.stderr,
            )

    def close(self) -> None:
        """Clear the line of those under way."""
        self._show("")

    def _show(self, line: str) -> None:
        if sys.stderr.isatty():
            blank = " " * max(0, len(self._line) - len(line))
            end = "" if line else "\r"
            print(f"\r{line}{blank}{end}", end="", file=sys.stderr, flush=True)
            self._line = line


def name_of(key: Key) -> str:
    """Name a transform: "M1/20260101_120000/brain/0"."""
    return "/".join(map(str, key.values()))
