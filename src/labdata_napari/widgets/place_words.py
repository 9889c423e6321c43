"""Where a file is, in a word for the list and in a sentence beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labdata_napari.lab.places import Place
    from labdata_napari.widgets.file_places import FilePlaces, OfAFile

_WORDS = {
    "local": "local",
    "remote": "in S3",
    "archived": "archived",
    "restoring": "restoring",
    "missing": "missing",
    "refused": "refused",
    "unknown": "not known",
}
HERE, NOT_HERE = "on this computer", "not on this computer"
STREAMED = "opens straight from S3, and only what is looked at is transferred"


def place_word(record: OfAFile, places: FilePlaces) -> str:
    """Return a word for a narrow column; empty without a file."""
    place = places.of(record)
    if record.file_path is None:
        return ""
    if place is not None:
        return _WORDS[place.state] if _is_told(record, places) else "not here"
    if record.local is None or places.is_far(record):
        return "local" if record.local else "…"
    return "local" if record.local else "not here"


def place_search(record: OfAFile, places: FilePlaces) -> str:
    """Return what else finds it in the filter: the words that people use."""
    place = places.of(record)
    if place is not None:
        return place.words
    return HERE if record.local else ""


def place_hint(record: OfAFile, places: FilePlaces) -> str:
    """Return a sentence about where a file is; empty without one."""
    if record.file_path is None:
        return ""
    place = places.of(record)
    if place is not None and _is_told(record, places):
        return _sentence(place)
    if record.local:
        return "It is on this computer."
    if places.is_far(record):
        return "It is not on this computer; its storage is being asked …"
    return "It is not on this computer."


def _is_told(record: OfAFile, places: FilePlaces) -> bool:
    """Whether "missing" is more than that it is not here."""
    place = places.of(record)
    missing = place is not None and place.state == "missing"
    return not missing or places.is_far(record)


def _sentence(place: Place) -> str:
    if place.problem:
        return place.problem
    if place.state == "local":
        return "It is on this computer."
    stored = place.stored
    kind = f" ({stored.storage_class})" if stored is not None else ""
    if place.state == "archived":
        return (
            f"It is in cold storage{kind} and cannot be read until it has been "
            "restored, which takes time and costs money."
        )
    if place.state == "restoring":
        return (
            f"It is being restored from cold storage{kind}. It is looked at again from "
            "time to time; open it when the list says that it is in S3."
        )
    until = stored.restored_until if stored is not None else None
    limit = f", readable until {until:%Y-%m-%d}" if until else ""
    return f"It is in S3{limit}: it {STREAMED}."
