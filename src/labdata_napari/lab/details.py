"""Everything about one entry, as lines to read."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.errors import InvalidValue, NotFound, StorageFailed
from labdata_napari.lab.availability import TRANSFORMS
from labdata_napari.lab.keys import key_of, the_row
from labdata_napari.lab.opening import channel_query, channels_in
from labdata_napari.lab.rows import Damaged, as_array, fetched_together
from labdata_napari.lab.transforms import (
    TransformRecord,
    transform_queries,
    transforms_in,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.files import Files

    _Rows = Mapping[str, Sequence[Mapping[str, Any]]]


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
    key = key_of(table, entry.key)
    found = fetched_together(_queries(lab, entry.kind, table, key), lenient=True)
    row = the_row(table, key, found["row"])
    lines = _context(row, found) + _columns(table, row) + _channels(found)
    for file in _files(row, found):
        lines += _file(lab, file, found)
    transforms = transforms_in(lab, found) if "parameters" in found else []
    return EntryDetails(tuple(lines), tuple(transforms))


_MANY = {"frame_times"}  # too many values to fetch only to say how many


def _queries(lab: Any, kind: str, table: Any, key: Mapping[str, Any]) -> dict[str, Any]:
    """Say what to fetch, as far as the tables are there."""
    absent = set(lab.tables.missing)
    row = table & key
    shown = [name for name in table.heading.names if name not in _MANY]
    queries = {"row": row.proj(*shown)}
    for parent in ("Subject", "Session"):
        cls = getattr(lab, parent) if parent not in absent else None
        if cls is not None and set(cls.primary_key) <= set(key):
            queries[parent] = cls & {name: key[name] for name in cls.primary_key}
    named = row
    if kind == "DatasetVideo" and "DatasetVideo.File" not in absent:
        named = queries["names"] = lab.DatasetVideo.File & key
    if "File" not in absent and set(_PLACE) <= set(named.heading.names):
        queries["files"] = lab.File & named.proj(*_PLACE)
    if kind == "FixedBrain":
        queries |= channel_query(lab, key)
        if not lab.why_not(TRANSFORMS):
            queries |= transform_queries(lab, key)
    return queries


_PLACE = ("file_path", "storage")


def _files(row: Mapping[str, Any], found: _Rows) -> Sequence[Mapping[str, Any]]:
    """Rows that name the files of an entry."""
    if "names" in found:
        return sorted(found["names"], key=lambda r: str(r["file_path"]))
    return [row] if row.get("file_path") else []


def _context(row: Mapping[str, Any], found: _Rows) -> list[tuple[str, str]]:
    """Lines about subject and session."""
    lines = []
    for subject in found.get("Subject", ()):
        sex = {"M": "male", "F": "female"}.get(subject.get("subject_sex", ""))
        born = subject.get("subject_dob")
        facts = (
            sex or "sex unknown",
            f"born {born:%Y-%m-%d}" if born else "",
            subject.get("strain_name"),
        )
        words = ", ".join(filter(None, facts))
        lines.append(("subject", f"{row['subject_name']} ({words})"))
    for session in found.get("Session", ()):
        when = session.get("session_datetime")
        day = f" ({when:%Y-%m-%d %H:%M})" if when else ""
        lines.append(("session", f"{row['session_name']}{day}"))
        if session.get("experimenter"):
            lines.append(("experimenter", session["experimenter"]))
    return lines


_SHOWN_ELSEWHERE = {"subject_name", "session_name", "file_path", "storage"}


def _columns(table: Any, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = []
    for name in table.heading.names:
        value = row.get(name)
        if name in _SHOWN_ELSEWHERE or value is None or str(value) == "":
            continue
        lines.append((_label(name), _words(value)))
    return lines


def _label(name: str) -> str:
    label = name.removeprefix("num_").removeprefix("n_").removesuffix("_name")
    return label.replace("_", " ").replace("um per pixel", "µm per pixel")


def _words(value: Any) -> str:
    if isinstance(value, Damaged):
        return value.reason
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, np.ndarray | list | tuple):
        try:
            array = as_array(value)
        except InvalidValue as error:
            return str(error)
        if array.size <= 6 and array.dtype.kind in "iuf":
            return " × ".join(f"{v:g}" for v in array.ravel())
        return f"{' × '.join(map(str, array.shape))} values"
    return str(value)


def _channels(found: _Rows) -> list[tuple[str, str]]:
    names, waves = channels_in(found)
    lines = []
    for number, (name, wave) in enumerate(zip(names, waves, strict=True)):
        parts = [name, f"{wave:g} nm" if wave is not None else ""]
        words = ", ".join(filter(None, parts))
        if words:
            lines.append((f"channel {number}", words))
    return lines


def _file(lab: Any, row: Mapping[str, Any], found: _Rows) -> list[tuple[str, str]]:
    path, storage = str(row["file_path"]), str(row.get("storage") or "data")
    lines = [("file", path), ("storage", storage)]
    for file in found.get("files", ()):
        if [file[name] for name in _PLACE] != [path, storage]:
            continue
        if file.get("file_size") is not None:
            lines.append(("size", _bytes(file["file_size"])))
        if file.get("file_datetime") is not None:
            lines.append(("written", _words(file["file_datetime"])))
        if file.get("file_md5"):
            lines.append(("md5", file["file_md5"]))
    try:
        where = str(lab.files.locate(path, storage))
    except NotFound:
        where = _elsewhere(lab.files, path, storage)
    except InvalidValue as error:
        where = str(error)
    lines.append(("on this machine", where))
    return lines


def _elsewhere(files: Files, path: str, storage: str) -> str:
    """Say where a file that is not here should be; nobody is asked whether it is."""
    entry = files.storages.get(storage)
    if entry is not None and entry.protocol == "s3":
        try:
            return f"no; kept at {files.store(storage).url(path)}"
        except StorageFailed as error:
            return f"no; {error}"
    return "not here; looked in " + ", ".join(map(str, files.folders_of(storage)))


def _bytes(size: float) -> str:
    if size < 1000:
        return f"{size:,.0f} bytes"
    power = min(4, int(np.log10(size)) // 3)
    return f"{size / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
