"""The brush that an injection site is painted with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.layers.region_brush import BRUSH_UM
from labdata_napari.widgets.listening import Listening

if TYPE_CHECKING:
    from labdata_napari.layers.annotator import Annotator


class RegionPanel(QFrame):
    """Sets the brush of an injection site; hidden while nothing is painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._listening = Listening(self)
        self.setObjectName("annotation_region_panel")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._size = QDoubleSpinBox()
        self._size.setObjectName("brush_size")
        self._size.setRange(10.0, 5000.0)
        self._size.setDecimals(0)
        self._size.setSingleStep(50.0)
        self._size.setValue(BRUSH_UM)
        self._size.setPrefix("brush ")
        self._size.setSuffix(" µm")
        self._size.setToolTip("Diameter of the brush")
        self._ball = QCheckBox("Ball")
        self._ball.setObjectName("brush_ball")
        self._ball.setToolTip("Paint a ball, through neighbouring slices")
        self._erase = QPushButton("Erase")
        self._erase.setObjectName("brush_erase")
        self._erase.setCheckable(True)
        self._erase.setToolTip("The brush takes away")
        self._down = QPushButton("Stop")
        self._down.setObjectName("brush_stop")
        self._down.setToolTip("The mouse works on points again (R or Esc)")
        self._words = QLabel()
        self._words.setObjectName("brush_words")
        self._words.setWordWrap(True)
        top = QHBoxLayout()
        for widget in (self._size, self._ball, self._erase):
            top.addWidget(widget)
        top.addStretch()
        top.addWidget(self._down)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self._words)
        self._size.valueChanged.connect(self._on_brush)
        self._ball.toggled.connect(self._on_brush)
        self._erase.clicked.connect(self._on_erase)
        self._down.clicked.connect(self._stop)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Show the brush of another layer."""
        self._listening.stop()
        if self._annotator is not None and annotator is not self._annotator:
            self._annotator.brush.stop()
        self._annotator = annotator
        if annotator is not None:
            self._listening.to(annotator.brush.changed, self._show)
        self._show()

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    # -- how

    def _show(self) -> None:
        brush = None if self._annotator is None else self._annotator.brush
        self.setVisible(brush is not None and brush.is_on)
        if brush is None or not brush.is_on:
            return
        for widget in (self._size, self._ball):
            widget.blockSignals(True)
        self._size.setValue(brush.brush_um)
        self._ball.setChecked(brush.is_ball)
        for widget in (self._size, self._ball):
            widget.blockSignals(False)
        self._erase.setChecked(brush.erases)
        verb = "take away from" if brush.erases else "paint"
        self._words.setText(f"Drag in the picture to {verb} {brush.name}.")

    def _on_brush(self, *_: object) -> None:
        if self._annotator is not None:
            brush = self._annotator.brush
            brush.use_brush(self._size.value(), ball=self._ball.isChecked())

    def _on_erase(self, on: bool) -> None:
        if self._annotator is not None:
            self._annotator.brush.paint(self._annotator.brush.name, erase=on)

    def _stop(self) -> None:
        if self._annotator is not None:
            self._annotator.brush.stop()
