"""Annotations as tables: our own CSV, one row a point; and napari's of a Points layer.

Our columns: annotation, type, point (from 1); pixel_0, pixel_1, pixel_2 along the
stack's spatial axes in their order, voxel centres; um_0 to um_2, these times the voxel
size; and where it is known ml_um, ap_um, dv_um from bregma and atlas_um_0 to
atlas_um_2. Spreadsheets of countries with a decimal comma write semicolons between the
columns and commas in the numbers; that is read, too.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation_types import TRACK_TYPES
from labdata_napari.core.draft import Draft
from labdata_napari.core.small_files import as_points, read_csv
from labdata_napari.core.track_space import mapped
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.track_space import Space

PIXELS = ("pixel_0", "pixel_1", "pixel_2")
_UM = ("um_0", "um_1", "um_2")
_OF_SITES = {"track", "shank", "site", "above_tip_um"}
_NAPARI = ("axis-0", "axis-1", "axis-2")


def table_of(drafts: Iterable[Draft], space: Space) -> bytes:
    """Write annotations as CSV; numbers are exact."""
    columns = ["annotation", "type", "point", *PIXELS, *_UM]
    if space.to_bregma is not None:
        columns += ["ml_um", "ap_um", "dv_um"]
    if space.to_atlas is not None:
        columns += ["atlas_um_0", "atlas_um_1", "atlas_um_2"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for draft in drafts:
        parts = [draft.points, draft.points * space.um_per_pixel]
        if space.to_bregma is not None:
            parts.append(mapped(space.to_bregma, draft.points))
        if space.to_atlas is not None:
            parts.append(mapped(space.to_atlas, draft.points))
        for number, row in enumerate(np.hstack(parts).tolist(), start=1):
            writer.writerow([draft.name, draft.type, number, *row])
    return text.getvalue().encode("utf-8")


def read_table(path: Path, space: Space) -> tuple[Draft, ...]:
    """Read our CSV, or one of a napari Points layer, told by its first line.

    A napari table is one annotation, named after its file; a column "annotation" in
    it names the points. A table of sites, whose column is "track", is read as tracks.

    Raises
    ------
    UnreadableFile
        When it is neither, or its numbers are none.
    InvalidValue
        When its pixels have another size than those of this stack.
    """
    header, rows = _rows(path)
    if set(PIXELS) <= set(header):
        _check_pitch(path, header, rows, space)
        wanted: Sequence[str] = PIXELS
    elif set(_NAPARI) <= set(header):
        wanted = _NAPARI
        if "axis-3" in header:
            raise UnreadableFile(f"The points in '{path}' have more than three axes.")
    else:
        raise UnreadableFile(
            f"'{path}' has neither our columns ({', '.join(PIXELS)}) nor napari's "
            f"({', '.join(_NAPARI)})."
        )
    points = _numbers(path, header, rows, wanted)
    of_sites = set(header) >= _OF_SITES
    names = _texts(header, rows, "track" if of_sites else "annotation", path.stem)
    types = _texts(header, rows, "type", TRACK_TYPES[0] if of_sites else "")
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return tuple(Draft(n, types[at[0]], points[at]) for n, at in places.items())


def pitch_of(path: Path) -> NDArray[np.float64]:
    """Return the µm per pixel (3,) that a table of ours was written with.

    An axis along which all is at pixel 0 tells nothing and counts as 1 µm, and so
    does a table without µm.

    Raises
    ------
    UnreadableFile
        As `read_table`.
    """
    header, rows = _rows(path)
    if not rows or not set(_UM) | set(PIXELS) <= set(header):
        return np.ones(3)
    pixels = _numbers(path, header, rows, PIXELS)
    um = _numbers(path, header, rows, _UM)
    far = np.abs(pixels).argmax(axis=0), np.arange(3)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        pitch = um[far] / pixels[far]
    known = np.isfinite(pitch) & (pitch > 0)
    return np.where(known, pitch, 1.0)


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    first, *rows = read_csv(path) or [[]]
    header = [name.strip() for name in first]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise UnreadableFile(
                f"Line {number} of '{path}' has {len(row)} values for "
                f"{len(header)} columns."
            )
    return header, rows


def _numbers(
    path: Path, header: list[str], rows: list[list[str]], wanted: Sequence[str]
) -> NDArray[np.float64]:
    places = [header.index(name) for name in wanted]
    return as_points([[row[place] for place in places] for row in rows], path)


def _texts(
    header: list[str], rows: list[list[str]], column: str, default: str
) -> list[str]:
    if column not in header:
        return [default] * len(rows)
    place = header.index(column)
    return [row[place] for row in rows]


def _check_pitch(
    path: Path, header: list[str], rows: list[list[str]], space: Space
) -> None:
    """Refuse pixels of another size: places would be wrong and look right."""
    if not set(_UM) <= set(header):
        return
    pixels = _numbers(path, header, rows, PIXELS)
    um = _numbers(path, header, rows, _UM)
    if not np.allclose(pixels * space.um_per_pixel, um, rtol=1e-3, atol=0.5):
        raise InvalidValue(
            f"The pixels in '{path}' have another size than those of this stack "
            f"({', '.join(f'{v:g}' for v in space.um_per_pixel)} µm); open it with "
            "the stack it was made in."
        )
