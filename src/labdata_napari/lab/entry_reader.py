"""Read the entries of a lab: every table and every count in one statement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.lab.entries import Entry
from labdata_napari.lab.rows import Damaged, fetched_together
from labdata_napari.lab.scales import um_of_brain, um_of_recording

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping, Sequence

    Rows = Mapping[str, Sequence[Mapping[str, Any]]]
    """Rows by the name of the query that they came from."""
    Look = Callable[[str | None], bool | None]
    """Tells whether a file is on this machine."""

_DATASET = ("subject_name", "session_name", "dataset_name")
_VIDEO = (*_DATASET, "video_name")
_LABEL_SET = ("pose_label_set_num",)
_RECORDING = ("n_channels", "n_frames", "frame_rate", "um_per_pixel")
_COLUMNS = {
    "FixedBrain": ("file_path", "storage", "num_channels", "um_per_pixel"),
    "Widefield": ("file_path", "storage", *_RECORDING),
    "TwoPhoton": ("file_path", "storage", *_RECORDING, "n_planes"),
    "Miniscope": ("file_path", "storage", *_RECORDING),
    "DatasetVideo": ("frame_rate", "n_frames"),
}
_MOST_BYTES = 4096  # a few numbers are some eighty
_PLACE = {"file_path", "storage"}


def read_entries(lab: Any, kinds: Sequence[str], look: Look) -> list[Entry]:
    """Read the entries of some kinds, in no order.

    Parameters
    ----------
    lab
        As `Entries` takes it. Tables and columns that it is shown without are left
        out, and with them what they would say.
    kinds
        Some of `KINDS`.
    look
        Tells whether a file is on this machine.
    """
    queries = _Queries(lab)
    for kind in kinds:
        queries.add(kind)
    blobs = {
        kind: {"um_per_pixel": um_of_brain if kind == "FixedBrain" else um_of_recording}
        for kind in kinds
    }
    rows = fetched_together(queries.found, blobs, lenient=True, most=_MOST_BYTES)
    entries: list[Entry] = []
    for kind in kinds:
        if kind in rows:
            entries += _ENTRIES[kind](kind, rows, look)
    return entries


class _Queries:
    """What has to be asked for the entries of some kinds."""

    def __init__(self, lab: Any) -> None:
        self.found: dict[str, Any] = {}
        self._lab = lab
        self._missing = set(lab.tables.missing)
        self._lacking = lab.tables.lacking

    def add(self, kind: str) -> None:
        """Ask for one kind, if its table is there."""
        if kind in self._missing:
            return
        if kind == "PoseEstimationLabelSet":
            self._add_label_sets()
            return
        query = self._shown(kind, *_COLUMNS[kind])
        if self._has("Session", "session_datetime"):
            query = query * self._lab.Session.proj("session_datetime")
        self.found[kind] = self._with_size(query)
        if kind == "FixedBrain":
            self._count("FixedBrainTransform", _DATASET)
            self._count("FixedBrainTransformAnnotation", _DATASET)
        if kind == "DatasetVideo" and "DatasetVideo.File" not in self._missing:
            files = self._lab.DatasetVideo.File.proj()
            self.found["DatasetVideo.File"] = self._with_size(files)

    def _add_label_sets(self) -> None:
        name = "PoseEstimationLabelSet"
        self.found[name] = self._shown(name, "description")
        self._count(f"{name}.Label", _LABEL_SET)
        self._count(f"{name}.Frame", (*_LABEL_SET, "subject_name", "session_name"))
        frames = f"{name}.Frame" not in self._missing
        if frames and self._has("Session", "session_datetime"):
            sessions = self._lab.Session & self._lab.PoseEstimationLabelSet.Frame.proj()
            self.found["Session"] = sessions.proj("session_datetime")

    def _has(self, table: str, column: str) -> bool:
        lacking = self._lacking.get(table, ())
        return table not in self._missing and column not in lacking

    def _shown(self, table: str, *columns: str) -> Any:
        known = [column for column in columns if self._has(table, column)]
        return getattr(self._lab, table).proj(*known)

    def _with_size(self, query: Any) -> Any:
        if not set(query.heading.names) >= _PLACE or not self._has("File", "file_size"):
            return query
        return query.join(self._lab.File.proj("file_size"), left=True)

    def _count(self, table: str, columns: tuple[str, ...]) -> None:
        """Ask how many rows there are for each combination of some columns."""
        if table in self._missing:
            return
        import datajoint as dj

        master, _, part = table.partition(".")
        cls = getattr(self._lab, master)
        rows = (getattr(cls, part) if part else cls).proj()
        self.found[table] = dj.U(*columns).aggr(rows, n_rows="count(*)")


def _brains(kind: str, rows: Rows, look: Look) -> list[Entry]:
    transforms = _counts(rows, "FixedBrainTransform", _DATASET)
    annotations = _counts(rows, "FixedBrainTransformAnnotation", _DATASET)
    entries = []
    for row in rows[kind]:
        dataset = tuple(row[c] for c in _DATASET)
        entries.append(
            _entry(
                kind,
                row,
                look,
                channels=row.get("num_channels"),
                um_per_pixel=_um(row),
                transforms=transforms.get(dataset, 0),
                annotations=annotations.get(dataset, 0),
            )
        )
    return entries


def _recordings(kind: str, rows: Rows, look: Look) -> list[Entry]:
    return [
        _entry(
            kind,
            row,
            look,
            channels=row.get("n_channels"),
            um_per_pixel=_um(row),
            description=_frames(row),
        )
        for row in rows[kind]
    ]


def _videos(kind: str, rows: Rows, look: Look) -> list[Entry]:
    files: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    found = rows.get("DatasetVideo.File", ())
    for file in sorted(found, key=lambda r: str(r["file_path"])):
        files.setdefault(tuple(file[c] for c in _VIDEO), []).append(file)
    entries = []
    for row in rows[kind]:
        own = files.get(tuple(row[c] for c in _VIDEO), [])
        sizes = [f["file_size"] for f in own if f.get("file_size") is not None]
        place = {c: own[0][c] for c in _PLACE} if own else {}
        values = {**row, **place, "file_size": sum(sizes) if sizes else None}
        entry = _entry(kind, values, look, description=_frames(row))
        name = f"{row['dataset_name']}/{row['video_name']}"
        entries.append(replace(entry, key={c: row[c] for c in _VIDEO}, dataset=name))
    return entries


def _label_sets(kind: str, rows: Rows, _: Look) -> list[Entry]:
    labels = _counts(rows, f"{kind}.Label", _LABEL_SET)
    places = _label_set_places(rows)
    entries = []
    for row in rows[kind]:
        num = row["pose_label_set_num"]
        subjects, sessions, frames, when = places.get(num, ([], [], 0, None))
        words = [f"{frames} frames" if frames else "", row.get("description")]
        entries.append(
            Entry(
                kind,
                {"pose_label_set_num": num},
                ", ".join(subjects),
                ", ".join(sessions),
                when,
                f"label set {num}",
                annotations=labels.get((num,), 0),
                description=", ".join(filter(None, words)),
            )
        )
    return entries


def _label_set_places(
    rows: Rows,
) -> dict[int, tuple[list[str], list[str], int, datetime.datetime | None]]:
    """Subjects, sessions, number of frames and latest session of each label set."""
    columns = (*_LABEL_SET, "subject_name", "session_name")
    counts = _counts(rows, "PoseEstimationLabelSet.Frame", columns)
    times = {
        (r["subject_name"], r["session_name"]): r["session_datetime"]
        for r in rows.get("Session", ())
    }
    found: dict[int, tuple[list[str], list[str], int, Any]] = {}
    for (num, subject, session), frames in sorted(counts.items()):
        subjects, sessions, total, latest = found.get(num, ([], [], 0, None))
        when = times.get((subject, session))
        found[num] = (
            list(dict.fromkeys([*subjects, subject])),
            list(dict.fromkeys([*sessions, session])),
            total + frames,
            max(filter(None, (latest, when)), default=None),
        )
    return found


_ENTRIES: dict[str, Callable[[str, Rows, Look], list[Entry]]] = {
    "FixedBrain": _brains,
    "Widefield": _recordings,
    "TwoPhoton": _recordings,
    "Miniscope": _recordings,
    "DatasetVideo": _videos,
    "PoseEstimationLabelSet": _label_sets,
}


def _counts(
    rows: Rows, table: str, columns: tuple[str, ...]
) -> dict[tuple[Any, ...], int]:
    return {tuple(r[c] for c in columns): int(r["n_rows"]) for r in rows.get(table, ())}


def _entry(kind: str, row: Mapping[str, Any], look: Look, **columns: Any) -> Entry:
    return Entry(
        kind,
        {c: row[c] for c in _DATASET},
        row["subject_name"],
        row["session_name"],
        row.get("session_datetime"),
        row["dataset_name"],
        size=row.get("file_size"),
        file_path=row.get("file_path"),
        storage=row.get("storage"),
        local=look(row.get("file_path")),
        **columns,
    )


def _um(row: Mapping[str, Any]) -> tuple[float, ...] | None:
    um = row.get("um_per_pixel")
    return None if isinstance(um, Damaged) else um


def _frames(row: Mapping[str, Any]) -> str:
    planes, frames = row.get("n_planes"), row.get("n_frames")
    rate = row.get("frame_rate")
    parts = []
    if planes and planes > 1:
        parts.append(f"{planes} planes")
    if frames is not None:
        parts.append(f"{int(frames):,} frames")
    if rate is not None and rate > 0:
        parts.append(f"{rate:g} Hz")
    return ", ".join(parts)
