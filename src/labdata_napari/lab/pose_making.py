"""How label sets come to be: empty, or with all their frames and labels at once."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import PoseLabels
from labdata_napari.core.pose_detail import details_of, now
from labdata_napari.errors import NotFound
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.limits import checked
from labdata_napari.lab.pose_sidecar import forget_aside, keep_aside, read_aside
from labdata_napari.lab.pose_tables import (
    are_shared,
    are_written,
    forget_set,
    make_own_tables,
    read_skeleton,
    write_details,
    write_skeleton,
)
from labdata_napari.lab.pose_writing import Images, LabelEdit, read_labels
from labdata_napari.lab.rows import fetched
from labdata_napari.lab.writing import write_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_detail import Detail
    from labdata_napari.core.pose_draft import Place, PoseDraft
    from labdata_napari.core.pose_skeleton import Skeleton

_NAMES_SHOWN = 20
_NUM = "pose_label_set_num"

Row = dict[str, Any]


def make_label_set(lab: Any, description: str | None, labeler: str | None) -> int:
    """Make an empty label set; see `Poses.create_label_set`."""
    return write_back(lab, _EmptySetEdit(lab, _row(lab, description, labeler)))


def make_whole_set(
    lab: Any,
    description: str | None,
    labeler: str | None,
    images: Mapping[FrameKey, NDArray[np.uint8]],
    draft: PoseDraft,
    skeleton: Skeleton,
    places: Iterable[Place] | None = None,
) -> int:
    """Make a label set with all that is in it, in one transaction or not at all.

    May be called again after `ConnectionLost`: a set of the same description and
    labeler with these frames, labels and body parts counts as made.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    description, labeler
        As `Poses.create_label_set` takes them.
    images
        (Y, X) or (Y, X, 3) uint8 by frame, each read once or twice.
    draft
        Labels in these frames, or in others, and which are hidden.
    skeleton
        Its body parts in their order, and how they hang together.
    places
        Of which labels it is kept who put them there, how and when; when None of those
        that are hidden.

    Returns
    -------
    int
        Its number.

    Raises
    ------
    NotFound, InvalidValue, WriteRefused, ConnectionLost
        As `Poses.create_label_set` and `Poses.add_frames`.
    """
    row = _row(lab, description, labeler)
    told = draft.occluded if places is None else places
    details = details_of(draft, told, str(lab.user)[:64], now())
    edit = _WholeSetEdit(lab, row, Images(images), draft.labels, skeleton, details)
    if not lab.read_only:  # else there is something simpler to say
        with translate_errors():
            edit.check()
    make_own_tables(lab)
    num = write_back(lab, edit)
    # of a set that was there already, what somebody made of it since holds
    if not are_written(lab) and read_aside(lab, num).skeleton is None:
        keep_aside(lab, num, details, skeleton)
    return num


def check_labeler(lab: Any, labeler: str | None) -> None:
    """See that somebody is a lab member; nobody is right, too.

    Raises
    ------
    NotFound
        When there is no such lab member; it names those there are.
    """
    if labeler is None:
        return
    with translate_errors():
        names = sorted(str(row["user_name"]) for row in fetched(lab.LabMember.proj()))
    if labeler in names:
        return
    shown = ", ".join(names[:_NAMES_SHOWN]) or "nobody yet"
    more = f" and {len(names) - _NAMES_SHOWN} more" * (len(names) > _NAMES_SHOWN)
    row = {"user_name": labeler, "date_joined": str(datetime.date.today())}
    raise NotFound(
        f"The labeler '{labeler}' is no member of this lab; its members are {shown}"
        f"{more}. Choose one of them or leave the labeler out, or add them from Python "
        f"with labdata_napari.connect().LabMember.insert1({row})."
    )


class _EmptySetEdit:
    """Makes a label set, unless there is an equal one that is empty."""

    doing = "Making the label set"

    def __init__(self, lab: Any, row: Row) -> None:
        self._lab = lab
        self._table = lab.PoseEstimationLabelSet
        self._row = row

    def read(self) -> list[Row]:
        # the first row stands for the table, which has no parent to lock
        fetched(self._table.proj(), locked=True)
        return fetched(self._table(), locked=True)

    def saved(self, rows: list[Row]) -> int | None:
        for row in _alike(rows, self._row):
            key = {_NUM: row[_NUM]}
            parts = (self._table.Frame, self._table.Label)
            if not any(len(part & key) for part in parts):
                return int(row[_NUM])
        return None

    def conflict(self, rows: list[Row]) -> None:
        """There is nothing to overwrite."""

    def write(self, rows: list[Row]) -> int:
        return _inserted(self._lab, self._row, rows)


class _WholeSetEdit:
    """Makes a label set with frames and labels, unless there is an equal one."""

    doing = "Making the label set"

    def __init__(
        self,
        lab: Any,
        row: Row,
        images: Mapping[FrameKey, NDArray[np.uint8]],
        labels: PoseLabels,
        skeleton: Skeleton,
        details: Mapping[Place, Detail],
    ) -> None:
        self._lab = lab
        self._row = row
        self._images = images
        self._labels = labels
        self._skeleton = skeleton
        self._details = details

    def check(self) -> None:
        self._edit(0).check()

    def read(self) -> list[Row]:
        # Nothing is locked: frames take their time, and two who take the same number
        # at once are told apart when it is inserted, before any frame is.
        return fetched(self._lab.PoseEstimationLabelSet())

    def saved(self, rows: list[Row]) -> int | None:
        labels = self._labels.by_place()
        frames = {*self._images, *(frame for frame, _ in labels)}
        for row in _alike(rows, self._row):
            number = int(row[_NUM])
            there = read_labels(self._lab, {_NUM: number})
            same = set(there.frames) == frames and there.by_place() == labels
            if same and self._has_bodyparts(number):
                return number
        return None

    def _has_bodyparts(self, number: int) -> bool:
        """Whether no body part is missing; others may have come since."""
        if are_shared(self._lab):
            known = read_skeleton(self._lab, number)
        else:
            known = read_aside(self._lab, number).skeleton
        return known is None or set(self._skeleton.bodyparts) <= set(known.bodyparts)

    def conflict(self, rows: list[Row]) -> None:
        """There is nothing to overwrite."""

    def write(self, rows: list[Row]) -> int:
        number = _inserted(self._lab, self._row, rows)
        self._edit(number).write((PoseLabels(), {}))
        if are_written(self._lab):
            write_skeleton(self._lab, number, self._skeleton)
            write_details(self._lab, number, self._details)
        return number

    def _edit(self, number: int) -> LabelEdit:
        nothing = PoseLabels()
        changes = nothing.changes_to(self._labels)
        return LabelEdit(self._lab, {_NUM: number}, self._images, nothing, changes)


def _row(lab: Any, description: str | None, labeler: str | None) -> Row:
    row = {_NUM: 0, "description": description, "labeler": labeler}
    with translate_errors():
        [row] = checked(lab.PoseEstimationLabelSet, [row], "the label set")
    check_labeler(lab, labeler)
    return row


def _alike(rows: list[Row], wanted: Row) -> list[Row]:
    same = ("description", "labeler")
    return [row for row in rows if all(row[c] == wanted[c] for c in same)]


def _inserted(lab: Any, row: Row, rows: list[Row]) -> int:
    number = max((int(other[_NUM]) for other in rows), default=-1) + 1
    lab.PoseEstimationLabelSet.insert1(row | {_NUM: number})
    if are_written(lab):
        forget_set(lab, number)
    forget_aside(lab, number)
    return number
