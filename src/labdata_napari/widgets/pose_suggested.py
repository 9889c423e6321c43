"""Frames that were suggested for a label set are there again when it is next opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_rows import keep_suggested

if TYPE_CHECKING:
    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.core.pose_session import PoseSession
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.workspace import Workspace


class PoseSuggestions:
    """Keeps what a session has of them, and lets it be walked through again.

    Parameters
    ----------
    workspace
        To keep them through.
    lab
        That holds the set.
    session
        Of a label set.
    before
        Those of another time; they have pictures once their video is open.
    """

    def __init__(
        self,
        workspace: Workspace,
        lab: LabIdentity,
        session: PoseSession,
        before: tuple[FrameKey, ...],
    ) -> None:
        self._workspace = workspace
        self._lab = lab
        self._session = session
        self._kept = session.suggested = before
        self._waiting = before
        for signal in (session.listed, session.edited):
            signal.connect(self._keep)

    def show(self, video: VideoKey) -> str:
        """Let those of a video that is open now be walked through; tell so."""
        session = self._session
        frames = [frame for frame in self._waiting if frame[:4] == video]
        self._waiting = ()
        if not frames:
            return ""
        if len(session.queue):  # somebody looks at problems by now
            session.add_frames(frames)
            return f"{_many(frames)} suggested before are here again."
        session.suggest(frames)
        return f"{_many(frames)} suggested before are here again: Space goes to them."

    def why_not(self) -> str:
        """Tell why those of another time are not there; empty where there are none."""
        if not self._waiting:
            return ""
        return (
            f"{_many(self._waiting)} suggested before cannot be shown, as the video "
            "cannot be opened here; kept for another time."
        )

    def end(self) -> None:
        """Follow the session no longer."""
        for signal in (self._session.listed, self._session.edited):
            signal.disconnect(self._keep)

    def _keep(self) -> None:
        session = self._session
        if session.suggested == self._kept or session.num is None:
            return
        if not self._workspace.connection.is_open:
            return  # the next one that is let go or added brings all of them
        self._kept = session.suggested
        self._workspace.submit(
            keep_suggested,
            self._lab,
            session.num,
            session.suggested,
            on_loss=OnLoss.REPEAT,
        )


def _many(frames: tuple[FrameKey, ...] | list[FrameKey]) -> str:
    return "1 frame" if len(frames) == 1 else f"{len(frames)} frames"
