"""Probe tracks in the tables of labdata's plugin for atlas registration.

A track there is an annotation of a registered stack, a row of `ProbeTrack` and one
for each region. Annotations are known by their names: the plugin itself numbers them
by their place in a list, which moves them when a probe is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labdata_napari.core.annotation import Annotation, AnnotationSet
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import words
from labdata_napari.lab.plugin_tables import (
    PluginTable,
    PluginTables,
    delete_row,
    insert_row,
    rows_of,
    same_row,
    update_row,
)
from labdata_napari.lab.writing import conflicting, write_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.changes import Changes
    from labdata_napari.core.probe_rows import PluginTrack
    from labdata_napari.errors import WriteConflict

Row = dict[str, Any]


def load_registrations(
    lab: Any, tables: PluginTables, key: Mapping[str, Any]
) -> list[Row]:
    """List the keys of the registrations of a transform, in their order."""
    with translate_errors():
        known = {n: v for n, v in key.items() if n in tables.registration.key}
        rows = rows_of(lab, tables.registration, known)
    keys = [{name: row[name] for name in tables.registration.key} for row in rows]
    return sorted(keys, key=lambda k: [str(v) for v in k.values()])


def load_plugin_annotations(
    lab: Any, tables: PluginTables, key: Mapping[str, Any]
) -> AnnotationSet:
    """Read the annotations of a registration: the baseline of a save.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    tables
        As `find_plugin_tables` found them.
    key
        One of `load_registrations`.
    """
    with translate_errors():
        return AnnotationSet.from_rows(
            rows_of(lab, tables.annotation, _key(tables, key))
        )


def with_tracks(
    baseline: AnnotationSet, tracks: Sequence[PluginTrack]
) -> AnnotationSet:
    """Put tracks in the place of the annotations of their names, or add them."""
    edited = baseline
    for track in tracks:
        made = Annotation.from_row(track.annotation | {"annotation_id": 0})
        if made.name in edited.names:
            edited = edited.retyped(made.name, made.type)
            edited = edited.with_points(made.name, made.points)
        else:
            edited = edited.with_added(replace(made, annotation_id=None))
    return edited


def save_plugin_tracks(
    lab: Any,
    tables: PluginTables,
    key: Mapping[str, Any],
    baseline: AnnotationSet,
    tracks: Sequence[PluginTrack],
) -> Changes[Annotation]:
    """Write tracks into the plugin's tables, in one transaction.

    Rows are updated where they are, so what hangs on a track (alignments) stays. No
    annotation is removed. The rows are read again first, and locked; after
    `ConnectionLost` call it again with the same arguments.

    Parameters
    ----------
    lab, tables, key
        As of `load_plugin_annotations`.
    baseline
        What that gave.
    tracks
        As `labdata_napari.core.probe_rows.plugin_track` makes them.

    Returns
    -------
    Changes
        What changed in the annotations; the rows of tracks and regions follow them.
        ``baseline.changes_to(with_tracks(baseline, tracks))`` tells it beforehand.

    Raises
    ------
    WriteConflict
        When somebody else changed the annotations meanwhile; nothing is written.
    NotFound
        When the registration is gone.
    InvalidValue
        When a name is there twice, or the server does not take a value.
    WriteRefused
        When this user may not write there, or other rows refer to one that would go.
    """
    names = [track.annotation["annotation_name"] for track in tracks]
    if len(set(names)) != len(names):
        raise InvalidValue("Two of the tracks have the same name; rename one.")
    return write_back(lab, TrackEdit(lab, tables, _key(tables, key), baseline, tracks))


class TrackEdit:
    """An edit of tracks of one registration; see `labdata_napari.lab.writing`."""

    doing = "Saving the tracks of the atlas registration"

    def __init__(
        self,
        lab: Any,
        tables: PluginTables,
        key: Row,
        baseline: AnnotationSet,
        tracks: Sequence[PluginTrack],
    ) -> None:
        self._lab = lab
        self._tables = tables
        self._key = key
        self._baseline = baseline
        self._tracks = tracks
        self._edited = with_tracks(baseline, tracks)
        self._changes = baseline.changes_to(self._edited)

    def read(self) -> AnnotationSet:
        """Lock and read the rows."""
        if not rows_of(self._lab, self._tables.registration, self._key, locked=True):
            raise NotFound(
                f"There is no atlas registration with {words(self._key)} any more, so "
                "nothing was changed; look at the list again."
            )
        found = rows_of(self._lab, self._tables.annotation, self._key, locked=True)
        return AnnotationSet.from_rows(found)

    def saved(self, rows: AnnotationSet) -> Changes[Annotation] | None:
        """Tell what was saved, if the rows are as they shall be."""
        if rows.changes_to(self._edited):
            return None
        # the annotations are there: rows of their tracks are only written as needed
        self._write_tracks(rows)
        return self._changes

    def conflict(self, rows: AnnotationSet) -> WriteConflict | None:
        """Tell how the rows differ from what was loaded."""
        theirs = self._baseline.changes_to(rows)
        if not theirs:
            return None
        return conflicting("these tracks", rows, theirs, self._changes)

    def write(self, rows: AnnotationSet) -> Changes[Annotation]:
        """Write what differs."""
        changes = rows.changes_to(self._edited)
        ids = [a.annotation_id for a in rows if a.annotation_id is not None]
        first = max(ids, default=-1) + 1
        added = tuple(
            replace(a, annotation_id=first + n) for n, a in enumerate(changes.added)
        )
        for changed in changes.changed:
            row = self._key | changed.after.to_row()
            update_row(self._lab, self._tables.annotation, row)
        for annotation in added:
            insert_row(
                self._lab, self._tables.annotation, self._key | annotation.to_row()
            )
        written = replace(changes, added=added)
        self._write_tracks(rows.saved(written))
        return written

    def _write_tracks(self, annotations: AnnotationSet) -> None:
        for track in self._tracks:
            named = annotations[track.annotation["annotation_name"]]
            key = self._key | {"annotation_id": named.annotation_id}
            self._bring(self._tables.track, key, [key | track.track])
            self._bring(self._tables.region, key, [key | r for r in track.regions])

    def _bring(self, table: PluginTable, key: Row, rows: Sequence[Row]) -> None:
        """Make the rows with a key these: update, insert, and delete what is over."""
        there = {_own(table, row): row for row in rows_of(self._lab, table, key, True)}
        for row in rows:
            old = there.pop(_own(table, row), None)
            if old is None:
                insert_row(self._lab, table, row)
            elif not same_row(table, row, old):
                update_row(self._lab, table, row)
        for old in there.values():
            delete_row(self._lab, table, old)


def _own(table: PluginTable, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in table.key)


def _key(tables: PluginTables, key: Mapping[str, Any]) -> Row:
    names = tables.registration.key
    missing = [name for name in names if key.get(name) is None]
    if missing:
        raise InvalidValue(
            f"A key of an atlas registration needs {', '.join(names)}; "
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
        )
    return {name: key[name] for name in names}
