"""Edits of a working copy of annotations that can be undone, and what undoes each.

A *state* is a tuple of drafts with distinct names. An edit is data: it says what is
done to which annotation, so it can be kept in a file and done again. ``apply`` gives
the new state; ``inverse``, asked with the state before, the edit that leads back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from labdata_napari.core.draft import Draft
from labdata_napari.errors import InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

State: TypeAlias = tuple[Draft, ...]


class Edit(Protocol):
    """What all edits have.

    Raises
    ------
    NotFound, InvalidValue
        By `apply` and `inverse`, when the state is not one they were made for.
    """

    @property
    def words(self) -> str:
        """What is done: "move 2 points of probe A"."""

    def apply(self, state: State) -> State:
        """Return the state after it."""

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads from the state after it to `state`."""


@dataclass(frozen=True, eq=False)
class InsertPoints:
    """Put points into an annotation.

    Attributes
    ----------
    name
        The annotation.
    at
        Their places in the order of points after it, rising.
    points
        (N, 3) pixels.
    """

    name: str
    at: tuple[int, ...]
    points: NDArray[np.float64]

    @property
    def words(self) -> str:
        """What is done."""
        return f"add {_count(self.at)} to {self.name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        points = _draft(state, self.name).points
        total = len(points) + len(self.at)
        new = np.empty((total, 3))
        is_new = _mask(self.at, total, self.name)
        new[is_new], new[~is_new] = self.points, points
        return _with(state, self.name, points=new)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        return DeletePoints(self.name, self.at)


@dataclass(frozen=True)
class DeletePoints:
    """Take points out of an annotation.

    Attributes
    ----------
    name
        The annotation.
    at
        Their places in its order of points, rising.
    """

    name: str
    at: tuple[int, ...]

    @property
    def words(self) -> str:
        """What is done."""
        return f"delete {_count(self.at)} of {self.name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        points = _draft(state, self.name).points
        kept = points[~_mask(self.at, len(points), self.name)]
        return _with(state, self.name, points=kept)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        points = _draft(state, self.name).points
        return InsertPoints(self.name, self.at, points[list(self.at)])


@dataclass(frozen=True, eq=False)
class MovePoints:
    """Put points of an annotation elsewhere.

    Attributes
    ----------
    name
        The annotation.
    at
        Their places in its order of points, rising.
    points
        (N, 3) pixels where they are to be.
    """

    name: str
    at: tuple[int, ...]
    points: NDArray[np.float64]

    @property
    def words(self) -> str:
        """What is done."""
        return f"move {_count(self.at)} of {self.name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        points = _draft(state, self.name).points.copy()
        points[_mask(self.at, len(points), self.name)] = self.points
        return _with(state, self.name, points=points)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        points = _draft(state, self.name).points
        return MovePoints(self.name, self.at, points[list(self.at)])


@dataclass(frozen=True, eq=False)
class InsertAnnotation:
    """Make an annotation.

    Attributes
    ----------
    position
        Its place in the list.
    draft
        What it is; may lack points.
    """

    position: int
    draft: Draft

    @property
    def words(self) -> str:
        """What is done."""
        return f"new {self.draft.name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        _check_free(state, self.draft.name)
        place = min(max(self.position, 0), len(state))
        return (*state[:place], self.draft, *state[place:])

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        return DeleteAnnotation(self.draft.name)


@dataclass(frozen=True)
class DeleteAnnotation:
    """Take an annotation out, with its points."""

    name: str

    @property
    def words(self) -> str:
        """What is done."""
        return f"delete {self.name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        _draft(state, self.name)
        return tuple(d for d in state if d.name != self.name)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        draft = _draft(state, self.name)
        return InsertAnnotation([d.name for d in state].index(self.name), draft)


@dataclass(frozen=True)
class Rename:
    """Give an annotation another name."""

    name: str
    new_name: str

    @property
    def words(self) -> str:
        """What is done."""
        return f"rename {self.name} to {self.new_name}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        if self.new_name != self.name:
            _check_free(state, self.new_name)
        return _with(state, self.name, name=self.new_name)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        return Rename(self.new_name, self.name)


@dataclass(frozen=True)
class Retype:
    """Give an annotation another type."""

    name: str
    new_type: str

    @property
    def words(self) -> str:
        """What is done."""
        return f"make {self.name} a {self.new_type or 'thing without a type'}"

    def apply(self, state: State) -> State:
        """Return the state after it."""
        return _with(state, self.name, type=self.new_type)

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        return Retype(self.name, _draft(state, self.name).type)


@dataclass(frozen=True)
class Several:
    """Several edits that are one for a person: a template moved, points pasted.

    Attributes
    ----------
    edits
        In the order in which they are done.
    words
        What they amount to.
    """

    edits: tuple[Edit, ...]
    words: str

    def apply(self, state: State) -> State:
        """Return the state after all of them."""
        for edit in self.edits:
            state = edit.apply(state)
        return state

    def inverse(self, state: State) -> Edit:
        """Return the edit that leads back to `state`."""
        back: list[Edit] = []
        for edit in self.edits:
            back.append(edit.inverse(state))
            state = edit.apply(state)
        return Several(tuple(reversed(back)), self.words)


def kinds() -> dict[str, Callable[..., Edit]]:
    """Return the classes of edits by name, as files call them."""
    each: tuple[Callable[..., Edit], ...] = (
        InsertPoints,
        DeletePoints,
        MovePoints,
        InsertAnnotation,
        DeleteAnnotation,
        Rename,
        Retype,
        Several,
    )
    return {kind.__name__: kind for kind in each}


def _draft(state: State, name: str) -> Draft:
    for draft in state:
        if draft.name == name:
            return draft
    raise NotFound(f"There is no annotation called {name!r} to edit.")


def _with(
    state: State,
    old_name: str,
    *,
    name: str | None = None,
    type: str | None = None,  # noqa: A002
    points: NDArray[np.float64] | None = None,
) -> State:
    old = _draft(state, old_name)
    new = replace(
        old,
        name=old.name if name is None else name,
        type=old.type if type is None else type,
        points=old.points if points is None else points,
    )
    return tuple(new if draft is old else draft for draft in state)


def _check_free(state: State, name: str) -> None:
    if any(draft.name == name for draft in state):
        raise InvalidValue(f"There is already an annotation {name!r}; choose another.")


def _mask(at: Sequence[int], total: int, name: str) -> NDArray[np.bool_]:
    if at and not (min(at) >= 0 and max(at) < total and len(set(at)) == len(at)):
        raise InvalidValue(
            f"{name!r} has no such points any more; the edit does not fit."
        )
    mask = np.zeros(total, np.bool_)
    mask[list(at)] = True
    return mask


def _count(at: Sequence[int]) -> str:
    return "a point" if len(at) == 1 else f"{len(at)} points"
