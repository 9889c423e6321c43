"""Annotations to one napari Points layer and back; the layer is the working copy.

The layer's `annotation` feature says which annotation a point belongs to. Names,
types and row ids live in a roster beside it, because an annotation may have no points
yet and because napari copies the features of a selected point to the next new one:
an id per point would be copied along. Its features `type` and `order` only tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.core.annotation_types import REGION
from labdata_napari.core.draft import Draft
from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.point_features import columns_of, describe_points
from labdata_napari.layers.source import METADATA_KEY, LayerSource, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer, Points
    from napari.types import FullLayerData
    from numpy.typing import NDArray

    from labdata_napari.core.changes import Changes

FEATURE = "annotation"
ROSTER_KEY = "labdata_annotations"
SHAPE_KEY = "labdata_shape"
SOURCE_KIND = "FixedBrainTransformAnnotation"
_SYMBOLS = {
    "probe_track": "disc",
    "injection": "square",
    "landmark": "diamond",
    "region_boundary": "triangle_up",
}
_OTHER_SYMBOL = "disc"
_TIP_SYMBOL = "star"
_UNNAMED = "unnamed"
# Dark, so that every colour stands out on bright pictures as on black ones.
_RING = 0.15
_POINTS_ACROSS = 45
# napari enlarges only the border of a point that is held at this size: keep it low.
SMALLEST_ON_SCREEN, LARGEST_ON_SCREEN = 6, 10_000


@dataclass(frozen=True)
class Listed:
    """One annotation of the working copy, which may still lack points.

    Attributes
    ----------
    name, type
        As typed.
    annotation_id
        Of its row; None while it has none.
    colour
        "#RRGGBB" once it has one; its own as long as it is listed.
    is_hidden
        Whether its points are left out of the picture.
    tip
        (3,) pixels: the point that was marked as the tip of a track, if one was.
    """

    name: str
    type: str
    annotation_id: int | None = None
    colour: str | None = None
    is_hidden: bool = False
    tip: tuple[float, ...] | None = None


@dataclass(frozen=True)
class ListedPoints:
    """One annotation of the working copy as a list shows it.

    Attributes
    ----------
    points
        (n, 3) pixels in the order of the stored axes.
    colour
        "#RRGGBB".
    annotation_id
        Of its row; None while it has none.
    is_hidden
        Whether its points are left out of the picture.
    tip
        (3,) pixels: the point that was marked as the tip of a track, if one was.
    """

    name: str
    type: str
    points: NDArray[np.float64]
    colour: str
    annotation_id: int | None = None
    is_hidden: bool = False
    tip: tuple[float, ...] | None = None


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
    colours, names = annotation_colours(annotations.names), feature_of(annotations)
    roster = tuple(
        Listed(a.name, a.type, a.annotation_id, colours[a.name]) for a in annotations
    )
    arguments: dict[str, Any] = {
        **space,
        "name": name,
        "ndim": 3,
        "features": pd.DataFrame(
            {FEATURE: names, **columns_of(names, {a.name: a.type for a in annotations})}
        ),
        "size": max(1.0, max(shape[-2:]) / _POINTS_ACROSS),
        "canvas_size_limits": (SMALLEST_ON_SCREEN, LARGEST_ON_SCREEN),
        "border_color": "black",
        "border_width": _RING,
        "metadata": {
            METADATA_KEY: source.with_baseline(annotations),
            ROSTER_KEY: roster,
            SHAPE_KEY: tuple(int(size) for size in shape),
        },
    }
    if len(annotations):
        arguments["face_color"] = _colours_per_point(roster, names.tolist())
        arguments["symbol"] = _symbols_per_point(roster, names.tolist())
    return stacked(annotations), arguments, "points"


def is_annotation_layer(layer: Layer | None) -> bool:
    """Whether this is one of our annotation layers."""
    source = source_of(layer)
    return source is not None and source.kind == SOURCE_KIND


def roster(layer: Points) -> tuple[Listed, ...]:
    """Return the annotations of the working copy, with or without points, in order.

    A name that somebody typed into napari's feature table is an annotation too.
    """
    return _with_typed(layer, names_per_point(layer))


def type_of(layer: Points, name: str | None) -> str:
    """Return the type of an annotation; empty where there is none of that name."""
    return next((entry.type for entry in roster(layer) if entry.name == name), "")


def free_name(layer: Points, stem: str) -> str:
    """Return a name that no annotation has: the stem and a number."""
    stem = stem or "annotation"
    taken = {entry.name for entry in roster(layer)}
    number = next(n for n in range(1, len(taken) + 2) if f"{stem} {n}" not in taken)
    return f"{stem} {number}"


def following_name(layer: Points, name: str, type_: str) -> str:
    """Return a free name that goes on counting: “mark 2” after “mark 1”.

    After a name without a number it is the type and a number.
    """
    counted = re.fullmatch(r"(.+) \d+", name)
    return free_name(layer, counted[1] if counted else type_)


def is_listed(layer: Points, name: str) -> bool:
    """Whether there is an annotation of that name."""
    entries: tuple[Listed, ...] = layer.metadata.get(ROSTER_KEY, ())
    return any(e.name == name for e in entries) or name in names_per_point(layer)


def _with_typed(layer: Points, names: Sequence[str]) -> tuple[Listed, ...]:
    listed: tuple[Listed, ...] = layer.metadata.get(ROSTER_KEY, ())
    known = {entry.name for entry in listed}
    typed = [name for name in dict.fromkeys(names) if name not in known]
    return listed + tuple(Listed(name, "") for name in typed)


def listing(layer: Points) -> list[ListedPoints]:
    """Return every annotation with its points and colour, in the roster's order."""
    entries = roster(layer)
    colours = colours_of(entries)
    return [
        ListedPoints(
            e.name,
            e.type,
            d.points,
            colours[e.name],
            e.annotation_id,
            e.is_hidden,
            e.tip,
        )
        for e, d in zip(entries, drafts(layer), strict=True)
    ]


def colours_of(entries: Sequence[Listed]) -> dict[str, str]:
    """Return the colour of every name: its own, else one that nobody has yet."""
    own = {entry.name: entry.colour for entry in entries if entry.colour}
    return annotation_colours([entry.name for entry in entries], own)


def drafts(layer: Points) -> tuple[Draft, ...]:
    """Read the working copy back as it is, whether it could be saved or not."""
    data = np.array(layer.data, dtype=np.float64).reshape(-1, 3)
    names = names_per_point(layer)
    places = places_of(names)
    none = np.zeros(0, dtype=np.intp)
    return tuple(
        Draft(e.name, e.type, data[places.get(e.name, none)], e.annotation_id)
        for e in _with_typed(layer, names)
    )


def places_of(names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Return which points, rising, belong to each of the names that points have."""
    if not len(names):
        return {}
    codes, known = pd.factorize(np.array(names, dtype=object))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(known)))[:-1]
    return dict(zip(known, np.split(order, ends), strict=True))


def annotations_from_layer(layer: Points) -> AnnotationSet:
    """Read the working copy back; annotations without points are left out.

    Raises
    ------
    InvalidValue
        When a name is too long or a point is no place.
    """
    return AnnotationSet(
        tuple(
            Annotation(d.name, d.type, d.points, d.annotation_id)
            for d in drafts(layer)
            if len(d.points)
        )
    )


def um_per_pixel(layer: Points) -> tuple[float, float, float] | None:
    """Return the pitch of the stack along its axes; None when it is not known in µm."""
    if not all(str(unit) == "micrometer" for unit in layer.units[-3:]):
        return None
    z, y, x = (float(value) for value in layer.scale[-3:])
    return z, y, x


def stack_shape(layer: Points) -> tuple[int, int, int] | None:
    """Return the size of the stack that the points belong to, if it was said."""
    shape: tuple[int, int, int] | None = layer.metadata.get(SHAPE_KEY)
    return shape


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


def recolour(layer: Points) -> None:
    """Give every point the colour and symbol of its annotation."""
    names = names_per_point(layer)
    if not names:
        return
    entries = roster(layer)
    describe_points(layer, names, {e.name: e.type for e in entries})
    colours = _colours_per_point(entries, names)
    now = np.asarray(layer.face_color)
    if not np.allclose(now[:, :3], colours[:, :3]):
        colours[:, 3] = now[:, 3]  # how faint they are is said elsewhere
        layer.face_color = colours
    symbols = _symbols_per_point(entries, names)
    for index in _tips(entries, names, layer.data):
        symbols[index] = _TIP_SYMBOL
    if _symbols_now(layer) != symbols:
        layer.symbol = symbols
    # of a painted region its blocks are shown, by a layer of their own
    hidden = {e.name for e in entries if e.is_hidden or e.type == REGION}
    shown = np.array([name not in hidden for name in names])
    if not np.array_equal(layer.shown, shown):
        layer.shown = shown


def names_per_point(layer: Points) -> list[str]:
    """Return the annotation of every point; a point that lost it is "unnamed"."""
    if FEATURE not in layer.features:
        return [_UNNAMED] * len(layer.data)
    values = layer.features[FEATURE].to_numpy(dtype=object)
    # asked many times at each click: what is the same for all points is looked at once
    if all(isinstance(v, str) and v.strip() for v in pd.unique(values)):
        return list(values)
    return [v if isinstance(v, str) and v.strip() else _UNNAMED for v in values]


def symbol_of(type_: str) -> str:
    """Return napari's symbol for an annotation type."""
    return _SYMBOLS.get(type_, _OTHER_SYMBOL)


def stacked(annotations: AnnotationSet) -> NDArray[np.float64]:
    """Return all points in one array (N, 3), annotation after annotation."""
    return np.concatenate([np.zeros((0, 3)), *(a.points for a in annotations)])


def feature_of(annotations: AnnotationSet) -> NDArray[np.object_]:
    """Return the name of the annotation of every point, as `stacked` orders them."""
    names = [a.name for a in annotations for _ in range(len(a.points))]
    return np.array(names, dtype=object)


def _colours_per_point(
    entries: Sequence[Listed], names: Sequence[str]
) -> NDArray[np.float64]:
    colours = colours_of(entries)
    codes, known = pd.factorize(np.array(names, dtype=object))
    rgba = np.array([as_rgba(colours[name]) for name in known], dtype=np.float64)
    return np.asarray(rgba[codes], np.float64)


def _symbols_per_point(entries: Sequence[Listed], names: Sequence[str]) -> list[str]:
    symbols = {e.name: symbol_of(e.type) for e in entries}
    return [symbols[name] for name in names]


def _symbols_now(layer: Points) -> list[str]:
    """Return the names of all symbols, of which napari's own take 2 µs each."""
    found = {id(symbol): symbol for symbol in layer.symbol}
    names = {number: str(symbol) for number, symbol in found.items()}
    return [names[id(symbol)] for symbol in layer.symbol]


def _tips(
    entries: Sequence[Listed], names: Sequence[str], data: NDArray[np.float64]
) -> list[int]:
    """Return the points that were marked as the tips of their tracks."""
    tips = {entry.name: entry.tip for entry in entries if entry.tip is not None}
    if not tips:
        return []
    return [i for i, name in enumerate(names) if tips.get(name) == tuple(data[i])]


def as_rgba(colour: str) -> tuple[float, float, float, float]:
    """Return "#RRGGBB" as napari has it."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 1.0
