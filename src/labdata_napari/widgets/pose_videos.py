"""What the Pose dock reads of files, each function on a thread of its own."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose_predictions import read_predictions
from labdata_napari.core.video_align import alignment_of
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.pose_predictions import Predictions, VideoKey
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.lab.opening import Opening
    from labdata_napari.widgets.pose_rows import PredictionRows, SetVideo


def read_file(
    path: Path, video: VideoKey, into: int | None
) -> tuple[Predictions, VideoKey, int | None]:
    """Read predictions that a model wrote to a file; what was asked for beside it."""
    return read_predictions(path), video, into


def open_video(rows: PredictionRows) -> tuple[PredictionRows, Pictures]:
    """Open the video of predictions; with them its pictures."""
    reader = _reader_of(rows.opening)
    # a window would else be painted twice, once without; what is damaged is told when
    # it is looked at
    with suppress(UnreadableFile):
        reader.hold(0)
    return rows, reader


def compare(found: SetVideo) -> tuple[SetVideo, Pictures, str]:
    """Open the video of a set; its pictures, and how they fit the set's, in words."""
    reader = _reader_of(found.opening)
    return found, reader, alignment_of(reader, found.stored).words


def _reader_of(opening: Opening) -> Pictures:
    reader: Any = getattr(opening().data, "reader", None)
    if not hasattr(reader, "picture_held"):
        raise UnreadableFile(
            "The recording is no video with colours that frames can be taken from."
        )
    found: Pictures = reader
    return found
