"""A question in a dock keeps its answers in sight, however much it has to say."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.widgets.passage import Passage
from labdata_napari.widgets.question import Answer, Question


@pytest.fixture
def dock(qtbot):
    widget = QWidget()
    question = Question()
    layout = QVBoxLayout(widget)
    layout.addWidget(question)
    layout.addStretch()
    qtbot.addWidget(widget)
    widget.resize(320, 700)
    widget.show()
    qtbot.waitExposed(widget)
    return widget, question


def ask(question: Question, lines: int) -> None:
    text = "\n".join(f"• changed: track {n} (3 points moved)" for n in range(lines))
    question.ask(text, (Answer("Save", "Write it", "yes"), Answer("Cancel", "", "no")))


def test_hundreds_of_changes_are_scrolled_and_the_buttons_stay(dock, qtbot):
    widget, question = dock
    ask(question, 600)
    qtbot.wait(50)
    assert widget.height() == 700
    assert question.height() < 500
    button = question.findChild(QPushButton, "yes")
    place = button.mapTo(widget, button.rect().bottomRight())
    assert widget.rect().contains(place)
    text = question.findChild(QLabel, "question_text")
    assert text.height() > 5000
    assert text.text().count("\n") == 599  # all of it can be read
    passage = question.findChild(QScrollArea)
    passage.setFocus()
    before = text.y()
    qtbot.keyClick(passage, Qt.Key.Key_PageDown)  # by keyboard too
    assert text.y() < before


def test_a_short_question_is_as_high_as_its_text(dock, qtbot):
    _, question = dock
    ask(question, 2)
    qtbot.wait(50)
    text = question.findChild(QLabel, "question_text")
    line = text.fontMetrics().lineSpacing()
    assert 2 * line <= text.height() < 4 * line
    assert question.height() < 8 * line
    ask(question, 600)
    qtbot.wait(50)
    ask(question, 2)
    qtbot.wait(50)
    assert question.height() < 8 * line


def test_in_a_low_dock_a_passage_gives_way_and_not_the_fields_above_it(qtbot):
    dock, form, fields, page = QWidget(), QFrame(), QWidget(), QWidget()
    rows = QFormLayout(fields)
    for _ in range(8):
        rows.addRow("Field", QLineEdit())
    button, text = QPushButton("Connect"), QLabel("found")
    text.setWordWrap(True)
    passage = Passage(text)
    inner, outer = QVBoxLayout(form), QVBoxLayout(dock)
    for widget in (fields, button, passage):
        inner.addWidget(widget)
    page.setMinimumHeight(60)
    outer.addWidget(form)
    outer.addWidget(page, 1)
    qtbot.addWidget(dock)
    dock.show()
    qtbot.waitExposed(dock)
    line = text.fontMetrics().lineSpacing()
    dock.resize(300, dock.minimumSizeHint().height() + 8 * line)
    qtbot.wait(20)
    before, height = button.mapTo(dock, button.pos()).y(), dock.height()
    text.setText("\n".join(f"finding {n}" for n in range(14)))
    qtbot.wait(20)
    assert button.mapTo(dock, button.pos()).y() == before
    assert dock.height() == height
    assert page.height() == 60  # the page gives way first
    assert 5 * line < passage.height() < 12 * line
    assert passage.verticalScrollBar().isVisible()
    dock.resize(300, height + 12 * line)
    qtbot.wait(20)
    assert passage.height() == text.height() >= 14 * line
    assert not passage.verticalScrollBar().isVisible()
