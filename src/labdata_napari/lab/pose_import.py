"""Labels in files of other tools become a label set, with its frames and videos."""

from __future__ import annotations

import datetime
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_files import LabelFile, frame_number, read_label_files
from labdata_napari.core.pictures import read_picture
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import PoseDraft, State
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.import_plan import require_place, session_time
from labdata_napari.lab.limits import checked
from labdata_napari.lab.pose_making import check_labeler, make_whole_set
from labdata_napari.lab.session_rows import parent_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.pose_draft import Place

DATASET_TYPE = "video"
_HELD_PICTURES = 16


@dataclass(frozen=True)
class LabelImport:
    """What a person asks for when labels are to be imported.

    Attributes
    ----------
    path
        File or folder; see `labdata_napari.core.label_files.read_label_files`.
    subject, session, dataset
        Where the videos belong; made when they are new. Not needed for an export of
        ours, which knows. A session is called by its date and time.
    video
        Name of the video; of several, and when it is empty, those of their folders.
    description, labeler
        Of the label set; the labeler is a member of the lab.
    session_datetime
        When a new session began; needed when its name does not say it.
    experimenter, dob, sex, strain
        Of a new session and subject, as `BrainImport` has them.
    """

    path: Path
    subject: str = ""
    session: str = ""
    dataset: str = ""
    video: str = ""
    description: str | None = None
    labeler: str | None = None
    session_datetime: datetime.datetime | None = None
    experimenter: str | None = None
    dob: datetime.date | None = None
    sex: str = "U"
    strain: str = "unknown"


@dataclass(frozen=True)
class Imported:
    """What an import made.

    Attributes
    ----------
    num
        Number of the label set.
    frames, labels
        How many it has.
    without_picture
        How many of the frames have none, neither in the files nor in a video here.
    """

    num: int
    frames: int
    labels: int
    without_picture: int


def import_labels(lab: Any, request: LabelImport) -> Imported:
    """Make a label set of files of another tool.

    Parameters
    ----------
    lab
        The `Lab`.
    request
        What to import.

    Returns
    -------
    Imported
        Its number, and how much is in it.

    Raises
    ------
    NotFound, UnreadableFile
        When there are no labels or no such labeler, or a file is damaged.
    InvalidValue
        When something is missing or does not fit; one sentence says all that is.
    WriteRefused
        When this user may not write.
    ConnectionLost
        When the server went away; nothing is imported then, or all is: import again,
        and the set that is there counts.
    """
    check_labeler(lab, request.labeler)  # before anything is read or made
    files = read_label_files(request.path)
    keyed = [(file, _keys(file, request)) for file in files]
    labels = _merged(keyed)
    if not labels.frames:
        raise InvalidValue(f"There are no frames in '{request.path}'.")
    videos = sorted({frame[:4] for frame in labels.frames})
    _add_videos(lab, videos, request)
    pictures = _Pictures(_readers(lab, keyed))
    description = request.description or f"imported from {request.path.name}"
    num = make_whole_set(
        lab,
        description[:512],
        request.labeler,
        pictures,
        PoseDraft(labels, _hidden(keyed)),
        _skeleton(files, labels.bodyparts),
    )
    lacking = len(labels.frames) - len(pictures)
    return Imported(num, len(labels.frames), len(labels), lacking)


# -- which frame of which video ------------------------------------------------


def _keys(file: LabelFile, request: LabelImport) -> dict[str | int, FrameKey]:
    if file.table.is_of_frames and file.table.likelihood is not None:
        raise InvalidValue(
            f"'{file.path}' holds what a model saw in a whole video, not labels; open "
            "it over its video and take over the frames that are right."
        )
    if file.manifest is not None:
        pairs = ((row, file.manifest.picture(str(row))) for row in file.table.rows)
        known = {row: file.manifest.frames[p] for row, p in pairs if p is not None}
        if len(known) == len(file.table.rows):
            return known
    require_place(request, file.path)
    found = {row: _key(file, row, request) for row in file.table.rows}
    _refuse_alike(file, found)
    return found


def _key(file: LabelFile, row: str | int, request: LabelImport) -> FrameKey:
    number = frame_number(row)
    if number is None:
        raise InvalidValue(
            f"The name of '{row}' in '{file.path}' has no number of a frame in it; "
            "rename the picture, for example to frame000012.png, and its row."
        )
    video = request.video or file.video_name(row) or file.path.stem
    return FrameKey(request.subject, request.session, request.dataset, video, number)


def _refuse_alike(file: LabelFile, keys: Mapping[str | int, FrameKey]) -> None:
    first: dict[FrameKey, str | int] = {}
    for row, key in keys.items():
        other = first.setdefault(key, row)
        if other != row:
            raise InvalidValue(
                f"'{other}' and '{row}' in '{file.path}' would both be frame "
                f"{key.frame_num} of the video '{key.video_name}'; leave the name of "
                "the video out if they are of several, or rename a picture."
            )


def _merged(
    keyed: Sequence[tuple[LabelFile, Mapping[str | int, FrameKey]]],
) -> PoseLabels:
    labels = PoseLabels()
    for file, keys in keyed:
        frames = tuple(keys[row] for row in file.table.rows)
        part = PoseLabels(
            file.table.bodyparts, frames, file.table.xy.astype(np.float32)
        )
        labels = labels.extended(frames, part.bodyparts)
        labels = labels.with_changes(labels.changes_to(part))
    return labels


def _hidden(
    keyed: Sequence[tuple[LabelFile, Mapping[str | int, FrameKey]]],
) -> frozenset[Place]:
    return frozenset(
        (keys[file.table.rows[row]], file.table.bodyparts[part])
        for file, keys in keyed
        if file.table.states is not None
        for row, part in np.argwhere(file.table.states == State.OCCLUDED)
    )


def _skeleton(files: Sequence[LabelFile], names: Sequence[str]) -> Skeleton:
    """Keep the order of body parts, and the lines of those that are there.

    Where there are several animals, each has the lines that a file gives for one.
    """
    before = dict.fromkeys(name.rpartition("/")[0] for name in names)
    animals = [f"{animal}/" if animal else "" for animal in before]
    edges = (
        (animal + a, animal + b)
        for file in files
        for animal in animals
        for a, b in file.edges
        if a != b
    )
    kept = tuple(edge for edge in edges if set(edge) <= set(names))
    cutoff = next((f.pcutoff for f in files if f.pcutoff is not None), None)
    return replace(Skeleton.of(names), edges=kept, pcutoff=cutoff)


# -- rows of the videos --------------------------------------------------------


def _add_videos(
    lab: Any, videos: Sequence[tuple[str, ...]], request: LabelImport
) -> None:
    """Make the rows that the frames refer to and that are not there yet."""
    with translate_errors("Importing the labels"):
        for video in videos:
            key = dict(zip(FrameKey._fields[:4], video, strict=True))
            if lab.DatasetVideo & key:
                continue
            began = session_time(key["session_name"], request.session_datetime)
            when = began or datetime.datetime.now().replace(microsecond=0)
            rows = parent_rows(lab, key, request, when, DATASET_TYPE)
            rows.append((lab.DatasetVideo, key))
            with lab.connection.transaction:
                for table, row in rows:
                    # another import may have been quicker
                    table.insert(checked(table, [row]), skip_duplicates=True)


# -- pictures ------------------------------------------------------------------


def _readers(
    lab: Any, keyed: Sequence[tuple[LabelFile, Mapping[str | int, FrameKey]]]
) -> dict[FrameKey, Callable[[], NDArray[np.uint8]]]:
    """Say how to read the picture of each frame that has one, here or in its video."""
    found: dict[FrameKey, Callable[[], NDArray[np.uint8]]] = {}
    videos: dict[tuple[str, ...], Any] = {}
    for file, keys in keyed:
        for row, frame in keys.items():
            path = file.pictures.get(row)
            if path is not None:
                found[frame] = _of_file(path)
                continue
            if frame[:4] not in videos:
                videos[frame[:4]] = _video(lab, frame)
            video = videos[frame[:4]]
            if video is not None and frame.frame_num < len(video):
                found[frame] = _of_video(video, frame.frame_num)
    return found


def _video(lab: Any, frame: FrameKey) -> Any:
    key = dict(zip(FrameKey._fields[:4], frame[:4], strict=True))
    try:
        return lab.recordings.open("DatasetVideo", key)
    except LabdataError:  # the labels are worth having without
        return None


def _of_file(path: Path) -> Callable[[], NDArray[np.uint8]]:
    return lambda: read_picture(path)


def _of_video(video: Any, number: int) -> Callable[[], NDArray[np.uint8]]:
    return lambda: np.asarray(video[number])


class _Pictures(Mapping[FrameKey, "NDArray[np.uint8]"]):
    """Pictures that are read when they are asked for, the last few held."""

    def __init__(
        self, readers: Mapping[FrameKey, Callable[[], NDArray[np.uint8]]]
    ) -> None:
        self._readers = readers
        self._held: OrderedDict[FrameKey, NDArray[np.uint8]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[FrameKey]:
        return iter(self._readers)

    def __getitem__(self, frame: FrameKey) -> NDArray[np.uint8]:
        held = self._held.get(frame)
        if held is None:
            held = self._held[frame] = self._readers[frame]()
            if len(self._held) > _HELD_PICTURES:
                self._held.popitem(last=False)
        return held
