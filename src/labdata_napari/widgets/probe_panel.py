"""Which probe of several shanks is placed or held, and what the mouse does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.probe_tracks import probes_in
from labdata_napari.core.shank_template import MOST_SHANKS
from labdata_napari.layers.points import roster
from labdata_napari.layers.probe_tool import Phase
from labdata_napari.widgets.listening import Listening

if TYPE_CHECKING:
    from labdata_napari.layers.annotator import Annotator

_HELD = "Arrows move it, PgDn and PgUp drive it, Shift+←→ turn it, Q spins it."


class ProbePanel(QFrame):
    """Asks for a probe, its shanks and their pitch; hidden while none is on hand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._listening = Listening(self)
        self.setObjectName("annotation_probe_panel")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._probe = QComboBox()
        self._probe.setObjectName("probe_name")
        self._probe.setEditable(True)
        self._probe.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._probe.setToolTip(
            "The tracks are called after it: <probe>_shank0, <probe>_shank1 …; "
            "one that has tracks already is taken up"
        )
        self._shanks = QSpinBox()
        self._shanks.setObjectName("probe_shanks")
        self._shanks.setRange(1, MOST_SHANKS)
        self._shanks.setSuffix(" shanks")
        self._shanks.setToolTip("How many shanks the probe that is placed has")
        self._pitch = QDoubleSpinBox()
        self._pitch.setObjectName("probe_pitch")
        self._pitch.setRange(1.0, 5000.0)
        self._pitch.setDecimals(0)
        self._pitch.setSuffix(" µm apart")
        self._pitch.setToolTip("From the middle of one shank to that of the next")
        letter = self.fontMetrics().averageCharWidth()
        # napari's arrows take more of a box than Qt reckons with
        self._shanks.setMinimumWidth(17 * letter)
        self._pitch.setMinimumWidth(23 * letter)
        self._down = QPushButton("Put down")
        self._down.setObjectName("probe_put_down")
        self._down.setToolTip("The mouse works on single points again (M or Esc)")
        self._words = QLabel()
        self._words.setObjectName("probe_words")
        self._words.setWordWrap(True)
        top = QHBoxLayout()
        top.addWidget(self._probe, 1)
        top.addWidget(self._down)
        sizes = QHBoxLayout()
        sizes.addWidget(self._shanks)
        sizes.addWidget(self._pitch)
        sizes.addStretch()
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addLayout(sizes)
        layout.addWidget(self._words)
        self._probe.activated.connect(self._on_probe)
        self._probe.lineEdit().editingFinished.connect(self._on_probe)
        self._shanks.valueChanged.connect(self._on_shanks)
        self._pitch.valueChanged.connect(self._on_pitch)
        self._down.clicked.connect(self._put_down)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Show the probe of another layer."""
        self._listening.stop()
        if self._annotator is not None and annotator is not self._annotator:
            self._annotator.probe.put_down()
        self._annotator = annotator
        if annotator is not None:
            self._listening.to(annotator.probe.changed, self._show)
        self._show()

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    # -- how

    def _show(self) -> None:
        annotator = self._annotator
        self.setVisible(annotator is not None and annotator.probe.is_on)
        if annotator is None or not annotator.probe.is_on:
            return
        probe = annotator.probe
        placing = probe.phase is Phase.ENTRY
        for widget in (self._probe, self._shanks, self._pitch):
            widget.blockSignals(True)
        taken = probes_in(entry.name for entry in roster(annotator.layer))
        offered = [*probes_in(annotator.proposed), *taken, probe.probe]
        self._probe.clear()
        self._probe.addItems(list(dict.fromkeys(offered)))
        self._probe.setCurrentText(probe.probe)
        self._shanks.setValue(probe.shanks if placing else max(1, len(probe.names())))
        self._pitch.setValue(probe.pitch_um if placing else probe.spacing_um)
        for widget in (self._probe, self._shanks, self._pitch):
            widget.blockSignals(False)
        # shanks that are placed stay as many and as far apart as they are
        self._shanks.setEnabled(placing)
        self._pitch.setEnabled(placing)
        held = probe.phase in (Phase.HELD, Phase.SIDE)
        self._words.setText(f"{probe.words} {_HELD}" if held else probe.words)

    def _on_probe(self, *_: object) -> None:
        annotator, name = self._annotator, self._probe.currentText().strip()
        if annotator is None or not name or name == annotator.probe.probe:
            return
        shanks = probes_in(annotator.proposed).get(name, self._shanks.value())
        if not annotator.probe.hold(name):
            annotator.probe.place(name, shanks)

    def _on_shanks(self, count: int) -> None:
        if self._annotator is not None:
            self._annotator.probe.shanks = count

    def _on_pitch(self, pitch: float) -> None:
        if self._annotator is not None:
            self._annotator.probe.pitch_um = pitch

    def _put_down(self) -> None:
        if self._annotator is not None:
            self._annotator.probe.put_down()
