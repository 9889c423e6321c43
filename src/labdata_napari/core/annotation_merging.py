"""Annotations that two people changed at once: for each of them, whose holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from labdata_napari.core.annotation import NAME_LENGTH
from labdata_napari.core.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Collection

    from labdata_napari.core.annotation import Annotation, AnnotationSet

MARK = "mine"
"""What stands behind the name of an annotation that is kept beside theirs."""


class Keep(Enum):
    """What becomes of an annotation that two people changed."""

    BOTH = "both"
    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Contested:
    """An annotation that two people changed, or that both made under one name.

    Attributes
    ----------
    mine
        As I want it; None where I removed it.
    theirs
        As the database holds it; None where it is gone.
    """

    mine: Annotation | None
    theirs: Annotation | None

    @property
    def name(self) -> str:
        """What I call it; what it was called where I removed it."""
        return next(a.name for a in (self.mine, self.theirs) if a is not None)

    @property
    def choices(self) -> tuple[Keep, ...]:
        """What may become of it; with the first nobody's points are lost.

        Two new ones of the same name are two annotations: mine never takes the place
        of theirs.
        """
        if self.mine is None:
            return Keep.THEIRS, Keep.MINE
        if self.theirs is None:
            return Keep.MINE, Keep.THEIRS
        if self.mine.annotation_id is None:
            return Keep.BOTH, Keep.THEIRS
        return Keep.BOTH, Keep.MINE, Keep.THEIRS

    @property
    def words(self) -> str:
        """Say how mine and theirs differ, in a few words."""
        if self.mine is None:
            return "changed by them, deleted by you"
        if self.theirs is None:
            return "changed by you, deleted by them"
        return f"yours, compared with theirs: {self.mine.difference(self.theirs)}"


def contested(
    baseline: AnnotationSet, mine: AnnotationSet, theirs: AnnotationSet
) -> tuple[Contested, ...]:
    """Find the annotations that two edits of the same baseline made different things.

    Parameters
    ----------
    baseline
        What both began with.
    mine
        My edited copy.
    theirs
        What the database holds now: the `theirs` of a `WriteConflict`.
    """
    my, their = baseline.changes_to(mine), baseline.changes_to(theirs)
    changed = {c.after.annotation_id: c.after for c in their.changed}
    gone = {a.annotation_id for a in their.removed}
    new = {a.name: a for a in their.added}
    found = []
    for after in (change.after for change in my.changed):
        if after.annotation_id in gone:
            found.append(Contested(after, None))
        elif after.annotation_id in changed:
            found.append(Contested(after, changed[after.annotation_id]))
    found += [Contested(a, new[a.name]) for a in my.added if a.name in new]
    found += [
        Contested(None, changed[a.annotation_id])
        for a in my.removed
        if a.annotation_id in changed
    ]
    return tuple(each for each in found if not _agree(each))


def merged(
    baseline: AnnotationSet,
    mine: AnnotationSet,
    theirs: AnnotationSet,
    keep: Keep | Mapping[str, Keep] = Keep.BOTH,
    mark: str = MARK,
) -> AnnotationSet:
    """Put my changes on top of what somebody else saved meanwhile.

    What only one of us changed stays changed. Save the answer with `theirs` as the
    baseline: one transaction writes all of it, or says that they changed it again.

    Parameters
    ----------
    baseline, mine, theirs
        As `contested` takes them.
    keep
        What becomes of the contested ones, of all or by name (as `Contested.name` has
        it); those that are not named are kept both. Where it is none of
        `Contested.choices`: nobody's points are lost.
    mark
        Where both are kept, theirs stays as it is, with its row and what refers to it,
        and mine is a new annotation, whose name ends in this, in brackets.

    Returns
    -------
    AnnotationSet
        Theirs with their ids; what is new has none.
    """
    my = baseline.changes_to(mine)
    left, beside = set(), []
    for each in contested(baseline, mine, theirs):
        choice = keep.get(each.name, Keep.BOTH) if isinstance(keep, Mapping) else keep
        if choice not in each.choices:
            choice = each.choices[0]
        if choice is not Keep.MINE:
            left.add(_key(each.mine or each.theirs))
        if choice is Keep.BOTH and each.mine is not None:
            beside.append(each.mine)
    on_top = Changes(
        tuple(a for a in my.added if _key(a) not in left),
        tuple(c for c in my.changed if _key(c.after) not in left),
        tuple(a for a in my.removed if _key(a) not in left),
    )
    result = theirs.with_changes(on_top)
    for annotation in beside:
        taken = {*result.names, *(each.name for each in result.unreadable)}
        name = marked_name(annotation.name, mark, taken)
        result = result.with_added(replace(annotation, annotation_id=None, name=name))
    return result


def marked_name(name: str, mark: str, taken: Collection[str]) -> str:
    """Return a free name that the table can hold: "probe (mine)", "probe (mine 2)"."""
    mark = mark[: NAME_LENGTH // 2]
    number, free = 1, ""
    while not free or free in taken:
        tail = f" ({mark} {number})" if number > 1 else f" ({mark})"
        free = name[: NAME_LENGTH - len(tail)] + tail
        number += 1
    return free


def _agree(each: Contested) -> bool:
    if each.mine is None or each.theirs is None:
        return False
    return each.mine.same_content(each.theirs)


def _key(annotation: Annotation | None) -> int | str | None:
    """Tell annotations of one edit apart: rows by ids, new ones by names."""
    if annotation is None:
        return None
    number = annotation.annotation_id
    return annotation.name if number is None else number
