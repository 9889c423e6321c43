"""The filter above the table: words, a type and a range of dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from qtpy.QtCore import QDate, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.widgets.entry_columns import KIND_WORDS

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from labdata_napari.lab.entries import Entry

_ANY, _MONTH, _YEAR, _RANGE = range(4)


@dataclass(frozen=True)
class EntryFilter:
    """Which entries are shown.

    Attributes
    ----------
    text
        Words that must all occur in an entry.
    kind
        Name of a table; None for every kind.
    first, last
        Days between which the session was, both included; None leaves it open.
    """

    text: str = ""
    kind: str | None = None
    first: date | None = None
    last: date | None = None

    @property
    def is_only_text(self) -> bool:
        """Whether kind and dates let everything pass."""
        return self.kind is None and self.first is None and self.last is None

    def keeps(self, entry: Entry) -> bool:
        """Whether an entry has the kind and the date; the text is the table's work."""
        if self.kind is not None and entry.kind != self.kind:
            return False
        if self.first is None and self.last is None:
            return True
        if entry.session_datetime is None:
            return False
        day = entry.session_datetime.date()
        return (self.first or day) <= day <= (self.last or day)


class _FilterLine(QLineEdit):
    """A line whose arrow down and Enter lead into the table and whose Esc clears it."""

    left_down = Signal()
    accepted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.left_down.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class FilterBar(QWidget):
    """A filter line, a type and dates; emits `changed` with an `EntryFilter`."""

    changed = Signal(object)
    left_down = Signal()
    """Arrow down: to the table."""
    accepted = Signal()
    """Enter: open what the table has chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = _FilterLine()
        self._line.setObjectName("filter_line")
        self._line.setPlaceholderText("Filter: M1 brain 2026-01 …   ( / )")
        self._line.setToolTip(
            "Show entries that hold all of these words, in any column. "
            "Press / to come here, Esc to clear, ↓ to go to the table."
        )
        self._line.setClearButtonEnabled(True)
        self._kind = QComboBox()
        self._kind.setObjectName("filter_kind")
        self._kind.setToolTip("Show one type of entry only")
        self._kind.addItem("All types", None)
        for kind, word in KIND_WORDS.items():
            self._kind.addItem(f"{word[0].upper()}{word[1:]}", kind)
        self._dates = QComboBox()
        self._dates.setObjectName("filter_dates")
        self._dates.setToolTip("Show entries by the date of their session")
        self._dates.addItems(["Any date", "Last month", "Last year", "From … to …"])
        today = QDate.currentDate()
        self._first = self._date_edit("filter_first", today.addYears(-1), "First day")
        self._last = self._date_edit("filter_last", today, "Last day")
        self._range = QWidget()
        between = QHBoxLayout(self._range)
        between.setContentsMargins(0, 0, 0, 0)
        for widget in (QLabel("From"), self._first, QLabel("to"), self._last):
            between.addWidget(widget)
        between.addStretch()
        self._range.hide()

        top = QHBoxLayout()
        top.addWidget(self._line, 1)
        top.addWidget(self._kind)
        top.addWidget(self._dates)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        layout.addWidget(self._range)

        self._line.textChanged.connect(self._emit)
        self._line.left_down.connect(self.left_down)
        self._line.accepted.connect(self.accepted)
        self._kind.currentIndexChanged.connect(self._emit)
        self._dates.currentIndexChanged.connect(self._on_dates)
        self._first.dateChanged.connect(self._emit)
        self._last.dateChanged.connect(self._emit)

    def focus_line(self) -> None:
        """Put the keyboard into the filter line, with its text selected."""
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._line.selectAll()

    def value(self) -> EntryFilter:
        """Return the filter as it stands."""
        first, last = self._days()
        return EntryFilter(self._line.text(), self._kind.currentData(), first, last)

    def set_text(self, text: str) -> None:
        """Put words into the line."""
        self._line.setText(text)

    def reset(self) -> None:
        """Let everything pass."""
        self._kind.setCurrentIndex(0)
        self._dates.setCurrentIndex(_ANY)
        self._line.clear()

    def _date_edit(self, name: str, day: QDate, tooltip: str) -> QDateEdit:
        edit = QDateEdit(day)
        edit.setObjectName(name)
        edit.setToolTip(f"{tooltip} of the sessions to show")
        edit.setDisplayFormat("yyyy-MM-dd")
        return edit

    def _days(self) -> tuple[date | None, date | None]:
        choice = self._dates.currentIndex()
        if choice == _RANGE:
            return _python_date(self._first), _python_date(self._last)
        spans = {_MONTH: timedelta(days=31), _YEAR: timedelta(days=366)}
        if choice in spans:
            return date.today() - spans[choice], None
        return None, None

    def _on_dates(self, choice: int) -> None:
        self._range.setVisible(choice == _RANGE)
        self._emit()

    def _emit(self, *_: object) -> None:
        self.changed.emit(self.value())


def _python_date(edit: QDateEdit) -> date:
    day = edit.date()
    return date(day.year(), day.month(), day.day())
