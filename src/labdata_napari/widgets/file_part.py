"""Where one file is, in a sentence, for as long as it is not on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from labdata_napari.widgets.file_places import name_of
from labdata_napari.widgets.place_words import place_hint

if TYPE_CHECKING:
    from labdata_napari.widgets.file_places import FilePlaces, OfAFile


class FilePart(QWidget):
    """Says where the file of an entry or a transform is; hidden when it is here.

    Parameters
    ----------
    places
        Knows it.
    name
        Begins the names of its widgets.
    """

    def __init__(self, places: FilePlaces, name: str) -> None:
        super().__init__()
        self._places = places
        self._record: OfAFile | None = None
        self._text = QLabel()
        self._text.setObjectName(f"{name}_place")
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._text, 1)
        places.changed.connect(self._on_places)
        self.hide()

    def show_for(self, record: OfAFile | None) -> None:
        """Say it of another file."""
        self._record = record
        self._update()

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    def _on_places(self, names: set[tuple[str, str]]) -> None:
        if self._record is not None and name_of(self._record) in names:
            self._update()

    def _update(self) -> None:
        record = self._record
        away = bool(record and record.file_path and not self._places.is_here(record))
        # what nobody looked for yet is no news
        known = bool(record and (record.local is False or self._places.of(record)))
        self.setVisible(away and known)
        if record is not None:
            self._text.setText(place_hint(record, self._places))
