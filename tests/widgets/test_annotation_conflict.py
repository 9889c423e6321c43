"""The question about annotations that somebody else saved first, without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Layer, Points
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.history import history_of
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.source import LayerSource
from labdata_napari.widgets.annotation_conflict import ConflictQuestion
from labdata_napari.widgets.question import Question

pytestmark = pytest.mark.gui

ROWS = AnnotationSet(
    tuple(
        Annotation(name, "probe_track", np.full((2, 3), float(number)), number)
        for number, name in enumerate(["bar", "foo", "trackA"])
    )
)
MOVED = [[5.0, 6.0, 7.0]]


@pytest.fixture
def layer() -> Points:
    source = LayerSource(working_copy.SOURCE_KIND, {"subject_name": "M1"}, ROWS)
    space = layer_space("ZYX", (50.0, 10.0, 10.0))
    made = Layer.create(
        *working_copy.annotation_layer(ROWS, space, (40, 200, 300), source, "a")
    )
    assert isinstance(made, Points)
    history_of(made)
    return made


class Asked:
    """A conflict, and a person who answers."""

    def __init__(self, qtbot, layer: Points, theirs: AnnotationSet) -> None:
        self.question = Question()
        qtbot.addWidget(self.question)
        self._owner = QObject()
        self.conflict = ConflictQuestion(self.question, self._owner)
        self.decided: list[AnnotationSet] = []
        self.conflict.decided.connect(self.decided.append)
        self.conflict.ask(layer, theirs, "")

    @property
    def text(self) -> str:
        return self.question.findChild(QLabel, "question_text").text()

    def box(self, name: str) -> QComboBox:
        # the one of a question before may wait for its deletion
        return self.question.findChildren(QComboBox, f"keep {name}")[-1]

    def press(self, name: str) -> None:
        self.question.findChildren(QPushButton, name)[-1].click()


def test_what_is_edited_while_it_is_asked_is_asked_again(qtbot, layer):
    editing.move_point(layer, 0, (3.0, 3.0, 3.0))
    asked = Asked(qtbot, layer, ROWS.with_points("foo", MOVED))
    assert "trackA" not in asked.text
    editing.remove_annotations(layer, ["trackA"])
    asked.press("conflict_mine")
    assert not asked.decided
    meanwhile = asked.text.partition("It changed meanwhile")[2]
    assert "• removed: trackA (probe_track, 2 points)" in meanwhile
    asked.press("conflict_mine")
    [answer] = asked.decided
    assert answer.names == ("bar", "foo")
    assert answer["foo"].points.tolist() == MOVED


def test_what_was_chosen_stays_so_when_it_is_asked_again(qtbot, layer):
    editing.move_point(layer, 0, (3.0, 3.0, 3.0))
    editing.move_point(layer, 2, (3.0, 3.0, 3.0))
    theirs = ROWS.with_points("foo", MOVED).with_points("bar", MOVED)
    asked = Asked(qtbot, layer, theirs)
    asked.box("bar").setCurrentIndex(1)
    editing.add_annotation(layer, "new", "landmark")
    editing.choose_annotation(layer, "new")
    editing.add_point(layer, (1.0, 1.0, 1.0))
    asked.press("conflict_chosen")
    assert not asked.decided
    assert "• new: new (landmark, 1 point)" in asked.text
    asked.press("conflict_chosen")
    [answer] = asked.decided
    assert set(answer.names) == {"bar", "foo", "foo (mine)", "trackA", "new"}
    assert answer["bar"].points[0].tolist() == [3, 3, 3]


def test_who_is_named_otherwise_is_said_before_anything_is_written(qtbot, layer):
    editing.rename_annotation(layer, "bar", "baz")
    asked = Asked(qtbot, layer, ROWS.with_added(Annotation("baz", "x", MOVED, 9)))
    clash = asked.text.partition("Changed by both of you:")[2]
    assert "• baz:" in clash
    assert "another one of theirs has this name and keeps it" in clash
    asked.press("conflict_mine")
    [answer] = asked.decided
    assert {a.name: a.annotation_id for a in answer} == {
        "baz (mine)": 0,
        "foo": 1,
        "trackA": 2,
        "baz": 9,
    }
