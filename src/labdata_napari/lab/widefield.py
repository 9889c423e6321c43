"""Widefield recordings: their pictures over all frames, computed and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.changes import Changed, Changes
from labdata_napari.core.progress import Progress, silent
from labdata_napari.core.projections import NAMES, Projection, projections
from labdata_napari.errors import InvalidValue
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, row_of, words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.opening import open_recording
from labdata_napari.lab.rows import fetched
from labdata_napari.lab.writing import conflicting, lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from labdata_napari.errors import WriteConflict

Key = dict[str, Any]


class Widefields:
    """Computes and keeps projections. Belongs to its lab, and so to one thread.

    Recordings themselves are found and opened by `Recordings`.

    Parameters
    ----------
    lab
        The `Lab`.
    """

    def __init__(self, lab: Any) -> None:
        self._lab = lab

    def projections(self, key: Mapping[str, Any]) -> dict[str, NDArray[np.generic]]:
        """Read the projections that are kept of a recording.

        Parameters
        ----------
        key
            ``subject_name``, ``session_name``, ``dataset_name``; others are ignored.

        Returns
        -------
        dict
            (C, Y, X) by name: "mean", "std", "var", "max", as far as there are any.

        Raises
        ------
        NotFound
            When there is no such recording.
        """
        table = self._lab.Widefield
        with translate_errors():
            recording = key_of(table, row_of(table, key))
            rows = fetched(table.Projection & recording, {"proj": np.asarray})
        found = {row["proj_name"]: row["proj"] for row in rows}
        return {name: found[name] for name in NAMES if name in found}

    def compute_projections(
        self,
        key: Mapping[str, Any],
        names: Iterable[str] = NAMES,
        progress: Progress = silent,
    ) -> dict[str, NDArray[np.generic]]:
        """Compute projections of a recording and store nothing.

        Parameters
        ----------
        key
            ``subject_name``, ``session_name``, ``dataset_name``; others are ignored.
        names
            Any of "mean", "std", "var" and "max".
        progress
            Called with frames done and in all; raise `Cancelled` in it to stop.

        Returns
        -------
        dict
            (C, Y, X) by name: float32, and the recording's own type for "max".

        Raises
        ------
        NotFound, UnreadableFile, InvalidValue
            As `Recordings.open`; InvalidValue also for another name.
        """
        with translate_errors():
            stack = open_recording(self._lab, "Widefield", key)
        return projections(stack, names, progress)

    def save_projection(
        self,
        key: Mapping[str, Any],
        name: str,
        baseline: NDArray[np.generic] | None,
        image: NDArray[np.generic],
    ) -> Changes[Projection]:
        """Keep a projection of a recording.

        What is there is read again first, and locked. After `ConnectionLost` call it
        again with the same arguments on a new connection: what an earlier call has
        written already counts as saved.

        Parameters
        ----------
        key
            ``subject_name``, ``session_name``, ``dataset_name``; others are ignored.
        name
            "mean", "std", "var" or "max".
        baseline
            What `projections` gave under that name; None when there was none.
        image
            (C, Y, X) numbers.

        Raises
        ------
        WriteConflict
            When somebody else kept another picture meanwhile; its `theirs` is that
            array, None when it was removed. To write over it, save with that as the
            baseline.
        NotFound
            When there is no such recording.
        InvalidValue
            When the name is no such one or the image does not fit.
        WriteRefused
            When this user may not write.
        ConnectionLost
            When the connection broke, maybe after it was written: save again.
        """
        wanted = Projection(name, image)
        before = None if baseline is None else Projection(name, baseline)
        changes = _changes(before, wanted)
        if not changes:
            return changes
        if wanted.image.ndim != 3:
            raise InvalidValue(
                "A projection to keep has the axes (C, Y, X); got "
                f"{wanted.image.shape}."
            )
        recording = key_of(self._lab.Widefield, key)
        row = recording | {"proj_name": name, "proj": np.array(wanted.image)}
        if not self._lab.read_only:
            with translate_errors():
                checked(self._lab.Widefield.Projection, [row], f"projection {name!r}")
        edit = _ProjectionEdit(self._lab, row, before, wanted, changes)
        return write_back(self._lab, edit)


class _ProjectionEdit:
    """One picture of one recording; see `labdata_napari.lab.writing`."""

    doing = "Saving the projection"

    def __init__(
        self,
        lab: Any,
        row: Key,
        baseline: Projection | None,
        wanted: Projection,
        changes: Changes[Projection],
    ) -> None:
        self._lab = lab
        self._table = lab.Widefield.Projection
        self._row = row
        self._key = key_of(self._table, row)
        self._baseline = baseline
        self._wanted = wanted
        self._changes = changes

    def read(self) -> Projection | None:
        lock_row(self._lab.Widefield, self._key)
        rows = fetched(self._table & self._key, {"proj": np.asarray}, locked=True)
        return Projection(rows[0]["proj_name"], rows[0]["proj"]) if rows else None

    def saved(self, rows: Projection | None) -> Changes[Projection] | None:
        return self._changes if rows == self._wanted else None

    def conflict(self, rows: Projection | None) -> WriteConflict | None:
        theirs = _changes(self._baseline, rows)
        if not theirs:
            return None
        recording = key_of(self._lab.Widefield, self._key)
        return conflicting(
            f"the {self._wanted.name} projection of {words(recording)}",
            None if rows is None else rows.image,
            theirs,
            self._changes,
        )

    def write(self, rows: Projection | None) -> Changes[Projection]:
        if rows is None:
            self._table.insert1(self._row, allow_direct_insert=True)
        else:
            self._table.update1(self._row)
        return self._changes


def _changes(
    before: Projection | None, after: Projection | None
) -> Changes[Projection]:
    if before is None or after is None:
        return Changes(
            added=() if after is None else (after,),
            removed=() if before is None else (before,),
        )
    return Changes() if after == before else Changes(changed=(Changed(before, after),))
