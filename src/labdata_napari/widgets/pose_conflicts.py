"""Labels that two people changed: for each one, whose holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.pose import Label
    from labdata_napari.core.pose_compare import Conflict
    from labdata_napari.core.pose_draft import Place


class PoseConflicts(QFrame):
    """Hidden until there is something to decide; with a tick mine holds."""

    decided = Signal(object)
    """The places, a set, whose labels stay as others have them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pose_conflicts")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._conflicts: tuple[Conflict, ...] = ()
        self._text = QLabel()
        self._text.setObjectName("pose_conflicts_text")
        self._text.setWordWrap(True)
        self._list = QListWidget()
        self._list.setObjectName("pose_conflict_list")
        self._list.setToolTip("With a tick yours is written; without one theirs stays")
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.itemChanged.connect(self._on_ticked)
        buttons = QGridLayout()  # four in a row need a wide dock
        texts = (
            ("pose_all_mine", "All mine", "Tick all", self._all_mine),
            ("pose_all_theirs", "All theirs", "Tick none", self._all_theirs),
            ("pose_decided", "Write as listed", "And the rest", self._decide),
            ("pose_decide_later", "Cancel", "Write nothing", self.hide),
        )
        for number, (name, text, tip, slot) in enumerate(texts):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(slot)
            buttons.addWidget(button, *divmod(number, 2))
        layout = QVBoxLayout(self)
        layout.addWidget(self._text)
        layout.addWidget(self._list)
        layout.addLayout(buttons)
        self.hide()

    def ask(self, words: str, conflicts: Sequence[Conflict]) -> None:
        """Show what two people changed; at first all mine are ticked."""
        self._conflicts = tuple(conflicts)
        self._text.setText(f"{words}. Which are to hold?")
        self._list.clear()
        for conflict in self._conflicts:
            item = QListWidgetItem(_words(conflict, is_mine=True))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self._list.addItem(item)
        self.show()

    def sizeHint(self) -> QSize:
        """Return a size that shows some conflicts."""
        return QSize(0, 12 * self.fontMetrics().lineSpacing())

    def _tick(self, state: Qt.CheckState) -> None:
        for row in range(self._list.count()):
            self._list.item(row).setCheckState(state)

    def _all_mine(self) -> None:
        self._tick(Qt.CheckState.Checked)

    def _all_theirs(self) -> None:
        self._tick(Qt.CheckState.Unchecked)

    def _decide(self) -> None:
        theirs: set[Place] = {
            conflict.place
            for row, conflict in enumerate(self._conflicts)
            if self._list.item(row).checkState() != Qt.CheckState.Checked
        }
        self.hide()
        self.decided.emit(theirs)

    def _on_ticked(self, item: QListWidgetItem) -> None:
        """Say in words which label holds."""
        is_mine = item.checkState() == Qt.CheckState.Checked
        words = _words(self._conflicts[self._list.row(item)], is_mine)
        if words != item.text():
            item.setText(words)


def _words(conflict: Conflict, is_mine: bool) -> str:
    frame, bodypart = conflict.place
    mine, theirs = _place(conflict.mine), _place(conflict.theirs)
    holds = f"mine, {mine}; not theirs, {theirs}"
    if not is_mine:
        holds = f"theirs, {theirs}; not mine, {mine}"
    return f"{bodypart}, frame {frame.frame_num}: {holds}"


def _place(label: Label | None) -> str:
    return "removed" if label is None else f"({label.x:.1f}, {label.y:.1f})"
