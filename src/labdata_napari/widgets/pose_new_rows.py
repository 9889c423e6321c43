"""What the form of a new label set asks of a lab, for `Workspace.submit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.core.progress import silent

if TYPE_CHECKING:
    from labdata_napari.core.pose_new import NewSet
    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.core.pose_skeleton import Skeleton
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.lab.lab import Lab


@dataclass(frozen=True)
class Choices:
    """What a lab has to choose from.

    Attributes
    ----------
    videos
        Sorted.
    members
        ``user_name`` of the lab's members.
    sets
        Numbers of label sets, and what they are called; the newest first.
    user
        Who is connected; maybe one of the members.
    """

    videos: tuple[VideoKey, ...]
    members: tuple[str, ...]
    sets: tuple[tuple[int, str], ...]
    user: str


def find_choices(lab: Lab) -> Choices:
    """Read what there is to choose from."""
    from labdata_napari.lab.failures import translate_errors
    from labdata_napari.lab.pose_new import find_videos
    from labdata_napari.lab.rows import fetched

    with translate_errors():
        members = sorted(str(r["user_name"]) for r in fetched(lab.LabMember.proj()))
        rows = fetched(lab.PoseEstimationLabelSet())
    sets = []
    for row in sorted(rows, key=lambda r: -int(r["pose_label_set_num"])):
        num, description = int(row["pose_label_set_num"]), row["description"]
        words = f"label set {num}"
        sets.append((num, f"{words}: {description}" if description else words))
    return Choices(tuple(find_videos(lab)), tuple(members), tuple(sets), lab.user)


def open_video_of(lab: Lab, video: VideoKey) -> Pictures:
    """Open a video, for any thread to look through."""
    from labdata_napari.lab.pose_new import open_reader

    return open_reader(lab, video)


def read_skeleton_of(lab: Lab, num: int) -> Skeleton:
    """Read the skeleton of a label set."""
    return lab.poses.load_skeleton(num)


def make_set(lab: Lab, request: NewSet, progress: Progress = silent) -> int:
    """Make a label set; its number."""
    return lab.poses.new_set(request, progress)
