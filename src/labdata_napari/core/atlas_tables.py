"""Read the tables that name an atlas's regions: BrainGlobe's, Allen's, and the like.

The files come from anywhere: nothing in them is trusted, and what cannot be used is
said in a sentence.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from labdata_napari.core.atlas_regions import (
    UNKNOWN_COLOR,
    Color,
    Region,
    Regions,
    with_paths,
)
from labdata_napari.errors import InvalidValue, NotFound, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

MOST_BYTES = 64 * 2**20  # Allen's full graph is 1 MB
_MOST_REGIONS = 200_000
_MOST_DEEP = 200
_COLUMNS = {
    "id": ("id", "identifier", "structure_id", "region_id"),
    "value": ("annotation_value",),
    "acronym": ("acronym", "abbreviation", "region_acronym"),
    "name": ("name", "safe_name", "region_name"),
    "path": ("structure_id_path", "root_identifier_path"),
    "parent": ("parent_structure_id", "parent_identifier", "parent_id"),
    "color": ("color_hex_triplet", "color_hex", "rgb_triplet", "rgb"),
}
"""Names of columns in the tables that are about, by what they hold."""

_NUMBER = re.compile(r"\s*(\d{1,18})(?:\.0*)?\s*")


def read_table(path: Path) -> Regions:
    """Read a table of regions, CSV or JSON.

    Parameters
    ----------
    path
        BrainGlobe's ``terminology.csv`` or ``structures.json``; Allen's
        ``structure_tree….csv`` or structure graph (nested JSON); or any CSV or JSON
        list with columns of those names. Where numbers in the volume are given apart
        (``annotation_value``) those are the regions' numbers.

    Raises
    ------
    NotFound
        When there is no such file.
    UnreadableFile
        When it is no such table.
    """
    text = _text(path)
    try:
        if text.lstrip()[:1] in ("[", "{"):
            rows = list(_flat(json.loads(text), None, 0))
        else:
            rows = list(csv.DictReader(io.StringIO(text)))
        return regions_from_rows(rows)
    except (ValueError, csv.Error, RecursionError, InvalidValue) as error:
        raise UnreadableFile(
            f"'{path}' cannot be used as the regions of an atlas: {error}"
        ) from error


def regions_from_rows(rows: Sequence[Mapping[str, Any]]) -> Regions:
    """Make regions of rows with such columns.

    Raises
    ------
    InvalidValue
        When a column is missing or a value makes no sense.
    """
    if not rows:
        raise InvalidValue("It holds no regions.")
    if len(rows) > _MOST_REGIONS:
        raise InvalidValue(f"It holds {len(rows)} rows; no atlas has so many regions.")
    numbers = {_number(_cell(row, "id")): _value(row) for row in rows}
    regions, parents, pathless = [], {}, False
    for row in rows:
        region = _region(row, numbers)
        parent = _cell(row, "parent")
        pathless |= not region.path
        regions.append(region)
        if parent not in (None, "", "-1", -1):
            parents[region.id] = numbers.get(_number(parent))
    return Regions(with_paths(regions, parents) if pathless else tuple(regions))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(
                f"'{path}' is {path.stat().st_size / 2**20:.0f} MB, which no table of "
                "regions is; choose the table."
            )
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no table of regions '{path}'.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"'{path}' cannot be read as text: {error}.") from error


def _flat(found: Any, parent: Any, depth: int) -> Iterable[dict[str, Any]]:
    """Walk lists and nested nodes alike; a nested node knows its parent."""
    if depth > _MOST_DEEP:
        raise InvalidValue("It is nested too deeply.")
    if isinstance(found, dict) and isinstance(found.get("msg"), list):
        found = found["msg"]
    for node in found if isinstance(found, list) else [found]:
        if not isinstance(node, dict):
            raise InvalidValue(f"It holds {str(node)[:40]!r} where a region should be.")
        children = node.get("children")
        own = {key: value for key, value in node.items() if key != "children"}
        if parent is not None:
            own.setdefault("parent_structure_id", parent)
        yield own
        if isinstance(children, list) and children:
            yield from _flat(children, node.get("id"), depth + 1)


def _cell(row: Mapping[str, Any], what: str) -> Any:
    for name in _COLUMNS[what]:
        if row.get(name) not in (None, ""):
            return row[name]
    return None


def _value(row: Mapping[str, Any]) -> int:
    value = _cell(row, "value")
    return _number(_cell(row, "id") if value is None else value)


def _region(row: Mapping[str, Any], numbers: Mapping[int, int]) -> Region:
    number = _value(row)
    acronym = _cell(row, "acronym")
    if acronym is None:
        raise InvalidValue(
            f"The region {number} has no acronym; a table has the columns id, acronym, "
            "name, and structure_id_path or parent_structure_id."
        )
    name = str(_cell(row, "name") or acronym)
    path = _path(_cell(row, "path"), numbers)
    if path and path[-1] != number:
        path = (*path, number)
    return Region(number, str(acronym), name, _color(row), path)


def _path(value: Any, numbers: Mapping[int, int]) -> tuple[int, ...]:
    parts = re.findall(r"\d{1,18}", value) if isinstance(value, str) else value
    if not isinstance(parts, list):
        return ()
    if len(parts) > _MOST_DEEP:
        raise InvalidValue(f"A region is {len(parts)} levels deep; the table is wrong.")
    return tuple(numbers.get(n, n) for n in map(_number, parts))


def _number(value: Any) -> int:
    found = None if isinstance(value, bool) else _NUMBER.fullmatch(str(value))
    if found is None:
        raise InvalidValue(
            f"{str(value)[:40]!r} is no number of a region; they are whole and "
            "positive, in a column id (or identifier)."
        )
    return int(found[1])


def _color(row: Mapping[str, Any]) -> Color:
    value = _cell(row, "color")
    if isinstance(value, str):
        found = re.fullmatch(r"#?([0-9a-fA-F]{1,6})", value.strip())
        if found:  # spreadsheets take leading zeros away
            whole = int(found[1], 16)
            return whole >> 16, (whole >> 8) & 255, whole & 255
        value = re.findall(r"\d+", value)
    if value is None:
        value = [row.get(name) for name in ("red", "green", "blue")]
    try:
        red, green, blue = (min(max(int(part), 0), 255) for part in value)
    except (TypeError, ValueError, OverflowError):
        return UNKNOWN_COLOR
    return red, green, blue
