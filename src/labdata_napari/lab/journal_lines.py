"""The lines of a journal: what is unsaved of a working copy as JSON, and back.

The first line names the format and the target in clear. Every further line is one
state: a time, and what its kind writes of it. That may refer to the line before, so a
line is as long as what was edited.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FORMAT = "labdata-napari journal"
_VERSION = 1
_BROKEN = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    InvalidValue,
)

Edited = TypeVar("Edited")
Baseline = TypeVar("Baseline")
State = TypeVar("State")
Record = dict[str, Any]


@dataclass(frozen=True)
class Kind(Generic[Edited, Baseline, State]):
    """What journals of one kind of working copy hold.

    Attributes
    ----------
    unsaved
        Takes a working copy and what was loaded or last saved of it; gives what is to
        be kept, or None when nothing is unsaved.
    same
        Whether two states are alike.
    to_json
        Takes a state, and the one before or None; gives what JSON holds, by names
        other than "when".
    from_json
        Takes what `to_json` gave, and the state before or None; gives the state.
        KeyError, TypeError, ValueError or InvalidValue when it is damaged.
    """

    unsaved: Callable[[Edited, Baseline], State | None]
    same: Callable[[State, State], bool]
    to_json: Callable[[State, State | None], Record]
    from_json: Callable[[Record, State | None], State]


@dataclass(frozen=True, eq=False)
class Entry(Generic[State]):
    """What was unsaved at one time.

    Attributes
    ----------
    when
        Time of the edit, with its zone.
    state
        As its `Kind` has it.
    """

    when: datetime
    state: State


def header(target: Mapping[str, Any]) -> bytes:
    """Write the first line."""
    return _line({"format": _FORMAT, "version": _VERSION, "target": dict(target)})


def entry_line(
    kind: Kind[Any, Any, State], entry: Entry[State], before: State | None
) -> bytes:
    """Write an entry, as briefly as the state before allows."""
    when = {"when": entry.when.isoformat()}
    return _line(when | kind.to_json(entry.state, before))


def read_lines(
    kind: Kind[Any, Any, State], content: bytes
) -> tuple[Entry[State] | None, bool]:
    """Read a journal as far as it can be read.

    Returns
    -------
    entry
        The last one; None when nothing was recorded.
    is_damaged
        Whether something between the first and the last line cannot be read. A last
        line cut short is no damage: the program died while writing it.

    Raises
    ------
    UnreadableFile
        When it does not begin as a journal of this version does.
    """
    lines = [line for line in content.split(b"\n") if line.strip(b"\0\r ")]
    if len(lines) <= 1 and not content.endswith(b"\n"):
        return None, False  # died in the first line: nothing was recorded
    _check_header(lines[0])
    entry: Entry[State] | None = None
    for number, line in enumerate(lines[1:], start=2):
        try:
            entry = _entry(kind, json.loads(line), entry)
        except _BROKEN:
            return entry, number < len(lines)
    return entry, False


def _entry(
    kind: Kind[Any, Any, State], record: Record, before: Entry[State] | None
) -> Entry[State]:
    state = kind.from_json(record, None if before is None else before.state)
    return Entry(datetime.fromisoformat(record["when"]), state)


def _check_header(line: bytes) -> None:
    try:
        first = json.loads(line)
        ours = first["format"] == _FORMAT and first["version"] == _VERSION
    except _BROKEN:
        ours = False
    if not ours:
        raise UnreadableFile("This is no journal of this version of labdata-napari.")


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
