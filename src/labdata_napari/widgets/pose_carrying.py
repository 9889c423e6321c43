"""Carrying labels over from the frame before, as the picture moves.

Through the video where there is one to read; else from a picture of the set to another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.core.pose_edits import labelled_before
from labdata_napari.core.pose_flow import track
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_rows import read_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import PoseDraft
    from labdata_napari.core.pose_edits import SetKeypoints
    from labdata_napari.core.pose_pictures import Picture
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.posing import PoseWork
    from labdata_napari.widgets.workspace import Workspace

_FARTHEST = 60
"""Frames of a video over which labels are carried; farther, they are lost anyway."""


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
        self._wanted: tuple[FrameKey, FrameKey, bool] | None = None

    def start(self, work: PoseWork, overwrite: bool) -> None:
        """Carry what is missing, or everything, from the labelled frame before."""
        frame, draft = work.session.frame, work.session.draft
        if frame is None or (self._job is not None and not self._job.is_over):
            return
        source = labelled_before(draft, frame)
        if source is None:
            self._tell("There is no labelled frame before this one.")
            return
        self._work, self._draft = work, draft
        self._wanted = source, frame, overwrite
        reader, away = work.reader_of(frame), frame.frame_num - source.frame_num
        if reader is None:
            self._read(work)
        elif away > _FARTHEST:
            self._tell(
                f"The labelled frame before is {away} frames away; in a video labels "
                f"are carried over {_FARTHEST} at most."
            )
        else:
            numbers = range(source.frame_num, frame.frame_num + 1)
            self._carry(map(reader.picture, numbers))

    def _read(self, work: PoseWork) -> None:
        """Ask for the set's own pictures of both frames."""
        if self._wanted is None or work.session.num is None:
            self._tell("There is no picture of the labelled frame before.")
            return
        source, frame, _ = self._wanted
        self._job = self._workspace.submit(
            read_pictures,
            work.lab,
            work.session.num,
            (source, frame),
            on_loss=OnLoss.REPEAT,
            done=self._on_read,
            failed=self._on_failed,
        )

    def _on_read(self, pictures: Mapping[FrameKey, Picture]) -> None:
        if self._wanted is None:
            return
        source, frame, _ = self._wanted
        missing = [each for each in (source, frame) if each not in pictures]
        if missing:
            self._tell(f"The set holds no picture of {missing[0].words}.")
        else:
            self._carry((pictures[source], pictures[frame]))

    def _carry(self, pictures: Iterable[Picture]) -> None:
        if self._draft is not None and self._wanted is not None:
            self._job = self._workspace.background(
                _carry,
                self._draft,
                *self._wanted,
                pictures,
                done=self._on_carried,
                failed=self._on_failed,
            )

    def _on_carried(self, answer: tuple[FrameKey, SetKeypoints | None]) -> None:
        frame, edit = answer
        work, draft = self._work, self._draft
        self._work = self._draft = self._wanted = None
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
    overwrite: bool,
    pictures: Iterable[Picture],
) -> tuple[FrameKey, SetKeypoints | None]:
    return frame, track(draft, source, frame, pictures, overwrite)
