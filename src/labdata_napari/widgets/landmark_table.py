"""Landmarks of a brain and where each is in an atlas, with how well they fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qtpy.QtWidgets import QWidget

    from labdata_napari.core.registration import LandmarkPair, Residual

Place = tuple[float, float, float]
_AXES = {"a": "AP", "p": "AP", "s": "DV", "i": "DV", "l": "ML", "r": "ML"}
_SIDES = {
    "a": "from the front", "p": "from the back", "s": "from the top",
    "i": "from the bottom", "l": "from the left", "r": "from the right",
}  # fmt: skip
NAME, FIRST, OFF, LEFT_OUT = 0, 1, 4, 5


class LandmarkTable(QTableWidget):
    """One row a landmark; the three places in the atlas can be typed."""

    edited = Signal()
    """Somebody typed a place."""
    chosen = Signal(str)
    """The landmark of the row that was chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 6, parent)
        self.setObjectName("landmark_table")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self._places: dict[str, Place] = {}
        self._typed: dict[str, list[str]] = {}  # not three numbers yet
        self.show_axes("asr")
        self.itemChanged.connect(self._on_typed)
        self.currentCellChanged.connect(self._on_row)

    @property
    def places(self) -> dict[str, Place]:
        """Where landmarks are in the atlas, by name, also those not in the brain."""
        return dict(self._places)

    @property
    def current_name(self) -> str:
        """The landmark of the chosen row; empty without one."""
        item = self.item(self.currentRow(), NAME)
        return "" if item is None else item.text()

    def show_axes(self, code: str) -> None:
        """Name the columns by the axes of an atlas."""
        self.setHorizontalHeaderLabels(
            ["landmark", *(f"{_AXES[c]} µm" for c in code), "off µm", "expected µm"]
        )
        for k, letter in enumerate(code):
            self._header(FIRST + k, f"µm {_SIDES[letter]} edge of the atlas's volume")
        self._header(OFF, "How far from its place in the atlas it comes to lie")
        self._header(
            LEFT_OUT,
            "How far off the other landmarks alone would put it: what to expect "
            "between landmarks, and where a misplaced one stands out",
        )

    def take(self, places: Mapping[str, Place]) -> None:
        """Take places in the atlas, over those of the same names."""
        self._places.update(places)
        for name in places:
            self._typed.pop(name, None)

    def forget(self) -> None:
        """Know no place any more: they were of another atlas or brain."""
        self._places.clear()
        self._typed.clear()

    def show_landmarks(
        self,
        names: Sequence[str],
        residuals: Mapping[str, Residual],
        chosen: str | None = None,
    ) -> None:
        """List the landmarks of the brain, and choose one of them."""
        current = chosen if chosen in names else self.current_name
        self.blockSignals(True)
        self.setRowCount(len(names))
        for row, name in enumerate(names):
            place, off = self._places.get(name), residuals.get(name)
            self._put(row, NAME, name)
            typed = self._typed.get(name, ["", "", ""])
            for k in range(3):
                text = typed[k] if place is None else f"{place[k]:.0f}"
                self._put(row, FIRST + k, text, editable=True)
            self._put(row, OFF, "" if off is None else _number(off.um))
            self._put(row, LEFT_OUT, "" if off is None else _number(off.left_out_um))
        if names:
            row = names.index(current) if current in names else 0
            self.setCurrentCell(row, max(self.currentColumn(), NAME))
        self.blockSignals(False)

    def sizeHint(self) -> QSize:
        """Return as high as six rows."""
        line = self.fontMetrics().height() * 2
        return QSize(super().sizeHint().width(), line * 6)

    # -- how

    def _header(self, column: int, tooltip: str) -> None:
        item = self.horizontalHeaderItem(column)
        if item is not None:
            item.setToolTip(tooltip)

    def _put(self, row: int, column: int, text: str, *, editable: bool = False) -> None:
        item = QTableWidgetItem(text)
        if not editable:
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
        if column != NAME:
            where = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            item.setTextAlignment(int(where))
        self.setItem(row, column, item)

    def _on_typed(self, item: QTableWidgetItem) -> None:
        name = self.item(item.row(), NAME)
        cells = [self.item(item.row(), FIRST + k) for k in range(3)]
        if name is None or any(cell is None for cell in cells):
            return
        texts = [cell.text() for cell in cells if cell is not None]
        a, b, c = map(_read, texts)
        if math.isfinite(a + b + c):
            self.take({name.text(): (a, b, c)})
        else:
            self._places.pop(name.text(), None)
            self._typed[name.text()] = texts
        self.edited.emit()

    def _on_row(self, row: int, _column: int, before: int, _before: int) -> None:
        if row != before and self.current_name:
            self.chosen.emit(self.current_name)


def residuals_of(residuals: Sequence[Residual]) -> dict[str, Residual]:
    """Return residuals by the names of their landmarks."""
    return {residual.name: residual for residual in residuals}


def places_of(pairs: Sequence[LandmarkPair]) -> dict[str, Place]:
    """Return where landmarks are in the atlas, by their names."""
    return {pair.name: pair.atlas_um for pair in pairs}


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0f}"


def _read(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
