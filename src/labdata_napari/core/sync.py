"""From the time of one clock to the time of another, by pulses that both recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.interpolate import PPoly

METHODS = ("cubic-spline", "piecewise-linear")
"""How to go from pulse to pulse."""


class ClockMap:
    """Maps times of one clock (*sync*) to times of another (*clock*).

    Each pulse is mapped to exactly where the other clock saw it, and between pulses
    time never runs backwards. Before the first pulse and after the last it goes on at
    the mean rate of all pulses. Two clocks with a constant rate are mapped exactly.

    Parameters
    ----------
    sync_onsets, clock_onsets
        (n,) when each of the same n ≥ 2 pulses came, on either clock, in order; s, or
        samples.
    method
        ``"cubic-spline"`` follows a rate that drifts smoothly: with pulses h apart
        the error is of the order of h⁴. ``"piecewise-linear"`` takes the rate for
        constant from pulse to pulse (h²), and passes jitter of the pulses on without
        enlarging it.

    Raises
    ------
    InvalidValue
        When there are fewer than two pulses, not equally many, or they are out of
        order; or when there is no such method.

    Notes
    -----
    A cubic spline through badly timed pulses can swing back. Where it would, the
    stretch between those two pulses is a monotone cubic (PCHIP) instead.

    Examples
    --------
    >>> ClockMap([10.0, 20.0, 30.0], [0.0, 1.0, 2.0])([15.0, 40.0])
    array([0.5, 3. ])
    """

    def __init__(
        self,
        sync_onsets: ArrayLike,
        clock_onsets: ArrayLike,
        method: str = "cubic-spline",
    ) -> None:
        require_method(method)
        sync = in_order(sync_onsets, "sync")
        clock = in_order(clock_onsets, "clock")
        if len(sync) != len(clock):
            raise InvalidValue(
                f"There are {len(sync)} sync pulses and {len(clock)} clock pulses, and "
                "each needs its counterpart; give the same number of both."
            )
        self.method = method
        self._sync = sync
        self._clock = clock
        # around zero and in units of the whole, whatever the clocks count
        self._span = sync[-1] - sync[0]
        self._rate = (clock[-1] - clock[0]) / self._span
        # A line is taken off first, so that equal clocks give zeros, not roundings.
        self._rest = self._between() if len(sync) > 2 else None

    def __call__(self, values: ArrayLike) -> NDArray[np.float64]:
        """Map times.

        Parameters
        ----------
        values
            Times on the sync clock, of any shape.

        Returns
        -------
        ndarray
            The same shape; times on the clock.

        Raises
        ------
        InvalidValue
            When they are not numbers.
        """
        try:
            times = np.asarray(values, np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidValue(
                "Only numbers can be mapped from clock to clock, and what was given "
                "are not times."
            ) from error
        elapsed = times - self._sync[0]
        mapped = self._clock[0] + elapsed * self._rate
        if self._rest is not None:
            position = elapsed / self._span
            inside = (position >= 0) & (position <= 1)
            mapped = mapped + np.where(inside, self._rest(np.clip(position, 0, 1)), 0)
        return np.asarray(mapped)

    def __repr__(self) -> str:
        return f"ClockMap({len(self._sync)} pulses, {self.method!r})"

    def _between(self) -> PPoly:
        """Return what pulses add to the straight line, by position from 0 to 1."""
        # half a second of everybody's connecting, for what few ask for
        from scipy.interpolate import CubicSpline, PchipInterpolator, PPoly

        position = (self._sync - self._sync[0]) / self._span
        line = (self._sync - self._sync[0]) * self._rate
        rest = (self._clock - self._clock[0]) - line
        rest[0] = rest[-1] = 0.0
        if self.method == "piecewise-linear":
            slope = np.diff(rest) / np.diff(position)
            return PPoly(np.stack([slope, rest[:-1]]), position)
        spline = CubicSpline(position, rest)
        whole = self._rate * self._span
        backwards = _lowest_slopes(spline.c, np.diff(position)) + whole <= 0
        if not backwards.any():
            return PPoly(spline.c, position)
        monotone = PchipInterpolator(position, rest + whole * position)
        instead = monotone.c.copy()
        instead[2] -= whole
        instead[3] = rest[:-1]
        return PPoly(np.where(backwards, instead, spline.c), position)


def require_method(method: str) -> None:
    """Raise `InvalidValue` unless `method` is one of `METHODS`."""
    if method not in METHODS:
        raise InvalidValue(
            f"There is no method '{method}' to go from pulse to pulse; use "
            f"{' or '.join(repr(known) for known in METHODS)}."
        )


def in_order(onsets: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return the times of two pulses or more; refuse any that are not in order."""
    times = np.asarray(onsets)
    if times.ndim != 1 or len(times) < 2:
        raise InvalidValue(
            f"The {name} pulses cannot tie two clocks: it takes two pulses or more, "
            f"and there are {times.size if times.ndim == 1 else 'none in a row'}."
        )
    times = times.astype(np.float64)
    wrong = ~np.isfinite(times)
    wrong[1:] |= ~(np.diff(times) > 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise InvalidValue(
            f"The {name} pulses are not in order: number {first} is at "
            f"{times[first]:g}, which is not after the one before; correct the events "
            "or leave that pulse out."
        )
    return times


def _lowest_slopes(
    coefficients: NDArray[np.float64], widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least slope of each cubic within its interval: at an end or at its vertex."""
    a, b, c, _ = coefficients
    ends = np.minimum(c, 3 * a * widths**2 + 2 * b * widths + c)
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = -b / (3 * a)
        lowest = c - b**2 / (3 * a)
    within = (a > 0) & (vertex > 0) & (vertex < widths)
    return np.asarray(np.where(within, np.minimum(lowest, ends), ends))
