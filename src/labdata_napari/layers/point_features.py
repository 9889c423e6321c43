"""What napari's features table says of a point beside the name of its annotation.

It is told from the annotations, which hold it: what is typed there is overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Points
    from numpy.typing import NDArray

TYPE, ORDER = "type", "order"
_DEFAULTS = {TYPE: "", ORDER: 0}  # until the point is there


def columns_of(
    names: Sequence[str] | NDArray[np.object_], types: Mapping[str, str]
) -> dict[str, NDArray[Any]]:
    """Return the type and the number, from 1, of points by their annotations' names."""
    codes, known = pd.factorize(np.array(names, dtype=object))
    of_known = np.array([types.get(name, "") for name in known], dtype=object)
    places = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=len(known))
    order = np.empty(len(codes), dtype=np.int64)
    order[places] = np.arange(len(codes)) - np.repeat(
        np.cumsum(counts) - counts, counts
    )
    return {TYPE: of_known[codes], ORDER: order + 1}


def describe_points(
    layer: Points, names: Sequence[str] | NDArray[np.object_], types: Mapping[str, str]
) -> None:
    """Let the features of a layer say type and number of its points.

    They are written in place: to set them, napari makes all colours anew.
    """
    table, defaults, changed = layer.features, layer.feature_defaults, False
    for column, values in columns_of(names, types).items():
        if column in table and np.array_equal(table[column].to_numpy(), values):
            continue
        table[column] = values
        if column not in defaults:
            defaults[column] = _DEFAULTS[column]
        changed = True
    if changed:
        layer.events.features()


def let_next_points(layer: Points, **values: Any) -> None:
    """Let the next points have these features; the others stay as they are."""
    known = layer.feature_defaults
    others = {column: known[column].iloc[0] for column in known} if len(known) else {}
    layer.feature_defaults = {**others, **values}
