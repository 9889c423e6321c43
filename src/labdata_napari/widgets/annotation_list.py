"""The list of annotations with its search line, and what is done to those chosen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from labdata_napari.layers import editing
from labdata_napari.widgets.annotation_menu import AnnotationMenu
from labdata_napari.widgets.annotation_model import AnnotationTableModel
from labdata_napari.widgets.annotation_table import AnnotationTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.annotation_state import AnnotationState


class AnnotationList(QWidget):
    """Shows the annotations of a layer; what is selected here is so in the picture."""

    chosen = Signal(str)
    """The annotation that the next points belong to was chosen here."""
    told = Signal(str)
    """Why an edit was not taken."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._reason = ""
        self._search = QLineEdit()
        self._search.setObjectName("annotation_search")
        self._search.setPlaceholderText("Search: name, type, new, changed")
        self._search.setToolTip("Show only annotations with these words")
        self._search.setClearButtonEnabled(True)
        self.model = AnnotationTableModel(self)
        self.table = AnnotationTable(self.model)
        self.menu = AnnotationMenu(self)
        # napari leaves no room below a dock with a part that takes what there is
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._search)
        layout.addWidget(self.table, 1)
        self._search.textChanged.connect(self.table.narrow)
        self.model.refused.connect(self.told)
        self.table.chosen.connect(self._choose)
        self.table.picked.connect(self._pick)
        self.table.delete_wanted.connect(self.delete)
        self.table.go_wanted.connect(self._go_to)
        self.table.menu_wanted.connect(self._show_menu)
        self.menu.go_wanted.connect(self._go_to_current)
        self.menu.rename_wanted.connect(self.table.rename)
        self.menu.type_chosen.connect(self._retype)
        self.menu.other_type_wanted.connect(self.table.retype)
        self.menu.colour_chosen.connect(self._recolour)
        self.menu.hiding_chosen.connect(self._hide)
        self.menu.delete_wanted.connect(self.delete)

    def show_layer(self, annotator: Annotator | None) -> None:
        """Show the annotations of another layer, the first of them chosen."""
        self._annotator = annotator
        self.model.show_layer(annotator)
        if annotator is not None:
            self.table.choose_first()

    def show_saved(self, times: Mapping[str, datetime]) -> None:
        """Say when annotations were saved last, by name."""
        self.model.show_saved({name: _when(at) for name, at in times.items()})

    def show_tips(self, tips: Mapping[str, str]) -> None:
        """Say what regions the tips of tracks are in, by name."""
        self.model.show_tips(tips)
        self.table.show_tips(bool(tips))

    def refresh(self, state: AnnotationState) -> None:
        """Show the annotations as they are, with the chosen one current."""
        self.table.setEnabled(self._annotator is not None)
        self.model.refresh(state.added, state.changed)
        if self._annotator is None:
            return
        name = editing.chosen_annotation(self._annotator.layer)
        if name is not None and name not in self.table.picked_names():
            self.table.follow([name])

    def shown_names(self) -> list[str]:
        """Return the names that are seen, from the top."""
        return self.table.shown_names()

    def follow(self, names: Sequence[str]) -> None:
        """Select what was selected in the picture."""
        self.table.follow(names)

    def allow(self, reason: str) -> None:
        """Let the annotations be edited; with a reason, only looked at."""
        self._reason = reason
        self.table.let_edit(not reason)

    def delete(self) -> None:
        """Delete what is selected, with its points."""
        names = self.table.picked_names()
        if self._annotator is not None and names and not self._reason:
            self._annotator.delete(names)

    # -- how

    def _choose(self, name: str) -> None:
        if self._annotator is not None:
            self._annotator.choose(name)
            self.chosen.emit(name)

    def _pick(self, names: list[str]) -> None:
        if self._annotator is not None:
            editing.select_annotations(self._annotator.layer, names)

    def _go_to(self, name: str) -> None:
        if self._annotator is not None:
            self._annotator.go_to(name)

    def _go_to_current(self) -> None:
        name = self.table.current_name()
        if name is not None:
            self._go_to(name)

    def _show_menu(self, place: Any) -> None:
        self.menu.fill(self.model.items(self.table.picked_names()), self._reason)
        self.menu.popup(place or QCursor.pos())

    def _retype(self, kind: str) -> None:
        if self._annotator is not None:
            names = self.table.picked_names()
            editing.retype_annotations(self._annotator.layer, names, kind)

    def _recolour(self, colour: str) -> None:
        if self._annotator is not None:
            self._annotator.recolour(self.table.picked_names(), colour)

    def _hide(self, is_hidden: bool) -> None:
        if self._annotator is not None:
            names = self.table.picked_names()
            editing.hide_annotations(self._annotator.layer, names, is_hidden)


def _when(at: datetime) -> str:
    here = at.astimezone()
    is_today = here.date() == datetime.now().date()
    return f"✓ {here:%H:%M}" if is_today else f"✓ {here.day} {here:%b}"
