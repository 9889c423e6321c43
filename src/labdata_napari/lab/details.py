"""Everything about one entry, as lines to read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.keys import key_of, named, row_of
from labdata_napari.lab.opening import channels_of
from labdata_napari.lab.transforms import TransformRecord, transforms_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.lab.entries import Entry


@dataclass(frozen=True)
class EntryDetails:
    """What a details pane shows of an entry.

    Attributes
    ----------
    lines
        (label, value) in the order to show them.
    transforms
        Of a brain: its parameter sets, computed or not.
    """

    lines: tuple[tuple[str, str], ...]
    transforms: tuple[TransformRecord, ...] = ()


def details_of(lab: Any, entry: Entry) -> EntryDetails:
    """Read the details of an entry; raises NotFound when its row is gone."""
    table = getattr(lab, entry.kind)
    row = row_of(table, entry.key)
    unreadable = set(lab.tables.missing)
    lines: list[tuple[str, str]] = []
    transforms: list[TransformRecord] = []
    if "subject_name" in row and not unreadable & {"Subject", "Session"}:
        lines += _context(lab, row)
    lines += _columns(table, row)
    if entry.kind == "FixedBrain" and "FixedBrain.Channel" not in unreadable:
        lines += _channels(lab, row)
    if "File" not in unreadable:
        for file in _files(lab, table, row):
            lines += _file(lab, file)
    if entry.kind == "FixedBrain" and not unreadable & _OF_TRANSFORMS:
        transforms = transforms_of(lab, row)
    return EntryDetails(tuple(lines), tuple(transforms))


_OF_TRANSFORMS = {
    "FixedBrainTransformParameters",
    "FixedBrainTransform",
    "FixedBrainTransformAnnotation",
}


def _files(lab: Any, table: Any, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Rows that name the files of an entry."""
    if named(table) == "DatasetVideo":
        files = lab.DatasetVideo.File & key_of(table, row)
        return list(files.to_dicts(order_by="KEY"))
    return [row] if row.get("file_path") else []


def _context(lab: Any, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lines about subject and session."""
    subject = row_of(lab.Subject, row)
    session = row_of(lab.Session, row)
    sex = {"M": "male", "F": "female"}.get(subject["subject_sex"], "sex unknown")
    born = f"born {subject['subject_dob']:%Y-%m-%d}"
    lines = [
        ("subject", f"{row['subject_name']} ({sex}, {born}, {subject['strain_name']})"),
        (
            "session",
            f"{row['session_name']} ({session['session_datetime']:%Y-%m-%d %H:%M})",
        ),
    ]
    if session["experimenter"]:
        lines.append(("experimenter", session["experimenter"]))
    return lines


_SHOWN_ELSEWHERE = {"subject_name", "session_name", "file_path", "storage"}


def _columns(table: Any, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = []
    for name in table.heading.names:
        value = row[name]
        if name in _SHOWN_ELSEWHERE or value is None or str(value) == "":
            continue
        lines.append((_label(name), _words(value)))
    return lines


def _label(name: str) -> str:
    label = name.removeprefix("num_").removeprefix("n_").removesuffix("_name")
    return label.replace("_", " ").replace("um per pixel", "µm per pixel")


def _words(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, np.ndarray | list | tuple):
        array = np.asarray(value)
        if array.size <= 6 and array.dtype.kind in "iuf":
            return " × ".join(f"{v:g}" for v in array.ravel())
        return f"{' × '.join(map(str, array.shape))} values"
    return str(value)


def _channels(lab: Any, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    names, waves = channels_of(lab, row)
    lines = []
    for number, (name, wave) in enumerate(zip(names, waves, strict=True)):
        parts = [name, f"{wave:g} nm" if wave is not None else ""]
        words = ", ".join(filter(None, parts))
        if words:
            lines.append((f"channel {number}", words))
    return lines


def _file(lab: Any, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [("file", row["file_path"]), ("storage", row["storage"])]
    try:
        file = row_of(lab.File, row)
    except NotFound:
        return lines
    lines.append(("size", _bytes(file["file_size"])))
    lines.append(("written", _words(file["file_datetime"])))
    if file["file_md5"]:
        lines.append(("md5", file["file_md5"]))
    try:
        where = str(lab.files.locate(row["file_path"], row["storage"]))
    except NotFound:
        where = "not here; looked in " + ", ".join(map(str, lab.files.local_paths))
    except InvalidValue as error:
        where = str(error)
    lines.append(("on this machine", where))
    return lines


def _bytes(size: float) -> str:
    if size < 1000:
        return f"{size:,.0f} bytes"
    power = min(4, int(np.log10(size)) // 3)
    return f"{size / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
