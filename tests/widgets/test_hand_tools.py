"""Turning, levelling and cropping with a real mouse and keys on a real canvas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

import hands
from labdata_napari.core.crop_box import box_of
from labdata_napari.core.levelling import tilt_in
from labdata_napari.core.preview import Volume
from labdata_napari.core.transform_draft import DraftModel, TransformDraft
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.layers.preview import PreviewScene
from labdata_napari.widgets.hand_tools import HandTools
from labdata_napari.widgets.transform_preview import PreviewPainter

if TYPE_CHECKING:
    from napari import Viewer

SHAPE = (60, 1, 80, 100)
FRAME = (60, 80, 100)
SHIFT = Qt.KeyboardModifier.ShiftModifier


@dataclass
class Table:
    """A viewer with a preview, and what a person does in it."""

    viewer: Viewer
    model: DraftModel
    scene: PreviewScene
    tools: HandTools

    def begin(self, um: float = 25.0, **columns: Any) -> None:
        self.model.start(
            TransformDraft(SHAPE, (um, 25.0, 25.0), TransformParameters(**columns))
        )
        self.scene.set_tool(None)
        self.settle()

    def settle(self) -> None:
        hands.wait_for(lambda: self.scene.draft == self.model.draft)

    def take(self, name: str) -> None:
        hands.press(hands.child(self.tools, f"hand_{name}"))
        self.settle()

    def at(self, pane: int, row: float, column: float) -> np.ndarray:
        found = self.scene.panes[pane]
        place = self.scene.cross
        place[found.rows], place[found.columns] = row, column
        return found.to_world(place)

    def drag(self, pane: int, start: tuple, end: tuple, **how: Any) -> None:
        hands.drag(self.viewer, self.at(pane, *start), self.at(pane, *end), **how)
        self.settle()

    def click(self, pane: int, row: float, column: float) -> None:
        hands.click_at(self.viewer, self.at(pane, row, column))
        self.settle()

    def let_go(self, pane: int, row: float, column: float) -> None:
        place = hands.place_of(self.viewer, self.at(pane, row, column))
        QTest.mouseRelease(hands.canvas(self.viewer), hands.LEFT, hands.NONE, place)
        hands.pause(0.02)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = hands.NONE) -> None:
        QTest.keyClick(hands.canvas(self.viewer), key, keys)
        self.settle()

    def cursor_at(self, pane: int, row: float, column: float) -> Qt.CursorShape:
        hands.hover(self.viewer, self.at(pane, row, column))
        return hands.canvas(self.viewer).cursor().shape()

    @property
    def told(self) -> str:
        return self.tools.findChild(QLabel, "hand_told").text()

    @property
    def says_the_angle_of_the_form(self) -> bool:
        assert self.model.draft is not None
        return f"y-x plane: {self.model.draft.angles['yx']:.1f}°" in self.told

    @property
    def parameters(self) -> TransformParameters:
        assert self.model.draft is not None
        return self.model.draft.parameters

    @property
    def box(self) -> tuple:
        return box_of(self.parameters, SHAPE)


@pytest.fixture
def table(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1100, 800)
    rng = np.random.default_rng(1)
    data = rng.integers(0, 400, (1, *FRAME)).astype(np.uint16)
    model, scene, dock = DraftModel(), PreviewScene(viewer), QWidget()
    tools = HandTools(viewer, scene, model, dock)
    QVBoxLayout(dock).addWidget(tools)
    painter = PreviewPainter(model, scene, dock)
    viewer.window.add_dock_widget(dock, area="right", name="tools")
    scene.open([{"name": "auto", "contrast_limits": (0, 600)}])
    model.start(TransformDraft(SHAPE, (25.0,) * 3, TransformParameters()))
    painter.start(Volume(data, (0.0,) * 3, (1.0,) * 3, SHAPE))
    found = Table(viewer, model, scene, tools)
    found.settle()
    qtbot.wait(100)
    yield found
    scene.close()
    painter.stop()


def test_turning_by_hand(table: Table) -> None:
    middle = np.array([39.5, 49.5])
    start, end = (39.5, 84.5), (39.5 + 35 * np.sin(0.2), 49.5 + 35 * np.cos(0.2))
    assert not table.model.can_undo
    table.drag(0, start, end)  # with no tool this is the cross-hair's
    assert table.parameters.rotate is None
    np.testing.assert_allclose(table.scene.cross[1:], end, atol=0.5)
    table.take("turn")
    table.drag(0, start, end)
    assert tilt_in(table.parameters, (2, 1)) == pytest.approx(np.degrees(0.2), abs=0.8)
    assert abs(table.model.draft.angles["yx"]) > 10
    assert table.says_the_angle_of_the_form
    table.model.undo()  # the whole drag is one step
    assert table.parameters.rotate is None
    assert not table.model.can_undo
    # Shift turns a tenth; without it, near upright it snaps there.
    table.drag(0, start, end, keys=SHIFT)
    fine = tilt_in(table.parameters, (2, 1))
    assert fine == pytest.approx(np.degrees(0.02), abs=0.1)
    table.drag(0, start, (38.8, 84.5))
    assert table.parameters.rotate is None
    # In the plane beside, another angle; the first stays.
    table.begin(rotate=(0, 0, 5, False, False))
    table.take("turn")
    row, column = middle[0], 29.5
    table.drag(1, (row + 30, column), (row + 30, column - 6))
    assert abs(tilt_in(table.parameters, (0, 1))) > 8
    # Esc during the drag takes it back, a second one leaves the tool.
    before = table.parameters
    table.drag(0, start, end, let_go=False)
    assert table.parameters != before
    table.key(Qt.Key.Key_Escape)
    assert table.parameters == before
    table.let_go(0, *end)
    assert table.parameters == before
    # Keys turn the plane that was clicked last, wherever the mouse goes meanwhile.
    hands.hover(table.viewer, table.at(1, row, column))
    table.key(Qt.Key.Key_Right)
    table.key(Qt.Key.Key_Right, SHIFT)
    moved = tilt_in(table.parameters, (2, 1)) - tilt_in(before, (2, 1))
    assert moved == pytest.approx(1.1, abs=1e-6)
    before = table.parameters
    table.click(1, row + 30, column)  # which turns nothing, and snaps nothing upright
    assert table.parameters == before
    table.key(Qt.Key.Key_Right)
    moved = tilt_in(table.parameters, (0, 1)) - tilt_in(before, (0, 1))
    assert moved == pytest.approx(0.1, abs=1e-6)
    table.key(Qt.Key.Key_Escape)
    assert table.scene.tool is None
    assert table.told == ""
    assert "marks of the tool" not in table.viewer.layers
    # What is said is what the form says, where the view is mirrored, too.
    table.begin(rotate=(0, 0, 0, False, True))
    table.take("turn")
    table.click(0, 20, 84)
    table.key(Qt.Key.Key_Right, SHIFT)
    assert abs(table.model.draft.angles["yx"]) == 1
    assert table.says_the_angle_of_the_form
    # Voxels that are longer than wide are not turned, and it says why.
    table.begin(um=50.0)
    table.take("turn")
    table.drag(1, (row + 30, column), (row + 30, column - 6))
    assert table.parameters.rotate is None
    assert "one voxel size" in table.told


def test_levelling_by_hand(table: Table) -> None:
    table.begin(rotate=(0, 4, 6, False, False))
    frame = table.model.draft.frame
    marks = np.array([[30.0, 40.0, 20.0], [30.0, 47.0, 80.0]])
    source = frame.points_to_source(marks)
    table.take("level")
    assert "landmark on the left" in table.told
    table.click(0, *marks[0, 1:])
    assert table.parameters.rotate == (0, 4, 6, False, False)
    hands.hover(table.viewer, table.at(0, *marks[1, 1:]))
    assert table.viewer.canvas.overlays.text.text.startswith("6.")
    table.click(0, *marks[1, 1:])
    first, last = table.model.draft.frame.points_to_result(source)
    assert abs(last[1] - first[1]) < 0.5  # what a click on a screen pixel can do
    assert "in the y-x plane" in table.told
    table.model.undo()
    assert table.parameters.rotate == (0, 4, 6, False, False)
    # Marks in two sections turn in two planes; the first can be nudged and taken away.
    table.click(0, 40, 20)
    table.key(Qt.Key.Key_Escape)
    table.click(0, 40, 20)
    for _ in range(3):
        table.key(Qt.Key.Key_Down)
    table.scene.step_cross(0, 6)
    table.settle()
    source = table.model.draft.frame.points_to_source(
        [[30.0, 43.0, 20.0], [36.0, 47.0, 80.0]]
    )
    table.click(0, 47, 80)
    first, last = table.model.draft.frame.points_to_result(source)
    assert np.abs(last - first)[:2].max() < 0.7
    assert "and" in table.told
    # The midline, marked in two sections once left and right are known.
    table.begin(rotate=(0, 5, 0, False, False))
    table.take("midline")
    table.scene.move_cross((10, 40, 50))
    table.settle()
    table.click(0, 20, 55)
    table.scene.move_cross((50, 40, 50))
    table.settle()
    table.click(0, 25, 48)
    assert "which way the brain lies" in table.told
    table.model.set(table.model.draft.with_orientation("asr"))
    source = table.model.draft.frame.points_to_source([[10, 20, 55], [50, 25, 48]])
    table.scene.move_cross((10, 40, 50))
    table.settle()
    table.click(0, 20, 55)
    table.scene.move_cross((50, 40, 50))
    table.settle()
    table.click(0, 25, 48)
    first, last = table.model.draft.frame.points_to_result(source)
    assert abs(last[2] - first[2]) < 1  # the clicks
    marked = table.model.draft.frame.points_to_result(table.tools.midline)
    assert abs(marked[1, 2] - marked[0, 2]) < 1e-6
    assert "in the horizontal plane" in table.told
    # Halves are cut where the midline was marked.
    table.take("left")
    assert table.box[2][0] == pytest.approx(marked[0, 2], abs=1)
    assert table.box[2][1] == 100
    table.take("both")
    assert table.parameters.crop is None


def test_cropping_by_hand(table: Table) -> None:
    table.take("crop")
    shapes = Qt.CursorShape
    assert table.cursor_at(0, 40, 50) == shapes.CrossCursor
    table.drag(0, (10, 20), (60, 70))
    np.testing.assert_allclose(table.box, ((0, 60), (10, 61), (20, 71)), atol=1)
    assert "mm" in table.told
    box = table.box
    # What the mouse is over is what it takes.
    top, left = box[1][0] - 0.5, box[2][0] - 0.5
    assert table.cursor_at(0, top, 45) == shapes.SizeVerCursor
    assert table.cursor_at(0, 30, left) == shapes.SizeHorCursor
    assert table.cursor_at(0, top, left) == shapes.SizeFDiagCursor
    assert table.cursor_at(0, 35, 45) == shapes.SizeAllCursor
    assert table.cursor_at(0, 35, 90) == shapes.CrossCursor
    table.drag(0, (top, left), (top + 5, left + 8))
    np.testing.assert_allclose(table.box, np.add(box, ((0, 0), (5, 0), (8, 0))), atol=1)
    box = table.box
    table.drag(0, (35, 45), (40, 35))
    np.testing.assert_allclose(
        table.box, np.add(box, ((0, 0), (5, 5), (-10, -10))), atol=1
    )
    box = table.box
    hands.hover(table.viewer, table.at(1, 35, 20))  # what is held stays held
    table.key(Qt.Key.Key_Right)
    table.key(Qt.Key.Key_Up, SHIFT)
    assert table.box == tuple(
        (a + by, b + by) for (a, b), by in zip(box, (0, -10, 1), strict=True)
    )
    # Depth in the plane beside; Esc takes a drag back; every drag is one undo.
    box = table.box
    row = (box[1][0] + box[1][1]) / 2
    table.drag(1, (row, 59), (row, 49))
    assert table.box[0] == pytest.approx((0, 50), abs=1)
    assert table.box[1:] == box[1:]
    table.model.undo()
    assert table.box == box
    table.drag(1, (row, 59), (row, 30), let_go=False)
    assert table.box != box
    table.key(Qt.Key.Key_Escape)
    table.let_go(1, row, 30)
    assert table.box == box
    # Steps that are stored stay; halves wait until the sides are known.
    table.begin(crop=((0, 60, 2), None, None, None))
    table.take("crop")
    table.drag(0, (10, 20), (60, 70))
    assert table.parameters.crop[0][2] == 2
    left = hands.child(table.tools, "hand_left")
    assert not left.isEnabled()
    assert "which way" in left.toolTip()
    table.model.set(table.model.draft.with_orientation("asl"))
    table.take("left")
    assert table.box[2] == (0, 50)
    assert left.isChecked()
    # Closing the preview puts everything away, and leaves napari's keys alone.
    table.scene.close()
    assert table.scene.tool is None
    assert not hands.child(table.tools, "hand_crop").isEnabled()
    assert not table.viewer.keymap
