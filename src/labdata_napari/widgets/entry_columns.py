"""How an entry of the lab is put in words and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.widgets.record_table import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.lab.entries import Entry
    from labdata_napari.widgets.file_places import FilePlaces

KIND_WORDS = {
    "FixedBrain": "brain",
    "Widefield": "widefield",
    "TwoPhoton": "two-photon",
    "Miniscope": "miniscope",
    "DatasetVideo": "video",
    "PoseEstimationLabelSet": "label set",
}


def kind_word(entry: Entry) -> str:
    """Return the kind of an entry in plain words."""
    return KIND_WORDS.get(entry.kind, entry.kind)


def entry_identity(entry: Entry) -> tuple[Any, ...]:
    """Return what an entry keeps while its counts and sizes change."""
    return (entry.kind, *sorted(entry.key.items()))


def entry_name(entry: Entry) -> str:
    """Return what its layers are called: "M1 brain", with the session if need be."""
    return " ".join(part for part in (entry.subject, entry.dataset) if part)


def row_name(key: Mapping[str, Any]) -> str:
    """Return the same name from a row's key."""
    parts = (key.get("subject_name"), key.get("dataset_name"), key.get("video_name"))
    return " ".join(str(part) for part in parts if part)


def bytes_text(size: float | None) -> str:
    """Write a number of bytes as people say it: "580 MB"."""
    if size is None:
        return ""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            digits = 1 if unit != "B" and value < 9.95 else 0
            return f"{value:.{digits}f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def um_text(um: Sequence[float] | None) -> str:
    """Write voxel sizes: "25 × 10 × 10", or one number when all are the same."""
    if um is None:
        return ""
    words = [f"{value:.4g}" for value in um]
    return words[0] if len(set(words)) == 1 else " × ".join(words)


def key_as_python(kind: str, key: Mapping[str, Any]) -> str:
    """Write the restriction that finds a row, ready to paste."""
    return f"lab.{kind} & {dict(key)!r}"


def _count(number: int | None) -> str:
    return str(number) if number else ""


def _date(entry: Entry) -> str:
    if entry.session_datetime is None:
        return entry.session
    return f"{entry.session_datetime:%Y-%m-%d}"


def _date_key(entry: Entry) -> float | None:
    return entry.session_datetime.timestamp() if entry.session_datetime else None


def _volume(entry: Entry) -> float | None:
    if not entry.um_per_pixel:
        return None
    product = 1.0
    for value in entry.um_per_pixel:
        product *= value
    return product ** (1 / len(entry.um_per_pixel))


ENTRY_COLUMNS = (
    Column("Type", "What kind of recording it is", kind_word, width=10),
    Column("Subject", "The animal", lambda e: e.subject, width=12),
    Column("Session", "Day of the session", _date, _date_key, width=12),
    Column(
        "Dataset", "Name of the dataset", lambda e: e.dataset, width=18, takes_room=True
    ),
    Column(
        "Size",
        "Size of the file",
        lambda e: bytes_text(e.size),
        lambda e: e.size,
        True,
        8,
    ),
    Column(
        "Ch",
        "Number of channels",
        lambda e: _count(e.channels),
        lambda e: e.channels,
        True,
        3,
    ),
    Column(
        "µm",
        "Micrometres per pixel, in the order z × y × x",
        lambda e: um_text(e.um_per_pixel),
        _volume,
        True,
        12,
    ),
    Column(
        "Tr.",
        "Number of computed transforms",
        lambda e: _count(e.transforms),
        lambda e: e.transforms or None,
        True,
        4,
    ),
    Column(
        "Ann.",
        "Number of annotations on its transforms",
        lambda e: _count(e.annotations),
        lambda e: e.annotations or None,
        True,
        4,
    ),
)


def entry_columns(places: FilePlaces) -> tuple[Column, ...]:
    """Return the columns of the browser, with where the files are.

    Parameters
    ----------
    places
        Knows it.
    """
    from labdata_napari.widgets.place_words import place_hint, place_word

    def word(entry: Entry) -> str:
        return place_word(entry, places)

    def hint(entry: Entry) -> str:
        return place_hint(entry, places)

    where = "Where the file is: on this computer, in S3, in cold storage"
    file = Column("File", where, word, width=9, widest="restoring", hint=hint)
    return (*ENTRY_COLUMNS, file)
