"""Going back to what the lab holds, after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from labdata_napari.layers import editing
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.widgets.question import Question


class RevertFlow(QObject):
    """Leads from *Revert* to the annotations as they were loaded or saved last.

    Parameters
    ----------
    question
        Where to ask.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    layer_changed = Signal()
    """The layer holds other annotations now."""

    def __init__(self, question: Question, parent: QObject) -> None:
        super().__init__(parent)
        self._question = question
        self.layer: Points | None = None

    def start(self) -> None:
        """Ask whether every unsaved change may go."""
        if self.layer is None:
            return
        self._question.ask(
            "Drop every change that is not saved?",
            (
                Answer(
                    "Revert",
                    "Go back to what the lab held when this was loaded",
                    "revert_yes",
                    self._revert,
                ),
                Answer("Keep them", "Go on as it is", "revert_no"),
            ),
        )

    def _revert(self) -> None:
        source = source_of(self.layer)
        if self.layer is not None and source is not None:
            rows = source.baseline
            editing.replace_annotations(self.layer, rows, rows, words="revert")
            self.told.emit("Everything is as the lab had it; undo takes this back.")
            self.layer_changed.emit()
