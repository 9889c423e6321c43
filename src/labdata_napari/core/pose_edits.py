"""What a person does to labels, as edits that can be undone.

Each function looks at a draft and returns the edit, or None where there is nothing to
do; `SetKeypoints.apply` makes the next draft, `labdata_napari.core.history` remembers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.pose import FrameKey
from labdata_napari.core.pose_draft import (
    ABSENT,
    COPIED,
    INTERPOLATED,
    Keypoint,
    Place,
    PoseDraft,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from labdata_napari.core.pose_predictions import Predictions


@dataclass(frozen=True)
class SetKeypoints:
    """Make body parts be somewhere.

    Attributes
    ----------
    places
        Distinct.
    keypoints
        What each becomes.
    words
        What it amounts to, such as "move nose".
    """

    places: tuple[Place, ...]
    keypoints: tuple[Keypoint, ...]
    words: str

    def apply(self, state: PoseDraft) -> PoseDraft:
        """Return the draft after it."""
        return state.with_keypoints(self.places, self.keypoints)

    def inverse(self, state: PoseDraft) -> SetKeypoints:
        """Return the edit that leads back to `state`."""
        before = tuple(state[place] for place in self.places)
        return SetKeypoints(self.places, before, self.words)

    @property
    def merge_key(self) -> object:
        """Equal for edits in a row of which the last leaves nothing of the others."""
        return self.words, self.places

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON holds it; see `read_edit`."""
        return {
            "words": self.words,
            "set": [
                [*frame, name, k.x, k.y, k.z, int(k.state or 0), k.source]
                for (frame, name), k in zip(self.places, self.keypoints, strict=True)
            ],
        }


def read_edit(record: dict[str, Any]) -> SetKeypoints:
    """Read what `SetKeypoints.to_json` gave; KeyError, TypeError or ValueError."""
    places: list[Place] = []
    keypoints: list[Keypoint] = []
    for *frame, name, x, y, z, state, source in record["set"]:
        key = FrameKey.from_row(dict(zip(FrameKey._fields, frame, strict=True)))
        places.append((key, str(name)))
        keypoints.append(Keypoint(x, y, z, State(state), int(source)))
    return SetKeypoints(tuple(places), tuple(keypoints), str(record["words"]))


def place(draft: PoseDraft, at: Place, x: float, y: float) -> SetKeypoints:
    """Put a body part somewhere by hand; what was occluded stays so, z too."""
    before = draft[at]
    state = State.OCCLUDED if before.state is State.OCCLUDED else State.VISIBLE
    verb = "move" if before.is_placed else "label"
    return SetKeypoints((at,), (Keypoint(x, y, before.z, state),), f"{verb} {at[1]}")


def occlude(draft: PoseDraft, at: Place) -> SetKeypoints:
    """Say that a body part is hidden; again, that it is not."""
    before = draft[at]
    if before.state is State.OCCLUDED:
        after = replace(before, state=State.VISIBLE) if before.is_placed else ABSENT
        return SetKeypoints((at,), (after,), f"see {at[1]}")
    after = replace(before, state=State.OCCLUDED)
    return SetKeypoints((at,), (after,), f"hide {at[1]}")


def delete(draft: PoseDraft, places: Iterable[Place]) -> SetKeypoints | None:
    """Take labels away."""
    there = tuple(at for at in places if draft[at].state is not State.ABSENT)
    return _set(there, [ABSENT] * len(there), "delete")


def copy_previous(
    draft: PoseDraft, frame: FrameKey, overwrite: bool = False
) -> SetKeypoints | None:
    """Copy from the nearest labelled frame before it in the same video.

    Parameters
    ----------
    draft
        The working copy.
    frame
        Where to.
    overwrite
        Whether also what is labelled there already; else only what is missing.
    """
    source = labelled_before(draft, frame)
    return None if source is None else _copied(draft, source, frame, overwrite)


def labelled_before(draft: PoseDraft, frame: FrameKey) -> FrameKey | None:
    """Return the nearest frame before one, in the same video, that has labels."""
    return _nearest(draft, frame, lambda number: number < frame.frame_num, max)


def interpolate(
    draft: PoseDraft, frame: FrameKey, overwrite: bool = False
) -> SetKeypoints | None:
    """Put what is missing on the straight line between the labelled frames around it.

    Only body parts with a place in both of them are.
    """
    before = labelled_before(draft, frame)
    after = _nearest(draft, frame, lambda number: number > frame.frame_num, min)
    if before is None or after is None:
        return None
    share = (frame.frame_num - before.frame_num) / (after.frame_num - before.frame_num)
    places: list[Place] = []
    keypoints: list[Keypoint] = []
    for name in draft.labels.bodyparts:
        a, b, here = draft[before, name], draft[after, name], draft[frame, name]
        if a.x is None or a.y is None or b.x is None or b.y is None:
            continue
        if here.state is not State.ABSENT and not overwrite:
            continue
        x, y = a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)
        places.append((frame, name))
        keypoints.append(Keypoint(x, y, here.z, source=INTERPOLATED))
    return _set(places, keypoints, "interpolate")


def accept(
    draft: PoseDraft,
    frame: FrameKey,
    predictions: Predictions,
    lowest: float = 0.0,
    overwrite: bool = False,
) -> SetKeypoints | None:
    """Take what a model saw in a frame as labels, with the model as their source.

    Parameters
    ----------
    draft
        The working copy.
    frame
        Of the video of `predictions`.
    predictions
        What the model saw.
    lowest
        Likelihood below which nothing is taken.
    overwrite
        Whether also where there is a label; else only what is missing.
    """
    source = predictions.source
    places: list[Place] = []
    keypoints: list[Keypoint] = []
    for name, (x, y, likelihood) in predictions.at(frame.frame_num).items():
        unsure = np.isnan(x) or likelihood < lowest
        there = draft[frame, name].state is not State.ABSENT
        if unsure or (there and not overwrite):
            continue
        places.append((frame, name))
        keypoints.append(Keypoint(x, y, source=source))
    return _set(places, keypoints, "accept")


def _copied(
    draft: PoseDraft, source: FrameKey, frame: FrameKey, overwrite: bool
) -> SetKeypoints | None:
    places: list[Place] = []
    keypoints: list[Keypoint] = []
    for name in draft.labels.bodyparts:
        found, here = draft[source, name], draft[frame, name]
        if found.state is State.ABSENT:
            continue
        if here.state is not State.ABSENT and not overwrite:
            continue
        places.append((frame, name))
        keypoints.append(replace(found, z=here.z, source=COPIED))
    return _set(places, keypoints, "copy")


def _set(
    places: Sequence[Place], keypoints: Sequence[Keypoint], verb: str
) -> SetKeypoints | None:
    if not places:
        return None
    many = len(places) > 1
    what = f"{len(places)} labels" if many else f"{places[0][1]}"
    return SetKeypoints(tuple(places), tuple(keypoints), f"{verb} {what}")


def _nearest(
    draft: PoseDraft,
    frame: FrameKey,
    is_on_side: Callable[[int], bool],
    pick: Callable[..., FrameKey],
) -> FrameKey | None:
    """Find the nearest frame of the same video that has labels, on one side."""
    labelled = (draft.states() != State.ABSENT).any(axis=1)
    found = [
        key
        for key, has_labels in zip(draft.labels.frames, labelled, strict=True)
        if has_labels and key[:4] == frame[:4] and is_on_side(key.frame_num)
    ]
    return pick(found, key=lambda key: key.frame_num) if found else None
