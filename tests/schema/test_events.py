"""Events on one clock, through the tables, as scripts written for labdata use them."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest

from labdata_napari.errors import InvalidValue, NotFound
from labs import KEY, add_dataset, postgresql

CLOCK = np.array([1.0, 2.0, 3.5, 5.0, 7.0, 9.0, 10.5, 12.0])
LICKS = np.array([12.0, 13.0, 20.0, 44.0])
LINE = ("stream_name", "event_name")
BOTH = {"clock_stream": "nidq", "clock_stream_event": "sync"}


def both_ends(rises: Any, width: float) -> tuple[Any, Any]:
    times = np.stack([rises, rises + width], 1).ravel()
    return times, np.tile(np.array([1, 0], np.uint8), len(rises))


def add_lines(lab: Any, dataset: str, stream: str, **lines: Any) -> dict[str, str]:
    key = add_dataset(lab, dataset_name=dataset) | {"stream_name": stream}
    lab.DatasetEvents.insert1(key, allow_direct_insert=True, skip_duplicates=True)
    lab.DatasetEvents.Digital.insert(
        [
            key | {"event_name": n, "event_timestamps": times, "event_values": states}
            for n, (times, states) in lines.items()
        ],
        allow_direct_insert=True,
    )
    return key


def tie(lab: Any, key: dict[str, str], clock: dict[str, str]) -> None:
    named = {"event_name": "sync", "clock_dataset": clock["dataset_name"]}
    lab.StreamSync.insert1(key | named | BOTH)


@pytest.fixture
def session(lab: Any) -> Any:
    """A task at twice the clock's speed and 10 s off, a camera tied to nothing."""
    clock = add_lines(
        lab,
        "ephys",
        "nidq",
        sync=both_ends(CLOCK, 0.1),
        reward=(np.array([1.5, 3.0]), np.array([1, 0])),
    )
    task = add_lines(
        lab,
        "task",
        "bpod",
        sync=both_ends(2 * CLOCK + 10, 0.2),
        lick=(LICKS, np.array([1, 0, 1, 0])),
        nothing=(None, None),
    )
    add_lines(lab, "task", "camera", frame=(np.array([1.0, 2.0]), None))
    tie(lab, task, clock)
    return lab


def test_events_come_on_the_clock_of_their_session(session: Any):
    with pytest.warns(UserWarning, match="events of M1.*task/camera .* left out"):
        rows = session.DatasetEvents.Digital().fetch_synced()
    named = [tuple(row[c] for c in LINE) for row in rows]
    # as labdata: tied streams first, then the clock's; none without times
    tied = [("bpod", "lick"), ("bpod", "sync")]
    assert named == [*tied, ("nidq", "reward"), ("nidq", "sync")]
    lick, sync, reward, clock = (row["event_timestamps"] for row in rows)
    np.testing.assert_allclose(lick, (LICKS - 10) / 2, atol=1e-12)
    np.testing.assert_allclose(sync, both_ends(CLOCK, 0.1)[0], atol=1e-12)
    np.testing.assert_array_equal(reward, [1.5, 3.0])
    np.testing.assert_array_equal(clock, both_ends(CLOCK, 0.1)[0])
    np.testing.assert_array_equal(rows[0]["event_values"], [1, 0, 1, 0])
    assert {*rows[0]} == {*session.DatasetEvents.Digital.heading.names}


def test_a_restriction_selects_which_events(session: Any):
    licks = session.DatasetEvents.Digital & {"event_name": "lick"}
    [row] = licks.fetch_synced(method="piecewise-linear")
    np.testing.assert_allclose(row["event_timestamps"], (LICKS - 10) / 2, atol=1e-12)
    frames = session.DatasetEvents.Digital & {"stream_name": "camera"}
    with pytest.warns(UserWarning, match="camera .* returned as recorded"):
        [row] = frames.fetch_synced()
    np.testing.assert_array_equal(row["event_timestamps"], [1.0, 2.0])
    with warnings.catch_warnings(action="error"):
        rows = (session.DatasetEvents.Digital & {"stream_name": "nidq"}).fetch_synced()
        none = (session.DatasetEvents.Digital & {"stream_name": "no"}).fetch_synced()
    assert [len(rows), len(none)] == [2, 0]


@postgresql
def test_a_clock_that_follows_another_brings_its_streams_along(session: Any):
    rig = {"clock_stream": "rig", "clock_stream_event": "sync"}
    master = add_lines(session, "rig", "rig", sync=both_ends(3 * CLOCK - 1, 0.3))
    nidq = KEY | {"dataset_name": "ephys", "stream_name": "nidq"}
    follow = nidq | {"event_name": "sync", "clock_dataset": "rig"} | rig
    session.StreamSync.insert1(follow)
    table = session.DatasetEvents.Digital
    rows = (
        table & [{"stream_name": n} for n in ("bpod", "nidq", "rig")]
    ).fetch_synced()
    times = {(r["stream_name"], r["event_name"]): r["event_timestamps"] for r in rows}
    assert list(times)[-1] == ("rig", "sync")
    expected = 3 * (LICKS - 10) / 2 - 1
    np.testing.assert_allclose(times["bpod", "lick"], expected, atol=1e-9)
    np.testing.assert_allclose(times["nidq", "reward"], [3.5, 8], atol=1e-9)
    # a selected row maps to its own clock, as in labdata
    sync = session.StreamSync & {"stream_name": "bpod"}
    assert sync.clock_stream() == "nidq"
    np.testing.assert_allclose(sync.apply(LICKS), (LICKS - 10) / 2, atol=1e-12)

    round_again = {"event_name": "sync", "clock_dataset": "task", **BOTH}
    session.StreamSync.insert1(master | round_again | {"clock_stream": "bpod"})
    with pytest.raises(InvalidValue, match=r"in a circle, .*bpod → .*nidq → "):
        (table & {"event_name": "lick"}).fetch_synced()


@postgresql
def test_values_are_brought_to_the_clock(session: Any):
    sync = session.StreamSync & {"stream_name": "bpod"}
    assert sync.clock_stream() == "nidq"
    np.testing.assert_allclose(sync.apply(LICKS), (LICKS - 10) / 2, atol=1e-12)
    function = sync.apply(None)
    np.testing.assert_allclose(function([12, 44]), [1, 17], atol=1e-12)
    ours, theirs = sync.get_interp_data()
    np.testing.assert_array_equal(ours, both_ends(2 * CLOCK + 10, 0.2)[0])
    np.testing.assert_array_equal(theirs, both_ends(CLOCK, 0.1)[0])
    given = sync.apply([15.0], sync_onsets=[10, 20], clock_onsets=[0, 1])
    np.testing.assert_array_equal(given, [0.5])
    # one of them given, the other from the database
    half = sync.apply([12.0], sync_onsets=both_ends(2 * CLOCK + 11, 0.2)[0])
    np.testing.assert_allclose(half, [0.5], atol=1e-12)


@postgresql
def test_mismatched_pulses_are_an_error_or_dropped_with_a_word(lab: Any):
    clock = add_lines(lab, "ephys", "nidq", sync=(CLOCK, None))
    seen = np.delete(2 * CLOCK + 10, 3)
    tie(lab, add_lines(lab, "task", "bpod", sync=(seen, None)), clock)
    sync = lab.StreamSync()
    with pytest.raises(InvalidValue, match=r"^M1/.*/bpod/sync by ephys/nidq/sync: The"):
        sync.apply(None)
    with pytest.warns(UserWarning, match="1 pulse of the clock line .*number 3 from"):
        ours, theirs = sync.get_interp_data(force=True)
    np.testing.assert_array_equal(ours, seen)
    np.testing.assert_array_equal(theirs, np.delete(CLOCK, 3))
    with warnings.catch_warnings(action="error"):
        mapped = sync.apply(seen, force=True, warn=False)
    np.testing.assert_allclose(mapped, theirs, atol=1e-12)


@postgresql
def test_a_line_of_rises_goes_with_one_of_both_ends(lab: Any):
    clock = add_lines(lab, "ephys", "nidq", sync=both_ends(CLOCK, 0.1))
    tie(lab, add_lines(lab, "task", "bpod", sync=(2 * CLOCK, None)), clock)
    ours, theirs = lab.StreamSync().get_interp_data()
    np.testing.assert_array_equal(ours, 2 * CLOCK)
    np.testing.assert_array_equal(theirs, CLOCK)


@postgresql
def test_what_cannot_be_synchronised_is_one_sentence(session: Any):
    with pytest.raises(NotFound, match="No row of StreamSync matches"):
        (session.StreamSync & {"stream_name": "camera"}).apply(None)
    assert list((session.StreamSync & {"stream_name": "no"}).clock_stream()) == []
    with pytest.raises(InvalidValue, match="no method 'linear'"):
        session.DatasetEvents.Digital().fetch_synced(method="linear")
    camera = add_lines(session, "video", "camera", sync=(None, None))
    tie(session, camera, {"dataset_name": "ephys"})
    with pytest.raises(InvalidValue, match="2 rows of StreamSync match"):
        session.StreamSync().apply(None)
    with pytest.raises(NotFound, match="camera/sync that StreamSync names has no"):
        (session.StreamSync & {"stream_name": "camera"}).apply(None)


@postgresql
def test_events_are_drawn_a_row_each(session: Any):
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    figure, axes = pyplot.subplots()
    lines = session.DatasetEvents.Digital & "stream_name <> 'camera'"
    assert lines.plot_synced("rg", overlay_original=True, lw=2) is axes
    rows = [text.get_text() for text in axes.get_yticklabels()]
    assert rows == ["bpod_lick", "bpod_sync", "nidq_reward", "nidq_sync"]
    drawn = axes.collections
    assert len(drawn) == 8
    licks = [segment[0][0] for segment in drawn[0].get_segments()]
    np.testing.assert_allclose(licks, (LICKS - 10) / 2, atol=1e-12)
    assert [tuple(drawn[i].get_color()[0][:3]) for i in (0, 2)] == [
        (1, 0, 0),
        (0, 0.5, 0),
    ]
    recorded = [segment[0][0] for segment in drawn[4].get_segments()]
    np.testing.assert_allclose(recorded, LICKS)
    pyplot.close(figure)


@postgresql
def test_without_matplotlib_it_is_said_how_to_get_it(session: Any, monkeypatch: Any):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(NotFound, match=r"labdata-napari\[plots\]"):
        session.DatasetEvents.Digital().plot_synced()
