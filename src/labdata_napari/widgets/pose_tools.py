"""How somebody wants to go through frames: modes, order, what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_looks import Mode, Order

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from labdata_napari.core.pose_session import PoseSession

_Choices: TypeAlias = "dict[Mode, tuple[str, str]] | dict[Order, tuple[str, str]]"
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
        self._clicks, self._then = QLabel("Clicks:"), QLabel("then:")
        self._choices, self._ticks = QGridLayout(), QGridLayout()
        self._in_rows: tuple[tuple[QWidget, ...], ...] = (
            (
                *(self._clicks, self._mode, self._then, self._order),
                *(self._undo, self._redo, self._keys),
            ),
            (self._lines, self._ghosts, self._goes_on),
        )
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
        row = QHBoxLayout(self._likelihood)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Likelihood from"))
        row.addWidget(self._lowest, 1)
        row.addWidget(self._lowest_words)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._choices)
        layout.addLayout(self._ticks)
        layout.addWidget(self._likelihood)
        self._arrange(is_narrow=False)

    def _arrange(self, is_narrow: bool) -> None:
        """Lay choices and ticks in a row each; in a narrow dock in two."""
        self._is_narrow = is_narrow
        below = int(is_narrow)
        choices = (
            (self._clicks, 0, 0, 1),
            (self._mode, 0, 1, 6 if is_narrow else 1),
            (self._then, below, 0 if is_narrow else 2, 1),
            (self._order, below, 1 if is_narrow else 3, 1),
            (self._undo, below, 4, 1),
            (self._redo, below, 5, 1),
            (self._keys, below, 6, 1),
        )
        ticks = (
            (self._lines, 0, 0, 1),
            (self._ghosts, 0, 1, 1),
            (self._goes_on, below, 0 if is_narrow else 2, 2),
        )
        for layout, places in ((self._choices, choices), (self._ticks, ticks)):
            for widget, row, column, columns in places:
                layout.removeWidget(widget)
                layout.addWidget(widget, row, column, 1, columns)
        self._choices.setColumnStretch(1, 1)
        self._choices.setColumnStretch(3, 1 - below)
        self._ticks.setColumnStretch(3, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let no text be cut where another row lets it be whole."""
        super().resizeEvent(event)
        is_narrow = self.width() < max(self._whole_width(*r) for r in self._in_rows)
        if is_narrow != self._is_narrow:
            self._arrange(is_narrow)

    def _whole_width(self, *widgets: QWidget) -> int:
        gap = max(self._choices.horizontalSpacing(), 0)
        return sum(widget.sizeHint().width() + gap for widget in widgets)

    def follow(self, session: PoseSession | None) -> None:
        """Show another session."""
        self._session = session
        if session is not None:
            _fill(self._mode, {mode: _MODES[mode] for mode in session.modes})
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
        has_edges = bool(session.skeleton.edges)
        self._lines.setChecked(looks.has_lines and has_edges)
        self._lines.setEnabled(has_edges)
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
        """Let a very narrow dock cut texts instead of growing."""
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


def _box(name: str, choices: _Choices, tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tip)
    _fill(box, choices)
    return box


def _fill(box: QComboBox, choices: _Choices) -> None:
    box.clear()
    for value, (text, words) in choices.items():
        box.addItem(text, value)
        box.setItemData(box.count() - 1, words, Qt.ItemDataRole.ToolTipRole)


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
