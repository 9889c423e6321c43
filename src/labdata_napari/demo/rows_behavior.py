"""Rows of events recorded with the datasets, and of the decision task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.demo.motion import FRAME_RATE
from labdata_napari.demo.mouse import SYNC_ON_S, SYNC_PERIOD_S
from labdata_napari.demo.rows_general import watering_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from labdata_napari.demo.rows import Row, Rows, Source
    from labdata_napari.demo.training import TrainingSession

    Array = NDArray[Any]

CLOCK_STREAM, TASK_STREAM, SYNC = "nidq", "bpod", "sync"


def events(source: Source) -> Iterator[Rows]:
    """Yield the streams of the recordings, and which of them are tied together."""
    streams: list[Row] = []
    digital: list[Row] = []
    for key, stream, time, lines in _streams(source):
        streams.append({**key, "stream_name": stream, "stream_time": time})
        for name, (times, values) in lines.items():
            digital.append(
                {
                    **key,
                    "stream_name": stream,
                    "event_name": name,
                    "event_timestamps": times,
                    "event_values": values,
                }
            )
    yield "DatasetEvents", streams
    yield "DatasetEvents.Digital", digital
    recording = _dataset(source.truth.spikes.key)
    time = next(s["stream_time"] for s in streams if s["stream_name"] == CLOCK_STREAM)
    yield (
        "DatasetEvents.AnalogChannel",
        [
            {
                **recording,
                "stream_name": CLOCK_STREAM,
                "channel_name": name,
                "channel_values": values,
            }
            for name, values in _analog(source, time).items()
        ],
    )
    tie = {
        **recording,
        "dataset_name": "task",
        "stream_name": TASK_STREAM,
        "event_name": SYNC,
        "clock_dataset": recording["dataset_name"],
        "clock_stream": CLOCK_STREAM,
        "clock_stream_event": SYNC,
    }
    yield "StreamSync", [tie]


def _dataset(key: Any) -> Row:
    return {c: key[c] for c in ("subject_name", "session_name", "dataset_name")}


def _streams(source: Source) -> Iterator[tuple[Row, str, Array | None, dict[str, Any]]]:
    """Key, stream name, time base and lines (times, states) of every stream."""
    truth = source.truth
    spikes = truth.spikes
    pulses = _pulses(spikes.duration_s)
    trials = truth.training[-1]
    answers = trials.start_s + trials.reaction_s
    rewards = answers[trials.rewarded]
    lines = {
        SYNC: pulses,
        "stimulus": _edges(spikes.stimulus_s, 0.5),
        "reward": _edges(rewards, 0.05),
    }
    time = np.arange(0, spikes.duration_s, 0.02)
    yield _dataset(spikes.key), CLOCK_STREAM, time, lines
    offset, drift = spikes.task_clock
    task = {**_dataset(spikes.key), "dataset_name": "task"}
    theirs = {
        name: (offset + times * (1 + drift), states)
        for name, (times, states) in lines.items()
    }
    yield task, TASK_STREAM, None, theirs
    for session in truth.training[:-1]:
        key = {
            "subject_name": session.subject,
            "session_name": session.session,
            "dataset_name": "task",
        }
        right = (session.start_s + session.reaction_s)[session.rewarded]
        yield (
            key,
            TASK_STREAM,
            None,
            {"trial": _edges(session.start_s, 2.0), "reward": _edges(right, 0.05)},
        )
    field = truth.widefield
    shown = np.array(field.stimulus_frames) / field.frame_rate
    yield dict(field.key), "stimulus", None, {"light": _edges(shown, 0.2)}
    lamp = _pulses(truth.pose.n_frames / FRAME_RATE)
    yield _dataset(truth.pose.key), "camera", None, {"lamp": lamp}


def _pulses(duration: float) -> tuple[Array, Array]:
    return _edges(np.arange(0, duration - SYNC_ON_S, SYNC_PERIOD_S), SYNC_ON_S)


def _edges(starts: Array, length: float) -> tuple[Array, Array]:
    """List the times of every rise and fall, and the state from then on."""
    times = np.column_stack([starts, starts + length]).ravel()
    return times, np.tile(np.array([1, 0], np.uint8), len(starts))


def _analog(source: Source, time: Array) -> dict[str, Array]:
    rng = np.random.default_rng([source.truth.seed, 96])
    light = np.zeros_like(time)
    for start in source.truth.spikes.stimulus_s:
        light[(time >= start) & (time < start + 0.5)] = 1.0
    bouts = np.convolve(rng.normal(size=len(time)), np.hanning(151), "same")
    speed = np.clip(bouts / bouts.std(), 0, None) * 9
    noisy = light * 2.8 + 0.2 + rng.normal(0, 0.03, len(time))
    return {
        "photodiode": noisy.astype(np.float32),
        "wheel speed": speed.astype(np.float32),
    }


def tasks(source: Source) -> Iterator[Rows]:
    """Yield one decision task for each training session."""
    tasks_, sets = [], []
    for session in source.truth.training:
        key = {
            "subject_name": session.subject,
            "session_name": session.session,
            "dataset_name": "task",
        }
        rewarded = int(session.rewarded.sum())
        chosen = int((session.response != 0).sum())
        tasks_.append(
            {
                **key,
                "n_total_trials": len(session.response),
                "n_total_assisted": 0,
                "n_total_performed": len(session.response),
                "n_total_initiated": len(session.response),
                "n_total_with_choice": chosen,
                "n_total_rewarded": rewarded,
                "n_total_punished": chosen - rewarded,
                "watering_datetime": watering_time(session.when),
            }
        )
        sets.append({**key, **_trials(session)})
    yield "DecisionTask", tasks_
    yield "DecisionTask.TrialSet", sets


def _trials(session: TrainingSession) -> Row:
    count = len(session.response)
    chosen = session.response != 0
    easy = chosen & (np.abs(session.intensity) >= 0.5)
    return {
        "trialset_description": "visual",
        "n_trials": count,
        "n_performed": count,
        "n_with_choice": int(chosen.sum()),
        "n_correct": int(session.rewarded.sum()),
        "performance_easy": float(session.rewarded[easy].mean()),
        "performance": float(session.rewarded[chosen].mean()),
        "trial_num": np.arange(count),
        "initiation_times": np.full(count, 0.5),
        "assisted": np.zeros(count, np.uint8),
        "response_values": session.response,
        "correct_values": session.rewarded.astype(np.uint8),
        "intensity_values": session.intensity,
        "reaction_times": session.reaction_s,
        "block_values": np.arange(count) // 60,
    }
