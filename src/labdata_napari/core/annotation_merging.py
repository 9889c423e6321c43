"""Annotations that two people changed at once: for each of them, whose holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from labdata_napari.core.annotation import NAME_LENGTH
from labdata_napari.core.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from labdata_napari.core.annotation import Annotation, AnnotationSet

MARK = "mine"
"""What stands behind the name of an annotation that is kept beside theirs."""


class Keep(Enum):
    """What becomes of an annotation that two people changed."""

    BOTH = "both"
    MINE = "mine"
    THEIRS = "theirs"


@dataclass(frozen=True)
class Decision:
    """What was decided of all that two people changed.

    Attributes
    ----------
    keep, mark
        As `merged` takes them.
    """

    keep: Keep | Mapping[str, Keep] = Keep.BOTH
    mark: str = MARK


@dataclass(frozen=True)
class Contested:
    """An annotation that two people changed, or that both made under one name.

    Attributes
    ----------
    mine
        As I want it; None where I removed it.
    theirs
        As the database holds it, or another of theirs that has its name; None where
        it is gone.
    is_namesake
        Whether another one of theirs has the name that mine was given: theirs keeps
        it, mine gets a mark behind its name where it is kept.
    """

    mine: Annotation | None
    theirs: Annotation | None
    is_namesake: bool = False

    @property
    def name(self) -> str:
        """What I call it; what it was called where I removed it."""
        return next(a.name for a in (self.mine, self.theirs) if a is not None)

    @property
    def choices(self) -> tuple[Keep, ...]:
        """What may become of it; with the first nobody's points are lost.

        Two of the same name are two annotations: mine never takes the place of theirs.
        """
        if self.mine is None:
            return Keep.THEIRS, Keep.MINE
        if self.theirs is None:
            return Keep.MINE, Keep.THEIRS
        if not self.is_one_row:
            return Keep.BOTH, Keep.THEIRS
        return Keep.BOTH, Keep.MINE, Keep.THEIRS

    @property
    def is_one_row(self) -> bool:
        """Whether mine and theirs are the same row, and no two of one name."""
        if self.mine is None or self.theirs is None:
            return False
        number = self.mine.annotation_id
        return number is not None and number == self.theirs.annotation_id

    @property
    def words(self) -> str:
        """Say how mine and theirs differ, in a few words."""
        words = self._differ
        if self.is_namesake:
            words += "; another one of theirs has this name and keeps it"
            words += ", yours gets a mark behind its name"
        return words

    @property
    def _differ(self) -> str:
        if self.mine is None:
            return "changed by them, deleted by you"
        if self.theirs is None:
            return "changed by you, deleted by them"
        difference = self.mine.difference(self.theirs) or "the same points"
        return f"yours, compared with theirs: {difference}"


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
    return _contested(baseline.changes_to(mine), baseline.changes_to(theirs), theirs)


def _contested(
    my: Changes[Annotation], their: Changes[Annotation], theirs: AnnotationSet
) -> tuple[Contested, ...]:
    changed = {c.after.annotation_id: c.after for c in their.changed}
    gone = {a.annotation_id for a in their.removed}
    # What I touched and they did not is called as I want it.
    touched = {*_rows(my)} - changed.keys()
    named = {a.name: a for a in theirs if a.annotation_id not in touched}
    found = []
    for after in (change.after for change in my.changed):
        number, namesake = after.annotation_id, named.get(after.name)
        if namesake is not None and namesake.annotation_id == number:
            namesake = None
        if number in gone or number in changed:
            version = changed.get(number)
            found.append(Contested(after, version, namesake is not None))
        elif namesake is not None:
            found.append(Contested(after, namesake, is_namesake=True))
    found += [
        Contested(a, named[a.name], is_namesake=True)
        for a in my.added
        if a.name in named
    ]
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
    my, left, beside = baseline.changes_to(mine), set(), []
    for each in _contested(my, baseline.changes_to(theirs), theirs):
        choice = keep.get(each.name, Keep.BOTH) if isinstance(keep, Mapping) else keep
        if choice not in each.choices:
            choice = each.choices[0]
        is_beside = choice is Keep.BOTH and each.is_one_row
        if choice is Keep.THEIRS or is_beside:
            left.add(_key(each.mine or each.theirs))
        if is_beside and each.mine is not None:
            beside.append(each.mine)
    on_top = Changes(
        tuple(a for a in my.added if _key(a) not in left),
        tuple(c for c in my.changed if _key(c.after) not in left),
        tuple(a for a in my.removed if _key(a) not in left),
    )
    result = theirs.with_changes(_named_apart(on_top, theirs, mark))
    for annotation in beside:
        taken = {*result.names, *(each.name for each in result.unreadable)}
        name = marked_name(annotation.name, mark, taken)
        result = result.with_added(replace(annotation, annotation_id=None, name=name))
    return result


def marked_name(name: str, mark: str, taken: Collection[str]) -> str:
    """Return a free name that the table can hold: "probe (mine)", "probe (mine 2)"."""
    mark = mark[: NAME_LENGTH // 2]
    name = re.sub(rf"(?<=.) \({re.escape(mark)}( \d+)?\)$", "", name)
    number, free = 1, ""
    while not free or free in taken:
        tail = f" ({mark} {number})" if number > 1 else f" ({mark})"
        free = name[: NAME_LENGTH - len(tail)] + tail
        number += 1
    return free


def _named_apart(
    my: Changes[Annotation], theirs: AnnotationSet, mark: str
) -> Changes[Annotation]:
    """Mark the names of mine that annotations of theirs have which stay as they are."""
    rows = {*_rows(my)}
    staying = {a.name: a for a in theirs if a.annotation_id not in rows}
    taken = {*theirs.names, *(each.name for each in theirs.unreadable)}
    taken |= {a.name for a in my.added} | {c.after.name for c in my.changed}

    def apart(own: Annotation) -> Annotation:
        there = staying.get(own.name)
        if there is None or _agree(Contested(own, there)):
            return own
        name = marked_name(own.name, mark, taken)
        taken.add(name)
        return replace(own, name=name)

    return Changes(
        tuple(map(apart, my.added)),
        tuple(replace(c, after=apart(c.after)) for c in my.changed),
        my.removed,
    )


def _rows(changes: Changes[Annotation]) -> Iterator[int | None]:
    yield from (c.after.annotation_id for c in changes.changed)
    yield from (a.annotation_id for a in changes.removed)


def _agree(each: Contested) -> bool:
    if each.mine is None or each.theirs is None:
        return False
    is_one = each.is_one_row or each.mine.annotation_id is None
    is_apart = each.is_one_row and each.is_namesake
    return is_one and not is_apart and each.mine.same_content(each.theirs)


def _key(annotation: Annotation | None) -> int | str | None:
    """Tell annotations of one edit apart: rows by ids, new ones by names."""
    if annotation is None:
        return None
    number = annotation.annotation_id
    return annotation.name if number is None else number
