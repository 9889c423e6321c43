"""Every annotation layer of a viewer is journalled, whatever dock is open."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from labdata_napari import settings
from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.errors import LabdataError
from labdata_napari.lab.journal import Journal, Recovered, Target
from labdata_napari.lab.journal_writer import JournalWriter
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.widgets.workspace import Workspace


class Journaling(QObject):
    """Keeps a journal of each annotation layer; belongs to the workspace.

    The GUI thread only copies the points; a thread of its own writes them.

    Parameters
    ----------
    workspace
        Whose viewer to follow.
    """

    offered = Signal(object)
    """The layer for which unsaved changes of another time were found."""
    told = Signal(str)
    """Why unsaved changes are not kept or cannot be read."""

    _found = Signal(object, object)
    _failed = Signal(str)

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._journals: WeakKeyDictionary[Points, Journal] = WeakKeyDictionary()
        self._offers: WeakKeyDictionary[Points, Recovered] = WeakKeyDictionary()
        self._restored: WeakKeyDictionary[Points, bool] = WeakKeyDictionary()
        self.writer = JournalWriter(self._tell)
        self._failed.connect(self.told)
        self._found.connect(self._on_found)
        viewer = workspace.viewer
        if viewer is not None:
            viewer.layers.events.inserted.connect(self._on_inserted)
            viewer.layers.events.removed.connect(self._on_removed)

    def offer_for(self, layer: Points) -> Recovered | None:
        """Return what was found for a layer and is not decided yet."""
        return self._offers.get(layer)

    def adopt(self, layer: Points) -> None:
        """Go on from a layer that now holds what was offered for it."""
        offer, journal = self._offers.pop(layer, None), self._journals.get(layer)
        if offer is None or journal is None:
            return
        self._restored[layer] = True
        drafts, baseline = _state(layer)
        self.writer.run(journal, journal.adopt, offer, drafts, baseline)
        self._look(layer, journal)

    def dismiss(self, layer: Points) -> None:
        """Let what was offered for a layer go for good."""
        offer, journal = self._offers.pop(layer, None), self._journals.get(layer)
        if offer is not None and journal is not None:
            self.writer.run(journal, journal.dismiss, offer)
            self._look(layer, journal)

    def postpone(self, layer: Points) -> None:
        """Ask again when the layer is opened next."""
        self._offers.pop(layer, None)

    def forget(self, layer: Points) -> None:
        """Let the unsaved changes of a layer that was removed go for good."""
        journal = self._journals.get(layer)
        if journal is not None:
            self.writer.run(journal, journal.clear)

    def is_restored(self, layer: Points) -> bool:
        """Whether what a layer holds unsaved was recovered."""
        return layer in self._restored

    def settle(self, layer: Points) -> None:
        """Note that nothing of a layer is unsaved any more."""
        self._restored.pop(layer, None)

    # -- how

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        target = _target(layer)
        if target is None:
            return
        journal = Journal(settings.data_home() / "journal", target)
        self._journals[layer] = journal
        layer.events.data.connect(self._on_edited)
        layer.events.features.connect(self._on_edited)
        layer.events.metadata.connect(self._on_edited)
        # A layer that was put back is journalled before its old file is looked at.
        self._note(layer, journal)
        self._look(layer, journal)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        journal = self._journals.get(layer)
        if journal is None:
            return
        layer.events.data.disconnect(self._on_edited)
        layer.events.features.disconnect(self._on_edited)
        layer.events.metadata.disconnect(self._on_edited)
        self._offers.pop(layer, None)
        self._note(layer, journal)
        self.writer.run(journal, journal.close)

    def _on_edited(self, event: Any) -> None:
        journal = self._journals.get(event.source)
        if journal is not None:
            self._note(event.source, journal)

    def _note(self, layer: Points, journal: Journal) -> None:
        self.writer.record(journal, *_state(layer))

    def _look(self, layer: Points, journal: Journal) -> None:
        done = partial(self._find, layer)
        self.writer.run(journal, journal.recover, done=done)

    # Methods rather than the signals' own: they keep this object alive for the thread.

    def _find(self, layer: Points, recovered: Recovered | None) -> None:
        self._found.emit(layer, recovered)

    def _tell(self, sentence: str) -> None:
        self._failed.emit(sentence)

    def _on_found(self, layer: Points, recovered: Recovered | None) -> None:
        journal = self._journals.get(layer)
        if recovered is None or journal is None:
            return
        try:
            present = working_copy.annotations_from_layer(layer)
        except LabdataError:
            present = AnnotationSet()
        names = [entry.name for entry in working_copy.roster(layer)]
        if recovered.changes_for(present) or recovered.names_for(names):
            self._offers[layer] = recovered
            self.offered.emit(layer)
        else:  # it reached the table, or is in the layer
            self.writer.run(journal, journal.dismiss, recovered)
            self._look(layer, journal)


def _target(layer: Any) -> Target | None:
    """Say which rows a layer edits; None when it is none of ours."""
    source = source_of(layer)
    if not working_copy.is_annotation_layer(layer) or source is None:
        return None
    return None if source.lab is None else Target(*source.lab, source.kind, source.key)


def _state(layer: Points) -> tuple[tuple[Any, ...], AnnotationSet]:
    source = source_of(layer)
    baseline = None if source is None else source.baseline
    return working_copy.drafts(layer), baseline or AnnotationSet()
