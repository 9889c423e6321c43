"""A video recorded in several files, as one: frames count on from file to file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import VIDEO
from labdata_napari.core.file_bytes import check_exists
from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.stacks import Stack
from labdata_napari.core.video import VideoReader
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class JoinedVideo:
    """Pictures of several videos one after the other; as `VideoReader`.

    Parameters
    ----------
    readers
        In the order of recording, at least one.

    Raises
    ------
    InvalidValue
        When their pictures differ in size.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, readers: Sequence[VideoReader]) -> None:
        self._readers = tuple(readers)
        first = self._readers[0]
        for reader in self._readers:
            if reader.shape[1:] != first.shape[1:]:
                raise InvalidValue(
                    f"{reader.path} has pictures of {_size(reader)} and {first.path} "
                    f"of {_size(first)}; they are not parts of one video."
                )
        self._ends = np.cumsum([len(reader) for reader in self._readers])
        self.path = first.path
        self.shape = (int(self._ends[-1]), *first.shape[1:])
        self.chunks = first.chunks
        self.frame_rate = first.frame_rate
        self.most_held = first.most_held

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Pixels of some frames; raises UnreadableFile where one cannot be decoded."""
        frames, *inside = selection
        out = np.empty(tuple(len(r) for r in selection), self.dtype)
        if not out.size:
            return out
        for at, number in enumerate(frames):
            out[at] = self.picture(number)[np.ix_(*inside)]
        return out

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Picture ``(Y, X, 3)`` of one frame; raises UnreadableFile."""
        reader, own = self._of(number)
        return reader.picture(own)

    def picture_held(self, number: int) -> NDArray[np.uint8] | None:
        """Picture of a frame that is held; None, at once, where it is not."""
        reader, own = self._of(number)
        return reader.picture_held(own)

    def hold(self, number: int) -> None:
        """Decode a frame for later; raises UnreadableFile."""
        reader, own = self._of(number)
        reader.hold(own)

    def _of(self, number: int) -> tuple[VideoReader, int]:
        at = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[at - 1]) if at else 0
        return self._readers[at], number - before


def open_videos(paths: Sequence[str | Path], index_cache: Path | None = None) -> Stack:
    """Open the files of one video as a lazy stack ``(T, Y, X, S)``.

    Parameters
    ----------
    paths
        In the order of recording, at least one.
    index_cache
        As `open_video` takes it.

    Raises
    ------
    NotFound, UnreadableFile
        As `open_video`.
    InvalidValue
        When their pictures differ in size.
    """
    found = [Path(path) for path in paths]
    for path in found:
        check_exists(path)
    readers = [VideoReader(path, index_cache) for path in found]
    reader = readers[0] if len(readers) == 1 else JoinedVideo(readers)
    return Stack(LazyArray.of(reader), VIDEO, None, (), reader.frame_rate, found[0])


def _size(reader: VideoReader) -> str:
    return f"{reader.shape[2]} × {reader.shape[1]}"
