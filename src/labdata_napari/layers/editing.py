"""Edits of the working copy of annotations; each refuses before it changes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labdata_napari.core.annotation import Annotation
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.points import (
    FEATURE,
    ROSTER_KEY,
    Listed,
    feature_of,
    names_per_point,
    recolour,
    roster,
    stacked,
    symbol_of,
)
from labdata_napari.layers.source import METADATA_KEY, source_of

if TYPE_CHECKING:
    from napari.layers import Points

    from labdata_napari.core.annotation import AnnotationSet


def add_annotation(layer: Points, name: str, type: str) -> None:  # noqa: A002
    """List a new annotation, without points yet.

    Raises
    ------
    InvalidValue
        When the name is empty, too long or taken, or the type too long.
    """
    name = name.strip()
    _check(name, type)
    _check_free(layer, name)
    _set_roster(layer, (*roster(layer), Listed(name, type)))


def rename_annotation(layer: Points, name: str, new_name: str) -> None:
    """Give an annotation and its points another name.

    Raises
    ------
    InvalidValue
        When the new name is empty, too long or taken.
    NotFound
        When there is no annotation called `name`.
    """
    new_name = new_name.strip()
    entry = _entry(layer, name)
    if new_name == name:
        return
    _check(new_name, entry.type)
    _check_free(layer, new_name)
    entries = tuple(
        replace(e, name=new_name) if e.name == name else e for e in roster(layer)
    )
    _rename_points(layer, name, new_name)
    _set_roster(layer, entries)


def retype_annotation(layer: Points, name: str, new_type: str) -> None:
    """Give an annotation another type.

    Raises
    ------
    InvalidValue
        When the type is too long.
    NotFound
        When there is no annotation called `name`.
    """
    _entry(layer, name)
    _check(name, new_type)
    entries = (
        replace(e, type=new_type) if e.name == name else e for e in roster(layer)
    )
    _set_roster(layer, tuple(entries))


def remove_annotation(layer: Points, name: str) -> None:
    """Take an annotation and its points out of the working copy.

    Raises
    ------
    NotFound
        When there is no annotation called `name`.
    """
    _entry(layer, name)
    entries = tuple(e for e in roster(layer) if e.name != name)
    _forget_selection(layer)
    # Never by shortening layer.data: napari then drops the last features instead.
    layer.remove([i for i, owner in enumerate(names_per_point(layer)) if owner == name])
    _set_roster(layer, entries)
    if entries:
        choose_annotation(layer, entries[0].name)


def choose_annotation(layer: Points, name: str) -> None:
    """Make the next points that are added belong to an annotation.

    Raises
    ------
    NotFound
        When there is no annotation called `name`.
    """
    entry = _entry(layer, name)
    # With a selection, napari applies the new defaults to the selected points.
    _forget_selection(layer)
    layer.feature_defaults = {FEATURE: name}
    layer.current_face_color = annotation_colours(_roster_names(layer))[name]
    layer.current_symbol = symbol_of(entry.type)


def chosen_annotation(layer: Points) -> str | None:
    """Return the annotation that the next added points will belong to."""
    defaults = layer.feature_defaults
    if FEATURE not in defaults or not len(defaults):
        return None
    name = defaults[FEATURE].iloc[0]
    return str(name) if name in _roster_names(layer) else None


def selected_annotation(layer: Points) -> str | None:
    """Return the annotation that all selected points belong to, if it is one."""
    names = names_per_point(layer)
    chosen = {names[i] for i in layer.selected_data if i < len(names)}
    return chosen.pop() if len(chosen) == 1 else None


def replace_annotations(
    layer: Points, annotations: AnnotationSet, baseline: AnnotationSet
) -> None:
    """Fill the layer anew, as after a revert or a save.

    Parameters
    ----------
    annotations
        The new working copy.
    baseline
        What the table is known to hold.
    """
    entries = tuple(Listed(a.name, a.type, a.annotation_id) for a in annotations)
    _forget_selection(layer)
    layer.data = stacked(annotations)
    layer.features = pd.DataFrame({FEATURE: feature_of(annotations)})
    set_baseline(layer, baseline)
    _set_roster(layer, entries)
    if entries:
        choose_annotation(layer, entries[0].name)


def set_baseline(layer: Points, baseline: AnnotationSet) -> None:
    """Remember what the table is known to hold."""
    source = source_of(layer)
    if source is not None:
        fresh = {METADATA_KEY: source.with_baseline(baseline)}
        layer.metadata = {**layer.metadata, **fresh}


def adopt_saved(layer: Points, saved: AnnotationSet) -> None:
    """Take over the rows of a save: ids for what was new, and the new baseline.

    Points that were moved while the save ran stay, as unsaved changes.
    """
    ids = {a.name: a.annotation_id for a in saved}
    with_points = set(names_per_point(layer))
    set_baseline(layer, saved)
    entries = []
    for entry in roster(layer):
        number = ids.get(entry.name, entry.annotation_id)
        if number in ids.values():
            entries.append(replace(entry, annotation_id=number))
        elif number is None or entry.name in with_points:
            entries.append(replace(entry, annotation_id=None))
        # else its row went with its last point
    _set_roster(layer, tuple(entries))


def _set_roster(layer: Points, entries: tuple[Listed, ...]) -> None:
    # Assigned as a whole: changing it in place fires no event.
    layer.metadata = {**layer.metadata, ROSTER_KEY: entries}
    recolour(layer)
    chosen = chosen_annotation(layer)
    if chosen is not None:  # its colour may have become another
        choose_annotation(layer, chosen)


def _rename_points(layer: Points, name: str, new_name: str) -> None:
    names = [new_name if owner == name else owner for owner in names_per_point(layer)]
    chosen = chosen_annotation(layer)
    if names:
        # Assigned as a whole: changing it in place fires no event.
        layer.features = pd.DataFrame({FEATURE: np.array(names, dtype=object)})
    if chosen == name:
        _forget_selection(layer)
        layer.feature_defaults = {FEATURE: new_name}


def _roster_names(layer: Points) -> list[str]:
    return [entry.name for entry in roster(layer)]


def _entry(layer: Points, name: str) -> Listed:
    for entry in roster(layer):
        if entry.name == name:
            return entry
    raise NotFound(f"There is no annotation called {name!r} in this layer.")


def _forget_selection(layer: Points) -> None:
    if layer.selected_data:
        layer.selected_data = set()


def _check(name: str, type_: str) -> None:
    """Let the core say what is wrong with a name or a type, if anything is."""
    Annotation(name, type_, np.zeros((1, 3)))


def _check_free(layer: Points, name: str) -> None:
    if name in _roster_names(layer):
        raise InvalidValue(f"There is already an annotation {name!r}; choose another.")
