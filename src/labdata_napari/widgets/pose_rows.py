"""What the Pose dock asks of a lab: functions that `Workspace.submit` runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.pose_compare import Comparison, compared
from labdata_napari.core.pose_draft import PoseDraft
from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.core.pose_skeleton import Skeleton
from labdata_napari.errors import InvalidValue, LabdataError, NotFound, WriteRefused
from labdata_napari.layers.source import why_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_pictures import Picture
    from labdata_napari.core.pose_predictions import Predictions
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.opening import Opening
    from labdata_napari.lab.pose_list import ListedPredictions, ListedSet
    from labdata_napari.layers.source import LabIdentity


@dataclass(frozen=True, eq=False)
class SetRows:
    """A label set as it was read.

    Attributes
    ----------
    lab
        The lab that holds it.
    num
        Its number.
    draft
        What it holds.
    skeleton
        How its body parts hang together.
    pictures
        That of its first frame, which is shown first; empty where it has none.
    suggested
        Frames that it does not have, kept on this computer as worth labelling.
    """

    lab: LabIdentity
    num: int
    draft: PoseDraft
    skeleton: Skeleton
    pictures: Mapping[FrameKey, Picture]
    suggested: tuple[FrameKey, ...] = ()


@dataclass(frozen=True, eq=False)
class SetVideo:
    """The video that most frames of a label set are of.

    Attributes
    ----------
    num
        Number of the set.
    video
        Which.
    opening
        Opens it.
    stored
        Some of its frames as the set holds them, by number.
    """

    num: int
    video: VideoKey
    opening: Opening
    stored: Mapping[int, Picture]


@dataclass(frozen=True, eq=False)
class PredictionRows:
    """Predictions of a video, and the label set that they are to go into.

    Attributes
    ----------
    lab
        The lab that holds the video.
    predictions, video
        What a model made of which video.
    opening
        Opens the video.
    num
        Number of the label set; None for one that is to be made.
    draft, skeleton
        What that holds, and how its body parts hang together.
    """

    lab: LabIdentity
    predictions: Predictions
    video: VideoKey
    opening: Opening
    num: int | None = None
    draft: PoseDraft = field(default_factory=PoseDraft)
    skeleton: Skeleton = field(default_factory=Skeleton)


def find_poses(lab: Lab) -> tuple[list[ListedSet], list[ListedPredictions]]:
    """List what there is to correct."""
    from labdata_napari.lab.pose_list import list_poses

    return list_poses(lab)


def read_label_set(lab: Lab, num: int) -> SetRows:
    """Read a label set, and of its pictures the first.

    Raises
    ------
    NotFound
        When there is no such set.
    """
    from labdata_napari.lab.pose_sidecar import read_aside

    home = _identity(lab)
    draft, skeleton = lab.poses.load_set(num)
    first = sorted(draft.labels.frames)[:1]
    pictures: Mapping[FrameKey, Picture] = {}
    # the window would else be painted twice, once without; why one cannot be read is
    # told when it is looked at
    with suppress(InvalidValue):
        pictures = read_pictures(lab, home, num, first)
    known = frozenset(draft.labels.frames)
    waiting = [f for f in read_aside(lab, num).suggested if f not in known]
    return SetRows(home, num, draft, skeleton, pictures, tuple(waiting))


def read_set_video(
    lab: Lab, home: LabIdentity, num: int, frames: Sequence[FrameKey]
) -> SetVideo | None:
    """Read where the video of most frames of a set is, and some of the frames.

    Returns
    -------
    SetVideo or None
        None for a set without frames, and where the video is not to be had.
    """
    video, numbers = _main_video(frames)
    if video is None:
        return None
    picked = numbers[:: max(1, len(numbers) // 2)][:3]
    keys = [video.frame(number) for number in picked]
    try:
        opening = lab.recordings.opening("DatasetVideo", video._asdict())
        pictures = read_pictures(lab, home, num, keys)
    except LabdataError:  # a set needs no video
        return None
    stored = {frame.frame_num: picture for frame, picture in pictures.items()}
    return SetVideo(num, video, opening, stored)


def read_predictions_of(
    lab: Lab, found: int | Predictions, video: VideoKey, into: int | None
) -> PredictionRows:
    """Read what a model made of a video, and the set that labels go into.

    Parameters
    ----------
    lab
        The lab.
    found
        Number of the model, or predictions that were read from a file.
    video
        Which.
    into
        Number of the label set; None for a new one.

    Raises
    ------
    NotFound
        When there is no such video, no predictions of it or no such set.
    """
    opening = lab.recordings.opening("DatasetVideo", video._asdict())
    predictions = (
        lab.poses.load_predictions(found, video._asdict())
        if isinstance(found, int)
        else found
    )
    rows = PredictionRows(_identity(lab), predictions, video, opening, into)
    if into is None:
        return replace(rows, skeleton=Skeleton.of(predictions.bodyparts))
    draft, skeleton = lab.poses.load_set(into)
    return replace(rows, draft=draft, skeleton=skeleton)


def read_pictures(
    lab: Lab, home: LabIdentity, num: int, frames: Sequence[FrameKey]
) -> dict[FrameKey, Picture]:
    """Read the pictures of some frames of a set, those that it has.

    Raises
    ------
    NotFound
        When another lab has been connected since the set was opened.
    InvalidValue
        When what is stored is no picture.
    """
    from labdata_napari.lab.pose_writing import read_frames

    if why_elsewhere(home, _identity(lab)):
        raise NotFound("The label set belongs to another lab; connect to it to go on.")
    with lab.own_errors():
        found = read_frames(lab, {"pose_label_set_num": num}, frames)
    return {frame: _drawable(frame, found[frame]) for frame in found}


def _drawable(frame: FrameKey, picture: NDArray[Any]) -> Picture:
    """Make it (Y, X) or (Y, X, 3), whatever program stored it."""
    if picture.ndim == 3 and picture.shape[2] in (1, 4):
        picture = picture[..., 0] if picture.shape[2] == 1 else picture[..., :3]
    if picture.ndim != 2 and picture.shape[2:] != (3,):
        shape = " x ".join(map(str, picture.shape))
        raise InvalidValue(f"What is stored of {frame.words} is no picture ({shape}).")
    # the database gives them column by column, which is drawn at a third of the speed
    return np.ascontiguousarray(picture)


def compare_labels(
    lab: Lab, home: LabIdentity, num: int | None, baseline: PoseDraft, edited: PoseDraft
) -> tuple[Comparison, PoseDraft]:
    """Tell what a save would do; also return what the set holds now.

    Raises
    ------
    WriteRefused
        When another lab has been connected since the set was opened.
    """
    _refuse_elsewhere(lab, home)
    theirs = PoseDraft() if num is None else lab.poses.load_draft(num)
    found = compared(baseline.labels, edited.labels, theirs.labels)
    return found, theirs


@dataclass(frozen=True, eq=False)
class Saving:
    """What is to be written.

    Attributes
    ----------
    home
        The lab that it belongs to.
    num
        Number of the label set; None for a new one, of `description`.
    baseline, edited
        What it is known to hold, and what it is to become.
    frames
        Those whose pictures the set does not have.
    video, reader
        That they are taken from; None while none is open.
    skeleton
        How body parts hang together; kept for a new set.
    """

    home: LabIdentity
    num: int | None
    baseline: PoseDraft
    edited: PoseDraft
    description: str = ""
    frames: tuple[FrameKey, ...] = ()
    video: VideoKey | None = None
    reader: Pictures | None = None
    skeleton: Skeleton = field(default_factory=Skeleton)


def save_skeleton(
    lab: Lab, home: LabIdentity, num: int, skeleton: Skeleton
) -> Skeleton:
    """Keep how the body parts of a set hang together.

    Raises
    ------
    WriteRefused
        When another lab has been connected since the set was opened.
    """
    _refuse_elsewhere(lab, home)
    lab.poses.save_skeleton(num, skeleton)
    return skeleton


def keep_suggested(
    lab: Lab, home: LabIdentity, num: int, frames: tuple[FrameKey, ...]
) -> None:
    """Keep frames worth labelling until a set is opened again, on this computer.

    Raises
    ------
    WriteRefused
        When another lab has been connected since the set was opened, or the disk
        refuses.
    """
    from labdata_napari.lab.pose_sidecar import keep_aside

    _refuse_elsewhere(lab, home)
    keep_aside(lab, num, {}, suggested=frames)


def save_labels(lab: Lab, saving: Saving) -> tuple[int, PoseDraft, str]:
    """Write labels and frames in one transaction.

    Returns
    -------
    tuple
        The set's number, what it holds, and what others will not see of it, in words.

    Raises
    ------
    WriteRefused
        When another lab has been connected since the set was opened.
    WriteConflict
        When somebody changed the same labels since `baseline`; nothing is written.
    NotFound
        When there are new frames of which there is no picture; nothing is written.
    """
    from labdata_napari.lab.pose_details import make_set

    _refuse_elsewhere(lab, saving.home)
    images = _pictures(saving)
    num = saving.num
    if num is None:
        num = make_set(lab, saving.description, images, saving.edited, saving.skeleton)
    else:
        lab.poses.save_draft(num, saving.baseline, saving.edited, images)
    return num, lab.poses.load_draft(num), lab.poses.words_aside


def _pictures(saving: Saving) -> Mapping[FrameKey, Picture]:
    reader = saving.reader
    for frame in saving.frames:
        if reader is None or saving.video is None or frame[:4] != saving.video:
            raise NotFound(
                f"The set holds no picture of {frame.words}, and its video is not open "
                "here. Open what a model predicted of that video, with this label set "
                "to put frames into, and save there; until then the labels are kept."
            )
    return {} if reader is None else _Decoded(reader, saving.frames)


class _Decoded(Mapping["FrameKey", "Picture"]):
    """Pictures of a video, decoded when they are taken."""

    def __init__(self, reader: Pictures, frames: Sequence[FrameKey]) -> None:
        self._reader = reader
        self._frames = dict.fromkeys(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[FrameKey]:
        return iter(self._frames)

    def __getitem__(self, frame: FrameKey) -> Picture:
        if frame not in self._frames:
            raise KeyError(frame)
        return self._reader.picture(frame.frame_num)


def _identity(lab: Any) -> LabIdentity:
    return lab.url, lab.name, lab.project


def _refuse_elsewhere(lab: Any, home: LabIdentity) -> None:
    if elsewhere := why_elsewhere(home, _identity(lab), "labels"):
        raise WriteRefused(elsewhere)


def _main_video(frames: Sequence[FrameKey]) -> tuple[VideoKey | None, list[int]]:
    """Return the video of most frames, and their numbers."""
    numbers: dict[VideoKey, list[int]] = {}
    for frame in frames:
        numbers.setdefault(VideoKey(*frame[:4]), []).append(frame.frame_num)
    if not numbers:
        return None, []
    video = max(numbers, key=lambda key: len(numbers[key]))
    return video, sorted(numbers[video])
