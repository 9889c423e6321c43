"""Every annotation layer of a viewer is journalled, from when it is added on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, ref

from labdata_napari.core.annotation import AnnotationSet
from labdata_napari.errors import LabdataError
from labdata_napari.lab.journal_annotations import ANNOTATIONS
from labdata_napari.lab.journal_target import Target
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.history import history_of
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.journaling import Journalled

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer
    from napari.layers import Points

    from labdata_napari.lab.journal import Recovered
    from labdata_napari.lab.journal_annotations import UnsavedAnnotations
    from labdata_napari.widgets.journaling import Journaling


class LayerJournals:
    """Follows the annotation layers of a viewer; belongs to the workspace.

    Parameters
    ----------
    journaling
        Keeps the journals.
    viewer
        Whose layers to follow.
    """

    def __init__(self, journaling: Journaling, viewer: Viewer) -> None:
        self._journaling = journaling
        self._followed: WeakSet[Points] = WeakSet()
        self._releases: WeakKeyDictionary[Points, Callable[[bool], None]]
        self._releases = WeakKeyDictionary()
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)

    def _on_inserted(self, event: Any) -> None:
        layer = event.value
        target = _target(layer)
        if target is None:
            return
        self._followed.add(layer)
        layer.events.data.connect(self._on_edited)
        layer.events.features.connect(self._on_edited)
        layer.events.metadata.connect(self._on_edited)
        release = partial(self._on_released, ref(layer))
        self._releases[layer] = release
        history_of(layer).released.connect(release)
        self._journaling.follow(layer, target, ANNOTATION_LAYERS)

    def _on_removed(self, event: Any) -> None:
        layer = event.value
        if layer not in self._followed:
            return
        self._followed.discard(layer)
        layer.events.data.disconnect(self._on_edited)
        layer.events.features.disconnect(self._on_edited)
        layer.events.metadata.disconnect(self._on_edited)
        history_of(layer).released.disconnect(self._releases.pop(layer))
        self._journaling.leave(layer)

    def _on_edited(self, event: Any) -> None:
        if not history_of(event.source).is_held:
            self._journaling.note(event.source)

    def _on_released(self, layer: ref[Points], _is_changed: bool) -> None:
        """Journal what was done in one edit when all of it is done."""
        there = layer()
        if there is not None:
            self._journaling.note(there)


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


def _lacks(layer: Points, recovered: Recovered[UnsavedAnnotations]) -> bool:
    try:
        present = working_copy.annotations_from_layer(layer)
    except LabdataError:
        present = AnnotationSet()
    names = [entry.name for entry in working_copy.roster(layer)]
    state = recovered.state
    return bool(state.changes_for(present) or state.names_for(names))


ANNOTATION_LAYERS = Journalled(ANNOTATIONS, _state, _lacks)
"""How layers of annotations are journalled."""
