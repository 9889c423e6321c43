"""Filling an annotation layer with a state of the working copy, as undo needs it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.point_features import columns_of, let_next_points
from labdata_napari.layers.points import (
    FEATURE,
    ROSTER_KEY,
    Listed,
    colours_of,
    drafts,
    names_per_point,
    recolour,
    roster,
    symbol_of,
)
from labdata_napari.layers.source import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Points
    from numpy.typing import NDArray

    from labdata_napari.core.draft import Draft


def fill(layer: Points, state: Sequence[Draft]) -> None:
    """Make a layer hold a state, touching no more of it than differs.

    Colours and what is hidden stay with their names, or with their rows.
    """
    chosen = chosen_name(layer)
    forget_selection(layer)
    names, before, listed = names_per_point(layer), drafts(layer), roster(layer)
    wanted = [d.name for d in state for _ in range(len(d.points))]
    if Counter(names) == Counter(wanted):
        _move_points(layer, names, state)
    else:
        layer.data = np.concatenate([np.zeros((0, 3)), *(d.points for d in state)])
        set_names(layer, wanted)
    state = _with_rows(layer, state)
    set_roster(layer, _with_tips(_entries(listed, before, state), before, state))
    taken = [draft.name for draft in state]
    if taken and chosen not in taken:
        make_current(layer, taken[0])


def set_roster(layer: Points, entries: tuple[Listed, ...]) -> None:
    """List other annotations; every one of them keeps or gets a colour."""
    colours = colours_of(entries)
    entries = tuple(replace(e, colour=colours[e.name]) for e in entries)
    # Assigned as a whole: changing it in place fires no event.
    layer.metadata = {**layer.metadata, ROSTER_KEY: entries}
    recolour(layer)
    chosen = chosen_name(layer)
    if chosen in colours:  # its colour or symbol may have become another
        make_current(layer, str(chosen))


def show_colours(layer: Points, known: Mapping[str, str]) -> None:
    """Give annotations colours, "#RRGGBB" by name; others keep off these."""
    entries = roster(layer)
    own = {e.name: known[e.name] for e in entries if e.name in known}
    if any(e.colour != own.get(e.name, e.colour) for e in entries):
        colours = annotation_colours([e.name for e in entries], own)
        set_roster(layer, tuple(replace(e, colour=colours[e.name]) for e in entries))


def set_names(layer: Points, names: Sequence[str]) -> None:
    """Say anew to which annotation every point belongs; the chosen one stays so."""
    chosen = chosen_name(layer)
    # Assigned as a whole: changing it in place fires no event.
    types = {entry.name: entry.type for entry in roster(layer)}
    own = {FEATURE: np.array(names, dtype=object), **columns_of(names, types)}
    layer.features = pd.DataFrame(own)
    # napari lets the next points belong to the owner of the last one then
    if chosen is not None and chosen_name(layer) != chosen:
        let_next_points(layer, **{FEATURE: chosen})


def make_current(layer: Points, name: str) -> None:
    """Let the next points belong to a listed annotation."""
    # With a selection, napari applies the new defaults to the selected points.
    forget_selection(layer)
    entries = roster(layer)
    type_ = next(entry.type for entry in entries if entry.name == name)
    if chosen_name(layer) != name:
        let_next_points(layer, **{FEATURE: name})
    layer.current_face_color = colours_of(entries)[name]
    layer.current_symbol = symbol_of(type_)


def chosen_name(layer: Points) -> str | None:
    """Return the annotation that the next points are marked with, listed or not."""
    defaults = layer.feature_defaults
    if FEATURE not in defaults or not len(defaults):
        return None
    name = defaults[FEATURE].iloc[0]
    return name if isinstance(name, str) else None


def forget_selection(layer: Points) -> None:
    """Select no point."""
    if layer.selected_data:
        layer.selected_data = set()


def _with_rows(layer: Points, state: Sequence[Draft]) -> tuple[Draft, ...]:
    """Give what comes back, as by a redo, the row that it was saved in meanwhile."""
    source = source_of(layer)
    baseline = () if source is None or source.baseline is None else source.baseline
    taken = {draft.annotation_id for draft in state}
    rows = {a.name: a.annotation_id for a in baseline if a.annotation_id not in taken}
    return tuple(
        replace(d, annotation_id=rows[d.name])
        if d.annotation_id is None and d.name in rows
        else d
        for d in state
    )


def _move_points(layer: Points, names: Sequence[str], state: Sequence[Draft]) -> None:
    data: NDArray[np.float64] = np.array(layer.data, dtype=np.float64).reshape(-1, 3)
    owners = np.array(names, dtype=object)
    for draft in state:
        data[owners == draft.name] = draft.points
    if not np.array_equal(data, layer.data):
        layer.data = data


def _entries(
    listed: Sequence[Listed], before: Sequence[Draft], state: Sequence[Draft]
) -> tuple[Listed, ...]:
    by_name = {entry.name: entry for entry in listed}
    by_id = {e.annotation_id: e for e in listed}
    by_id.pop(None, None)
    taken = {draft.name for draft in state}
    by_points = {
        draft.points.tobytes(): by_name[draft.name]
        for draft in before
        if len(draft.points) and draft.name not in taken
    }
    kept = [
        by_name.get(d.name)
        or by_id.get(d.annotation_id)
        or by_points.get(d.points.tobytes())  # renamed before it was ever saved
        for d in state
    ]
    own = {d.name: e.colour for d, e in zip(state, kept, strict=True) if e and e.colour}
    colours = annotation_colours([draft.name for draft in state], own)
    return tuple(
        Listed(
            d.name,
            d.type,
            d.annotation_id,
            colours[d.name],
            is_hidden=e is not None and e.is_hidden,
            tip=None if e is None else e.tip,
        )
        for d, e in zip(state, kept, strict=True)
    )


def _with_tips(
    entries: tuple[Listed, ...], before: Sequence[Draft], after: Sequence[Draft]
) -> tuple[Listed, ...]:
    """Let marked tips go where their points went."""
    old = {draft.name: draft.points for draft in before}
    new = {draft.name: draft.points for draft in after}
    return tuple(
        replace(e, tip=_followed(e.tip, old[e.name], new[e.name]))
        if e.tip is not None and e.name in old
        else e
        for e in entries
    )


def _followed(
    tip: tuple[float, ...], old: NDArray[np.float64], new: NDArray[np.float64]
) -> tuple[float, ...]:
    """Return where a tip is in points (N, 3) that were moved, else where it was."""
    was = np.flatnonzero((old == tip).all(axis=1))
    is_there = bool((new == tip).all(axis=1).any())
    if is_there or not len(was) or len(old) != len(new):
        return tip
    return tuple(new[was[0]].tolist())
