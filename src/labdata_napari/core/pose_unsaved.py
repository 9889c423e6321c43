"""What a label set's working copy holds that the lab does not, whole or nearly so.

It is small however large the set is, goes to the journal after every edit, and can be
put on top of rows that others changed meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from labdata_napari.core.pose_draft import State
from labdata_napari.core.pose_edits import SetKeypoints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_draft import Keypoint, Place, PoseDraft


@dataclass(frozen=True)
class Unsaved:
    """Keypoints that differ from what was loaded; false when there is nothing.

    Attributes
    ----------
    before, after
        What was loaded or last saved, and what it became; of the same places.
    frames
        That were not in the set.
    bodyparts
        That were not in the set; they may have no label.
    """

    before: Mapping[Place, Keypoint] = field(
        default_factory=lambda: MappingProxyType({})
    )
    after: Mapping[Place, Keypoint] = field(
        default_factory=lambda: MappingProxyType({})
    )
    frames: tuple[FrameKey, ...] = ()
    bodyparts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.after or self.frames or self.bodyparts)

    def __len__(self) -> int:
        """How many keypoints differ."""
        return len(self.after)

    @property
    def words(self) -> str:
        """Such as "3 moved, 2 added, 1 removed, 1 marked, 2 new frames"."""
        counts = dict.fromkeys(("moved", "added", "removed", "marked"), 0)
        for place, now in self.after.items():
            counts[_verb(self.before[place], now)] += 1
        said = [f"{count:,} {verb}" for verb, count in counts.items() if count]
        for new, what in ((self.frames, "frame"), (self.bodyparts, "body part")):
            if new:
                said.append(f"{len(new):,} new {what}{'s' * (len(new) > 1)}")
        return ", ".join(said) or "no changes"

    def edit_for(self, present: PoseDraft) -> SetKeypoints | None:
        """Give the edit that makes `present` hold these; None when it does."""
        here = present.at(self.after)
        wanted = {at: k for at, k in self.after.items() if here[at] != k}
        if not wanted:
            return None
        return SetKeypoints(
            tuple(wanted), tuple(wanted.values()), "restore unsaved changes"
        )

    def missing_from(self, present: PoseDraft) -> Unsaved:
        """Return what `present` does not hold already."""
        labels = present.labels
        edit = self.edit_for(present)
        places = () if edit is None else edit.places
        return Unsaved(
            {at: self.before[at] for at in places},
            {at: self.after[at] for at in places},
            tuple(key for key in self.frames if key not in labels.frames),
            tuple(name for name in self.bodyparts if name not in labels.bodyparts),
        )

    def changed_in(self, present: PoseDraft) -> tuple[Place, ...]:
        """Return the places that somebody else changed, otherwise, since it was loaded.

        Only where they are is compared: who put a label there says nothing against it.
        """
        here = present.at(self.after)
        return tuple(
            place
            for place, now in here.items()
            if _where(now)
            not in (_where(self.before[place]), _where(self.after[place]))
        )


def unsaved(baseline: PoseDraft, edited: PoseDraft) -> Unsaved:
    """Compare a working copy with what was loaded or last saved.

    Parameters
    ----------
    baseline
        What was loaded or last saved.
    edited
        The working copy; what it leaves out, it does not change, as
        `labdata_napari.core.pose.PoseLabels.changes_to` has it.
    """
    if edited is baseline:
        return Unsaved()
    known, labels = baseline.labels, edited.labels
    changes = known.changes_to(labels)
    new = (*changes.added, *(c.after for c in changes.changed), *changes.removed)
    places = dict.fromkeys(label.place for label in new)
    places |= dict.fromkeys(sorted(baseline.occluded ^ edited.occluded))
    if baseline.sources != edited.sources:
        there = baseline.sources.items() ^ edited.sources.items()
        places |= dict.fromkeys(sorted({place for place, _ in there}))
    before, after = baseline.at(places), edited.at(places)
    apart = [place for place in places if before[place] != after[place]]
    frames, names = set(known.frames), set(known.bodyparts)
    return Unsaved(
        {place: before[place] for place in apart},
        {place: after[place] for place in apart},
        tuple(key for key in labels.frames if key not in frames),
        tuple(name for name in labels.bodyparts if name not in names),
    )


def _where(keypoint: Keypoint) -> tuple[object, ...]:
    return keypoint.x, keypoint.y, keypoint.state


def _verb(before: Keypoint, after: Keypoint) -> str:
    if not before.is_placed and after.is_placed:
        return "added"
    if before.is_placed and not after.is_placed:
        return "marked" if after.state is State.OCCLUDED else "removed"
    moved = (before.x, before.y, before.z) != (after.x, after.y, after.z)
    return "moved" if moved else "marked"
