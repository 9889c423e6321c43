"""What was done and undone to something, without limit.

A history is a value: doing and undoing return another one, so it can be kept beside
the state it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

S = TypeVar("S")


class Edit(Protocol[S]):
    """What all edits have.

    Raises
    ------
    NotFound, InvalidValue
        By `apply` and `inverse`, when the state is not one they were made for.
    """

    @property
    def words(self) -> str:
        """What is done: "move 2 points of probe A"."""

    def apply(self, state: S) -> S:
        """Return the state after it."""

    def inverse(self, state: S) -> Edit[S]:
        """Return the edit that leads from the state after it to `state`."""


@dataclass(frozen=True, eq=False)
class Step(Generic[S]):
    """One thing that a person did.

    Attributes
    ----------
    edit
        What it was.
    back
        What undoes it.
    merge_key
        Steps in a row with the same key, other than None, become one: the stages of
        one drag.
    """

    edit: Edit[S]
    back: Edit[S]
    merge_key: Hashable = None


@dataclass(frozen=True, eq=False)
class History(Generic[S]):
    """The steps done, and those undone that can be done again.

    Attributes
    ----------
    done
        Oldest first.
    undone
        The one to redo next is last.
    """

    done: tuple[Step[S], ...] = ()
    undone: tuple[Step[S], ...] = ()

    @property
    def undo_words(self) -> str:
        """What undo would take back; empty when there is nothing."""
        return self.done[-1].edit.words if self.done else ""

    @property
    def redo_words(self) -> str:
        """What redo would do again; empty when there is nothing."""
        return self.undone[-1].edit.words if self.undone else ""

    def did(self, edit: Edit[S], before: S, merge_key: Hashable = None) -> Self:
        """Note an edit that was applied to `before`; what was undone is forgotten."""
        step = Step(edit, edit.inverse(before), merge_key)
        if merge_key is not None and self.done and not self.undone:
            last = self.done[-1]
            if last.merge_key == merge_key:
                return type(self)((*self.done[:-1], self._merged(last, step)))
        return type(self)((*self.done, step))

    def undo(self, state: S) -> tuple[S, Self]:
        """Take the last step back; both as they are when there is none.

        Raises
        ------
        NotFound, InvalidValue
            When the state was changed behind the history's back and the step does
            not fit it any more.
        """
        if not self.done:
            return state, self
        step = self.done[-1]
        past = type(self)(self.done[:-1], (*self.undone, step))
        return step.back.apply(state), past

    def redo(self, state: S) -> tuple[S, Self]:
        """Do again what was undone last; both as they are when there is nothing.

        Raises
        ------
        NotFound, InvalidValue
            As `undo`.
        """
        if not self.undone:
            return state, self
        step = self.undone[-1]
        past = type(self)((*self.done, step), self.undone[:-1])
        return step.edit.apply(state), past

    def _merged(self, last: Step[S], step: Step[S]) -> Step[S]:
        """Make two steps in a row one, of which the later leaves nothing behind."""
        return Step(step.edit, last.back, step.merge_key)
