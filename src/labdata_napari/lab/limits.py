"""What a row's values may be, checked before a transaction begins.

The server would refuse too, but late, in its own words, and on PostgreSQL the
whole transaction with it; some servers do not refuse but store something else
(MariaDB turns a missing enum into its first value). So every row that this
package writes passes through `checked` first.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LENGTH = re.compile(r"(?:var)?char(?:acter varying)?\((\d+)\)", re.IGNORECASE)
_ENUM = re.compile(r"enum\((.*)\)", re.IGNORECASE | re.DOTALL)
_ENUM_VALUE = re.compile(r"'((?:[^']|'')*)'")
_INTEGERS = {
    "tinyint": 8,
    "int8": 8,
    "smallint": 16,
    "int16": 16,
    "mediumint": 24,
    "int": 32,
    "integer": 32,
    "int32": 32,
    "bigint": 64,
    "int64": 64,
}
_FLOATS = ("float", "double", "real", "decimal", "numeric")


def checked(
    table: Any, rows: Iterable[Mapping[str, Any]], what: str = ""
) -> list[dict[str, Any]]:
    """Return rows as they will be stored, or say why they cannot be.

    Parameters
    ----------
    table
        A bound table class or instance; its heading gives the limits.
    rows
        Values by column. Datetimes lose their microseconds, which one of the two
        kinds of server would drop and the other keep.
    what
        What the rows are to the person who reads the error, such as
        ``"annotation 'probe A'"``; the table's name when empty.

    Returns
    -------
    list of dict
        New rows; the given ones are left alone.

    Raises
    ------
    InvalidValue
        When a value is missing, too long, too large, out of range, no member of
        an enum, or not of the column's kind.
    """
    heading = table.heading
    limits = blob_limits(table)
    name = what or f"the row of {_class_name(table)}"
    return [_checked_row(heading, limits, row, name) for row in rows]


def blob_limits(table: Any) -> dict[str, int]:
    """Bytes that each blob column of a table holds, by name.

    Only MySQL and MariaDB limit them by type (a plain ``blob`` to 65,535 bytes);
    for PostgreSQL the result is empty.
    """
    if table.connection.adapter.backend != "mysql":
        return {}
    blobs = table.heading.blobs
    if not blobs:
        return {}
    found = table.connection.query(
        "SELECT column_name, character_maximum_length FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = %s",
        args=(table.database, table.table_name),
    ).fetchall()
    return {name: int(size) for name, size in found if name in blobs and size}


def _class_name(table: Any) -> str:
    cls = table if isinstance(table, type) else type(table)
    return str(cls.__name__)


def _checked_row(
    heading: Any, limits: Mapping[str, int], row: Mapping[str, Any], what: str
) -> dict[str, Any]:
    attributes = heading.attributes  # which are gathered anew each time
    unknown = set(row) - set(attributes)
    if unknown:
        raise InvalidValue(
            f"{_sentence(what)} has no column '{min(unknown)}'; the columns are "
            f"{', '.join(heading.names)}."
        )
    for attribute in attributes.values():
        given = row.get(attribute.name)
        needed = not attribute.nullable and attribute.default is None
        if given is None and needed and not attribute.autoincrement:
            raise InvalidValue(f"{_sentence(what)} needs a value for {attribute.name}.")
    return {
        name: None
        if value is None
        else _checked_value(attributes[name], limits.get(name), value, what)
        for name, value in row.items()
    }


def _checked_value(attribute: Any, limit: int | None, value: Any, what: str) -> Any:
    if attribute.is_blob:
        _check_blob(attribute.name, limit, value, what)
        return value
    kind = str(attribute.original_type or attribute.type)
    words = f"the {attribute.name} of {what}"
    if length := _LENGTH.fullmatch(kind):
        return _text(words, int(length[1]), value)
    if members := _ENUM.fullmatch(kind):
        return _member(words, members[1], value)
    base = kind.split("(")[0].split()[0].lower()
    if base in _INTEGERS:
        return _integer(words, _INTEGERS[base], "unsigned" in kind, value)
    if base.startswith(_FLOATS):
        return _number(words, value)
    if base == "date":
        return _date(words, value)
    if base in ("datetime", "timestamp"):
        return _datetime(words, value)
    return value


def _check_blob(name: str, limit: int | None, value: Any, what: str) -> None:
    if limit is None:
        return
    from datajoint import blob

    size = len(blob.pack(value))
    if size <= limit:
        return
    hint = "make it smaller"
    points = np.asarray(value) if isinstance(value, np.ndarray | list) else None
    if points is not None and points.ndim == 2:
        hint = (
            f"of its {len(points):,} points about {len(points) * limit // size:,} "
            "fit: split it or thin it out"
        )
    raise InvalidValue(
        f"The {name} of {what} takes {size:,} bytes and the column holds {limit:,}; "
        f"{hint}."
    )


def _text(words: str, length: int, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"{_sentence(words)} must be text, not {value!r}.")
    if len(value) > length:
        raise InvalidValue(
            f"{_sentence(words)} has {len(value)} characters ('{value[:20]}…') and the "
            f"column holds {length}; shorten it."
        )
    if "\0" in value:
        raise InvalidValue(f"{_sentence(words)} holds a zero character; remove it.")
    return value


def _member(words: str, members: str, value: Any) -> str:
    allowed = [m.replace("''", "'") for m in _ENUM_VALUE.findall(members)]
    if value not in allowed:
        raise InvalidValue(
            f"{_sentence(words)} cannot be {value!r}; it is one of "
            f"{', '.join(allowed)}."
        )
    return str(value)


def _integer(words: str, bits: int, unsigned: bool, value: Any) -> int:
    try:
        number = int(value)
        whole = number == value
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise InvalidValue(f"{_sentence(words)} must be a whole number, not {value!r}.")
    low = 0 if unsigned else -(2 ** (bits - 1))
    high = low + 2**bits - 1
    if not low <= number <= high:
        raise InvalidValue(
            f"{_sentence(words)} cannot be {number}; the column holds {low} to {high}."
        )
    return number


def _number(words: str, value: Any) -> Any:
    try:
        finite = math.isfinite(value)
    except (TypeError, ValueError):
        raise InvalidValue(
            f"{_sentence(words)} must be a number, not {value!r}."
        ) from None
    if not finite:
        raise InvalidValue(
            f"{_sentence(words)} is {value}, which the database cannot keep; leave it "
            "empty."
        )
    return value.item() if isinstance(value, np.generic) else value


def _date(words: str, value: Any) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidValue(
            f"{_sentence(words)} must be a date as 2026-01-31, not {value!r}."
        ) from None


def _datetime(words: str, value: Any) -> datetime.datetime:
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime.datetime) or value.tzinfo is not None:
        raise InvalidValue(
            f"{_sentence(words)} must be a local date and time as 2026-01-31 12:00:00."
        )
    return value.replace(microsecond=0)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
