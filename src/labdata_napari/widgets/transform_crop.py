"""The crop in numbers, folded away until somebody wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from labdata_napari.core.transform_draft import TransformDraft


class CropFields(QWidget):
    """First and last voxel along each axis of the result, and what is left in mm.

    The numbers are in `fields`, for their owner to put where there is room.
    """

    edited = Signal(object)
    """The new box, or None for the whole."""

    def __init__(self) -> None:
        super().__init__()
        self._draft: TransformDraft | None = None
        self._fold = QToolButton()
        self._fold.setObjectName("transform_crop_fold")
        self._fold.setCheckable(True)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setAutoRaise(True)
        self._fold.setToolTip("Show the crop in numbers")
        self._words = QLabel()
        self._words.setObjectName("transform_crop_words")
        self._words.setWordWrap(True)  # a dock that is narrow is not to be cut
        self._whole = QPushButton()
        self._whole.setObjectName("transform_crop_whole")
        self._whole.setText("Whole")
        self._whole.setToolTip("Do not crop")
        self._whole.clicked.connect(self._on_whole)
        self.fields = QWidget()
        grid = QGridLayout(self.fields)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self._names: list[QLabel] = []
        self._edges: list[tuple[QSpinBox, QSpinBox]] = []
        for axis in range(3):
            name = QLabel()
            first, last = (self._edge(f"{which}_{axis}") for which in ("from", "to"))
            for column, widget in enumerate((name, first, QLabel("to"), last)):
                grid.addWidget(widget, axis, column)
            self._names.append(name)
            self._edges.append((first, last))
        self.fields.hide()
        self._fold.toggled.connect(self._on_fold)
        top = QHBoxLayout(self)
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(self._fold)
        top.addWidget(self._words, 1)
        top.addWidget(self._whole)

    def _edge(self, name: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setObjectName(f"transform_crop_{name}")
        spin.setKeyboardTracking(False)
        spin.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        spin.setToolTip("Voxels of the result before it is cropped, from 0; ↑ ↓ by one")
        spin.valueChanged.connect(self._on_edge)
        return spin

    def show_draft(self, draft: TransformDraft, *, over_time: bool) -> None:
        """Show the box of a draft."""
        self._draft = draft
        shape = draft.frame.spatial_shape_out
        box = draft.box or tuple((0, n) for n in shape)
        for axis, (first, last) in enumerate(self._edges):
            start, stop = box[axis]
            for spin, low, high, value in (
                (first, 0, stop - 1, start),
                (last, start, shape[axis] - 1, stop - 1),
            ):
                with signals_blocked(spin):
                    spin.setRange(low, high)
                    spin.setValue(value)
            self._names[axis].setText(_axis_name(draft, axis, over_time=over_time))
        self._words.setText(_words(draft))
        self._whole.setEnabled(draft.box is not None)

    def _on_fold(self, shown: bool) -> None:
        self.fields.setVisible(shown)
        arrow = Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        self._fold.setArrowType(arrow)

    def _on_edge(self, _: int) -> None:
        self.edited.emit(
            tuple((first.value(), last.value() + 1) for first, last in self._edges)
        )

    def _on_whole(self) -> None:
        self.edited.emit(None)


def _axis_name(draft: TransformDraft, axis: int, *, over_time: bool) -> str:
    if over_time and axis == 0:
        return "frames"
    return ("sections", "rows", "columns")[axis]


def _words(draft: TransformDraft) -> str:
    if draft.box is None:
        return "none"
    um = draft.frame.um_per_pixel_out
    lengths = [stop - start for start, stop in draft.box]
    if um is None:
        return " × ".join(map(str, lengths)) + " voxels"
    sizes = (f"{n * u / 1000:.2g}" for n, u in zip(lengths, um, strict=True))
    return " × ".join(sizes) + " mm"
