"""The parameter sets of a brain: chosen, made, copied, deleted, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.lab.transforms import TransformRecord

_RECORD = Qt.ItemDataRole.UserRole
_MOST_ROWS = 4


class ParameterSets(QWidget):
    """Lists the sets of a brain; the first entry stands for a new one."""

    chosen = Signal(object)
    """The `TransformRecord` that was chosen; None for a new set."""
    copy_wanted = Signal(object)
    delete_wanted = Signal(object)
    open_wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setObjectName("transform_sets")
        self._list.setToolTip("Parameter sets of this brain; ↑ ↓ to choose")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._new = _button("transform_new", "New", "Begin a new set of parameters")
        self._copy = _button(
            "transform_copy", "Duplicate", "Begin a new set from the chosen one"
        )
        self._delete = _button(
            "transform_delete", "Delete", "Delete the chosen set; only while unused"
        )
        self._open = _button(
            "transform_open", "Open result", "Open the computed stack and annotations"
        )
        row = QHBoxLayout()
        for button in (self._new, self._copy, self._delete):
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._list)
        layout.addLayout(row)
        self._list.currentItemChanged.connect(self._on_current)
        self._new.clicked.connect(self._on_new)
        self._copy.clicked.connect(self._on_copy)
        self._delete.clicked.connect(self._on_delete)
        self._open.clicked.connect(self._on_open)

    @property
    def current(self) -> TransformRecord | None:
        """The chosen set; None while it is a new one."""
        item = self._list.currentItem()
        return None if item is None else item.data(_RECORD)

    def show_sets(
        self,
        records: Sequence[TransformRecord],
        blank: TransformDraft,
        number: int | None,
        reason: str,
    ) -> None:
        """Show the sets of a brain.

        Parameters
        ----------
        records
            The sets.
        blank
            A draft of the brain, to say parameters in words.
        number
            Which one to choose; None for a new one.
        reason
            Why nothing may be written; empty when it may.
        """
        self._reason = reason
        with signals_blocked(self._list):
            self._list.clear()
            self._list.addItem(QListWidgetItem("new parameters"))
            for record in records:
                item = QListWidgetItem(set_text(record, blank))
                item.setData(_RECORD, record)
                said = (item.text(), record.problem)
                item.setToolTip("\n".join(text for text in said if text))
                self._list.addItem(item)
            numbers = [None, *(record.transform_id for record in records)]
            place = numbers.index(number) if number in numbers else 0
            self._list.setCurrentRow(place)
        rows = min(self._list.count(), _MOST_ROWS)
        height = max(1, self._list.sizeHintForRow(0)) * rows
        self._list.setFixedHeight(height + 2 * self._list.frameWidth() + 2)
        self._show_rights()

    def _show_rights(self) -> None:
        record = self.current
        allow(self._copy, record is not None and record.parameters is not None)
        used = ""
        if record is not None and record.computed:
            used = "It has been computed, so it stays as it is."
        allow(self._delete, record is not None, self._reason or used)
        allow(self._open, record is not None and record.computed)

    def _on_current(self, *_: Any) -> None:
        self._show_rights()
        self.chosen.emit(self.current)

    def _on_new(self) -> None:
        if self._list.currentRow() == 0:
            self.chosen.emit(None)
        self._list.setCurrentRow(0)

    def _on_copy(self) -> None:
        if self.current is not None:
            self.copy_wanted.emit(self.current)

    def choose_new(self) -> None:
        """Choose the new set without telling."""
        with signals_blocked(self._list):
            self._list.setCurrentRow(0)
        self._show_rights()

    def _on_delete(self) -> None:
        if self.current is not None:
            self.delete_wanted.emit(self.current)

    def _on_open(self) -> None:
        if self.current is not None:
            self.open_wanted.emit(self.current)


def set_text(record: TransformRecord, blank: TransformDraft) -> str:
    """Describe a set in one line: "2 · ✓ computed · 25 µm · turned 3°"."""
    if record.parameters is None:
        words = "cannot be read"
    else:
        words = blank.with_parameters(record.parameters).summary
    count = record.annotations
    parts = (
        str(record.transform_id),
        "✓ computed" if record.computed else "",
        words,  # last but one: a narrow dock cuts the end
        f"{count} annotation{'s' * (count != 1)}" if count else "",
    )
    return " · ".join(part for part in parts if part)


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button
