"""The line that makes a new annotation: a name, a type, Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QWidget

from labdata_napari.core.annotation_types import KNOWN_TYPES
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from collections.abc import Iterable


class NewAnnotation(QWidget):
    """Asks for a name and a type; both may be left as they are."""

    wanted = Signal(str, str)
    """Name, possibly empty, and type."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = QLineEdit()
        self._name.setObjectName("annotation_name")
        self._name.setPlaceholderText("Name of a new annotation, then Enter")
        self._name.setToolTip(
            "Type a name and press Enter, then click its points in the picture; "
            "without a name it is numbered"
        )
        self._type = QComboBox()
        self._type.setObjectName("annotation_type")
        self._type.setEditable(True)
        self._type.addItems(KNOWN_TYPES)
        self._type.setToolTip("Type of the new annotation; any other text is fine too")
        self._make = QPushButton("New")
        self._make.setObjectName("annotation_new")
        self._make.setToolTip("Make the annotation and start clicking (Enter)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._name, 3)
        layout.addWidget(self._type, 2)
        layout.addWidget(self._make)
        self._name.returnPressed.connect(self._emit)
        self._make.clicked.connect(self._emit)

    def allow(self, allowed: bool, reason: str) -> None:
        """Enable it; with a reason disable it and show that instead of its tooltips."""
        self.setEnabled(allowed and not reason)
        for part in (self._name, self._type, self._make):
            allow(part, True, reason)

    def offer(self, types: Iterable[str]) -> None:
        """Offer these types, too; what is chosen stays."""
        more = sorted({*types} - {*KNOWN_TYPES, ""})
        offered = [self._type.itemText(row) for row in range(self._type.count())]
        if offered != [*KNOWN_TYPES, *more]:
            chosen = self._type.currentText()
            self._type.clear()
            self._type.addItems([*KNOWN_TYPES, *more])
            self._type.setCurrentText(chosen)

    def clear(self) -> None:
        """Empty the name for the next one; the type stays."""
        self._name.clear()

    def _emit(self) -> None:
        self.wanted.emit(self._name.text().strip(), self._type.currentText().strip())
