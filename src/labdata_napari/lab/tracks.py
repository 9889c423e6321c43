"""Where probes were, written back: the regions of each, in `ProbeBrainRegion`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labdata_napari.core.probe_regions import ProbeRegion, region_changes
from labdata_napari.errors import InvalidValue, NotFound
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.keys import key_of, named, row_of, words
from labdata_napari.lab.limits import checked
from labdata_napari.lab.rows import as_array, fetched
from labdata_napari.lab.writing import conflicting, lock_row, write_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labdata_napari.core.changes import Changes
    from labdata_napari.core.probe_rows import Sites
    from labdata_napari.errors import WriteConflict

Key = dict[str, Any]
_BLOBS = {"shanks": as_array, "electrodes": as_array}


def probe_insertions(lab: Any, subject_name: str) -> list[Key]:
    """List the insertions of probes into a subject, the earliest first.

    Returns
    -------
    list of dict
        Key of each, with ``probe_type`` and ``probe_n_shanks``.
    """
    with translate_errors():
        subject = {"subject_name": subject_name}
        columns = lab.Probe.proj("probe_type", "probe_n_shanks")
        rows = fetched((lab.ProbeInsertion & subject).proj() * columns)
    return sorted(rows, key=lambda r: (r["procedure_datetime"], r["probe_id"]))


def probe_configurations(lab: Any, probe_id: str) -> list[Key]:
    """List the configurations of a probe: key and number of channels."""
    with translate_errors():
        table = lab.ProbeConfiguration & {"probe_id": probe_id}
        rows = fetched(table.proj("probe_n_channels"))
    return sorted(rows, key=lambda r: int(r["configuration_id"]))


def load_sites(lab: Any, key: Mapping[str, Any], tip_um: float = 0.0) -> Sites:
    """Read the sites of a configuration.

    Parameters
    ----------
    key
        ``probe_id`` and ``configuration_id``.
    tip_um
        As of `labdata_napari.core.probe_rows.Sites`.

    Raises
    ------
    NotFound
        When there is no such configuration.
    InvalidValue
        When it makes no sense.
    """
    from labdata_napari.core.probe_rows import Sites

    with translate_errors():
        return Sites.from_row(row_of(lab.ProbeConfiguration, key), tip_um)


def load_probe_regions(lab: Any, key: Mapping[str, Any]) -> tuple[ProbeRegion, ...]:
    """Read the regions of a probe, from the tip upwards.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        Of an insertion, with ``configuration_id`` and ``atlas_id``.
    """
    with translate_errors():
        return _regions(lab, _key(lab, key))


def save_probe_regions(
    lab: Any,
    key: Mapping[str, Any],
    baseline: Iterable[ProbeRegion],
    edited: Iterable[ProbeRegion],
) -> Changes[ProbeRegion]:
    """Write what changed in the regions of a probe, in one transaction.

    Rows that stay are updated where they are. The rows are read again first, and
    locked; after `ConnectionLost` call it again with the same arguments.

    Parameters
    ----------
    lab, key
        As of `load_probe_regions`.
    baseline
        What was loaded.
    edited
        What it is to become, such as `labdata_napari.core.probe_rows` makes it.

    Returns
    -------
    Changes
        What was written; its ``summary()`` says it in words.
        `labdata_napari.core.probe_regions.region_changes` tells it beforehand.

    Raises
    ------
    WriteConflict
        When somebody else changed them meanwhile; nothing is written.
    NotFound
        When the insertion, the configuration or a region is not in the lab's tables.
    InvalidValue
        When a value does not fit its column.
    WriteRefused
        When this user may not write, or other rows refer to one that would go.
    ConnectionLost
        When the connection broke, maybe after everything was written.
    """
    before, after = tuple(baseline), tuple(edited)
    changes: Changes[ProbeRegion] = region_changes(before, after)
    if not changes:
        return changes
    edit = RegionEdit(lab, _key(lab, key), before, after, changes)
    if not lab.read_only:
        with translate_errors():
            edit.check()
    return write_back(lab, edit)


class RegionEdit:
    """An edit of the regions of one probe; see `labdata_napari.lab.writing`."""

    doing = "Saving the regions of the probe"

    def __init__(
        self,
        lab: Any,
        key: Key,
        baseline: Sequence[ProbeRegion],
        edited: Sequence[ProbeRegion],
        changes: Changes[ProbeRegion],
    ) -> None:
        self._lab = lab
        self._table = lab.ProbeBrainRegion
        self._key = key
        self._baseline = baseline
        self._edited = edited
        self._changes = changes

    def check(self) -> None:
        """Check what would be written."""
        after = (*self._changes.added, *(c.after for c in self._changes.changed))
        checked(self._table, [self._key | r.to_row() for r in after], "the regions")
        configuration = key_of(self._lab.ProbeConfiguration, self._key)
        for table, key in (
            (self._lab.ProbeInsertion, key_of(self._lab.ProbeInsertion, self._key)),
            (self._lab.ProbeConfiguration, configuration),
        ):
            if not fetched((table & key).proj()):
                raise NotFound(
                    f"There is no {named(table)} with {words(key)}, so its regions "
                    "cannot be saved; add it first."
                )
        atlas = {"atlas_id": self._key["atlas_id"]}
        there = {r["region_acronym"] for r in fetched(self._lab.Atlas.Region & atlas)}
        missing = [r.acronym for r in after if r.acronym not in there]
        if missing:
            raise NotFound(
                f"The lab's table Atlas.Region has no {', '.join(missing)} of the "
                f"atlas {atlas['atlas_id']!r}; add them, or roll the regions up to "
                "those it has."
            )

    def read(self) -> tuple[ProbeRegion, ...]:
        """Lock and read the rows."""
        lock_row(self._lab.ProbeInsertion, self._key)
        return _regions(self._lab, self._key, locked=True)

    def saved(self, rows: Sequence[ProbeRegion]) -> Changes[ProbeRegion] | None:
        """Tell what was saved, if the rows are as they shall be."""
        return None if region_changes(rows, self._edited) else self._changes

    def conflict(self, rows: Sequence[ProbeRegion]) -> WriteConflict | None:
        """Tell how the rows differ from what was loaded."""
        theirs = region_changes(self._baseline, rows)
        if not theirs:
            return None
        return conflicting("these regions", rows, theirs, self._changes)

    def write(self, rows: Sequence[ProbeRegion]) -> Changes[ProbeRegion]:
        """Write what differs."""
        for removed in self._changes.removed:
            row = self._key | {"region_acronym": removed.acronym}
            # quick: no cascade, the server refuses if other rows refer to this one
            (self._table & row).delete_quick()
        for changed in self._changes.changed:
            self._table.update1(self._key | changed.after.to_row())
        self._table.insert([self._key | r.to_row() for r in self._changes.added])
        return self._changes


def _key(lab: Any, key: Mapping[str, Any]) -> Key:
    """Keep what the regions of one probe share: all of the key but the region."""
    columns = [c for c in lab.ProbeBrainRegion.primary_key if c != "region_acronym"]
    missing = [c for c in columns if key.get(c) is None]
    if missing:
        raise InvalidValue(
            f"The regions of a probe need {', '.join(columns)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing."
        )
    return {c: key[c] for c in columns}


def _regions(lab: Any, key: Key, locked: bool = False) -> tuple[ProbeRegion, ...]:
    rows = fetched(lab.ProbeBrainRegion & key, _BLOBS, locked)
    found = [ProbeRegion.from_row(row) for row in rows]
    return tuple(sorted(found, key=lambda r: (r.max_depth or 0.0, r.acronym)))
