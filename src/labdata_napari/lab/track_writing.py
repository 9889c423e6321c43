"""Where the probes of a brain were, written back from their tracks, all at once.

`ProbeBrainRegion` is the lab's own table; those of labdata's plugin for atlas
registration are written in the same transaction, where a database has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labdata_napari.core.probe_regions import ProbeRegion, region_changes
from labdata_napari.core.probe_rows import (
    plugin_track,
    probe_region_rows,
    split_name,
)
from labdata_napari.errors import LabdataError
from labdata_napari.lab.atlas_choice import known_atlas
from labdata_napari.lab.atlases import lab_atlases, lab_regions
from labdata_napari.lab.failures import translate_errors
from labdata_napari.lab.plugin_tables import find_plugin_tables
from labdata_napari.lab.plugin_tracks import (
    TrackEdit,
    load_plugin_annotations,
    load_registrations,
)
from labdata_napari.lab.tracks import (
    RegionEdit,
    load_probe_regions,
    load_sites,
    probe_configurations,
    probe_insertions,
)
from labdata_napari.lab.write_plan import PluginPlan, ProbePlan, WritePlan
from labdata_napari.lab.writing import write_back

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.changes import Changes
    from labdata_napari.core.in_atlas import InAtlas
    from labdata_napari.core.track_regions import TrackRegions
    from labdata_napari.errors import WriteConflict

_TABLES = {"Atlas", "Atlas.Region", "ProbeBrainRegion", "ProbeInsertion", "Probe"}


@dataclass(frozen=True, eq=False)
class TracedTrack:
    """A track, and the regions along it.

    Attributes
    ----------
    points
        (N, 3) pixels that were clicked.
    path
        (M, 3) pixels from the entry to the tip.
    regions
        What it runs through.
    """

    points: NDArray[Any]
    path: NDArray[Any]
    regions: TrackRegions


def plan_writing(
    lab: Any,
    key: Mapping[str, Any],
    tracks: Mapping[str, TracedTrack],
    brain: InAtlas,
    tip_um: float = 0.0,
) -> WritePlan:
    """Work out what would be written of the tracks of a transformed brain.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    key
        Of the transform.
    tracks
        By their names, ``<probe_id>_shank<n>``; others are left out.
    brain
        How the brain lies in its atlas.
    tip_um
        How far above the tip the layout of sites begins.
    """
    shanks: dict[str, dict[int, TracedTrack]] = {}
    notes = []
    for name, track in tracks.items():
        named = split_name(name)
        if named is None:
            notes.append(f"{name} is left out: it is not called <probe>_shank<number>.")
        else:
            shanks.setdefault(named[0], {})[named[1]] = track
    probes, more = _probes(lab, key, shanks, brain, tip_um)
    named_tracks = {n: t for n, t in tracks.items() if split_name(n) is not None}
    plugin, others = _plugin(lab, key, named_tracks, brain)
    return WritePlan(tuple(probes), plugin, (*notes, *more, *others))


def save_plan(lab: Any, plan: WritePlan, chosen: Collection[tuple[int, str]]) -> str:
    """Write the chosen lines of a plan in one transaction, or nothing.

    Parameters
    ----------
    lab
        The `Lab`; on its thread.
    plan
        As `plan_writing` gave it; the rows are read again and compared first.
    chosen
        Place and name of the lines; the rows of the others stay as they are.

    Returns
    -------
    str
        What was written, in words.

    Raises
    ------
    WriteConflict
        When somebody else changed a row meanwhile; nothing is written.
    NotFound, InvalidValue, WriteRefused, ConnectionLost
        As `labdata_napari.lab.tracks.save_probe_regions`.
    """
    edits: list[Any] = []
    for place, probe in enumerate(plan.probes):
        names = {name for at, name in chosen if at == place}
        left = [r for r in probe.before if r.acronym not in names]
        after = (*left, *(r for r in probe.after if r.acronym in names))
        changes = region_changes(probe.before, after)
        if changes:
            edits.append(RegionEdit(lab, probe.key, probe.before, after, changes))
    if plan.plugin is not None:
        names = {name for at, name in chosen if at < 0}
        tracks = [
            track
            for track in plan.plugin.tracks
            if track.annotation["annotation_name"] in names
        ]
        if tracks:
            of = plan.plugin
            edits.append(TrackEdit(lab, of.tables, of.key, of.before, tracks))
    if not edits:
        return "nothing"
    if not lab.read_only:
        with translate_errors():
            for edit in edits:
                if isinstance(edit, RegionEdit):
                    edit.check()
    done = write_back(lab, _Together(edits))
    return "; ".join(changes.summary() for changes in done)


class _Together:
    """Several edits in one transaction; see `labdata_napari.lab.writing`."""

    doing = "Saving the regions of the probes"

    def __init__(self, edits: Sequence[Any]) -> None:
        self._edits = edits

    def read(self) -> list[Any]:
        return [edit.read() for edit in self._edits]

    def saved(self, rows: list[Any]) -> list[Changes[Any]] | None:
        done = [e.saved(r) for e, r in zip(self._edits, rows, strict=True)]
        return None if any(d is None for d in done) else done

    def conflict(self, rows: list[Any]) -> WriteConflict | None:
        for edit, found in zip(self._edits, rows, strict=True):
            conflict: WriteConflict | None = edit.conflict(found)
            if conflict is not None:
                return conflict
        return None

    def write(self, rows: list[Any]) -> list[Changes[Any]]:
        return [e.write(r) for e, r in zip(self._edits, rows, strict=True)]


def _probes(
    lab: Any,
    key: Mapping[str, Any],
    shanks: Mapping[str, Mapping[int, TracedTrack]],
    brain: InAtlas,
    tip_um: float,
) -> tuple[list[ProbePlan], list[str]]:
    missing = _TABLES & set(lab.tables.missing)
    atlas_id, why = (None, "") if missing else _atlas_id(lab, key)
    if missing or atlas_id is None:
        return [], [why or f"The lab has no table {sorted(missing)[0]}."]
    names = lab_regions(lab, atlas_id)
    if names is None:
        return [], [f"The lab's table Atlas.Region has no region of {atlas_id!r}."]
    acronym_of = brain.atlas.regions.acronyms_in(names)
    there = probe_insertions(lab, key["subject_name"])
    plans, notes = [], []
    for probe, tracks in shanks.items():
        insertions = [row for row in there if str(row["probe_id"]) == probe]
        configurations = probe_configurations(lab, probe)
        if len(insertions) != 1 or not configurations:
            notes.append(_why_not(probe, len(insertions)))
            continue
        count = int(insertions[0]["probe_n_shanks"])
        untraced = max(count - len(tracks), 0)
        for row in configurations:
            own = {c: insertions[0][c] for c in lab.ProbeInsertion.primary_key}
            own |= {"configuration_id": row["configuration_id"], "atlas_id": atlas_id}
            regions = {shank: track.regions for shank, track in tracks.items()}
            try:
                sites = load_sites(lab, own, tip_um)
            except LabdataError as error:
                notes.append(f"{probe} is left out. {error}")
                continue
            rows = probe_region_rows(regions, sites, acronym_of)
            after = tuple(map(ProbeRegion.from_row, rows))
            before = load_probe_regions(lab, own)
            plans.append(ProbePlan(own, before, after, untraced))
            if untraced:
                notes.append(_why_held(plans[-1], count))
    return plans, notes


def _why_held(plan: ProbePlan, count: int) -> str:
    have = f"{count - plan.untraced} of the {count} shanks of {plan.title}"
    if not plan.before:
        return f"Only {have} can be written: the others have no track."
    return (
        f"The rows that are there may tell of all {count} shanks, and {plan.untraced} "
        f"of {plan.title} have no track: none is ticked."
    )


def _why_not(probe: str, insertions: int) -> str:
    if not insertions:
        return f"{probe} is left out: no ProbeInsertion says that it was in this brain."
    if insertions > 1:
        return (
            f"{probe} is left out: it went into this animal {insertions} times, and "
            "a name of a track does not say when."
        )
    return f"{probe} is left out: it has no ProbeConfiguration."


def _atlas_id(lab: Any, key: Mapping[str, Any]) -> tuple[str | None, str]:
    choice = known_atlas(lab, key)
    if choice is not None and choice.lab_atlas is not None:
        return choice.lab_atlas, ""
    there = list(lab_atlases(lab))
    if len(there) == 1:
        return there[0], ""
    if not there:
        return None, "The lab's table Atlas is empty, and regions refer to it."
    return None, "The lab has several atlases: choose one's names in the atlas's form."


def _plugin(
    lab: Any,
    key: Mapping[str, Any],
    tracks: Mapping[str, TracedTrack],
    brain: InAtlas,
) -> tuple[PluginPlan | None, list[str]]:
    tables = find_plugin_tables(lab)
    registrations = [] if tables is None else load_registrations(lab, tables, key)
    if tables is None or not registrations:
        return None, []
    if len(registrations) > 1:
        return None, [
            "The plugin's tables are left out: they have several registrations of this "
            "transform."
        ]
    made, notes = [], []
    for name, track in tracks.items():
        try:
            made.append(
                plugin_track(
                    name,
                    track.points,
                    track.path,
                    track.regions,
                    brain.mapping,
                    brain.atlas,
                )
            )
        except LabdataError as error:
            notes.append(str(error))
    before = load_plugin_annotations(lab, tables, registrations[0])
    return PluginPlan(tables, registrations[0], before, tuple(made)), notes
