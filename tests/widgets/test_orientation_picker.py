"""A brain's orientation is said with three pictures and a mouse."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton

from labdata_napari.core.orientation_answer import glances
from labdata_napari.widgets.orientation_picker import OrientationPicker


@pytest.fixture
def picker(qtbot):
    widget = OrientationPicker()
    qtbot.addWidget(widget)
    volume = np.zeros((20, 40, 60), np.uint16)
    volume[5:15, 10:30, 5:50] = 900
    widget.show_brain(glances(volume), (50, 25, 25), None, volume.shape)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def say(qtbot, picker: OrientationPicker, edge: str, side: str) -> None:
    """Open the menu of an edge's button and click a side in it."""
    button = picker.findChild(QToolButton, edge)
    menu = button.menu()
    action = next(a for a in menu.actions() if a.text() == side)
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))
    qtbot.waitExposed(menu)
    place = menu.actionGeometry(action).center()
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=place)


def test_three_clicks_say_it_and_every_edge_shows_it(picker, qtbot):
    said = []
    picker.chosen.connect(said.append)
    say(qtbot, picker, "edge_z_end", "posterior")
    say(qtbot, picker, "edge_y_start", "dorsal")
    assert said == []
    assert picker.code is None
    say(qtbot, picker, "edge_x_start", "right")
    assert said == ["asr"]
    letters = {
        edge: {b.text() for b in picker.findChildren(QToolButton, edge)}
        for edge in ("edge_z_start", "edge_y_end", "edge_x_end")
    }
    assert letters == {"edge_z_start": {"A"}, "edge_y_end": {"V"}, "edge_x_end": {"L"}}
    assert (
        "coronal planes from anterior to posterior"
        in picker.findChild(QLabel, "orientation_words").text()
    )


def test_an_impossible_answer_takes_the_other_back(picker, qtbot):
    say(qtbot, picker, "edge_z_end", "posterior")
    say(qtbot, picker, "edge_y_start", "anterior")
    assert picker.findChild(QToolButton, "edge_z_start").text() == "?"
    assert picker.findChild(QToolButton, "edge_y_end").text() == "P"


def test_who_knows_the_code_types_it(picker, qtbot):
    said = []
    picker.chosen.connect(said.append)
    line = picker.findChild(QLineEdit, "orientation_code")
    qtbot.keyClicks(line, "asx")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    words = picker.findChild(QLabel, "orientation_words")
    assert "no orientation" in words.text()
    assert said == []
    line.clear()
    qtbot.keyClicks(line, "lip")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert said == ["lip"]


def test_what_is_known_is_told_in_a_line_and_can_be_changed(picker, qtbot):
    picker.show_brain(None, None, "sal")
    line = picker.findChild(QLineEdit, "orientation_code")
    change = picker.findChild(QPushButton, "orientation_change")
    assert not line.isVisible()
    assert picker.code == "sal"
    qtbot.mouseClick(change, Qt.MouseButton.LeftButton)
    assert line.isVisible()
    assert not change.isVisible()
    say(qtbot, picker, "edge_x_start", "right")
    assert picker.code == "sar"


def test_the_question_can_be_put_off_and_what_was_said_so_far_stays(picker, qtbot):
    said = []
    picker.chosen.connect(said.append)
    line = picker.findChild(QLineEdit, "orientation_code")
    change = picker.findChild(QPushButton, "orientation_change")
    assert not change.isVisible()
    say(qtbot, picker, "edge_z_end", "posterior")
    later = picker.findChild(QPushButton, "orientation_later")
    qtbot.mouseClick(later, Qt.MouseButton.LeftButton)
    assert not line.isVisible()
    words = picker.findChild(QLabel, "orientation_words")
    assert words.text().startswith("Nobody has said yet")
    qtbot.mouseClick(change, Qt.MouseButton.LeftButton)
    assert line.text() == "a??"
    assert words.text().startswith("Which way")
    assert said == []
