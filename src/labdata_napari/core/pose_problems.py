"""Where predictions of a whole video are probably wrong, and why, in words.

Every test compares a body part with itself over time, or with the others of its frame,
in units of what is usual for it: the median absolute deviation (MAD), scaled so that
it is the standard deviation where noise is normal. So the thresholds hold for any size
of picture and animal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.pose_measures import (
    autoregressive_residuals,
    bone_deviations,
    group_residuals,
    spikes,
    swap_gains,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.pose_predictions import Predictions

LIKELIHOOD = "likelihood"
SPIKE = "spike"
BONE = "bone"
SWAP = "swap"
SHAPE = "shape"
PATH = "path"
SUGGESTED = "suggested"
"""Not wrong, but worth a label: it looks unlike the other frames."""
KINDS = (SWAP, SPIKE, BONE, SHAPE, PATH, LIKELIHOOD)
"""Kinds of problems, the most telling first."""


@dataclass(frozen=True)
class Limits:
    """From where on something is a problem; None looks for none of a kind.

    Attributes
    ----------
    likelihood
        Less than this is unsure.
    spike
        Distance from the median of five frames, in MADs.
    bone
        Deviation of the distance between two body parts, in MADs.
    swap
        By how many pixels a left and a right one together would lie nearer to where
        they were, the other way around.
    shape
        Distance of a frame's body parts from the shapes that are usual (PCA), in MADs.
    path
        Distance from where the three frames before lead (AR(3)), in MADs.
    """

    likelihood: float | None = 0.6
    spike: float | None = 8.0
    bone: float | None = 8.0
    swap: float | None = 10.0
    shape: float | None = None
    path: float | None = None


@dataclass(frozen=True)
class Problem:
    """Something that is probably wrong.

    Attributes
    ----------
    frame
        Its number in the video.
    bodypart
        Which; of two the one that fits the others less.
    kind
        One of `KINDS`.
    score
        How many times its limit; the larger the surer.
    words
        Why, such as "nose jumps 43 px, 12 times the usual".
    """

    frame: int
    bodypart: str
    kind: str
    score: float
    words: str


@dataclass(frozen=True, eq=False)
class _Found:
    """Places of one kind: frames, body parts, scores, and what was measured there."""

    kind: str
    frames: NDArray[np.intp]
    parts: NDArray[np.intp]
    scores: NDArray[np.float64]
    values: NDArray[np.float64]
    names: Sequence[str] = field(default=())


def find_problems(
    predictions: Predictions,
    limits: Limits | None = None,
    edges: Iterable[tuple[str, str]] = (),
    pairs: Iterable[tuple[str, str]] | None = None,
    most: int = 10_000,
) -> list[Problem]:
    """Look through the predictions of a video.

    Parameters
    ----------
    predictions
        Of the whole video, or a part that is in one piece.
    limits
        From where on something is a problem; the usual ones when None.
    edges
        Body parts whose distance hardly changes, such as the bones of a skeleton;
        without any, those pairs whose distance changes least.
    pairs
        Body parts of the left and the right side; told by their names when None.
    most
        How many to return at most.

    Returns
    -------
    list of Problem
        One per frame and body part, the surest first.
    """
    limits = limits or Limits()
    if pairs is None:
        pairs = sided_pairs(predictions.bodyparts)
    at = {name: n for n, name in enumerate(predictions.bodyparts)}
    joined = [(at[a], at[b]) for a, b in edges if a in at and b in at]
    sides = [(at[a], at[b]) for a, b in pairs if a in at and b in at]
    found = [
        one for one in _looked(predictions, limits, joined, sides) if one is not None
    ]
    return _ranked(predictions, found, most)


def sided_pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Find body parts of both sides by their names: "left_ear" and "right_ear", "L"."""
    known = {name.lower(): name for name in names}
    pairs = []
    for name in names:
        lower = name.lower()
        for left, right in (("left", "right"), ("l_", "r_"), ("_l", "_r")):
            fits = (
                lower.startswith(left) or lower.endswith(left)
                if "_" in left
                else left in lower
            )
            other = known.get(lower.replace(left, right)) if fits else None
            if other is not None and other != name:
                pairs.append((name, other))
                break
    return tuple(pairs)


def _looked(
    predictions: Predictions,
    limits: Limits,
    edges: Sequence[tuple[int, int]],
    pairs: Sequence[tuple[int, int]],
) -> Iterator[_Found]:
    xy = np.ascontiguousarray(np.moveaxis(predictions.xy, 0, 2))
    if limits.likelihood is not None:
        yield _unsure(predictions.likelihood.T, xy, limits.likelihood)
    if len(predictions) < 5:
        return
    if limits.spike is not None:
        scores, pixels = spikes(xy)
        yield _above(SPIKE, scores, limits.spike, pixels)
    if limits.path is not None:
        scores, pixels = autoregressive_residuals(xy)
        # after a jump the model is led astray for as long as it looks back
        yield _peaks(_above(PATH, scores, limits.path, pixels), pixels)
    if limits.shape is not None:
        scores, pixels = group_residuals(xy)
        # one wrong place moves the middle, from which the others then are off
        worst = 0.5 * np.nanmax(pixels, axis=0, initial=0)
        scores = np.where(pixels >= worst, scores, 0)
        yield _above(SHAPE, scores, limits.shape, pixels)
    if limits.bone is not None:
        scores, ratio, partner = bone_deviations(xy, edges)
        found = _above(BONE, scores, limits.bone, ratio)
        yield _named(found, partner, predictions.bodyparts)
    if limits.swap is not None and pairs:
        gains, partner = swap_gains(xy, pairs)
        found = _above(SWAP, gains, limits.swap, gains)
        yield _named(found, partner, predictions.bodyparts)


def _unsure(
    likelihood: NDArray[np.float32], xy: NDArray[np.float32], limit: float
) -> _Found:
    parts, frames = np.nonzero(likelihood < limit)
    seen = ~np.isnan(xy[parts, 0, frames])
    parts, frames = parts[seen], frames[seen]
    values = likelihood[parts, frames].astype(np.float64)
    scores = (limit - values) / max(limit, 1e-9)
    return _Found(LIKELIHOOD, frames, parts, scores, values)


def _above(
    kind: str, scores: NDArray[np.float32], limit: float, values: NDArray[np.float32]
) -> _Found:
    parts, frames = np.nonzero(scores > limit)  # a NaN is not
    found = scores[parts, frames].astype(np.float64) / limit
    return _Found(kind, frames, parts, found, values[parts, frames].astype(np.float64))


def _peaks(found: _Found, values: NDArray[np.float32], reach: int = 4) -> _Found:
    """Keep what is at least half as large as anything that near to it in time."""
    kept = np.ones(len(found.frames), np.bool_)
    last = values.shape[1] - 1
    for shift in (*range(-reach, 0), *range(1, reach + 1)):
        beside = values[found.parts, np.clip(found.frames + shift, 0, last)]
        kept &= ~(beside * 0.5 > found.values)
    return _Found(
        found.kind,
        found.frames[kept],
        found.parts[kept],
        found.scores[kept],
        found.values[kept],
    )


def _named(found: _Found, partner: NDArray[np.int8], names: Sequence[str]) -> _Found:
    others = [names[n] for n in partner[found.parts, found.frames]]
    return _Found(
        found.kind, found.frames, found.parts, found.scores, found.values, others
    )


def _ranked(
    predictions: Predictions, found: Sequence[_Found], most: int
) -> list[Problem]:
    """Put the surest first; of several reasons for one place the most telling."""
    if not found:
        return []
    frames = np.concatenate([one.frames for one in found])
    parts = np.concatenate([one.parts for one in found])
    scores = np.concatenate([one.scores for one in found])
    which = np.concatenate([np.full(len(f.frames), n) for n, f in enumerate(found)])
    own = np.concatenate([np.arange(len(f.frames)) for f in found])
    telling = np.array([KINDS.index(one.kind) for one in found])[which]
    order = np.lexsort((-scores, telling, parts, frames))
    place = (frames * len(predictions.bodyparts) + parts)[order]
    order = order[np.unique(place, return_index=True)[1]]
    # a likelihood says less than a place that cannot be: it comes after all of those
    unsure = telling[order] == KINDS.index(LIKELIHOOD)
    order = order[np.lexsort((-scores[order], unsure))][:most]
    return [_problem(predictions, found[which[n]], int(own[n])) for n in order]


def _problem(predictions: Predictions, found: _Found, at: int) -> Problem:
    name = predictions.bodyparts[found.parts[at]]
    value, score = float(found.values[at]), float(found.scores[at])
    other = found.names[at] if found.names else ""
    words = {
        LIKELIHOOD: f"{name} is unsure, p = {value:.2f}",
        SPIKE: f"{name} jumps {value:.0f} px and back",
        BONE: f"{name} is {value:.1f} times as far from {other} as usual",
        SWAP: f"{name} and {other} are swapped",
        SHAPE: f"{name} is {value:.0f} px from where the others say",
        PATH: f"{name} is {value:.0f} px from where it was going",
    }[found.kind]
    return Problem(int(found.frames[at]), name, found.kind, score, words)
