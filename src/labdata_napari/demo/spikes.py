"""The demo's spike sorting: units with known rates, partners and faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

N_CHANNELS = 64
SAMPLES_BEFORE, SAMPLES_AFTER = 24, 42
NOISE_UV, GAIN_UV = 8.0, 0.76
"""Noise of a channel; µV of one count of the converter."""


@dataclass(frozen=True)
class UnitTruth:
    """One unit.

    Attributes
    ----------
    unit_id
        As in SpikeSorting.Unit.
    rate
        Spikes per second, outside responses.
    kind
        "good"; "mixed" (two cells: spikes within the refractory period); "fades"
        (silent in the last 40 %); "drifts" (moves up 40 µm); "follows" (fires
        2.5 ms after `leader`, one time in four); "responds" (to the stimuli).
    channel
        Where its spike is largest.
    amplitude_uv
        Height of the trough there.
    leader
        Unit that a "follows" unit follows, else None.
    """

    unit_id: int
    rate: float
    kind: str
    channel: int
    amplitude_uv: float
    leader: int | None = None


@dataclass(frozen=True, eq=False)
class SpikesTruth:
    """One sorted recording.

    Attributes
    ----------
    key
        Primary key of the SpikeSorting row.
    sampling_rate
        Hz.
    duration_s
        Of the recording.
    units
        What was planted.
    spike_samples
        unit_id to its spike times in samples (int64, ascending).
    coords
        (channels, 2) x, y in µm; y counts upwards from the tip.
    shanks
        (channels,) 0 to 3.
    stimulus_s
        When the stimuli come, in seconds of the recording.
    task_clock
        (offset in s, drift): a time t of the recording is
        ``offset + t * (1 + drift)`` on the clock of the task computer.
    """

    key: Mapping[str, Any]
    sampling_rate: float
    duration_s: float
    units: tuple[UnitTruth, ...]
    spike_samples: Mapping[int, Array]
    coords: Array
    shanks: Array
    stimulus_s: Array
    task_clock: tuple[float, float]

    def template(self, unit: UnitTruth) -> Array:
        """Mean spike of a unit in µV: (samples, channels)."""
        time = np.arange(-SAMPLES_BEFORE, SAMPLES_AFTER) / 30.0  # ms
        shape = -np.exp(-((time / 0.11) ** 2)) + 0.42 * np.exp(
            -(((time - 0.42) / 0.24) ** 2)
        )
        away = np.hypot(*(self.coords - self.coords[unit.channel]).T)
        return np.asarray(unit.amplitude_uv * shape[:, None] * np.exp(-away / 38))

    def voltage(self, first: int, count: int, seed: int) -> Array:
        """Raw voltage in counts of the converter: (samples, channels) int16.

        Parameters
        ----------
        first, count
            Samples of the recording.
        seed
            Of the noise.
        """
        rng = np.random.default_rng([seed, first, 82])
        margin = SAMPLES_BEFORE + SAMPLES_AFTER
        value = rng.normal(0, NOISE_UV, (count + 2 * margin, N_CHANNELS))
        for unit in self.units:
            template = self.template(unit)
            times = self.spike_samples[unit.unit_id] - first
            near = (times >= -SAMPLES_AFTER) & (times < count + SAMPLES_BEFORE)
            for at in times[near]:
                start = int(at) + margin - SAMPLES_BEFORE
                value[start : start + len(template)] += template
        return np.asarray(np.round(value[margin:-margin] / GAIN_UV), np.int16)


def _units() -> tuple[UnitTruth, ...]:
    plain = [
        UnitTruth(1, 6.0, "good", 3, 160.0),
        UnitTruth(2, 14.0, "good", 10, 120.0),
        UnitTruth(3, 9.0, "good", 18, 190.0),
        UnitTruth(4, 2.5, "good", 25, 95.0),
        UnitTruth(5, 4.0, "follows", 22, 130.0, leader=3),
        UnitTruth(6, 11.0, "responds", 33, 150.0),
        UnitTruth(7, 5.0, "responds", 40, 105.0),
        UnitTruth(8, 18.0, "mixed", 45, 70.0),
        UnitTruth(9, 7.0, "fades", 50, 110.0),
        UnitTruth(10, 8.0, "drifts", 56, 140.0),
        UnitTruth(11, 22.0, "mixed", 60, 62.0),
        UnitTruth(12, 3.0, "good", 62, 175.0),
    ]
    return tuple(plain)


def spikes_truth(seed: int, scale: float) -> SpikesTruth:
    """Draw the spike trains."""
    rng = np.random.default_rng([seed, 80])
    duration = max(120.0, 600.0 * scale)
    rate = 30000.0
    stimuli = np.cumsum(rng.uniform(4.5, 7.0, int(duration / 7)))
    stimuli = stimuli[stimuli < duration - 5]
    trains: dict[int, Array] = {}
    for unit in _units():
        trains[unit.unit_id] = _train(rng, unit, duration, rate, stimuli, trains)
    shanks = np.repeat(np.arange(4), N_CHANNELS // 4)
    row = np.tile(np.arange(N_CHANNELS // 4), 4)
    coords = np.column_stack([shanks * 250.0 + (row % 2) * 32.0, (row // 2) * 15.0])
    return SpikesTruth(
        key={
            "subject_name": "Cajal",
            "session_name": "20250603_142000",
            "dataset_name": "ephys_g0",
            "probe_num": 0,
            "parameter_set_num": 1,
        },
        sampling_rate=rate,
        duration_s=duration,
        units=_units(),
        spike_samples=trains,
        coords=coords,
        shanks=shanks,
        stimulus_s=stimuli,
        task_clock=(12.375, 3.2e-5),
    )


def _train(
    rng: np.random.Generator,
    unit: UnitTruth,
    duration: float,
    rate: float,
    stimuli: Array,
    others: Mapping[int, Array],
) -> Array:
    """Spike times of one unit in samples."""
    times = _poisson(rng, unit.rate, duration)
    if unit.kind == "mixed":
        half = [_poisson(rng, unit.rate / 2, duration) for _ in range(2)]
        times = np.sort(np.concatenate(half))
    elif unit.kind == "fades":
        times = times[times < 0.6 * duration]
    elif unit.kind == "responds":
        extra = [s + 0.06 + rng.exponential(0.08, rng.poisson(8)) for s in stimuli]
        times = _refractory(np.sort(np.concatenate([times, *extra])))
    elif unit.kind == "follows" and unit.leader is not None:
        led = others[unit.leader] / rate
        chosen = led[rng.random(len(led)) < 0.25]
        delayed = chosen + rng.normal(0.0025, 0.0003, len(chosen))
        times = _refractory(np.sort(np.concatenate([times, delayed])))
    samples = np.round(times[times < duration - 0.01] * rate)
    return np.unique(samples.astype(np.int64))


def _poisson(rng: np.random.Generator, rate: float, duration: float) -> Array:
    """Draw times with a dead time of 2.2 ms, so that the mean rate is `rate`."""
    dead = 0.0022
    gaps = rng.exponential(1 / rate - dead, int(duration * rate * 1.3 + 60)) + dead
    times = np.cumsum(gaps)
    return np.asarray(times[times < duration])


def _refractory(times: Array, dead: float = 0.0022) -> Array:
    """Drop spikes that come too soon after the one before."""
    kept: list[float] = []
    for t in times.tolist():
        if not kept or t - kept[-1] >= dead:
            kept.append(t)
    return np.array(kept)
