"""A layer of annotations as a saved transform has it, without a database."""

from __future__ import annotations

import numpy as np
from napari.layers import Layer, Points

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.layers import editing
from labdata_napari.layers import points as p
from labdata_napari.layers.images import layer_space
from labdata_napari.layers.source import LayerSource, source_of

TRACK = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
ROWS = AnnotationSet(
    (
        Annotation("probe 1", "probe_track", TRACK, 3),
        Annotation("virus", "injection", [[10.0, 20.0, 30.0]], 5),
    )
)


def make_layer() -> Points:
    source = LayerSource(p.SOURCE_KIND, {"subject_name": "M1", "transform_id": 0})
    space = layer_space("ZYX", (50.0, 10.0, 10.0))
    data, options, kind = p.annotation_layer(ROWS, space, (40, 200, 300), source, "a")
    made = Layer.create(data, options, kind)
    assert isinstance(made, Points)
    return made


def saved(layer: Points) -> None:
    """Take over what a save returns, as the lab gives it back."""
    source = source_of(layer)
    changes = source.baseline.changes_to(p.annotations_from_layer(layer))
    rows = source.baseline.saved(changes)
    numbers = iter(range(100, 200))
    editing.adopt_saved(
        layer,
        AnnotationSet(
            tuple(
                Annotation(
                    a.name,
                    a.type,
                    a.points,
                    next(numbers) if a.annotation_id is None else a.annotation_id,
                )
                for a in rows
            )
        ),
    )
    assert not p.unsaved(layer)
