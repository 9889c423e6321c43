"""The body parts of a session: their colours, keys, and how many are labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHeaderView,
    QLineEdit,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_draft import (
    COPIED,
    INTERPOLATED,
    MANUAL,
    TRACKED,
    Keypoint,
    State,
)
from labdata_napari.core.pose_predictions import UNKNOWN_MODEL
from labdata_napari.errors import LabdataError
from labdata_napari.widgets.pose_keys import MOST_NUMBERS
from labdata_napari.widgets.table_model import TableModel, swatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtCore import QObject

    from labdata_napari.widgets.posing import PoseWork

KEY, NAME, HERE, COUNT = range(4)
_TITLES = ("", "Body part", "In this frame", "Labels")
_TOOLTIPS = (
    "The number key that chooses it",
    "A click chooses what the next click in the picture labels",
    "What is known of it in the frame that is looked at, and who says so",
    "In how many frames of the set it is labelled",
)
_SOURCES: Mapping[int, str] = {
    MANUAL: "",
    COPIED: "copied",
    INTERPOLATED: "between frames",
    TRACKED: "carried over",
}


def words_of(keypoint: Keypoint, likelihood: float | None = None) -> str:
    """Say what is known of a body part: "labelled", "hidden", "model sees it, 0.42"."""
    if keypoint.state is State.OCCLUDED:
        return "hidden"
    if keypoint.state is State.VISIBLE:
        source = _SOURCES.get(keypoint.source)
        if source is None:
            model = keypoint.source
            source = "of a file" if model == UNKNOWN_MODEL else f"of model {model}"
        return f"labelled, {source}" if source else "labelled"
    return "" if likelihood is None else f"predicted, {likelihood:.2f}"


class PoseKeypointModel(TableModel):
    """A view of a session; the session keeps the data."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_TITLES, _TOOLTIPS, (KEY, COUNT), parent)
        self._work: PoseWork | None = None
        self._names: tuple[str, ...] = ()
        self._here: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._colours: dict[str, str] = {}
        self._shown: tuple[dict[str, str], dict[str, int]] = ({}, {})

    def show_work(self, work: PoseWork | None) -> None:
        """Show another session."""
        self._work = work
        self.beginResetModel()
        self._names = () if work is None else work.session.bodyparts
        self._colours = {} if work is None else work.view.colours
        self.endResetModel()
        self.recount()

    def recount(self) -> None:
        """Count the labels again: something was edited."""
        work = self._work
        if work is None:
            return
        if work.session.bodyparts != self._names:
            self.show_work(work)
            return
        labels = work.session.draft.labels
        there = np.count_nonzero(~np.isnan(labels.xyz[..., 0]), axis=0).tolist()
        self._counts = dict(zip(labels.bodyparts, there, strict=True))
        self.refresh()

    def refresh(self) -> None:
        """Say what is in the frame that is looked at now."""
        session = None if self._work is None else self._work.session
        if session is None or session.frame is None:
            return
        likelihoods = {
            mark.bodypart: mark.likelihood
            for mark in session.marks()
            if not mark.is_label
        }
        here = {
            name: words_of(session.draft[session.frame, name], likelihoods.get(name))
            for name in self._names
        }
        shown, self._here = self._shown, here
        self._shown = (here, self._counts)
        if self._names and self._shown != shown:  # to paint the same takes time, too
            last = self.index(len(self._names) - 1, COUNT)
            self.dataChanged.emit(self.index(0, HERE), last)

    def row_of(self, bodypart: str) -> int | None:
        """Return the row of a body part."""
        return self._names.index(bodypart) if bodypart in self._names else None

    def name_at(self, row: int) -> str | None:
        """Return the body part in a row."""
        return self._names[row] if 0 <= row < len(self._names) else None

    def count(self) -> int:
        """Return how many body parts there are."""
        return len(self._names)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        name = self.name_at(index.row()) if index.isValid() else None
        if name is None:
            return None
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(name, index.row(), column)
        if role == Qt.ItemDataRole.DecorationRole and column == NAME:
            return swatch(self._colours.get(name, "#808080"))
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TOOLTIPS[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        return None

    def _text(self, name: str, row: int, column: int) -> str:
        if column == KEY:
            return str((row + 1) % 10) if row < MOST_NUMBERS else ""
        if column == NAME:
            return name
        if column == HERE:
            return self._here.get(name, "")
        return f"{self._counts.get(name, 0):,}"


class PoseKeypoints(QTableView):
    """The list of body parts; the chosen one is current."""

    chosen = Signal(str)
    """Somebody chose a body part here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pose_keypoints")
        self.rows = PoseKeypointModel(self)
        self._following = False
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        heads = self.verticalHeader()
        heads.hide()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads.setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(1)
        header.setHighlightSections(False)
        unit = self.fontMetrics().averageCharWidth()
        for column, mode in (
            (KEY, QHeaderView.ResizeMode.Fixed),
            (NAME, QHeaderView.ResizeMode.Stretch),
            (HERE, QHeaderView.ResizeMode.Stretch),
            (COUNT, QHeaderView.ResizeMode.Fixed),
        ):
            header.setSectionResizeMode(column, mode)
        self.setColumnWidth(KEY, 4 * unit)
        self.setColumnWidth(COUNT, 9 * unit)
        self.selectionModel().currentRowChanged.connect(self._on_current)

    def follow(self, bodypart: str) -> None:
        """Make a body part current that was chosen elsewhere."""
        row = self.rows.row_of(bodypart)
        if row is not None and row != self.currentIndex().row():
            self._following = True
            self.setCurrentIndex(self.rows.index(row, NAME))
            self._following = False

    def sizeHint(self) -> QSize:
        """Return a size that shows a dozen body parts, or all if they are fewer."""
        rows = min(max(self.rows.rowCount(), 4), 12)
        height = (rows + 1.5) * self.verticalHeader().defaultSectionSize()
        return QSize(0, int(height))

    def _on_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        name = self.rows.name_at(current.row())
        if name is not None and not self._following:
            self.chosen.emit(name)


class PoseParts(QWidget):
    """The list of body parts, and a line to add one; a double click paints one."""

    told = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work: PoseWork | None = None
        self.table = PoseKeypoints()
        self.table.setToolTip(
            "A click chooses what the next click labels, a double click its colour"
        )
        self._line = QLineEdit()
        self._line.setObjectName("pose_new_part")
        self._line.setPlaceholderText("Another body part")
        self._line.setToolTip("Type the name of a body part to add, then Enter")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._line)
        self._line.returnPressed.connect(self._add)
        self.table.doubleClicked.connect(self._paint)

    def follow(self, work: PoseWork | None) -> None:
        """Show another session."""
        self._work = work
        self.table.rows.show_work(work)

    def _add(self) -> None:
        name = self._line.text().strip()
        if self._work is None or not name:
            return
        try:
            self._work.session.add_bodypart(name)
        except LabdataError as error:
            self.told.emit(str(error))
            return
        self._line.clear()

    def _paint(self, index: QModelIndex) -> None:
        name = self.table.rows.name_at(index.row())
        if self._work is None or name is None:
            return
        before = QColor(self._work.view.colours[name])
        colour = QColorDialog.getColor(before, self, f"Colour of {name}")
        if colour.isValid():
            self._work.session.paint(name, colour.name())
