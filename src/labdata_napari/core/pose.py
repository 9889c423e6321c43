"""Where body parts are in frames of videos, and what an edit of that amounts to."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.changes import Changed, Changes
from labdata_napari.core.pose_label import FrameKey, Label
from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["NAME_LENGTH", "FrameKey", "Label", "PoseLabels"]

NAME_LENGTH = 54
"""Characters that the table keeps of a body part's name."""


@dataclass(frozen=True, eq=False)
class PoseLabels:
    """The labels of a label set; edited by making another one.

    Attributes
    ----------
    bodyparts
        Distinct names, in the order of the second axis.
    frames
        Distinct keys, in the order of the first axis; also frames without labels.
    coordinates
        (frames, bodyparts, 2 or 3) float32, read-only: x, y and, where there is a
        third axis, z, in pixels. NaN in x and y where a body part is not labelled,
        NaN in z where a label has none.

    Raises
    ------
    InvalidValue
        When one of these does not hold.
    """

    bodyparts: tuple[str, ...] = ()
    frames: tuple[FrameKey, ...] = ()
    coordinates: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bodyparts", _as_names(self.bodyparts))
        frames = tuple(
            frame if isinstance(frame, FrameKey) else FrameKey(*frame)
            for frame in self.frames
        )
        object.__setattr__(self, "frames", frames)
        if len(set(frames)) != len(frames):
            _refuse_twice([frame.words for frame in frames])
        values = self.coordinates
        if values is None:
            values = np.full((len(frames), len(self.bodyparts), 2), np.nan, np.float32)
        object.__setattr__(self, "coordinates", self._as_coordinates(values))

    def _as_coordinates(self, value: ArrayLike) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # becomes infinite, and is refused below
            array = np.array(value, dtype=np.float32)
        expected = (len(self.frames), len(self.bodyparts))
        if (
            array.ndim != 3
            or array.shape[:2] != expected
            or array.shape[2] not in (2, 3)
        ):
            raise InvalidValue(
                f"Labels of {expected[0]} frames and {expected[1]} body parts must be "
                f"an array of shape {(*expected, 2)} or {(*expected, 3)}; got "
                f"{array.shape}."
            )
        absent = np.isnan(array)
        wrong = np.isinf(array).any(axis=2) | (absent[..., 0] != absent[..., 1])
        if wrong.any():
            frame, part = np.argwhere(wrong)[0]
            raise InvalidValue(
                f"{self.bodyparts[part]!r} in {self.frames[frame].words} is at "
                f"{array[frame, part].tolist()}, which is no place; give it x and y, "
                "or neither."
            )
        array[absent[..., 0]] = np.nan  # a z alone says nothing
        array.flags.writeable = False
        return array

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PoseLabels):
            return NotImplemented
        if (self.bodyparts, self.frames) != (other.bodyparts, other.frames):
            return False
        return bool(np.array_equal(self.xyz, other.xyz, equal_nan=True))

    def __len__(self) -> int:
        """How many labels there are."""
        return int(np.count_nonzero(~np.isnan(self.xyz[..., 0])))

    def __getitem__(self, place: tuple[FrameKey, str]) -> Label | None:
        """Give the label of a frame and body part; None where there is none."""
        return self.by_place([place]).get(place)

    def by_place(
        self, places: Iterable[tuple[FrameKey, str]] | None = None
    ) -> dict[tuple[FrameKey, str], Label]:
        """Give the labels by frame and body part: all, or those at some places."""
        of_frame, of_name = self._of_frame, self._of_name
        if places is None:
            places = [(frame, name) for frame in self.frames for name in self.bodyparts]
        values = self._array
        found = (
            _label(frame, name, values[of_frame[frame], of_name[name]])
            for frame, name in places
            if frame in of_frame and name in of_name
        )
        return {label.place: label for label in found if label is not None}

    @cached_property
    def _of_frame(self) -> dict[FrameKey, int]:
        return {key: n for n, key in enumerate(self.frames)}

    @cached_property
    def _of_name(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.bodyparts)}

    @property
    def has_z(self) -> bool:
        """Whether there is a third axis."""
        return bool(self._array.shape[2] == 3)

    @property
    def xyz(self) -> NDArray[np.float32]:
        """(frames, bodyparts, 3): the coordinates, z NaN where there is none."""
        if self.has_z:
            return self._array
        return np.pad(self._array, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)

    @property
    def _array(self) -> NDArray[np.float32]:
        assert self.coordinates is not None  # since __post_init__
        return self.coordinates

    @classmethod
    def from_rows(
        cls, rows: Sequence[Sequence[Any]], frames: Iterable[FrameKey] = ()
    ) -> PoseLabels:
        """Read label rows: the frame's five columns, label_name, x, y, z.

        Parameters
        ----------
        rows
            In any order; there are many, so they are plain tuples.
        frames
            Further frames, which may have no label.

        Returns
        -------
        PoseLabels
            Frames and body parts sorted; with z if any row has one.
        """
        # a frame has many labels, and making keys is what takes time
        raw = [tuple(row[:5]) for row in rows]
        known = {
            key: FrameKey.from_row(dict(zip(FrameKey._fields, key, strict=True)))
            for key in dict.fromkeys(raw)
        }
        keys = sorted({*frames, *known.values()})
        names = sorted({str(row[5]) for row in rows})
        of_frame = {key: n for n, key in enumerate(keys)}
        of_name = {name: n for n, name in enumerate(names)}
        number = {key: of_frame[frame] for key, frame in known.items()}
        at = [number[key] for key in raw], [of_name[str(row[5])] for row in rows]
        values = np.full((len(keys), len(names), 3), np.nan)
        for axis in range(3):  # None, where there is no z, becomes NaN
            values[*at, axis] = np.array([row[6 + axis] for row in rows], np.float64)
        return cls(tuple(names), tuple(keys), _without_empty_z(values))

    def placed(
        self, frame: FrameKey, bodypart: str, x: float, y: float, z: float | None = None
    ) -> PoseLabels:
        """Put a body part somewhere in a frame; either may be new.

        Without `z`, a label that is there keeps the one it has.
        """
        here = self.extended((frame,), (bodypart,))
        values = np.array(here.xyz)
        place = here.frames.index(frame), here.bodyparts.index(bodypart)
        values[place] = x, y, values[place][2] if z is None else z
        return replace(here, coordinates=_without_empty_z(values))

    def removed(self, frame: FrameKey, bodypart: str) -> PoseLabels:
        """Take the label of a body part off a frame."""
        if self[frame, bodypart] is None:
            raise NotFound(f"{bodypart!r} is not labelled in {frame.words}.")
        values = np.array(self._array)
        values[self.frames.index(frame), self.bodyparts.index(bodypart)] = np.nan
        return replace(self, coordinates=values)

    def extended(
        self, frames: Iterable[FrameKey], bodyparts: Iterable[str]
    ) -> PoseLabels:
        """Append frames and body parts that are not here yet, without labels."""
        keys = tuple(dict.fromkeys((*self.frames, *frames)))
        names = tuple(dict.fromkeys((*self.bodyparts, *bodyparts)))
        if len(keys) == len(self.frames) and len(names) == len(self.bodyparts):
            return self
        values = self._on(keys, names)
        return PoseLabels(names, keys, values if self.has_z else values[..., :2])

    def with_values_of(self, other: PoseLabels) -> PoseLabels:
        """Take the labels of another set for the frames and body parts of this one."""
        xyz = other._on(self.frames, self.bodyparts)
        return replace(self, coordinates=_without_empty_z(xyz))

    def changes_to(self, edited: PoseLabels) -> Changes[Label]:
        """Compare this baseline with its edited copy, frame by frame and part by part.

        Only what `edited` speaks of counts: a label is removed where its coordinates
        are NaN, and one whose frame or body part is left out is not touched. An
        `edited` of two axes says nothing about z.

        Returns
        -------
        Changes
            Sorted as `edited` is.
        """
        old = self._on(edited.frames, edited.bodyparts)
        new = np.array(edited.xyz)
        there, wanted = ~np.isnan(old[..., 0]), ~np.isnan(new[..., 0])
        if not edited.has_z:
            new[..., 2] = np.where(wanted, old[..., 2], np.nan)
        same = ((old == new) | (np.isnan(old) & np.isnan(new))).all(axis=2)

        def labels(mask: NDArray[np.bool_], values: NDArray[np.float32]) -> list[Label]:
            found = (
                _label(edited.frames[f], edited.bodyparts[b], values[f, b])
                for f, b in np.argwhere(mask)
            )
            return [label for label in found if label is not None]

        moved = there & wanted & ~same
        pairs = zip(labels(moved, old), labels(moved, new), strict=True)
        return Changes(
            tuple(labels(~there & wanted, new)),
            tuple(Changed(before, after) for before, after in pairs),
            tuple(labels(there & ~wanted, old)),
        )

    def differences_to(self, theirs: PoseLabels) -> Changes[Label]:
        """Compare with another state of the whole set: what it lacks is removed."""
        return self.changes_to(
            replace(theirs, coordinates=theirs.xyz).extended(
                self.frames, self.bodyparts
            )
        )

    def with_changes(self, changes: Changes[Label]) -> PoseLabels:
        """Apply changes that were made to another version of this set."""
        after = [*changes.added, *(c.after for c in changes.changed)]
        gone = [label for label in changes.removed if self[label.place] is not None]
        touched = [*after, *gone]
        here = self.extended(
            (label.frame for label in touched), (label.bodypart for label in touched)
        )
        values = np.array(here.xyz)
        of_frame, of_name = here._of_frame, here._of_name
        for label in after:
            z = np.nan if label.z is None else label.z
            place = of_frame[label.frame], of_name[label.bodypart]
            values[place] = label.x, label.y, z
        for label in gone:
            values[of_frame[label.frame], of_name[label.bodypart]] = np.nan
        return replace(here, coordinates=_without_empty_z(values))

    def _on(
        self, frames: tuple[FrameKey, ...], bodyparts: tuple[str, ...]
    ) -> NDArray[np.float32]:
        """Give x, y, z for other axes; NaN where nothing is known."""
        if (frames, bodyparts) == (self.frames, self.bodyparts):  # mostly
            return np.array(self.xyz)
        of_frame, of_name = self._of_frame, self._of_name
        rows = [n for n, key in enumerate(frames) if key in of_frame]
        columns = [n for n, name in enumerate(bodyparts) if name in of_name]
        values = np.full((len(frames), len(bodyparts), 3), np.nan, np.float32)
        values[np.ix_(rows, columns)] = self.xyz[
            np.ix_(
                [of_frame[frames[n]] for n in rows],
                [of_name[bodyparts[n]] for n in columns],
            )
        ]
        return values


def _without_empty_z(xyz: NDArray[Any]) -> NDArray[Any]:
    return xyz[..., :2] if np.isnan(xyz[..., 2]).all() else xyz


def _label(frame: FrameKey, bodypart: str, xyz: NDArray[np.float32]) -> Label | None:
    x, y, *rest = xyz.tolist()
    if math.isnan(x):
        return None
    z = None if not rest or math.isnan(rest[0]) else rest[0]
    return Label(frame, bodypart, x, y, z)


def _as_names(value: Iterable[str]) -> tuple[str, ...]:
    names = tuple(str(name) for name in value)
    for name in names:
        if not name.strip():
            raise InvalidValue("A body part needs a name; type one.")
        if len(name) > NAME_LENGTH:
            raise InvalidValue(
                f"The body part {name!r} has {len(name)} characters; the table keeps "
                f"{NAME_LENGTH}, shorten it."
            )
    _refuse_twice([f"body part {name!r}" for name in names])
    return names


def _refuse_twice(words: list[str]) -> None:
    for each, count in Counter(words).items():
        if count > 1:
            raise InvalidValue(
                f"There are labels for {each} {count} times; once is enough."
            )
