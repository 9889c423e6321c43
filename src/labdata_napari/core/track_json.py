"""Annotations as JSON: everything about them, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.draft import Draft
from labdata_napari.core.small_files import as_points, read_json
from labdata_napari.core.track_space import Space
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT, VERSION = "labdata-napari annotations", 1


def json_of(drafts: Iterable[Draft], space: Space) -> bytes:
    """Write annotations as JSON, with the size and orientation of their pixels."""
    record = {
        "format": FORMAT,
        "version": VERSION,
        "um_per_pixel": space.um_per_pixel.tolist(),
        "orientation": space.orientation,
        "annotations": [
            {
                "name": draft.name,
                "type": draft.type,
                "points": draft.points.tolist(),
                "points_um": (draft.points * space.um_per_pixel).tolist(),
            }
            for draft in drafts
        ],
    }
    return json.dumps(record, indent=1, ensure_ascii=False).encode() + b"\n"


def is_ours(record: Any) -> bool:
    """Whether parsed JSON says that it is of this format."""
    return isinstance(record, dict) and record.get("format") == FORMAT


def space_of(record: Any, path: Path) -> Space:
    """Return what parsed JSON of ours says about its pixels.

    Raises
    ------
    UnreadableFile
        When it says nothing.
    """
    try:
        return Space(record["um_per_pixel"], record.get("orientation"))
    except (KeyError, TypeError, AttributeError, InvalidValue):
        raise UnreadableFile(
            f"'{path}' does not say how large its pixels are."
        ) from None


def read_annotations(path: Path, space: Space) -> tuple[Draft, ...]:
    """Read what `json_of` wrote.

    Raises
    ------
    UnreadableFile
        When it is something else or damaged.
    InvalidValue
        When its pixels have another size than those of this stack.
    """
    record = read_json(path)
    if not is_ours(record) or record.get("version") != VERSION:
        raise UnreadableFile(
            f"'{path}' holds no annotations of this version of labdata-napari."
        )
    try:
        um = np.array(record["um_per_pixel"], np.float64)
        drafts = tuple(
            Draft(str(a["name"]), str(a["type"]), as_points(a["points"], path))
            for a in record["annotations"]
        )
    except (KeyError, TypeError, ValueError):
        raise UnreadableFile(f"The annotations in '{path}' are damaged.") from None
    if um.shape != (3,) or not np.allclose(um, space.um_per_pixel, rtol=1e-3):
        raise InvalidValue(
            f"The pixels in '{path}' have {um.tolist()} µm, those of this stack "
            f"{space.um_per_pixel.tolist()}; open it with the stack it was made in."
        )
    return drafts
