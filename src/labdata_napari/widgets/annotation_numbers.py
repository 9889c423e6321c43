"""The numbers of the chosen annotation, as they are at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from labdata_napari.core.measured import Measured

_NO_SIZE = "The voxel size of this transform is not known, so there are no numbers."


class AnnotationNumbers(QFrame):
    """Length, angles, residual and whatever else its type is about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setObjectName("annotation_numbers")
        self._name = QLabel()
        self._name.setObjectName("numbers_name")
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._text = QLabel()
        self._text.setObjectName("numbers_text")
        self._text.setWordWrap(True)
        self._regions = QLabel()
        self._regions.setObjectName("numbers_regions")
        self._regions.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self._name)
        layout.addWidget(self._text)
        layout.addWidget(self._regions)
        layout.addStretch()
        self.hide()

    def show_numbers(
        self, name: str | None, count: int, numbers: Measured | None
    ) -> None:
        """Show the numbers of an annotation; hide without one.

        Parameters
        ----------
        name
            None when nothing is chosen.
        count
            Of its points.
        numbers
            None where µm are not known.
        """
        self.setVisible(name is not None)
        if name is None:
            return
        points = "1 point" if count == 1 else f"{count} points"
        self._name.setText(f"{name} · {points}")
        if numbers is None:
            self._text.setText(_NO_SIZE)
        elif numbers.problem:
            self._text.setText(numbers.problem)
        else:
            self._text.setText("   ".join(map(_words, numbers.summary)))

    def show_regions(self, text: str) -> None:
        """Say where the tip is, or why that is not known; hide without a text."""
        self._regions.setText(text)
        self._regions.setVisible(bool(text))

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())


def _words(said: tuple[str, str]) -> str:
    """Put a label before its text, without a break; a note is a sentence by itself."""
    label, text = said
    if label == "note":
        return text
    return f"{label} {text}".replace(" ", "\N{NO-BREAK SPACE}")
