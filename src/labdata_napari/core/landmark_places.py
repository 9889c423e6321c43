"""Where landmarks are in an atlas, from a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from labdata_napari.core.small_files import read_csv
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = ("atlas_um_0", "atlas_um_1", "atlas_um_2")
_NAMES = ("annotation", "name", "landmark")


def read_places(path: Path) -> dict[str, tuple[float, float, float]]:
    """Read a CSV of landmarks: a name and three µm along the axes of the atlas.

    Takes our own tables of annotations, where they were written in an atlas, and
    tables of four columns.

    Returns
    -------
    dict
        Places by name, in the order of the file.

    Raises
    ------
    NotFound, UnreadableFile
        When it is missing, or has no such columns or numbers.
    """
    first, *rows = read_csv(path) or [[]]
    header = [cell.strip() for cell in first]
    name = next((header.index(n) for n in _NAMES if n in header), None)
    if name is not None and set(COLUMNS) <= set(header):
        at: Sequence[int] = [name, *(header.index(c) for c in COLUMNS)]
    elif len(header) == 4:
        at = range(4)
    else:
        raise UnreadableFile(
            f"'{path}' must have a column annotation and {', '.join(COLUMNS)}, or just "
            "four columns: a name and three µm."
        )
    places: dict[str, tuple[float, float, float]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            text, a, b, c = (row[k] for k in at)
            place = (float(a), float(b), float(c))
        except (IndexError, ValueError):
            place = (math.nan,) * 3
        if not all(map(math.isfinite, place)):
            raise UnreadableFile(f"Line {number} of '{path}' holds no place.")
        places.setdefault(text.strip(), place)
    return places
