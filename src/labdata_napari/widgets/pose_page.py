"""What is being corrected: frames, body parts, problems, saving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.widgets.annotation_keys_panel import KeysPanel
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.offer_flow import WAITING, OfferFlow
from labdata_napari.widgets.pose_carrying import PoseCarrying
from labdata_napari.widgets.pose_conflicts import PoseConflicts
from labdata_napari.widgets.pose_journal import POSE_OFFERS
from labdata_napari.widgets.pose_keypoints import PoseParts
from labdata_napari.widgets.pose_keys import (
    POSE_ACTIONS,
    POSE_MOUSE,
    frames_per_step,
)
from labdata_napari.widgets.pose_problems import PoseProblems
from labdata_napari.widgets.pose_saving import PoseSaveFlow
from labdata_napari.widgets.pose_tools import PoseTools
from labdata_napari.widgets.pose_traces import PoseTraces
from labdata_napari.widgets.question import Question
from labdata_napari.widgets.rights import allow, why_not_saved_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_session import PoseSession
    from labdata_napari.widgets.posing import PoseWork
    from labdata_napari.widgets.workspace import Workspace

_FAR = 10


class PosePage(QWidget):
    """Shows the session that is corrected; empty without one.

    Parameters
    ----------
    workspace
        Whose work it is.
    """

    told = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._work: PoseWork | None = None
        self._title = _label("pose_title")
        self._badge = _label("pose_badge", wraps=False)
        self._place = _label("pose_place")
        self._notice = _label("pose_notice")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("pose_frames")
        self._slider.setToolTip("Drag to go to a frame; A and D step")
        self._traces = PoseTraces()
        self._tools = PoseTools()
        self._parts = PoseParts()
        self._keypoints = self._parts.table
        self._problems = PoseProblems(workspace)
        self._keys_panel = KeysPanel(
            None, POSE_ACTIONS, POSE_MOUSE, "Keys of correcting poses"
        )
        self._question = Question()
        self._conflicts = PoseConflicts()
        self._reason = _label("pose_reason")
        self._save = QPushButton("Save")
        self._save.setObjectName("pose_save")
        self._save.setToolTip("Write what changed to the lab (Ctrl+S in the picture)")
        self._flow = PoseSaveFlow(workspace, self._question, self._conflicts, self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._carrying = PoseCarrying(workspace, self.told.emit)
        self._recover = OfferFlow(
            workspace.journaling, self._question, POSE_OFFERS, self
        )
        self._lay_out()
        self._listening = Listening(self)
        self._listening_to_work = Listening(self)
        self._listening.to(workspace.posing.aligned, self._on_aligned)
        self._slider.valueChanged.connect(self._on_slider)
        self._keypoints.chosen.connect(self._on_chosen_here)
        self._parts.told.connect(self.told)
        self._tools.keys_toggled.connect(self._keys_panel.setVisible)
        self._problems.told.connect(self.told)
        self._save.clicked.connect(self._flow.start)
        self._flow.told.connect(self.told)
        self._flow.state_changed.connect(self.refresh_state)
        self._recover.told.connect(self.told)
        self._recover.restored.connect(self._on_edited)
        self._recover.waiting_changed.connect(self.refresh_state)

    def _lay_out(self) -> None:
        head, bottom = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._badge)
        bottom.addWidget(self._reason, 1)
        bottom.addWidget(self._save)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self._parts)
        split.addWidget(self._problems)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        for widget in (
            self._notice,
            self._place,
            self._slider,
            self._traces,
            self._tools,
        ):
            layout.addWidget(widget)
        layout.addWidget(split, 1)
        for widget in (self._keys_panel, self._question, self._conflicts):
            layout.addWidget(widget)
        layout.addLayout(bottom)

    def follow(self, work: PoseWork | None) -> None:
        """Show another session, or none."""
        self._listening_to_work.stop()
        self._work = self._flow.work = work
        session = None if work is None else work.session
        self._recover.copy = session
        self._question.hide()
        self._conflicts.hide()
        self._parts.follow(work)
        self._tools.follow(session)
        self._traces.follow(session, {} if work is None else work.view.colours)
        if work is None or session is None:
            self._problems.follow(None)
            return
        for signal, method in (
            (session.frame_shown, self._on_frame),
            (session.edited, self._on_edited_now),
            (session.chosen, self._on_chosen),
            (session.listed, self._problems.refresh),
            (session.looks_changed, self._tools.refresh),
            (session.hung, self._on_hung),
        ):
            self._listening_to_work.to(signal, method)
        self._problems.follow(session)
        self._on_aligned()
        self._on_edited()
        self._on_chosen()
        if session.frame is not None:
            self._on_frame(session.frame)
        self._recover.offer()

    def show_keys(self, chosen: Mapping[str, str]) -> None:
        """Show the keys that a person has chosen, else the usual ones."""
        self._keys_panel.show_keys(chosen)

    def do(self, action: str, repeats: int = 0) -> None:
        """Do what a key stands for.

        Parameters
        ----------
        action
            Name of one of `POSE_ACTIONS`.
        repeats
            How often the key has repeated itself.
        """
        session = self._session
        if session is None:
            return
        if action == "save":
            self._flow.start()
        elif action in ("carry", "carry_all") and self._work is not None:
            self._carrying.start(self._work, overwrite=action == "carry_all")
        elif action == "show_keys":
            self._tools.toggle_keys()
        elif action.startswith("keypoint_") and action != "keypoint_before":
            number = int(action.removeprefix("keypoint_")) - 1
            if number < len(session.bodyparts):
                session.choose(session.bodyparts[number])
        elif action in ("frame_on", "frame_back"):
            step = frames_per_step(repeats)
            session.step(step if action == "frame_on" else -step)
        else:
            _ACTIONS[action](session)

    def refresh_state(self) -> None:
        """Say what is unsaved, and why it cannot be saved if so."""
        work = self._work
        if work is None:
            return
        session, connection = work.session, self._workspace.connection
        self._title.setText(work.words)
        unsaved = session.unsaved
        is_asked = self._workspace.journaling.offer_for(session) is not None
        saved = WAITING if is_asked else "✓ all saved"
        self._badge.setText(f"● {unsaved:,} unsaved" if unsaved else saved)
        reason = why_not_saved_in(connection, work.lab)
        session.why_not = connection.why_read_only if connection.is_open else ""
        self._reason.setText(reason or session.why_not)
        can_save = bool(unsaved) and not self._flow.is_busy
        allow(self._save, can_save, reason or session.why_not)

    # -- how

    @property
    def _session(self) -> PoseSession | None:
        return None if self._work is None else self._work.session

    def _on_frame(self, frame: FrameKey) -> None:
        session = self._session
        if session is None:
            return
        self._slider.blockSignals(True)
        self._slider.setRange(0, len(session.frames) - 1)  # some may have come
        self._slider.setValue(session.at)
        self._slider.blockSignals(False)
        self.told.emit("")  # what was told before was of another frame
        self._show_place(frame)
        self._keypoints.rows.refresh()
        self._keypoints.follow(session.bodypart)

    def _on_edited_now(self) -> None:
        self.told.emit("")  # it may be what was wrong before
        self._on_edited()

    def _on_edited(self) -> None:
        self._keypoints.rows.recount()
        self._tools.refresh_history()
        self.refresh_state()
        session = self._session
        if session is not None and session.frame is not None:
            self._show_place(session.frame)

    def _on_hung(self) -> None:
        self._keypoints.rows.show_work(self._work)
        if self._work is not None:
            self._keypoints.follow(self._work.session.bodypart)
            self._traces.follow(self._work.session, self._work.view.colours)

    def _on_chosen(self) -> None:
        session = self._session
        if session is not None:
            self._keypoints.follow(session.bodypart)

    def _on_chosen_here(self, bodypart: str) -> None:
        if self._session is not None:
            self._session.choose(bodypart)

    def _on_slider(self, number: int) -> None:
        session = self._session
        if session is not None and number != session.at:
            session.go_to_number(number)

    def _show_place(self, frame: FrameKey) -> None:
        """Say which frame is looked at, and how far the work has come."""
        session = self._session
        if session is None:
            return
        where = f"{frame.subject_name} {frame.video_name}, frame {frame.frame_num:,}"
        labels = session.draft.labels
        there = int(np.count_nonzero(~np.isnan(labels.xyz[..., 0])))
        frames = len(session.frames)
        if session.predictions is None:
            done = int(np.count_nonzero(session.draft.is_done()))
            possible = frames * len(session.bodyparts)
            progress = (
                f": {session.at + 1:,} of {frames:,}; {done:,} frames done, "
                f"{there:,} of {possible:,} labels"
            )
        else:
            progress = f" of {frames:,}; {there:,} labels in the set"
        self._place.setText(f"{where}{progress}")
        self._place.setToolTip(" ".join(frame[:4]))

    def _on_aligned(self) -> None:
        """Say how the video fits; from now on it can be searched."""
        work = self._work
        words = "" if work is None else work.alignment
        self._notice.setText(words)
        self._notice.setVisible(bool(words))
        if work is not None:
            misfit = "" if work.session.video is not None else words
            self._problems.follow_video(work.video, work.reader, misfit)


def _label(name: str, *, wraps: bool = True) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(wraps)
    return label


_ACTIONS: dict[str, Callable[[PoseSession], object]] = {
    "ten_on": lambda s: s.step(_FAR),
    "ten_back": lambda s: s.step(-_FAR),
    "next_unlabelled": lambda s: s.next_unlabelled(),
    "unlabelled_before": lambda s: s.next_unlabelled(-1),
    "next_problem": lambda s: s.next_problem(),
    "problem_before": lambda s: s.next_problem(-1),
    "say_right": lambda s: s.say_right(),
    "accept": lambda s: s.accept(),
    "keypoint_before": lambda s: s.choose_next(-1),
    "next_keypoint": lambda s: s.choose_next(),
    "occlude": lambda s: s.occlude(),
    "delete": lambda s: s.delete(),
    "copy_missing": lambda s: s.copy_previous(),
    "copy_all": lambda s: s.copy_previous(overwrite=True),
    "interpolate": lambda s: s.interpolate(),
    "next_mode": lambda s: s.next_mode(),
    "toggle_ghosts": lambda s: s.look(has_ghosts=not s.looks.has_ghosts),
    "toggle_lines": lambda s: s.look(has_lines=not s.looks.has_lines),
    "join": lambda s: s.join(),
    "undo": lambda s: s.undo(),
    "redo": lambda s: s.redo(),
}
