"""The list of annotations: searched, sorted by type or length, edited in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    Signal,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableView,
    QWidget,
)

from labdata_napari.core.annotation_types import KNOWN_TYPES
from labdata_napari.widgets.annotation_groups import GroupDelegate, make_room
from labdata_napari.widgets.annotation_model import (
    COUNT,
    LENGTH,
    NAME,
    STATE,
    TIP,
    TYPE,
    AnnotationTableModel,
    FilteredAnnotations,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtCore import QPoint
    from qtpy.QtGui import QKeyEvent
    from qtpy.QtWidgets import QStyleOptionViewItem


_SAMPLES = {COUNT: "00,000", LENGTH: "00,000 µm", TIP: "CTX2/3", STATE: "changed"}
"""What the columns of numbers and states have room for."""


class _TypeDelegate(GroupDelegate):
    """Offers the known types and takes any other."""

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget:
        editor = QComboBox(parent)
        editor.setObjectName("type_editor")
        editor.setEditable(True)
        editor.addItems(KNOWN_TYPES)
        return editor

    def setEditorData(self, editor: QWidget, index: QModelIndex) -> None:
        editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(
        self, editor: QWidget, model: QAbstractTableModel, index: QModelIndex
    ) -> None:
        model.setData(index, editor.currentText(), Qt.ItemDataRole.EditRole)


class AnnotationTable(QTableView):
    """The list; its current row is what new points belong to."""

    chosen = Signal(str)
    """Name of the row that a person made current."""
    picked = Signal(list)
    """Names of all rows that a person has selected."""
    delete_wanted = Signal()
    go_wanted = Signal(str)
    """Name of the row whose points a person wants to see."""
    menu_wanted = Signal(object)
    """Where, on the screen, a person asks what can be done with the selected rows."""

    def __init__(self, model: AnnotationTableModel, parent: QWidget | None = None):
        super().__init__(parent)
        self._following = False
        self._source = model
        self._rows = FilteredAnnotations(self)
        self._rows.setSourceModel(model)
        self.setModel(self._rows)
        self.setObjectName("annotation_table")
        self.setItemDelegate(GroupDelegate(self))
        self.setItemDelegateForColumn(TYPE, _TypeDelegate(self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.itemDelegateForColumn(TYPE).closeEditor.connect(self._on_type_typed)
        rows = self._rows
        for signal in (
            *(rows.layoutChanged, rows.modelReset, rows.dataChanged),
            *(rows.rowsInserted, rows.rowsRemoved),
        ):
            signal.connect(self._make_room)
        self.let_edit(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(int(self.fontMetrics().height() * 1.6))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(TYPE, QHeaderView.ResizeMode.ResizeToContents)
        self.setColumnHidden(TYPE, True)  # it stands above those that are of it
        # Not after their contents, which Qt would measure anew at every click.
        taken = self._width_of("[x] [ ] Neuropixels24-2211_shank0 |")
        for column, sample in _SAMPLES.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            width = max(self._width_of(sample), header.sectionSizeHint(column))
            header.resizeSection(column, width)
            if column != TIP:  # nothing may jump when they become known
                taken += width
        # a name can be read however narrow the dock is
        self.setMinimumWidth(taken)
        self.show_tips(False)
        header.setSortIndicator(TYPE, Qt.SortOrder.AscendingOrder)
        self._sorted = TYPE, Qt.SortOrder.AscendingOrder
        self.setSortingEnabled(True)
        # after Qt's own, so that this has the last word
        header.sortIndicatorChanged.connect(self._on_sorted)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.doubleClicked.connect(self._on_double_clicked)
        self.customContextMenuRequested.connect(self._on_menu)

    def _width_of(self, sample: str) -> int:
        return self.fontMetrics().horizontalAdvance(f" {sample} ")

    def show_tips(self, known: bool) -> None:
        """Show the regions at the tips, or leave no room for them."""
        self.setColumnHidden(TIP, not known)

    def let_edit(self, allowed: bool) -> None:
        """Let names and types be edited, or only be read."""
        way = QTableView.EditTrigger
        self.setEditTriggers(way.EditKeyPressed if allowed else way.NoEditTriggers)

    def narrow(self, text: str) -> None:
        """Show only the rows with these words in their names, types or states."""
        self._rows.narrow(text)

    def follow(self, names: Sequence[str]) -> None:
        """Select names because the canvas chose them; emits nothing.

        Parameters
        ----------
        names
            The first becomes the current row.
        """
        indices = [self._index_of(name) for name in names]
        indices = [index for index in indices if index.isValid()]
        if not indices or sorted(names) == sorted(self.picked_names()):
            return
        flags = QItemSelectionModel.SelectionFlag
        self._following = True
        self.selectionModel().setCurrentIndex(
            indices[0], flags.ClearAndSelect | flags.Rows
        )
        for index in indices[1:]:
            self.selectionModel().select(index, flags.Select | flags.Rows)
        self._following = False

    def choose_first(self) -> None:
        """Make the first annotation the current row, if there is one."""
        if self._rows.rowCount():
            self.setCurrentIndex(self._rows.index(0, NAME))

    def current_name(self) -> str | None:
        """Return the name of the current row."""
        return self._name_at(self.currentIndex())

    def picked_names(self) -> list[str]:
        """Return the names of all selected rows, from the top."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda i: i.row())
        names = (self._name_at(index) for index in rows)
        return [name for name in names if name is not None]

    def shown_names(self) -> list[str]:
        """Return the names of all rows that are shown, from the top."""
        rows = self._rows
        names = (self._name_at(rows.index(i, NAME)) for i in range(rows.rowCount()))
        return [name for name in names if name is not None]

    def rename(self) -> None:
        """Let the current row's name be typed."""
        if self.editTriggers() != QTableView.EditTrigger.NoEditTriggers:
            self.edit(self.currentIndex().siblingAtColumn(NAME))

    def retype(self) -> None:
        """Let the current row's type be typed, in a column that comes for it."""
        if self.editTriggers() != QTableView.EditTrigger.NoEditTriggers:
            self.setColumnHidden(TYPE, False)
            self.edit(self.currentIndex().siblingAtColumn(TYPE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete with Delete, rename with F2, go there with Enter, on every system."""
        name = self.current_name()
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if name is not None:
                self.go_wanted.emit(name)
        elif event.key() == Qt.Key.Key_F2:
            if self.editTriggers() != QTableView.EditTrigger.NoEditTriggers:
                self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _name_at(self, index: QModelIndex) -> str | None:
        return self._source.name_at(self._rows.mapToSource(index).row())

    def _index_of(self, name: str) -> QModelIndex:
        row = self._source.row_of(name)
        if row is None:
            return QModelIndex()
        return self._rows.mapFromSource(self._source.index(row, NAME))

    def _on_sorted(self, column: int, order: Qt.SortOrder) -> None:
        """List them as they were made after a column was sorted both ways."""
        before, self._sorted = self._sorted, (column, order)
        if column != TYPE and before == (column, Qt.SortOrder.DescendingOrder):
            self.horizontalHeader().setSortIndicator(TYPE, Qt.SortOrder.AscendingOrder)

    def _on_type_typed(self, *_: object) -> None:
        self.setColumnHidden(TYPE, True)

    def _make_room(self, *_: object) -> None:
        make_room(self, self._rows)

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        name = self._name_at(current)
        if name is not None and not self._following:
            self.chosen.emit(name)

    def _on_selection(self, *_: object) -> None:
        if not self._following:
            self.picked.emit(self.picked_names())

    def _on_double_clicked(self, index: QModelIndex) -> None:
        name = self._name_at(index)
        if name is not None:
            self.go_wanted.emit(name)

    def _on_menu(self, place: QPoint) -> None:
        if self.picked_names():
            self.menu_wanted.emit(self.viewport().mapToGlobal(place))
