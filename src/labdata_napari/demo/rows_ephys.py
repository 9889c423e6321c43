"""Rows of probes, the recording of spikes, and its sorting."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.demo.atlas import ATLAS
from labdata_napari.demo.regions import REGIONS, region
from labdata_napari.demo.rows_general import PROBE_INSERTIONS
from labdata_napari.demo.spikes import GAIN_UV, N_CHANNELS, NOISE_UV, SAMPLES_BEFORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labdata_napari.demo.brain import BrainTruth, DyeTrack
    from labdata_napari.demo.rows import Row, Rows, Source
    from labdata_napari.demo.spikes import SpikesTruth, UnitTruth

    Array = NDArray[Any]

PROBE = "NP24-2211"
CONFIGURATION = {"probe_id": PROBE, "configuration_id": 0}
BREGMA_MM = 5.0  # a of the invented brain that its surgeons call bregma
_SEGMENT = 6000  # samples


def probes(source: Source) -> Iterator[Rows]:
    """Yield probes, where they went, and what one of them recorded."""
    yield (
        "Probe",
        [
            {
                "probe_id": probe,
                "probe_type": "NP2.4" if probe == PROBE else "NP1",
                "probe_n_shanks": 4 if probe == PROBE else 1,
                "probe_recording_channels": 384,
            }
            for probe in PROBE_INSERTIONS
        ],
    )
    yield "ProbeInsertion", [_insertion(source, probe) for probe in PROBE_INSERTIONS]
    yield (
        "ProbeExtraction",
        [
            {
                "subject_name": subject,
                "procedure_type": "probe extraction",
                "procedure_datetime": when + timedelta(hours=3),
                "probe_id": probe,
                "extraction_successful": 1,
            }
            for probe, (subject, when) in PROBE_INSERTIONS.items()
        ],
    )
    spikes = source.truth.spikes
    yield (
        "ProbeConfiguration",
        [
            {
                **CONFIGURATION,
                "probe_n_channels": N_CHANNELS,
                "probe_gain": GAIN_UV,
                "channel_idx": np.arange(N_CHANNELS),
                "channel_shank": spikes.shanks,
                "channel_coords": spikes.coords,
            }
        ],
    )
    yield from _recording(source)
    yield "ProbeBrainRegion", list(_regions(source))


def _tracks(source: Source, probe: str) -> tuple[BrainTruth, list[DyeTrack]]:
    for brain in source.truth.brains:
        found = [t for t in brain.tracks if t.name.rpartition("_shank")[0] == probe]
        if found:
            return brain, found
    raise KeyError(probe)


def _insertion(source: Source, probe: str) -> Row:
    """Where the probe went by its dye, in mm from the invented bregma."""
    brain, tracks = _tracks(source, probe)
    entry, tip = brain.pose.to_brain([tracks[0].entry_um, tracks[0].tip_um])
    ahead, down, right = tip - entry
    subject, when = PROBE_INSERTIONS[probe]
    return {
        "subject_name": subject,
        "procedure_type": "probe insertion",
        "procedure_datetime": when,
        "probe_id": probe,
        "insertion_ap": float(BREGMA_MM - entry[0]),
        "insertion_ml": float(entry[2]),
        "insertion_depth": tracks[0].length_um / 1000,
        "insertion_el": float(np.degrees(np.arctan2(down, np.hypot(ahead, right)))),
        "insertion_az": float(np.degrees(np.arctan2(right, -ahead))),
        "insertion_spin": 0.0,
    }


def _regions(source: Source) -> Iterator[Row]:
    """Where each region begins and ends along the 4-shank probe, from its tip."""
    brain, tracks = _tracks(source, PROBE)
    place = {
        k: v for k, v in _insertion(source, PROBE).items() if "insertion_" not in k
    }
    found: dict[str, list[tuple[int, float]]] = {}
    for shank, track in enumerate(tracks):
        mm = brain.pose.to_brain(track.points_um(500)).astype(np.float32)
        depth = np.linspace(track.length_um, 0, 500)
        for number, above_tip in zip(region(*mm.T), depth, strict=True):
            found.setdefault(REGIONS[number], []).append((shank, float(above_tip)))
    for acronym, places in found.items():
        if acronym == "outside":
            continue
        shanks = np.unique([shank for shank, _ in places])
        depths = [depth for _, depth in places]
        inside = np.isin(source.truth.spikes.shanks, shanks)
        coords = source.truth.spikes.coords[:, 1]
        inside &= (coords >= min(depths)) & (coords <= max(depths))
        yield {
            **place,
            **CONFIGURATION,
            "atlas_id": ATLAS,
            "region_acronym": acronym,
            "min_depth": min(depths),
            "max_depth": max(depths),
            "shanks": shanks,
            "electrodes": np.flatnonzero(inside),
        }


def _recording(source: Source) -> Iterator[Rows]:
    spikes, file = source.truth.spikes, source.files["ephys"]
    key = _recording_key(spikes)
    yield (
        "EphysRecording",
        [
            {
                **key,
                "n_probes": 1,
                "recording_duration": spikes.duration_s,
                "recording_software": "demo",
            }
        ],
    )
    setting = {**key, "probe_num": 0}
    yield (
        "EphysRecording.ProbeSetting",
        [{**setting, **CONFIGURATION, "sampling_rate": spikes.sampling_rate}],
    )
    yield "EphysRecording.ProbeFile", [{**setting, **file.key}]
    last = int((spikes.duration_s - 1) * spikes.sampling_rate)
    ends = [_noise(spikes.voltage(n, _SEGMENT, source.truth.seed)) for n in (0, last)]
    both = {name: np.column_stack([e[name] for e in ends]) for name in ends[0]}
    yield "EphysRecordingNoiseStats", [{**setting, **both}]


def _recording_key(spikes: SpikesTruth) -> Row:
    return {c: spikes.key[c] for c in ("subject_name", "session_name", "dataset_name")}


def _noise(voltage: Array) -> dict[str, Array]:
    """Statistics of each channel in µV."""
    uv = voltage.astype(np.float32) * GAIN_UV
    median = np.median(uv, axis=0)
    return {
        "channel_median": median,
        "channel_max": uv.max(axis=0),
        "channel_min": uv.min(axis=0),
        "channel_peak_to_peak": np.ptp(uv, axis=0),
        "channel_mad": np.median(np.abs(uv - median), axis=0),
    }


def sorting(source: Source) -> Iterator[Rows]:
    """Yield the sorting, its units and their metrics."""
    spikes = source.truth.spikes
    key = dict(spikes.key)
    yield (
        "SpikeSortingParams",
        [
            {
                "parameter_set_num": key["parameter_set_num"],
                "algorithm_name": "truth",
                "parameter_description": "the planted units, not a sorter's",
                "parameters_dict": json.dumps({"threshold_uv": 40}),
            }
        ],
    )
    waveforms, features = source.files["waveforms"], source.files["features"]
    yield (
        "SpikeSorting",
        [
            {
                **key,
                "algorithm_version": "1",
                "sorting_datetime": waveforms.row["file_datetime"],
                "n_pre_samples": SAMPLES_BEFORE,
                "n_sorted_units": len(spikes.units),
                "n_detected_spikes": sum(map(len, spikes.spike_samples.values())),
                "sorting_channel_indices": np.arange(N_CHANNELS),
                "sorting_channel_coords": spikes.coords,
                "features_file": features.row["file_path"],
                "features_storage": features.row["storage"],
                "waveforms_file": waveforms.row["file_path"],
                "waveforms_storage": waveforms.row["storage"],
            }
        ],
    )
    yield "SpikeSorting.Segment", list(_segments(source))
    yield from _units(source, key)
    yield "SpikeSorting.IntermediateFiles", [{**key, **waveforms.key}]
    linked = {
        **key,
        "linked_session_name": key["session_name"],
        "linked_dataset_session": "ephys_g1",
    }
    yield "SpikeSorting.LinkedDatasets", [linked]
    times = np.arange(0, spikes.duration_s, 10.0)
    drift = 40 * times / spikes.duration_s
    motion = {
        **key,
        "motion_num": 0,
        "motion_method": "truth",
        "shank": 3,
        "displacement": drift[:, None],
        "displacement_times": times + 5,
    }
    yield "SpikeSorting.Motion", [motion]
    yield from _counts(spikes, key)


def _segments(source: Source) -> Iterator[Row]:
    spikes = source.truth.spikes
    middle = int(spikes.duration_s / 2 * spikes.sampling_rate)
    for number, first in enumerate((0, middle)):
        voltage = spikes.voltage(first, _SEGMENT, source.truth.seed)
        yield {
            **spikes.key,
            "segment_num": number,
            "offset_samples": first,
            "segment": voltage,
            **_noise(voltage),
        }


def _units(source: Source, key: Row) -> Iterator[Rows]:
    spikes = source.truth.spikes
    rng = np.random.default_rng([source.truth.seed, 98])
    units, shapes, metrics = [], [], []
    for unit in spikes.units:
        times = spikes.spike_samples[unit.unit_id]
        drift = 40.0 * times / (spikes.duration_s * spikes.sampling_rate)
        places = spikes.coords[unit.channel] + rng.normal(0, 3, (len(times), 2))
        places[:, 1] += drift if unit.kind == "drifts" else 0
        row = {**key, "unit_id": unit.unit_id}
        heights = rng.normal(unit.amplitude_uv, NOISE_UV, len(times))
        units.append(
            {
                **row,
                "spike_times": times.astype(np.uint64),
                "spike_positions": places.astype(np.float32),
                "spike_amplitudes": heights.astype(np.float32),
            }
        )
        template = spikes.template(unit).astype(np.float32)
        shapes.append(
            {
                **row,
                "waveform_median": template,
                "waveform_ptp": np.ptp(template, axis=0),
                "waveform_noise": NOISE_UV / np.sqrt(len(times)),
            }
        )
        metrics.append({**row, **_metrics(spikes, unit, template)})
    yield "SpikeSorting.Unit", units
    yield "SpikeSorting.Waveforms", shapes
    first = units[0]
    half = {k: v[::2] for k, v in first.items() if k.startswith("spike_")}
    merged = {
        **key,
        "merged_unit_id": first["unit_id"],
        "source_unit_id": 101,
        **half,
        "merge_datetime": source.files["waveforms"].row["file_datetime"],
    }
    yield "SpikeSorting.MergedUnit", [merged]
    yield "UnitMetrics", metrics


def _metrics(spikes: SpikesTruth, unit: UnitTruth, template: Array) -> Row:
    seconds = spikes.spike_samples[unit.unit_id] / spikes.sampling_rate
    bins = np.histogram(seconds, np.arange(0, spikes.duration_s + 10, 10))[0]
    visible = np.flatnonzero(np.ptp(template, axis=0) > 4 * NOISE_UV)
    wave = template[:, unit.channel]
    trough, after = int(wave.argmin()), int(wave.argmax())
    too_short = int((np.diff(seconds) < 0.0015).sum())
    spread = spikes.coords[visible]
    return {
        "num_spikes": len(seconds),
        "depth": float(spikes.coords[unit.channel, 1]),
        "position": spikes.coords[unit.channel],
        "shank": int(spikes.shanks[unit.channel]),
        "channel_index": unit.channel,
        "n_electrodes_spanned": len(visible),
        "span_um": float(np.ptp(spread[:, 1])) if len(visible) else 0.0,
        "firing_rate": len(seconds) / spikes.duration_s,
        "isi_contamination": min(1.0, 50 * too_short / max(len(seconds), 1)),
        "n_isi_violations": too_short,
        "presence_ratio": float((bins > 0).mean()),
        "depth_drift_range": 40.0 if unit.kind == "drifts" else 0.0,
        "spike_amplitude": unit.amplitude_uv,
        "snr": unit.amplitude_uv / NOISE_UV,
        "spike_duration": (after - trough) / spikes.sampling_rate * 1000,
        "trough_time": trough / spikes.sampling_rate * 1000,
        "trough_amplitude": float(wave.min()),
        "peak_time": after / spikes.sampling_rate * 1000,
        "peak_amplitude": float(wave.max()),
        "polarity": -1,
        "active_electrodes": visible,
    }


def _counts(spikes: SpikesTruth, key: Row) -> Iterator[Rows]:
    yield (
        "UnitCountCriteria",
        [
            {
                "unit_criteria_id": 1,
                "sua_criteria": "isi_contamination < 0.1 & presence_ratio > 0.8",
                "mua_criteria": "isi_contamination >= 0.1",
            }
        ],
    )
    passes = {
        unit.unit_id: 0 if unit.kind == "mixed" else -1 if unit.kind == "fades" else 1
        for unit in spikes.units
    }
    counted = {**key, "unit_criteria_id": 1}
    singles = sum(value == 1 for value in passes.values())
    multi = sum(value == 0 for value in passes.values())
    yield (
        "UnitCount",
        [{**counted, "all": len(passes), "sua": singles, "mua": multi}],
    )
    yield (
        "UnitCount.Unit",
        [
            {**counted, "unit_id": unit, "passes": value}
            for unit, value in passes.items()
        ],
    )
