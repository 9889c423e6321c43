"""Bringing a working copy of labels onto what others have saved meanwhile."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from labdata_napari.core.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from labdata_napari.core.pose import Label
    from labdata_napari.core.pose_draft import Place, PoseDraft


def merged(
    baseline: PoseDraft,
    edited: PoseDraft,
    theirs: PoseDraft,
    left_to_them: Collection[Place] = (),
) -> PoseDraft:
    """Make the changes of a working copy to what the lab holds now.

    Parameters
    ----------
    baseline
        What was loaded.
    edited
        The working copy.
    theirs
        What the lab holds now.
    left_to_them
        Places where their label holds, whatever was changed here.
    """
    changes = _without(baseline.labels.changes_to(edited.labels), left_to_them)
    labels = theirs.labels.with_changes(changes)
    # frames and body parts that are not labelled yet stay known
    labels = labels.extended(edited.labels.frames, edited.labels.bodyparts)
    mine = frozenset(baseline.occluded ^ edited.occluded) - frozenset(left_to_them)
    occluded = theirs.occluded ^ (mine & (theirs.occluded ^ edited.occluded))
    given = {place for place, _ in baseline.sources.items() ^ edited.sources.items()}
    touched = {label.place for label in _every(changes)} | given
    touched -= frozenset(left_to_them)
    sources = {p: n for p, n in theirs.sources.items() if p not in touched}
    sources |= {p: n for p, n in edited.sources.items() if p in touched}
    return replace(
        theirs, labels=labels, occluded=occluded, sources=MappingProxyType(sources)
    )


def _without(changes: Changes[Label], places: Collection[Place]) -> Changes[Label]:
    gone = frozenset(places)
    return Changes(
        tuple(label for label in changes.added if label.place not in gone),
        tuple(c for c in changes.changed if c.after.place not in gone),
        tuple(label for label in changes.removed if label.place not in gone),
    )


def _every(changes: Changes[Label]) -> Iterable[Label]:
    yield from changes.added
    yield from (change.after for change in changes.changed)
    yield from changes.removed
