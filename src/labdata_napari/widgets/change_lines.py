"""Changes of annotations in lines, as questions show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata_napari.core.annotation import Annotation
    from labdata_napari.core.changes import Changes


def change_lines(changes: Changes[Annotation]) -> list[str]:
    """Say each change in a line of its own."""
    lines = [
        f"• new: {a.name} ({_kind(a)}{_points(len(a.points))})" for a in changes.added
    ]
    lines += [f"• changed: {change.words}" for change in changes.changed]
    lines += [
        f"• removed: {a.name} ({_kind(a)}{_points(len(a.points))})"
        for a in changes.removed
    ]
    return lines or ["• nothing"]


def _kind(annotation: Annotation) -> str:
    return f"{annotation.type}, " if annotation.type else ""


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"
