"""Annotations of a transform: read, and written back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.annotation import AnnotationSet, Unreadable
from labdata_napari.lab.availability import ANNOTATIONS, require
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, the_row
from labdata_napari.lab.limits import checked
from labdata_napari.lab.rows import Damaged, as_array, fetched, fetched_together
from labdata_napari.lab.writing import conflicting, lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.annotation import Annotation
    from labdata_napari.core.changes import Changes
    from labdata_napari.errors import WriteConflict


def load_annotations(lab: Any, key: Mapping[str, Any]) -> AnnotationSet:
    """Read the annotations of a transform; see `Brains.load_annotations`."""
    require(lab, ANNOTATIONS)
    transform = key_of(lab.FixedBrainTransform, key)
    found = fetched_together(
        {
            "transform": (lab.FixedBrainTransform & transform).proj(),
            "annotations": lab.FixedBrainTransformAnnotation & transform,
        },
        {"annotations": {"xyz": as_array}},
        lenient=True,
    )
    the_row(lab.FixedBrainTransform, key, found["transform"])
    return _read(found["annotations"])


def save_annotations(
    lab: Any, key: Mapping[str, Any], baseline: AnnotationSet, edited: AnnotationSet
) -> Changes[Annotation]:
    """Write what changed between two sets; see `Brains.save_annotations`."""
    changes = baseline.changes_to(edited)
    if not changes:
        return changes
    require(lab, ANNOTATIONS)
    edit = _AnnotationEdit(
        lab, key_of(lab.FixedBrainTransform, key), baseline, edited, changes
    )
    if not lab.read_only:  # else there is something simpler to say
        with translate_errors():
            edit.check()
    return write_back(lab, edit)


class _AnnotationEdit:
    """An edit of the annotations of one transform; see `labdata_napari.lab.writing`."""

    doing = "Saving the annotations"

    def __init__(
        self,
        lab: Any,
        key: dict[str, Any],
        baseline: AnnotationSet,
        edited: AnnotationSet,
        changes: Changes[Annotation],
    ) -> None:
        self._lab = lab
        self._table = lab.FixedBrainTransformAnnotation
        self._key = key
        self._baseline = baseline
        self._edited = edited
        self._changes = changes

    def check(self) -> None:
        """Check what would be written."""
        changes = self._changes
        for annotation in (*changes.added, *(c.after for c in changes.changed)):
            row = {"annotation_id": 0} | self._key | annotation.to_row()
            checked(self._table, [row], f"annotation {annotation.name!r}")

    def read(self) -> AnnotationSet:
        lock_row(self._lab.FixedBrainTransform, self._key)
        return _annotations(self._lab, self._key, locked=True)

    def saved(self, rows: AnnotationSet) -> Changes[Annotation] | None:
        if rows.changes_to(self._edited):
            return None
        added = tuple(rows[a.name] for a in self._changes.added)  # with their ids
        return replace(self._changes, added=added)

    def conflict(self, rows: AnnotationSet) -> WriteConflict | None:
        theirs = self._baseline.changes_to(rows)
        if not theirs:
            return None
        return conflicting("these annotations", rows, theirs, self._changes)

    def write(self, rows: AnnotationSet) -> Changes[Annotation]:
        # against what is there now, which has an id for everything
        changes = rows.changes_to(self._edited)
        there = (*rows, *rows.unreadable)
        ids = [a.annotation_id for a in there if a.annotation_id is not None]
        first = max(ids, default=-1) + 1
        added = tuple(
            replace(a, annotation_id=first + n) for n, a in enumerate(changes.added)
        )
        for removed in changes.removed:
            row = self._key | {"annotation_id": removed.annotation_id}
            # quick: no cascade, the server refuses if other rows refer to this one
            (self._table & row).delete_quick()
        for changed in changes.changed:
            self._table.update1(self._key | changed.after.to_row())
        self._table.insert([self._key | a.to_row() for a in added])
        return replace(changes, added=added)


def _annotations(
    lab: Any, key: Mapping[str, Any], locked: bool = False
) -> AnnotationSet:
    query = lab.FixedBrainTransformAnnotation & key
    return _read(fetched(query, {"xyz": as_array}, locked, lenient=True))


def _read(rows: list[dict[str, Any]]) -> AnnotationSet:
    """Read fetched rows; what is damaged hides no other."""
    damaged = tuple(
        Unreadable(row["annotation_name"], row["annotation_id"], row["xyz"].reason)
        for row in rows
        if isinstance(row["xyz"], Damaged)
    )
    good = [row for row in rows if not isinstance(row["xyz"], Damaged)]
    return AnnotationSet.from_rows(good, damaged)
