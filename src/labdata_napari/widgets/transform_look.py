"""How the preview of a transform is looked at: on or off, before or after, a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget as Parent

_GRIDS = (None, 100.0, 250.0, 500.0, 1000.0, 2000.0)


class LookBar(QWidget):
    """Undo, redo, and what is drawn."""

    shown = Signal(bool)
    before = Signal(bool)
    grid = Signal(object)
    undo = Signal()
    redo = Signal()

    def __init__(self, parent: Parent | None = None) -> None:
        super().__init__(parent)
        self._undo = self._button("undo", "↶", "Undo (Ctrl+Z)")
        self._redo = self._button("redo", "↷", "Redo (Ctrl+Shift+Z)")
        self._shown = self._button(
            "shown", "Preview", "Show three planes of the result instead of the layers"
        )
        self._before = self._button(
            "before", "Before", "Show it as it was before it was turned (B)"
        )
        for button in (self._shown, self._before):
            button.setCheckable(True)
        self._grid = QComboBox()
        self._grid.setObjectName("transform_grid")
        self._grid.setToolTip("A grid over the planes, to see what is straight")
        for um in _GRIDS:
            self._grid.addItem("No grid" if um is None else f"{um:g} µm", um)
        self._grid.setMinimumWidth(84)  # of "No grid": a narrow dock stays narrow
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self._undo, self._redo, self._shown, self._before, self._grid):
            layout.addWidget(widget)
        layout.addStretch()
        self._undo.clicked.connect(self.undo)
        self._redo.clicked.connect(self.redo)
        self._shown.clicked.connect(self.shown)
        self._before.clicked.connect(self.before)
        self._grid.currentIndexChanged.connect(self._on_grid)

    def _button(self, name: str, text: str, tooltip: str) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"transform_{name}")
        button.setText(text)
        button.setToolTip(tooltip)
        return button

    @property
    def grid_um(self) -> float | None:
        """Distance between the lines that are wanted."""
        um: float | None = self._grid.currentData()
        return um

    def show_state(
        self, *, shown: bool, before: bool, can_undo: bool, can_redo: bool
    ) -> None:
        """Show what is on and what can be done."""
        self._shown.setChecked(shown)
        self._before.setChecked(before)
        self._before.setEnabled(shown)
        self._grid.setEnabled(shown)
        self._undo.setEnabled(can_undo)
        self._redo.setEnabled(can_redo)

    def _on_grid(self, _: int) -> None:
        self.grid.emit(self.grid_um)
