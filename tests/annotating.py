"""A person at the Annotations dock, with a transform open."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton

from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_table import AnnotationTable

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
KEY = {
    "subject_name": "M1",
    "session_name": "20260101_120000",
    "dataset_name": "brain",
    "transform_id": 0,
}


class Story:
    """A person at the dock, with a transform open."""

    def __init__(self, viewer, workspace, dock, qtbot, folder) -> None:
        self.viewer, self.workspace, self.dock = viewer, workspace, dock
        self.qtbot, self.folder = qtbot, folder
        self.layer = next(
            x for x in viewer.layers if working_copy.is_annotation_layer(x)
        )
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.table = dock.findChild(AnnotationTable, "annotation_table")

    def place(self, z: float, y: float, x: float) -> QPoint:
        """Where a voxel of the transform is on the canvas, after going to its plane."""
        self.viewer.dims.set_current_step(0, round(z))
        QApplication.processEvents()
        world = np.array([y, x]) * self.layer.scale[1:]
        middle = np.array([self.canvas.height(), self.canvas.width()]) / 2
        centre = np.array(self.viewer.scene.camera.center[-2:])
        row, column = (world - centre) * self.viewer.scene.camera.zoom + middle
        return QPoint(round(column), round(row))

    def click_voxel(self, z: float, y: float, x: float) -> None:
        place = self.place(z, y, x)
        self.qtbot.mouseMove(self.canvas, place)
        self.qtbot.mouseClick(self.canvas, LEFT, pos=place)

    def drag(self, start: tuple, end: tuple) -> None:
        first, last = self.place(*start), self.place(*end)
        self.qtbot.mouseMove(self.canvas, first)
        self.qtbot.mousePress(self.canvas, LEFT, pos=first)
        for part in (0.3, 0.7, 1.0):
            move = QMouseEvent(
                QEvent.Type.MouseMove,
                QPointF(first + (last - first) * part),
                QPointF(self.canvas.mapToGlobal(first + (last - first) * part)),
                Qt.MouseButton.NoButton,
                LEFT,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(self.canvas, move)
            self.qtbot.wait(20)
        self.qtbot.mouseRelease(self.canvas, LEFT, pos=last)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> None:
        """Press a key while the picture has the keyboard."""
        self.canvas.setFocus()
        self.qtbot.keyClick(self.canvas, key, keys)

    def hover(self, z: float, y: float, x: float) -> None:
        place = self.place(z, y, x)

        def is_there() -> bool:
            self._move_to(place)
            return self._is_over(y, x)

        # windows that come and go on the same screen move the cursor, too
        self.qtbot.waitUntil(is_there, timeout=5000)

    def _move_to(self, place: QPoint) -> None:
        where = QPointF(self.canvas.mapToGlobal(place))
        none = Qt.MouseButton.NoButton
        move = QEvent.Type.MouseMove
        event = QMouseEvent(move, QPointF(place), where, none, none, NONE)
        QApplication.sendEvent(self.canvas, event)

    def _is_over(self, y: float, x: float) -> bool:
        """Whether napari has the cursor within a voxel of a place of the plane."""
        at = np.array(self.viewer.cursor.position[-2:]) / self.layer.scale[1:]
        return bool(np.allclose(at, (y, x), atol=1))

    def press(self, name: str) -> None:
        self.qtbot.mouseClick(self.dock.findChild(QPushButton, name), LEFT)

    def new(self, name: str) -> None:
        line = self.dock.findChild(QLineEdit, "annotation_name")
        self.qtbot.keyClicks(line, name)
        self.qtbot.keyClick(line, Qt.Key.Key_Return)

    def text(self, name: str) -> str:
        return self.dock.findChild(QLabel, name).text()

    def save(self) -> None:
        self.press("annotation_save")
        self.press("save_yes")

    def saved(self) -> None:
        self.qtbot.waitUntil(
            lambda: self.text("annotation_badge") == "✓ all saved", timeout=10_000
        )

    def rows(self) -> dict[str, dict]:
        """What plain DataJoint finds."""
        with self.folder.connect() as lab:
            rows = (lab.FixedBrainTransformAnnotation & KEY).to_dicts(order_by="KEY")
        return {row["annotation_name"]: row for row in rows}

    def change_elsewhere(self, edit) -> None:
        """Somebody else, with a connection of their own, saves an edit."""
        with self.folder.connect() as lab:
            baseline = lab.brains.load_annotations(KEY)
            lab.brains.save_annotations(KEY, baseline, edit(baseline))


def numbers(story: Story) -> str:
    """What is said of the chosen annotation."""
    return story.dock.findChild(QLabel, "numbers_text").text()


def with_probe(folder) -> None:
    """A probe of two shanks went into the subject."""
    row = {
        "user_name": "ada",
        "email": "ada@lab.org",
        "first_name": "Ada",
        "last_name": "L",
        "date_joined": date(2020, 1, 1),
        "subject_name": "M1",
        "procedure_type": "chronic implant",
        "procedure_datetime": datetime(2025, 12, 1, 10),
        "probe_id": "NP24",
        "probe_type": "NP2",
        "probe_n_shanks": 2,
        "probe_recording_channels": 384,
        **{f"insertion_{name}": 1.0 for name in ("ap", "ml", "depth", "el", "az")},
    }
    with folder.connect() as lab:
        for table in (
            lab.LabMember,
            lab.ProcedureType,
            lab.Procedure,
            lab.Probe,
            lab.ProbeInsertion,
        ):
            table.insert1(row, ignore_extra_fields=True, skip_duplicates=True)
