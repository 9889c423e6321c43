"""The tracks of one probe as one rigid body: which they are, and moving them together.

The tracks themselves are the truth. How the probe lies is read off them each time, so
that it can also be moved when it was loaded, undone or clicked shank by shank.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.places import as_pitch
from labdata_napari.core.probe_rows import split_name
from labdata_napari.core.shank_template import MOST_SHANKS, ShankTemplate
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

NEW_PROBE = "probe"
_NEAR = 1e-9  # pixels that arithmetic is off


def shanks_of(probe_id: str, names: Iterable[str]) -> dict[int, str]:
    """Return the tracks ``<probe_id>_shank<i>`` among some names, by shank."""
    split = ((name, split_name(name)) for name in names)
    found = {s[1]: name for name, s in split if s is not None and s[0] == probe_id}
    return dict(sorted(found.items()))


def probes_in(names: Iterable[str]) -> dict[str, int]:
    """Count the shanks of the probes that some names belong to, in their order."""
    split = (split_name(name) for name in names)
    counts = Counter(s[0] for s in split if s is not None)
    return {probe: min(count, MOST_SHANKS) for probe, count in counts.items()}


def next_probe(proposed: Iterable[str], taken: Iterable[str]) -> tuple[str, int] | None:
    """Return the first proposed probe that has no track yet, and its shanks."""
    have = probes_in(taken)
    free = ((p, n) for p, n in probes_in(proposed).items() if p not in have)
    return next(free, None)


def free_probe(taken: Iterable[str]) -> str:
    """Return a name for a probe that nobody proposed."""
    have = probes_in(taken)
    names = (f"{NEW_PROBE}{n}" if n > 1 else NEW_PROBE for n in range(1, len(have) + 2))
    return next(name for name in names if name not in have)


def template_of(
    lines: Mapping[int, ArrayLike], um_per_pixel: ArrayLike, pitch_um: float = 250.0
) -> ShankTemplate | None:
    """Read off tracks how their probe lies.

    Parameters
    ----------
    lines
        Shank number to (2, 3) pixels: entry and tip.
    um_per_pixel
        (3,) pitch of the stack.
    pitch_um
        Of the shanks where there is only one, which does not tell it.

    Returns
    -------
    ShankTemplate or None
        With the mean direction and length of the shanks, and its shank 0 where the
        first of them is; None where none of them has a direction.
    """
    um = as_pitch(um_per_pixel)
    ends = np.array([np.asarray(line, np.float64) * um for line in lines.values()])
    ways = ends[:, 1] - ends[:, 0] if len(ends) else np.zeros((0, 3))
    lengths = np.linalg.norm(ways, axis=1)
    if not np.isfinite(ways).all() or not (lengths > 1e-6).any():
        return None
    axis = ways.sum(axis=0)
    if np.linalg.norm(axis) < 1e-6:
        return None
    shank = ends[0]
    length = float(lengths.mean())
    tip = np.asarray(shank[1])
    first, last = min(lines), max(lines)
    aside = _aside(ends, axis / np.linalg.norm(axis))
    steps = last - first
    if aside is not None and steps:
        pitch_um = float(np.linalg.norm(aside)) / steps
    entry = tip - axis / np.linalg.norm(axis) * length
    try:
        return ShankTemplate.from_clicks(
            entry / um,
            tip / um,
            None if aside is None else (entry + aside) / um,
            um_per_pixel=um,
            shanks=min(steps + 1, MOST_SHANKS),
            pitch_um=pitch_um,
        )
    except InvalidValue:
        return None


def carried(
    points: ArrayLike,
    before: ShankTemplate,
    after: ShankTemplate,
    um_per_pixel: ArrayLike,
) -> Array:
    """Move points (N, 3) in pixels as the rigid body goes from `before` to `after`."""
    um = as_pitch(um_per_pixel)
    turn = _frame(after).T @ _frame(before)
    offsets = np.asarray(points, np.float64).reshape(-1, 3) * um - before.tip
    return np.asarray((after.tip + offsets @ turn.T) / um)


def carried_within(
    points: Mapping[str, ArrayLike],
    before: ShankTemplate,
    after: ShankTemplate,
    um_per_pixel: ArrayLike,
    shape: Sequence[int] | None,
    *,
    slides: bool = False,
) -> tuple[dict[str, Array], bool]:
    """Move tracks as one rigid body, as far as no point of them leaves the stack.

    A body that is shifted goes to the edge and no farther; one that is turned stays as
    it is where a point would be turned out. What lies outside already, as some tracks
    from elsewhere do, goes no farther out.

    Parameters
    ----------
    points
        Name to (N, 3) pixels.
    before, after
        How the body lies and where it is wanted.
    um_per_pixel
        (3,) pitch of the stack.
    shape
        (3,) voxels of the stack; None where that is not known and nothing is held.
    slides
        Whether a shift goes along an edge where it cannot go on, as a drag does, or
        keeps its direction and ends there.

    Returns
    -------
    (points by name, whether the body is where it was wanted); no points where the body
    would be turned out of the stack
    """
    um = as_pitch(um_per_pixel)
    own = {n: np.asarray(p, np.float64).reshape(-1, 3) for n, p in points.items()}
    moved = {name: carried(p, before, after, um) for name, p in own.items()}
    if shape is None or not any(map(len, own.values())):
        return moved, True
    at, to = np.concatenate([*own.values()]), np.concatenate([*moved.values()])
    low = np.minimum(-0.5, at.min(axis=0))
    high = np.maximum(np.asarray(shape, np.float64) - 0.5, at.max(axis=0))
    if (to >= low - _NEAR).all() and (to <= high + _NEAR).all():
        return {n: np.clip(p, low, high) for n, p in moved.items()}, True
    if not np.allclose(_frame(before), _frame(after), atol=1e-12):
        return {}, False
    wanted = (after.tip - before.tip) / um
    shift = np.clip(wanted, low - at.min(axis=0), high - at.max(axis=0))
    if not slides:
        goes = wanted != 0
        shift = wanted * np.min(shift[goes] / wanted[goes])
    return {n: np.clip(p + shift, low, high) for n, p in own.items()}, False


def fits(template: ShankTemplate, um_per_pixel: ArrayLike, shape: ArrayLike) -> bool:
    """Whether all shanks of a probe lie within a stack of (3,) voxels."""
    return is_inside(np.concatenate(template.lines(um_per_pixel)), shape)


def is_inside(points: ArrayLike, shape: ArrayLike) -> bool:
    """Whether all points (..., 3) in pixels lie in the voxels of a stack."""
    at, high = np.asarray(points, np.float64), np.asarray(shape, np.float64) - 0.5
    return bool(((at >= -0.5 - _NEAR) & (at <= high + _NEAR)).all())


def nearest_shank(
    lines: Sequence[ArrayLike], place: ArrayLike, hidden: int, half: float
) -> tuple[int, float, float] | None:
    """Find the shank that is drawn nearest to a place in a slice.

    Parameters
    ----------
    lines
        (2, 3) µm each: entry and tip.
    place
        (3,) µm, in the slice.
    hidden
        The axis across the slice.
    half
        µm to each side that the slice, or the slab, shows.

    Returns
    -------
    (number of the line, µm from it in the slice, share of it from entry to tip), or
    None where the slice shows no part of any
    """
    across = [axis for axis in range(3) if axis != hidden]
    here = np.asarray(place, np.float64)
    best: tuple[int, float, float] | None = None
    for number, line in enumerate(lines):
        ends = np.asarray(line, np.float64)
        shares = _within(ends[:, hidden], here[hidden] - half, here[hidden] + half)
        if shares is None:
            continue
        start, way = ends[0][across], (ends[1] - ends[0])[across]
        square = float(way @ way)
        share = float((here[across] - start) @ way) / square if square > 1e-12 else 0.0
        share = float(np.clip(share, *shares))
        away = float(np.linalg.norm(here[across] - start - share * way))
        if best is None or away < best[1]:
            best = number, away, share
    return best


def _within(heights: Array, low: float, high: float) -> tuple[float, float] | None:
    """Return the shares between which a line from one height to another is inside."""
    start, way = float(heights[0]), float(heights[1] - heights[0])
    if abs(way) < 1e-9:
        return (0.0, 1.0) if low <= start <= high else None
    first, last = sorted(((low - start) / way, (high - start) / way))
    first, last = max(first, 0.0), min(last, 1.0)
    return (first, last) if first <= last else None


def _aside(ends: Array, axis: Array) -> Array | None:
    """Return the way (3,) from the first shank to the last, across them."""
    middles = ends.mean(axis=1)
    aside = middles[-1] - middles[0]
    aside = aside - (aside @ axis) * axis
    return np.asarray(aside) if np.linalg.norm(aside) > 1e-6 else None


def _frame(template: ShankTemplate) -> Array:
    """Return the (3, 3) unit vectors of a probe, one a row."""
    normal = np.cross(template.axis, template.fan)
    return np.array([template.axis, template.fan, normal])
