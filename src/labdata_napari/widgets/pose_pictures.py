"""Pictures for a pose view, brought to the GUI thread from a lab or from a video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.core.pose_pictures import SetPictures
from labdata_napari.core.video_thread import FramePlayer
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_rows import read_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_pictures import Picture
    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.workspace import Workspace


class VideoFrameSource(QObject):
    """Frames of a video, decoded on a thread of their own.

    Parameters
    ----------
    video
        Which.
    reader
        Its pictures.
    """

    arrived = Signal(object, object)
    """A `FrameKey`, and its picture or a `LabdataError`."""

    def __init__(self, video: VideoKey, reader: Pictures) -> None:
        super().__init__()
        self.video = video
        self.reader = reader
        self._player = FramePlayer(reader, self._deliver)

    def show(self, frame: FrameKey) -> Picture | None:
        """Ask for a frame; it comes at once if it is held, else it arrives."""
        return self._player.show(frame.frame_num)

    def close(self) -> None:
        """End the thread, without waiting for it."""
        self._player.close(wait=False)

    def _deliver(self, number: int, picture: Any) -> None:
        self.arrived.emit(self.video.frame(number), picture)


class SetFrameSource(QObject):
    """Frames of a label set, read from the lab as they are looked at.

    Parameters
    ----------
    workspace
        To read through.
    lab
        The lab that holds the set.
    num
        Number of the set.
    frames
        In the order in which they are walked through.
    pictures
        Those that were read already.
    """

    arrived = Signal(object, object)
    """A `FrameKey`, and its picture or a `LabdataError`."""

    def __init__(
        self,
        workspace: Workspace,
        lab: LabIdentity,
        num: int,
        frames: Sequence[FrameKey],
        pictures: Mapping[FrameKey, Picture],
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._set = lab, num
        self._pictures = SetPictures(frames, self._fetch, self.arrived.emit)
        self._pictures.hold(pictures)
        self._stored = frozenset(frames)
        self._video: VideoFrameSource | None = None
        self._closed = False

    @property
    def video(self) -> VideoKey | None:
        """The video of most frames, once it is open."""
        return None if self._video is None else self._video.video

    @property
    def reader(self) -> Pictures | None:
        """Pictures of that video, once it is open."""
        return None if self._video is None else self._video.reader

    def also(self, video: VideoKey, reader: Pictures) -> None:
        """Take the frames that the set does not hold from its video."""
        if not self._closed and self._video is None:
            self._video = VideoFrameSource(video, reader)
            self._video.arrived.connect(self.arrived)

    def show(self, frame: FrameKey) -> Picture | None:
        """Ask for a frame; it comes at once if it is held, else it arrives."""
        video = self._video
        if video is not None and frame not in self._stored and frame[:4] == video.video:
            return video.show(frame)
        return self._pictures.show(frame)

    def close(self) -> None:
        """Fetch nothing any more."""
        self._closed = True
        if self._video is not None:
            self._video.close()

    def _fetch(self, frames: tuple[FrameKey, ...]) -> None:
        if not self._closed:
            self._workspace.submit(
                read_pictures,
                *self._set,
                frames,
                on_loss=OnLoss.REPEAT,
                done=self._pictures.arrived,
                failed=self._pictures.failed,
            )
