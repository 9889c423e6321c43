"""What would become of the rows of regions when the tracks of a brain are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.probe_regions import ProbeRegion, region_changes
from labdata_napari.lab.plugin_tracks import with_tracks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.annotation import AnnotationSet
    from labdata_napari.core.changes import Changes
    from labdata_napari.core.probe_rows import PluginTrack
    from labdata_napari.lab.plugin_tables import PluginTables

NEW, CHANGED, KEPT, REMOVED = "new", "changed", "kept", "removed"


@dataclass(frozen=True)
class RegionLine:
    """What would become of one row.

    Attributes
    ----------
    place
        Which of the probes (its place in `WritePlan.probes`); -1 for the plugin's.
    name
        Acronym of the region, or name of the track.
    state
        "new", "changed", "kept" or "removed".
    words
        Depths now, or how they change.
    """

    place: int
    name: str
    state: str
    words: str


@dataclass(frozen=True, eq=False)
class ProbePlan:
    """The regions of one probe as they are and as its tracks say.

    Attributes
    ----------
    key
        Of the insertion, with ``configuration_id`` and ``atlas_id``.
    before, after
        Rows now, and as they shall be.
    untraced
        How many of its shanks have no track.
    """

    key: dict[str, Any]
    before: tuple[ProbeRegion, ...]
    after: tuple[ProbeRegion, ...]
    untraced: int = 0

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.key['probe_id']}, configuration {self.key['configuration_id']}"


@dataclass(frozen=True, eq=False)
class PluginPlan:
    """The tracks that would go into the plugin's tables."""

    tables: PluginTables
    key: dict[str, Any]
    before: AnnotationSet
    tracks: tuple[PluginTrack, ...]


@dataclass(frozen=True, eq=False)
class WritePlan:
    """What would be written of the tracks of a brain.

    Attributes
    ----------
    probes
        Of every probe and configuration.
    plugin
        None where this database has no such tables.
    notes
        What is left out and why, in sentences.
    """

    probes: tuple[ProbePlan, ...]
    plugin: PluginPlan | None = None
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[RegionLine, ...]:
        """One for each row that is there or shall be."""
        found = [
            RegionLine(place, *line)
            for place, probe in enumerate(self.probes)
            for line in _lines(region_changes(probe.before, probe.after), probe)
        ]
        if self.plugin is not None:
            edited = with_tracks(self.plugin.before, self.plugin.tracks)
            changes = self.plugin.before.changes_to(edited)
            states = dict.fromkeys((a.name for a in changes.added), NEW)
            states |= {c.after.name: CHANGED for c in changes.changed}
            for track in self.plugin.tracks:
                name = track.annotation["annotation_name"]
                count = len(track.regions)
                words = f"{count} regions in the plugin's tables"
                found.append(RegionLine(-1, name, states.get(name, KEPT), words))
        return tuple(found)

    @property
    def offered(self) -> set[tuple[int, str]]:
        """Place and name of the lines that may be written unless somebody objects.

        Rows that are there may tell of all shanks of a probe: while some have no track
        nothing of that probe is among them.
        """
        held = {
            place
            for place, probe in enumerate(self.probes)
            if probe.untraced and probe.before
        }
        return {
            (line.place, line.name)
            for line in self.lines
            if line.state != KEPT and line.place not in held
        }

    def changed_since(self, earlier: WritePlan) -> set[tuple[int, str]]:
        """Return place and name of the lines whose rows somebody changed meanwhile."""
        changed = set()
        old = {_named(p.key): p for p in earlier.probes}
        for place, probe in enumerate(self.probes):
            known = old.get(_named(probe.key))
            theirs = region_changes(() if known is None else known.before, probe.before)
            for region in (*theirs.added, *theirs.removed):
                changed.add((place, region.acronym))
            changed |= {(place, c.after.acronym) for c in theirs.changed}
        return changed


def _lines(
    changes: Changes[ProbeRegion], probe: ProbePlan
) -> list[tuple[str, str, str]]:
    states: dict[str, tuple[str, str]] = {}
    for region in changes.added:
        states[region.acronym] = NEW, region.words
    for change in changes.changed:
        words = change.after.difference(change.before)
        states[change.after.acronym] = CHANGED, words
    for region in changes.removed:
        states[region.acronym] = REMOVED, region.words
    every = {r.acronym: r for r in (*probe.before, *probe.after)}
    return [(n, *states.get(n, (KEPT, r.words))) for n, r in every.items()]


def _named(key: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in sorted(key.items()))
