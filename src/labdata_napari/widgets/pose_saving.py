"""Saving poses with one key: what changed, in words; a conflict label by label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from labdata_napari.core.pose_merging import merged
from labdata_napari.errors import OutcomeUnknown, WriteConflict
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_rows import Saving, compare_labels, save_labels
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from labdata_napari.core.pose_compare import Comparison
    from labdata_napari.core.pose_draft import Place, PoseDraft
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.pose_conflicts import PoseConflicts
    from labdata_napari.widgets.posing import PoseWork
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.workspace import Workspace


class PoseSaveFlow(QObject):
    """Leads from the key to saved rows; asks where labels go, or others changed them.

    Parameters
    ----------
    workspace
        To write through.
    question
        Where to ask.
    conflicts
        Where to ask label by label.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    state_changed = Signal()
    """Whether a save is running changed, or what is saved."""

    def __init__(
        self,
        workspace: Workspace,
        question: Question,
        conflicts: PoseConflicts,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._question = question
        self._conflicts = conflicts
        self._job: Job | None = None
        self._saving: PoseWork | None = None
        self._edited: PoseDraft | None = None
        self._theirs: PoseDraft | None = None
        self._words = ""
        self.work: PoseWork | None = None
        conflicts.decided.connect(self._on_decided)

    @property
    def is_busy(self) -> bool:
        """Whether a save is running."""
        return self._job is not None and not self._job.is_over

    def start(self) -> None:
        """Compare with what the lab holds now, and write."""
        work = self.work
        if work is None or self.is_busy:
            return
        if not work.session.unsaved:
            self.told.emit("There is nothing to save.")
            return
        session = work.session
        self._saving, self._edited = work, session.draft
        self._question.hide()
        self._conflicts.hide()
        self._job = self._workspace.submit(
            compare_labels,
            work.lab,
            session.num,
            session.baseline,
            session.draft,
            on_loss=OnLoss.REPEAT,
            done=self._on_compared,
            failed=self._on_failed,
        )
        self.state_changed.emit()

    # -- how

    @property
    def _is_left(self) -> bool:
        """Whether the dock shows another session than the one that is saved."""
        return self._saving is not self.work

    def _give_up(self) -> None:
        work, self._saving = self._saving, None
        if work is not None:
            self.told.emit(
                f"{work.title} was left before it was saved: its changes are kept and "
                "offered when it is opened again."
            )

    def _on_compared(self, answer: tuple[Comparison, PoseDraft]) -> None:
        found, self._theirs = answer
        self._words = found.words
        self.state_changed.emit()
        if self._is_left and (found.conflicts or found.mine.removed):
            self._give_up()  # the dock asks about what it shows
        elif found.conflicts:
            self._conflicts.ask(found.words, found.conflicts)
        elif found.mine.removed:
            self._ask(found)
        else:
            self._write(frozenset())

    def _ask(self, found: Comparison) -> None:
        """Labels go: say so first."""
        gone = [f"• {label.name}" for label in found.mine.removed]
        lines = (f"{found.words}. These labels go:", *gone)
        self._question.ask(
            "\n".join(lines),
            (
                Answer(
                    "Save without them",
                    "Write all of it in one transaction",
                    "pose_save_yes",
                    self._agree,
                ),
                Answer("Cancel", "Write nothing", "pose_save_no"),
            ),
        )

    def _agree(self) -> None:
        self._write(frozenset())

    def _on_decided(self, left_to_them: set[Place]) -> None:
        self._write(frozenset(left_to_them))

    def _write(self, left_to_them: frozenset[Place]) -> None:
        work, theirs, edited = self._saving, self._theirs, self._edited
        if work is None or theirs is None or edited is None:
            return
        session = work.session
        if session.draft is not edited:  # only what was compared is written
            if self._is_left:
                self._give_up()
            else:
                self.start()
            return
        wanted = merged(session.baseline, edited, theirs, left_to_them)
        known = set(theirs.labels.frames)
        fresh = tuple(f for f in session.new_frames if f not in known)
        saving = Saving(
            work.lab,
            session.num,
            theirs,
            wanted,
            work.title,
            fresh,
            work.video,
            work.reader,
            session.skeleton,
        )
        self.told.emit("Saving …")
        self._job = self._workspace.submit(
            save_labels,
            saving,
            on_loss=OnLoss.REPEAT,  # what is written already counts as saved
            done=self._on_saved,
            failed=self._on_failed,
        )
        self.state_changed.emit()

    def _on_saved(self, answer: tuple[int, PoseDraft, str]) -> None:
        num, rows, aside = answer
        if not self._is_left:
            self._question.hide()
        work, edited, self._saving = self._saving, self._edited, None
        if work is None or edited is None:
            return
        session = work.session
        # what was edited while it was being written stays, and is not saved yet
        session.adopt_saved(rows, merged(edited, session.draft, rows), num)
        self.told.emit(f"Saved in label set {num}: {self._words}. {aside}".rstrip())
        self.state_changed.emit()
        self._workspace.rows_changed.emit({"pose_label_set_num": num})

    def _on_failed(self, error: LabdataError) -> None:
        self._saving = None
        if isinstance(error, WriteConflict):
            self.told.emit("Somebody else saved at this moment: save again.")
        elif isinstance(error, OutcomeUnknown):
            self.told.emit(
                "The connection was lost at the moment of saving. Save again when it "
                "is back: what arrived is not written twice."
            )
        else:
            self.told.emit(f"Nothing was saved. {error}")
        self.state_changed.emit()
