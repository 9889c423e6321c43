"""Undo and redo of a layer's working copy, whoever edited it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from psygnal import Signal

from labdata_napari.core.edit_history import History
from labdata_napari.layers.filling import chosen_name, fill, make_current, set_roster
from labdata_napari.layers.points import drafts, roster
from labdata_napari.layers.told_once import ADDED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from napari.layers import Points

    from labdata_napari.core.draft import Draft

    Step = tuple[str, tuple[Draft, ...]]

_AT_ONCE = 30
_BEGINNINGS = ("adding", "changing", "removing")


class LayerHistory:
    """Every state that the annotations of one layer have been in.

    What napari's own tools do to the layer is noticed and can be undone as well.
    Whoever changes several things of a layer at once does so in `edit`, so that one
    undo takes them back together.

    Parameters
    ----------
    layer
        Kept weakly; use `history_of`.
    """

    changed = Signal()
    """The state is another: an edit, an undo, or ids of rows that were saved."""

    released = Signal(bool)
    """What is done in `edit` is done; whether the state is another, as was told."""

    def __init__(self, layer: Points) -> None:
        self._layer = ref(layer)
        self._past = History()
        self._beyond: Iterator[Step] = iter(())
        self._holders = 0
        self._will_be_told = False
        self._tips: dict[str, tuple[float, ...]] = {}
        self._chosen: str | None = None  # when the edit that goes on began
        self._chosen_before: dict[str, str] = {}
        self.state: tuple[Draft, ...] = drafts(layer)
        self._bottom = self.state  # where all steps are undone
        for event in (layer.events.data, layer.events.features, layer.events.metadata):
            event.connect(self._on_event)
        layer.events.set_data.connect(self._on_drawn)

    @property
    def is_held(self) -> bool:
        """Whether an edit goes on: what the layer tells now is not all of it."""
        return self._holders > 0

    @property
    def undo_words(self) -> str:
        """What `undo` would take back; empty when there is nothing."""
        return self._past.undo_words

    @property
    def redo_words(self) -> str:
        """What `redo` would do again; empty when there is nothing."""
        return self._past.redo_words

    @contextlib.contextmanager
    def edit(self, words: str = "", merge_key: Any = None) -> Iterator[None]:
        """Take all that is done to the layer meanwhile as one edit.

        Parameters
        ----------
        words
            What it is called in the undo button; found out when empty.
        merge_key
            Edits that follow each other with the same key are undone together.
        """
        self._remember_tips()
        if not self._holders:
            self._chosen = self._chosen_now()
        self._holders += 1
        try:
            yield
        finally:
            self._holders -= 1
            before = self.state
            self._note(words, merge_key, self._chosen)
            if not self._holders:
                self.released.emit(self.state is not before)

    def undo(self) -> str:
        """Take the last edit back; return what it was, "" when there was none."""
        words = self.undo_words
        if words:
            self._go(*self._past.undo(self.state))
        return words

    def redo(self) -> str:
        """Do again what was taken back; return what it was, "" when there was none."""
        words = self.redo_words
        if words:
            self._go(*self._past.redo(self.state))
        return words

    def past(self) -> Iterator[Step]:
        """Return what each undo would take back and what it leads to, newest first.

        Each is worked out when it is asked for, from what is there now.
        """
        return chain(_steps_back(self._past, self.state), self._beyond)

    def begin_with(self, past: Iterable[Step]) -> None:
        """Let undo lead to other states than those that the layer was in.

        Parameters
        ----------
        past
            As of `past`; asked for as far as undo comes. A step that leaves all as it
            was is none.
        """
        self._past, self._beyond, self._bottom = History(), iter(past), self.state
        self._reach()
        self.changed.emit()

    def _reach(self) -> None:
        """Take over some of what is beyond the steps that can be undone, at their end.

        Not all at once: a step takes a millisecond or two.
        """
        while not self._past.done and (some := list(islice(self._beyond, _AT_ONCE))):
            older = History()
            steps = [*reversed(some), ("", self._bottom)]
            for (words, before), (_, after) in pairwise(steps):
                older = older.push(before, after, words)
            self._past = History(older.done, self._past.undone)
            self._bottom = some[-1][1]

    def _go(self, state: Sequence[Draft], past: History) -> None:
        layer = self._layer()
        if layer is None:
            return
        known = {draft.name for draft in self.state}
        back = [draft.name for draft in state if draft.name not in known]
        chosen = self._still_there({draft.name for draft in state})
        self._remember_tips()
        self._holders += 1
        try:
            fill(layer, state)
            self._bring_tips_back(layer, back)
            if back:  # what came back is what a person goes on with
                make_current(layer, back[-1])
            elif chosen is not None:
                make_current(layer, chosen)
        finally:
            self._holders -= 1
        self._past, self.state = past, drafts(layer)
        self._reach()
        self.changed.emit()
        self.released.emit(True)

    def _chosen_now(self) -> str | None:
        layer = self._layer()
        return None if layer is None else chosen_name(layer)

    def _still_there(self, names: Collection[str]) -> str | None:
        """Return what is chosen; where it is taken back, what was before it came."""
        chosen, seen = self._chosen_now(), set[str]()
        while chosen is not None and chosen not in names and chosen not in seen:
            seen.add(chosen)
            chosen = self._chosen_before.get(chosen)
        return chosen if chosen in names else None

    def _remember_tips(self) -> None:
        """Remember which points are marked as tips, which is no part of the states."""
        layer = self._layer()
        if layer is not None and not self._holders:
            self._tips |= {e.name: e.tip for e in roster(layer) if e.tip is not None}

    def _bring_tips_back(self, layer: Points, names: Sequence[str]) -> None:
        tips = {name: self._tips[name] for name in names if name in self._tips}
        if tips:
            entries = (replace(e, tip=tips.get(e.name, e.tip)) for e in roster(layer))
            set_roster(layer, tuple(entries))

    def _on_event(self, event: Any) -> None:
        action = str(getattr(event, "action", "")).lower().rpartition(".")[2]
        self._will_be_told = action in _BEGINNINGS
        if not self._will_be_told:
            self._note("", None, self._chosen_now())

    def _on_drawn(self, _event: Any) -> None:
        """Tell everybody of points that napari has pasted: it only draws them."""
        layer = self._layer()
        if layer is None or self._holders or self._will_be_told:
            return
        known = sum(len(draft.points) for draft in self.state)
        if known != len(layer.data):
            layer.events.data(
                value=layer.data,
                action=ADDED,
                data_indices=tuple(range(known - len(layer.data), 0)),
                vertex_indices=((),),
            )

    def _note(self, words: str, merge_key: Any, chosen: str | None) -> None:
        layer = self._layer()
        if self._holders or layer is None:
            return
        before, after = self.state, drafts(layer)
        if _same(before, after):
            return
        # An id that a save has given is no edit, and leaves none in the history.
        self._past = self._past.push(before, after, words, merge_key)
        known = {draft.name for draft in before}
        for draft in after:
            if draft.name not in known and chosen in known:
                self._chosen_before[draft.name] = str(chosen)
        self.state = after
        self.changed.emit()


def _steps_back(past: History, state: Sequence[Draft]) -> Iterator[Step]:
    while past.done:
        words = past.undo_words
        state, past = past.undo(tuple(state))
        yield words, tuple(state)


def history_of(layer: Points) -> LayerHistory:
    """Return the history of a layer, which begins at the first call."""
    if layer not in _histories:
        _histories[layer] = LayerHistory(layer)
    return _histories[layer]


_histories: WeakKeyDictionary[Points, LayerHistory] = WeakKeyDictionary()


def _same(before: Sequence[Draft], after: Sequence[Draft]) -> bool:
    return len(before) == len(after) and all(map(_same_draft, before, after))


def _same_draft(before: Draft, after: Draft) -> bool:
    return before.same_as(after)
