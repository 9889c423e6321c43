"""Which picture of an export is which frame, and what its labels were.

The names of pictures in a folder for DeepLabCut do not tell the animal, the dataset or
the video. A small file beside them does, so that whatever comes back finds its place,
and so that it is known what was changed in the folder and what in the lab meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.label_table import shortest
from labdata_napari.core.pose import FrameKey, PoseLabels
from labdata_napari.core.small_files import read_json
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.core.pose_draft import Place

NAME = "labels_manifest.json"
_FORMAT = "labdata-napari labels"
_VERSION = 1
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, InvalidValue)


@dataclass(frozen=True, eq=False)
class Manifest:
    """What an export was made of.

    Attributes
    ----------
    label_set
        Number of the label set.
    frames
        By the path of a picture below the manifest's folder.
    labels
        The labels as they were then.
    handles
        Places (x, y) of body parts in a picture that mean nothing but that they can
        be dragged from there, by picture and body part.
    hidden
        Body parts that were hidden then; None in exports that do not say.
    """

    label_set: int
    frames: Mapping[str, FrameKey]
    labels: PoseLabels
    handles: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    hidden: frozenset[Place] | None = None

    def picture(self, row: str) -> str | None:
        """Find the picture that a row of a table names; None if it is none of ours."""
        if row in self.frames:
            return row
        # the folder may have been moved or renamed
        name = row.rsplit("/", 1)[-1]
        return name if name in self.frames else None

    def to_bytes(self) -> bytes:
        """Write it as JSON."""
        values = shortest(self.labels.xyz)
        of_frame = {key: n for n, key in enumerate(self.labels.frames)}
        pictures = {}
        for picture, frame in self.frames.items():
            row = values[of_frame[frame]] if frame in of_frame else []
            labels = {
                name: place[: 2 + (place[2] == place[2])].tolist()
                for name, place in zip(self.labels.bodyparts, row, strict=False)
                if place[0] == place[0]
            }
            pictures[picture] = {"frame": list(frame), "labels": labels}
        handles = [[*place, *xy] for place, xy in self.handles.items()]
        record = {
            "format": _FORMAT,
            "version": _VERSION,
            "label_set": self.label_set,
            "bodyparts": list(self.labels.bodyparts),
            "pictures": pictures,
            "handles": handles,
        }
        if self.hidden is not None:
            of_picture = {frame: picture for picture, frame in self.frames.items()}
            record["hidden"] = sorted([of_picture[f], n] for f, n in self.hidden)
        return json.dumps(record, ensure_ascii=False, indent=1).encode()


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of an export.

    Raises
    ------
    NotFound
        When there is none.
    UnreadableFile
        When it is damaged, or of a later version.
    """
    record = read_json(path)
    try:
        if (record["format"], record["version"]) != (_FORMAT, _VERSION):
            raise UnreadableFile(
                f"'{path}' is no manifest of this version of labdata-napari; update "
                "it, or export the label set again."
            )
        return _manifest(record)
    except _BROKEN as error:
        raise UnreadableFile(
            f"'{path}' is damaged; export the label set again."
        ) from error


def _manifest(record: Mapping[str, Any]) -> Manifest:
    names = tuple(str(name) for name in record["bodyparts"])
    frames: dict[str, FrameKey] = {}
    places = []
    for picture, one in record["pictures"].items():
        key = dict(zip(FrameKey._fields, one["frame"], strict=True))
        frames[str(picture)] = FrameKey.from_row(key)
        places.append([_three(one["labels"].get(name)) for name in names])
    values = np.array(places, np.float32).reshape(len(frames), len(names), 3)
    flat = values[..., :2] if np.isnan(values[..., 2]).all() else values
    labels = PoseLabels(names, tuple(frames.values()), flat)
    handles = {
        (str(picture), str(name)): (float(x), float(y))
        for picture, name, x, y in record.get("handles", ())
    }
    hidden = record.get("hidden")
    if hidden is not None:
        hidden = frozenset((frames[str(p)], str(name)) for p, name in hidden)
    return Manifest(int(record["label_set"]), frames, labels, handles, hidden)


def _three(place: Any) -> list[float]:
    if place is None:
        return [np.nan] * 3
    return [*map(float, place), *[np.nan] * (3 - len(place))]
