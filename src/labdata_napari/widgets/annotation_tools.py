"""The buttons under the list of annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.curves import SMOOTHING_UM
from labdata_napari.core.tracks import CURVES
from labdata_napari.layers.slab import THICKNESSES_UM
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from labdata_napari.layers.annotator import Annotator


class AnnotationTools(QWidget):
    """Clicking on and off, undo and redo, the slab, deleting, the list of keys."""

    delete_wanted = Signal()
    keys_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._add = _button(
            "annotation_add",
            "Click to add",
            "While on, a click in the picture adds a point to the chosen annotation. "
            "A drag of a point moves it at any time; Esc puts this off",
        )
        self._add.setCheckable(True)
        self._undo = _small("annotation_undo", Qt.ArrowType.LeftArrow)
        self._redo = _small("annotation_redo", Qt.ArrowType.RightArrow)
        self._slab = QComboBox()
        self._slab.setObjectName("annotation_slab")
        for thickness in THICKNESSES_UM:
            text = f"slab {thickness} µm" if thickness else "one slice"
            self._slab.addItem(text, float(thickness))
        self._slab.setToolTip(
            "Show the brightest voxels of a slab around the slice, and the points in "
            "it: the fainter a point, the farther from the middle (S)"
        )
        self._curve = QComboBox()
        self._curve.setObjectName("annotation_curve")
        for curve, text in zip(CURVES, ("straight", "curved"), strict=True):
            self._curve.addItem(text, curve)
        self._curve.setToolTip(
            "How tracks are fitted: by a straight line, or by the smoothest curve that "
            f"keeps within {SMOOTHING_UM:.0f} µm rms of the points"
        )
        self._probe = _button(
            "annotation_probe",
            "Probe",
            "Place a probe of several shanks by two clicks, or take up the chosen one, "
            "and move it as one body; again, put it down (M)",
        )
        self._probe.setCheckable(True)
        self._brush = _button(
            "annotation_brush",
            "Brush",
            "Paint the chosen injection site, or a new one; again, stop painting (R)",
        )
        self._brush.setCheckable(True)
        self._delete = _button(
            "annotation_delete",
            "Delete",
            "Delete the chosen annotations (Delete key in the list)",
        )
        self._keys = QToolButton()
        self._keys.setObjectName("annotation_keys")
        self._keys.setText("?")
        self._keys.setCheckable(True)
        self._keys.setToolTip("Show what the keys do in the picture (?)")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(_row((self._add, self._probe, self._brush), (self._delete,)))
        layout.addLayout(
            _row((self._undo, self._redo, self._slab, self._curve), (self._keys,))
        )
        self._add.toggled.connect(self._on_add)
        self._probe.clicked.connect(self._on_probe)
        self._brush.clicked.connect(self._on_brush)
        self._undo.clicked.connect(self._on_undo)
        self._redo.clicked.connect(self._on_redo)
        self._delete.clicked.connect(self.delete_wanted)
        self._keys.toggled.connect(self.keys_toggled)
        self._slab.activated.connect(self._on_slab)
        self._curve.activated.connect(self._on_curve)

    def follow(self, annotator: Annotator | None) -> None:
        """Do what is pressed with another layer's annotations, or with none."""
        self._annotator = annotator

    @property
    def may_delete(self) -> bool:
        """Whether there is something to delete and it is allowed."""
        return self._delete.isEnabled()

    def show_adding(self, on: bool) -> None:
        """Show whether clicks add points; emits nothing that is not new."""
        self._add.setChecked(on)

    def show_probe(self, on: bool) -> None:
        """Show whether a probe is placed or held."""
        self._probe.setChecked(on)

    def show_brush(self, on: bool) -> None:
        """Show whether an injection site is painted."""
        self._brush.setChecked(on)

    def show_slab(self, thickness_um: float) -> None:
        """Show how thick the slab is."""
        index = self._slab.findData(float(thickness_um))
        self._slab.setCurrentIndex(index)

    def show_curve(self, curve: str) -> None:
        """Show how tracks are fitted."""
        self._curve.setCurrentIndex(self._curve.findData(curve))

    def show_history(self, undo: str, redo: str) -> None:
        """Show what undo and redo would do; empty texts when nothing."""
        for button, verb, words, key in (
            (self._undo, "Undo", undo, "Ctrl+Z"),
            (self._redo, "Redo", redo, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(words))
            button.setToolTip(
                f"{verb}: {words} ({key})" if words else f"{verb} ({key})"
            )

    def toggle_keys(self) -> None:
        """Show the keys, or hide them."""
        self._keys.toggle()

    def allow(self, is_open: bool, has_any: bool, reason: str) -> None:
        """Enable what can be done.

        Parameters
        ----------
        is_open
            Whether there is a layer.
        has_any
            Whether it holds annotations.
        reason
            Why it may not be edited; empty when it may.
        """
        allow(self._add, is_open, reason)
        allow(self._probe, is_open, reason)
        allow(self._brush, is_open, reason)
        allow(self._delete, is_open and has_any, reason)
        self._slab.setEnabled(is_open)
        self._curve.setEnabled(is_open)

    def _on_add(self, on: bool) -> None:
        if self._annotator is not None:
            self._annotator.mouse.add(on)

    def _on_undo(self) -> None:
        if self._annotator is not None:
            self._annotator.undo()

    def _on_redo(self) -> None:
        if self._annotator is not None:
            self._annotator.redo()

    def _on_probe(self, on: bool) -> None:
        self._probe.setChecked(not on)  # whether it is so, the layer says
        if self._annotator is not None:
            self._annotator.place_probe()

    def _on_brush(self, on: bool) -> None:
        self._brush.setChecked(not on)
        if self._annotator is not None:
            self._annotator.paint_region()

    def _on_curve(self, index: int) -> None:
        if self._annotator is not None:
            self._annotator.fit(self._curve.itemData(index))

    def _on_slab(self, index: int) -> None:
        if self._annotator is not None:
            self._annotator.show_slab(self._slab.itemData(index))


def _row(left: tuple[QWidget, ...], right: tuple[QWidget, ...]) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in left:
        row.addWidget(widget)
    row.addStretch()
    for widget in right:
        row.addWidget(widget)
    return row


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button


def _small(name: str, arrow: Qt.ArrowType) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setArrowType(arrow)
    return button
