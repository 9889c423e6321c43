"""Every annotation layer of a viewer can be annotated, whatever dock is open."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labdata_napari.errors import LabdataError
from labdata_napari.layers import points as working_copy
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.filling import show_colours
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.layers.track_picture import coarsest
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.rights import why_not_editable
from labdata_napari.widgets.rows import TRANSFORM, find_annotating_facts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari.layers import Layer, Points

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.surface import BrainSurface
    from labdata_napari.lab.annotation_notes import Notes
    from labdata_napari.layers.source import LabIdentity, LayerSource
    from labdata_napari.widgets.rows import AnnotatingFacts
    from labdata_napari.widgets.workspace import Workspace


_MOST_BYTES = 2**28  # that are read without being asked for


class Annotating:
    """Has an annotator for each annotation layer; belongs to the workspace.

    Parameters
    ----------
    workspace
        Whose viewer to follow.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._annotators: dict[Points, Annotator] = {}
        self.saved: WeakKeyDictionary[Points, dict[str, datetime]]
        self.saved = WeakKeyDictionary()
        """When annotations of a layer were saved from this computer, by name."""
        self._notes: deque[Any] = deque()  # that are to be kept, in their order
        self._keeping = Lock()
        self._brain_then: dict[Points, InAtlas | None] = {}  # when facts were asked
        viewer = workspace.viewer
        if viewer is not None:
            viewer.layers.events.inserted.connect(self._on_inserted)
            viewer.layers.events.removed.connect(self._on_removed)
        workspace.changed.connect(self._on_connection)

    def of(self, layer: Points | None) -> Annotator | None:
        """Return what edits a layer; None for one that is not in the viewer."""
        return None if layer is None else self._annotators.get(layer)

    def edits(self, layer: Layer | None) -> bool:
        """Whether a layer is one of annotations, or is painted in for one."""
        painted = [each.brush.layer for each in self._annotators.values()]
        return layer is not None and (layer in self._annotators or layer in painted)

    def note_saved(self, layer: Points, names: Collection[str]) -> None:
        """Note, and keep on this computer, that annotations were saved now."""
        now = datetime.now(UTC).astimezone()
        new = dict.fromkeys(names, now)
        self.saved.setdefault(layer, {}).update(new)
        there = {e.name: e.colour for e in working_copy.roster(layer)}
        colours = {name: colour for name, colour in there.items() if colour}
        self._keep(layer, saved=new, colours=colours, names=list(there))

    def look_again(self, source: LayerSource) -> None:
        """Look up anew what is known of a transform: somebody said more of it."""
        for annotator in self._of(source.lab, source.key):
            self._ask(annotator.layer)

    # -- how

    def _on_inserted(self, event: Any) -> None:
        layer, viewer = event.value, self._workspace.viewer
        if not working_copy.is_annotation_layer(layer) or viewer is None:
            return
        self._annotators[layer] = Annotator(viewer, layer)
        self._annotators[layer].fitted.connect(partial(self._on_fitted, layer))
        recoloured = self._annotators[layer].recoloured
        recoloured.connect(partial(self._on_recoloured, layer))
        self._allow(layer)
        self._ask(layer)

    def _on_removed(self, event: Any) -> None:
        annotator = self._annotators.pop(event.value, None)
        self._brain_then.pop(event.value, None)
        if annotator is not None:
            annotator.end()

    def _on_connection(self, _connection: Any) -> None:
        for layer in self._annotators:
            self._allow(layer)

    def _keep(self, layer: Points, **notes: Any) -> None:
        source = source_of(layer)
        if source is not None and source.lab is not None:
            self._notes.append((source.lab, source.key, notes))
            self._workspace.background(
                _keep_first, self._notes, self._keeping, failed=self._on_failure
            )

    def _on_fitted(self, layer: Points, curve: str) -> None:
        self._keep(layer, curve=curve)

    def _on_recoloured(self, layer: Points, colours: dict[str, str]) -> None:
        self._keep(layer, colours=colours)

    def _allow(self, layer: Points) -> None:
        reason = why_not_editable(self._workspace.connection, layer)
        self._annotators[layer].mouse.why_not = reason

    def _ask(self, layer: Points) -> None:
        source = source_of(layer)
        if source is not None and self._workspace.connection.is_open:
            self._brain_then[layer] = self._annotators[layer].brain
            self._workspace.submit(
                find_annotating_facts,
                source.lab,
                source.key,
                on_loss=OnLoss.REPEAT,
                done=self._on_facts,
            )

    def _on_facts(self, facts: AnnotatingFacts) -> None:
        known = facts.brain
        if known is None:
            return
        for annotator in self._of(facts.lab, facts.key):
            annotator.proposed = known.shanks
            was_laid = annotator.brain is not self._brain_then.get(annotator.layer)
            # what was laid in since then is not in these rows yet
            why = "" if was_laid else known.why_no_regions
            annotator.know(orientation=known.orientation, why_no_regions=why)
            self._take_notes(annotator, facts.notes)
            if annotator.surface is None:
                self._find_surface(annotator)
        if facts.lab is not None and not known.why_no_regions:
            self._workspace.background(
                _atlas_of,
                facts,
                self._opened_atlas(facts),
                done=self._on_atlas,
                failed=self._on_failure,
            )

    def _take_notes(self, annotator: Annotator, notes: Notes | None) -> None:
        layer = annotator.layer
        if notes is not None and layer not in self.saved:  # else this window knows more
            self.saved[layer] = dict(notes.saved)
            annotator.fit(notes.curve)
            show_colours(layer, notes.colours)
            annotator.looks_changed.emit()

    def _opened_atlas(self, facts: AnnotatingFacts) -> AtlasVolume | None:
        """Return the atlas of another transform of the lab: it may take 500 MB."""
        for layer, annotator in self._annotators.items():
            source = source_of(layer)
            if annotator.brain is not None and source and source.lab == facts.lab:
                return annotator.brain.atlas
        return None

    def _on_atlas(self, answer: tuple[AnnotatingFacts, InAtlas | None, str]) -> None:
        facts, brain, why_not = answer
        for annotator in self._of(facts.lab, facts.key):
            annotator.know(brain=brain, why_no_regions=why_not)

    def _of(self, lab: LabIdentity | None, key: Mapping[str, Any]) -> list[Annotator]:
        """Return what edits the layers of a row."""
        kind = working_copy.SOURCE_KIND
        layers = layers_of(self._annotators, kind, key, lab)
        return [self._annotators[layer] for layer in layers]

    def _find_surface(self, annotator: Annotator) -> None:
        """Find where the brain ends, from the channel that shows anatomy: the first."""
        layer, viewer = annotator.layer, self._workspace.viewer
        source, pitch = source_of(layer), working_copy.um_per_pixel(layer)
        if viewer is None or source is None or pitch is None:
            return
        images = layers_of(viewer.layers, TRANSFORM, source.key, source.lab)
        volume = None if not images else coarsest(images[0])
        if volume is not None and volume.nbytes <= _MOST_BYTES:
            self._workspace.background(
                _surface_of,
                source,
                volume,
                working_copy.stack_shape(layer),
                pitch,
                done=self._on_surface,
                failed=self._on_failure,
            )

    def _on_surface(self, answer: tuple[LayerSource, BrainSurface]) -> None:
        source, surface = answer
        for annotator in self._of(source.lab, source.key):
            annotator.know(surface=surface)

    def _on_failure(self, _error: LabdataError) -> None:
        """Go on without depths or regions: opening the stack has told already why."""


def _keep_first(waiting: deque[Any], alone: Lock) -> None:
    """Keep the notes that wait longest: threads begin in any order."""
    from labdata_napari.lab.annotation_notes import keep_notes

    with alone:
        lab, key, notes = waiting.popleft()
        keep_notes(lab, key, **notes)


def _surface_of(
    source: LayerSource, volume: Any, shape: Sequence[int], pitch: Sequence[float]
) -> tuple[LayerSource, BrainSurface]:
    from labdata_napari.core.surface import brain_surface

    um = np.asarray(pitch)
    surface = brain_surface(volume, um * np.asarray(shape) / np.asarray(volume.shape))
    return source, surface.on_grid(um)


def _atlas_of(
    facts: AnnotatingFacts, opened: AtlasVolume | None
) -> tuple[AnnotatingFacts, InAtlas | None, str]:
    from labdata_napari.lab.brain_facts import open_in_atlas

    assert facts.lab is not None
    assert facts.brain is not None
    try:
        return facts, open_in_atlas(facts.brain, facts.lab[0], opened), ""
    except LabdataError as error:
        return facts, None, str(error)
