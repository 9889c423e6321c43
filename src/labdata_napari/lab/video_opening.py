"""The row of a video, and its files as one lazy stack."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from labdata_napari import settings
from labdata_napari.core.stacks import open_stack
from labdata_napari.errors import NotFound
from labdata_napari.lab.keys import Row, key_of, the_row, words
from labdata_napari.lab.rows import fetched_together

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from labdata_napari.core.stacks import Stack
    from labdata_napari.lab.files import Files

VIDEO_ENDINGS = (".avi", ".mp4", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg")


def video_opening(lab: Any, key: Mapping[str, Any]) -> tuple[Row, Callable[[], Stack]]:
    """Read the row of a video, and what opens its files on any thread."""
    row, places = _row_and_places(lab, key)
    return row, partial(_open, lab.files, places)


def video_places(lab: Any, key: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Read path and storage of the files of a video, in their order."""
    return _row_and_places(lab, key)[1]


def _row_and_places(
    lab: Any, key: Mapping[str, Any]
) -> tuple[Row, Sequence[tuple[str, str]]]:
    key = key_of(lab.DatasetVideo, key)
    rate = {"frame_rate"} & set(lab.DatasetVideo.heading.names)
    found = fetched_together(
        {
            "video": (lab.DatasetVideo & key).proj(*rate),  # its times are many
            "files": lab.DatasetVideo.File & key,
        }
    )
    row = the_row(lab.DatasetVideo, key, found["video"])
    # times and logs may be among the files
    files = sorted(found["files"], key=_video_first)
    if not files:
        raise NotFound(f"The video of {words(key)} has no file; add its File row.")
    places = [(str(f["file_path"]), str(f["storage"])) for f in files]
    return row, _parts(places)


def video_index_home() -> Path:
    """Return the folder in which is kept what frame is where in videos."""
    return settings.cache_home() / "videos"


def _open(files: Files, places: Sequence[tuple[str, str]]) -> Stack:
    paths = [files.locate(*place) for place in places]
    if not _is_video(places[0][0]):
        return open_stack(paths[0])
    from labdata_napari.core.video_files import open_videos

    return open_videos(paths, video_index_home())


def _parts(places: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """Keep the files of one recording: a copy in another format is no part of it."""
    first = places[0][0]
    if not _is_video(first):
        return places[:1]
    return [place for place in places if _ending(place[0]) == _ending(first)]


def _video_first(file: Mapping[str, Any]) -> tuple[bool, str]:
    path = str(file["file_path"])
    return not _is_video(path), path


def _is_video(path: str) -> bool:
    return _ending(path) in VIDEO_ENDINGS


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.lower()
