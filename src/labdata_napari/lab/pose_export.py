"""Label sets of a lab as files for other tools."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_export import LabelExport
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.progress import silent
from labdata_napari.errors import InvalidValue, LabdataError, NotFound
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import row_of
from labdata_napari.lab.pose_details import load_set
from labdata_napari.lab.pose_writing import read_frames
from labdata_napari.lab.video_opening import video_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.progress import Progress

FORMATS = ("dlc", "lightning", "coco", "slp", "nwb")
# of 640 × 480 in colour that is 7 MB
_FRAMES_AT_ONCE = 8


def export_labels(
    lab: Any,
    num: int,
    folder: Path,
    format: str = "dlc",  # noqa: A002
    *,
    bodyparts: Sequence[str] | None = None,
    only_labelled: bool = False,
    disperse: bool = False,
    pad: bool = True,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a label set as files of another tool.

    Parameters
    ----------
    lab
        The `Lab`.
    num
        Number of the set.
    folder
        Of the project to write; of SLEAP and NWB, where the file goes.
    format
        ``"dlc"``, ``"lightning"``, ``"coco"``, ``"slp"`` or ``"nwb"``.
    bodyparts
        Which to write, in this order; when None all of the set, as its skeleton orders
        them. Some may have no label yet.
    only_labelled
        Whether to leave out frames without labels.
    disperse
        Whether body parts that the first frame lacks get a place there, to be dragged
        from; of ``"dlc"`` alone.
    pad
        Whether to make all pictures as large as the largest.
    overwrite
        Whether an earlier export may be replaced.
    progress
        Called with frames done and in all; raise `Cancelled` in it to stop.

    Returns
    -------
    Path
        ``labeled-data/label_set_<number>`` below `folder`, or the file of labels.

    Raises
    ------
    NotFound
        When there is no such set, or a frame has neither a picture nor a video here.
    InvalidValue
        For another format, or a set without frames.
    WriteRefused
        When something is there already, or the disk refuses.
    """
    if format not in FORMATS:
        raise InvalidValue(
            f"'{format}' is no format of labels; choose one of {', '.join(FORMATS)}."
        )
    export = planned_export(lab, num, bodyparts, only_labelled, disperse, pad)
    if format in ("slp", "nwb"):
        from labdata_napari.core.sleap import write_sleap

        videos: dict[tuple[str, ...], Path] = {}
        for frame in export.frames:
            if frame[:4] not in videos:
                videos[frame[:4]] = _video_file(lab, frame)
        path = folder / f"label_set_{num}.{format}"
        return write_sleap(path, export, videos, overwrite)
    writer = _writer(format)
    return writer(folder, export, overwrite, progress)


def planned_export(
    lab: Any,
    num: int,
    bodyparts: Sequence[str] | None = None,
    only_labelled: bool = False,
    disperse: bool = False,
    pad: bool = True,
) -> LabelExport:
    """Say what `export_labels` writes; pictures are fetched as they are written."""
    draft, skeleton = load_set(lab, num)
    labels = draft.labels
    with translate_errors():
        row = row_of(lab.PoseEstimationLabelSet, {"pose_label_set_num": num})
    frames = labels.frames
    if only_labelled:
        labelled = np.flatnonzero(~np.isnan(labels.xyz[..., 0]).all(axis=1))
        frames = tuple(frames[n] for n in labelled)
    if not frames:
        what = "no labels" if only_labelled else "no frames"
        raise InvalidValue(
            f"Label set {num} has {what} yet; there is nothing to write."
        )
    names = labels.bodyparts if bodyparts is None else tuple(bodyparts)
    if not names:
        raise InvalidValue(
            f"Label set {num} has no body parts yet; say which to write."
        )
    selected = PoseLabels(names, frames).with_values_of(labels)
    edges = tuple(edge for edge in skeleton.edges if set(edge) <= set(names))
    return LabelExport(
        label_set=num,
        scorer=row["labeler"] or "labdata",
        draft=replace(draft, labels=selected),
        pictures=_pictures(lab, num, frames),
        pad=pad,
        disperse=disperse,
        edges=edges,
        pcutoff=skeleton.pcutoff,
    )


def _writer(format: str) -> Callable[..., Path]:  # noqa: A002
    if format == "dlc":
        from labdata_napari.core.dlc import write_dlc

        return write_dlc
    if format == "lightning":
        from labdata_napari.core.lightning import write_lightning

        return write_lightning
    from labdata_napari.core.coco import write_coco

    return write_coco


def _pictures(
    lab: Any, num: int, frames: Sequence[FrameKey]
) -> Iterator[tuple[FrameKey, NDArray[np.uint8]]]:
    """Yield the frames of a set with their pixels; of the video where it has none."""
    key = {"pose_label_set_num": num}
    videos: dict[tuple[str, ...], Any] = {}
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        part = frames[start : start + _FRAMES_AT_ONCE]
        with translate_errors():
            found = read_frames(lab, key, part)
        for frame in part:
            picture = found.get(frame)
            if picture is None:
                picture = _from_video(lab, frame, videos)
            yield frame, picture


def _from_video(
    lab: Any, frame: FrameKey, videos: dict[tuple[str, ...], Any]
) -> NDArray[np.uint8]:
    key = dict(zip(FrameKey._fields[:4], frame[:4], strict=True))
    try:
        if frame[:4] not in videos:
            videos[frame[:4]] = lab.recordings.open("DatasetVideo", key)
        picture: NDArray[np.uint8] = videos[frame[:4]][frame.frame_num]
    except (LabdataError, IndexError) as error:
        raise NotFound(
            f"There is no picture of {frame.words} in the label set, and its video "
            f"does not give one: {error}"
        ) from error
    return picture


def _video_file(lab: Any, frame: FrameKey) -> Path:
    key: Mapping[str, Any] = dict(zip(FrameKey._fields[:4], frame[:4], strict=True))
    with translate_errors():
        places = video_places(lab, key)
    if len(places) > 1:
        raise InvalidValue(
            f"The video {frame.video_name} is in {len(places)} files, which SLEAP and "
            "NWB do not know; export as dlc, lightning or coco."
        )
    path: Path = lab.files.locate(*places[0])
    return path
