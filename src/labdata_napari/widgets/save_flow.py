"""Saving annotations: what will change, the write, and a conflict if there is one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.errors import (
    ConnectionLost,
    LabdataError,
    OutcomeUnknown,
    WriteConflict,
)
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.settling import settle
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.annotation_conflict import ConflictQuestion
from labdata_napari.widgets.change_lines import change_lines
from labdata_napari.widgets.connection import Phase
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.question import Answer
from labdata_napari.widgets.rights import why_not_saved
from labdata_napari.widgets.rows import save_annotations

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.core.annotation import Annotation
    from labdata_napari.core.changes import Changes
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.connection import Connection
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.workspace import Workspace

_BACK = "The connection is back: save again. What had arrived is not written twice."


class SaveFlow(QObject):
    """Leads from *Save* to saved rows, asking inside the dock.

    Parameters
    ----------
    workspace
        To write through.
    question
        Where to ask.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    layer_changed = Signal()
    """The layer, its baseline or whether a save is running changed."""

    def __init__(
        self, workspace: Workspace, question: Question, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._question = question
        self._saving: Points | None = None
        self._theirs: AnnotationSet | None = None
        self._job: Job | None = None
        self._agreed: Changes[Annotation] | None = None
        self._cut_off: Points | None = None
        self._conflict = ConflictQuestion(question, self)
        self._conflict.decided.connect(self._on_decided)
        self._conflict.told.connect(self.told)
        self._listening = Listening(self)
        self._listening.to(workspace.changed, self._on_connection)
        self._saved_at: datetime | None = None
        self.layer: Points | None = None

    @property
    def in_conflict(self) -> bool:
        """Whether somebody else saved first, and it is not decided what holds."""
        return self._theirs is not None and self._saving is self.layer

    @property
    def last_saved(self) -> str:
        """When this window saved last, in words; empty when it did not."""
        return f"Last saved at {self._saved_at:%H:%M}" if self._saved_at else ""

    @property
    def times(self) -> dict[str, datetime]:
        """When this computer saved annotations of the layer last, by name."""
        saved = self._workspace.annotating.saved
        return {} if self.layer is None else saved.get(self.layer, {})

    @property
    def is_busy(self) -> bool:
        """Whether a save is running."""
        return self._job is not None and not self._job.is_over

    def start(self) -> None:
        """Show what would be written."""
        if self.layer is None or self.is_busy:
            return
        self._cut_off = None
        try:
            changes = working_copy.unsaved(self.layer)
        except LabdataError as error:
            self.told.emit(str(error))
            return
        if not changes:
            self.told.emit("There is nothing to save.")
            return
        self._ask(self.layer, changes, "This will be written:")

    def save_quietly(self) -> bool:
        """Save without a question, unless rows would go or something is asked.

        Returns
        -------
        bool
            False where that must be tried again: a save is running, or a question
            stands.
        """
        layer = self.layer
        connection = self._workspace.connection
        if layer is None or why_not_saved(connection, layer):
            return True
        if self.is_busy or not self._question.isHidden():
            return False
        try:
            changes = working_copy.unsaved(layer)
        except LabdataError:  # which saving by hand will tell
            return True
        if changes and not changes.removed:
            self._agreed = changes
            self._write()
        return True

    def _ask(self, layer: Points, changes: Changes[Annotation], title: str) -> None:
        self._agreed = changes
        lines = [title, *change_lines(changes), *_without_points(layer)]
        self._question.ask(
            "\n".join(lines),
            (
                Answer(
                    "Save",
                    "Write these changes in one transaction",
                    "save_yes",
                    self._write,
                ),
                Answer("Cancel", "Write nothing", "save_no"),
            ),
        )

    def _write(self) -> None:
        layer = self.layer
        source = source_of(layer)
        if layer is None or source is None:
            return
        try:
            edited = working_copy.annotations_from_layer(layer)
        except LabdataError as error:
            self.told.emit(str(error))
            return
        changes = source.baseline.changes_to(edited)
        if changes != self._agreed:
            # Only what the person has read is written.
            self._ask(layer, changes, "It changed meanwhile; now this will be written:")
            return
        self._saving = layer
        self._question.tell("Saving …")
        self._job = self._workspace.submit(
            save_annotations,
            source.lab,
            source.key,
            source.baseline,
            edited,
            on_loss=OnLoss.REPEAT,  # what is written already counts as saved
            done=self._on_saved,
            failed=self._on_failed,
        )
        self.layer_changed.emit()

    def _on_saved(self, answer: tuple[str, AnnotationSet]) -> None:
        summary, rows = answer
        layer, self._saving, self._theirs = self._saving, None, None
        self._question.hide()
        if layer is None:
            return
        self._saved_at = datetime.now()
        editing.adopt_saved(layer, rows)
        if self._agreed is not None:
            new = [a.name for a in self._agreed.added]
            new += [c.after.name for c in self._agreed.changed]
            self._workspace.annotating.note_saved(layer, new)
        self.told.emit(f"Saved: {summary}.")
        self.layer_changed.emit()
        source = source_of(layer)
        if source is not None:
            self._workspace.rows_changed.emit(dict(source.key))

    def _on_failed(self, error: LabdataError) -> None:
        self._question.hide()
        if isinstance(error, ConnectionLost | OutcomeUnknown):
            self._cut_off = self._saving
        if isinstance(error, WriteConflict) and isinstance(error.theirs, AnnotationSet):
            self._ask_conflict(error.theirs)
        elif isinstance(error, OutcomeUnknown):
            self._saving = None
            self.told.emit(
                "The connection was lost at the moment of saving. Save again when it "
                "is back: what arrived is not written twice."
            )
        else:
            self._saving = None
            self.told.emit(f"Nothing was saved. {error}")
        self.layer_changed.emit()

    def _on_connection(self, connection: Connection) -> None:
        """Say no longer that a connection is away which is back."""
        layer = self._cut_off
        if layer is None or connection.phase is not Phase.OPEN:
            return
        self._cut_off = None
        if layer is self.layer:
            may_save = not why_not_saved(connection, layer)
            self.told.emit(_BACK if may_save and _is_unsaved(layer) else "")

    def _ask_conflict(self, theirs: AnnotationSet) -> None:
        if self._saving is not None:
            self._theirs = theirs
            user = self._workspace.connection.user
            try:
                self._conflict.ask(self._saving, theirs, user)
            except LabdataError as error:
                self.told.emit(f"Nothing was saved. {error}")

    def _on_decided(self, annotations: AnnotationSet) -> None:
        """Show what is to hold, and write what of it the lab has not."""
        layer, theirs = self._saving, self._theirs
        self._theirs = None
        if layer is None or theirs is None:
            return
        settle(layer, annotations, theirs, self._conflict.decision)
        changes = theirs.changes_to(annotations)
        if not changes:
            self._saving = None
            self.told.emit("These are the annotations that the lab holds now.")
            self.layer_changed.emit()
            return
        self.layer = layer
        self._agreed = changes
        self._write()


def _is_unsaved(layer: Points) -> bool:
    try:
        return bool(working_copy.unsaved(layer))
    except LabdataError:  # which saving will tell
        return True


def _without_points(layer: Points) -> list[str]:
    names = [item.name for item in working_copy.listing(layer) if not len(item.points)]
    source = source_of(layer)
    known = source.baseline.names if source is not None else ()
    fresh = [name for name in names if name not in known]
    if not fresh:
        return []
    return [f"Not written, for want of points: {', '.join(fresh)}."]
