"""What a person says of how a brain lies in an atlas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.wish import BRAINREG, LANDMARKS
from labdata_napari.widgets.atlas_list import AtlasList, widen
from labdata_napari.widgets.landmark_panel import LandmarkPanel
from labdata_napari.widgets.orientation_picker import OrientationPicker

if TYPE_CHECKING:
    from collections.abc import Mapping

_WAYS = (
    ("Say how it lies …", ""),
    ("The stack is registered to it", "both"),
    ("The stack is registered to its left half", "left"),
    ("The stack is registered to its right half", "right"),
    ("By landmarks, four or more", LANDMARKS),
    ("As brainreg found", BRAINREG),
)
_FOLDER = "Folder of brainreg's output …"
_KINDS = {
    "registered": "both",
    "brainreg": BRAINREG,
    "rigid": LANDMARKS,
    "similarity": LANDMARKS,
    "affine": LANDMARKS,
}


class AtlasForm(QWidget):
    """An atlas, which way the brain lies, and how it lies in the atlas."""

    way_chosen = Signal(str)
    """One of `labdata_napari.lab.wish.WAYS`; empty for none."""
    laid = Signal()
    """Lay it in, as it says now."""
    folded = Signal()
    """Done here."""
    cancelled = Signal()
    """Stop what is being read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("atlas_form")
        self.atlases = AtlasList()
        self.orientation = OrientationPicker()
        self.landmarks = LandmarkPanel()
        self.names = _Wide()
        self.names.setObjectName("atlas_names")
        self.names.setToolTip("Whose acronyms, names and colours of regions are shown")
        self.way = _Wide()
        self.way.setObjectName("atlas_way")
        for text, way in _WAYS:
            self.way.addItem(text, way)
        self.folder: Path | None = None
        self._folder = QPushButton(_FOLDER)
        self._folder.setObjectName("atlas_brainreg")
        self._folder.setToolTip("The one with brainreg.json and the deformation fields")
        self._message = QLabel()
        self._message.setObjectName("atlas_message")
        self._message.setWordWrap(True)
        self._lay = _button("atlas_lay", "Lay it in", "Regions are shown at once")
        self._cancel = _button("atlas_cancel", "Cancel", "Stop reading")
        self._close = _button("atlas_fold", "Back", "Back to the annotations")
        self._lay_out()
        self.way.activated.connect(self._on_way)
        self._folder.clicked.connect(self._on_folder)
        self._lay.clicked.connect(self.laid)
        self._cancel.clicked.connect(self.cancelled)
        self._close.clicked.connect(self.folded)
        self.show_busy("")
        self._show_way()

    @property
    def chosen_way(self) -> str:
        """How the brain is to be laid in; empty while nobody said."""
        return str(self.way.currentData() or "")

    @property
    def lab_atlas(self) -> str | None:
        """The atlas of the lab whose names are taken; None for the atlas's own."""
        found = self.names.currentData()
        return None if found is None else str(found)

    def show_kind(self, kind: str) -> None:
        """Choose the way that a mapping was made by."""
        self.way.setCurrentIndex(max(self.way.findData(_KINDS.get(kind, "")), 0))
        self._show_way()

    def show_names(self, lab_atlases: Mapping[str, str], chosen: str | None) -> None:
        """List the lab's atlases; the only one is taken unless another was chosen."""
        self.names.clear()
        self.names.addItem("the atlas itself", None)
        for name, description in lab_atlases.items():
            short = description if len(description) <= 40 else f"{description[:39]}…"
            self.names.addItem(f"the lab: {name} {short}".strip(), name)
        self.names.setCurrentIndex(max(self.names.findData(chosen), 0))
        self.names.setEnabled(bool(lab_atlases))

    def forget(self) -> None:
        """Forget what was chosen and typed for another brain."""
        self.folder = None
        self._folder.setText(_FOLDER)
        self.landmarks.table.forget()

    def show_busy(self, words: str) -> None:
        """Say what is being done, with a button to stop it; nothing for nothing."""
        self._cancel.setVisible(bool(words))
        self._lay.setEnabled(not words)
        if words:
            self.tell(words)

    def tell(self, text: str) -> None:
        """Say something below the form."""
        self._message.setText(text)
        self._message.setVisible(bool(text))

    # -- how

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("Atlas", self.atlases)
        form.addRow("Names from", self.names)
        form.addRow("It lies", self.way)
        buttons = QHBoxLayout()
        buttons.addWidget(self._close)
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._lay)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self.orientation)
        layout.addWidget(self._folder, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.landmarks, 1)
        layout.addWidget(self._message)
        layout.addStretch()
        layout.addLayout(buttons)

    def _on_way(self) -> None:
        self._show_way()
        self.way_chosen.emit(self.chosen_way)

    def _show_way(self) -> None:
        way = self.chosen_way
        self._folder.setVisible(way == BRAINREG)
        self.landmarks.setVisible(way == LANDMARKS)

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of brainreg's output")
        if path:
            self.folder = Path(path)
            self._folder.setText(self.folder.name)


class _Wide(QComboBox):
    """A list as wide as there is room, however long its entries are."""

    def __init__(self) -> None:
        super().__init__()
        widen(self)


def _button(name: str, text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(tooltip)
    return button
