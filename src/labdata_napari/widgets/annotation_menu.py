"""What can be done with the annotations that are selected in the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QMenu, QWidget

from labdata_napari.core.annotation_types import KNOWN_TYPES
from labdata_napari.layers.colours import ANNOTATION_COLOURS, MORE_COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.layers.points import ListedPoints


class AnnotationMenu(QMenu):
    """Go there, rename, retype, recolour, hide, delete; for one or for many."""

    go_wanted = Signal()
    rename_wanted = Signal()
    type_chosen = Signal(str)
    other_type_wanted = Signal()
    colour_chosen = Signal(str)
    hiding_chosen = Signal(bool)
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotation_menu")

    def fill(self, items: Sequence[ListedPoints], reason: str) -> None:
        """Offer what goes with a selection.

        Parameters
        ----------
        items
            What is selected.
        reason
            Why it may not be edited; empty when it may.
        """
        self.clear()
        one = len(items) == 1
        if one:
            self.addAction("Go there").triggered.connect(self.go_wanted)
            self.addAction("Rename").triggered.connect(self.rename_wanted)
        types = self.addMenu("Type")
        for type_ in KNOWN_TYPES:
            types.addAction(type_).triggered.connect(self._on_type)
        if one:
            types.addAction("Other …").triggered.connect(self.other_type_wanted)
        colours = self.addMenu("Colour")
        for colour in (*ANNOTATION_COLOURS, *MORE_COLOURS):
            action = colours.addAction(_icon(colour), colour)
            action.triggered.connect(self._on_colour)
        hidden = all(item.is_hidden for item in items)
        show = self.addAction("Show" if hidden else "Hide")
        show.triggered.connect(self._on_show if hidden else self._on_hide)
        self.addSeparator()
        text = "Delete" if one else f"Delete {len(items)} annotations"
        self.addAction(text).triggered.connect(self.delete_wanted)
        if reason:
            for action in self.actions():
                action.setEnabled(action.text() in ("Go there", "Show", "Hide"))

    def _on_type(self) -> None:
        self.type_chosen.emit(self.sender().text())

    def _on_colour(self) -> None:
        self.colour_chosen.emit(self.sender().text())

    def _on_show(self) -> None:
        self.hiding_chosen.emit(False)

    def _on_hide(self) -> None:
        self.hiding_chosen.emit(True)


def _icon(colour: str) -> QIcon:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
