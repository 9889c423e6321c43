"""Annotations to one napari Points layer and back; the layer is the working copy.

The layer's `annotation` feature says which annotation a point belongs to. Names,
types and row ids live in a roster beside it, because an annotation may have no points
yet and because napari copies the features of a selected point to the next new one:
an id per point would be copied along.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.source import METADATA_KEY, LayerSource, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer, Points
    from napari.types import FullLayerData
    from numpy.typing import NDArray

    from labdata_napari.core.changes import Changes

FEATURE = "annotation"
ROSTER_KEY = "labdata_annotations"
SOURCE_KIND = "FixedBrainTransformAnnotation"
KNOWN_TYPES = ("probe_track", "injection", "landmark", "region_boundary")
SYMBOLS = {
    "probe_track": "disc",
    "injection": "square",
    "landmark": "diamond",
    "region_boundary": "triangle_up",
}
_OTHER_SYMBOL = "disc"
_UNNAMED = "unnamed"
_POINTS_ACROSS = 90
_SMALLEST_ON_SCREEN = 10


@dataclass(frozen=True)
class Listed:
    """One annotation of the working copy, which may still lack points."""

    name: str
    type: str
    annotation_id: int | None = None


@dataclass(frozen=True)
class ListedPoints:
    """One annotation of the working copy as a list shows it.

    Attributes
    ----------
    points
        (n, 3) pixels in the order of the stored axes.
    colour
        "#RRGGBB".
    """

    name: str
    type: str
    points: NDArray[np.float64]
    colour: str


def annotation_layer(
    annotations: AnnotationSet,
    space: dict[str, Any],
    shape: Sequence[int],
    source: LayerSource,
    name: str,
) -> FullLayerData:
    """Describe annotations as one Points layer.

    Parameters
    ----------
    annotations
        What the table holds; also the baseline to compare edits with.
    space
        Scale, units and axis labels as from `images.layer_space`: the points'
        pixels are those of the stack they belong to.
    shape
        (3,) of that stack in the order of its axes; points are sized after it.
    source
        The rows behind the layer; its baseline is set here.
    name
        Of the layer.

    Returns
    -------
    (data, keyword arguments, "points")
    """
    roster = tuple(Listed(a.name, a.type, a.annotation_id) for a in annotations)
    arguments: dict[str, Any] = {
        **space,
        "name": name,
        "ndim": 3,
        "features": pd.DataFrame({FEATURE: _names_per_point(annotations)}),
        "size": max(1.0, max(shape[-2:]) / _POINTS_ACROSS),
        "canvas_size_limits": (_SMALLEST_ON_SCREEN, 10_000),
        "border_color": "white",
        "border_width": 0.12,
        "metadata": {
            METADATA_KEY: source.with_baseline(annotations),
            ROSTER_KEY: roster,
        },
    }
    if len(annotations):
        names = arguments["features"][FEATURE].tolist()
        arguments["face_color"] = _colours_per_point(roster, names)
        arguments["symbol"] = _symbols_per_point(roster, names)
    return _stacked(annotations), arguments, "points"


def is_annotation_layer(layer: Layer | None) -> bool:
    """Whether this is one of our annotation layers."""
    source = source_of(layer)
    return source is not None and source.kind == SOURCE_KIND


def roster(layer: Points) -> tuple[Listed, ...]:
    """Return the annotations of the working copy, with or without points, in order.

    A name that somebody typed into napari's feature table is an annotation too.
    """
    listed: tuple[Listed, ...] = layer.metadata.get(ROSTER_KEY, ())
    known = {entry.name for entry in listed}
    typed = [name for name in dict.fromkeys(_names(layer)) if name not in known]
    return listed + tuple(Listed(name, "") for name in typed)


def listing(layer: Points) -> list[ListedPoints]:
    """Return every annotation with its points and colour, in the roster's order."""
    entries = roster(layer)
    colours = annotation_colours([entry.name for entry in entries])
    names = np.array(_names(layer), dtype=object)
    data = np.asarray(layer.data, dtype=np.float64)
    return [
        ListedPoints(e.name, e.type, data[names == e.name], colours[e.name])
        for e in entries
    ]


def annotations_from_layer(layer: Points) -> AnnotationSet:
    """Read the working copy back; annotations without points are left out.

    Raises
    ------
    InvalidValue
        When a name is too long or a point is no place.
    """
    ids = {entry.name: entry.annotation_id for entry in roster(layer)}
    return AnnotationSet(
        tuple(
            Annotation(item.name, item.type, item.points, ids[item.name])
            for item in listing(layer)
            if len(item.points)
        )
    )


def unsaved(layer: Points) -> Changes[Annotation]:
    """Compare the working copy with what was loaded.

    Raises
    ------
    InvalidValue
        As `annotations_from_layer`.
    """
    source = source_of(layer)
    baseline = AnnotationSet() if source is None else source.baseline
    return baseline.changes_to(annotations_from_layer(layer))


def add_annotation(layer: Points, name: str, type: str) -> None:  # noqa: A002
    """List a new annotation, without points yet.

    Raises
    ------
    InvalidValue
        When the name is empty, too long or taken, or the type too long.
    """
    name = name.strip()
    _check(name, type)
    if name in _roster_names(layer):
        raise InvalidValue(
            f"There is an annotation called {name!r}; take another name."
        )
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
    layer.remove([i for i, owner in enumerate(_names(layer)) if owner == name])
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
    layer.current_symbol = SYMBOLS.get(entry.type, _OTHER_SYMBOL)


def chosen_annotation(layer: Points) -> str | None:
    """Return the annotation that the next added points will belong to."""
    defaults = layer.feature_defaults
    if FEATURE not in defaults or not len(defaults):
        return None
    name = defaults[FEATURE].iloc[0]
    return str(name) if name in _roster_names(layer) else None


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
    layer.data = _stacked(annotations)
    layer.features = pd.DataFrame({FEATURE: _names_per_point(annotations)})
    set_baseline(layer, baseline)
    _set_roster(layer, entries)
    if entries:
        choose_annotation(layer, entries[0].name)


def set_baseline(layer: Points, baseline: AnnotationSet) -> None:
    """Remember what the table is known to hold."""
    source = source_of(layer)
    if source is not None:
        layer.metadata[METADATA_KEY] = source.with_baseline(baseline)


def adopt_saved(layer: Points, saved: AnnotationSet) -> None:
    """Take over the rows of a save: ids for what was new, and the new baseline.

    Points that were moved while the save ran stay, as unsaved changes.
    """
    ids = {a.name: a.annotation_id for a in saved}
    set_baseline(layer, saved)
    entries = (
        replace(e, annotation_id=ids.get(e.name, e.annotation_id))
        for e in roster(layer)
    )
    _set_roster(layer, tuple(entries))


def recolour(layer: Points) -> None:
    """Give every point the colour and symbol of its annotation."""
    names = _names(layer)
    if not names:
        return
    entries = roster(layer)
    colours = _colours_per_point(entries, names)
    if not np.allclose(layer.face_color, colours):
        layer.face_color = colours
    symbols = _symbols_per_point(entries, names)
    if [str(symbol) for symbol in layer.symbol] != symbols:
        layer.symbol = symbols


def _set_roster(layer: Points, entries: tuple[Listed, ...]) -> None:
    layer.metadata[ROSTER_KEY] = entries
    recolour(layer)
    chosen = chosen_annotation(layer)
    if chosen is not None:  # its colour may have become another
        choose_annotation(layer, chosen)


def _rename_points(layer: Points, name: str, new_name: str) -> None:
    names = [new_name if owner == name else owner for owner in _names(layer)]
    chosen = chosen_annotation(layer)
    if names:
        # Assigned as a whole: changing it in place fires no event.
        layer.features = pd.DataFrame({FEATURE: np.array(names, dtype=object)})
    if chosen == name:
        _forget_selection(layer)
        layer.feature_defaults = {FEATURE: new_name}


def _names(layer: Points) -> list[str]:
    """Return the annotation of every point; a point that lost it is "unnamed"."""
    if FEATURE not in layer.features:
        return [_UNNAMED] * len(layer.data)
    values = layer.features[FEATURE].tolist()
    return [str(v) if isinstance(v, str) and v.strip() else _UNNAMED for v in values]


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


def _stacked(annotations: AnnotationSet) -> NDArray[np.float64]:
    return np.concatenate([np.zeros((0, 3)), *(a.points for a in annotations)])


def _names_per_point(annotations: AnnotationSet) -> NDArray[np.object_]:
    names = [a.name for a in annotations for _ in range(len(a.points))]
    return np.array(names, dtype=object)


def _colours_per_point(
    entries: Sequence[Listed], names: Sequence[str]
) -> NDArray[np.float64]:
    colours = annotation_colours([entry.name for entry in entries])
    return np.array([_rgba(colours[name]) for name in names])


def _symbols_per_point(entries: Sequence[Listed], names: Sequence[str]) -> list[str]:
    symbols = {e.name: SYMBOLS.get(e.type, _OTHER_SYMBOL) for e in entries}
    return [symbols[name] for name in names]


def _rgba(colour: str) -> tuple[float, float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0
