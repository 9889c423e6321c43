"""Saying where the landmarks of a brain are in an atlas: in a table, and by clicks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.landmark_fit import (
    AFFINE_FROM,
    FITS,
    fit_for,
    from_landmarks,
    pairs_by_name,
)
from labdata_napari.core.landmark_places import read_places
from labdata_napari.core.orientation import plane_name
from labdata_napari.errors import LabdataError
from labdata_napari.widgets.atlas_plane import AtlasPlane
from labdata_napari.widgets.landmark_table import (
    LandmarkTable,
    places_of,
    residuals_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.registration import AtlasMapping, LandmarkPair

FEWEST = 4
_NONE = (
    "There is no landmark of one point in this brain yet: type a name above, with "
    "the type landmark, and click it in the picture; do so four times at least."
)
_FITS = ("fit by their number", "rigid", "similarity", "affine")
_FIT_TIP = (
    "What the landmarks may do to the brain: turn and move it (rigid), scale it, too "
    "(similarity), shear it, too (affine). By their number: a similarity for four or "
    f"five, affine for {AFFINE_FROM} or more"
)
_FILES = "Places in the atlas (*.csv);;All files (*)"


class LandmarkPanel(QWidget):
    """A table of landmarks, and planes of the atlas to click their places in."""

    chosen = Signal(str)
    """The landmark of the row that was chosen: to be shown in the brain."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = LandmarkTable()
        self._plane = AtlasPlane()
        self._axis = QComboBox()
        self._axis.setObjectName("atlas_axis")
        self._axis.setToolTip("Which planes of the atlas are shown")
        self._kind = QComboBox()
        self._kind.setObjectName("landmark_kind")
        for fit, text in zip(FITS, _FITS, strict=True):
            self._kind.addItem(text, fit)
        self._kind.setToolTip(_FIT_TIP)
        self._where = QLabel()
        self._fit = QLabel()
        self._fit.setObjectName("landmark_fit")
        self._fit.setWordWrap(True)
        self._file = QPushButton("Places from a file …")
        self._file.setObjectName("landmark_file")
        self._file.setToolTip(
            "A CSV with a name and three µm of the atlas in each row, as Export "
            "writes it of a brain that lies in the atlas"
        )
        self._atlas: AtlasVolume | None = None
        self._setting: tuple[tuple[int, ...], tuple[float, ...], str | None] | None
        self._setting = None
        self._pixels: dict[str, NDArray[np.float64]] = {}
        self._lay_out()
        self.table.edited.connect(self._on_typed)
        self.table.chosen.connect(self._on_chosen)
        self._plane.clicked.connect(self._on_clicked)
        self._plane.moved.connect(self._on_moved)
        self._axis.activated.connect(self._plane.show_axis)
        self._kind.activated.connect(self._on_fit)
        self._file.clicked.connect(self._on_file)

    @property
    def pairs(self) -> tuple[LandmarkPair, ...]:
        """What has a place in the brain and in the atlas."""
        return pairs_by_name(self._pixels, self.table.places)

    @property
    def fit(self) -> str:
        """How the landmarks are fitted: one of `core.landmark_fit.FITS`."""
        return str(self._kind.currentData())

    def show_known(self, mapping: AtlasMapping) -> None:
        """Take in the places and the fit that a mapping was made of."""
        self.table.take(places_of(mapping.landmarks))
        kind, count = mapping.kind, len(mapping.landmarks)
        chosen = kind if kind in FITS and kind != fit_for(count) else FITS[0]
        self._kind.setCurrentIndex(FITS.index(chosen))

    def show_atlas(self, atlas: AtlasVolume | None) -> None:
        """Show planes of an atlas."""
        self._atlas = atlas
        self._axis.clear()
        if atlas is not None:
            names = [plane_name(atlas.orientation, axis) for axis in range(3)]
            self._axis.addItems(names)
            self.table.show_axes(atlas.orientation)
        self._plane.show_axis(0)
        self._plane.show_atlas(atlas)
        self._refresh()

    def show_brain(
        self,
        pixels: Mapping[str, NDArray[np.float64]],
        shape: tuple[int, ...],
        um_per_pixel: tuple[float, ...],
        orientation: str | None,
        chosen: str | None,
    ) -> None:
        """Take in where landmarks are in the brain, and how well they fit now."""
        self._pixels = dict(pixels)
        self._setting = shape, um_per_pixel, orientation
        self._refresh(chosen)

    # -- how

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self._axis)
        line.addWidget(self._where, 1)
        above = QHBoxLayout()
        above.addWidget(self._kind)
        above.addStretch()
        above.addWidget(self._file)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(above)
        layout.addWidget(self._fit)
        layout.addLayout(line)
        layout.addWidget(self._plane, 1)

    def _refresh(self, chosen: str | None = None) -> None:
        residuals, words = {}, ""
        if not self._pixels:
            words = _NONE
        elif len(self.pairs) < FEWEST:
            words = (
                f"{len(self.pairs)} of {FEWEST} landmarks have a place in the atlas: "
                "choose a row, and click its place below or type it."
            )
        elif self._atlas is not None and self._setting is not None:
            shape, um, code = self._setting
            try:
                pairs = self.pairs
                if code is None:
                    words = "Say which way the brain lies, to see how well they fit."
                else:
                    mapping = from_landmarks(
                        pairs, self._atlas, shape, um, code, self.fit
                    )
                    residuals, words = residuals_of(mapping.residuals), "Fit: "
                    words += f"{mapping.describe()}."
            except LabdataError as error:
                words = str(error)
        self.table.show_landmarks(list(self._pixels), residuals, chosen)
        self._fit.setText(words)
        self._plane.show_marks(self.table.places, self.table.current_name)

    def _on_typed(self) -> None:
        self._refresh()

    def _on_fit(self, _index: int) -> None:
        self._refresh()

    def _on_chosen(self, name: str) -> None:
        place = self.table.places.get(name)
        if place is not None:
            self._plane.go_to(place)
        self._plane.show_marks(self.table.places, name)
        self.chosen.emit(name)

    def _on_clicked(self, place: tuple[float, float, float]) -> None:
        name = self.table.current_name
        if name:
            self.table.take({name: place})
            self._refresh()

    def _on_moved(self) -> None:
        self._where.setText(self._plane.words)

    def _on_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Places in the atlas", "", _FILES)
        if path:
            try:
                self.table.take(read_places(Path(path)))
            except LabdataError as error:
                self._fit.setText(str(error))
            else:
                self._refresh()
