"""The question about annotations that somebody else saved first, without a window."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from napari.layers import Layer, Points
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.lab.journal import Recovered
from labdata_napari.lab.journal_annotations import UnsavedAnnotations
from labdata_napari.layers import editing
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.history import history_of
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.settling import restore
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
    return layer_of(ROWS)


def layer_of(rows: AnnotationSet) -> Points:
    source = LayerSource(working_copy.SOURCE_KIND, {"subject_name": "M1"}, rows)
    space = layer_space("ZYX", (50.0, 10.0, 10.0))
    made = Layer.create(
        *working_copy.annotation_layer(rows, space, (40, 200, 300), source, "a")
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


def test_what_a_kill_left_meets_the_same_question_at_saving(qtbot, layer, tmp_path):
    """Also where the colleague moved, deleted and added meanwhile."""
    theirs = (
        ROWS.with_points("bar", MOVED)
        .removed("foo")
        .with_added(Annotation("added", "x", MOVED, 9))
    )
    editing.move_point(layer, 0, (3.0, 3.0, 3.0))
    editing.add_annotation(layer, "no points", "")
    state = UnsavedAnnotations(working_copy.drafts(layer), ROWS)
    mine = working_copy.annotations_from_layer(layer)
    offer = Recovered(datetime.now(UTC), state, tmp_path / "x.jsonl")
    again = layer_of(theirs)
    restore(again, offer)
    assert working_copy.annotations_from_layer(again) == mine
    assert [each.name for each in working_copy.roster(again)][-1] == "no points"
    assert working_copy.unsaved(again).summary().startswith("1 changed (bar:")
    # not to the rows of now, which would be changes of mine
    assert history_of(again).undo() == "restore what was not saved"
    assert not working_copy.unsaved(again)
    assert working_copy.annotations_from_layer(again) == ROWS
    history_of(again).redo()
    assert working_copy.annotations_from_layer(again) == mine
    asked = Asked(qtbot, again, theirs)
    both = asked.text.partition("Changed by both of you:")[2]
    assert "• bar: yours, compared with theirs" in both
    asked.press("conflict_both")
    [answer] = asked.decided
    assert set(answer.names) == {"bar", "bar (mine)", "trackA", "added"}
    assert answer["bar"].points.tolist() == MOVED
    # who edits before it is answered loses nothing of either
    again = layer_of(theirs)
    editing.move_point(again, 0, (9.0, 9.0, 9.0))
    restore(again, offer)
    held = working_copy.annotations_from_layer(again)
    assert set(held.names) == set(answer.names)
    assert held["bar"].points.tolist() == [[9, 9, 9]]
    assert held["bar (mine)"].points[0].tolist() == [3, 3, 3]
