"""Statements for many labels at once, which cost little for each.

DataJoint's own conditions name every label with all its columns, which servers take
for hundreds of alternatives and try one by one on every row; here a condition names a
video once and a body part once, and the primary key finds the frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.pose import FrameKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from labdata_napari.core.pose_draft import Place

NUM = "pose_label_set_num"
PLACE = (*FrameKey._fields, "label_name")
"""What identifies a label within a set, in columns."""

_ROWS_PER_STATEMENT = 500


def at_places(num: int, places: Iterable[Place]) -> tuple[str, tuple[Any, ...]]:
    """Return a condition for some places of a set, and its values."""
    videos: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for (*video, number), name in places:
        videos.setdefault(tuple(video), {}).setdefault(name, []).append(number)
    values: list[Any] = [num]
    of_video = " AND ".join(f"{column} = %s" for column in FrameKey._fields[:4])
    parts = []
    for key, names in videos.items():
        values += key
        at = []
        for name, numbers in names.items():
            values += name, *numbers
            at.append(f"(label_name = %s AND frame_num IN {marks(len(numbers))})")
        parts.append(f"({of_video} AND ({' OR '.join(at)}))")
    return f"{NUM} = %s AND ({' OR '.join(parts)})", tuple(values)


def put(
    lab: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows of a set, in the place of those at the same places.

    Parameters
    ----------
    lab
        The `Lab`; in a transaction.
    table
        Full name of a table whose primary key is a place in a set.
    columns
        Beside those of the key.
    rows
        Values of the key (`NUM`, `PLACE`) and of `columns`. A statement for 500.
    """
    key = (NUM, *PLACE)
    names = ", ".join((*key, *columns))
    if lab.connection.adapter.backend == "mysql":
        same = ", ".join(f"{name} = VALUES({name})" for name in columns)
        end = f"ON DUPLICATE KEY UPDATE {same}"
    else:
        same = ", ".join(f"{name} = excluded.{name}" for name in columns)
        end = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {same}"
    one = marks(len(key) + len(columns))
    for part in parts(rows):
        every = ", ".join([one] * len(part))
        lab.connection.query(
            f"INSERT INTO {table} ({names}) VALUES {every} {end}",
            tuple(value for row in part for value in row),
        )


def marks(count: int) -> str:
    """Give places for values, in brackets."""
    return f"({', '.join(['%s'] * count)})"


def parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Divide what is too much for one statement."""
    for start in range(0, len(items), _ROWS_PER_STATEMENT):
        yield items[start : start + _ROWS_PER_STATEMENT]
