"""What is edited in a window is journalled, whatever dock is open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from labdata_napari import settings
from labdata_napari.lab.journal import Journal, Recovered
from labdata_napari.lab.journal_writer import AnyJournal, JournalWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.journal_lines import Kind
    from labdata_napari.lab.journal_target import Target


@dataclass(frozen=True)
class Journalled:
    """How working copies of one kind are journalled.

    Attributes
    ----------
    kind
        What of them is kept.
    state
        Takes a working copy; gives what it holds, and what was loaded or last saved of
        it, as `kind` takes them. Neither may change afterwards.
    lacks
        Takes a working copy and what was recovered; whether that holds something that
        the copy does not.
    """

    kind: Kind[Any, Any, Any]
    state: Callable[[Any], tuple[Any, Any]]
    lacks: Callable[[Any, Recovered[Any]], bool]


class Journaling(QObject):
    """Keeps a journal of each working copy; belongs to the workspace.

    A working copy is any object that can be referred to weakly: an annotation layer,
    the session of a label set. The GUI thread only takes its state; a thread of its
    own writes it.
    """

    offered = Signal(object)
    """The copy for which unsaved changes of another time were found."""
    told = Signal(str)
    """Why unsaved changes are not kept or cannot be read."""

    _found = Signal(object, object)
    _failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._journals: WeakKeyDictionary[Any, AnyJournal] = WeakKeyDictionary()
        self._ways: WeakKeyDictionary[Any, Journalled] = WeakKeyDictionary()
        self._offers: WeakKeyDictionary[Any, Recovered[Any]] = WeakKeyDictionary()
        self._restored: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
        self.writer = JournalWriter(self._tell)
        self._failed.connect(self.told)
        self._found.connect(self._on_found)

    def follow(self, copy: Any, target: Target, way: Journalled) -> None:
        """Keep a journal of a working copy, and look for what was left behind of it."""
        journal = Journal(settings.data_home() / "journal", target, way.kind)
        self._journals[copy], self._ways[copy] = journal, way
        # What was put back is journalled before its old file is looked at.
        self.note(copy)
        self._look(copy, journal)

    def note(self, copy: Any) -> None:
        """Journal what a working copy holds now, soon; nothing if none is kept."""
        journal = self._journals.get(copy)
        if journal is not None:
            self.writer.record(journal, *self._ways[copy].state(copy))

    def leave(self, copy: Any) -> None:
        """Leave what is unsaved of a working copy to whoever opens its rows next."""
        journal = self._journals.get(copy)
        if journal is None:
            return
        self._offers.pop(copy, None)
        self.note(copy)
        self.writer.run(journal, journal.close)

    def offer_for(self, copy: Any) -> Recovered[Any] | None:
        """Return what was found for a working copy and is not decided yet."""
        return self._offers.get(copy)

    def adopt(self, copy: Any) -> None:
        """Go on from a working copy that now holds what was offered for it."""
        offer, journal = self._offers.pop(copy, None), self._journals.get(copy)
        if offer is None or journal is None:
            return
        self._restored[copy] = True
        edited, baseline = self._ways[copy].state(copy)
        self.writer.run(journal, journal.adopt, offer, edited, baseline)
        self._look(copy, journal)

    def dismiss(self, copy: Any) -> None:
        """Let what was offered for a working copy go for good."""
        offer, journal = self._offers.pop(copy, None), self._journals.get(copy)
        if offer is not None and journal is not None:
            self.writer.run(journal, journal.dismiss, offer)
            self._look(copy, journal)

    def postpone(self, copy: Any) -> None:
        """Ask again when its rows are opened next."""
        self._offers.pop(copy, None)

    def forget(self, copy: Any) -> None:
        """Let the unsaved changes of a working copy that was left go for good."""
        journal = self._journals.get(copy)
        if journal is not None:
            self.writer.run(journal, journal.clear)

    def is_restored(self, copy: Any) -> bool:
        """Whether what a working copy holds unsaved was recovered."""
        return copy in self._restored

    def settle(self, copy: Any) -> None:
        """Note that nothing of a working copy is unsaved any more."""
        self._restored.pop(copy, None)

    # -- how

    def _look(self, copy: Any, journal: AnyJournal) -> None:
        done = partial(self._find, copy)
        self.writer.run(journal, journal.recover, done=done)

    # Methods rather than the signals' own: they keep this object alive for the thread.

    def _find(self, copy: Any, recovered: Recovered[Any] | None) -> None:
        self._found.emit(copy, recovered)

    def _tell(self, sentence: str) -> None:
        self._failed.emit(sentence)

    def _on_found(self, copy: Any, recovered: Recovered[Any] | None) -> None:
        journal = self._journals.get(copy)
        if recovered is None or journal is None:
            return
        if self._ways[copy].lacks(copy, recovered):
            self._offers[copy] = recovered
            self.offered.emit(copy)
        else:  # it reached the table, or is in the copy
            self.writer.run(journal, journal.dismiss, recovered)
            self._look(copy, journal)
