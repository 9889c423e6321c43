"""Which pulses belong together: both ends recorded, some lost, some never seen."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.pulses import match_pulses
from labdata_napari.errors import InvalidValue

JITTER = 1e-3


def irregular(count=60, seed=0):
    return np.cumsum(np.random.default_rng(seed).uniform(0.5, 2, count))


def both_ends(rises, width=0.1, first=1):
    times = np.stack([rises, rises + width], 1).ravel()
    return times, np.tile([first, 1 - first], len(rises)).astype(np.uint8)


def samples(times):
    return np.round(times * 30_000).astype(np.uint64)


def test_equally_many_are_paired_one_by_one_and_as_they_are():
    clock = irregular()
    matched = match_pulses((samples(clock), None), (clock, None))
    assert matched.sync_onsets.dtype == np.uint64
    np.testing.assert_array_equal(matched.sync_onsets, samples(clock))
    np.testing.assert_array_equal(matched.clock_onsets, clock)
    assert (matched.dropped, matched.notes) == ((), ())


@pytest.mark.parametrize("swapped", [False, True])
def test_a_line_with_both_ends_of_each_pulse_gives_its_rises(swapped):
    rises = irregular()
    lines = both_ends(2 * rises), (rises, None)
    matched = match_pulses(*(lines[::-1] if swapped else lines))
    found = matched.sync_onsets, matched.clock_onsets
    ours, theirs = found[::-1] if swapped else found
    np.testing.assert_array_equal(ours, 2 * rises)
    np.testing.assert_array_equal(theirs, rises)


def test_rises_are_where_the_state_says_so():
    rises = irregular()
    falls_first = both_ends(rises - 0.1, first=0)
    matched = match_pulses(falls_first, (rises, None))
    np.testing.assert_allclose(matched.sync_onsets, rises)
    without = match_pulses((both_ends(rises)[0], None), (rises, None))
    np.testing.assert_array_equal(without.sync_onsets, rises)


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_the_offset_says_how_far_from_twice_as_many_is_still_both_ends(offset):
    rises = irregular()
    times, states = both_ends(rises)
    cut = times[:-1], states[:-1]  # stopped before the last fall
    if offset == 0:
        with pytest.raises(InvalidValue, match="119 pulses and the clock line 60"):
            match_pulses(cut, (rises, None), allowed_offset=offset)
        return
    matched = match_pulses(cut, (rises, None), allowed_offset=offset)
    np.testing.assert_array_equal(matched.sync_onsets, rises)


def test_one_more_of_three_is_not_taken_for_both_ends():
    with pytest.raises(InvalidValue, match="4 pulses and the clock line 3"):
        match_pulses((irregular(4), None), (irregular(3), None))


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(12, 80),
    lost=st.sets(st.integers(0, 11), min_size=1, max_size=4),
    rate=st.sampled_from([1.0, 30_000.0, 1.0002]),
    sync_loses=st.booleans(),
)
def test_what_was_lost_is_found_by_the_intervals(seed, count, lost, rate, sync_loses):
    # Pulses are half a second apart or more and jitter a thousandth of it: any other
    # choice costs at least the distance to a wrong pulse.
    rng = np.random.default_rng(seed)
    true = irregular(count, seed)
    clock = true + rng.uniform(-JITTER, JITTER, count)
    sync = rate * (true + rng.uniform(-JITTER, JITTER, count)) + 7
    if sync_loses:
        sync, longer = np.delete(sync, list(lost)), "clock"
    else:
        clock, longer = np.delete(clock, list(lost)), "sync"
    matched = match_pulses((sync, None), (clock, None), force=True)
    assert matched.longer == longer
    assert matched.dropped == tuple(sorted(lost))
    assert len(matched.sync_onsets) == len(matched.clock_onsets) == count - len(lost)
    assert "dropped" in matched.notes[0]


def test_one_lost_of_regular_pulses_leaves_a_gap_that_tells():
    clock = np.arange(100.0)
    matched = match_pulses((np.delete(clock * 2, 40), None), (clock, None), force=True)
    assert matched.dropped == (40,)
    assert len(matched.notes) == 1


@pytest.mark.parametrize("missing", [0, 99])
def test_regular_pulses_do_not_tell_which_end_is_missing_and_that_is_said(missing):
    rng = np.random.default_rng(3)
    sync, clock = np.arange(100) + rng.uniform(-JITTER, JITTER, (2, 100))
    matched = match_pulses((np.delete(sync, missing), None), (clock, None), force=True)
    assert matched.dropped == (99,)
    assert any("too regular" in note for note in matched.notes)


def test_without_force_a_mismatch_is_an_error_that_says_both_numbers():
    clock = irregular()
    with pytest.raises(InvalidValue, match=r"59 pulses and the clock line 60.*force"):
        match_pulses((np.delete(clock, 7), None), (clock, None))


def test_equally_many_with_different_losses_are_noticed():
    clock = irregular()
    matched = match_pulses((np.delete(clock, 20), None), (np.delete(clock, 40), None))
    assert "lost different pulses" in matched.notes[0]


@pytest.mark.parametrize("line", [[1.0], [], [[1.0, 2.0]], ["a", "b"], None])
def test_a_line_without_events_is_told(line):
    with pytest.raises(InvalidValue, match="no two events"):
        match_pulses((line, None), ([1.0, 2.0], None))


def test_pulses_out_of_order_are_told_before_they_are_matched():
    with pytest.raises(InvalidValue, match="clock pulses are not in order: number 2"):
        match_pulses(([0, 1, 2, 3], None), ([0, 5, 5], None), force=True)


def test_lines_that_have_nothing_in_common_are_refused_before_work_without_end():
    with pytest.raises(InvalidValue, match="differ too much"):
        match_pulses((np.arange(9_000.0), None), (np.arange(99.0), None), force=True)


def test_a_long_recording_is_matched_in_time():
    clock = irregular(100_000)
    begun = time.perf_counter()
    lost = (5, 7, 50_000)
    matched = match_pulses((np.delete(clock, lost), None), (clock, None), force=True)
    assert matched.dropped == lost
    assert time.perf_counter() - begun < 5
