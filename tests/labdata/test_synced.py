"""Events of one session on one clock: labdata and we put them at the same times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from labs import add_dataset

if TYPE_CHECKING:
    from peers import Labdata

pytestmark = pytest.mark.mysql


def add_stream(lab: Any, dataset: str, stream: str, **lines: Any) -> dict[str, Any]:
    key = add_dataset(lab, dataset_name=dataset) | {"stream_name": stream}
    lab.DatasetEvents.insert1(key, allow_direct_insert=True)
    lab.DatasetEvents.Digital.insert(
        [
            key | {"event_name": n, "event_timestamps": times, "event_values": states}
            for n, (times, states) in lines.items()
        ],
        allow_direct_insert=True,
    )
    return key


@pytest.mark.parametrize("both_ends", [False, True])
@pytest.mark.parametrize("method", ["cubic-spline", "piecewise-linear"])
def test_events_come_at_the_times_that_labdata_gives(
    lab: Any, labdata: Labdata, method: str, both_ends: bool
) -> None:
    rng = np.random.default_rng(5)
    true = np.cumsum(rng.uniform(0.5, 2, 200))
    clock = true + 0.01 * np.sin(true / 7) + rng.normal(0, 1e-4, 200)
    sync = true * 1.0001 + 10
    pulses = (sync, None)
    if both_ends:
        edges = np.stack([sync, sync + 0.1], 1).ravel()
        pulses = edges, np.tile(np.array([1, 0], np.uint8), 200)
    # between the pulses: outside of them ours go on at the mean rate
    licks = np.sort(rng.uniform(sync[0], sync[-1], 500))
    add_stream(lab, "ephys", "nidq", sync=(clock, None))
    bpod = add_stream(lab, "task", "bpod", sync=pulses, lick=(licks, None))
    tie = {"clock_dataset": "ephys", "clock_stream": "nidq"}
    lab.StreamSync.insert1(
        bpod | tie | {"event_name": "sync", "clock_stream_event": "sync"}
    )
    lick = {"stream_name": "bpod", "event_name": "lick"}
    [ours] = (lab.DatasetEvents.Digital & lick).fetch_synced(method=method)
    [theirs] = labdata.synced(method, **lick)
    off = ours["event_timestamps"] - theirs["event_timestamps"]
    assert np.abs(off).max() < 1e-10
    assert {*ours} == {*theirs}
    everything = lab.DatasetEvents.Digital().fetch_synced(method=method)
    named = [(row["stream_name"], row["event_name"]) for row in everything]
    also = labdata.synced(method)
    assert named == [(row["stream_name"], row["event_name"]) for row in also]
