"""Which way a brain lies, asked by three pictures of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRect, QSize, Qt, Signal
from qtpy.QtGui import QImage, QPainter
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.orientation import SIDES, check_orientation, in_words
from labdata_napari.core.orientation_answer import GLANCES, OrientationAnswer
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QAction, QPaintEvent, QResizeEvent

_ASK = "Which way does the brain lie? Click an edge and say which side of it that is."
_NOT_SAID = "Nobody has said yet which way the brain lies."
_UNSEEN = (
    "Left and right look alike in a picture: tell them from how the brain was mounted "
    "and imaged."
)
_LETTERS = {"a": "A", "p": "P", "s": "D", "i": "V", "l": "L", "r": "R"}
_MARGIN = 3


class OrientationPicker(QWidget):
    """Asks once which side of the animal each edge is; shows the answer afterwards.

    A code comes only from what somebody clicked or typed.
    """

    chosen = Signal(str)
    """The three letters, each time somebody completed or changed them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("orientation_picker")
        self._answer = OrientationAnswer()
        self._words = QLabel()
        self._words.setObjectName("orientation_words")
        self._words.setWordWrap(True)
        self._later = QPushButton("Later")
        self._later.setObjectName("orientation_later")
        self._later.setToolTip("Fold this away; all but For atlas does without")
        self._later.clicked.connect(self._on_later)
        self._change = QPushButton()
        self._change.setObjectName("orientation_change")
        self._change.setToolTip("Say which way the brain lies")
        self._change.clicked.connect(self._on_change)
        self._typed = QLineEdit()
        self._typed.setObjectName("orientation_code")
        self._typed.setPlaceholderText("or type it, such as asr")
        self._typed.setToolTip(
            "One letter per axis (z, y, x) for the side where it starts: anterior or "
            "posterior, superior or inferior, left or right"
        )
        self._typed.setMaxLength(3)
        self._typed.returnPressed.connect(self._on_typed)
        self._glances = [_Glance(*axes) for axes in GLANCES]
        self._form = QWidget()
        self._lay_out()
        self.show_brain(None)

    @property
    def code(self) -> str | None:
        """What was said; None until all of it is."""
        return self._answer.code

    def show_brain(
        self,
        pictures: Sequence[NDArray[np.uint8]] | None,
        um_per_pixel: Sequence[float] | None = None,
        code: str | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        """Ask about a brain, or show what is known of it.

        Parameters
        ----------
        pictures
            Its `core.orientation_answer.glances`; None while there are none.
        um_per_pixel, shape
            Pitch (z, y, x) and voxels of the stack, for the pictures' proportions.
        code
            Its orientation, if somebody said it before.
        """
        for k, glance in enumerate(self._glances):
            glance.show_picture(None if pictures is None else pictures[k])
            glance.set_extent(um_per_pixel, shape)
        self._answer = OrientationAnswer.of(code)
        self._form.setVisible(code is None)
        self._refresh()

    # -- parts

    def _lay_out(self) -> None:
        grid = QGridLayout(self._form)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for k in (0, 1):
            grid.setColumnStretch(k, 1)
        for glance, place in zip(self._glances, ((0, 0), (0, 1), (1, 0)), strict=True):
            grid.addWidget(glance, *place)
            glance.said.connect(self._on_said)
        side = QVBoxLayout()
        hint = QLabel(_UNSEEN)
        hint.setWordWrap(True)
        side.addWidget(hint)
        side.addWidget(self._typed)
        side.addWidget(self._later)
        side.addStretch()
        grid.addLayout(side, 1, 1)
        line = QHBoxLayout()
        line.addWidget(self._words, 1)
        line.addWidget(self._change, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._form)

    def _refresh(self) -> None:
        code, folded = self._answer.code, self._form.isHidden()
        unknown = _NOT_SAID if folded else _ASK
        self._words.setText(unknown if code is None else f"{in_words(code)} ({code})")
        self._change.setText("Say …" if code is None else "Change …")
        self._change.setVisible(folded)
        self._typed.setText(
            "".join(s or "?" for s in self._answer.starts)
            if any(self._answer.starts)
            else ""
        )
        for glance in self._glances:
            glance.show_answer(self._answer)

    def _take(self, answer: OrientationAnswer) -> None:
        self._answer = answer
        self._refresh()
        if answer.code is not None:
            self.chosen.emit(answer.code)

    def _on_said(self, axis: int, end: bool, letter: str) -> None:
        self._take(self._answer.said(axis, letter, end=end))

    def _on_typed(self) -> None:
        try:
            code = check_orientation(self._typed.text())
        except InvalidValue as error:
            self._words.setText(str(error))
            return
        self._take(OrientationAnswer.of(code))

    def _on_later(self) -> None:
        self._form.hide()
        self._refresh()

    def _on_change(self) -> None:
        self._form.show()
        self._refresh()


class _Glance(QWidget):
    """One picture with a button at each edge."""

    said = Signal(int, bool, str)

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self._axes = (rows, columns)
        self._image = QImage()
        self._extent = (1.0, 1.0)
        self._buttons = {
            (axis, end): _Edge(axis, end, self)
            for axis in (rows, columns)
            for end in (False, True)
        }
        self.setMinimumSize(110, 110)
        self.setMaximumHeight(190)

    def sizeHint(self) -> QSize:
        return QSize(160, 160)

    def show_picture(self, picture: NDArray[np.uint8] | None) -> None:
        if picture is None:
            self._image = QImage()
        else:
            height, width = picture.shape
            pixels = picture.tobytes()
            image = QImage(
                pixels, width, height, width, QImage.Format.Format_Grayscale8
            )
            self._image = image.copy()  # the bytes go, the image stays
        self.update()

    def set_extent(
        self, um: Sequence[float] | None, shape: Sequence[int] | None
    ) -> None:
        pixels = (self._image.height(), self._image.width())
        rows, columns = (
            pixels[k] if shape is None or um is None else shape[axis] * um[axis]
            for k, axis in enumerate(self._axes)
        )
        self._extent = (float(rows) or 1.0, float(columns) or 1.0)
        self.update()

    def show_answer(self, answer: OrientationAnswer) -> None:
        for (axis, end), button in self._buttons.items():
            button.show_side(answer.side(axis, end=end), answer.choices(axis))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        if not self._image.isNull():
            painter.drawImage(self._frame(), self._image)
        painter.end()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        rows, _ = self._axes
        for (axis, end), button in self._buttons.items():
            size = button.sizeHint()
            x = (self.width() - size.width()) // 2
            y = (self.height() - size.height()) // 2
            if axis == rows:
                y = self.height() - size.height() - _MARGIN if end else _MARGIN
            else:
                x = self.width() - size.width() - _MARGIN if end else _MARGIN
            button.setGeometry(x, y, size.width(), size.height())

    def _frame(self) -> QRect:
        rows, columns = self._extent
        scale = min(self.height() / rows, self.width() / columns)
        height, width = round(rows * scale), round(columns * scale)
        return QRect(
            (self.width() - width) // 2, (self.height() - height) // 2, width, height
        )


class _Edge(QToolButton):
    """Says or asks which side of the animal an edge of a picture is."""

    def __init__(self, axis: int, end: bool, glance: _Glance) -> None:
        super().__init__(glance)
        self._axis, self._end, self._glance = axis, end, glance
        self.setObjectName(f"edge_{'zyx'[axis]}_{'end' if end else 'start'}")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.triggered.connect(self._on_triggered)
        self.setMenu(menu)

    def sizeHint(self) -> QSize:
        return QSize(26, 22)

    def show_side(self, letter: str | None, free: Sequence[str]) -> None:
        self.setText("?" if letter is None else _LETTERS[letter])
        edge = f"{'last' if self._end else 'first'} {'zyx'[self._axis]}"
        self.setToolTip(
            f"Say which side of the animal this edge is ({edge})"
            if letter is None
            else f"{SIDES[letter]} ({edge}); click to change"
        )
        menu = self.menu()
        menu.clear()
        taken = [c for c in SIDES if c not in free]
        for group in (free, taken):
            for choice in group:
                action = menu.addAction(SIDES[choice])
                action.setData(choice)
                action.setCheckable(True)
                action.setChecked(choice == letter)
            if group is free and taken:
                menu.addSeparator()

    def _on_triggered(self, action: QAction) -> None:
        self._glance.said.emit(self._axis, self._end, action.data())
