"""What becomes of a working copy, and of its undo, where somebody else saved, too."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.annotation_merging import MARK, Decision, contested, merged
from labdata_napari.core.draft import Draft, drafts_of, pointless, usable
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.editing import replace_annotations
from labdata_napari.layers.history import history_of
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Points

    from labdata_napari.lab.journal import Recovered
    from labdata_napari.lab.journal_annotations import UnsavedAnnotations

ON_TOP = "put your changes on top of theirs"
TAKEN = "take theirs"
RESTORED = "restore what was not saved"


def settle(
    layer: Points,
    annotations: AnnotationSet,
    theirs: AnnotationSet,
    decision: Decision | None = None,
) -> None:
    """Fill the layer with what is to hold, on top of what somebody else saved.

    What was edited before can still be undone, step by step: each state of before gets
    what they saved as well, by the same decision, so that no undo takes that back.
    Where theirs were taken, the first undo brings mine back beside them.

    Parameters
    ----------
    layer
        Of the annotations.
    annotations
        What is to hold; `theirs` themselves where nothing of mine does.
    theirs
        What the table holds now: the new baseline.
    decision
        By which `annotations` came about.
    """
    source, history = source_of(layer), history_of(layer)
    baseline = AnnotationSet() if source is None else source.baseline
    is_taken = annotations is theirs
    by = Decision() if is_taken or decision is None else decision

    def on_theirs(state: Sequence[Draft]) -> tuple[Draft, ...]:
        beside = merged(baseline, usable(state), theirs, by.keep, by.mark)
        return _listed(beside, pointless(state))

    mine = working_copy.drafts(layer)
    past = ((words, on_theirs(state)) for words, state in history.past())
    last = next(past, (ON_TOP, _listed(theirs, pointless(mine))))
    taken = [(TAKEN, on_theirs(mine))] if is_taken else []
    nameless = () if is_taken else pointless(mine)
    replace_annotations(layer, annotations, theirs, nameless)
    history.begin_with(chain(taken, [last], past))


def restore(
    layer: Points, offer: Recovered[UnsavedAnnotations], mark: str = MARK
) -> None:
    """Put back what was unsaved; nothing that somebody else saved is lost by it.

    Where both changed the same, the layer becomes what it was then, on top of the rows
    that it was made from: a save then asks what holds, as if nothing had happened.
    Else the changes go on top of the rows as they are now.

    Parameters
    ----------
    layer
        Of the annotations.
    offer
        What a journal held for it.
    mark
        What the name of mine ends in, in brackets, where another has it by now.
    """
    source = source_of(layer)
    if source is None:
        return
    state = offer.state
    present = working_copy.annotations_from_layer(layer)
    nameless = pointless(working_copy.drafts(layer))
    is_untouched = not source.baseline.changes_to(present)
    if is_untouched and contested_rows(state, present):
        _go_back(layer, state, nameless)
        return
    together = merged(state.baseline, usable(state.edited), present, mark=mark)
    # The rows as they are now stay the baseline: a save that would overwrite
    # somebody's change says so.
    empty = (*nameless, *state.names_for(together.names))
    replace_annotations(layer, together, source.baseline, empty, RESTORED)


def contested_rows(
    state: UnsavedAnnotations, present: AnnotationSet
) -> tuple[str, ...]:
    """Name what was changed here and by somebody else, but for what both added."""
    found = contested(state.baseline, usable(state.edited), present)
    return tuple(
        each.name
        for each in found
        if each.mine is None or each.mine.annotation_id is not None
    )


def _go_back(
    layer: Points, state: UnsavedAnnotations, nameless: Sequence[Draft]
) -> None:
    """Make the layer what it was when less of the table was known.

    Undo leads to what was known then: the rows of now would be changes of mine there.
    """
    names = state.names_for([draft.name for draft in nameless])
    edited = usable(state.edited)
    replace_annotations(layer, edited, state.baseline, (*nameless, *names))
    before = _listed(state.baseline, nameless)
    history_of(layer).begin_with([(RESTORED, before)])


def _listed(annotations: AnnotationSet, nameless: Sequence[Draft]) -> tuple[Draft, ...]:
    more = (draft for draft in nameless if draft.name not in annotations.names)
    return (*drafts_of(annotations), *more)
