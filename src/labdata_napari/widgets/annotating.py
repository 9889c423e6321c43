"""Every annotation layer of a viewer can be annotated, whatever dock is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.layers import points as working_copy
from labdata_napari.layers.annotator import Annotator
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.layers.track_picture import coarsest
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.rights import why_not_editable
from labdata_napari.widgets.rows import TRANSFORM, find_annotating_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Points

    from labdata_napari.core.surface import BrainSurface
    from labdata_napari.errors import LabdataError
    from labdata_napari.layers.source import LayerSource
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
        viewer = workspace.viewer
        if viewer is not None:
            viewer.layers.events.inserted.connect(self._on_inserted)
            viewer.layers.events.removed.connect(self._on_removed)
        workspace.changed.connect(self._on_connection)

    def of(self, layer: Points | None) -> Annotator | None:
        """Return what edits a layer; None for one that is not in the viewer."""
        return None if layer is None else self._annotators.get(layer)

    # -- how

    def _on_inserted(self, event: Any) -> None:
        layer, viewer = event.value, self._workspace.viewer
        if not working_copy.is_annotation_layer(layer) or viewer is None:
            return
        self._annotators[layer] = Annotator(viewer, layer)
        self._allow(layer)
        self._ask(layer)

    def _on_removed(self, event: Any) -> None:
        annotator = self._annotators.pop(event.value, None)
        if annotator is not None:
            annotator.end()

    def _on_connection(self, _connection: Any) -> None:
        for layer in self._annotators:
            self._allow(layer)

    def _allow(self, layer: Points) -> None:
        reason = why_not_editable(self._workspace.connection, layer)
        self._annotators[layer].mouse.why_not = reason

    def _ask(self, layer: Points) -> None:
        source = source_of(layer)
        if source is not None and self._workspace.connection.is_open:
            self._workspace.submit(
                find_annotating_facts,
                source.lab,
                source.key,
                on_loss=OnLoss.REPEAT,
                done=self._on_facts,
            )

    def _on_facts(self, facts: AnnotatingFacts) -> None:
        for layer, annotator in self._annotators.items():
            source = source_of(layer)
            if source is None or source.key != facts.key or source.lab != facts.lab:
                continue
            annotator.proposed = facts.shanks
            annotator.know(orientation=facts.orientation)
            self._find_surface(annotator)

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
                failed=self._on_no_surface,
            )

    def _on_surface(self, answer: tuple[LayerSource, BrainSurface]) -> None:
        source, surface = answer
        for layer, annotator in self._annotators.items():
            own = source_of(layer)
            if own is not None and own.key == source.key and own.lab == source.lab:
                annotator.know(surface=surface)

    def _on_no_surface(self, _error: LabdataError) -> None:
        """Go on without depths: opening the stack has told already why."""


def _surface_of(
    source: LayerSource, volume: Any, shape: Sequence[int], pitch: Sequence[float]
) -> tuple[LayerSource, BrainSurface]:
    from labdata_napari.core.surface import brain_surface

    um = np.asarray(pitch)
    surface = brain_surface(volume, um * np.asarray(shape) / np.asarray(volume.shape))
    return source, surface.on_grid(um)
