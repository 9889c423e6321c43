"""What a file format does with the slabs of a transform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress
    from labdata_napari.core.transform_run import Record


class Sink(Protocol):
    """Takes slabs one after another and makes a file of them.

    A record is what the journal keeps of a slab: "pages", its planes, and what the
    format needs to check it on disk and to finish the file without having seen it.
    """

    @property
    def format(self) -> str:
        """Name of the format."""

    @property
    def product(self) -> Path:
        """What takes the place of the target, once it is whole."""

    @property
    def pages(self) -> int:
        """How many planes the result has."""

    @property
    def codec(self) -> str:
        """What the bytes on disk depend on, beside the voxels."""

    def resume(self, records: Sequence[Record]) -> int:
        """Begin, or go on after those slabs that are on disk and true: how many."""

    def add(self, slab: NDArray[Any], tick: Callable[[], None]) -> Record:
        """Write the next slab; `tick` is called often and may raise."""

    def finish(self, records: Sequence[Record], progress: Progress) -> None:
        """Make the file whole."""

    def verify(self, records: Sequence[Record], progress: Progress) -> str | None:
        """Read everything back; say what is not as it was computed."""

    def close(self) -> None:
        """Let go of the file."""
