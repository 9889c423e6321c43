"""Headings in the list of annotations: the type stands above those that are of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QRect, Qt
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from labdata_napari.widgets.annotation_model import NAME, FilteredAnnotations

if TYPE_CHECKING:
    from qtpy.QtCore import QAbstractItemModel, QModelIndex
    from qtpy.QtGui import QPainter
    from qtpy.QtWidgets import QTableView, QWidget

_HEADING, _ROW = 1.5, 1.6  # of the height of a line


class GroupDelegate(QStyledItemDelegate):
    """Draws the first row of a type below a line and the type's name."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw a cell, and in the first column the heading above it."""
        heading = _heading(index)
        super().paint(painter, _below(option, heading), index)
        if not heading:
            return
        painter.save()
        painter.setPen(option.palette.mid().color())
        painter.drawLine(option.rect.topLeft(), option.rect.topRight())
        if index.column() == NAME:
            font = option.font
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(option.palette.text().color())
            where = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            place = QRect(option.rect)
            place.setHeight(_heading_height(option))
            painter.drawText(place.adjusted(4, 0, 0, 0), int(where), heading)
        painter.restore()

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        """Look for the tick where it is drawn."""
        below = _below(option, _heading(index))
        return bool(super().editorEvent(event, model, below, index))

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Leave the heading free."""
        super().updateEditorGeometry(editor, _below(option, _heading(index)), index)


def make_room(table: QTableView, rows: FilteredAnnotations) -> None:
    """Make the rows that have a heading higher than the others."""
    line = table.fontMetrics().height()
    for row in range(rows.rowCount()):
        height = int(line * _ROW)
        if rows.heading(row):
            height += int(line * _HEADING)
        if table.rowHeight(row) != height:
            table.setRowHeight(row, height)


def _heading(index: QModelIndex) -> str:
    rows = index.model()
    return rows.heading(index.row()) if isinstance(rows, FilteredAnnotations) else ""


def _heading_height(option: QStyleOptionViewItem) -> int:
    return int(option.fontMetrics.height() * _HEADING)


def _below(option: QStyleOptionViewItem, heading: str) -> QStyleOptionViewItem:
    if not heading:
        return option
    below = QStyleOptionViewItem(option)
    below.rect = option.rect.adjusted(0, _heading_height(option), 0, 0)
    return below
