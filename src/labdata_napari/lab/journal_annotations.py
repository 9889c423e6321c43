"""What journals hold of annotations.

A line has the annotations in order and, when it is not the one before, the baseline.
An annotation that is as in the line before is only its name, another one is an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.draft import Draft, differ, drafts_of, pointless, usable
from labdata_napari.lab.journal_lines import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from labdata_napari.core.annotation import Annotation, AnnotationSet
    from labdata_napari.core.changes import Changes


@dataclass(frozen=True, eq=False)
class UnsavedAnnotations:
    """A working copy that holds what its table does not.

    Attributes
    ----------
    edited
        The annotations, in order; they may lack points.
    baseline
        What the table held when they were loaded or last saved.
    """

    edited: tuple[Draft, ...]
    baseline: AnnotationSet

    def changes_for(self, present: AnnotationSet) -> Changes[Annotation]:
        """Return the unsaved changes that are not in `present` already."""
        changes = self.baseline.changes_to(usable(self.edited))
        rows: dict[int | None, Annotation] = {
            a.annotation_id: a for a in present if a.annotation_id is not None
        }
        named = {a.name: a for a in present}

        def is_there(wanted: Annotation, found: Annotation | None) -> bool:
            return found is not None and wanted.same_content(found)

        return type(changes)(
            tuple(a for a in changes.added if not is_there(a, named.get(a.name))),
            tuple(
                c
                for c in changes.changed
                if not is_there(c.after, rows.get(c.after.annotation_id))
            ),
            tuple(a for a in changes.removed if a.annotation_id in rows),
        )

    def names_for(self, taken: Sequence[str]) -> tuple[Draft, ...]:
        """Return the new annotations without points whose names are not `taken`."""
        return tuple(d for d in pointless(self.edited) if d.name not in taken)


def _unsaved(
    edited: Sequence[Draft], baseline: AnnotationSet
) -> UnsavedAnnotations | None:
    if not differ(edited, baseline):
        return None
    return UnsavedAnnotations(tuple(edited), baseline)


def _same(one: UnsavedAnnotations, other: UnsavedAnnotations) -> bool:
    return (
        len(one.edited) == len(other.edited)
        and all(a.same_as(b) for a, b in zip(one.edited, other.edited, strict=True))
        and one.baseline == other.baseline
    )


def _to_json(
    state: UnsavedAnnotations, before: UnsavedAnnotations | None
) -> dict[str, Any]:
    known = {} if before is None else {d.name: d for d in before.edited}
    record: dict[str, Any] = {
        "annotations": [
            d.name if d.name in known and d.same_as(known[d.name]) else _object(d)
            for d in state.edited
        ],
    }
    if before is None or before.baseline != state.baseline:
        record["baseline"] = [_object(d) for d in drafts_of(state.baseline)]
    return record


def _from_json(
    record: dict[str, Any], before: UnsavedAnnotations | None
) -> UnsavedAnnotations:
    known = {} if before is None else {d.name: d for d in before.edited}
    edited = tuple(
        known[entry] if isinstance(entry, str) else _draft(entry)
        for entry in record["annotations"]
    )
    if "baseline" in record:
        baseline = usable(_drafts(record["baseline"]))
    elif before is not None:
        baseline = before.baseline
    else:
        raise KeyError("baseline")
    return UnsavedAnnotations(edited, baseline)


def _object(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "type": draft.type,
        "id": draft.annotation_id,
        "points": draft.points.tolist(),
    }


def _draft(record: dict[str, Any]) -> Draft:
    points = np.array(record["points"], dtype=np.float64).reshape(-1, 3)
    number = None if record["id"] is None else int(record["id"])
    return Draft(str(record["name"]), str(record["type"]), points, number)


def _drafts(records: Iterable[dict[str, Any]]) -> tuple[Draft, ...]:
    return tuple(_draft(record) for record in records)


ANNOTATIONS = Kind(_unsaved, _same, _to_json, _from_json)
"""Working copies of annotations: drafts, and the `AnnotationSet` they came from."""
