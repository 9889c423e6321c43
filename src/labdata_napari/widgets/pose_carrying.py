"""Carrying labels over from the frame before, as the picture moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.core.pose_edits import labelled_before
from labdata_napari.core.pose_flow import track

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.pose_edits import SetKeypoints
    from labdata_napari.core.pose_pictures import Picture
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.posing import PoseWork
    from labdata_napari.widgets.workspace import Workspace

_FARTHEST = 60
"""Frames over which labels are carried; farther, they are lost anyway."""


class PoseCarrying:
    """Carries labels to the frame that is looked at.

    Parameters
    ----------
    workspace
        Whose background work it is.
    tell
        Takes a line for the status.
    """

    def __init__(self, workspace: Workspace, tell: Callable[[str], None]) -> None:
        self._workspace = workspace
        self._tell = tell
        self._job: Job | None = None
        self._work: PoseWork | None = None
        self._draft: PoseDraft | None = None

    def start(self, work: PoseWork, overwrite: bool) -> None:
        """Carry what is missing, or everything, from the labelled frame before."""
        frame, draft = work.session.frame, work.session.draft
        if frame is None or (self._job is not None and not self._job.is_over):
            return
        source = labelled_before(draft, frame)
        if source is None:
            self._tell("There is no labelled frame before this one.")
        elif work.reader is None or work.alignment:
            self._tell("Labels are carried over in a video, and there is none to read.")
        elif frame.frame_num - source.frame_num > _FARTHEST:
            self._tell(
                f"The labelled frame before is {frame.frame_num - source.frame_num} "
                f"frames away; labels are carried over {_FARTHEST} at most."
            )
        else:
            self._work, self._draft = work, draft
            self._job = self._workspace.background(
                _carry,
                draft,
                source,
                frame,
                work.reader,
                overwrite,
                done=self._on_carried,
                failed=self._on_failed,
            )

    def _on_carried(self, answer: tuple[FrameKey, SetKeypoints | None]) -> None:
        frame, edit = answer
        work, draft = self._work, self._draft
        self._work = self._draft = None
        if work is None or work.session.frame != frame:
            return  # whoever went on no longer wants it
        if work.session.draft is draft:
            work.session.do(
                edit, "Nothing could be carried over, or nothing is missing."
            )
        else:
            self._tell("Something was edited meanwhile: carry over again.")

    def _on_failed(self, error: LabdataError) -> None:
        self._tell(str(error))


def _carry(
    draft: PoseDraft,
    source: FrameKey,
    frame: FrameKey,
    reader: Pictures,
    overwrite: bool,
) -> tuple[FrameKey, SetKeypoints | None]:
    pictures = _between(reader, source.frame_num, frame.frame_num)
    return frame, track(draft, source, frame, pictures, overwrite)


def _between(reader: Pictures, first: int, last: int) -> Iterator[Picture]:
    return (reader.picture(number) for number in range(first, last + 1))
