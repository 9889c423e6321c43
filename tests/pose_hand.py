"""A person who corrects poses, by mouse and keys."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from hands import canvas, child, double_click_row, place_of, row_of
from hands import wait_for as waited
from labdata_napari.widgets.workspace import workspace_for

CTRL, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Hand:
    """A person at the Pose dock of a window."""

    def __init__(self, viewer) -> None:
        self.viewer, self.picture = viewer, canvas(viewer)
        self.posing = workspace_for(viewer).posing

    @property
    def session(self):
        return self.posing.work.session

    def key(self, which, modifier=NONE) -> None:
        QTest.keyClick(self.picture, which, modifier)
        self.look()

    def hold(self, which, times: int) -> None:
        """Hold a key down until it has been heard so many times."""
        for number in range(times):
            pressed = QEvent.Type.KeyPress
            again = number > 0
            QApplication.sendEvent(
                self.picture, QKeyEvent(pressed, which, NONE, "", again)
            )
        self.look()

    def look(self) -> None:
        """Until the picture of the frame is there."""
        waited(lambda: self.posing.work is None or self.posing.work.view.is_current)

    def click(self, x: float, y: float) -> None:
        view, before = self.posing.work.view, self.session.draft
        # where another body part lies, Shift says that it is not that which is meant
        other = view.under((y, x))
        keys = NONE if other in (None, self.session.bodypart) else SHIFT
        QTest.mouseMove(self.picture, place_of(self.viewer, (y, x)))
        # meanwhile the window may have been laid out, and the picture be elsewhere
        place = place_of(self.viewer, (y, x))
        QTest.mouseClick(self.picture, Qt.MouseButton.LeftButton, keys, place)
        try:
            waited(lambda: self.session.draft is not before)
        except TimeoutError as error:
            here = self.session.here, view.is_current, view.frame
            where = place, self.picture.size(), place_of(self.viewer, (y, x))
            error.add_note(f"{here}; over {other} with {keys}, {where}")
            raise

    def opened(self, dock, row: str) -> None:
        sets = child(dock, "pose_sets")
        model = sets.model()

        def listed() -> bool:
            cells = (model.index(n, 0).data() for n in range(model.rowCount()))
            return row in cells

        waited(listed)
        double_click_row(sets, row_of(sets, row))
        waited(lambda: self.posing.work is not None)
        self.look()

    def saved(self, dock) -> None:
        self.key(Qt.Key.Key_S, CTRL)
        waited(lambda: child(dock, "pose_badge").text() == "✓ all saved")
