"""Annotations in files ↔ Points layers, for napari's File menu.

What a layer cannot know, where bregma is and how the brain lies in an atlas, stands
beside it in its metadata (`SPACE_KEY`) when somebody said.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdata_napari.core.draft import Draft
from labdata_napari.core.track_formats import write_annotations
from labdata_napari.core.track_reading import is_annotation_file, read_with_pitch
from labdata_napari.core.track_space import Space
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.point_features import TYPE
from labdata_napari.layers.points import FEATURE, ROSTER_KEY, symbol_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.types import LayerData

SPACE_KEY = "labdata_space"
"""The entry of a layer's metadata that holds the `Space` of its points."""

_POINT_UM = 60.0  # on the screen a click in a mouse brain


def is_ours(path: str) -> bool:
    """Whether a file is a table or JSON of annotations that we wrote."""
    return is_annotation_file(Path(path))


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Open files of annotations, each as a Points layer in µm.

    Raises
    ------
    NotFound, UnreadableFile
        When a file is missing or broken.
    """
    paths = [path] if isinstance(path, str) else list(path)
    return [_layer(Path(one)) for one in paths]


def write_layer(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write the annotations of a Points layer by the ending of a file's name.

    Parameters
    ----------
    path
        ``.csv``, ``.json``, ``xyz_picks….json`` (for the IBL's tools: the file for
        one track, its folder for several) or ``.npy`` (brainrender).
    data
        (N, 3) points of the layer.
    attributes
        Its state, as napari gives it.

    Returns
    -------
    list of str
        The files that were written; those of this name are replaced.

    Raises
    ------
    InvalidValue
        When the layer is not three-dimensional or has no points, or the format needs
        to know bregma or an atlas and the layer does not.
    WriteRefused
        When a file cannot be written.
    """
    target = Path(path)
    kind = {".json": "json", ".npy": "brainrender"}.get(target.suffix.lower(), "csv")
    if kind == "json" and target.stem.startswith("xyz_picks"):
        kind = "ibl"
    drafts = _drafts(np.asarray(data, np.float64), attributes)
    if kind in ("ibl", "brainrender") and sum(len(d.points) > 0 for d in drafts) > 1:
        target = target.parent
    space = _space(attributes)
    written = write_annotations(target, drafts, space, kind, overwrite=True)
    return [str(one) for one in written]


def _drafts(data: Any, attributes: Mapping[str, Any]) -> list[Draft]:
    if data.ndim != 2 or data.shape[1] != 3:
        raise InvalidValue(
            "Annotations have three axes; choose a Points layer of a brain."
        )
    features = attributes.get("features")
    metadata = attributes.get("metadata") or {}
    types = {entry.name: entry.type for entry in metadata.get(ROSTER_KEY, ())}
    fallback = str(attributes.get("name") or "points")
    if features is None or FEATURE not in features:
        return [Draft(fallback, "", data)]
    values = features[FEATURE].tolist()
    names = [v if isinstance(v, str) and v.strip() else fallback for v in values]
    if TYPE in features:
        typed = zip(names, features[TYPE].tolist(), strict=True)
        types = {**{n: t for n, t in typed if isinstance(t, str)}, **types}
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return [Draft(n, types.get(n, ""), data[at]) for n, at in places.items()]


def _space(attributes: Mapping[str, Any]) -> Space:
    known = (attributes.get("metadata") or {}).get(SPACE_KEY)
    if isinstance(known, Space):
        return known
    return Space(np.abs(np.asarray(attributes.get("scale", (1, 1, 1)), np.float64)))


def _layer(path: Path) -> LayerData:
    drafts, space = read_with_pitch(path)
    names = [d.name for d in drafts for _ in range(len(d.points))]
    types = [d.type for d in drafts for _ in range(len(d.points))]
    arguments: dict[str, Any] = {
        "name": re.sub(r"\.(csv|json)\Z", "", path.name, flags=re.IGNORECASE),
        "ndim": 3,
        "scale": tuple(space.um_per_pixel.tolist()),
        "units": ("um", "um", "um"),
        "features": pd.DataFrame({FEATURE: names, TYPE: types}, dtype=object),
        "size": _POINT_UM / float(space.um_per_pixel.min()),
        "border_color": "black",
        "border_width": 0.1,
        "metadata": {SPACE_KEY: space},
    }
    if names:
        colours = annotation_colours([d.name for d in drafts])
        arguments["face_color"] = [colours[name] for name in names]
        arguments["symbol"] = [symbol_of(kind) for kind in types]
    points = np.concatenate([np.zeros((0, 3)), *(d.points for d in drafts)])
    return points, arguments, "points"
