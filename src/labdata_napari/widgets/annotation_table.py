"""The annotations of one layer as a table whose names and types can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QPixmap
from qtpy.QtWidgets import QComboBox, QHeaderView, QStyledItemDelegate, QTableView

from labdata_napari.core.tracks import length_um
from labdata_napari.errors import LabdataError
from labdata_napari.layers.editing import rename_annotation, retype_annotation
from labdata_napari.layers.points import KNOWN_TYPES, ListedPoints, listing

if TYPE_CHECKING:
    from napari.layers import Points
    from qtpy.QtCore import QObject
    from qtpy.QtGui import QKeyEvent
    from qtpy.QtWidgets import QStyleOptionViewItem, QWidget

NAME, TYPE, COUNT, LENGTH = range(4)
_TITLES = ("Name", "Type", "Points", "Length")
_TOOLTIPS = (
    "F2 or a double click renames",
    "F2 or a double click changes the type",
    "Number of points; Enter or a double click goes to the nearest",
    "Way along the points in their order, in µm; Enter or a double click goes there",
)


class AnnotationTableModel(QAbstractTableModel):
    """A view of a Points layer; the layer keeps the data."""

    refused = Signal(str)
    """Why an edit was not taken."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: Points | None = None
        self._shown: list[ListedPoints] = []

    def show_layer(self, layer: Points | None) -> None:
        """Show another layer."""
        self._layer = layer
        self.beginResetModel()
        self._shown = [] if layer is None else listing(layer)
        self.endResetModel()

    def refresh(self) -> None:
        """Read the layer again; rows stay where they are when only values changed."""
        fresh = [] if self._layer is None else listing(self._layer)
        if [item.name for item in fresh] != [item.name for item in self._shown]:
            self.show_layer(self._layer)
            return
        self._shown = fresh
        if fresh:
            self.dataChanged.emit(self.index(0, 0), self.index(len(fresh) - 1, LENGTH))

    def name_at(self, row: int) -> str | None:
        """Return the name in a row."""
        return self._shown[row].name if 0 <= row < len(self._shown) else None

    def row_of(self, name: str | None) -> int | None:
        """Return the row of a name."""
        names = [item.name for item in self._shown]
        return names.index(name) if name in names else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the annotations."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the columns."""
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let names and types be edited."""
        flags = super().flags(index)
        if index.column() in (NAME, TYPE):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        item = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(item, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == NAME:
            return _swatch(item.colour)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TOOLTIPS[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() >= COUNT:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def setData(
        self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Rename or retype; what the layer refuses is told and not done."""
        name = self.name_at(index.row())
        if self._layer is None or name is None or role != Qt.ItemDataRole.EditRole:
            return False
        edit = rename_annotation if index.column() == NAME else retype_annotation
        try:
            edit(self._layer, name, str(value).strip())
        except LabdataError as error:
            self.refused.emit(str(error))
            return False
        self.refresh()
        return True

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return a column's title or tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TOOLTIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def _text(self, item: ListedPoints, column: int) -> str:
        if column == NAME:
            return item.name
        if column == TYPE:
            return item.type
        if column == COUNT:
            return str(len(item.points))
        layer = self._layer
        if layer is None or len(item.points) < 2 or not _is_um(layer):
            return ""
        return f"{length_um(item.points, layer.scale[-3:]):,.0f} µm"


class _TypeDelegate(QStyledItemDelegate):
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
    """The list of annotations; the current row is what new points belong to."""

    chosen = Signal(str)
    """Name of the row that a person made current."""
    delete_wanted = Signal()
    go_wanted = Signal(str)
    """Name of the row whose points a person wants to see."""

    def __init__(self, model: AnnotationTableModel, parent: QWidget | None = None):
        super().__init__(parent)
        self._following = False
        self.setModel(model)
        self.setObjectName("annotation_table")
        self.setItemDelegateForColumn(TYPE, _TypeDelegate(self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.let_edit(True)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(int(self.fontMetrics().height() * 1.6))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (TYPE, COUNT, LENGTH):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.doubleClicked.connect(self._on_double_clicked)

    def let_edit(self, allowed: bool) -> None:
        """Let names and types be edited, or only be read."""
        way = QTableView.EditTrigger
        edits = way.DoubleClicked | way.EditKeyPressed
        self.setEditTriggers(edits if allowed else way.NoEditTriggers)

    def follow(self, name: str | None) -> None:
        """Make a name current because the canvas chose it; emits nothing."""
        row = self.model().row_of(name)
        if row is None or row == self.currentIndex().row():
            return
        self._following = True
        self.setCurrentIndex(self.model().index(row, NAME))
        self._following = False

    def current_name(self) -> str | None:
        """Return the name of the current row."""
        return self.model().name_at(self.currentIndex().row())

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

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        name = self.model().name_at(current.row())
        if name is not None and not self._following:
            self.chosen.emit(name)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        name = self.model().name_at(index.row())
        if name is not None and index.column() in (COUNT, LENGTH):
            self.go_wanted.emit(name)


def _is_um(layer: Points) -> bool:
    return all(str(unit) == "micrometer" for unit in layer.units)


def _swatch(colour: str) -> QPixmap:
    pixmap = QPixmap(12, 12)
    pixmap.fill(QColor(colour))
    return pixmap
