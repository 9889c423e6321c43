"""The label set or predictions that a viewer corrects, whatever dock is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from labdata_napari.core.pose_marks import VideoFrames
from labdata_napari.core.pose_session import PoseSession
from labdata_napari.errors import LabdataError
from labdata_napari.lab.journal_target import Target
from labdata_napari.layers.pose_mouse import PoseMouse
from labdata_napari.layers.pose_view import PoseView
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_journal import POSE_COPIES, pose_target
from labdata_napari.widgets.pose_pictures import SetFrameSource, VideoFrameSource
from labdata_napari.widgets.pose_rows import (
    read_label_set,
    read_predictions_of,
    read_set_video,
    save_skeleton,
)
from labdata_napari.widgets.pose_suggested import PoseSuggestions
from labdata_napari.widgets.pose_videos import compare, open_video, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_pictures import Picture
    from labdata_napari.core.pose_predictions import Predictions, VideoKey
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.pose_rows import PredictionRows, SetRows, SetVideo
    from labdata_napari.widgets.workspace import Workspace


class PoseWork:
    """A session with the layers that show it and the pictures under them.

    Parameters
    ----------
    workspace
        Whose viewer shows it.
    lab
        The lab that it belongs to.
    title
        What it is called.
    session
        What is corrected.
    source
        Of its pictures.
    """

    told = Signal(str)
    """Why a picture is not there."""
    gone = Signal()
    """Somebody took its layers away."""

    def __init__(
        self,
        workspace: Workspace,
        lab: LabIdentity,
        title: str,
        session: PoseSession,
        source: SetFrameSource | VideoFrameSource,
    ) -> None:
        viewer = workspace.viewer
        assert viewer is not None
        self._workspace = workspace
        self.lab = lab
        self.title = title
        self.session = session
        self.source = source
        self.alignment = ""
        """How frames or predictions and the video do not fit together, in words."""
        self.suggestions: PoseSuggestions | None = None
        """Kept for the next time; of a label set alone."""
        self.view = PoseView(viewer, session, title)
        self._mouse = PoseMouse(viewer, self.view)
        source.arrived.connect(self._on_picture)
        self._journaling = workspace.journaling
        self._journalled = self._target
        self._journaling.follow(session, self._journalled, POSE_COPIES)
        session.edited.connect(self._on_edited)
        session.hung.connect(self._keep_skeleton)
        session.frame_shown.connect(self._ask)
        self.view.gone.connect(self.gone)
        if session.frame is not None:
            self._ask(session.frame)

    @property
    def words(self) -> str:
        """What is corrected, and into which set what is corrected goes."""
        session = self.session
        if session.predictions is None:
            return self.title
        num = session.num
        return (
            f"{self.title} → {'a new label set' if num is None else f'label set {num}'}"
        )

    @property
    def video(self) -> VideoKey | None:
        """The video that frames can be taken from; None while it is not open."""
        return self.source.video

    @property
    def reader(self) -> Pictures | None:
        """Pictures of the video; None while it is not open."""
        return self.source.reader

    def reader_of(self, frame: FrameKey) -> Pictures | None:
        """Return the video that a frame's number is one of; None where none is."""
        fits = self.session.video is not None or not self.alignment
        return self.reader if fits and frame[:4] == self.video else None

    def end(self) -> None:
        """Take the layers away, keep what is unsaved, let go of the pictures."""
        self.session.frame_shown.disconnect(self._ask)
        self.session.edited.disconnect(self._on_edited)
        self.session.hung.disconnect(self._keep_skeleton)
        self._journaling.leave(self.session)
        if self.suggestions is not None:
            self.suggestions.end()
        self.view.gone.disconnect()
        self.source.close()
        self._mouse.end()
        self.view.end()

    @property
    def _target(self) -> Target:
        """What is kept in a journal: of a set to be made, by what it is made from."""
        session = self.session
        if session.num is not None or session.predictions is None:
            return pose_target(self.lab, session.num or 0)
        video = {} if session.video is None else session.video._asdict()
        key = {"model_num": session.predictions.source, **video}
        return Target(*self.lab, "PoseEstimation", key)

    def _on_edited(self) -> None:
        target = self._target
        if target != self._journalled:  # the set was made
            self._journaling.leave(self.session)
            self._journaling.follow(self.session, target, POSE_COPIES)
            self._journalled = target
        self._journaling.note(self.session)

    def _keep_skeleton(self) -> None:
        """Let the lab know at once, of a set that is there."""
        session = self.session
        if session.num is not None and self._workspace.connection.is_open:
            self._workspace.submit(
                save_skeleton,
                self.lab,
                session.num,
                session.skeleton,
                on_loss=OnLoss.REPEAT,
            )

    def _ask(self, frame: FrameKey) -> None:
        picture = self.source.show(frame)
        if picture is not None:
            self.view.show(frame, picture)

    def _on_picture(self, frame: FrameKey, picture: Picture | LabdataError) -> None:
        # one that is only on the way to the frame wanted now still shows movement
        if self.view.is_current and frame != self.session.frame:
            return
        if isinstance(picture, LabdataError):
            # labels over the picture of another frame would be in the wrong place
            self.told.emit(str(picture))
            self.view.show(frame, np.zeros_like(self.view.picture.data))
        else:
            self.view.show(frame, picture)


class Posing:
    """Opens label sets and predictions; belongs to the workspace.

    Parameters
    ----------
    workspace
        To read through, and whose viewer to show them in.
    """

    opened = Signal(object)
    """The `PoseWork` that is corrected from now on, or None."""
    told = Signal(str)
    """A line about what was just opened or why it was not."""
    aligned = Signal()
    """It is known how the frames of a set and its video fit together."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.work: PoseWork | None = None

    def open_set(self, num: int) -> None:
        """Open a label set."""
        self.told.emit(f"Opening label set {num} …")
        self._workspace.submit(
            read_label_set,
            num,
            on_loss=OnLoss.REPEAT,
            done=self._on_set,
            failed=self._on_failed,
        )

    def open_predictions(
        self, found: int | Predictions, video: VideoKey, into: int | None = None
    ) -> None:
        """Open what a model made of a video.

        Parameters
        ----------
        found
            Number of the model, or predictions of a file.
        video
            Which.
        into
            Number of the label set that corrected frames go into; None for a new one.
        """
        self.told.emit("Opening predictions …")
        self._workspace.submit(
            read_predictions_of,
            found,
            video,
            into,
            on_loss=OnLoss.REPEAT,
            done=self._on_predictions,
            failed=self._on_failed,
        )

    def open_file(self, path: Path, video: VideoKey, into: int | None = None) -> None:
        """Open predictions that a model wrote to a file, of a video of the lab."""
        self.told.emit(f"Reading {path.name} …")
        self._workspace.background(
            read_file,
            path,
            video,
            into,
            done=self._on_file,
            failed=self._on_failed,
        )

    def close(self) -> None:
        """Let go of what is open; what is not saved stays in the journal."""
        work, self.work = self.work, None
        if work is not None:
            work.end()
            self.opened.emit(None)

    def end(self) -> None:
        """Let go of all because the window closes; the viewer takes its layers away."""
        work, self.work = self.work, None
        for signal in (self.opened, self.told, self.aligned):
            signal.disconnect()
        if work is not None:
            work.source.close()

    # -- how

    def _on_set(self, rows: SetRows) -> None:
        frames = tuple(sorted(rows.draft.labels.frames))
        session = PoseSession(
            frames,
            rows.draft,
            num=rows.num,
            skeleton=rows.skeleton,
        )
        source = SetFrameSource(
            self._workspace, rows.lab, rows.num, frames, rows.pictures
        )
        title = f"label set {rows.num}"
        self._start(rows, title, session, source)
        if self.work is not None:
            self.work.suggestions = PoseSuggestions(
                self._workspace, rows.lab, session, rows.suggested
            )
        self._workspace.submit(
            read_set_video,
            rows.lab,
            rows.num,
            frames,
            on_loss=OnLoss.REPEAT,
            done=self._on_set_video,
            failed=self._on_no_video,
        )

    def _on_set_video(self, found: SetVideo | None) -> None:
        if found is not None and found.stored:
            self._workspace.background(
                compare, found, done=self._on_aligned, failed=self._on_no_video
            )
        else:
            self._on_no_video()

    def _on_file(self, answer: tuple[Predictions, VideoKey, int | None]) -> None:
        self.open_predictions(*answer)

    def _on_predictions(self, rows: PredictionRows) -> None:
        self._workspace.background(
            open_video, rows, done=self._on_video, failed=self._on_failed
        )

    def _on_video(self, answer: tuple[PredictionRows, Pictures]) -> None:
        rows, reader = answer
        frames = VideoFrames(rows.video, len(reader))
        session = PoseSession(
            frames,
            rows.draft,
            num=rows.num,
            skeleton=rows.skeleton,
            predictions=rows.predictions,
            video=rows.video,
        )
        source = VideoFrameSource(rows.video, reader)
        model = rows.predictions.model_num
        by = "a file" if model is None else f"model {model}"
        title = f"{rows.video.subject_name} {rows.video.video_name}, {by}"
        self._start(rows, title, session, source)
        if self.work is not None and len(rows.predictions) != len(reader):
            self.work.alignment = (
                f"The predictions are of {len(rows.predictions):,} frames and the "
                f"video has {len(reader):,}: they may be of another video."
            )
            self.aligned.emit()

    def _start(
        self,
        rows: SetRows | PredictionRows,
        title: str,
        session: PoseSession,
        source: SetFrameSource | VideoFrameSource,
    ) -> None:
        self.close()
        if self._workspace.viewer is None:
            source.close()
            return
        self.work = PoseWork(self._workspace, rows.lab, title, session, source)
        self.work.gone.connect(self._on_gone)
        self.work.told.connect(self.told)
        session.told.connect(self.told)
        self.told.emit("")
        self.opened.emit(self.work)

    def _on_gone(self) -> None:
        """Say that closing was meant to follow, and that nothing is lost."""
        work = self.work
        if work is None:
            return
        unsaved = work.session.unsaved
        self.close()
        what = "label is" if unsaved == 1 else "labels are"
        kept = f" {unsaved:,} unsaved {what} kept and offered when it is opened again."
        self.told.emit(
            f"A layer of {work.title} was removed, so it is closed."
            f"{kept if unsaved else ''}"
        )

    def _on_aligned(self, answer: tuple[SetVideo, Pictures, str]) -> None:
        found, reader, words = answer
        work = self.work
        if work is None or work.session.num != found.num:
            return
        if isinstance(work.source, SetFrameSource):
            work.source.also(found.video, reader)
        work.alignment = words
        self.aligned.emit()
        if not words and work.suggestions is not None:
            self._tell(work.suggestions.show(found.video))

    def _on_no_video(self, _error: LabdataError | None = None) -> None:
        """Go on without: a label set needs no video, unless for what was suggested."""
        work = self.work
        if work is not None and work.suggestions is not None:
            self._tell(work.suggestions.why_not())

    def _tell(self, words: str) -> None:
        if words:
            self.told.emit(words)

    def _on_failed(self, error: LabdataError) -> None:
        self.told.emit(str(error))
