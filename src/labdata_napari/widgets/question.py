"""A question inside a dock, with its answers as buttons: no dialog pops up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.widgets.passage import Passage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Answer:
    """One button under a question.

    Attributes
    ----------
    text, tooltip
        Of the button.
    name
        Its object name.
    slot
        Bound method to call; None only closes the question.
    """

    text: str
    tooltip: str
    name: str
    slot: Callable[[], None] | None = None


class Question(QFrame):
    """Hidden until something has to be asked; the first answer takes the keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("question")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._text = QLabel()
        self._text.setObjectName("question_text")
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._below: Passage | None = None
        self._row = QHBoxLayout()
        self._row.addStretch()
        self._slots: dict[str, Callable[[], None] | None] = {}
        self._buttons: list[QPushButton] = []
        self._layout = QVBoxLayout(self)
        # hundreds of changes may be asked about; the buttons stay in sight
        self._passage = Passage(self._text)
        self._layout.addWidget(self._passage)
        self._layout.addLayout(self._row)
        self.hide()

    def ask(
        self, text: str, answers: Sequence[Answer], below: QWidget | None = None
    ) -> None:
        """Show a question; it replaces one that is still open.

        Parameters
        ----------
        text
            What is asked.
        answers
            The buttons.
        below
            What there is to choose, between the text and the buttons.
        """
        self._clear()
        self._text.setText(text)
        if below is not None:
            self._below = Passage(below)
            self._layout.insertWidget(1, self._below)
        for answer in answers:
            button = QPushButton(answer.text)
            button.setObjectName(answer.name)
            button.setToolTip(answer.tooltip)
            button.setAutoDefault(True)
            button.clicked.connect(self._on_clicked)
            self._slots[answer.name] = answer.slot
            self._buttons.append(button)
            self._row.addWidget(button)
        self.show()
        self._passage.verticalScrollBar().setValue(0)
        if self._buttons:
            self._buttons[0].setFocus(Qt.FocusReason.OtherFocusReason)

    def tell(self, text: str) -> None:
        """Show a text that has no answer, such as "Saving …"."""
        self.ask(text, ())

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    def _on_clicked(self, _checked: bool = False) -> None:
        slot = self._slots.get(self.sender().objectName())
        self.hide()
        if slot is not None:
            slot()

    def _clear(self) -> None:
        for button in self._buttons:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons.clear()
        self._slots.clear()
        if self._below is not None:
            self._layout.removeWidget(self._below)
            self._below.hide()
            self._below.deleteLater()
            self._below = None
