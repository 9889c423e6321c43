"""What a lab cannot offer, because tables or columns of labdata's are not to be had.

An older labdata did not have them, or this user may not read them: a server does not
tell which. Everything else works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BRAINS = "fixed brains"
TRANSFORMS = "transforms"
COMPUTING = "computing transforms"
ANNOTATIONS = "annotations"
IMPORTING = "importing brains"
OPENING = {
    "FixedBrain": "opening brains",
    "Widefield": "widefield recordings",
    "TwoPhoton": "two-photon recordings",
    "Miniscope": "miniscope recordings",
    "DatasetVideo": "videos",
    "PoseEstimationLabelSet": "label sets",
}
"""What is needed to open an entry, by its kind."""
_SET = "PoseEstimationLabelSet"


@dataclass(frozen=True)
class Unavailable:
    """Something that a lab cannot offer.

    Attributes
    ----------
    what
        In plain words, such as "annotations".
    reason
        Which table or column is not there, in a sentence.
    """

    what: str
    reason: str


@dataclass(frozen=True)
class _Offer:
    """Something that labs offer, and what it needs.

    Attributes
    ----------
    tables
        With their primary keys.
    columns
        By their tables; of a table that is not there nothing is said.
    """

    what: str
    tables: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] | None = None


def _whole(what: str, *tables: str) -> _Offer:
    return _Offer(what, tables, {table: _columns(table) for table in tables})


def _columns(table: str) -> tuple[str, ...]:
    # where the names in here are used, DataJoint must not be imported
    from labdata_napari.schema.contract import contract

    return tuple(contract()[table]["columns"])


def _offers() -> tuple[_Offer, ...]:
    parameters, transform = "FixedBrainTransformParameters", "FixedBrainTransform"
    place = ("file_path", "storage")
    stored = {parameters: _columns(parameters), transform: place}
    return (
        _Offer(BRAINS, ("FixedBrain",)),
        _Offer(OPENING["FixedBrain"], columns={"FixedBrain": ("file_path",)}),
        _Offer("voxel sizes of brains", columns={"FixedBrain": ("um_per_pixel",)}),
        _whole("names of channels", "FixedBrain.Channel"),
        _Offer(TRANSFORMS, (parameters, transform), stored),
        _whole(COMPUTING, "FixedBrain", parameters, transform, "AnalysisFile"),
        _whole(ANNOTATIONS, transform, f"{transform}Annotation"),
        *_recordings("Widefield"),
        *_recordings("TwoPhoton"),
        *_recordings("Miniscope"),
        _Offer(OPENING["DatasetVideo"], ("DatasetVideo", "DatasetVideo.File")),
        _Offer(OPENING[_SET], (_SET, f"{_SET}.Frame", f"{_SET}.Label")),
        _Offer("sessions' dates", ("Session",), {"Session": ("session_datetime",)}),
        _Offer("sizes of files", ("File",), {"File": ("file_size",)}),
        _whole(IMPORTING, "Subject", "Session", "Dataset", *_IMPORTED),
    )


_IMPORTED = ("Dataset.DataFiles", "File", "FixedBrain", "FixedBrain.Channel")


def _recordings(table: str) -> tuple[_Offer, ...]:
    planes = ("n_planes",) if table == "TwoPhoton" else ()
    needed = {table: ("file_path", "n_channels", *planes)}
    return (
        _Offer(OPENING[table], (table,), needed),
        _Offer(f"pixel sizes of {OPENING[table]}", (), {table: ("um_per_pixel",)}),
    )


def unavailable(tables: Any) -> tuple[Unavailable, ...]:
    """Say what a binding of the tables cannot offer.

    Parameters
    ----------
    tables
        The `labdata_napari.schema.Tables` of a lab.
    """
    missing, lacking = set(tables.missing), tables.lacking
    found = []
    for offer in _offers():
        reasons = list(_reasons(offer, missing, lacking))
        if reasons:
            found.append(Unavailable(offer.what, " ".join(reasons)))
    return tuple(found)


def _reasons(
    offer: _Offer, missing: set[str], lacking: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    absent = [name for name in offer.tables if name in missing]
    if absent:
        yield (
            f"The table{_s(absent)} {_listed(absent)} {_are(absent)} not in this lab, "
            f"or you may not read {'it' if len(absent) == 1 else 'them'}."
        )
    for table, columns in (offer.columns or {}).items():
        wanting = [name for name in columns if name in lacking.get(table, ())]
        if wanting:
            yield (
                f"The table {table} has no column{_s(wanting)} {_listed(wanting)}, or "
                "you may not read it."
            )


def require(lab: Any, what: str) -> None:
    """Raise unless a lab can offer something.

    Raises
    ------
    NotFound
        Saying which table or column is not there.
    """
    reason = lab.why_not(what)
    if reason:
        raise NotFound(f"This lab does not offer {what}. {reason}")


def _s(names: list[str]) -> str:
    return "s" if len(names) > 1 else ""


def _are(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
