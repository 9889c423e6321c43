"""The list that the browser shows: one entry for everything that can be opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.rows import fetched
from labdata_napari.lab.scales import um_of_brain, um_of_recording

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Sequence

    from labdata_napari.lab.details import EntryDetails
    from labdata_napari.lab.files import Files

KINDS = (
    "FixedBrain",
    "Widefield",
    "TwoPhoton",
    "Miniscope",
    "DatasetVideo",
    "PoseEstimationLabelSet",
)
"""Tables with entries."""

_DATASET = ("subject_name", "session_name", "dataset_name")
_VIDEO = (*_DATASET, "video_name")
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Entry:
    """A row that can be opened, and what a list shows of it.

    Attributes
    ----------
    kind
        Its table: one of `KINDS`.
    key
        Its primary key.
    subject, session, dataset
        Names; a video's dataset is "dataset/video", a label set's is
        "label set 3", its subject and session are those of its frames.
    session_datetime
        When the session began.
    size
        Bytes of its file, or files.
    channels
        Number of channels.
    um_per_pixel
        µm per pixel along z, y, x (or y, x).
    transforms
        Computed transforms of a brain.
    annotations
        Annotations of a brain, or labels of a label set.
    file_path, storage
        As its `File` row has them; the first one of several.
    local
        Whether the file is on this machine; None when there is no file, or it has
        not been looked for yet (see `Entries.looked_up`).
    description
        Anything else worth a line.
    """

    kind: str
    key: dict[str, Any]
    subject: str
    session: str
    session_datetime: datetime.datetime | None
    dataset: str
    size: float | None = None
    channels: int | None = None
    um_per_pixel: tuple[float, ...] | None = None
    transforms: int = 0
    annotations: int = 0
    file_path: str | None = None
    storage: str | None = None
    local: bool | None = None
    description: str = ""

    @property
    def text(self) -> str:
        """Every column as one lower-case text, for filtering."""
        when = self.session_datetime
        um = "×".join(f"{v:g}" for v in self.um_per_pixel or ())
        where = {True: "local", False: "remote", None: ""}[self.local]
        columns = (
            self.kind,
            self.subject,
            self.session,
            f"{when:%Y-%m-%d %H:%M}" if when else "",
            self.dataset,
            um,
            self.file_path or "",
            self.storage or "",
            where,
            self.description,
        )
        return " ".join(columns).lower()

    def matches(self, words: Sequence[str]) -> bool:
        """Whether every one of some lower-case words is somewhere in its columns."""
        text = self.text
        return all(word in text for word in words)


class Entries:
    """Lists what a lab holds. Belongs to the lab, and so to one thread.

    Parameters
    ----------
    lab
        Anything with the bound tables as attributes, ``connection``, ``missing``
        tables and ``files``.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    @property
    def unavailable(self) -> tuple[str, ...]:
        """Tables that entries come from and that this user cannot read.

        Their entries and counts are left out of every list.
        """
        missing = set(self._lab.tables.missing)
        return tuple(name for name in _SOURCES if name in missing)

    def find(self, text: str = "", kinds: Iterable[str] = KINDS) -> list[Entry]:
        """List entries, the newest session first.

        Parameters
        ----------
        text
            Words that must all occur somewhere in an entry's columns, in any case.
        kinds
            Tables to list.

        Returns
        -------
        list of Entry
            With `local` filled as far as looking takes a tenth of a second.

        Raises
        ------
        InvalidValue
            For a kind that there is not.
        ConnectionLost
            When the server is gone.
        """
        wanted = tuple(dict.fromkeys(kinds))
        for kind in wanted:
            if kind not in KINDS:
                raise InvalidValue(
                    f"There are no entries of kind '{kind}'; the kinds are "
                    f"{', '.join(KINDS)}."
                )
        look = _Look(self._lab.files, _LOOK_SECONDS)
        reader = _Reader(self._lab, set(self._lab.tables.missing), look)
        entries: list[Entry] = []
        with translate_errors():
            for kind in wanted:
                entries += reader.read(kind)
        entries.sort(key=_order)
        words = text.lower().split()
        return [e for e in entries if e.matches(words)] if words else entries

    def looked_up(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return the entries with `local` filled, however long looking takes."""
        look = _Look(self._lab.files, float("inf"))
        return [
            e if e.local is not None else replace(e, local=look(e.file_path))
            for e in entries
        ]

    def details(self, entry: Entry) -> EntryDetails:
        """Read everything about one entry.

        Raises
        ------
        NotFound
            When its row is gone.
        """
        from labdata_napari.lab.details import details_of

        with translate_errors():
            return details_of(self._lab, entry)


class _Look:
    """Looks for files until that has taken some seconds; from then on does not know.

    A look takes microseconds on a local disk, but may take milliseconds far away.
    """

    def __init__(self, files: Files, seconds: float) -> None:
        self._is_local, self._left = files.looker(), seconds

    def __call__(self, file_path: str | None) -> bool | None:
        if file_path is None or self._left <= 0:
            return None
        began = time.perf_counter()
        found = self._is_local(file_path)
        self._left -= time.perf_counter() - began
        return found


_SOURCES = (
    *KINDS,
    "Session",
    "File",
    "DatasetVideo.File",
    "FixedBrainTransform",
    "FixedBrainTransformAnnotation",
    "PoseEstimationLabelSet.Frame",
    "PoseEstimationLabelSet.Label",
)


def _order(entry: Entry) -> tuple[float, str, str, str]:
    when = entry.session_datetime
    age = -when.timestamp() if when else 0.0
    return (age, entry.subject, entry.kind, entry.dataset)


class _Reader:
    """One reading of the lists: a query for each kind and for each count."""

    def __init__(self, lab: Any, missing: set[str], look: _Look) -> None:
        self._lab, self._missing, self._look = lab, missing, look

    def read(self, kind: str) -> list[Entry]:
        if kind in self._missing:
            return []
        readers: dict[str, Callable[[], list[Entry]]] = {
            "FixedBrain": self._brains,
            "Widefield": lambda: self._recordings("Widefield"),
            "TwoPhoton": lambda: self._recordings("TwoPhoton"),
            "Miniscope": lambda: self._recordings("Miniscope"),
            "DatasetVideo": self._videos,
            "PoseEstimationLabelSet": self._label_sets,
        }
        return readers[kind]()

    def _brains(self) -> list[Entry]:
        transforms = self._counts("FixedBrainTransform", _DATASET)
        annotations = self._counts("FixedBrainTransformAnnotation", _DATASET)
        rows = self._rows(
            "FixedBrain", "file_path", "storage", "num_channels", "um_per_pixel"
        )
        entries = []
        for row in rows:
            dataset = tuple(row[c] for c in _DATASET)
            entries.append(
                self._entry(
                    "FixedBrain",
                    row,
                    channels=row["num_channels"],
                    um_per_pixel=row["um_per_pixel"],
                    transforms=transforms.get(dataset, 0),
                    annotations=annotations.get(dataset, 0),
                )
            )
        return entries

    def _recordings(self, kind: str) -> list[Entry]:
        columns = ["n_channels", "n_frames", "frame_rate", "um_per_pixel"]
        if kind == "TwoPhoton":
            columns.append("n_planes")
        rows = self._rows(kind, "file_path", "storage", *columns)
        return [
            self._entry(
                kind,
                row,
                channels=row["n_channels"],
                um_per_pixel=row["um_per_pixel"],
                description=_frames(row),
            )
            for row in rows
        ]

    def _videos(self) -> list[Entry]:
        files = self._video_files()
        rows = self._rows("DatasetVideo", "frame_rate", "n_frames")
        entries = []
        for row in rows:
            found = files.get(tuple(row[c] for c in _VIDEO), [])
            sizes = [f["file_size"] for f in found if f.get("file_size") is not None]
            if found:
                row.update(file_path=found[0]["file_path"], storage=found[0]["storage"])
            row["file_size"] = sum(sizes) if sizes else None
            entry = self._entry("DatasetVideo", row, description=_frames(row))
            name = f"{row['dataset_name']}/{row['video_name']}"
            key = {c: row[c] for c in _VIDEO}
            entries.append(replace(entry, key=key, dataset=name))
        return entries

    def _video_files(self) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        if "DatasetVideo.File" in self._missing:
            return found
        rows = fetched(self._with_size(self._lab.DatasetVideo.File.proj()))
        for row in sorted(rows, key=lambda r: str(r["file_path"])):
            found.setdefault(tuple(row[c] for c in _VIDEO), []).append(row)
        return found

    def _label_sets(self) -> list[Entry]:
        number = ("pose_label_set_num",)
        labels = self._counts("PoseEstimationLabelSet.Label", number)
        places = self._label_set_places()
        rows = fetched(self._lab.PoseEstimationLabelSet.proj("description"))
        entries = []
        for row in rows:
            num = row["pose_label_set_num"]
            subjects, sessions, frames, when = places.get(num, ([], [], 0, None))
            words = f"{frames} frames" if frames else ""
            entries.append(
                Entry(
                    "PoseEstimationLabelSet",
                    {"pose_label_set_num": num},
                    ", ".join(subjects),
                    ", ".join(sessions),
                    when,
                    f"label set {num}",
                    annotations=labels.get((num,), 0),
                    description=", ".join(filter(None, [words, row["description"]])),
                )
            )
        return entries

    def _label_set_places(
        self,
    ) -> dict[int, tuple[list[str], list[str], int, datetime.datetime | None]]:
        """Subjects, sessions, number of frames and latest session of each label set."""
        if "PoseEstimationLabelSet.Frame" in self._missing:
            return {}
        columns = ("pose_label_set_num", "subject_name", "session_name")
        counts = self._counts("PoseEstimationLabelSet.Frame", columns)
        times = {}
        if "Session" not in self._missing and counts:
            sessions = self._lab.Session & self._lab.PoseEstimationLabelSet.Frame.proj()
            times = {
                (r["subject_name"], r["session_name"]): r["session_datetime"]
                for r in fetched(sessions.proj("session_datetime"))
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

    def _rows(self, kind: str, *columns: str) -> list[dict[str, Any]]:
        query = getattr(self._lab, kind).proj(*columns)
        if "Session" not in self._missing:
            query = query * self._lab.Session.proj("session_datetime")
        if "file_path" in columns:
            query = self._with_size(query)
        um = um_of_brain if kind == "FixedBrain" else um_of_recording
        return fetched(
            query, {"um_per_pixel": um} if "um_per_pixel" in columns else None
        )

    def _with_size(self, query: Any) -> Any:
        if "File" in self._missing:
            return query
        return query.join(self._lab.File.proj("file_size"), left=True)

    def _counts(
        self, table: str, columns: tuple[str, ...]
    ) -> dict[tuple[Any, ...], int]:
        """Rows of a table for each combination of values in some columns."""
        if table in self._missing:
            return {}
        import datajoint as dj

        master, _, part = table.partition(".")
        cls = getattr(self._lab, master)
        rows = (getattr(cls, part) if part else cls).proj()
        counts = fetched(dj.U(*columns).aggr(rows, n_rows="count(*)"))
        return {tuple(r[c] for c in columns): int(r["n_rows"]) for r in counts}

    def _entry(self, kind: str, row: dict[str, Any], **columns: Any) -> Entry:
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
            local=self._look(row.get("file_path")),
            **columns,
        )


def _frames(row: dict[str, Any]) -> str:
    parts = []
    if row.get("n_planes") and row["n_planes"] > 1:
        parts.append(f"{row['n_planes']} planes")
    if row["n_frames"] is not None:
        parts.append(f"{int(row['n_frames']):,} frames")
    if row["frame_rate"] is not None and row["frame_rate"] > 0:
        parts.append(f"{row['frame_rate']:g} Hz")
    return ", ".join(parts)
