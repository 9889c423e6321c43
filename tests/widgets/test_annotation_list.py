"""The list of annotations, and painting beside it."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QComboBox, QLineEdit, QToolButton

from annotating import numbers
from labdata_napari.layers import points as working_copy
from labdata_napari.widgets.annotation_model import COUNT, NAME, TYPE

pytestmark = pytest.mark.gui
K, CONTROL, SHIFT = (
    Qt.Key,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def names(story) -> list[str]:
    return [entry.name for entry in working_copy.roster(story.layer)]


def test_a_search_a_menu_for_many_and_ticks(story):
    for name in ("a 1", "a 2"):
        story.new(name)
        story.click_voxel(5, 12 + 4 * len(names(story)), 20)
    story.dock.findChild(QToolButton, "annotation_keys")
    search = story.dock.findChild(QLineEdit, "annotation_search")
    story.qtbot.keyClicks(search, "new a")
    assert story.table.model().rowCount() == 2
    story.table.selectAll()
    assert story.layer.selected_data == {3, 4}
    story.dock._list.menu.fill(
        story.dock._list.model.items(story.table.picked_names()), ""
    )
    story.dock._list.menu.type_chosen.emit("landmark")
    story.dock._list.menu.hiding_chosen.emit(True)
    listed = working_copy.listing(story.layer)
    assert [item.type for item in listed] == ["probe_track", "landmark", "landmark"]
    np.testing.assert_array_equal(story.layer.shown, [True] * 3 + [False] * 2)
    search.clear()
    # those of a type stay together, whatever they are sorted by
    story.new("a 0")
    rows = story.table.model()
    for column in (NAME, COUNT):
        story.table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
        found = [rows.index(row, NAME).data() for row in range(rows.rowCount())]
        assert found[2:] == ["a 1", "a 2"]
    assert found[:2] == ["a 0", "probe 1"]
    # Tab goes down the list as it is shown, and round
    story.viewer.layers.selection.active = story.layer
    story.table.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
    for name in ("probe 1", "a 1", "a 2", "a 0"):
        story.key(K.Key_Tab)
        assert story.table.current_name() == name
    story.key(K.Key_Backtab, SHIFT)
    assert story.table.current_name() == "a 2"
    # a third click on a title: as they were made
    header = story.table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(NAME) + 30, header.height() // 2)
    for first in ("a 0", "probe 1"):
        assert story.table.shown_names()[0] == first
        story.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert header.sortIndicatorSection() == TYPE
    story.key(K.Key_Z, CONTROL)
    types_stand_above_what_is_of_them(story)

    # an injection site is painted, and its numbers follow
    story.viewer.layers.selection.active = story.layer
    story.key(K.Key_R)
    assert names(story)[-1] == "injection 1"
    story.drag((5, 15, 15), (5, 15, 25))
    painted = working_copy.drafts(story.layer)[-1].points
    assert len(painted) > 30
    assert set(painted[:, 0]) == {5}
    voxel = np.prod(story.layer.scale)
    assert f"({len(painted) * voxel / 1e6:,.3g} nl)" in numbers(story).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert not story.layer.shown[-len(painted) :].any()
    story.press("brush_erase")
    story.drag((5, 15, 15), (5, 15, 16))
    assert 0 < len(working_copy.drafts(story.layer)[-1].points) < len(painted)
    story.key(K.Key_Z, CONTROL)
    np.testing.assert_array_equal(working_copy.drafts(story.layer)[-1].points, painted)
    regions = story.viewer.layers.selection.active
    np.testing.assert_array_equal(np.argwhere(regions.data), painted)
    story.key(K.Key_Escape)
    assert story.viewer.layers.selection.active is story.layer
    # a click adds no stray point to it
    story.press("annotation_add")
    story.click_voxel(5, 5, 5)
    assert len(working_copy.drafts(story.layer)[-1].points) == len(painted)
    story.save()
    story.saved()
    np.testing.assert_array_equal(story.rows()["injection 1"]["xyz"], painted)


def types_stand_above_what_is_of_them(story):
    """A tick is hit below the heading; any type can be typed."""
    table, rows = story.table, story.table.model()
    said = [rows.heading(row) for row in range(rows.rowCount())]
    assert said == ["probe_track · 1", "landmark · 2", ""]
    assert table.rowHeight(1) > table.rowHeight(2)
    first = table.visualRect(rows.index(1, NAME))
    line = table.visualRect(rows.index(2, NAME)).height()
    for y, shown in ((first.top() + 3, False), (first.bottom() - line // 2, True)):
        place = QPoint(first.left() + 9, y)
        story.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert story.layer.shown[3] == shown
    table.setCurrentIndex(rows.index(2, NAME))
    table.retype()
    editor = table.findChild(QComboBox, "type_editor")
    editor.lineEdit().selectAll()
    story.qtbot.keyClicks(editor, "lesion\r")
    story.qtbot.waitUntil(lambda: table.isColumnHidden(TYPE))
    story.qtbot.waitUntil(lambda: rows.heading(2) == "lesion · 1")
    assert table.rowHeight(1) == table.rowHeight(2)
    # and is offered for new ones from then on
    offered = story.dock.findChild(QComboBox, "annotation_type")
    assert offered.findText("lesion") == offered.count() - 1 > 3
    assert offered.currentText() == "probe_track"
