"""Annotations that somebody else saved first: what is to hold, asked in the dock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.annotation_merging import (
    MARK,
    Decision,
    Keep,
    contested,
    merged,
)
from labdata_napari.core.changes import Changes
from labdata_napari.errors import LabdataError
from labdata_napari.lab.cluster import USER
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.change_lines import change_lines
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Points

    from labdata_napari.core.annotation import Annotation
    from labdata_napari.core.annotation_merging import Contested
    from labdata_napari.widgets.question import Question

_WORDS = {Keep.BOTH: "keep both", Keep.MINE: "keep mine", Keep.THEIRS: "take theirs"}
_ALL = "all of them"


class ConflictQuestion(QObject):
    """Asks once about everything that two people changed.

    Parameters
    ----------
    question
        Where to ask.
    """

    decided = Signal(object)
    """What the layer is to hold, an AnnotationSet; theirs themselves when nothing of
    mine holds."""
    told = Signal(str)
    """Why it could not be decided."""

    def __init__(self, question: Question, parent: QObject) -> None:
        super().__init__(parent)
        self._question = question
        self._layer: Points | None = None
        self._theirs = AnnotationSet()
        self._asked: Changes[Annotation] = Changes()
        self.decision = Decision()
        """What was decided last, of which `decided` tells what it comes to."""
        self._choices: KeepChoices | None = None

    def ask(self, layer: Points, theirs: AnnotationSet, user: str) -> None:
        """Ask what is to hold.

        Parameters
        ----------
        layer
            The working copy; it may be edited until it is decided.
        theirs
            What the lab holds now.
        user
            Who is connected: mine is named so where both are kept.

        Raises
        ------
        InvalidValue
            When the working copy cannot be saved as it is.
        """
        self._layer, self._theirs = layer, theirs
        self.decision = Decision(mark=mark_of(user))
        self._ask(working_copy.annotations_from_layer(layer), "Yours, not saved yet:")

    def _ask(
        self, mine: AnnotationSet, title: str, known: dict[str, Keep] | None = None
    ) -> None:
        baseline, theirs = _baseline(self._layer), self._theirs
        found = contested(baseline, mine, theirs)
        self._asked = baseline.changes_to(mine)
        lines = [
            "Somebody else changed these annotations since you loaded them:",
            *change_lines(baseline.changes_to(theirs)),
            title,
            *change_lines(self._asked),
        ]
        if found:
            lines.append("Changed by both of you:")
            lines += [f"• {each.name}: {each.words}" for each in found]
        self._choices = KeepChoices(found, known or {}) if len(found) > 1 else None
        self._question.ask("\n".join(lines), self._answers(found), self._choices)

    def _answers(self, found: Sequence[Contested]) -> tuple[Answer, ...]:
        theirs = Answer(
            "Take theirs",
            "Drop all my changes and show what the lab holds now",
            "conflict_theirs",
            self._take_theirs,
        )
        cancel = Answer("Cancel", "Decide later; nothing is written", "conflict_cancel")
        if self._choices is not None:
            chosen = Answer(
                "Save as chosen",
                "Save my changes on top, and of each of these what is chosen",
                "conflict_chosen",
                self._keep_chosen,
            )
            return chosen, theirs, cancel
        mine = Answer(
            "Keep mine",
            "Save my changes on top; theirs stay where I changed nothing",
            "conflict_mine",
            self._keep_mine,
        )
        if any(Keep.BOTH in each.choices for each in found):
            both = Answer(
                "Keep both",
                "Theirs stays as it is; mine is saved beside it, named "
                f"“… ({self.decision.mark})”",
                "conflict_both",
                self._keep_both,
            )
            return mine, both, theirs, cancel
        return mine, theirs, cancel

    def _keep_mine(self) -> None:
        self._decide(Keep.MINE)

    def _keep_both(self) -> None:
        self._decide(Keep.BOTH)

    def _keep_chosen(self) -> None:
        if self._choices is not None:
            self._decide(self._choices.chosen())

    def _take_theirs(self) -> None:
        self.decided.emit(self._theirs)

    def _decide(self, keep: Keep | dict[str, Keep]) -> None:
        if self._layer is None:
            return
        try:
            mine = working_copy.annotations_from_layer(self._layer)
        except LabdataError as error:
            self.told.emit(f"Nothing was saved. {error}")
            return
        baseline, theirs = _baseline(self._layer), self._theirs
        if baseline.changes_to(mine) != self._asked:
            # Only what the person has read is written.
            known = keep if isinstance(keep, dict) else None
            self._ask(mine, "It changed meanwhile; now yours, not saved yet:", known)
            return
        self.decision = replace(self.decision, keep=keep)
        self.decided.emit(merged(baseline, mine, theirs, keep, self.decision.mark))


class KeepChoices(QWidget):
    """For each annotation that two people changed, what is to hold.

    Parameters
    ----------
    found
        At first nobody's points are lost.
    known
        What was chosen before, by name.
    """

    def __init__(self, found: Sequence[Contested], known: Mapping[str, Keep]) -> None:
        super().__init__()
        self.setObjectName("conflict_choices")
        self._boxes: dict[str, QComboBox] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._all = self._add(layout, _ALL, tuple(Keep), "")
        for each in found:
            self._boxes[each.name] = self._add(
                layout, each.name, each.choices, each.words
            )
            index = self._boxes[each.name].findData(known.get(each.name))
            self._boxes[each.name].setCurrentIndex(max(index, 0))
        self._all.activated.connect(self._choose_all)

    def chosen(self) -> dict[str, Keep]:
        """Return what is chosen, by name."""
        return {name: box.currentData() for name, box in self._boxes.items()}

    def _add(
        self, layout: QFormLayout, name: str, choices: Sequence[Keep], words: str
    ) -> QComboBox:
        box = QComboBox()
        box.setObjectName(f"keep {name}")
        box.setToolTip(words)
        for keep in choices:
            box.addItem(_WORDS[keep], keep)
        label = QLabel(name)
        label.setToolTip(words)
        layout.addRow(label, box)
        return box

    def _choose_all(self, _index: int) -> None:
        """Choose the same for each; where it cannot be, what loses nothing."""
        keep = self._all.currentData()
        for box in self._boxes.values():
            index = box.findData(keep)
            box.setCurrentIndex(max(index, 0))


def mark_of(user: str) -> str:
    """Return what stands behind the name of mine beside theirs, of who is connected."""
    return MARK if user in ("", USER) else user  # USER is everybody


def _baseline(layer: Points | None) -> AnnotationSet:
    source = source_of(layer)
    baseline = None if source is None else source.baseline
    return AnnotationSet() if baseline is None else baseline
