"""What was done and undone to annotations, also as lines of a file.

The lines are JSON, one per step, appended as steps happen; reading them again gives the
history back.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core import history
from labdata_napari.core.annotation_edits import (
    Edit,
    MovePoints,
    Several,
    kinds,
)
from labdata_napari.core.draft import Draft
from labdata_napari.core.edit_differences import edit_between
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from labdata_napari.core.annotation_edits import State

_BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class History(history.History["State"]):
    """The steps done to annotations, and those undone that can be done again."""

    def push(
        self,
        before: State,
        after: State,
        words: str = "",
        merge_key: Hashable = None,
    ) -> History:
        """Note whatever led from one state to another; nothing when they are alike."""
        edit = edit_between(before, after, words)
        return self if edit is None else self.did(edit, before, merge_key)

    def _merged(
        self, last: history.Step[State], step: history.Step[State]
    ) -> history.Step[State]:
        return _merged(last, step)


def edit_line(edit: Edit) -> bytes:
    """Write an edit as a line of JSON."""
    return _line(_to_json(edit))


def read_edit(line: bytes | str) -> Edit:
    """Read a line of `edit_line`.

    Raises
    ------
    UnreadableFile
        When it is none.
    """
    try:
        return _edit(json.loads(line))
    except _BROKEN as error:
        raise UnreadableFile("This line describes no edit of annotations.") from error


def history_lines(past: History) -> bytes:
    """Write a history: a line per step, those that are undone after the others."""
    steps = (*past.done, *reversed(past.undone))
    lines = [
        _line(
            {
                "do": _to_json(step.edit),
                "undo": _to_json(step.back),
                "undone": number >= len(past.done),
            }
        )
        for number, step in enumerate(steps)
    ]
    return b"".join(lines)


def read_history(content: bytes) -> History:
    """Read lines of `history_lines`; a last line cut short is left out.

    Raises
    ------
    UnreadableFile
        When another line cannot be read.
    """
    *lines, _ = content.split(b"\n")
    done: list[history.Step[State]] = []
    undone: list[history.Step[State]] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            step = history.Step(_edit(record["do"]), _edit(record["undo"]))
            (undone if record["undone"] else done).append(step)
        except _BROKEN as error:
            raise UnreadableFile(
                f"Line {number} of the history of edits cannot be read."
            ) from error
    return History(tuple(done), tuple(reversed(undone)))


def _merged(
    last: history.Step[State], step: history.Step[State]
) -> history.Step[State]:
    """Make two steps in a row one; of a drag only the last place is kept."""
    one, other = _parts(last.edit), _parts(step.edit)
    if len(one) == len(other) and all(map(_is_same_move, one, other)):
        return history.Step(step.edit, last.back, step.merge_key)
    words = last.edit.words
    edit = Several((*one, *other), words)
    back = Several((*_parts(step.back), *_parts(last.back)), words)
    return history.Step(edit, back, step.merge_key)


def _is_same_move(one: Edit, other: Edit) -> bool:
    return (
        isinstance(one, MovePoints)
        and isinstance(other, MovePoints)
        and (one.name, one.at) == (other.name, other.at)
    )


def _parts(edit: Edit) -> tuple[Edit, ...]:
    return edit.edits if isinstance(edit, Several) else (edit,)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _to_json(edit: Any) -> dict[str, Any]:
    values = {f.name: _plain(getattr(edit, f.name)) for f in fields(edit)}
    return {"edit": type(edit).__name__, **values}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Draft):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_to_json(v) if hasattr(v, "inverse") else v for v in value]
    return value


def _edit(record: Mapping[str, Any]) -> Edit:
    values = dict(record)
    kind = kinds()[values.pop("edit")]
    if "points" in values:
        values["points"] = _points(values["points"])
    if "at" in values:
        values["at"] = tuple(int(i) for i in values["at"])
        if "points" in values and len(values["points"]) != len(values["at"]):
            raise ValueError("as many places as points are needed")
    if "draft" in values:
        draft = values["draft"]
        values["draft"] = Draft(**{**draft, "points": _points(draft["points"])})
    if "edits" in values:
        values["edits"] = tuple(_edit(each) for each in values["edits"])
    return kind(**values)


def _points(values: Any) -> Any:
    return np.array(values, np.float64).reshape(-1, 3)
