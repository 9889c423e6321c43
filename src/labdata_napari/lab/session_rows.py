"""The rows that data of any kind belong to: subject, session and dataset."""

from __future__ import annotations

import datetime
import getpass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from labdata_napari.errors import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_UNKNOWN = "unknown"

Row: TypeAlias = tuple[Any, dict[str, Any]]
"""A table and a row for it."""


class NewSession(Protocol):
    """What is asked for of a session and subject that may be new; see `BrainImport`."""

    @property
    def experimenter(self) -> str | None: ...  # noqa: D102

    @property
    def dob(self) -> datetime.date | None: ...  # noqa: D102

    @property
    def sex(self) -> str: ...  # noqa: D102

    @property
    def strain(self) -> str: ...  # noqa: D102


def refuse_reader(lab: Any, file: Path) -> None:
    """Raise WriteRefused when this user may not import a file."""
    if lab.read_only:
        raise WriteRefused(
            f"'{file.name}' was not imported: {lab.user} may only read this database. "
            "Connect as somebody who may write."
        )


def parent_rows(
    lab: Any,
    key: Mapping[str, str],
    request: NewSession,
    session_datetime: datetime.datetime,
    dataset_type: str,
) -> list[Row]:
    """Make the rows that those of a dataset refer to and that are not there yet.

    Parameters
    ----------
    lab
        The `Lab`.
    key
        Of the dataset.
    request
        What is known of a new session and subject.
    session_datetime
        When a new session began.
    dataset_type
        Of a new dataset.

    Returns
    -------
    list of (table, row)
        In the order of insertion.
    """
    session = {c: key[c] for c in ("subject_name", "session_name")}
    dataset = session | {"dataset_name": key["dataset_name"]}
    rows: list[Row] = []
    if not lab.Session & session:
        rows += _session_rows(lab, session, request, session_datetime)
    if not lab.Dataset & dataset:
        kind = {"dataset_type": dataset_type}
        if not lab.DatasetType & kind:
            rows.append((lab.DatasetType, kind))
        rows.append((lab.Dataset, dataset | kind))
    return rows


def same_file_row(lab: Any, row: Mapping[str, Any]) -> bool:
    """Whether a File row is there already.

    Raises
    ------
    WriteRefused
        When it is for other bytes.
    """
    found = (lab.File & {c: row[c] for c in ("file_path", "storage")}).to_dicts()
    if not found:
        return False
    if any(found[0][c] != row[c] for c in ("file_md5", "file_size")):
        raise WriteRefused(
            f"A File row for '{row['file_path']}' is there already, with another size "
            "or checksum; give this file another name or another dataset."
        )
    return True


def _session_rows(
    lab: Any,
    session: dict[str, str],
    request: NewSession,
    session_datetime: datetime.datetime,
) -> list[Row]:
    member = {"user_name": request.experimenter or _logged_in()}
    rows: list[Row] = []
    if not lab.LabMember & member:
        rows.append((lab.LabMember, member | {"date_joined": datetime.date.today()}))
    subject = {"subject_name": session["subject_name"]}
    if not lab.Subject & subject:
        born = request.dob or session_datetime.date()
        rows += _subject_rows(lab, request, subject | member, born)
    row: dict[str, Any] = session | {
        "session_datetime": session_datetime,
        "experimenter": member["user_name"],
    }
    return [*rows, (lab.Session, row)]


def _subject_rows(
    lab: Any, request: NewSession, subject: dict[str, str], born: datetime.date
) -> list[Row]:
    strain = {"strain_name": request.strain}
    species = {"species_name": _UNKNOWN}
    rows: list[Row] = []
    if not lab.Strain & strain:
        if not lab.Species & species:
            latin = {"species_scientific_name": _UNKNOWN}
            rows.append((lab.Species, species | latin))
        rows.append((lab.Strain, strain | species))
    more = {"subject_dob": born, "subject_sex": request.sex}
    return [*rows, (lab.Subject, subject | strain | more)]


def _logged_in() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, as in some containers
        return _UNKNOWN
