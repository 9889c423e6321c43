"""Named, typed sets of points in a stack, and how to edit them without side effects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.annotation_types import REGION
from labdata_napari.core.changed_points import point_differences
from labdata_napari.core.changes import Changed, Changes
from labdata_napari.core.places import FARTHEST
from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

NAME_LENGTH = 36
"""Characters that the table keeps of a name or a type."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """A named, typed set of points.

    Attributes
    ----------
    name
        1 to 36 characters.
    type
        Up to 36 characters, such as "probe_track"; may be empty.
    points
        (N, 3) float64, read-only, N at least 1: pixels along the stored array's
        spatial axes in their order (z, y, x), whole numbers being voxel centres;
        within a million.
    annotation_id
        The row's id; None while it has no row.

    Raises
    ------
    InvalidValue
        When one of these does not hold.
    """

    name: str
    type: str
    points: NDArray[np.float64]
    annotation_id: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _as_name(self.name))
        object.__setattr__(self, "type", _as_type(self.type, self.name))
        object.__setattr__(self, "points", _as_points(self.points, self.name))
        if self.annotation_id is not None:
            object.__setattr__(self, "annotation_id", int(self.annotation_id))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Annotation):
            return NotImplemented
        return self.annotation_id == other.annotation_id and self.same_content(other)

    def __hash__(self) -> int:
        return hash((self.name, self.type, self.annotation_id, len(self.points)))

    def same_content(self, other: Annotation) -> bool:
        """Whether name, type and every point are the same, whatever the id."""
        return (
            self.name == other.name
            and self.type == other.type
            and np.array_equal(self.points, other.points)
        )

    def difference(self, before: Annotation) -> str:
        """Say what changed since `before`: "3 points moved, 1 added"."""
        parts = []
        if self.name != before.name:
            parts.append(f"renamed from {before.name}")
        if self.type != before.type:
            parts.append(f"type {before.type or 'none'} → {self.type or 'none'}")
        ordered = self.type != REGION
        parts.extend(point_differences(before.points, self.points, ordered))
        return ", ".join(parts)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Annotation:
        """Read a fetched row: annotation_id, annotation_name, annotation_type, xyz.

        Raises
        ------
        InvalidValue
            When the row's points are no (N, 3) numbers within a million.
        """
        points = np.asarray(row["xyz"])
        if points.shape == (3,):  # a single point stored flat
            points = points[np.newaxis]
        return cls(
            name=row["annotation_name"],
            type=row["annotation_type"] or "",
            points=points,
            annotation_id=row["annotation_id"],
        )

    def to_row(self) -> dict[str, Any]:
        """Give the columns; without annotation_id while there is none."""
        row: dict[str, Any] = {
            "annotation_name": self.name,
            "annotation_type": self.type,
            # A writable copy of its own: what is stored is not shared with the view.
            "xyz": np.array(self.points),
        }
        if self.annotation_id is not None:
            row["annotation_id"] = self.annotation_id
        return row


@dataclass(frozen=True)
class Unreadable:
    """An annotation whose row is there and cannot be read.

    Attributes
    ----------
    name, annotation_id
        Of the row.
    reason
        One sentence.
    """

    name: str
    annotation_id: int
    reason: str

    def __str__(self) -> str:
        return (
            f"The annotation {self.name!r} (id {self.annotation_id}) cannot be read, "
            f"so it is left out here and stays in the database as it is. {self.reason}"
        )


@dataclass(frozen=True)
class AnnotationSet:
    """The annotations of one transform; edited by making a new set.

    Attributes
    ----------
    annotations
        With distinct names, and distinct ids where they have one.
    unreadable
        Rows of the transform that could not be read: no part of the set, so they are
        neither compared nor ever written or removed.

    Raises
    ------
    InvalidValue
        When two have the same name or id.
    """

    annotations: tuple[Annotation, ...] = ()
    unreadable: tuple[Unreadable, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "annotations", tuple(self.annotations))
        for name, count in Counter(self.names).items():
            if count > 1:
                raise InvalidValue(
                    f"{count} annotations are called {name!r}; give each its own name."
                )
        ids = Counter(a.annotation_id for a in self if a.annotation_id is not None)
        for number, count in ids.items():
            if count > 1:
                raise InvalidValue(
                    f"{count} annotations claim to be row {number}; reload and repeat "
                    "the last edit."
                )

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations)

    def __len__(self) -> int:
        return len(self.annotations)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Annotation:
        return self.annotations[self._position(name)]

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(annotation.name for annotation in self.annotations)

    @classmethod
    def from_rows(
        cls, rows: Iterable[Mapping[str, Any]], unreadable: Iterable[Unreadable] = ()
    ) -> AnnotationSet:
        """Read fetched rows, in the order of their ids.

        The table allows nameless rows and several of one name; such a row gets its
        id appended to its name here so that it can be told apart, and keeps its own
        name in the table until it is edited. A row that cannot be read becomes one of
        `unreadable`.

        Parameters
        ----------
        rows
            With the columns that `Annotation.from_row` takes.
        unreadable
            What could not be read even before.
        """
        ordered = sorted(rows, key=lambda row: int(row["annotation_id"]))
        taken = Counter(row["annotation_name"] for row in ordered)
        annotations, left_out = [], list(unreadable)
        for row in ordered:
            name = row["annotation_name"]
            if taken[name] > 1 or not name.strip():
                mark = f" (id {row['annotation_id']})"
                name = (name.strip() or "unnamed")[: NAME_LENGTH - len(mark)] + mark
            try:
                read = Annotation.from_row({**row, "annotation_name": name})
            except InvalidValue as error:
                left_out.append(Unreadable(name, int(row["annotation_id"]), str(error)))
            else:
                annotations.append(read)
        left_out.sort(key=lambda each: each.annotation_id)
        return cls(tuple(annotations), tuple(left_out))

    def to_rows(self) -> list[dict[str, Any]]:
        """Give every annotation's columns."""
        return [annotation.to_row() for annotation in self.annotations]

    def changes_to(self, edited: AnnotationSet) -> Changes[Annotation]:
        """Compare this baseline with its edited copy.

        An edited annotation is the baseline's one with its id; without an id in the
        baseline, the one with its name that nobody else claimed by id; else it is new.

        Returns
        -------
        Changes
            The `after` of a change carries the baseline's id; what is added has None.
        """
        by_id = {a.annotation_id: a for a in self if a.annotation_id is not None}
        claimed = {a.annotation_id for a in edited} & by_id.keys()
        by_name = {a.name: a for a in self if a.annotation_id not in claimed}
        added, changed, kept = [], [], set()
        for after in edited:
            number = after.annotation_id
            before = by_name.get(after.name) if number is None else by_id.get(number)
            if before is None:  # an id nobody knows: fall back on the name
                before = by_name.get(after.name)
            if before is None:
                added.append(replace(after, annotation_id=None))
                continue
            kept.add(before.name)
            if not after.same_content(before):
                identified = replace(after, annotation_id=before.annotation_id)
                changed.append(Changed(before, identified))
        removed = tuple(a for a in self if a.name not in kept)
        return Changes(tuple(added), tuple(changed), removed)

    def saved(self, changes: Changes[Annotation]) -> AnnotationSet:
        """Apply changes that a save of this baseline answered: the new baseline."""
        after = {c.before.name: c.after for c in changes.changed}
        gone = {a.name for a in changes.removed}
        kept = (after.get(a.name, a) for a in self if a.name not in gone)
        return replace(self, annotations=(*kept, *changes.added))

    def with_changes(self, changes: Changes[Annotation]) -> AnnotationSet:
        """Apply changes that were made to another version of this set.

        What the changes touch wins over what is here, everything else here stays: an
        edit of mine goes on top of rows that somebody else changed meanwhile. A row
        that is gone here but was edited comes back as a new one. A name that is taken
        here by now gets a number; what was added and is here already, as after a save
        whose answer was lost, is not added twice.
        """
        removed = {a.annotation_id for a in changes.removed}
        edited = {c.after.annotation_id: c.after for c in changes.changed}
        kept = [
            edited.pop(a.annotation_id, a)
            for a in self
            if a.annotation_id not in removed
        ]
        added = [a for a in changes.added if not any(map(a.same_content, kept))]
        new = (*edited.values(), *added)
        result: list[Annotation] = []
        for annotation in (*kept, *(replace(a, annotation_id=None) for a in new)):
            name = _free_name(annotation.name, {a.name for a in result})
            is_free = name == annotation.name
            result.append(annotation if is_free else replace(annotation, name=name))
        return replace(self, annotations=tuple(result))

    def with_added(self, annotation: Annotation) -> AnnotationSet:
        """Append one; its name must be new."""
        return replace(self, annotations=(*self.annotations, annotation))

    def renamed(self, name: str, new_name: str) -> AnnotationSet:
        """Give the one called `name` another name."""
        return self._replaced(name, name=new_name)

    def retyped(self, name: str, new_type: str) -> AnnotationSet:
        """Give the one called `name` another type."""
        return self._replaced(name, type=new_type)

    def with_points(self, name: str, points: ArrayLike) -> AnnotationSet:
        """Give the one called `name` other points (N, 3)."""
        return self._replaced(name, points=points)

    def removed(self, name: str) -> AnnotationSet:
        """Leave out the one called `name`."""
        position = self._position(name)
        kept = self.annotations[:position] + self.annotations[position + 1 :]
        return replace(self, annotations=kept)

    def _replaced(self, name: str, /, **values: Any) -> AnnotationSet:
        position = self._position(name)
        annotations = list(self.annotations)
        annotations[position] = replace(annotations[position], **values)
        return replace(self, annotations=tuple(annotations))

    def _position(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise NotFound(
                f"There is no annotation called {name!r}; there are "
                f"{', '.join(map(repr, self.names)) or 'none'}."
            ) from None


def _free_name(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        mark = f" ({number})"
        free = name[: NAME_LENGTH - len(mark)] + mark
        number += 1
    return free


def _as_name(value: Any) -> str:
    name = str(value)
    if not name.strip():
        raise InvalidValue("An annotation needs a name; type one.")
    if len(name) > NAME_LENGTH:
        raise InvalidValue(
            f"The name {name!r} has {len(name)} characters; the table keeps "
            f"{NAME_LENGTH}, shorten it."
        )
    return name


def _as_type(value: Any, name: str) -> str:
    text = str(value)
    if len(text) > NAME_LENGTH:
        raise InvalidValue(
            f"The type {text!r} of {name!r} has {len(text)} characters; the table "
            f"keeps {NAME_LENGTH}, shorten it."
        )
    return text


def _as_points(value: ArrayLike, name: str) -> NDArray[np.float64]:
    try:
        points = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"The points of {name!r} are not numbers.") from error
    if points.ndim != 2 or points.shape[1] != 3:
        raise InvalidValue(
            f"The points of {name!r} must be an (N, 3) array, one row per point; "
            f"got {points.shape}."
        )
    if not len(points):
        raise InvalidValue(f"{name!r} has no points; place one or delete it.")
    is_place = (np.abs(points) <= FARTHEST).all(axis=1)  # NaN is none either
    if not is_place.all():
        bad = int(np.flatnonzero(~is_place)[0])
        raise InvalidValue(
            f"Point {bad + 1} of {name!r} is at {points[bad].tolist()}, which is no "
            "place; delete it."
        )
    points.flags.writeable = False
    return points
