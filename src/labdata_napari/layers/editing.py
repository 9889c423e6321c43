"""Edits of the working copy of annotations; each refuses before it changes anything.

Each is one step of the layer's history.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.annotation import Annotation
from labdata_napari.core.annotation_types import REGION
from labdata_napari.core.draft import drafts_of
from labdata_napari.core.edit_differences import place as placed
from labdata_napari.core.places import check_near
from labdata_napari.core.track_formats import fitted
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.layers.filling import (
    chosen_name,
    fill,
    forget_selection,
    make_current,
    set_names,
    set_roster,
)
from labdata_napari.layers.history import history_of
from labdata_napari.layers.point_features import let_next_points
from labdata_napari.layers.points import (
    FEATURE,
    Listed,
    is_listed,
    names_per_point,
    roster,
    stack_shape,
)
from labdata_napari.layers.points import drafts as current_drafts
from labdata_napari.layers.source import METADATA_KEY, source_of
from labdata_napari.layers.told_once import ADDED, CHANGED, told_once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari.layers import Points
    from numpy.typing import ArrayLike

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.core.draft import Draft


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
    with history_of(layer).edit(f"new {name}"):
        set_roster(layer, (*roster(layer), Listed(name, type)))


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
    with history_of(layer).edit(f"rename {name} to {new_name}"):
        _rename_points(layer, name, new_name)
        set_roster(layer, entries)


def retype_annotations(layer: Points, names: Collection[str], new_type: str) -> None:
    """Give annotations another type.

    Raises
    ------
    InvalidValue
        When the type is too long.
    NotFound
        When there is no annotation of one of the names.
    """
    for name in names:
        _entry(layer, name)
        _check(name, new_type)
    with history_of(layer).edit(f"retype {_listed(names)}"):
        _change(layer, names, type=new_type)


def recolour_annotations(layer: Points, colours: Mapping[str, str]) -> None:
    """Give annotations other colours, "#RRGGBB" by name; it is no part of the rows."""
    entries = (replace(e, colour=colours.get(e.name, e.colour)) for e in roster(layer))
    set_roster(layer, tuple(entries))


def hide_annotations(layer: Points, names: Collection[str], is_hidden: bool) -> None:
    """Leave annotations out of the picture, or show them again."""
    _change(layer, names, is_hidden=is_hidden)


def remove_annotations(layer: Points, names: Collection[str]) -> None:
    """Take annotations and their points out of the working copy.

    Raises
    ------
    NotFound
        When there is no annotation of one of the names.
    """
    for name in names:
        _entry(layer, name)
    entries = tuple(e for e in roster(layer) if e.name not in names)
    owners = names_per_point(layer)
    with history_of(layer).edit(f"delete {_listed(names)}"):
        forget_selection(layer)
        # Never by shortening layer.data: napari then drops the last features instead.
        layer.remove([i for i, owner in enumerate(owners) if owner in names])
        set_roster(layer, entries)
    if entries and chosen_annotation(layer) is None:
        make_current(layer, entries[0].name)


def add_point(layer: Points, place: ArrayLike) -> None:
    """Add a point to the chosen annotation.

    Parameters
    ----------
    layer
        Whose chosen annotation gets it.
    place
        (3,) pixels in the order of the stored axes.
    """
    name = chosen_annotation(layer)
    with history_of(layer).edit(f"add a point to {name}" if name else ""):
        forget_selection(layer)
        with told_once(layer, ADDED, (-1,)):
            layer.add(np.asarray(place, dtype=np.float64))
            forget_selection(layer)


def move_point(layer: Points, index: int, place: ArrayLike) -> None:
    """Put a point somewhere else, (3,) pixels in the order of the stored axes."""
    data = np.array(layer.data, dtype=np.float64)
    name, old = names_per_point(layer)[index], tuple(data[index])
    data[index] = place
    with history_of(layer).edit(f"move a point of {name}"):
        forget_selection(layer)
        with told_once(layer, CHANGED, (index,)):
            layer.data = data
        if any(e.name == name and e.tip == old for e in roster(layer)):
            # not put last: whoever drags it counts on its place among the points
            _change(layer, [name], tip=tuple(data[index].tolist()))


def put_points(
    layer: Points,
    points: Mapping[str, ArrayLike],
    type: str,  # noqa: A002
    words: str,
    *,
    tips: bool = False,
    merge_key: Any = None,
) -> None:
    """Give annotations other points in one edit; those that are missing are made.

    Parameters
    ----------
    layer
        Of the annotations.
    points
        Name to (N, 3) pixels in the order of the stored axes.
    type
        Of new annotations.
    words
        What the edit is called.
    tips
        Mark the last point of each as its tip; otherwise marked tips go with their
        points.
    merge_key
        As of `LayerHistory.edit`.
    """
    state = current_drafts(layer)
    edit = placed(state, points, type, words)
    if edit is None:
        return
    after = edit.apply(state)
    count = sum(len(draft.points) for draft in after)
    with history_of(layer).edit(words, merge_key):
        forget_selection(layer)
        with told_once(layer, CHANGED, range(count)):
            fill(layer, after)
        if tips:
            last = {
                name: tuple(np.asarray(p)[-1].tolist()) for name, p in points.items()
            }
            entries = (replace(e, tip=last.get(e.name, e.tip)) for e in roster(layer))
            set_roster(layer, tuple(entries))


def mark_tip(layer: Points, name: str, place: ArrayLike | None) -> None:
    """Say which point (3,) of a track is its tip; None lets the fit find it.

    It is no part of the rows; but as the tip comes last among the points, whoever
    opens the track next takes it for the tip, too, unless its way down says otherwise.
    """
    tip = None if place is None else tuple(float(v) for v in np.asarray(place))
    with history_of(layer).edit(f"mark the tip of {name}"):
        if tip is not None:
            _put_last(layer, name, tip)
        _change(layer, [name], tip=tip)


def remove_points(layer: Points, indices: Collection[int]) -> None:
    """Take points out; their annotations stay listed."""
    names = names_per_point(layer)
    owners = Counter(names[index] for index in indices)
    count = "a point" if len(indices) == 1 else f"{len(indices)} points"
    with history_of(layer).edit(f"delete {count} of {_listed(owners)}"):
        forget_selection(layer)
        layer.remove([int(index) for index in indices])


def indices_of(layer: Points, name: str) -> list[int]:
    """Return which points of the layer belong to an annotation, in their order."""
    return [i for i, owner in enumerate(names_per_point(layer)) if owner == name]


def choose_annotation(layer: Points, name: str) -> None:
    """Make the next points that are added belong to an annotation.

    Raises
    ------
    NotFound
        When there is no annotation called `name`.
    """
    _entry(layer, name)
    make_current(layer, name)


def chosen_annotation(layer: Points) -> str | None:
    """Return the annotation that the next added points will belong to."""
    name = chosen_name(layer)
    return name if name is not None and is_listed(layer, name) else None


def selected_annotations(layer: Points) -> list[str]:
    """Return the annotations that the selected points belong to, in order."""
    names = names_per_point(layer)
    chosen = {names[i] for i in layer.selected_data if i < len(names)}
    return [name for name in _roster_names(layer) if name in chosen]


def select_annotations(layer: Points, names: Collection[str]) -> None:
    """Select all points of annotations; new ones still go to the chosen one."""
    chosen = chosen_annotation(layer)
    owners = names_per_point(layer)
    painted = {entry.name for entry in roster(layer) if entry.type == REGION}
    names = set(names) - painted  # thousands of points that nobody sees
    layer.selected_data = {i for i, owner in enumerate(owners) if owner in names}
    if chosen is not None and chosen_name(layer) != chosen:
        make_current(layer, chosen)


def replace_annotations(
    layer: Points,
    annotations: AnnotationSet,
    baseline: AnnotationSet,
    nameless: Sequence[Draft] = (),
    words: str = "replace all annotations",
) -> None:
    """Fill the layer anew, as after a revert or a recovery.

    Parameters
    ----------
    annotations
        The new working copy.
    baseline
        What the table is known to hold.
    nameless
        Annotations without points that are listed as well, unless their name is taken.
    words
        What the edit is called.
    """
    taken = set(annotations.names)
    more = [draft for draft in nameless if draft.name not in taken]
    with history_of(layer).edit(words):
        set_baseline(layer, baseline)
        fill(layer, (*drafts_of(annotations), *more))


def add_drafts(layer: Points, drafts: Sequence[Draft]) -> list[str]:
    """Add annotations that came from files, as one edit.

    Returns
    -------
    list of str
        Their names, with a number behind those that were taken.

    Raises
    ------
    InvalidValue
        When a point is farther out of the stack than that is large; nothing is added.
    """
    shape = stack_shape(layer)
    if shape is not None:
        for draft in drafts:
            check_near(draft.name, draft.points, shape)
    there = current_drafts(layer)
    free = fitted((*there, *(replace(d, annotation_id=None) for d in drafts)))
    added = free[len(there) :]
    with history_of(layer).edit(f"import {_listed([d.name for d in added])}"):
        fill(layer, (*there, *added))
    return [draft.name for draft in added]


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
    entries = []
    for entry in roster(layer):
        number = ids.get(entry.name, entry.annotation_id)
        if number in ids.values():
            entries.append(replace(entry, annotation_id=number))
        elif number is None or entry.name in with_points:
            entries.append(replace(entry, annotation_id=None))
        # else its row went with its last point
    with history_of(layer).edit("save"):
        set_baseline(layer, saved)
        set_roster(layer, tuple(entries))


def _change(layer: Points, names: Collection[str], **values: Any) -> None:
    entries = (replace(e, **values) if e.name in names else e for e in roster(layer))
    set_roster(layer, tuple(entries))


def _put_last(layer: Points, name: str, place: tuple[float, ...]) -> None:
    data = np.array(layer.data, dtype=np.float64)
    own = np.array(indices_of(layer, name), dtype=np.intp)
    is_it = (data[own] == place).all(axis=1)
    if is_it.any() and not is_it[-1]:
        data[own] = np.concatenate([data[own][~is_it], data[own][is_it]])
        layer.data = data


def _rename_points(layer: Points, name: str, new_name: str) -> None:
    names = [new_name if owner == name else owner for owner in names_per_point(layer)]
    is_chosen = chosen_name(layer) == name
    if names:
        set_names(layer, names)
    if is_chosen:
        forget_selection(layer)
        let_next_points(layer, **{FEATURE: new_name})


def _roster_names(layer: Points) -> list[str]:
    return [entry.name for entry in roster(layer)]


def _entry(layer: Points, name: str) -> Listed:
    for entry in roster(layer):
        if entry.name == name:
            return entry
    raise NotFound(f"There is no annotation called {name!r} in this layer.")


def _listed(names: Collection[str]) -> str:
    some = list(names)
    return ", ".join(some) if len(some) <= 2 else f"{len(some)} annotations"


def _check(name: str, type_: str) -> None:
    """Let the core say what is wrong with a name or a type, if anything is."""
    Annotation(name, type_, np.zeros((1, 3)))


def _check_free(layer: Points, name: str) -> None:
    if name in _roster_names(layer):
        raise InvalidValue(f"There is already an annotation {name!r}; choose another.")
