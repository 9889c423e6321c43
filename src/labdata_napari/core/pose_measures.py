"""How unusual places of body parts are, in time and together.

All take ``(bodyparts, 2, frames)`` float32 pixels, NaN where nothing was seen, and give
``(bodyparts, frames)`` float32: frames come last, as a video has many of them and each
step goes through all of one body part.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Xy = NDArray[np.float32]

_NORMAL = 1.4826
"""Standard deviation of normal noise whose MAD is 1 (Rousseeuw and Croux 1993)."""

_LEAST_PX = 0.25
"""What a MAD is at least: a part that never moves must not make a problem of noise."""

_FARTHEST = 4.0
"""MADs beyond which a coordinate says nothing about the shapes that are usual."""

_SAMPLED = 20_000
"""Frames from which a usual deviation is told; more do not change it."""

_BONES_PER_PART = 2

_ODD = 2.0
"""MADs from which a bone is looked at at all; most are as usual in most frames."""


def spikes(xy: Xy) -> tuple[Floats, Floats]:
    """Measure how far each place is from the median of five frames around it.

    A body part that jumps away and comes back is far from it, one that moves fast in
    one direction is not. Beside a jump the median is off by one step of the movement,
    so much is left out of account.

    Returns
    -------
    scores, distances
        In MADs of this body part; pixels.
    """
    off = xy - _median_of_five(xy)
    away = np.hypot(off[:, 0], off[:, 1])
    usual = _usual(away)
    step = np.diff(xy, axis=2, prepend=xy[..., :1])
    moved = _median_of_five(np.hypot(step[:, 0], step[:, 1]))
    return np.maximum(away - moved, 0) / usual, away


def autoregressive_residuals(xy: Xy) -> tuple[Floats, Floats]:
    """Measure how far each place is from where the four before it lead.

    A linear model of the three steps before, AR(3), is fitted to the steps of each
    coordinate by least squares.

    Returns
    -------
    scores, distances
        In MADs of this body part; pixels. NaN in the first frames.
    """
    away = np.full(xy[:, 0].shape, np.nan, np.float32)
    if xy.shape[2] < 12:
        return away, away
    for part, (x, y) in enumerate(xy):
        away[part, 4:] = np.hypot(_ar_residual(np.diff(x)), _ar_residual(np.diff(y)))
    return away / _usual(away), away


def group_residuals(xy: Xy, kept: float = 0.95) -> tuple[Floats, Floats]:
    """Measure how far each place is from the shapes that the body usually has.

    The body parts of a frame, relative to their mean and turned alike, are compared
    with what the first principal components of all frames make of them.

    Parameters
    ----------
    xy
        Places.
    kept
        Share of the variance that these components explain; they are half as many as
        body parts at most, or errors would be among what is usual.

    Returns
    -------
    scores, distances
        In MADs of this body part; pixels. NaN in frames where a body part lacks.
    """
    away = np.full(xy[:, 0].shape, np.nan, np.float32)
    whole = ~np.isnan(xy).any(axis=(0, 1))
    if len(xy) < 3 or whole.sum() < 4 * len(xy):
        return away, away
    shapes = _turned_alike(xy if whole.all() else xy[..., whole])
    sample = shapes[:, _some(shapes.shape[1])]
    centre = np.median(sample, axis=1, keepdims=True)
    # errors are what is looked for: they must not become components
    deviation = sample - centre
    limit = _FARTHEST * np.median(np.abs(deviation), axis=1, keepdims=True)
    values, axes = np.linalg.eigh(np.cov(np.clip(deviation, -limit, limit)))
    share = np.cumsum(values[::-1]) / max(values.sum(), 1e-12)
    count = min(int(np.searchsorted(share, kept)) + 1, len(xy) // 2)
    axes = axes[:, ::-1][:, :count].astype(np.float32)
    rest = shapes - centre
    rest -= axes @ (axes.T @ rest)
    half = len(xy)
    away[:, whole] = np.hypot(rest[:half], rest[half:])
    return away / _usual(away), away


def _turned_alike(xy: Xy) -> Floats:
    """Give shapes about their means, turned to fit their median: x of all, then y.

    (2 * bodyparts, frames). The turn that fits best has the angle of the sum of the
    places of one, as complex numbers, times those of the other conjugated.
    """
    shapes = (xy[:, 0] + 1j * xy[:, 1]).astype(np.complex64)
    shapes -= shapes.mean(axis=0)
    model = shapes[:, shapes.shape[1] // 2]
    for _ in range(2):
        fit = model.conj() @ shapes
        size = np.abs(fit)
        shapes *= np.where(size > 0, fit.conj() / np.maximum(size, 1e-9), 1)
        some = shapes[:, _some(shapes.shape[1])]
        model = np.median(some.real, axis=1) + 1j * np.median(some.imag, axis=1)
        model = model.astype(np.complex64)
    return np.concatenate([shapes.real, shapes.imag])


def bone_deviations(
    xy: Xy, edges: Sequence[tuple[int, int]]
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Measure how much distances between body parts differ from what is usual.

    Of the two ends of a bone the one counts whose bones together are less usual then.

    Parameters
    ----------
    xy
        Places.
    edges
        Which distances; those that change least, about two of each body part, where
        there are none.

    Returns
    -------
    scores, ratios, partners
        In MADs of the distance; how many times as long as usual; the other end.
    """
    scores = np.zeros(xy[:, 0].shape, np.float32)
    ratios = np.ones(scores.shape, np.float32)
    partners = np.zeros(scores.shape, np.int8)
    bones = [(a, b, *_odd_lengths(xy, a, b)) for a, b in edges or _steadiest(xy)]
    load = np.zeros(scores.shape, np.float32)
    for a, b, odd, score, _ in bones:
        load[a, odd] += score
        load[b, odd] += score
    for a, b, odd, score, ratio in bones:
        first = load[a, odd] >= load[b, odd]
        for end, other, mine in ((a, b, first), (b, a, ~first)):
            better = mine & (score > scores[end, odd])
            at = odd[better]
            scores[end, at], ratios[end, at] = score[better], ratio[better]
            partners[end, at] = other
    return scores, ratios, partners


def _odd_lengths(xy: Xy, a: int, b: int) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Give the frames in which a bone is not as usual, how odd it is, and its ratio."""
    length = _length(xy, a, b)
    usual = np.float32(_middle(length))
    score = np.abs(length - usual)
    score /= np.float32(max(_NORMAL * _middle(score), _LEAST_PX))
    odd = np.flatnonzero(score > _ODD)
    return odd, score[odd], length[odd] / max(usual, np.float32(_LEAST_PX))


def swap_gains(
    xy: Xy, pairs: Sequence[tuple[int, int]]
) -> tuple[Floats, NDArray[np.int8]]:
    """Measure how much nearer two sides would be to where they were, if exchanged.

    A swap shows in the frame where it begins, and in that where it ends.

    Returns
    -------
    gains, partners
        Pixels, for the left one of each pair; the right one.
    """
    gains = np.zeros(xy[:, 0].shape, np.float32)
    partners = np.zeros(gains.shape, np.int8)
    for a, b in pairs:
        before = {part: _before(xy[part]) for part in (a, b)}
        here = _distance(xy[a], before[a]) + _distance(xy[b], before[b])
        there = _distance(xy[a], before[b]) + _distance(xy[b], before[a])
        gain = np.nan_to_num(here - there)
        gains[a] = np.maximum(gains[a], gain)
        partners[a] = b
    return gains, partners


def _before(places: Floats) -> Floats:
    """Give the place in the frame before, the last one known."""
    last = np.where(np.isnan(places[0]), 0, np.arange(places.shape[1]))
    np.maximum.accumulate(last, out=last)
    return places[:, np.concatenate([[0], last[:-1]])]


def _distance(one: Floats, other: Floats) -> Floats:
    off = one - other
    away: Floats = np.hypot(off[0], off[1])
    return away


def _length(xy: Xy, a: int, b: int) -> Floats:
    return _distance(xy[a], xy[b])


def _steadiest(xy: Xy) -> list[tuple[int, int]]:
    """Choose the pairs whose distance changes least, compared with itself."""
    part = xy[..., :: max(1, xy.shape[2] // 2000)]
    count = len(xy)
    change = np.full((count, count), np.inf)
    for a in range(count):
        for b in range(a + 1, count):
            length = _length(part, a, b)
            usual = _middle(length)
            spread = _middle(np.abs(length - np.float32(usual)))
            change[a, b] = change[b, a] = spread / max(usual, _LEAST_PX)
    change[np.isnan(change)] = np.inf
    chosen = {
        (min(a, int(b)), max(a, int(b)))
        for a in range(count)
        for b in np.argsort(change[a])[:_BONES_PER_PART]
        if np.isfinite(change[a, b])
    }
    return sorted(chosen)


def _median_of_five(values: Floats) -> Floats:
    """Median over five frames around each; a NaN counts as what is here.

    Ends are repeated. The middle of five needs seven comparisons, whole arrays each
    (Paeth 1990), which is many times as fast as sorting windows.
    """
    ends = [(0, 0)] * (values.ndim - 1) + [(2, 2)]
    wide = np.pad(values, ends, mode="edge")
    n = values.shape[-1]
    a, b, c, d, e = (wide[..., shift : shift + n] for shift in range(5))
    if np.isnan(values).any():
        a, b, d, e = (np.where(np.isnan(v), c, v) for v in (a, b, d, e))
    a, b = np.minimum(a, b), np.maximum(a, b)
    d, e = np.minimum(d, e), np.maximum(d, e)
    d = np.maximum(a, d)  # the smaller of the two is not the median
    b = np.minimum(b, e)  # nor is the larger
    b, c = np.minimum(b, c), np.maximum(b, c)
    middle: Floats = np.maximum(b, np.minimum(c, d))
    return middle


def _ar_residual(steps: Floats) -> Floats:
    """Residuals of AR(3) on steps; the model is fitted to usual ones alone."""
    target = steps[3:]
    inputs = np.stack([steps[2:-1], steps[1:-2], steps[:-3]])
    some = _some(len(target))
    fitted, given = target[some], inputs[:, some]
    known = ~np.isnan(fitted)
    if known.sum() < 10:
        return np.full(len(target), np.nan, np.float32)
    largest = np.percentile(np.abs(fitted[known]), 95)
    usual = known & (np.abs(given) <= largest).all(axis=0)
    weights, *_ = np.linalg.lstsq(given[:, usual].T, fitted[usual], rcond=None)
    return np.asarray(target - weights @ inputs, np.float32)


def _some(count: int) -> slice:
    """Pick frames from which what is usual is told."""
    return slice(None, None, max(1, count // _SAMPLED))


def _usual(away: Floats) -> Floats:
    """Give the scaled MAD of each body part, (bodyparts, 1)."""
    part = away[:, _some(away.shape[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a part that is never seen
        usual = _NORMAL * np.nanmedian(part, axis=1, keepdims=True)
    floored: Floats = np.fmax(usual, _LEAST_PX).astype(np.float32)
    return floored


def _middle(values: Floats) -> float:
    part = values[_some(len(values))]
    part = part[~np.isnan(part)]
    return float(np.median(part)) if len(part) else np.nan
