"""What docks ask of a lab: functions that `Workspace.submit` runs on its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import NotFound, WriteRefused
from labdata_napari.lab.availability import ANNOTATIONS
from labdata_napari.layers.source import why_elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.lab.annotation_notes import Notes
    from labdata_napari.lab.brain_facts import BrainFacts
    from labdata_napari.lab.details import EntryDetails
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.opening import Opening
    from labdata_napari.lab.places import Wanted
    from labdata_napari.lab.projects import ProjectChoice
    from labdata_napari.layers.source import LabIdentity

BRAIN = "FixedBrain"
TRANSFORM = "FixedBrainTransform"


@dataclass(frozen=True, eq=False)
class Listing:
    """What the browser shows, and what knows where its files are."""

    entries: list[Entry]
    files: Files


def list_entries(lab: Lab) -> Listing:
    """List everything that the browser can show; its files may be used anywhere."""
    return Listing(lab.entries.find(), lab.files)


def find_entries(lab: Lab) -> list[Entry]:
    """List everything that the browser can show."""
    return lab.entries.find()


def load_details(lab: Lab, entry: Entry) -> tuple[Entry, EntryDetails]:
    """Read one entry's details; the entry comes back to tell stale answers apart."""
    return entry, lab.entries.details(entry)


def row_opening(lab: Lab, kind: str, key: Mapping[str, Any]) -> Opening:
    """Read a row; what comes back opens its pixels, lazily, on any thread."""
    if kind == BRAIN:
        return lab.brains.opening(dict(key))
    if kind == TRANSFORM:
        return lab.brains.transform_opening(dict(key))
    return lab.recordings.opening(kind, dict(key))


def transform_annotations(lab: Lab, key: Mapping[str, Any]) -> AnnotationSet | None:
    """Load the annotations of a transform, where the lab has any."""
    if lab.why_not(ANNOTATIONS):
        return None
    from labdata_napari.lab.annotations import load_annotations

    # not by the lab's own method, which warns: whoever shows them says what is left out
    return load_annotations(lab, key)


def wanted_files(
    lab: Lab, kind: str, key: Mapping[str, Any], record: Any
) -> tuple[Any, Files, list[Wanted]]:
    """Read what rows say of the files of an entry or a transform.

    Parameters
    ----------
    lab
        The lab.
    kind, key
        The row; a video may have several files.
    record
        What names its file; it comes back, to tell answers apart.

    Raises
    ------
    NotFound
        When it has no file in the database.
    """
    from labdata_napari.lab.places import Wanted

    table = lab.AnalysisFile if kind == TRANSFORM else lab.File
    names = {"file_path": record.file_path, "storage": record.storage or "data"}
    with lab.own_errors():
        if kind == "DatasetVideo":
            rows = table & (lab.DatasetVideo.File & dict(key)).proj()
        else:
            rows = table & names
        wanted = [Wanted.from_row(row) for row in rows.to_dicts(order_by="KEY")]
    if not wanted:
        raise NotFound(
            f"The file '{record.file_path}' has no row in the database any more; "
            "refresh the list."
        )
    return record, lab.files, wanted


def locate(lab: Lab, entry: Entry) -> Path:
    """Say where the file of an entry is on this computer.

    Raises
    ------
    NotFound
        When it has no file, or it is not here.
    """
    if entry.file_path is None:
        raise NotFound(f"{entry.subject} {entry.dataset} has no file in the database.")
    return lab.files.locate(entry.file_path, entry.storage or "data")


def save_annotations(
    lab: Lab,
    home: LabIdentity | None,
    key: Mapping[str, Any],
    baseline: AnnotationSet,
    edited: AnnotationSet,
) -> tuple[str, AnnotationSet]:
    """Write the changes in one transaction; return them in words and as rows.

    Parameters
    ----------
    lab
        The lab that is connected when the turn comes.
    home
        The lab that the annotations were loaded from; None if that is not known.
    key, baseline, edited
        As `Brains.save_annotations` takes them.

    Raises
    ------
    WriteRefused
        When another lab has been connected since: it may hold rows of the same key.
    WriteConflict
        When somebody changed the rows since `baseline`; nothing is written.
    """
    elsewhere = why_elsewhere(home, (lab.url, lab.name, lab.project))
    if elsewhere:
        raise WriteRefused(elsewhere)
    changes = lab.brains.save_annotations(dict(key), baseline, edited)
    # not what is there by now: somebody else may have saved since
    return changes.summary(), baseline.saved(changes)


@dataclass(frozen=True)
class AnnotatingFacts:
    """What helps to annotate a transform.

    Attributes
    ----------
    lab, key
        The transform.
    brain
        What the lab knows of it; None in another lab than its own.
    notes
        What this computer has kept of it; None as `brain`.
    """

    lab: LabIdentity | None
    key: Mapping[str, Any]
    brain: BrainFacts | None
    notes: Notes | None = None


def find_annotating_facts(
    lab: Lab, home: LabIdentity | None, key: Mapping[str, Any]
) -> AnnotatingFacts:
    """Look up what helps to annotate a transform; nothing in another lab than its own.

    Parameters
    ----------
    lab
        The lab that is connected when the turn comes.
    home
        The lab that holds the transform; None if that is not known.
    key
        Of the transform.
    """
    from labdata_napari.lab.annotation_notes import known_notes
    from labdata_napari.lab.brain_facts import brain_facts

    if why_elsewhere(home, (lab.url, lab.name, lab.project)):
        return AnnotatingFacts(home, key, None)
    notes = known_notes((lab.url, lab.name, lab.project), key)
    return AnnotatingFacts(home, key, brain_facts(lab, key), notes)


def find_projects(lab: Lab) -> tuple[ProjectChoice, ...]:
    """List the projects of the lab."""
    from labdata_napari.lab import projects

    return projects.find_projects(lab)
