"""What the models of all tables have in common: flat, with titles over the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qtpy.QtCore import QObject

_SWATCH = 12  # pixels


class TableModel(QAbstractTableModel):
    """Rows without children; a table says how many and what is in them.

    Parameters
    ----------
    titles, tooltips
        Of the columns.
    numeric
        Numbers of the columns that are aligned to the right.
    """

    def __init__(
        self,
        titles: Sequence[str],
        tooltips: Sequence[str] = (),
        numeric: Collection[int] = (),
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._titles, self._tooltips = tuple(titles), tuple(tooltips)
        self._numeric = frozenset(numeric)

    def count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count the rows."""
        return 0 if parent is not None and parent.isValid() else self.count()

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count the columns."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

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
            return self._titles[section]
        if role == Qt.ItemDataRole.ToolTipRole and self._tooltips:
            return self._tooltips[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(section)
        return None

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        """Return how a column and its title are aligned."""
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        aside = right if column in self._numeric else left
        return aside | Qt.AlignmentFlag.AlignVCenter


def swatch(colour: str) -> QIcon:
    """Return a square of a colour that stays so in a row that is selected."""
    pixmap, icon = QPixmap(_SWATCH, _SWATCH), QIcon()
    pixmap.fill(QColor(colour))
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon
