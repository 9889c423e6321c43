"""What is being computed, what waits and what came of it; at the foot of any dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.compute_queue import Computation, State
from labdata_napari.widgets.listening import Listening

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from labdata_napari.widgets.computing import Computing
    from labdata_napari.widgets.workspace import Workspace

_SHOWN_ROWS = 3
_BAR_HEIGHT = 4

_ACTIONS = {
    State.WAITING: ("Cancel", "Take it off the queue"),
    State.RUNNING: ("Cancel", "Stop it within a second; no file is kept"),
    State.STOPPING: ("Cancel", "It is being stopped"),
    State.DONE: ("Open result", "Open it with its annotations"),
    State.FAILED: ("Try again", "Put it at the end of the queue"),
    State.CANCELLED: ("Try again", "Put it at the end of the queue"),
}
"""Text and tooltip of a computation's button."""


class ComputeQueueView(QWidget):
    """Shows a workspace's queue; hidden while there is nothing to show.

    Parameters
    ----------
    workspace
        Whose queue.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compute_queue")
        self._computing: Computing = workspace.computing
        self._rows: dict[int, _Row] = {}
        self._left = _LeftBehind(self._computing)
        self._content = QWidget()
        self._list = QVBoxLayout(self._content)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(2)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._left)
        layout.addWidget(self._scroll)
        self._listening = Listening(self)
        self._listening.to(self._computing.queue.changed, self._show)
        self._computing.left_behind_changed.connect(self._show_left)
        self._show()
        self._show_left()

    def minimumSizeHint(self) -> QSize:
        """Let the text be cut instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    def _show(self) -> None:
        computations = self._computing.queue.computations
        numbers = [one.number for one in computations]
        for number in [n for n in self._rows if n not in numbers]:
            row = self._rows.pop(number)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, one in enumerate(computations):
            row = self._rows.get(one.number) or self._new_row(one.number)
            if self._list.indexOf(row) != place:
                self._list.removeWidget(row)
                self._list.insertWidget(place, row)
            row.show_state(one)
        self._fit()

    def _new_row(self, number: int) -> _Row:
        row = self._rows[number] = _Row(self._computing, number)
        row.grown.connect(self._fit)
        return row

    def _show_left(self) -> None:
        self._left.say(self._computing.left_behind)
        self._fit()

    def _fit(self) -> None:
        """Be as high as three rows, and scroll beyond."""
        rows = list(self._rows.values())
        heights = sorted((row.sizeHint().height() for row in rows), reverse=True)
        shown = heights[:_SHOWN_ROWS]
        self._scroll.setFixedHeight(sum(shown) + len(shown) * self._list.spacing())
        self._scroll.setVisible(bool(rows))
        self.setVisible(bool(rows) or bool(self._computing.left_behind))


class _LeftBehind(QFrame):
    """What an earlier napari did not finish, and whether to go on with it."""

    def __init__(self, computing: Computing) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._text = QLabel()
        self._text.setObjectName("compute_left_behind")
        self._text.setWordWrap(True)
        resume = QPushButton("Go on")
        resume.setObjectName("compute_resume")
        resume.setToolTip("Compute it now")
        resume.clicked.connect(computing.resume)
        forget = QPushButton("Forget it")
        forget.setObjectName("compute_forget")
        forget.setToolTip("Compute nothing of it; the parameters stay in the lab")
        forget.clicked.connect(computing.forget_left_behind)
        row = QHBoxLayout(self)
        row.addWidget(self._text, 1)
        row.addWidget(resume)
        row.addWidget(forget)

    def say(self, sentence: str) -> None:
        """Show a sentence; hide without one."""
        self._text.setText(sentence)
        self.setVisible(bool(sentence))


class _Row(QWidget):
    """One computation: its name and state, a bar, a button, and × to forget it."""

    grown = Signal()
    """It takes one line where it took two, or two."""

    def __init__(self, computing: Computing, number: int) -> None:
        super().__init__()
        self._computing = computing
        self._number = number
        self._one: Computation | None = None
        self._text = QLabel()
        self._text.setObjectName(f"compute_state_{number}")
        self._text.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(_BAR_HEIGHT)
        self._button = QPushButton()
        self._button.clicked.connect(self._on_clicked)
        self._forget = QToolButton()
        self._forget.setObjectName(f"compute_forget_{number}")
        self._forget.setText("×")
        self._forget.setAutoRaise(True)
        self._forget.setToolTip("Remove it from this list; its result stays")
        self._forget.clicked.connect(self._on_forget)
        left = QVBoxLayout()
        left.setSpacing(1)
        left.addWidget(self._text)
        left.addWidget(self._bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(left, 1)
        layout.addWidget(self._button)
        layout.addWidget(self._forget)

    def show_state(self, one: Computation) -> None:
        """Show where the computation stands."""
        self._one = one
        self._write()
        running = one.state in (State.RUNNING, State.STOPPING)
        self._bar.setVisible(running)
        self._bar.setRange(0, 0 if running and not one.fraction else 100)
        self._bar.setValue(int(100 * one.fraction))
        text, tooltip = _ACTIONS[one.state]
        kind = "open" if one.state is State.DONE else text.split()[0].lower()
        self._button.setObjectName(f"compute_{kind}_{self._number}")
        self._button.setText(text)
        self._button.setToolTip(tooltip)
        self._button.setEnabled(one.state is not State.STOPPING)
        self._forget.setVisible(one.is_over)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write it in one line or in two, as there is room."""
        super().resizeEvent(event)
        self._write()

    def _write(self) -> None:
        if self._one is None:
            return
        line = f"{self._one.name}: {self._one.words}"
        metrics, room = self._text.fontMetrics(), self._text.width()
        parts = [f"{self._one.name}:", self._one.words]
        cut = [metrics.elidedText(p, Qt.TextElideMode.ElideMiddle, room) for p in parts]
        lines = line if metrics.horizontalAdvance(line) <= room else "\n".join(cut)
        if lines != self._text.text():
            grown = lines.count("\n") != self._text.text().count("\n")
            self._text.setText(lines)
            self._text.setToolTip(line)
            if grown:
                self.grown.emit()

    def _on_clicked(self) -> None:
        state = self._computing.queue[self._number].state
        if state is State.DONE:
            self._computing.open_result(self._number)
        elif state in (State.FAILED, State.CANCELLED):
            self._computing.queue.again(self._number)
        else:
            self._computing.cancel(self._number)

    def _on_forget(self) -> None:
        self._computing.queue.forget(self._number)
