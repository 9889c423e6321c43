"""Frame-exact random access to a video through PyAV.

Players may land near a frame; a label belongs to one frame exactly. Frame n is the
n-th picture ffmpeg puts out when it plays the file from the start: edit lists,
B-frames, a start after zero and a changing frame rate are all taken into account.
The order of presentation times, read from the packets without decoding, gives the
number of every frame; where a file has no usable times (AVI with B-frames), frames
are counted from the key frame before.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import VIDEO
from labdata_napari.core.file_bytes import check_exists, unreadable
from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.stacks import Stack
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_CACHE_BYTES = 96 * 2**20
_MOST_FRAMES_HELD = 64
# Decoded on opening, to see whether the frames come with usable times.
_PROBED_FRAMES = 40


@dataclass(frozen=True)
class FrameIndex:
    """Which packet holds which frame.

    Attributes
    ----------
    times
        Presentation time of every frame, ascending, in the stream's time base.
    keys
        Time of every key frame, ascending in the order of the file.
    first
        Number of the first frame that can be decoded from each key frame.
    by_count
        True where times are unusable and frames must be counted from a key frame.
    """

    times: tuple[int, ...]
    keys: tuple[int, ...]
    first: tuple[int, ...]
    by_count: bool

    def key_before(self, number: int) -> int:
        """Index of the key frame from which frame `number` is decoded."""
        if self.by_count:
            return max(bisect_right(self.first, number) - 1, 0)
        return max(bisect_right(self.keys, self.times[number]) - 1, 0)


class VideoReader:
    """Pictures of a video by frame number, ``(frames, Y, X, 3)``, uint8 RGB.

    One decoder serves all threads, one at a time. The frames decoded last are held,
    so that stepping back does not decode the group of pictures again.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        self._errors = (av.FFmpegError, OSError, ValueError, RuntimeError, EOFError)
        self._lock = threading.Lock()
        try:
            self._container = av.open(str(path))
            weakref.finalize(self, self._container.close)
            if not self._container.streams.video:
                raise UnreadableFile(f"{path} holds no video.")
            self._stream = self._container.streams.video[0]
            self._stream.thread_type = "AUTO"
            index, first = self._indexed()
        except self._errors as error:
            raise unreadable(path, error) from error
        self._index = index
        self._number_at = {time: n for n, time in enumerate(index.times)}
        self._turns = round(getattr(first, "rotation", 0) / 90) % 4
        self._size = (first.width, first.height)
        height, width = self._size[:: 1 if self._turns % 2 else -1]
        self.shape = (len(index.times), height, width, 3)
        self.chunks = (1, height, width, 3)
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.frame_rate = float(rate) if rate else None
        self._frames: Iterator[Any] | None = None
        self._position = -1  # number of the frame decoded last
        self._held: OrderedDict[int, Any] = OrderedDict()
        bytes_each = max(1, height * width * 3 // 2)
        self._most_held = int(np.clip(_CACHE_BYTES // bytes_each, 4, _MOST_FRAMES_HELD))

    def read(self, selection: tuple[range, ...]) -> NDArray[Any]:
        """Pixels of some frames; raises UnreadableFile where one cannot be decoded."""
        frames, rows, columns, samples = selection
        out = np.empty(tuple(len(r) for r in selection), self.dtype)
        if not out.size:
            return out
        for at, number in enumerate(frames):
            out[at] = self.picture(number)[np.ix_(rows, columns, samples)]
        return out

    def picture(self, number: int) -> NDArray[np.uint8]:
        """Picture ``(Y, X, 3)`` of one frame."""
        with self._lock:
            try:
                frame = self._frame(number)
                width, height = self._size
                rgb = frame.to_ndarray(format="rgb24", width=width, height=height)
            except self._errors as error:
                self._frames = None
                raise UnreadableFile(
                    f"Frame {number} of {self.path} cannot be decoded ({error}); the "
                    "file is damaged there."
                ) from error
        return np.rot90(rgb, self._turns) if self._turns else rgb

    def _indexed(self) -> tuple[FrameIndex, Any]:
        """Index of all frames, and the first frame."""
        times: list[int] = []
        keys: list[int] = []
        counted: list[int] = []
        untimed = False
        for packet in self._container.demux(self._stream):
            if not packet.size:
                continue
            untimed = untimed or packet.pts is None
            time = packet.pts if packet.pts is not None else packet.dts
            if time is None:
                time = len(times)
            if packet.is_keyframe:
                keys.append(time)
                counted.append(len(times))
            if not packet.is_discard:  # an edit list leaves it out
                times.append(time)
        probed = self._probe()
        if not times or not keys or not probed:
            raise UnreadableFile(f"{self.path} is a video without a readable frame.")
        shown = [frame.pts for frame in probed]
        ascending = all(t is not None for t in shown) and all(
            a < b for a, b in itertools.pairwise(shown)
        )
        by_count = untimed or not ascending or len(set(times)) != len(times)
        ordered = keys if by_count else sorted(keys)
        index = FrameIndex(
            tuple(sorted(times)), tuple(ordered), tuple(counted), by_count
        )
        return index, probed[0]

    def _probe(self) -> list[Any]:
        frames = []
        self._container.seek(0, stream=self._stream, backward=True, any_frame=False)
        for frame in self._container.decode(self._stream):
            frames.append(frame)
            if len(frames) == _PROBED_FRAMES:
                break
        return frames

    def _frame(self, number: int) -> Any:
        held = self._held.get(number)
        if held is not None:
            self._held.move_to_end(number)
            return held
        key = self._index.key_before(number)
        ahead = self._frames is not None and self._position < number
        # Decoding on is cheaper than seeking as long as no key frame lies between.
        if not (ahead and self._index.key_before(max(self._position, 0)) == key):
            self._seek(key)
        while True:
            position = self._decode_next()
            if position is None:
                continue
            if position == number:
                return self._held[number]
            if position > number:
                # The seek landed too late (open group of pictures): one key earlier.
                if key == 0:
                    raise ValueError("its key frame is missing")
                key -= 1
                self._seek(key)

    def _seek(self, key: int) -> None:
        self._container.seek(
            self._index.keys[key], stream=self._stream, backward=True, any_frame=False
        )
        self._frames = self._container.decode(self._stream)
        self._position = self._index.first[key] - 1 if self._index.by_count else -1

    def _decode_next(self) -> int | None:
        """Decode one frame and hold it; its number, None if it is never shown."""
        assert self._frames is not None
        frame = next(self._frames, None)
        if frame is None:
            self._frames = None
            raise ValueError("the video ends before it")
        if self._index.by_count:
            number = self._position + 1
        else:
            found = self._number_at.get(frame.pts)
            if found is None:
                return None
            number = found
        self._position = number
        self._held[number] = frame
        self._held.move_to_end(number)
        while len(self._held) > self._most_held:
            self._held.popitem(last=False)
        return number


def open_video(path: str | Path) -> Stack:
    """Open a video as a lazy stack ``(T, Y, X, S)`` of RGB pictures.

    Opening reads the packets' times, not the pictures: 0.4 s for an hour of video.

    Parameters
    ----------
    path
        Video file, in any container and codec ffmpeg reads.

    Raises
    ------
    NotFound
        If there is no such file.
    UnreadableFile
        If it is no video, or damaged so that not one frame can be decoded.
    """
    path = Path(path)
    check_exists(path)
    reader = VideoReader(path)
    return Stack(LazyArray.of(reader), VIDEO, None, (), reader.frame_rate, path)
