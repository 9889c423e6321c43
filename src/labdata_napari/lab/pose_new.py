"""New label sets: frames of videos that nobody has labelled yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_draft import PoseDraft
from labdata_napari.core.pose_new import suggest_in
from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.pose_making import make_whole_set
from labdata_napari.lab.rows import fetched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from labdata_napari.core.pose_new import NewSet
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.video_thread import Pictures


def new_set(lab: Any, request: NewSet, progress: Progress = silent) -> int:
    """Make a label set of frames of videos, in one transaction or not at all.

    May be called again after `ConnectionLost`. Frames are read from their videos and
    written a few at a time.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    request
        Which frames, and what is to be labelled in them.
    progress
        Called with frames written and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    int
        Number of the set.

    Raises
    ------
    InvalidValue
        When something is missing, or a video has no frame of a number.
    NotFound
        When a video is not in the lab, or its file not on this machine.
    UnreadableFile
        When a video is damaged.
    WriteRefused, ConnectionLost
        As `Poses.add_frames`.
    """
    if request.missing:
        raise InvalidValue(request.missing)
    videos = {video: open_reader(lab, video) for video in request.frames}
    frames = []
    for video, numbers in request.frames.items():
        for number in sorted(set(numbers)):
            if not 0 <= number < len(videos[video]):
                raise InvalidValue(
                    f"The video {' '.join(video)} has frames 0 to "
                    f"{len(videos[video]) - 1}, and none of the number {number}."
                )
            frames.append(video.frame(number))
    return make_whole_set(
        lab,
        request.description,
        request.labeler,
        _Pictures(frames, videos, progress),
        PoseDraft(),
        request.skeleton,
    )


def suggest(
    lab: Any,
    video: VideoKey,
    count: int,
    way: str = "kmeans",
    known: Collection[int] = (),
    progress: Progress = silent,
) -> list[int]:
    """Choose frames of a video of a lab; see `suggest_in`.

    Raises
    ------
    NotFound, UnreadableFile
        When the video cannot be opened.
    InvalidValue
        As `suggest_in`.
    """
    return suggest_in(open_reader(lab, video), count, way, known, progress)


def open_reader(lab: Any, video: VideoKey) -> Pictures:
    """Open a video of a lab; what it gives may be read by another thread.

    Raises
    ------
    NotFound, UnreadableFile
        When the video cannot be opened.
    """
    stack = lab.recordings.open("DatasetVideo", video._asdict())
    reader: Pictures = stack.data.reader
    return reader


def find_videos(lab: Any) -> list[VideoKey]:
    """List the videos of a lab, by subject, session, dataset and name."""
    with translate_errors():
        rows = fetched(lab.DatasetVideo.proj())
    return sorted(VideoKey(*(str(row[n]) for n in VideoKey._fields)) for row in rows)


class _Pictures(Mapping[FrameKey, "NDArray[np.uint8]"]):
    """Frames of videos, each read when it is asked for.

    They are asked for in their order, twice where the server limits statements.
    """

    def __init__(
        self,
        frames: Sequence[FrameKey],
        videos: Mapping[VideoKey, Any],
        progress: Progress,
    ) -> None:
        self._numbers = {frame: n for n, frame in enumerate(frames, start=1)}
        self._videos = videos
        self._progress = progress
        self._last: tuple[FrameKey, NDArray[np.uint8]] | None = None

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[FrameKey]:
        return iter(self._numbers)

    def __getitem__(self, frame: FrameKey) -> NDArray[np.uint8]:
        if self._last is None or self._last[0] != frame:
            number = self._numbers[frame]
            picture = self._videos[VideoKey(*frame[:4])].picture(frame.frame_num)
            self._last = frame, picture
            self._progress(number, len(self))
        return self._last[1]
