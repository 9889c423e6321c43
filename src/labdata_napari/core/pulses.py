"""Which pulses of two recordings are the same ones, when one has more than the other.

A line of events records a pulse when it rises, and most devices also when it falls.
Recordings start and stop at different times, and pulses get lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.sync import in_order
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

_MOST_WORK = 200_000_000
"""Comparisons of intervals that are made to find what to drop: some seconds."""

_ROUNDS = 5
_DOUBTFUL = 0.1
_WRONG = 0.25


@dataclass(frozen=True, eq=False)
class MatchedPulses:
    """The pulses that two lines have in common.

    Attributes
    ----------
    sync_onsets, clock_onsets
        (n,) times of the same pulses on either clock.
    dropped
        Which of the longer line's onsets were left out, counted from 0.
    longer
        ``"sync"`` or ``"clock"``: the line they were dropped from; empty when none.
    notes
        Sentences on what a person should know about the match.
    """

    sync_onsets: Array
    clock_onsets: Array
    dropped: tuple[int, ...] = ()
    longer: str = ""
    notes: tuple[str, ...] = field(default=())


def match_pulses(
    sync: tuple[ArrayLike, ArrayLike | None],
    clock: tuple[ArrayLike, ArrayLike | None],
    allowed_offset: int = 2,
    force: bool = False,
) -> MatchedPulses:
    """Pair the pulses of two lines.

    Equally many events are paired one by one. A line with about twice as many events
    as the other holds the end of each pulse too: those are left out. If the numbers
    still differ, `force` drops from the longer line what fits worst.

    Parameters
    ----------
    sync, clock
        Of either line (n,) times of its events, and (n,) states of the line from
        each event on, or None.
    allowed_offset
        How many events a line may have more or less than twice the other's and still
        be taken for one that holds both ends of each pulse.
    force
        Drop events of the longer line, so that the intervals between the others agree
        best with those of the shorter one.

    Returns
    -------
    MatchedPulses
        Its times as they were given.

    Raises
    ------
    InvalidValue
        When the numbers differ and `force` is not given, or too much even for that.
    """
    ours, theirs = _one_edge(sync, clock, allowed_offset)
    excess = len(ours) - len(theirs)
    if not excess:
        return MatchedPulses(ours, theirs, notes=_disagreement(ours, theirs))
    if not force:
        raise InvalidValue(
            f"The sync line has {len(ours)} pulses and the clock line "
            f"{len(theirs)}, so which belong together is not known; look at both, or "
            "give force=True to drop those of the longer one that fit worst."
        )
    longer = "sync" if excess > 0 else "clock"
    shorts, longs = (theirs, ours) if excess > 0 else (ours, theirs)
    shorter = "clock" if excess > 0 else "sync"
    fit = _best_fit(in_order(shorts, shorter), in_order(longs, longer))
    dropped = tuple(map(int, np.setdiff1d(np.arange(len(longs)), fit.kept)))
    longs = longs[fit.kept]
    ours, theirs = (longs, shorts) if excess > 0 else (shorts, longs)
    notes = [_what_was_dropped(longer, dropped)]
    if fit.doubtful:
        notes.append(
            "The pulses are too regular to tell from their intervals whether it is the "
            "first or the last ones that are missing; the last were dropped."
        )
    return MatchedPulses(
        ours, theirs, dropped, longer, (*notes, *_disagreement(ours, theirs))
    )


def rising(times: ArrayLike, states: ArrayLike | None) -> Array:
    """Return the times at which a line with both ends of each pulse rises.

    Without states every other event is taken, from the first on.
    """
    events = np.asarray(times)
    if states is None or np.shape(states) != events.shape:
        return events[::2]
    return events[np.asarray(states) > 0]


def _one_edge(
    sync: tuple[ArrayLike, ArrayLike | None],
    clock: tuple[ArrayLike, ArrayLike | None],
    allowed_offset: int,
) -> tuple[Array, Array]:
    ours, theirs = _events(sync[0], "sync"), _events(clock[0], "clock")
    few, many = sorted((len(ours), len(theirs)))
    # and nearer to twice as many than to equally many
    both_ends = abs(many - 2 * few) <= min(allowed_offset, many - few - 1)
    if both_ends and len(ours) > len(theirs):
        ours = rising(ours, sync[1])
    elif both_ends:
        theirs = rising(theirs, clock[1])
    return ours, theirs


def _events(times: ArrayLike, name: str) -> Array:
    events = np.asarray(times)
    if events.ndim != 1 or events.dtype.kind not in "iuf" or len(events) < 2:
        raise InvalidValue(
            f"The {name} line has no two events to tie clocks with; check the line "
            "that StreamSync names."
        )
    return events


@dataclass(frozen=True, eq=False)
class _Fit:
    """What of the longer line to keep, and how far its intervals are off in all.

    `doubtful` when keeping others would do as well.
    """

    kept: NDArray[np.intp]
    cost: float
    doubtful: bool


def _best_fit(shorts: Array, longs: Array) -> _Fit:
    spare = len(longs) - len(shorts) + 1
    if spare**2 * len(shorts) > _MOST_WORK:
        raise InvalidValue(
            f"The lines have {len(shorts)} and {len(longs)} pulses, which differ too "
            "much to tell which belong together; check that they saw the same ones."
        )
    # clocks may count in different units; the usual interval of many pulses tells
    rates = [float(np.median(np.diff(longs)) / np.median(np.diff(shorts)))]
    if spare**4 * (len(shorts) + 500) < _MOST_WORK:
        # that of few may mislead; the shorter's first and last are some of the longer's
        first, dropped = np.triu_indices(spare)
        spans = longs[len(shorts) - 1 + dropped] - longs[first]
        rates += list(spans / (shorts[-1] - shorts[0]))
    fits = (_refined(shorts, longs, rate) for rate in rates)
    return min(fits, key=lambda fit: fit.cost)


def _refined(shorts: Array, longs: Array, rate: float) -> _Fit:
    fit = _align(shorts * rate, longs)
    for _ in range(_ROUNDS):
        rate = np.polyfit(shorts - shorts[0], longs[fit.kept] - longs[fit.kept[0]], 1)[
            0
        ]
        before, fit = fit, _align(shorts * rate, longs)
        if np.array_equal(fit.kept, before.kept):
            break
    return fit


def _align(shorts: Array, longs: Array) -> _Fit:
    """Keep as many of the longer's as the shorter has, by dynamic programming.

    State: how many were dropped before the pulse at hand. Going on to the next pulse
    costs the difference between the intervals. Solved a state at a time, for all
    pulses at once, as pulses are many and drops few.
    """
    count, spare = len(shorts), len(longs) - len(shorts) + 1
    wanted = np.diff(shorts)
    best = np.empty((spare, count))
    since = np.empty((spare, count), np.intp)  # the pulse this state began with
    came_from = np.zeros((spare, count), np.intp)
    pulses = np.arange(count)
    for drops in range(spare):
        here = longs[drops : drops + count]
        stay = np.append(0.0, np.cumsum(np.abs(np.diff(here) - wanted)))
        enter = np.append(0.0, np.full(count - 1, np.inf))
        for fewer in range(drops):
            there = longs[fewer : fewer + count - 1]
            via = best[fewer, :-1] + np.abs(here[1:] - there - wanted)
            better = via < enter[1:]
            enter[1:][better] = via[better]
            came_from[drops, 1:][better] = fewer
        gain = enter - stay
        lowest = np.minimum.accumulate(gain)
        fresh = np.append(True, lowest[1:] < lowest[:-1])
        best[drops] = stay + lowest
        since[drops] = np.maximum.accumulate(np.where(fresh, pulses, 0))
    cost = best[:, -1]
    # what jitter alone costs tells nothing, nor does a part of one interval
    enough = 2 * cost.min() + _DOUBTFUL * float(np.median(wanted))
    good = np.flatnonzero(cost <= enough)
    kept = _way_back(int(good[0]), since, came_from)
    return _Fit(kept, float(cost.min()), len(good) > 1)


def _way_back(
    drops: int, since: NDArray[np.intp], came_from: NDArray[np.intp]
) -> NDArray[np.intp]:
    count = since.shape[1]
    kept = np.empty(count, np.intp)
    last = count - 1
    while last >= 0:
        first = int(since[drops, last])
        kept[first : last + 1] = np.arange(first, last + 1) + drops
        drops, last = int(came_from[drops, first]), first - 1
    return kept


def _what_was_dropped(longer: str, dropped: tuple[int, ...]) -> str:
    named = ", ".join(map(str, dropped[:10])) + (", …" if len(dropped) > 10 else "")
    number = f"{len(dropped)} pulse{'' if len(dropped) == 1 else 's'}"
    return (
        f"{number} of the {longer} line had no counterpart and "
        f"{'was' if len(dropped) == 1 else 'were'} dropped (number {named} from 0)."
    )


def _disagreement(ours: Array, theirs: Array) -> tuple[str, ...]:
    """Say where the intervals of paired pulses differ so much that a pair is wrong."""
    if len(ours) < 3:
        return ()
    sync, clock = np.diff(ours.astype(float)), np.diff(theirs.astype(float))
    usual = np.median(clock)
    if not np.median(sync) > 0 or not usual > 0:
        return ()
    off = np.abs(sync * (usual / np.median(sync)) - clock)
    worst = int(np.argmax(off))
    if off[worst] <= _WRONG * usual:
        return ()
    return (
        f"The intervals after pulse {worst} disagree by {off[worst]:g} on the clock, "
        "so the two lines may have lost different pulses; look at them with "
        "plot_synced.",
    )
