"""How somebody wants to go through frames: modes, order, what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_looks import Mode, Order

if TYPE_CHECKING:
    from labdata_napari.core.pose_session import PoseSession

_MODES = {
    Mode.SEQUENTIAL: (
        "one after another",
        "A click labels the chosen body part where it is missing, then the next one "
        "is chosen",
    ),
    Mode.QUICK: (
        "click places",
        "A click puts the chosen body part there, and the same one stays chosen",
    ),
    Mode.LOOP: (
        "one body part",
        "A click puts the chosen body part there and goes to the next frame",
    ),
    Mode.CONFIRM: (
        "confirm",
        "Enter accepts what the model sees in a frame and goes on; a click puts the "
        "chosen body part where it should be",
    ),
}
_ORDERS = {
    Order.ALL: ("all frames", "Enter goes to the next frame"),
    Order.UNLABELLED: ("unlabelled", "Enter goes to the next frame without labels"),
    Order.PROBLEMS: ("problems", "Enter goes to the next problem that is left"),
}


class PoseTools(QWidget):
    """Modes, order, what is drawn, undo and redo; shows a session and changes it."""

    keys_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session: PoseSession | None = None
        self._mode = _box("pose_mode", _MODES, "What a click does (M: the next mode)")
        self._order = _box("pose_order", _ORDERS, "What comes after Enter")
        self._goes_on = _tick(
            "pose_goes_on",
            "On after the last",
            "The label of the last body part leads to the next frame",
        )
        self._lines = _tick(
            "pose_lines",
            "Skeleton",
            "Lines between body parts (E); L joins the last two that were chosen",
        )
        self._ghosts = _tick(
            "pose_ghosts", "Frame before", "Rings where the labels before are (G)"
        )
        self._undo = _arrow("pose_undo", Qt.ArrowType.LeftArrow)
        self._redo = _arrow("pose_redo", Qt.ArrowType.RightArrow)
        self._keys = QToolButton()
        self._keys.setObjectName("pose_keys")
        self._keys.setText("?")
        self._keys.setCheckable(True)
        self._keys.setToolTip("Show what the keys do in the picture (?)")
        self._likelihood = QWidget()
        self._lowest = QSlider(Qt.Orientation.Horizontal)
        self._lowest.setObjectName("pose_lowest")
        self._lowest.setRange(0, 100)
        self._lowest.setToolTip(
            "Predictions that are less likely are drawn faintly, and Enter does not "
            "take them"
        )
        self._lowest_words = QLabel()
        self._lay_out()
        self._mode.activated.connect(self._on_mode)
        self._order.activated.connect(self._on_order)
        self._goes_on.clicked.connect(self._on_goes_on)
        self._lines.clicked.connect(self._on_lines)
        self._ghosts.clicked.connect(self._on_ghosts)
        self._undo.clicked.connect(self._on_undo)
        self._redo.clicked.connect(self._on_redo)
        self._keys.toggled.connect(self.keys_toggled)
        self._lowest.valueChanged.connect(self._on_lowest)

    def _lay_out(self) -> None:
        choices, ticks = QHBoxLayout(), QHBoxLayout()
        choices.addWidget(QLabel("Clicks:"))
        choices.addWidget(self._mode, 1)
        choices.addWidget(QLabel("then:"))
        choices.addWidget(self._order, 1)
        for widget in (self._undo, self._redo, self._keys):
            choices.addWidget(widget)
        for widget in (self._goes_on, self._lines, self._ghosts):
            ticks.addWidget(widget)
        ticks.addStretch()
        row = QHBoxLayout(self._likelihood)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Likelihood from"))
        row.addWidget(self._lowest, 1)
        row.addWidget(self._lowest_words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(choices)
        layout.addLayout(ticks)
        layout.addWidget(self._likelihood)

    def follow(self, session: PoseSession | None) -> None:
        """Show another session."""
        self._session = session
        self._likelihood.setVisible(
            session is not None and session.predictions is not None
        )
        self.refresh()

    def refresh(self) -> None:
        """Show what is chosen now."""
        session = self._session
        if session is None:
            return
        looks = session.looks
        self._mode.setCurrentIndex(self._mode.findData(looks.mode))
        self._order.setCurrentIndex(self._order.findData(looks.order))
        self._goes_on.setChecked(looks.goes_on)
        self._goes_on.setEnabled(looks.mode is Mode.SEQUENTIAL)
        self._lines.setChecked(looks.has_lines)
        self._lines.setEnabled(bool(session.skeleton.edges))
        self._ghosts.setChecked(looks.has_ghosts)
        self._lowest.setValue(round(looks.lowest * 100))
        self._lowest_words.setText(f"{looks.lowest:.2f}")
        self.refresh_history()

    def refresh_history(self) -> None:
        """Say what undo and redo would do."""
        session = self._session
        if session is None:
            return
        history = session.history
        for button, verb, words, key in (
            (self._undo, "Undo", history.undo_words, "Ctrl+Z"),
            (self._redo, "Redo", history.redo_words, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(words))
            button.setToolTip(
                f"{verb}: {words} ({key})" if words else f"{verb} ({key})"
            )

    def toggle_keys(self) -> None:
        """Show or hide the list of keys."""
        self._keys.toggle()

    def minimumSizeHint(self) -> QSize:
        """Let a narrow dock cut texts instead of growing."""
        return QSize(0, super().minimumSizeHint().height())

    # -- what a person does

    def _on_mode(self, _index: int) -> None:
        if self._session is not None:
            self._session.look(mode=Mode(self._mode.currentData()))

    def _on_order(self, _index: int) -> None:
        if self._session is not None:
            self._session.look(order=Order(self._order.currentData()))

    def _on_goes_on(self, on: bool) -> None:
        if self._session is not None:
            self._session.look(goes_on=on)

    def _on_lines(self, on: bool) -> None:
        if self._session is not None:
            self._session.look(has_lines=on)

    def _on_ghosts(self, on: bool) -> None:
        if self._session is not None:
            self._session.look(has_ghosts=on)

    def _on_lowest(self, value: int) -> None:
        session = self._session
        if session is not None and round(session.looks.lowest * 100) != value:
            session.look(lowest=value / 100)

    def _on_undo(self) -> None:
        if self._session is not None:
            self._session.undo()

    def _on_redo(self) -> None:
        if self._session is not None:
            self._session.redo()


def _box(
    name: str,
    choices: dict[Mode, tuple[str, str]] | dict[Order, tuple[str, str]],
    tip: str,
) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    for value, (text, words) in choices.items():
        box.addItem(text, value)
        box.setItemData(box.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
    return box


def _tick(name: str, text: str, tip: str) -> QCheckBox:
    tick = QCheckBox(text)
    tick.setObjectName(name)
    tick.setToolTip(tip)
    return tick


def _arrow(name: str, way: Qt.ArrowType) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setArrowType(way)
    return button
