"""Mouse and keys on a real viewer, as a person uses them; for stories and pictures."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractItemView, QApplication, QMenu, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari import Viewer

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


class Actions(QObject):
    """Counts what a hand does to the picture: "click" and "key"."""

    def __init__(self, watched: QObject) -> None:
        super().__init__()
        self._watched = watched
        self._counts: Counter[str] = Counter()
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, target: QObject, event: QEvent) -> bool:
        if target is self._watched:
            if event.type() == QEvent.Type.MouseButtonPress:
                self._counts["click"] += 1
            elif event.type() == QEvent.Type.KeyPress:
                self._counts["key"] += 1
        return False

    def stop(self) -> Counter[str]:
        """Count no more; what there was."""
        QApplication.instance().removeEventFilter(self)
        return self._counts


def wait_for(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Let the program run until `what` is truthy; its value."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > deadline:
            name = getattr(what, "__name__", "the condition")
            raise TimeoutError(f"{name} did not come true in {seconds:g} s")
        QApplication.processEvents()
        time.sleep(0.005)
    return value


def pause(seconds: float) -> None:
    """Let the program run for a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        QApplication.processEvents()
        time.sleep(0.005)


def child(parent: QWidget, name: str) -> Any:
    """The widget of that object name."""
    found = parent.findChild(QWidget, name)
    if found is None:
        raise LookupError(f"no widget called {name} in {parent.objectName()}")
    return found


def press(widget: QWidget) -> None:
    """Click a button."""
    if not widget.isEnabled():
        raise AssertionError(f"{widget.objectName()} is disabled: {widget.toolTip()}")
    QTest.mouseClick(widget, LEFT)


def write(widget: QWidget, text: str, enter: bool = False) -> None:
    """Click into a field, replace what it holds by typing."""
    QTest.mouseClick(widget, LEFT)
    QTest.keyClick(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(widget, text)
    if enter:
        QTest.keyClick(widget, Qt.Key.Key_Return)


def row_of(table: QAbstractItemView, text: str) -> int:
    """The first row that shows `text` in any column."""
    model = table.model()
    for row in range(model.rowCount()):
        cells = (model.index(row, c) for c in range(model.columnCount()))
        if any(text in str(cell.data()) for cell in cells):
            return row
    raise LookupError(f"no row shows {text!r}")


def double_click_row(table: QAbstractItemView, row: int) -> None:
    """Open a row with the mouse."""
    index = table.model().index(row, 0)
    table.scrollTo(index)
    place = table.visualRect(index).center()
    QTest.mouseClick(table.viewport(), LEFT, NONE, place)
    QTest.mouseDClick(table.viewport(), LEFT, NONE, place)


def canvas(viewer: Viewer) -> QWidget:
    """The widget that shows the picture."""
    return viewer.window._qt_viewer.canvas.native


def place_of(viewer: Viewer, world: Sequence[float]) -> QPoint:
    """Where a world point (all axes, µm) of the shown slice is on the canvas."""
    shown = np.array([world[axis] for axis in viewer.dims.displayed], dtype=float)
    widget = canvas(viewer)
    middle = np.array([widget.height(), widget.width()]) / 2
    centre = np.array(viewer.scene.camera.center[-2:])
    row, column = (shown - centre) * viewer.scene.camera.zoom + middle
    return QPoint(round(column), round(row))


def show_slice(viewer: Viewer, world: Sequence[float]) -> None:
    """Go to the slice of a world point."""
    for axis in viewer.dims.not_displayed:
        viewer.dims.set_point(axis, world[axis])
    pause(0.05)


def click_at(viewer: Viewer, world: Sequence[float]) -> None:
    """Click a world point on the canvas."""
    widget, place = canvas(viewer), place_of(viewer, world)
    QTest.mouseMove(widget, place)
    QTest.mouseClick(widget, LEFT, NONE, place)
    pause(0.05)


def drag(
    viewer: Viewer,
    start: Sequence[float],
    end: Sequence[float],
    keys: Qt.KeyboardModifier = NONE,
    *,
    let_go: bool = True,
) -> None:
    """Press at one world point, move, let go at another, with keys held down."""
    widget = canvas(viewer)
    first, last = place_of(viewer, start), place_of(viewer, end)
    QTest.mouseMove(widget, first)
    pause(0.05)  # the screen's own word of that move comes later than Qt's
    QTest.mousePress(widget, LEFT, keys, first)
    for part in np.linspace(0, 1, 5):
        place = QPointF(first) + (QPointF(last) - QPointF(first)) * float(part)
        where = QPointF(widget.mapToGlobal(place.toPoint()))
        QApplication.sendEvent(
            widget,
            QMouseEvent(
                QEvent.Type.MouseMove,
                place,
                where,
                Qt.MouseButton.NoButton,
                LEFT,
                keys,
            ),
        )
        pause(0.01)
    if let_go:
        QTest.mouseRelease(widget, LEFT, keys, last)
    pause(0.05)


def hover(viewer: Viewer, world: Sequence[float]) -> None:
    """Move the mouse to a world point with no button down."""
    widget, place = canvas(viewer), place_of(viewer, world)
    where = QPointF(widget.mapToGlobal(place))
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(place), where, none, none, NONE)
    QApplication.sendEvent(widget, event)
    pause(0.02)


def wheel(widget: QWidget, notches: int) -> None:
    """Turn the wheel over a widget; away from oneself where that is positive."""
    turn = QPoint(0, 120 * notches)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    over: QWidget | None = widget
    while over is not None:  # what is not wanted goes on to what is around
        place = QPointF(over.rect().center())
        where = QPointF(over.mapToGlobal(place.toPoint()))
        event = QWheelEvent(place, where, QPoint(), turn, none, NONE, phase, False)
        if QApplication.sendEvent(over, event) and event.isAccepted():
            break
        over = over.parentWidget()
    pause(0.02)


def choose(menu: QMenu, text: str) -> None:
    """Open a menu and click one of its entries."""
    action = next(a for a in menu.actions() if a.text() == text)
    if not action.isEnabled():
        raise AssertionError(f"{text!r} is greyed out")
    menu.popup(QPoint(100, 100))
    pause(0.1)
    QTest.mouseClick(menu, LEFT, NONE, menu.actionGeometry(action).center())
    pause(0.05)
