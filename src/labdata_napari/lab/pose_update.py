"""Labels that come back from another tool, into the set they were exported from."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_files import LabelFile, frame_number, read_label_files
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.pose_draft import PoseDraft, State
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.pose_draft import Place

_SESSION = re.compile(r"session(.+?)_frame\d+")
_PLACE = re.compile(r"^im_(\d+)_")
# what a column of single precision and tools that write six digits leave of a number
_RELATIVE, _ABSOLUTE = 1e-5, 1e-3


@dataclass(frozen=True)
class Updated:
    """What bringing labels back amounted to; numbers of labels, and of frames.

    Attributes
    ----------
    updated, added, removed, unchanged
        Labels.
    frames
        Frames that the file speaks of.
    duplicate_frames
        Rows that name a frame that an earlier row names, too; they are left out.
    marked
        Body parts that the file says are hidden, or seen again.
    """

    updated: int
    added: int
    removed: int
    unchanged: int
    frames: int
    duplicate_frames: int = 0
    marked: int = 0


def update_labels(
    lab: Any, num: int, path: Path, progress: Callable[..., Any] | None = None
) -> Updated:
    """Make the labels of a set be those of a file, for the frames in the file.

    Where the file lies beside the manifest of our export, what was changed in the file
    is told from what was changed in the lab meanwhile; labels that the file never had
    are left alone. Without it, as for exports of labdata, a label that the file has a
    column for and no place is deleted. Where the file says what is hidden, that comes
    in, too.

    Parameters
    ----------
    lab
        The `Lab`.
    num
        Number of the set.
    path
        File of labels, or the folder it is in.
    progress
        Called with what is done, how much in all, and a word for it.

    Returns
    -------
    Updated
        What was changed.

    Raises
    ------
    NotFound, UnreadableFile
        When there is no such file or set.
    InvalidValue
        When the file is of another set, or a row cannot be told apart.
    WriteConflict
        When somebody changed the same labels in the lab since they were exported.
    WriteRefused
        When this user may not write.
    """
    tell = progress or _silent
    tell(0, 2, "reading")
    [file] = _one(read_label_files(path))
    stored: PoseDraft = lab.poses.load_draft(num)
    labels = stored.labels
    keys, repeated = _keys(file, labels.frames, num)
    known, hidden = labels, stored.occluded
    if file.manifest is not None:
        known = file.manifest.labels
        hidden = hidden if file.manifest.hidden is None else file.manifest.hidden
    edited = _edited(file, keys, known)
    baseline = replace(stored, labels=known, occluded=hidden)
    wanted = _wanted(baseline, edited, _hidden(file, keys, baseline))
    tell(1, 2, "writing")
    changes = lab.poses.save_draft(num, baseline, wanted)
    tell(2, 2, "writing")
    # what the lab has already, as after an update that is done again, is no news
    after = [*changes.added, *(change.after for change in changes.changed)]
    there = labels.by_place(label.place for label in (*after, *changes.removed))
    news = [label for label in after if there.get(label.place) != label]
    new = sum(label.place not in there for label in news)
    gone = sum(label.place in there for label in changes.removed)
    unchanged = len(edited) - len(news)
    said = baseline.occluded ^ wanted.occluded
    marked = len(said & (stored.occluded ^ wanted.occluded))
    return Updated(len(news) - new, new, gone, unchanged, len(keys), repeated, marked)


def _wanted(
    baseline: PoseDraft, edited: PoseLabels, hidden: frozenset[Place]
) -> PoseDraft:
    """Put together what is to be saved; what the file moved, nobody else put there."""
    changes = baseline.labels.changes_to(edited)
    moved = {change.after.place for change in changes.changed}
    moved |= {label.place for label in (*changes.added, *changes.removed)}
    sources = {p: n for p, n in baseline.sources.items() if p not in moved}
    return PoseDraft(edited, hidden, MappingProxyType(sources))


def _hidden(
    file: LabelFile, keys: Mapping[str | int, FrameKey], baseline: PoseDraft
) -> frozenset[Place]:
    """Say what is hidden after a file was read that may say it."""
    table, hidden = file.table, set(baseline.occluded)
    if table.states is None:
        return baseline.occluded
    of_row = {row: n for n, row in enumerate(table.rows)}
    # SLEAP tells of what is somewhere, and nothing of what is not
    is_sleap = file.path.suffix.lower() == ".slp"
    for row, frame in keys.items():
        for name, state, (x, _) in zip(
            table.bodyparts,
            table.states[of_row[row]],
            table.xy[of_row[row]],
            strict=True,
        ):
            if state == State.OCCLUDED:
                hidden.add((frame, name))
            elif x == x or not is_sleap or baseline[frame, name].is_placed:
                hidden.discard((frame, name))
    return frozenset(hidden)


def _one(files: Sequence[LabelFile]) -> Sequence[LabelFile]:
    if len(files) > 1:
        names = ", ".join(f"'{file.path.parent.name}'" for file in files)
        raise InvalidValue(
            f"There are labels in the folders {names}; choose the one of this set."
        )
    return files


def _edited(
    file: LabelFile, keys: Mapping[str | int, FrameKey], baseline: PoseLabels
) -> PoseLabels:
    """Labels as the file has them; a number that only lost digits is the old one."""
    table = file.table
    at = [n for n, row in enumerate(table.rows) if row in keys]
    frames = tuple(keys[table.rows[n]] for n in at)
    values = table.xy[at].astype(np.float32)
    if file.manifest is not None:
        _forget_handles(file, at, values)
    old = PoseLabels(table.bodyparts, frames).with_values_of(baseline).xyz[..., :2]
    with np.errstate(invalid="ignore"):
        close = np.abs(values - old) <= _ABSOLUTE + _RELATIVE * np.abs(old)
    same = close.all(axis=2, keepdims=True)
    return PoseLabels(table.bodyparts, frames, np.where(same, old, values))


def _forget_handles(
    file: LabelFile, at: Sequence[int], values: NDArray[np.float32]
) -> None:
    """Take away what was only put there to be dragged, and was not."""
    assert file.manifest is not None
    names = {name: n for n, name in enumerate(file.table.bodyparts)}
    for n, row in enumerate(at):
        picture = file.manifest.picture(str(file.table.rows[row]))
        for (where, name), place in file.manifest.handles.items():
            if where == picture and name in names:
                handle = values[n, names[name]]
                if np.allclose(handle, place, _RELATIVE, _ABSOLUTE):
                    handle[:] = np.nan


# -- which row is which frame --------------------------------------------------


def _keys(
    file: LabelFile, frames: Sequence[FrameKey], num: int
) -> tuple[dict[str | int, FrameKey], int]:
    """Find the frame of every row; also how many rows name one a second time."""
    if file.manifest is not None:
        found = _by_manifest(file, num)
    else:
        found = _by_names(file, frames, num)
    first = {frame: row for row, frame in reversed(found.items())}
    keys = {row: frame for row, frame in found.items() if first[frame] == row}
    return keys, len(found) - len(keys)


def _by_manifest(file: LabelFile, num: int) -> dict[str | int, FrameKey]:
    manifest = file.manifest
    assert manifest is not None
    if manifest.label_set != num:
        raise InvalidValue(
            f"'{file.path}' was exported from label set {manifest.label_set}, not "
            f"{num}; update that one."
        )
    found: dict[str | int, FrameKey] = {}
    for row in file.table.rows:
        picture = manifest.picture(str(row))
        if picture is None:
            raise InvalidValue(
                f"'{file.path}' has a row '{row}', which was not exported from label "
                f"set {num}; import its picture first, or remove the row."
            )
        found[row] = manifest.frames[picture]
    return found


def _by_names(
    file: LabelFile, frames: Sequence[FrameKey], num: int
) -> dict[str | int, FrameKey]:
    """Find frames by what names of pictures tell: session and number, or video."""
    candidates = {row: tuple(_fitting(file, row, frames)) for row in file.table.rows}
    alike = defaultdict(list)
    for row, fitting in candidates.items():
        if not fitting:
            raise InvalidValue(
                f"No frame of label set {num} fits '{row}' of '{file.path}'; nothing "
                "was changed."
            )
        alike[fitting].append(row)
    found: dict[str | int, FrameKey] = {}
    for fitting, rows in alike.items():
        if len(fitting) != len(rows) and len(fitting) > 1:
            either = " or ".join(frame.words for frame in fitting)
            raise InvalidValue(
                f"'{rows[0]}' of '{file.path}' may be {either}; its name does not "
                "tell. Export the label set anew: what lies beside the file then tells "
                "them apart."
            )
        # labdata numbers pictures in the order of their keys
        ordered = sorted(rows, key=_place) if len(fitting) > 1 else rows
        pairs = zip(ordered, sorted(fitting) * len(rows), strict=False)
        found.update(pairs)
    return {row: found[row] for row in file.table.rows}


def _fitting(
    file: LabelFile, row: str | int, frames: Sequence[FrameKey]
) -> list[FrameKey]:
    number = frame_number(row)
    session = _SESSION.search(str(row).rsplit("/", 1)[-1])
    fitting = [frame for frame in frames if frame.frame_num == number]
    if session:
        return [frame for frame in fitting if frame.session_name == session[1]]
    video = file.video_name(row)
    return [frame for frame in fitting if frame.video_name == video] or fitting


def _place(row: str | int) -> int:
    found = _PLACE.search(str(row).rsplit("/", 1)[-1])
    return int(found[1]) if found else -1


def _silent(done: int, total: int, stage: str) -> None:
    """Tell nobody."""
