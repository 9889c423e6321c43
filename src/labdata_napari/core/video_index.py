"""Which packet of a video holds which frame, read without decoding the pictures.

The order of presentation times gives the number of every frame; where a file has no
usable times (AVI with B-frames), frames are counted from the key frame before. What
was found is kept on disk, because it means reading the whole file once.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# Decoded on opening, to see whether the frames come with usable times.
_PROBED_FRAMES = 40
# Another number makes indices of older versions be read anew.
_VERSION = 1
_ARRAYS = ("times", "keys", "first", "places")


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """Which packet holds which frame.

    Attributes
    ----------
    times
        (frames,) int64; presentation time of every frame, ascending, in the stream's
        time base.
    keys
        (key frames,) int64; time of every key frame, in the order of the file.
    first
        (key frames,) int64; number of the first frame that can be decoded from each.
    places
        (key frames,) int64; the byte of the file where each begins, by which it is
        known again after a seek that may land anywhere.
    by_count
        True where times are unusable and frames must be counted from a key frame.
    """

    times: NDArray[np.int64]
    keys: NDArray[np.int64]
    first: NDArray[np.int64]
    places: NDArray[np.int64]
    by_count: bool

    def __len__(self) -> int:
        return len(self.times)

    def key_before(self, number: int) -> int:
        """Index of the key frame from which frame `number` is decoded."""
        if self.by_count:
            at = np.searchsorted(self.first, number, side="right")
        else:
            at = np.searchsorted(self.keys, self.times[number], side="right")
        return max(int(at) - 1, 0)

    def key_at(self, place: int | None) -> int | None:
        """Index of the key frame that begins at a byte of the file; None if none."""
        found = np.flatnonzero(self.places == place)
        return int(found[0]) if len(found) else None

    def number_at(self, time: int | None) -> int | None:
        """Give the number of the frame shown at a time; None where there is none."""
        if time is None:
            return None
        at = int(np.searchsorted(self.times, time))
        found = at < len(self.times) and self.times[at] == time
        return at if found else None


def build_index(container: Any, stream: Any, path: Path) -> FrameIndex:
    """Read the packets of a stream, and decode its beginning to see what they tell.

    Parameters
    ----------
    container, stream
        Of PyAV, at any position; left at another one.
    path
        For messages.

    Raises
    ------
    UnreadableFile
        When there is no frame.
    """
    times: list[int] = []
    keys: list[int] = []
    counted: list[int] = []
    places: list[int] = []
    untimed = False
    for packet in container.demux(stream):
        if not packet.size:
            continue
        untimed = untimed or packet.pts is None
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            time = len(times)
        if packet.is_keyframe:
            keys.append(time)
            counted.append(len(times))
            places.append(-1 if packet.pos is None else packet.pos)
        if not packet.is_discard:  # an edit list leaves it out
            times.append(time)
    shown = _probe(container, stream) if times and keys else []
    if not shown:
        raise UnreadableFile(f"{path} is a video without a readable frame.")
    ascending = None not in shown and all(a < b for a, b in itertools.pairwise(shown))
    by_count = untimed or not ascending or len(set(times)) != len(times)
    return FrameIndex(
        np.array(sorted(times), np.int64),
        np.array(keys if by_count else sorted(keys), np.int64),
        np.array(counted, np.int64),
        np.array(places, np.int64),
        by_count,
    )


def _probe(container: Any, stream: Any) -> list[Any]:
    """Return the times of the frames that come first, as the decoder gives them.

    Those before a damage tell enough; one at the very beginning is raised.
    """
    container.seek(0, stream=stream, backward=True, any_frame=False)
    shown: list[Any] = []
    try:
        for frame in itertools.islice(container.decode(stream), _PROBED_FRAMES):
            shown.append(frame.pts)
    except ValueError:  # av.error.InvalidDataError is one
        if not shown:
            raise
    return shown


def kept_index(folder: Path, video: Path) -> FrameIndex | None:
    """Return what `keep_index` kept of a video, unless the file changed since."""
    try:
        with np.load(_place(folder, video), allow_pickle=False) as kept:
            arrays = [kept[name] for name in (*_ARRAYS, "by_count")]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    *numbers, by_count = arrays
    times, keys, first, places = numbers
    whole = (
        len({a.shape for a in (keys, first, places)}) == times.ndim == keys.ndim == 1
    )
    if not (whole and times.size and all(a.dtype == np.int64 for a in numbers)):
        return None
    return FrameIndex(times, keys, first, places, bool(by_count))


def keep_index(folder: Path, video: Path, index: FrameIndex) -> None:
    """Keep an index for the next time; a folder that cannot be written keeps none."""
    target = _place(folder, video)
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as stream:
            np.savez_compressed(
                stream,
                by_count=np.array(index.by_count),
                **{name: getattr(index, name) for name in _ARRAYS},
            )
        os.replace(part, target)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _place(folder: Path, video: Path) -> Path:
    """Name a kept index by path, size and time: a changed file gets another."""
    status = video.stat()
    facts = (_VERSION, str(video.resolve()), status.st_size, status.st_mtime_ns)
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    return folder / f"{digest}.npz"
