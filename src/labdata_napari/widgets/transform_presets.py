"""One click to what the tools for atlas registration expect."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from labdata_napari.core.presets import ATLAS, ATLAS_UM
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from labdata_napari.core.transform_draft import TransformDraft

_SIDES = (
    ("both", "Both", "both hemispheres"),
    ("left", "Left", "the left hemisphere"),
    ("right", "Right", "the right hemisphere"),
)
_DEFAULT_UM = 25.0
_TOOLTIP = (
    "{} for atlas registration: equal voxels, sections from the front, "
    f'dorsal up ("{ATLAS}"); turned as it is'
)


class AtlasRow(QWidget):
    """A button per hemisphere, and the voxel size; holds nothing itself."""

    wanted = Signal(float, str)
    """Voxel size in µm, and "both", "left" or "right"."""

    def __init__(self) -> None:
        super().__init__()
        self._um = QComboBox()
        self._um.setObjectName("transform_atlas_um")
        self._um.setToolTip("Voxel size of the atlas")
        for um in ATLAS_UM:
            self._um.addItem(f"{um:g} µm", um)
        self._um.setCurrentIndex(ATLAS_UM.index(_DEFAULT_UM))
        self._um.setMinimumWidth(66)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._buttons: list[QPushButton] = []
        for side, text, words in _SIDES:
            button = QPushButton(text)
            button.setObjectName(f"transform_atlas_{side}")
            button.setToolTip(_TOOLTIP.format(words.capitalize()))
            button.setMinimumWidth(1)
            button.clicked.connect(partial(self._on_clicked, side))
            layout.addWidget(button)
            self._buttons.append(button)
        layout.addWidget(self._um)

    def show_draft(self, draft: TransformDraft) -> None:
        """Allow what can be made of a draft; say why not."""
        missing = ""
        if draft.um_per_pixel is None:
            missing = "The voxel size of this stack is not known."
        elif draft.orientation is None:
            missing = "Say first which way the brain lies."
        for button in self._buttons:
            allow(button, True, missing)

    def _on_clicked(self, side: str, _checked: bool = False) -> None:
        self.wanted.emit(self._um.currentData(), side)
