"""Labels of body parts in files ↔ pictures and a Points layer, for napari's menus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labdata_napari.core.label_csv import csv_bytes
from labdata_napari.core.label_files import LABELED_DATA, read_label_files
from labdata_napari.core.label_hdf import write_hdf
from labdata_napari.core.label_table import LabelTable
from labdata_napari.core.picture_stack import open_pictures
from labdata_napari.core.small_files import write_files
from labdata_napari.errors import InvalidValue
from labdata_napari.layers.colours import annotation_colours
from labdata_napari.layers.images import image_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.types import LayerData

    from labdata_napari.core.label_files import LabelFile

FEATURE = "label"
"""The column of a layer's features with the names of body parts."""

ROWS_KEY = "labdata_labels"
"""The entry of a layer's metadata that holds the `Rows` of its labels."""

_BEGINNINGS = ("CollectedData", "machinelabels")
_TABLES = (".h5", ".csv")


@dataclass(frozen=True)
class Rows:
    """What a Points layer cannot hold of a table of labels.

    Attributes
    ----------
    scorer
        Who labelled.
    bodyparts
        All, also those without labels.
    names
        The picture of each frame.
    """

    scorer: str
    bodyparts: tuple[str, ...]
    names: tuple[str, ...]


def is_ours(path: str) -> bool:
    """Whether a file is one of labels, or a folder one that holds such."""
    place = Path(path)
    if place.is_dir():
        return any(
            below.is_file() and _is_table(below)
            for below in (*place.glob("*.*"), *place.glob(f"{LABELED_DATA}/*/*.*"))
        )
    return _is_table(place)


def _is_table(path: Path) -> bool:
    return path.name.startswith(_BEGINNINGS) and path.suffix.lower() in _TABLES


def read_layers(path: str | Sequence[str]) -> list[LayerData]:
    """Open labels as layers: the pictures, lazily, and a Points layer over them.

    Raises
    ------
    NotFound, UnreadableFile
        When there are no labels, or a file is damaged.
    """
    paths = [path] if isinstance(path, str) else list(path)
    layers: list[LayerData] = []
    for one in paths:
        for file in read_label_files(Path(one)):
            layers += _layers(file)
    return layers


def write_layer(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write the labels of a Points layer as a table of DeepLabCut.

    Parameters
    ----------
    path
        ``.h5`` or ``.csv``; one that is there is replaced.
    data
        (N, 3) frame, y, x.
    attributes
        The layer's state, as napari gives it.

    Returns
    -------
    list of str
        The file.

    Raises
    ------
    InvalidValue
        When the layer is none of labels, or has two of a body part in a frame.
    WriteRefused
        When the file cannot be written.
    """
    table = _table(np.asarray(data, np.float64), attributes)
    target = Path(path)
    if target.suffix.lower() == ".csv":
        write_files({target: csv_bytes(table, split_names=True)}, overwrite=True)
    else:
        write_hdf(target, table)
    return [str(target)]


def _layers(file: LabelFile) -> list[LayerData]:
    table = file.table
    name = file.path.parent.name
    layers: list[LayerData] = []
    if file.pictures:
        stack = open_pictures([file.pictures.get(row) for row in table.rows])
        layers += image_layers(stack, f"{name} frames")
    frames, parts = np.nonzero(~np.isnan(table.xy[..., 0]))
    x, y = table.xy[frames, parts].T
    labels = [table.bodyparts[part] for part in parts]
    colours = annotation_colours(table.bodyparts)
    rows = Rows(table.scorer, table.bodyparts, tuple(map(str, table.rows)))
    arguments: dict[str, Any] = {
        "name": f"{name} labels",
        "ndim": 3,
        "scale": (1, 1, 1),
        "units": ("pixel",) * 3,
        "axis_labels": ("frame", "y", "x"),
        "features": pd.DataFrame({FEATURE: labels}, dtype=object),
        "size": 8,
        "border_color": "black",
        "border_width": 0.1,
        "metadata": {ROWS_KEY: rows},
    }
    if labels:
        arguments["face_color"] = [colours[label] for label in labels]
    points = np.stack([frames.astype(np.float64), y, x], axis=1)
    layers.append((points, arguments, "points"))
    return layers


def _table(data: Any, attributes: Mapping[str, Any]) -> LabelTable:
    rows = (attributes.get("metadata") or {}).get(ROWS_KEY)
    features = attributes.get("features", {})
    has_labels = FEATURE in features and data.ndim == 2 and data.shape[1] == 3
    if not (isinstance(rows, Rows) and has_labels):
        raise InvalidValue(
            "This layer holds no labels of body parts; choose one that was opened from "
            "a file of labels."
        )
    labels = [str(label) for label in features[FEATURE]]
    names = tuple(dict.fromkeys((*rows.bodyparts, *labels)))
    at = {name: n for n, name in enumerate(names)}
    xy = np.full((len(rows.names), len(names), 2), np.nan)
    for (frame, y, x), label in zip(data, labels, strict=True):
        place = round(frame), at[label]
        if not 0 <= place[0] < len(xy):
            raise InvalidValue(
                f"{label!r} is labelled in frame {place[0]}, and there are "
                f"{len(xy)}; delete that point."
            )
        if not np.isnan(xy[place]).any():
            raise InvalidValue(
                f"{label!r} is labelled twice in frame {place[0]}; delete one."
            )
        xy[place] = x, y
    return LabelTable(rows.scorer, names, rows.names, xy)
