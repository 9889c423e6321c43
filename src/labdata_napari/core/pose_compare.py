"""What saving labels would do, beside what others did meanwhile, before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata_napari.core.changes import Changes
    from labdata_napari.core.pose import Label, PoseLabels
    from labdata_napari.core.pose_draft import Place


@dataclass(frozen=True)
class Conflict:
    """A label that two people changed, differently.

    Attributes
    ----------
    place
        Which.
    mine, theirs
        What each made of it; None where it was removed.
    """

    place: Place
    mine: Label | None
    theirs: Label | None


@dataclass(frozen=True)
class Comparison:
    """Changes of a working copy, and of others since it was loaded.

    Attributes
    ----------
    mine
        From what was loaded to the working copy.
    unchanged
        Labels that were loaded and are as they were.
    others
        How many labels others added, moved or removed since.
    conflicts
        Those of them that were changed here, too, otherwise.
    """

    mine: Changes[Label]
    unchanged: int
    others: int
    conflicts: tuple[Conflict, ...]

    @property
    def words(self) -> str:
        """Such as "412 moved, 51 added, 9 removed, 9,011 unchanged; 2 changed by …"."""
        counts = (
            (len(self.mine.changed), "moved"),
            (len(self.mine.added), "added"),
            (len(self.mine.removed), "removed"),
            (self.unchanged, "unchanged"),
        )
        words = ", ".join(f"{count:,} {verb}" for count, verb in counts if count)
        if not self.mine:
            words = "no changes"
        if self.others:
            words += f"; {self.others:,} changed by another user since you opened"
        if self.conflicts:
            them = "one" if len(self.conflicts) == 1 else f"{len(self.conflicts):,}"
            words += f", {them} of them by you, too"
        return words


def compared(
    baseline: PoseLabels, edited: PoseLabels, theirs: PoseLabels
) -> Comparison:
    """Compare a working copy with what it was made from, and with what is there now.

    Parameters
    ----------
    baseline
        What was loaded.
    edited
        The working copy; see `PoseLabels.changes_to` for what counts.
    theirs
        What the lab holds now, the whole set.
    """
    mine, other = baseline.changes_to(edited), baseline.differences_to(theirs)
    my, their = _wanted(mine), _wanted(other)
    conflicts = tuple(
        Conflict(place, my[place], their[place])
        for place in my
        if place in their and my[place] != their[place]
    )
    unchanged = len(baseline) - len(mine.changed) - len(mine.removed)
    return Comparison(mine, unchanged, len(their), conflicts)


def _wanted(changes: Changes[Label]) -> dict[Place, Label | None]:
    after = (*changes.added, *(change.after for change in changes.changed))
    wanted: dict[Place, Label | None] = {label.place: label for label in after}
    return wanted | {label.place: None for label in changes.removed}
