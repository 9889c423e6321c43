"""What journals hold of label sets: the keypoints that differ from what was loaded.

A line has those that became another since the line before ("set"), what was loaded of
them ("base"), those that are as loaded again ("gone") and, when they are not those of
the line before, the new frames and body parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_edits import SetKeypoints, read_edit
from labdata_napari.core.pose_unsaved import Unsaved, unsaved
from labdata_napari.lab.journal_lines import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.pose_draft import Keypoint, Place, PoseDraft


def _unsaved(edited: PoseDraft, baseline: PoseDraft) -> Unsaved | None:
    return unsaved(baseline, edited) or None


def _to_json(state: Unsaved, before: Unsaved | None) -> dict[str, Any]:
    known = Unsaved() if before is None else before
    record: dict[str, Any] = {}
    if changed := _apart(state.after, known.after):
        record["set"] = _rows(changed)
    if loaded := _apart(state.before, known.before):
        record["base"] = _rows(loaded)
    if gone := [at for at in known.after if at not in state.after]:
        record["gone"] = [[*frame, name] for frame, name in gone]
    if state.frames != known.frames:
        record["frames"] = [list(frame) for frame in state.frames]
    if state.bodyparts != known.bodyparts:
        record["bodyparts"] = list(state.bodyparts)
    return record


def _from_json(record: dict[str, Any], before: Unsaved | None) -> Unsaved:
    known = Unsaved() if before is None else before
    now = dict(known.after) | _keypoints(record.get("set", ()))
    loaded = dict(known.before) | _keypoints(record.get("base", ()))
    for *frame, name in record.get("gone", ()):
        place = _frame(frame), str(name)
        del now[place], loaded[place]
    if now.keys() != loaded.keys():
        raise ValueError("a keypoint of which nobody knows what was loaded")
    frames, names = known.frames, known.bodyparts
    if "frames" in record:
        frames = tuple(_frame(frame) for frame in record["frames"])
    if "bodyparts" in record:
        names = tuple(str(name) for name in record["bodyparts"])
    return Unsaved(loaded, now, frames, names)


def _apart(
    these: Mapping[Place, Keypoint], those: Mapping[Place, Keypoint]
) -> dict[Place, Keypoint]:
    return {at: keypoint for at, keypoint in these.items() if those.get(at) != keypoint}


def _rows(keypoints: Mapping[Place, Keypoint]) -> Any:
    return SetKeypoints(tuple(keypoints), tuple(keypoints.values()), "").to_json()[
        "set"
    ]


def _keypoints(rows: Sequence[Any]) -> dict[Place, Keypoint]:
    edit = read_edit({"words": "", "set": rows})
    return dict(zip(edit.places, edit.keypoints, strict=True))


def _frame(values: Sequence[Any]) -> FrameKey:
    return FrameKey.from_row(dict(zip(FrameKey._fields, values, strict=True)))


POSES: Kind[PoseDraft, PoseDraft, Unsaved] = Kind(
    _unsaved, Unsaved.__eq__, _to_json, _from_json
)
"""Working copies of label sets, and the drafts they came from."""
