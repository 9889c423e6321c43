"""What an edit amounts to: what came, what changed, what went, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES_SHOWN = 6


class Editable(Protocol):
    """Something with a name that can say how it differs from what it was."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def difference(self, before: Self) -> str:
        """Say in a few words what changed since `before`; empty when nothing did."""


T = TypeVar("T", bound=Editable)


@dataclass(frozen=True)
class Changed(Generic[T]):
    """One thing before and after an edit."""

    before: T
    after: T

    @property
    def words(self) -> str:
        """The name it goes by now, and what changed."""
        return f"{self.after.name}: {self.after.difference(self.before)}"


@dataclass(frozen=True)
class Changes(Generic[T]):
    """The difference between a baseline and its edited copy; falsy when none.

    Attributes
    ----------
    added
        What the edited copy has and the baseline has not.
    changed
        What both have, before and after.
    removed
        What only the baseline has.
    """

    added: tuple[T, ...] = ()
    changed: tuple[Changed[T], ...] = ()
    removed: tuple[T, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def summary(self) -> str:
        """Say it in one line.

        Returns
        -------
        str
            Such as "2 added (probe A, lesion), 1 changed (probe B: 3 points moved,
            1 added), 1 removed (x)"; "no changes" when there are none.
        """
        parts = [
            _part("added", [item.name for item in self.added]),
            _part("changed", [item.words for item in self.changed]),
            _part("removed", [item.name for item in self.removed]),
        ]
        return ", ".join(part for part in parts if part) or "no changes"

    def compared_with(self, theirs: Changes[T]) -> tuple[Changed[T], ...]:
        """Pair what somebody else put under the same names with what is here.

        What both added, or changed alike in words, shows only so how it differs.

        Parameters
        ----------
        theirs
            Another edit of the same baseline.

        Returns
        -------
        tuple of Changed
            Their version as `before`, this one as `after`, where they differ.
        """
        other = {item.name: item for item in theirs._present}
        pairs = (Changed(other[i.name], i) for i in self._present if i.name in other)
        return tuple(pair for pair in pairs if pair.after.difference(pair.before))

    @property
    def _present(self) -> tuple[T, ...]:
        return (*self.added, *(change.after for change in self.changed))


def _part(verb: str, words: Sequence[str]) -> str:
    if not words:
        return ""
    # Semicolons keep "a: 3 points moved, 1 added" apart from what follows it.
    separator = "; " if any(", " in word for word in words) else ", "
    shown = separator.join(words[:_NAMES_SHOWN])
    if len(words) > _NAMES_SHOWN:
        shown += f"{separator}and {len(words) - _NAMES_SHOWN} more"
    return f"{len(words)} {verb} ({shown})"
