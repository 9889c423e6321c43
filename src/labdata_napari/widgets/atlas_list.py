"""Choosing an atlas of those on this computer, or one that lies elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.orientation import check_orientation
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.other_atlases import OtherAtlas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.lab.atlases import AtlasFound

_FOLDER, _VOLUME = "folder", "volume"
_VOLUMES = "Annotation volumes (*.nrrd *.tif *.tiff);;All files (*)"
_TABLES = "Tables of regions (*.csv *.json);;All files (*)"


class AtlasList(QWidget):
    """A list of atlases, whose last entries ask for others."""

    chosen = Signal(str)
    """The name of the atlas."""
    other_wanted = Signal(object)
    """An `OtherAtlas` that is to be looked at and remembered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QComboBox()
        self._box.setObjectName("atlas_box")
        self._box.setToolTip("The atlases on this computer; the last entries add one")
        widen(self._box)
        self._note = QLabel()
        self._note.setObjectName("atlas_note")
        self._note.setWordWrap(True)
        self._volume = _VolumeForm()
        self._volume.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._box, self._note, self._volume):
            layout.addWidget(widget)
        self._found: list[AtlasFound] = []
        self._box.activated.connect(self._on_activated)
        self._volume.given.connect(self.other_wanted)
        self._current = ""

    @property
    def name(self) -> str:
        """Of the atlas that is chosen; empty while none is."""
        return self._current

    def show_atlases(self, found: Sequence[AtlasFound], name: str) -> None:
        """List atlases, and choose the one of a name, if it is among them."""
        newest: dict[str, AtlasFound] = {}
        for atlas in found:
            newest.setdefault(atlas.name, atlas)
        self._found, self._current = list(newest.values()), ""
        self._box.clear()
        self._box.addItem("Choose an atlas …", None)
        for atlas in self._found:
            self._box.addItem(_title(atlas), atlas.name)
            if atlas.name == name and not atlas.problem:
                self._box.setCurrentIndex(self._box.count() - 1)
                self._current = name
        self._box.addItem("Another folder of BrainGlobe …", _FOLDER)
        self._box.addItem("An annotation volume and its table …", _VOLUME)
        self._note.setText(
            ""
            if self._found
            else "There is no atlas on this computer yet. BrainGlobe "
            "downloads them: pip install brainglobe-atlasapi, then brainglobe install "
            "-a allen_mouse_25um."
        )
        self._note.setVisible(not self._found)

    def _on_activated(self, index: int) -> None:
        self._volume.hide()
        self._note.hide()
        places = len(self._found) + 1
        if 0 < index < places:
            found = self._found[index - 1]
            if found.problem:
                self._tell(found.problem)
                self._go_back()
            else:
                self._current = found.name
                self.chosen.emit(found.name)
        elif index >= places:
            asked = self._box.itemData(index)
            self._go_back()
            self._ask_folder() if asked == _FOLDER else self._volume.ask(self)

    def _tell(self, text: str) -> None:
        self._note.setText(text)
        self._note.show()

    def _go_back(self) -> None:
        self._box.setCurrentIndex(max(self._box.findData(self._current or None), 0))

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of a BrainGlobe atlas")
        if path:
            self.other_wanted.emit(OtherAtlas(Path(path)))


class _VolumeForm(QWidget):
    """Asks what an annotation volume does not say."""

    given = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._volume = self._table = Path()
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._um = QLineEdit()
        self._um.setObjectName("atlas_volume_um")
        self._um.setPlaceholderText("such as 25")
        self._um.setToolTip("How many µm a voxel of the volume is long")
        self._code = QLineEdit()
        self._code.setObjectName("atlas_volume_code")
        self._code.setPlaceholderText("such as asr")
        self._code.setToolTip("The sides at which the axes of the volume begin")
        self._code.setMaxLength(3)
        add = QPushButton("Add")
        add.setObjectName("atlas_volume_add")
        add.setToolTip("Look at it, and list it from now on")
        add.clicked.connect(self._on_add)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self._words)
        form.addRow("Voxels, µm", self._um)
        line = QHBoxLayout()
        line.addWidget(self._code, 1)
        line.addWidget(add)
        form.addRow("Its axes start", line)

    def ask(self, parent: QWidget) -> None:
        """Ask for both files, then for the rest."""
        volume, _ = QFileDialog.getOpenFileName(
            parent, "Annotation volume", "", _VOLUMES
        )
        if not volume:
            return
        folder = str(Path(volume).parent)
        table, _ = QFileDialog.getOpenFileName(
            parent, "Table of its regions", folder, _TABLES
        )
        if table:
            self._volume, self._table = Path(volume), Path(table)
            self._words.setText(f"{self._volume.name} with {self._table.name}:")
            self.show()

    def _on_add(self) -> None:
        text = self._um.text().strip()
        try:
            um = float(text) if text else None
            code = check_orientation(self._code.text())
        except ValueError:
            self._words.setText(f"{text!r} is no size of voxels in µm.")
        except InvalidValue as error:
            self._words.setText(str(error))
        else:
            self.given.emit(OtherAtlas(self._volume, self._table, um, code))
            self.hide()


def widen(box: QComboBox) -> None:
    """Let a list take the room there is, however long its entries are."""
    box.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    box.setMinimumContentsLength(12)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _title(found: AtlasFound) -> str:
    um = found.resolution_um
    size = "" if um is None else f"{um[0]:g} µm"
    version = f"version {found.version}" if found.version else ""
    problem = "cannot be used" if found.problem else ""
    parts = (found.name, found.species, size, version, problem)
    return " · ".join(part for part in parts if part)
