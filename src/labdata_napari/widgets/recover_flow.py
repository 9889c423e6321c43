"""Asking what becomes of unsaved annotations: of another time, or of a lost layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from labdata_napari.layers import points as working_copy
from labdata_napari.layers.settling import contested_rows, restore
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.annotation_conflict import mark_of
from labdata_napari.widgets.change_lines import change_lines
from labdata_napari.widgets.offer_flow import OfferFlow, Offering, time_words
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.lab.journal import Recovered
    from labdata_napari.lab.journal_annotations import UnsavedAnnotations
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
    """The layer holds other annotations now, or others wait for a decision."""

    def __init__(
        self, workspace: Workspace, question: Question, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._question = question
        self._removed: Points | None = None
        offering = Offering(_lines, self._restore, "transform")
        self._offers = OfferFlow(workspace.journaling, question, offering, self)
        self._offers.told.connect(self.told)
        self._offers.restored.connect(self.layer_changed)
        self._offers.waiting_changed.connect(self.layer_changed)

    @property
    def layer(self) -> Points | None:
        """The layer that the dock shows."""
        layer: Points | None = self._offers.copy
        return layer

    @layer.setter
    def layer(self, layer: Points | None) -> None:
        self._offers.copy = layer

    def offer(self) -> None:
        """Ask about what the journal holds for the layer, unless a question is open."""
        self._offers.offer()

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

    def _restore(self, layer: Points, offer: Recovered[UnsavedAnnotations]) -> None:
        restore(layer, offer, mark_of(self._workspace.connection.user))

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


def _lines(layer: Points, offer: Recovered[UnsavedAnnotations]) -> list[str]:
    present, state = working_copy.annotations_from_layer(layer), offer.state
    names = state.names_for([entry.name for entry in working_copy.roster(layer)])
    changes = state.changes_for(present)
    lines = [f"You have unsaved changes from {time_words(offer.when)}:"]
    lines += change_lines(changes) if changes else []
    lines += [f"• new: {draft.name} (no points yet)" for draft in names]
    source = source_of(layer)
    rows: AnnotationSet = present if source is None else source.baseline
    meanwhile = state.baseline.changes_to(rows)
    if meanwhile:
        asked = contested_rows(state, present)
        lines.append(
            f"The lab has changed since, also {', '.join(asked)}; of what both of you "
            "changed, saving will ask what holds:"
            if asked
            else "The lab has changed since; yours would go on top:"
        )
        lines += change_lines(meanwhile)
    return lines
