"""What is written of label sets; see `labdata_napari.lab.writing` for how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.changes import Changes
from labdata_napari.core.pose import FrameKey, Label, PoseLabels
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.pose_sql import NUM, PLACE, at_places, parts, put
from labdata_napari.lab.rows import as_array, fetched
from labdata_napari.lab.writing import (
    conflicting,
    conflicting_words,
    lock_row,
    write_back,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.pose_draft import Place
    from labdata_napari.errors import WriteConflict

_BYTES_PER_STATEMENT = 8 * 2**20
_FEW = 2000
"""Labels up to which each is asked for by its place; more, and all are read."""

_COORDINATES = ("x", "y", "z")

Key = dict[str, Any]
_Rows = tuple[PoseLabels, "dict[FrameKey, NDArray[np.uint8]]"]


class Images(Mapping[FrameKey, "NDArray[np.uint8]"]):
    """Pictures by the keys of frames, each looked at when it is taken."""

    def __init__(self, images: Mapping[FrameKey, NDArray[np.uint8]]) -> None:
        self._images = images
        self._keys = {FrameKey(*frame): frame for frame in images}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[FrameKey]:
        return iter(self._keys)

    def __getitem__(self, frame: FrameKey) -> NDArray[np.uint8]:
        return _as_image(frame, self._images[self._keys[frame]])


def _as_image(frame: FrameKey, image: Any) -> NDArray[np.uint8]:
    array = np.asarray(image)
    colours = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or not (array.ndim == 2 or colours) or not array.size:
        raise InvalidValue(
            f"The picture of {frame.words} must be uint8 and (Y, X) or (Y, X, 3); got "
            f"{array.dtype} {array.shape}."
        )
    return array


@dataclass(frozen=True)
class Also:
    """What is written in the same transaction as labels, after them.

    Attributes
    ----------
    places
        What it asks about.
    write
        Called with the labels at these places, and more, as they were before; may be
        called again.
    """

    places: Sequence[Place]
    write: Callable[[PoseLabels], None]


def save_labels(
    lab: Any,
    key: Key,
    images: Mapping[FrameKey, NDArray[np.uint8]],
    baseline: PoseLabels,
    changes: Changes[Label],
    also: Also | None = None,
) -> Changes[Label]:
    """Add frames to a set and make changes to its labels, in one transaction."""
    edit = LabelEdit(lab, key, images, baseline, changes, also)
    if not lab.read_only:  # else there is something simpler to say
        with translate_errors():
            edit.check()
    return write_back(lab, edit)


class LabelEdit:
    """Adds frames to a set, and changes labels in it; see `writing.Edit`."""

    doing = "Saving the labels"

    def __init__(
        self,
        lab: Any,
        key: Key,
        images: Mapping[FrameKey, NDArray[np.uint8]],
        baseline: PoseLabels,
        changes: Changes[Label],
        also: Also | None = None,
    ) -> None:
        self._lab = lab
        self._also = also
        self._set = lab.PoseEstimationLabelSet
        self._key = key
        self._images = images
        self._baseline = baseline
        self._changes = changes
        self._wanted: dict[tuple[FrameKey, str], Label | None] = {
            label.place: label
            for label in (*changes.added, *(c.after for c in changes.changed))
        }
        self._wanted |= {label.place: None for label in changes.removed}

    def check(self) -> None:
        """Check what would be written, and that its videos are there."""
        new = [label for label in self._wanted.values() if label is not None]
        table = self._set.Label()
        for label in _representing(new):
            checked(table, [self._key | label.to_row()], f"label {label.name}")
        frames = {*self._images, *(label.frame for label in new)}
        for video in sorted({frame[:4] for frame in frames}):
            key = dict(zip(FrameKey._fields[:4], video, strict=True))
            if not self._lab.DatasetVideo & key:
                raise NotFound(f"There is no DatasetVideo with {words(key)}.")
        _check_sizes(self._lab, self._images)

    def read(self) -> _Rows:
        """Lock the set, then read the labels that are spoken of, and these frames."""
        lock_row(self._set, self._key)
        places = dict.fromkeys(
            (*self._wanted, *(self._also.places if self._also else ()))
        )
        labels = read_labels_at(self._lab, self._key, tuple(places))
        return labels, read_frames(self._lab, self._key, self._images, locked=True)

    def saved(self, rows: _Rows) -> Changes[Label] | None:
        """Tell what was saved, if the rows are as they shall be."""
        there = self._also is None and not self._missing(*rows)
        return self._changes if there else None

    def conflict(self, rows: _Rows) -> WriteConflict | None:
        """Tell what somebody else changed of the same."""
        labels, stored = rows
        other = [key.words for key in stored if not self._is_stored(key, stored)]
        if other:
            return conflicting_words(
                "frames of this label set",
                stored,
                f"{other[0]} is there with other pixels",
                f"{len(self._images)} frames to add",
            )
        before = self._baseline.by_place(self._wanted)
        now = labels.by_place(self._wanted)
        both = {
            place
            for place, label in self._wanted.items()
            if now.get(place) not in (label, before.get(place))
        }
        if not both:
            return None
        theirs = read_labels(self._lab, self._key, locked=True)
        their_changes = _only(self._baseline.differences_to(theirs), both)
        my_changes = _only(self._changes, both)
        return conflicting(
            "labels of this set that you changed too,",
            theirs,
            their_changes,
            my_changes,
        )

    def write(self, rows: _Rows) -> Changes[Label]:
        """Write what differs."""
        labels, stored = rows
        new = [key for key in self._images if not self._is_stored(key, stored)]
        for keys in _by_size(self._lab, self._images, new):
            self._set.Frame.insert(
                self._key | key.to_row() | {"frame": self._images[key]} for key in keys
            )
        now = labels.by_place(self._wanted)
        missing = {p: x for p, x in self._wanted.items() if now.get(p) != x}
        num, table = int(self._key[NUM]), self._set.Label.full_table_name
        for part in parts([p for p, x in missing.items() if x is None]):
            where, values = at_places(num, part)
            self._lab.connection.query(f"DELETE FROM {table} WHERE {where}", values)
        new_labels = [x for x in missing.values() if x is not None]
        put(
            self._lab,
            table,
            _COORDINATES,
            [(num, *x.frame, x.bodypart, x.x, x.y, x.z) for x in new_labels],
        )
        if self._also is not None:
            self._also.write(labels)
        return self._changes

    def _missing(
        self, labels: PoseLabels, stored: Mapping[FrameKey, NDArray[np.uint8]]
    ) -> bool:
        now = labels.by_place(self._wanted)
        return any(not self._is_stored(key, stored) for key in self._images) or any(
            now.get(place) != label for place, label in self._wanted.items()
        )

    def _is_stored(
        self, key: FrameKey, stored: Mapping[FrameKey, NDArray[np.uint8]]
    ) -> bool:
        return key in stored and np.array_equal(stored[key], self._images[key])


def _representing(labels: Sequence[Label]) -> Iterator[Label]:
    """Choose labels of which all fit their columns when these do.

    Coordinates always do. So one of each body part, and of each video those whose
    frames come first and last.
    """
    yield from {label.bodypart: label for label in labels}.values()
    ordered = sorted(labels, key=lambda label: label.frame)
    yield from {label.frame[:4]: label for label in ordered}.values()
    yield from {label.frame[:4]: label for label in reversed(ordered)}.values()


def read_labels(lab: Any, key: Key, locked: bool = False) -> PoseLabels:
    """Read the labels of a set, to the last bit, and which frames it has."""
    rows = _label_rows(lab, f"{NUM} = %s", (int(key[NUM]),), locked)
    frames = fetched((lab.PoseEstimationLabelSet.Frame & key).proj())
    return PoseLabels.from_rows(rows, map(FrameKey.from_row, frames))


def read_labels_at(lab: Any, key: Key, places: Sequence[Place]) -> PoseLabels:
    """Read labels at some places, to the last bit, and lock them; maybe others, too."""
    num = int(key[NUM])
    if len(places) > _FEW:
        return PoseLabels.from_rows(_label_rows(lab, f"{NUM} = %s", (num,), True))
    rows = [
        row
        for part in parts(places)
        for row in _label_rows(lab, *at_places(num, part), locked=True)
    ]
    return PoseLabels.from_rows(rows)


def _label_rows(
    lab: Any, where: str, values: Sequence[Any], locked: bool
) -> list[tuple[Any, ...]]:
    # MySQL gives a float32 with six digits, unless it is calculated with
    exact = ", ".join(f"{name} * 1e0" for name in _COORDINATES)
    table = lab.PoseEstimationLabelSet.Label.full_table_name
    statement = f"SELECT {', '.join(PLACE)}, {exact} FROM {table} WHERE {where}"
    if locked:
        statement += " FOR UPDATE"
    rows: list[tuple[Any, ...]] = lab.connection.query(statement, values).fetchall()
    return rows


def read_frames(
    lab: Any, key: Key, frames: Iterable[FrameKey], locked: bool = False
) -> dict[FrameKey, NDArray[np.uint8]]:
    """Read the pixels of those frames that a set has."""
    wanted = [frame.to_row() for frame in frames]
    found = {}
    for part in parts(wanted):
        query = lab.PoseEstimationLabelSet.Frame & key & list(part)
        for row in fetched(query, {"frame": as_array}, locked):
            found[FrameKey.from_row(row)] = row["frame"]
    return found


def _check_sizes(lab: Any, images: Mapping[FrameKey, NDArray[np.uint8]]) -> None:
    """Refuse a picture that the server would not take in one piece."""
    limit = _packet(lab) if images else None
    if limit is None:
        return
    for frame, image in images.items():
        # packing takes a while; it makes nothing larger than it was
        if _sent(image.nbytes) <= limit:
            continue
        from datajoint import blob

        size = _sent(len(blob.pack(image)))
        if size > limit:
            raise InvalidValue(
                f"The picture of {frame.words} takes {size:,} bytes and the database "
                f"server accepts {limit:,} at a time; make it smaller, or have "
                "max_allowed_packet raised there."
            )


def _packet(lab: Any) -> int | None:
    if lab.connection.adapter.backend != "mysql":
        return None
    [(size,)] = lab.connection.query("SELECT @@max_allowed_packet").fetchall()
    return int(size)


def _sent(size: int) -> int:
    """Bytes of a statement around a blob, some of whose bytes need an escape."""
    return int(size * 1.1) + 2000


def _by_size(
    lab: Any, images: Mapping[FrameKey, NDArray[np.uint8]], frames: Sequence[FrameKey]
) -> Iterator[list[FrameKey]]:
    """Divide frames so that each statement stays small; a large one goes alone."""
    if not frames:
        return
    limit = min(_BYTES_PER_STATEMENT, (_packet(lab) or _BYTES_PER_STATEMENT) // 2)
    part: list[FrameKey] = []
    size = 0
    for frame in frames:
        if part and size + _sent(images[frame].nbytes) > limit:
            yield part
            part, size = [], 0
        part.append(frame)
        size += _sent(images[frame].nbytes)
    if part:
        yield part


def _only(changes: Changes[Label], places: set[tuple[FrameKey, str]]) -> Changes[Label]:
    return Changes(
        tuple(label for label in changes.added if label.place in places),
        tuple(c for c in changes.changed if c.after.place in places),
        tuple(label for label in changes.removed if label.place in places),
    )
