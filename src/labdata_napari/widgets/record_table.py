"""Frozen records in a table that filters and sorts ten thousand rows while you type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from labdata_napari.widgets.table_model import TableModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qtpy.QtCore import QObject
    from qtpy.QtGui import QKeyEvent, QResizeEvent
    from qtpy.QtWidgets import QWidget

_ROWS_MEASURED = 60
_LEAST_WIDTH = 8


@dataclass(frozen=True)
class Column:
    """One column of records.

    Attributes
    ----------
    title
        In the header, short.
    tooltip
        What it means, in a sentence.
    text
        Record to shown text.
    sort_key
        Record to something comparable; None sorts by text. Records without a value
        come last in both directions when the key is None.
    numeric
        Right-aligned.
    width
        In average characters, for the first layout.
    takes_room
        Whether it grows where there is room.
    widest
        A text as wide as any that it may get later.
    hint
        Record to what its tooltip says; None shows the text itself.
    """

    title: str
    tooltip: str
    text: Callable[[Any], str]
    sort_key: Callable[[Any], Any] | None = None
    numeric: bool = False
    width: int = 10
    takes_room: bool = False
    widest: str = ""
    hint: Callable[[Any], str] | None = None


class RecordTableModel(TableModel):
    """Records, those of them that pass the filter, and their order.

    The searched text of every record is made once, when the records are set; a key
    stroke is then one list comprehension and a reset, where a `QSortFilterProxyModel`
    would cross between C++ and Python once per row.

    Parameters
    ----------
    columns
        What is shown of a record.
    identity
        Record to what stays the same when a refresh brings it with new values.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        identity: Callable[[Any], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(
            [column.title for column in columns],
            [column.tooltip for column in columns],
            [number for number, column in enumerate(columns) if column.numeric],
            parent,
        )
        self._columns = tuple(columns)
        self._identity = identity
        self._records: list[Any] = []
        self._also: Callable[[Any], str] | None = None
        self._haystacks: list[str] = []
        self._order: list[int] = []
        self._shown: list[int] = []
        self._words: list[str] = []
        self._keeps: Callable[[Any], bool] | None = None
        self._sorting: tuple[int, bool] | None = None

    # -- what callers use

    def set_records(
        self, records: Sequence[Any], also: Callable[[Any], str] | None = None
    ) -> None:
        """Show other records; `also` gives text that is searched but not shown."""
        self.beginResetModel()
        self._records, self._also = list(records), also
        self._haystacks = self._searched(self._records)
        self._arrange()
        self._select()
        self.endResetModel()

    def retell(self, concerns: Callable[[Any], bool]) -> None:
        """Take note that columns say something new of the records that it concerns."""
        told = [n for n, record in enumerate(self._records) if concerns(record)]
        if not told:
            return
        texts = self._searched([self._records[number] for number in told])
        for number, text in zip(told, texts, strict=True):
            self._haystacks[number] = text
        before = self._shown
        self._arrange()
        self._select()
        if self._shown != before:
            self.beginResetModel()
            self.endResetModel()
        elif self._shown:
            last = self.index(len(self._shown) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def filter(self, text: str, keeps: Callable[[Any], bool] | None = None) -> None:
        """Show the records that hold every word of `text` and pass `keeps`."""
        self.beginResetModel()
        self._words = text.lower().split()
        self._keeps = keeps
        self._select()
        self.endResetModel()

    def record(self, index: QModelIndex) -> Any | None:
        """Return the record of an index; None for an invalid one."""
        row = index.row()
        if not index.isValid() or row >= len(self._shown):
            return None
        return self._records[self._shown[row]]

    def row_of(self, record: Any) -> int | None:
        """Return the shown row of a record; None when it is filtered out."""
        wanted = self._identity(record)
        for row, number in enumerate(self._shown):
            if self._identity(self._records[number]) == wanted:
                return row
        return None

    @property
    def total(self) -> int:
        """How many records there are, shown or not."""
        return len(self._records)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns."""
        return self._columns

    # -- what Qt calls

    def count(self) -> int:
        """Return how many rows are shown."""
        return len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        record = self.record(index)
        if record is None:
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and column.hint is not None:
            return column.hint(record)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(record)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        return None

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        """Sort by a column; -1 restores the order the records came in."""
        self.beginResetModel()
        descending = order == Qt.SortOrder.DescendingOrder
        self._sorting = None if column < 0 else (column, descending)
        self._arrange()
        self._select()
        self.endResetModel()

    # -- how

    def _searched(self, records: Sequence[Any]) -> list[str]:
        texts = [column.text for column in self._columns]
        found = ["\n".join([text(r) for text in texts]).lower() for r in records]
        also = self._also
        if also is None:
            return found
        pairs = zip(found, records, strict=True)
        return [f"{hay}\n{also(record).lower()}" for hay, record in pairs]

    def _arrange(self) -> None:
        self._order = list(range(len(self._records)))
        if self._sorting is None:
            return
        number, descending = self._sorting
        column = self._columns[number]
        key = column.sort_key or column.text
        keys = [key(record) for record in self._records]
        filled = [i for i in self._order if keys[i] is not None]
        empty = [i for i in self._order if keys[i] is None]
        filled.sort(key=keys.__getitem__, reverse=descending)
        self._order = filled + empty

    def _select(self) -> None:
        hay, words, keeps = self._haystacks, self._words, self._keeps
        shown = self._order
        for word in words:
            shown = [i for i in shown if word in hay[i]]
        if keeps is not None:
            shown = [i for i in shown if keeps(self._records[i])]
        self._shown = list(shown)


class RecordTableView(QTableView):
    """A table of records that the keyboard alone can use.

    Enter and a double click emit `activated_record`; the current row survives sorting,
    filtering and a refresh as long as its record is still shown.
    """

    activated_record = Signal(object)
    current_changed = Signal(object)
    """The record of the current row, or None."""
    left_at_top = Signal()
    """Arrow up in the first row: the way back to the filter line."""

    def __init__(self, model: RecordTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current: Any = None
        self._fitted: list[int] = []
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(int(self.fontMetrics().height() * 1.6))
        header = self.horizontalHeader()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorShown(True)
        header.setHighlightSections(False)
        header.sortIndicatorChanged.connect(model.sort)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(1)  # widths are ours, to the pixel
        header.setResizeContentsPrecision(_ROWS_MEASURED)
        model.modelReset.connect(self._restore_current)
        self.doubleClicked.connect(self._activate)
        self.selectionModel().currentRowChanged.connect(self._on_current_row)

    def records(self) -> RecordTableModel:
        """Return the model, typed."""
        model = self.model()
        assert isinstance(model, RecordTableModel)
        return model

    def current_record(self) -> Any | None:
        """Return the record of the current row, or None."""
        return self.records().record(self.currentIndex())

    def in_sight(self) -> list[Any]:
        """Return the records of the rows that can be seen now."""
        rows = self.records()
        first = self.indexAt(self.viewport().rect().topLeft()).row()
        last = self.indexAt(self.viewport().rect().bottomLeft()).row()
        last = last if last >= 0 else rows.rowCount() - 1
        found = (rows.record(rows.index(n, 0)) for n in range(max(first, 0), last + 1))
        return list(found)

    def fit_columns(self) -> None:
        """Make columns as wide as their widest text in sight, within twice nominal."""
        metrics = self.fontMetrics()
        unit = metrics.averageCharWidth()
        self._fitted = []
        for number, column in enumerate(self.records().columns):
            wanted = self.sizeHintForColumn(number)
            texts = (column.title, column.widest)
            head = max(map(metrics.horizontalAdvance, texts)) + 2 * unit
            most = max(head, 2 * column.width * unit)
            self._fitted.append(min(max(wanted, head), most))
        self._spread()

    def _spread(self) -> None:
        """Let the columns whose texts may be long take, or give, the room."""
        columns = self.records().columns
        loose = [i for i, column in enumerate(columns) if column.takes_room]
        room = self.viewport().width() - sum(self._fitted)
        least = _LEAST_WIDTH * self.fontMetrics().averageCharWidth()
        for number, width in enumerate(self._fitted):
            share = room // len(loose) if number in loose else 0
            self.setColumnWidth(number, max(width + share, min(width, least)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the columns as wide as the table."""
        super().resizeEvent(event)
        self._spread()

    def select(self, record: Any) -> None:
        """Make the row of a record current, when it is shown."""
        row = self.records().row_of(record)
        if row is not None:
            self.setCurrentIndex(self.model().index(row, 0))

    def select_first(self) -> None:
        """Make the first row current, when there is one."""
        if self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open on Enter, leave upwards from the first row, else as Qt does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._activate(self.currentIndex())
        elif event.key() == Qt.Key.Key_Up and self.currentIndex().row() <= 0:
            self.left_at_top.emit()
        else:
            super().keyPressEvent(event)

    def _activate(self, index: QModelIndex) -> None:
        record = self.records().record(index)
        if record is not None:
            self.activated_record.emit(record)

    def _on_current_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        # Qt also tells about the row that a reset takes away; that is no choice.
        record = self.records().record(current)
        if record is not None and record != self._current:
            self._current = record
            self.current_changed.emit(record)

    def _restore_current(self) -> None:
        row = None if self._current is None else self.records().row_of(self._current)
        if row is None:
            gone, self._current = self._current is not None, None
            if self.model().rowCount():
                self.select_first()
            elif gone:
                self.current_changed.emit(None)
        else:
            self.setCurrentIndex(self.model().index(row, 0))
