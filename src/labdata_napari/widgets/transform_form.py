"""The fields of a transform: voxel size, view, angles, flips, crop and type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QWidget,
)
from superqt.utils import signals_blocked

from labdata_napari.core.orientation import SHOWN_AS
from labdata_napari.core.transform_draft import PLANES
from labdata_napari.core.transform_parameters import STORABLE_DTYPES
from labdata_napari.errors import InvalidValue
from labdata_napari.widgets.rights import allow
from labdata_napari.widgets.transform_crop import CropFields
from labdata_napari.widgets.transform_presets import AtlasRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.transform_draft import TransformDraft

SIZES_UM = (10.0, 25.0, 50.0)
_SLIDER_DEGREES = 30
_STEPS = 10  # of the slider per degree
_NO_ORIENTATION = "Say first which way the brain lies."
_FLIPS = (
    (2, "↔", "left to right"),
    (1, "↕", "top to bottom"),
    (0, "in depth", "from the first section to the last"),
)


class TransformForm(QWidget):
    """Shows a draft and says what a person makes of it; holds nothing itself."""

    edited = Signal(object, object)
    """A `TransformDraft` and the word under which it is one step of undo, or None."""
    told = Signal(str)
    """Why something cannot be done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transform_form")
        self._draft: TransformDraft | None = None
        self._over_time = False
        self.atlas = AtlasRow()
        self._sizes = _Choice(
            "transform_size",
            [(f"{um:g}", f"Voxels of {um:g} µm") for um in SIZES_UM]
            + [("own", "Leave the voxels as they are")],
        )
        self._um = _spin("transform_um", 0.5, 1000, 2, " µm", "Any other voxel size")
        self._turn = QLabel("Turn in the plane")
        self._angles = {plane: AngleRow(plane) for plane in PLANES}
        self._views = _Choice(
            "transform_view", [(n, f"Show {n} sections first") for n in SHOWN_AS]
        )
        self._flips = {axis: _toggle(f"transform_flip_{axis}") for axis, *_ in _FLIPS}
        self._crop = CropFields()
        self._cast = QComboBox()
        self._cast.setObjectName("transform_cast")
        self._cast.setToolTip("Number type of the result; values are rounded to it")
        self._cast.addItems(["as it is", *STORABLE_DTYPES])
        self._notes = QLabel()
        self._notes.setObjectName("transform_notes")
        self._notes.setWordWrap(True)
        self._lay_out()
        self._connect()

    # -- building

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        self._grid = grid
        self._labels: dict[str, QLabel] = {}
        self._row("For atlas", self.atlas)
        self._row("Voxel size", self._sizes)
        self._row("  other", self._um)
        self._row("Show as", self._views)
        self._wide(self._turn)
        for plane, row in self._angles.items():
            self._row(f"turn {plane}", row)
        flips = QHBoxLayout()
        for axis, sign, words in _FLIPS:
            button = self._flips[axis]
            button.setText(sign)
            button.setToolTip(f"Mirror the result {words}")
            flips.addWidget(button)
        self._row("Mirror", flips)
        self._row("Crop", self._crop)
        self._wide(self._crop.fields)
        self._row("Values", self._cast)
        self._wide(self._notes)

    def _wide(self, content: QWidget) -> None:
        self._grid.addWidget(content, self._grid.rowCount(), 0, 1, 2)

    def _row(self, text: str, content: Any) -> None:
        row = self._grid.rowCount()
        label = QLabel(text)
        self._labels[text] = label
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        if isinstance(content, QWidget):
            self._grid.addWidget(content, row, 1)
        else:
            self._grid.addLayout(content, row, 1)

    def _connect(self) -> None:
        self._sizes.chosen.connect(self._on_size)
        self._um.valueChanged.connect(self._on_um)
        for row in self._angles.values():
            row.turned.connect(self._on_angle)
        self._views.chosen.connect(self._on_view)
        for axis, button in self._flips.items():
            button.setProperty("axis", axis)
            button.clicked.connect(self._on_flip)
        self._crop.edited.connect(self._on_box)
        self._cast.activated.connect(self._on_cast)

    # -- showing

    def show_draft(self, draft: TransformDraft | None, *, over_time: bool) -> None:
        """Show what a draft says; without one everything is greyed out."""
        self._draft, self._over_time = draft, over_time
        self.setEnabled(draft is not None)
        if draft is None:
            return
        self._show_size(draft)
        self.atlas.show_draft(draft)
        for part in (self.atlas, self._labels["For atlas"]):
            part.setVisible(not over_time)
        for plane, row in self._angles.items():
            row.show_angle(draft.words_for_plane(plane), draft.angles[plane])
            label = self._labels[f"turn {plane}"]
            words = "Turn" if over_time else f"  {draft.words_for_plane(plane)}"
            label.setText(words)
            hidden = over_time and plane != "yx"
            row.setVisible(not hidden)
            label.setVisible(not hidden)
        self._turn.setVisible(not over_time)
        known = draft.orientation is not None
        reason = "" if known else _NO_ORIENTATION
        code = draft.orientation_out
        view = next((name for name in SHOWN_AS if SHOWN_AS[name] == code), None)
        self._views.show_choice(view)
        self._views.allow(reason)
        for axis, button in self._flips.items():
            button.setChecked(draft.flips[axis])
        self._views.setVisible(not over_time)
        self._labels["Show as"].setVisible(not over_time)
        self._flips[0].setVisible(not over_time)
        self._crop.show_draft(draft, over_time=over_time)
        with signals_blocked(self._cast):
            self._cast.setCurrentText(draft.parameters.cast or "as it is")
        self._show_notes(draft)

    def _show_size(self, draft: TransformDraft) -> None:
        unknown = draft.um_per_pixel is None
        reason = "The voxel size of this stack is not known." if unknown else ""
        chosen = draft.voxel_um
        name = "own" if draft.keeps_size else None if chosen is None else f"{chosen:g}"
        self._sizes.show_choice(name)
        own = "" if draft.um_per_pixel is None else um_words(draft.um_per_pixel)
        self._sizes.button("own").setToolTip(f"Leave the voxels as they are: {own}")
        um_per_pixel = draft.um_per_pixel or (0.0, 0.0, 0.0)
        sizes = um_per_pixel[1:] if self._over_time else um_per_pixel
        smallest = min(sizes)
        for um in SIZES_UM:
            finer = um < smallest
            why = f"Its voxels are {own}; a result is never finer." if finer else reason
            allow(self._sizes.button(f"{um:g}"), True, why)
        allow(self._um, True, reason)
        least = max(0.1, smallest)
        if draft.keeps_size and not unknown and len(set(sizes)) == 1:
            chosen = smallest
        with signals_blocked(self._um):
            # Voxels longer than wide have no one size: a dash, below all sizes.
            self._um.setSpecialValueText("–" if chosen is None else "")
            self._um.setMinimum(least - 0.01 if chosen is None else least)
            self._um.setValue(self._um.minimum() if chosen is None else chosen)

    def _show_notes(self, draft: TransformDraft) -> None:
        notes = [f"Stored so, and kept: {words}." for words in draft.unexpressed]
        if any(draft.angles.values()) and not draft.is_rigid:
            notes.append(
                "The voxels are longer than wide, so turning out of the sections also "
                "shears; choose one voxel size for all directions."
            )
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(notes))

    # -- what a person does

    def _change(self, change: Any, *arguments: Any, merge: str | None = None) -> None:
        if self._draft is None:
            return
        try:
            draft = change(*arguments)
            _ = draft.plan
        except InvalidValue as error:
            self.told.emit(str(error))
            self.show_draft(self._draft, over_time=self._over_time)
            return
        self.told.emit("")
        self.edited.emit(draft, merge)

    def _on_size(self, name: str) -> None:
        if self._draft is not None:
            um = None if name == "own" else float(name)
            self._change(self._draft.with_voxel_um, um)

    def _on_um(self, um: float) -> None:
        if self._draft is not None:
            self._change(self._draft.with_voxel_um, um, merge="size")

    def _on_angle(self, plane: str, degrees: float) -> None:
        if self._draft is not None:
            draft = self._draft.with_angles(**{plane: degrees})
            self.edited.emit(draft, f"turn {plane}")

    def _on_view(self, name: str) -> None:
        if self._draft is not None:
            self._change(self._draft.shown_as, SHOWN_AS[name])

    def _on_flip(self, on: bool) -> None:
        if self._draft is not None:
            axis = int(self.sender().property("axis"))
            self._change(self._draft.with_flip, axis, on)

    def _on_box(self, box: Any) -> None:
        if self._draft is not None:
            self._change(self._draft.with_box, box, merge="box")

    def _on_cast(self, row: int) -> None:
        if self._draft is not None:
            name = None if row == 0 else self._cast.currentText()
            self._change(self._draft.with_cast, name)


class AngleRow(QWidget):
    """One angle: a slider for the eye, a number for who wants it."""

    turned = Signal(str, float)

    def __init__(self, plane: str) -> None:
        super().__init__()
        self._plane = plane
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName(f"transform_slider_{plane}")
        self._slider.setRange(-_SLIDER_DEGREES * _STEPS, _SLIDER_DEGREES * _STEPS)
        self._slider.setSingleStep(1)
        self._slider.setPageStep(_STEPS)
        self._slider.setMinimumWidth(60)
        self._number = _spin(f"transform_angle_{plane}", -180, 180, 1, "°", "")
        self._number.setSingleStep(0.1)
        self._number.setWrapping(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider, 1)
        layout.addWidget(self._number)
        self._slider.valueChanged.connect(self._on_slider)
        self._number.valueChanged.connect(self._on_number)

    def show_angle(self, plane: str, degrees: float) -> None:
        """Show an angle in a plane of that name."""
        words = f"Turn the brain in {plane} planes"
        self._slider.setToolTip(f"{words}; ← → by 0.1°, Page keys by 1°")
        self._number.setToolTip(words)
        with signals_blocked(self._slider):
            self._slider.setValue(round(degrees * _STEPS))
        with signals_blocked(self._number):
            self._number.setValue(degrees)

    def _on_slider(self, value: int) -> None:
        self.turned.emit(self._plane, value / _STEPS)

    def _on_number(self, value: float) -> None:
        self.turned.emit(self._plane, value)


class _Choice(QWidget):
    """A row of buttons of which one may be down."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setObjectName(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self._buttons: dict[str, QPushButton] = {}
        for text, tooltip in choices:
            button = _toggle(f"{name}_{text.lower()}")
            button.setText(text)
            button.setToolTip(tooltip)
            self._buttons[text] = button
            self._group.addButton(button)
            layout.addWidget(button)
        self._group.buttonClicked.connect(self._on_clicked)

    def button(self, text: str) -> QPushButton:
        """Return one of the buttons."""
        return self._buttons[text]

    def show_choice(self, text: str | None) -> None:
        """Press one button and let go of the others."""
        for name, button in self._buttons.items():
            button.setChecked(name == text)

    def allow(self, reason: str) -> None:
        """Disable all with a reason; enable them without one."""
        for button in self._buttons.values():
            allow(button, True, reason)

    def _on_clicked(self, button: QPushButton) -> None:
        self.show_choice(button.text())
        self.chosen.emit(button.text())


def um_words(um: Sequence[float]) -> str:
    """Write a voxel size: "25 µm", or "50 × 20 × 20 µm"."""
    texts = [f"{size:.3g}" for size in um]
    return f"{texts[0] if len(set(texts)) == 1 else ' × '.join(texts)} µm"


def _toggle(name: str) -> QPushButton:
    button = QPushButton()
    button.setObjectName(name)
    button.setCheckable(True)
    button.setMinimumWidth(1)
    return button


def _spin(
    name: str, low: float, high: float, decimals: int, suffix: str, tooltip: str
) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setObjectName(name)
    spin.setRange(low, high)
    spin.setDecimals(decimals)
    spin.setSuffix(suffix)
    spin.setToolTip(tooltip)
    spin.setKeyboardTracking(False)
    return spin
