"""Which annotation layer a dock shows, and what it is called there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.layers import points as working_copy
from labdata_napari.layers.source import layers_of, source_of
from labdata_napari.widgets.rows import TRANSFORM

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer, Points


def annotations_beside(viewer: napari.Viewer, shown: Points | None) -> Points | None:
    """Return the annotation layer to show, given what is active and what was shown."""
    active: Layer | None = viewer.layers.selection.active
    if active is not None and working_copy.is_annotation_layer(active):
        return active
    source = source_of(active)
    if source is not None and source.kind == TRANSFORM:
        beside = layers_of(viewer.layers, working_copy.SOURCE_KIND, source.key)
        if beside:
            return beside[0]
    if shown is not None and shown in viewer.layers:
        return shown
    ours = [x for x in viewer.layers if working_copy.is_annotation_layer(x)]
    return ours[0] if ours else None


def title_of(layer: Points) -> str:
    """Name the transform, with a line for each row that cannot be read."""
    source = source_of(layer)
    if source is None:
        return layer.name
    key = source.key
    names = ("subject_name", "session_name", "dataset_name")
    parts = [str(key[name]) for name in names if name in key]
    title = " · ".join([*parts, f"transform {key.get('transform_id')}"])
    unreadable = () if source.baseline is None else source.baseline.unreadable
    return "\n".join([title, *map(str, unreadable)])
