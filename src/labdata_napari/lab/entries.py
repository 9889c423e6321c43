"""The list that the browser shows: one entry for everything that can be opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.failures import translate_errors

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Sequence

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
        Whether the file is on this machine; None when there is no file, its path is
        refused, or it has not been looked for yet (see `Entries.looked_up`).
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
        from labdata_napari.lab.entry_reader import read_entries

        look = _Look(self._lab.files, _LOOK_SECONDS)
        with translate_errors():
            entries = read_entries(self._lab, wanted, look)
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
