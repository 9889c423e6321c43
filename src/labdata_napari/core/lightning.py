"""Label sets as Lightning Pose projects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labdata_napari.core.label_csv import csv_bytes
from labdata_napari.core.label_export import new_folder, write_pictures
from labdata_napari.core.label_files import LABELED_DATA
from labdata_napari.core.label_manifest import NAME as MANIFEST
from labdata_napari.core.progress import silent
from labdata_napari.core.small_files import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.label_export import LabelExport
    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.progress import Progress

TABLE = "CollectedData.csv"


def write_lightning(
    project: Path,
    export: LabelExport,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a label set as a Lightning Pose project.

    Parameters
    ----------
    project
        Its folder.
    export
        What to write; one frame at least.
    overwrite
        Whether a folder with files in it may be replaced.
    progress
        As `labdata_napari.core.label_export.write_pictures` takes it.

    Returns
    -------
    Path
        ``CollectedData.csv``, with the coordinate ``visible``: 0 not labelled, 1
        hidden, 2 visible. Pictures are ``labeled-data/<video>/frame<number>.png``.

    Raises
    ------
    WriteRefused
        When something is there already, or the disk refuses.
    """
    folders = video_folders(export.frames)
    names = {
        frame: f"{LABELED_DATA}/{folders[frame[:4]]}/frame{frame.frame_num:08d}.png"
        for frame in export.frames
    }
    with new_folder(project, overwrite) as part:
        write_pictures(part, export, names, progress)
        files = {
            part / TABLE: csv_bytes(export.table(names), visible=True),
            part / MANIFEST: export.manifest(names).to_bytes(),
        }
        write_files(files, overwrite=True)
    return project / TABLE


def video_folders(frames: tuple[FrameKey, ...]) -> dict[tuple[str, ...], str]:
    """Name a folder for each video: session and video, longer only if it must be."""
    videos = sorted({frame[:4] for frame in frames})
    for columns in ((1, 3), (0, 1, 2, 3)):
        folders: dict[tuple[str, ...], str] = {
            v: "_".join(_plain(v[c]) for c in columns) for v in videos
        }
        if len({name.lower() for name in folders.values()}) == len(videos):
            return folders
    return {video: f"{name}_{n}" for n, (video, name) in enumerate(folders.items())}


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)
