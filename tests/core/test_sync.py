"""Clocks whose true relation is known: constant rates, drift, and jitter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labdata_napari.core.sync import METHODS, ClockMap
from labdata_napari.errors import InvalidValue

every_method = pytest.mark.parametrize("method", METHODS)
RATE, OFFSET = 1 / 30_000, 12.5  # samples at 30 kHz against s


def drifting(times, swing=0.01, period=60.0):
    """A clock whose rate swings by a tenth of a percent, as no real one does."""
    return times + swing * np.sin(2 * np.pi * times / period)


def speeds(swing=0.01, period=60.0):
    """Largest 2nd and 4th derivative of `drifting`."""
    w = 2 * np.pi / period
    return swing * w**2, swing * w**4


@every_method
@given(
    rate=st.floats(1e-6, 1e6),
    offset=st.floats(-1e6, 1e6),
    gaps=st.lists(st.floats(0.01, 100), min_size=1, max_size=40),
    where=st.floats(-3, 4),
)
def test_constant_rates_are_mapped_exactly_inside_and_outside(
    method, rate, offset, gaps, where
):
    sync = np.cumsum([0.0, *gaps])
    clock = offset + rate * sync
    at = where * sync[-1]
    # a few roundings of the largest number involved
    scale = np.abs(clock).max() + abs(offset + rate * at)
    if not (np.diff(clock) > 0).all():
        return  # the offset swallows the intervals: not a clock any more
    mapped = ClockMap(sync, clock, method)(at)
    rounding = 32 * np.finfo(float).eps * scale * max(1, sync[-1] / min(gaps))
    assert mapped == pytest.approx(offset + rate * at, abs=rounding)


@every_method
def test_pulses_are_mapped_to_where_the_clock_saw_them(method):
    rng = np.random.default_rng(1)
    sync = np.cumsum(rng.uniform(0.5, 2, 500))
    clock = drifting(sync) + rng.uniform(-1e-3, 1e-3, 500)
    mapped = ClockMap(sync / RATE, clock, method)(sync / RATE)
    np.testing.assert_allclose(mapped, clock, rtol=0, atol=1e-11)


def test_drift_is_followed_as_well_as_the_methods_can():
    sync = np.arange(0, 600, 1.0)
    at = np.linspace(20, 580, 20_011)  # a spline's ends reach some pulses in
    second, fourth = speeds()
    linear = ClockMap(sync, drifting(sync), "piecewise-linear")(at) - drifting(at)
    cubic = ClockMap(sync, drifting(sync), "cubic-spline")(at) - drifting(at)
    # h²/8 |f''| of linear, 5/384 h⁴ |f⁗| of spline interpolation, h = 1 s
    assert np.abs(linear).max() <= second / 8
    assert np.abs(linear).max() > second / 8 * 0.9  # the bound is met, so it tests
    assert np.abs(cubic).max() <= fourth * 5 / 384
    assert np.abs(cubic).max() < np.abs(linear).max() / 1000


@pytest.mark.parametrize(
    ("method", "gain"), [("piecewise-linear", 1.0), (METHODS[0], 2)]
)
def test_jitter_of_pulses_is_not_enlarged(method, gain):
    # Linear interpolation stays between its pulses. A cubic spline through equally
    # spaced ones multiplies their errors by 1.55 at most, and by 2 near its ends.
    rng = np.random.default_rng(2)
    sync = np.arange(0, 300, 1.0)
    jitter = 1e-3
    clock = sync + rng.uniform(-jitter, jitter, len(sync))
    at = np.linspace(0, 299, 30_001)
    error = np.abs(ClockMap(sync, clock, method)(at) - at)
    assert error.max() <= gain * jitter + 1e-12


@every_method
def test_time_goes_on_at_the_mean_rate_outside_the_pulses(method):
    sync = np.arange(0, 100, 1.0)
    clock = drifting(sync)
    rate = (clock[-1] - clock[0]) / (sync[-1] - sync[0])
    mapped = ClockMap(sync, clock, method)(np.array([-10.0, sync[-1] + 7]))
    expected = clock[0] - 10 * rate, clock[-1] + 7 * rate
    np.testing.assert_allclose(mapped, expected, rtol=0, atol=1e-12)


@every_method
@given(
    sync=st.lists(st.floats(0.001, 100), min_size=1, max_size=30),
    seed=st.integers(0, 2**32 - 1),
)
def test_time_never_runs_backwards(method, sync, seed):
    # intervals on the clock have nothing to do with ours: the worst of pulses
    rng = np.random.default_rng(seed)
    ours = np.cumsum([0.0, *sync])
    clock = np.cumsum(10 ** rng.uniform(-4, 2, len(ours)))
    at = np.sort(rng.uniform(-10, ours[-1] + 10, 2000))
    steps = np.diff(ClockMap(ours, clock, method)(at))
    assert steps.min() >= -1e-12 * (clock[-1] - clock[0])


def test_a_spline_that_would_swing_back_is_kept_from_it_only_where_it_would():
    sync = np.arange(0, 60, 1.0)
    clock = sync.copy()
    clock[30:] += 20  # somebody paused one of the two recordings
    mapped = ClockMap(sync, clock)
    near, far = np.linspace(25, 35, 2001), np.linspace(40, 58, 2001)
    assert (np.diff(mapped(near)) >= 0).all()
    from scipy.interpolate import CubicSpline

    np.testing.assert_allclose(mapped(far), CubicSpline(sync, clock)(far), atol=1e-9)


@every_method
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_the_shape_of_the_times_is_kept(method, shape):
    mapped = ClockMap([0, 10, 20], [0, 1, 2], method)(np.full(shape, 15, np.uint64))
    assert mapped.shape == shape
    assert mapped.dtype == np.float64
    assert (mapped == 1.5).all()


@pytest.mark.parametrize(
    ("sync", "clock", "method", "said"),
    [
        ([1.0], [1.0], "cubic-spline", "two pulses or more, and there are 1"),
        ([[1.0, 2.0]], [1.0, 2.0], "cubic-spline", "none in a row"),
        ([0, 2, 1], [0, 1, 2], "cubic-spline", "number 2 is at 1"),
        ([0, 1, 2], [0, 1, 1], "cubic-spline", "clock pulses are not in order"),
        ([0, np.nan, 2], [0, 1, 2], "cubic-spline", "number 1 is at nan"),
        ([0, 1, 2], [0, 1], "cubic-spline", "3 sync pulses and 2 clock pulses"),
        ([0, 1, 2], [0, 1, 2], "linear", "'cubic-spline' or 'piecewise-linear'"),
    ],
)
def test_what_cannot_tie_two_clocks_is_one_sentence(sync, clock, method, said):
    with pytest.raises(InvalidValue, match=said):
        ClockMap(sync, clock, method)


def test_what_is_not_a_time_is_told():
    with pytest.raises(InvalidValue, match="not times"):
        ClockMap([0, 1], [0, 1])(["a"])
