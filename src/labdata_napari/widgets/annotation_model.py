"""The annotations of one layer as rows whose names and types can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal

from labdata_napari.core.annotation_types import KNOWN_TYPES
from labdata_napari.errors import LabdataError
from labdata_napari.layers import editing
from labdata_napari.layers.points import ListedPoints, listing
from labdata_napari.widgets.table_model import TableModel, swatch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from qtpy.QtCore import QObject

    from labdata_napari.layers.annotator import Annotator

NAME, TYPE, COUNT, LENGTH, TIP, STATE = range(6)
_TITLES = ("Name", "Type", "Points", "Length", "Tip in", "")
_TOOLTIPS = (
    "The tick shows or hides its points; F2 renames, a double click goes there",
    "F2 changes the type",
    "Number of points; Enter or a double click goes to the nearest",
    "Of a track from its first click to the tip, of an outline once round",
    "The region of the atlas that the tip of a track is in",
    "What a save would do with it, or when this computer saved it last",
)
_SORT = Qt.ItemDataRole.UserRole


class AnnotationTableModel(TableModel):
    """A view of a Points layer; the layer keeps the data."""

    refused = Signal(str)
    """Why an edit was not taken."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_TITLES, _TOOLTIPS, (COUNT, LENGTH), parent)
        self._annotator: Annotator | None = None
        self._shown: list[ListedPoints] = []
        self._states: dict[str, str] = {}
        self._cells: list[tuple[str, ...]] = []
        self._saved: Mapping[str, str] = {}
        self._tips: Mapping[str, str] = {}

    def show_layer(self, annotator: Annotator | None) -> None:
        """Show another layer."""
        self._annotator = annotator
        self.beginResetModel()
        self._cells = []
        self._shown = [] if annotator is None else listing(annotator.layer)
        self.endResetModel()

    def refresh(
        self, added: Collection[str] = (), changed: Collection[str] = ()
    ) -> None:
        """Read the layer again; rows stay where they are when only values changed.

        Parameters
        ----------
        added, changed
            Names of what a save would write.
        """
        self._states = dict.fromkeys(changed, "changed") | dict.fromkeys(added, "new")
        fresh = [] if self._annotator is None else listing(self._annotator.layer)
        if [item.name for item in fresh] != [item.name for item in self._shown]:
            self.show_layer(self._annotator)
            return
        before, self._shown = self._shown, fresh
        for row, (old, new) in enumerate(zip(before, fresh, strict=True)):
            if _look(old) != _look(new):
                self.dataChanged.emit(self.index(row, NAME), self.index(row, TYPE))
        known, self._cells = self._cells, [self._row_cells(item) for item in fresh]
        for row, cells in enumerate(self._cells):
            # not the first columns: what is being typed there would be lost
            if row >= len(known) or cells != known[row]:
                self.dataChanged.emit(self.index(row, COUNT), self.index(row, STATE))

    def show_saved(self, saved: Mapping[str, str]) -> None:
        """Say when annotations were saved last, by name; shown at the next refresh."""
        self._saved = saved

    def show_tips(self, tips: Mapping[str, str]) -> None:
        """Say what regions the tips of tracks are in, by name."""
        self._tips = tips
        if self._shown:
            last = self.index(len(self._shown) - 1, TIP)
            self.dataChanged.emit(self.index(0, TIP), last)

    def name_at(self, row: int) -> str | None:
        """Return the name in a row."""
        return self._shown[row].name if 0 <= row < len(self._shown) else None

    def row_of(self, name: str | None) -> int | None:
        """Return the row of a name."""
        names = [item.name for item in self._shown]
        return names.index(name) if name in names else None

    def items(self, names: Collection[str]) -> list[ListedPoints]:
        """Return some of what is listed."""
        return [item for item in self._shown if item.name in names]

    def count(self) -> int:
        """Return how many annotations there are."""
        return len(self._shown)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Let names and types be edited, and points be hidden."""
        flags = super().flags(index)
        if index.column() in (NAME, TYPE):
            flags |= Qt.ItemFlag.ItemIsEditable
        if index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        item, column = self._shown[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self._text(item, column)
        if role == _SORT and column == TYPE:
            return index.row()  # those of a type as they were made
        if role == _SORT:
            return self._order(item, column)
        if column == NAME and role == Qt.ItemDataRole.DecorationRole:
            return swatch(item.colour)
        if column == NAME and role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Unchecked if item.is_hidden else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TOOLTIPS[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        return None

    def setData(
        self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """Rename, retype or hide; what the layer refuses is told and not done."""
        name, annotator = self.name_at(index.row()), self._annotator
        if annotator is None or name is None:
            return False
        layer = annotator.layer
        if role == Qt.ItemDataRole.CheckStateRole:
            is_shown = Qt.CheckState(value) == Qt.CheckState.Checked
            editing.hide_annotations(layer, [name], is_hidden=not is_shown)
            return True
        if role != Qt.ItemDataRole.EditRole:
            return False
        text = str(value).strip()
        try:
            if index.column() == NAME:
                editing.rename_annotation(layer, name, text)
            else:
                editing.retype_annotations(layer, [name], text)
        except LabdataError as error:
            self.refused.emit(str(error))
            return False
        return True

    def _text(self, item: ListedPoints, column: int) -> str:
        if column == NAME:
            return item.name
        if column == TYPE:
            return item.type
        if column == COUNT:
            return str(len(item.points))
        if column == TIP:
            return self._tips.get(item.name, "")
        if column == STATE:
            return self._states.get(item.name) or self._saved.get(item.name, "")
        length = self._length(item)
        return f"{length:,.0f} µm" if np.isfinite(length) else ""

    def _order(self, item: ListedPoints, column: int) -> Any:
        if column == COUNT:
            return len(item.points)
        if column == LENGTH:
            return float(np.nan_to_num(self._length(item), nan=-1.0))
        return self._text(item, column).casefold()

    def _row_cells(self, item: ListedPoints) -> tuple[str, ...]:
        """Return what the columns after the type say."""
        return tuple(self._text(item, column) for column in range(COUNT, STATE + 1))

    def _length(self, item: ListedPoints) -> float:
        annotator = self._annotator
        numbers = None if annotator is None else annotator.figures.of(item.name)
        return np.nan if numbers is None else numbers.length_um


class FilteredAnnotations(QSortFilterProxyModel):
    """The rows that hold every word that was typed, those of a type together."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []
        self.setSortRole(_SORT)
        self.sort(TYPE)

    def heading(self, row: int) -> str:
        """Return what stands above a row: its type, if it is the first of that."""
        kind = self._type_at(row)
        if row > 0 and kind == self._type_at(row - 1):
            return ""
        types = [self._type_at(other) for other in range(self.rowCount())]
        return f"{kind or 'no type'} · {types.count(kind)}"

    def narrow(self, text: str) -> None:
        """Show only rows that hold all words of a text."""
        self._words = text.casefold().split()
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        """Whether a row is shown."""
        model = self.sourceModel()
        cells = (
            model.index(row, column, parent) for column in (NAME, TYPE, TIP, STATE)
        )
        text = " ".join(str(cell.data()) for cell in cells).casefold()
        return all(word in text for word in self._words)

    def _type_at(self, row: int) -> str:
        return str(self.index(row, TYPE).data(Qt.ItemDataRole.EditRole))

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        """Whether a row comes first: by its type, then by the column to sort by."""
        model = self.sourceModel()
        types = [str(model.index(i.row(), TYPE).data()) for i in (left, right)]
        if types[0] == types[1]:
            return super().lessThan(left, right)
        first = _rank(types[0]) < _rank(types[1])
        return first if self.sortOrder() == Qt.SortOrder.AscendingOrder else not first


def _rank(kind: str) -> tuple[int, str]:
    known = KNOWN_TYPES.index(kind) if kind in KNOWN_TYPES else len(KNOWN_TYPES)
    return known, kind.casefold()


def _look(item: ListedPoints) -> tuple[str, str, bool]:
    return item.type, item.colour, item.is_hidden
