"""Asking what becomes of unsaved changes: found in a journal, or of a removed layer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from labdata_napari.core.draft import pointless
from labdata_napari.errors import LabdataError
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.question import Answer
from labdata_napari.widgets.save_flow import change_lines

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.lab.journal import Recovered
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.workspace import Workspace


class RecoverFlow(QObject):
    """Leads from unsaved changes of another time to a decision, inside the dock.

    Parameters
    ----------
    workspace
        Whose journals are asked.
    question
        Where to ask.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    layer_changed = Signal()
    """The layer holds other annotations now."""

    def __init__(
        self, workspace: Workspace, question: Question, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._question = question
        self._removed: Points | None = None
        self.layer: Points | None = None
        workspace.journaling.offered.connect(self._on_offered)
        workspace.journaling.told.connect(self.told)

    def offer(self) -> None:
        """Ask about what the journal holds for the layer, unless a question is open."""
        layer = self.layer
        offer = None if layer is None else self._workspace.journaling.offer_for(layer)
        if layer is None or offer is None or not self._question.isHidden():
            return
        try:
            lines = _lines(layer, offer)
        except LabdataError as error:  # the working copy first has to be put right
            self.told.emit(str(error))
            return
        self._question.ask(
            "\n".join(lines),
            (
                Answer(
                    "Restore",
                    "Put these changes back; the lab holds them only after a save",
                    "recover_restore",
                    self._restore,
                ),
                Answer(
                    "Discard", "Let them go for good", "recover_discard", self._discard
                ),
                Answer(
                    "Later",
                    "Keep them aside and ask again at the next opening",
                    "recover_later",
                    self._postpone,
                ),
            ),
        )

    def ask_removed(self, layer: Points, count: int) -> None:
        """Ask about a layer that was removed with `count` unsaved changes."""
        self._removed = layer
        what = "change" if count == 1 else "changes"
        self._question.ask(
            f"The layer “{layer.name}” was removed with {count} unsaved {what}.",
            (
                Answer(
                    "Put it back",
                    "Add the layer again as it was",
                    "removed_back",
                    self._put_back,
                ),
                Answer(
                    "Forget them",
                    "Let the unsaved changes go",
                    "removed_forget",
                    self._forget,
                ),
            ),
        )

    # -- answers

    def _on_offered(self, layer: Points) -> None:
        if layer is self.layer:
            self.offer()

    def _restore(self) -> None:
        layer = self.layer
        offer = None if layer is None else self._workspace.journaling.offer_for(layer)
        source = source_of(layer)
        if layer is None or offer is None or source is None:
            return
        try:
            present = working_copy.annotations_from_layer(layer)
            nameless = pointless(working_copy.drafts(layer))
            merged = present.with_changes(offer.changes_for(present))
            # The rows as they are now stay the baseline: a save that would overwrite
            # somebody's change says so.
            empty = (*nameless, *offer.names_for(merged.names))
            editing.replace_annotations(layer, merged, source.baseline, empty)
        except LabdataError as error:
            self.told.emit(str(error))
            return
        self._workspace.journaling.adopt(layer)
        self.told.emit(
            offer.problem or f"The changes of {_time(offer.when)} are back, not saved."
        )
        self.layer_changed.emit()

    def _discard(self) -> None:
        if self.layer is not None:
            self._workspace.journaling.dismiss(self.layer)
            self.told.emit("The unsaved changes are gone.")

    def _postpone(self) -> None:
        if self.layer is not None:
            self._workspace.journaling.postpone(self.layer)
            self.told.emit(
                "The unsaved changes are kept; they are offered again when this "
                "transform is opened next."
            )

    def _put_back(self) -> None:
        layer, self._removed = self._removed, None
        viewer = self._workspace.viewer
        if layer is not None and viewer is not None:
            viewer.layers.append(layer)
            viewer.layers.selection.active = layer

    def _forget(self) -> None:
        layer, self._removed = self._removed, None
        if layer is not None:
            self._workspace.journaling.forget(layer)


def _lines(layer: Points, offer: Recovered) -> list[str]:
    present = working_copy.annotations_from_layer(layer)
    names = offer.names_for([entry.name for entry in working_copy.roster(layer)])
    changes = offer.changes_for(present)
    lines = [f"You have unsaved changes from {_time(offer.when)}:"]
    lines += change_lines(changes) if changes else []
    lines += [f"• new: {draft.name} (no points yet)" for draft in names]
    source = source_of(layer)
    rows: AnnotationSet = present if source is None else source.baseline
    meanwhile = offer.baseline.changes_to(rows)
    if meanwhile:
        lines += ["The lab has changed since; yours would go on top of:"]
        lines += change_lines(meanwhile)
    return [*lines, offer.problem] if offer.problem else lines


def _time(when: datetime) -> str:
    local, now = when.astimezone(), datetime.now().astimezone()
    if local.date() == now.date():
        return f"today {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"
