"""Writing where the probes were: a table of what becomes of each row first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.errors import WriteConflict
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.atlas_rows import check_home
from labdata_napari.widgets.lane import OnLoss

if TYPE_CHECKING:
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.track_writing import TracedTrack
    from labdata_napari.lab.write_plan import WritePlan
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.layers.source import LayerSource
    from labdata_napari.widgets.workspace import Workspace

_TITLES = ("write", "probe", "region", "becomes", "µm above the tip")
_PICKED = Qt.ItemDataRole.UserRole


class RegionSaving(QWidget):
    """Shows what would be written of the tracks; each row has a tick of its own.

    Parameters
    ----------
    workspace
        Looks regions up, reads the rows and writes them.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    unfolded = Signal(bool)
    """Whether it is open: it needs the room of the rest of the dock."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("region_saving")
        self._workspace = workspace
        self._annotator: Annotator | None = None
        self._traced: dict[str, TracedTrack] = {}
        self._plan: WritePlan | None = None
        self._words = QLabel()
        self._words.setObjectName("region_words")
        self._words.setWordWrap(True)
        self._table = QTableWidget(0, len(_TITLES))
        self._table.setObjectName("region_table")
        self._table.setHorizontalHeaderLabels(list(_TITLES))
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self._tip = QDoubleSpinBox()
        self._tip.setObjectName("region_tip")
        self._tip.setRange(0, 5000)
        self._tip.setDecimals(0)
        self._tip.setSuffix(" µm")
        self._tip.setToolTip(
            "Where the layout of sites begins: 175 µm above the tip in Neuropixels 1. "
            "It says which electrodes are in which region"
        )
        self._tip.editingFinished.connect(self._read)
        self._write = QPushButton("Write")
        self._write.setObjectName("region_write")
        self._write.setToolTip("Write the ticked rows in one transaction")
        self._write.clicked.connect(self._save)
        close = QPushButton("Back")
        close.setObjectName("region_back")
        close.setToolTip("Write nothing")
        close.clicked.connect(self.fold)
        line = QHBoxLayout()
        line.addWidget(close)
        line.addStretch()
        line.addWidget(QLabel("Lowest site above the tip"))
        line.addWidget(self._tip)
        line.addWidget(self._write)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._words)
        layout.addWidget(self._table, 1)
        layout.addLayout(line)
        policy = QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, policy)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Write of another layer."""
        if annotator is not self._annotator:
            self.fold()
            self._annotator = annotator

    def fold(self) -> None:
        """Give the room back; nothing is written."""
        if not self.isHidden():
            self.hide()
            self.unfolded.emit(False)

    def start(self) -> None:
        """Look up the regions along all tracks, then show what would be written."""
        annotator = self._annotator
        setting = None if annotator is None else annotator.figures.setting
        if annotator is None or annotator.brain is None or setting is None:
            self.told.emit("Say first how this brain lies in an atlas.")
            return
        tracks = {}
        for item in working_copy.listing(annotator.layer):
            numbers = annotator.figures.of(item.name)
            if item.type in TRACK_TYPES and numbers is not None and numbers.track:
                tracks[item.name] = (item.points, numbers.track.path)
        if not tracks:
            self.told.emit("There are no tracks to write regions of; make one with N.")
            return
        self._plan = None
        self._words.setText("Looking up the regions along the tracks …")
        self._table.setRowCount(0)
        self._write.setEnabled(False)
        self.show()
        self.unfolded.emit(True)
        self._workspace.background(
            _traced,
            annotator.brain,
            tracks,
            setting.um_per_pixel,
            done=self._on_traced,
            failed=self._on_failed,
        )

    # -- how

    @property
    def _source(self) -> LayerSource | None:
        return None if self._annotator is None else source_of(self._annotator.layer)

    def _on_traced(self, traced: dict[str, TracedTrack]) -> None:
        self._traced = traced
        self._read()

    def _read(self) -> None:
        source, annotator = self._source, self._annotator
        if source is None or annotator is None or annotator.brain is None:
            return
        if not self._traced:
            return
        self._write.setEnabled(False)
        self._workspace.submit(
            _plan_of,
            source,
            self._traced,
            annotator.brain,
            float(self._tip.value()),
            on_loss=OnLoss.REPEAT,
            done=self._on_plan,
            failed=self._on_failed,
        )

    def _on_plan(self, plan: WritePlan) -> None:
        earlier, self._plan = self._plan, plan
        theirs = set() if earlier is None else plan.changed_since(earlier)
        lines, offered = plan.lines, plan.offered
        self._table.setRowCount(len(lines))
        for row, line in enumerate(lines):
            place = (line.place, line.name)
            state = line.state
            if place in theirs:
                state = f"{state}, but somebody changed it meanwhile"
            probe = plan.probes[line.place].title if line.place >= 0 else "plugin"
            tick = QTableWidgetItem()
            tick.setData(_PICKED, place)
            is_written = line.state != "kept"
            flags = Qt.ItemFlag.ItemIsEnabled
            if is_written:
                flags |= Qt.ItemFlag.ItemIsUserCheckable
                ticked = place in offered and place not in theirs
                tick.setCheckState(
                    Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
                )
            tick.setFlags(flags)
            self._table.setItem(row, 0, tick)
            for column, text in enumerate((probe, line.name, state, line.words), 1):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                self._table.setItem(row, column, item)
        counts = {
            state: sum(line.state == state for line in lines)
            for state in ("new", "changed", "removed", "kept")
        }
        said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        if theirs:
            said += ". Somebody else wrote meanwhile; their rows are not ticked"
        self._words.setText("\n".join([f"Rows: {said or 'none'}.", *plan.notes]))
        self._write.setEnabled(any(line.state != "kept" for line in lines))

    def _save(self) -> None:
        source, plan = self._source, self._plan
        if source is None or plan is None:
            return
        chosen = [
            tuple(item.data(_PICKED))
            for item in (self._table.item(r, 0) for r in range(self._table.rowCount()))
            if item is not None and item.checkState() == Qt.CheckState.Checked
        ]
        self._write.setEnabled(False)
        self._workspace.submit(
            _saved,
            source,
            plan,
            chosen,
            on_loss=OnLoss.REPEAT,
            done=self._on_saved,
            failed=self._on_not_saved,
        )

    def _on_saved(self, words: str) -> None:
        self.told.emit(f"Regions written: {words}.")
        self.fold()

    def _on_not_saved(self, error: LabdataError) -> None:
        if isinstance(error, WriteConflict):
            self._read()
        else:
            self._write.setEnabled(True)
            self._words.setText(f"Nothing was written. {error}")

    def _on_failed(self, error: LabdataError) -> None:
        self._words.setText(str(error))


def _traced(
    brain: InAtlas,
    tracks: dict[str, tuple[Any, Any]],
    um_per_pixel: tuple[float, float, float],
) -> dict[str, TracedTrack]:
    from labdata_napari.lab.track_writing import TracedTrack

    return {
        name: TracedTrack(points, path, brain.regions_along(path, um_per_pixel))
        for name, (points, path) in tracks.items()
    }


def _plan_of(
    lab: Lab,
    source: LayerSource,
    traced: dict[str, TracedTrack],
    brain: InAtlas,
    tip_um: float,
) -> WritePlan:
    from labdata_napari.lab.track_writing import plan_writing

    check_home(lab, source)
    return plan_writing(lab, source.key, traced, brain, tip_um)


def _saved(
    lab: Lab, source: LayerSource, plan: WritePlan, chosen: list[tuple[int, str]]
) -> str:
    from labdata_napari.lab.track_writing import save_plan

    check_home(lab, source)
    return save_plan(lab, plan, chosen)
