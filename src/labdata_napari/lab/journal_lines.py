"""The lines of a journal: states of a working copy as JSON, and back.

The first line names the format and the target in clear. Every further line is one
state: a time, the annotations in order and, when it is not the one before, the
baseline. An annotation that is as in the line before is only its name, another one
is an object, so a line is as long as what was edited.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.draft import Draft, drafts_of, usable
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labdata_napari.core.annotation import AnnotationSet

_FORMAT = "labdata-napari journal"
_VERSION = 1
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, eq=False)
class State:
    """A working copy at one time.

    Attributes
    ----------
    when
        Time of the edit, with its zone.
    edited
        The annotations, in order.
    baseline
        What the table held when they were loaded or last saved.
    """

    when: datetime
    edited: tuple[Draft, ...]
    baseline: AnnotationSet

    def same_as(self, other: State) -> bool:
        """Whether both hold the same, whenever."""
        mine, theirs = self.edited, other.edited
        return (
            len(mine) == len(theirs)
            and all(a.same_as(b) for a, b in zip(mine, theirs, strict=True))
            and self.baseline == other.baseline
        )


def header(target: Mapping[str, Any]) -> bytes:
    """Write the first line."""
    return _line({"format": _FORMAT, "version": _VERSION, "target": dict(target)})


def state_line(state: State, before: State | None) -> bytes:
    """Write a state, as briefly as the one before allows."""
    known = {} if before is None else {d.name: d for d in before.edited}
    record: dict[str, Any] = {
        "when": state.when.isoformat(),
        "annotations": [
            d.name if d.name in known and d.same_as(known[d.name]) else _object(d)
            for d in state.edited
        ],
    }
    if before is None or before.baseline != state.baseline:
        record["baseline"] = [_object(d) for d in drafts_of(state.baseline)]
    return _line(record)


def read_lines(content: bytes) -> tuple[State | None, bool]:
    """Read a journal as far as it can be read.

    Returns
    -------
    state
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
    state: State | None = None
    for number, line in enumerate(lines[1:], start=2):
        try:
            state = _state(json.loads(line), state)
        except _BROKEN:
            return state, number < len(lines)
    return state, False


def _check_header(line: bytes) -> None:
    try:
        first = json.loads(line)
        ours = first["format"] == _FORMAT and first["version"] == _VERSION
    except _BROKEN:
        ours = False
    if not ours:
        raise UnreadableFile("This is no journal of this version of labdata-napari.")


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _object(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "type": draft.type,
        "id": draft.annotation_id,
        "points": draft.points.tolist(),
    }


def _draft(record: dict[str, Any]) -> Draft:
    points = np.array(record["points"], dtype=np.float64).reshape(-1, 3)
    number = None if record["id"] is None else int(record["id"])
    return Draft(str(record["name"]), str(record["type"]), points, number)


def _state(record: dict[str, Any], before: State | None) -> State:
    known = {} if before is None else {d.name: d for d in before.edited}
    edited = tuple(
        known[entry] if isinstance(entry, str) else _draft(entry)
        for entry in record["annotations"]
    )
    if "baseline" in record:
        baseline = usable(_drafts(record["baseline"]))
    elif before is not None:
        baseline = before.baseline
    else:
        raise KeyError("baseline")
    return State(datetime.fromisoformat(record["when"]), edited, baseline)


def _drafts(records: Iterable[dict[str, Any]]) -> tuple[Draft, ...]:
    return tuple(_draft(record) for record in records)
