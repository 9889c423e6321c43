"""Frame-exact random access to a video through PyAV.

Players may land near a frame; a label belongs to one frame exactly. Frame n is the
n-th picture ffmpeg puts out when it plays the file from the start: edit lists,
B-frames, a start after zero and a changing frame rate are all taken into account; see
`labdata_napari.core.video_index`.
"""

from __future__ import annotations

import itertools
import math
import threading
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import VIDEO
from labdata_napari.core.file_bytes import check_exists, unreadable
from labdata_napari.core.lazy import LazyArray
from labdata_napari.core.stacks import Stack
from labdata_napari.core.video_index import (
    FrameIndex,
    build_index,
    keep_index,
    kept_index,
)
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

_CACHE_BYTES = 96 * 2**20
_FEWEST_HELD = 4
# On the way to a frame, those this far before it are held for stepping back.
_KEPT_BEFORE = 24


class VideoReader:
    """Pictures of a video by frame number, ``(frames, Y, X, 3)``, uint8 RGB.

    One decoder serves all threads, one at a time. The frames decoded last are held,
    so that stepping back does not decode the group of pictures again.

    Parameters
    ----------
    path
        Video file, in any container and codec ffmpeg reads.
    index_cache
        Folder where indices of videos are kept; None keeps none.
    cache_bytes
        What decoded frames may take; four are held in any case.

    Attributes
    ----------
    shape, dtype, chunks
        Of the array of all pictures.
    frame_rate
        Frames per second as the file says it; None where it does not.

    Raises
    ------
    UnreadableFile
        If it is no video, or damaged so that not one frame can be decoded.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        path: Path,
        index_cache: Path | None = None,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        import av

        self.path = path
        self._errors = (av.FFmpegError, OSError, ValueError, RuntimeError, EOFError)
        self._decoding = threading.Lock()
        self._converting = threading.Lock()
        try:
            self._open()
            self._index = self._indexed(index_cache)
            first = self._first_frame()
        except OSError as error:  # of the system, not of what the file holds
            raise unreadable(path, error) from error
        except self._errors as error:
            raise UnreadableFile(
                f"{path} is damaged or no video ({_reason(error)}); see whether a "
                "player shows it, and copy it anew from where it was recorded."
            ) from error
        self._turns = round(getattr(first, "rotation", 0) / 90) % 4
        self._size = (first.width, first.height)
        height, width = self._size[:: 1 if self._turns % 2 else -1]
        self.shape = (len(self._index), height, width, 3)
        self.chunks = (1, height, width, 3)
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.frame_rate = float(rate) if rate else None
        self._frames: Iterator[Any] | None = None
        self._position = -1  # number of the frame decoded last
        self._whole_from = -math.inf  # time from which on every frame is decoded
        self.most_held = max(_FEWEST_HELD, cache_bytes // _bytes_of(first))
        self._held = _Held(self.most_held)

    def _open(self) -> None:
        import av

        self._container = av.open(str(self.path))
        self._closing = weakref.finalize(self, self._container.close)
        if not self._container.streams.video:
            raise UnreadableFile(f"{self.path} holds no video.")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = _threads_for(self._container, self._stream)

    def __len__(self) -> int:
        return self.shape[0]

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
        """Picture ``(Y, X, 3)`` of one frame, decoded if need be.

        Raises
        ------
        UnreadableFile
            When the file is damaged there.
        """
        with self._damage_told(number):
            return self._converted(self._decoded(number))

    def picture_held(self, number: int) -> NDArray[np.uint8] | None:
        """Picture of a frame that is held; None, at once, where it is not."""
        frame = self._held.get(number)
        if frame is None:
            return None
        with self._damage_told(number):
            return self._converted(frame)

    def hold(self, number: int) -> None:
        """Decode a frame for later; errors as `picture`."""
        with self._damage_told(number):
            self._decoded(number)

    def _damage_told(self, number: int) -> _DamageTold:
        return _DamageTold(self, number)

    def _converted(self, frame: Any) -> NDArray[np.uint8]:
        width, height = self._size
        with self._converting:  # the scaler belongs to the frame
            rgb = frame.to_ndarray(format="rgb24", width=width, height=height)
        return np.rot90(rgb, self._turns) if self._turns else rgb

    def _indexed(self, cache: Path | None) -> FrameIndex:
        kept = kept_index(cache, self.path) if cache is not None else None
        if kept is not None:
            return kept
        index = build_index(self._container, self._stream, self.path)
        if cache is not None:
            keep_index(cache, self.path, index)
        return index

    def _first_frame(self) -> Any:
        self._container.seek(0, stream=self._stream, backward=True, any_frame=False)
        frame = next(self._container.decode(self._stream), None)
        if frame is None:
            raise ValueError("not one frame can be decoded")
        return frame

    def _decoded(self, number: int) -> Any:
        held = self._held.get(number)
        if held is not None:
            return held
        with self._decoding:
            return self._held.get(number) or self._decode(number)

    def _decode(self, number: int) -> Any:
        key: int | None = self._index.key_before(number)
        before = max(number - _KEPT_BEFORE, 0)
        by_count = self._index.by_count
        self._whole_from = -math.inf if by_count else self._index.times[before]
        ahead = self._frames is not None and self._position < number
        # Decoding on is cheaper than seeking as long as no key frame lies between.
        if not (ahead and self._index.key_before(max(self._position, 0)) == key):
            self._seek(key)
        while True:
            position, frame = self._decode_next()
            if position is None:
                continue
            if position > number - _KEPT_BEFORE:
                self._held.put(position, frame)
            if position == number:
                return frame
            if position > number:
                # The seek landed too late (open group of pictures): one key earlier.
                if key is None:
                    raise ValueError("its key frame is missing")
                key = key - 1 if key else None
                self._seek(key)

    def _seek(self, key: int | None) -> None:
        if self._index.by_count:
            self._seek_counted(key or 0)
            return
        self._seek_time(key)
        self._frames = self._frames_of(self._container.demux(self._stream))
        self._position = -1

    def _seek_time(self, key: int | None) -> None:
        """Seek to a key frame; None for where the file begins.

        That a seek to the first key frame does not reach where the table of contents,
        which is at the end, is missing.
        """
        if key is None:
            self._closing()
            self._open()
            return
        time = int(self._index.keys[key])
        self._container.seek(time, stream=self._stream, backward=True, any_frame=False)

    def _seek_counted(self, key: int) -> None:
        """Seek to a key frame or one before it, and see which it became.

        Where times say nothing a seek lands anywhere, as in an AVI whose end, and
        with it its table of contents, is missing.
        """
        for attempt in (key, max(key - 1, 0), 0, None):
            self._seek_time(attempt)
            packets = self._container.demux(self._stream)
            packet = next((p for p in packets if p.size and p.is_keyframe), None)
            landed = None if packet is None else self._index.key_at(packet.pos)
            if landed is not None and landed <= key:
                self._frames = self._frames_of(itertools.chain((packet,), packets))
                self._position = int(self._index.first[landed]) - 1
                return
        raise ValueError("its key frame cannot be found")

    def _frames_of(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Decode packets; long before the frame wanted, only what others need.

        Frames of then are left out.
        """
        context = self._stream.codec_context
        for packet in packets:
            early = packet.pts is not None and packet.pts < self._whole_from
            context.skip_frame = "NONREF" if early else "DEFAULT"
            for frame in packet.decode():
                if frame.pts is None or frame.pts >= self._whole_from:
                    yield frame

    def _decode_next(self) -> tuple[int | None, Any]:
        """Decode one frame; its number, None if it is never shown."""
        assert self._frames is not None
        frame = next(self._frames, None)
        if frame is None:
            raise ValueError("the video ends before it")
        if self._index.by_count:
            number: int | None = self._position + 1
        else:
            number = self._index.number_at(frame.pts)
        if number is not None:
            self._position = number
        return number, frame


class _DamageTold:
    """Puts what the decoder raises into a sentence, and has it seek afresh."""

    def __init__(self, reader: VideoReader, number: int) -> None:
        self._reader = reader
        self._number = number

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        reader = self._reader
        if isinstance(error, reader._errors):
            reader._frames = None
            raise UnreadableFile(
                f"Frame {self._number} of {reader.path} cannot be decoded "
                f"({_reason(error)}); the file is damaged there."
            ) from error


class _Held:
    """The frames decoded last, up to a number. Safe from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._frames: OrderedDict[int, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: int) -> Any:
        """Return the frame; None if it is not held."""
        with self._lock:
            found = self._frames.get(number)
            if found is not None:
                self._frames.move_to_end(number)
            return found

    def put(self, number: int, frame: Any) -> None:
        """Hold a frame, dropping those unused for longest."""
        with self._lock:
            self._frames[number] = frame
            self._frames.move_to_end(number)
            while len(self._frames) > self._most:
                self._frames.popitem(last=False)


def _threads_for(container: Any, stream: Any) -> str:
    """Decode several frames at once only where one takes longer than a handover.

    A frame takes about 1 ms for each million pixels and each 4 kB, and as long again
    is lost by giving frames to threads, whose order must be kept.
    """
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if not (rate and container.bit_rate):
        return "AUTO"
    pixels = stream.codec_context.width * stream.codec_context.height
    took_ms = pixels / 1e6 + container.bit_rate / rate / 8 / 4000
    return "AUTO" if took_ms > 1 else "SLICE"


def _reason(error: BaseException) -> str:
    """Give what ffmpeg says, without its number."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _bytes_of(frame: Any) -> int:
    return max(1, int(sum(plane.buffer_size for plane in frame.planes)))


def open_video(path: str | Path, index_cache: Path | None = None) -> Stack:
    """Open a video as a lazy stack ``(T, Y, X, S)`` of RGB pictures.

    Opening reads the packets' times, not the pictures: 0.4 s for an hour of video.

    Parameters
    ----------
    path
        Video file, in any container and codec ffmpeg reads.
    index_cache
        Folder where these times are kept for the next time; None keeps none.

    Raises
    ------
    NotFound
        If there is no such file.
    UnreadableFile
        If it is no video, or damaged so that not one frame can be decoded.
    """
    path = Path(path)
    check_exists(path)
    reader = VideoReader(path, index_cache)
    return Stack(LazyArray.of(reader), VIDEO, None, (), reader.frame_rate, path)
