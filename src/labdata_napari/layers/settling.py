"""What becomes of a working copy, and of its undo, when a conflict is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.core.annotation_merging import merged
from labdata_napari.core.draft import Draft, drafts_of, pointless, usable
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.editing import replace_annotations
from labdata_napari.layers.history import history_of
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Points

ON_TOP = "put your changes on top of theirs"
TAKEN = "take theirs"


def settle(layer: Points, annotations: AnnotationSet, theirs: AnnotationSet) -> None:
    """Fill the layer with what is to hold, on top of what somebody else saved.

    The history ends here, for what was before lacks what they saved. One undo takes
    back what holds of mine; or, where theirs were taken, brings mine back beside them.

    Parameters
    ----------
    layer
        Of the annotations.
    annotations
        What is to hold; `theirs` themselves where nothing of mine does.
    theirs
        What the table holds now: the new baseline.
    """
    mine, source = working_copy.drafts(layer), source_of(layer)
    baseline = AnnotationSet() if source is None else source.baseline
    nameless = pointless(mine)
    if annotations is theirs:
        beside = merged(baseline, usable(mine), theirs)
        replace_annotations(layer, theirs, theirs)
        history_of(layer).begin_with(_listed(beside, nameless), TAKEN)
    else:
        replace_annotations(layer, annotations, theirs, nameless)
        history_of(layer).begin_with(_listed(theirs, nameless), ON_TOP)


def go_back(
    layer: Points,
    annotations: AnnotationSet,
    baseline: AnnotationSet,
    nameless: Sequence[Draft] = (),
) -> None:
    """Make the layer what it was when less of the table was known, as after a crash.

    The history ends here: the rows of now would be changes of mine there.

    Parameters
    ----------
    layer, annotations, nameless
        As `replace_annotations` takes them.
    baseline
        What the table was known to hold then: a save finds what came since.
    """
    replace_annotations(layer, annotations, baseline, nameless)
    history = history_of(layer)
    history.begin_with(history.state, "")


def _listed(annotations: AnnotationSet, nameless: Sequence[Draft]) -> tuple[Draft, ...]:
    more = (draft for draft in nameless if draft.name not in annotations.names)
    return (*drafts_of(annotations), *more)
