"""Files of annotations opened on their own: the size of their pixels is in them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from labdata_napari.core import track_json, track_tables
from labdata_napari.core.small_files import delimiter_of, read_json
from labdata_napari.core.track_formats import read_annotations
from labdata_napari.core.track_space import Space

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.draft import Draft

_FIRST_BYTES = 4096


def is_annotation_file(path: Path) -> bool:
    """Whether a file says that we wrote it, by its first bytes."""
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json"):
        return False
    try:
        with open(path, "rb") as stream:
            first = stream.read(_FIRST_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return False
    if suffix == ".json":
        return f'"{track_json.FORMAT}"' in first
    lines = first.splitlines()[:1]
    header = next(csv.reader(lines, delimiter=delimiter_of(first)), [])
    return set(track_tables.PIXELS) <= {name.strip() for name in header}


def read_with_pitch(path: Path) -> tuple[tuple[Draft, ...], Space]:
    """Read a file that `is_annotation_file`, and what its pixels are.

    Where it does not say how large they are, they count as 1 µm.

    Raises
    ------
    NotFound, UnreadableFile, InvalidValue
        When it is missing or damaged.
    """
    if path.suffix.lower() == ".json":
        space = track_json.space_of(read_json(path), path)
    else:
        space = Space(track_tables.pitch_of(path))
    return read_annotations(path, space), space
