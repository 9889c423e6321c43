"""What a person wants to know of a probe track, from the points clicked on it.

Pixels are stretched to µm before anything is measured or fitted: in anisotropic
stacks a fit in pixels would weigh the axes differently.

A track has two ends. The tip is, in this order: the end at the point that was marked;
the more ventral end, where the orientation is known and the track is not nearly
horizontal; the end that is farther from the brain's surface along the line, where the
surface is known; the end nearer to the last click.

A track that cannot be fitted is an answer, too: `Track.problem` says why, and every
number is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.angles import Angles, angles_of, in_animal
from labdata_napari.core.curves import SMOOTHING_UM, Curve, curve_through
from labdata_napari.core.lines import Line, clipped, line_through, strays
from labdata_napari.core.orientation import check_orientation
from labdata_napari.core.places import as_pitch, in_um
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Surface = Callable[[Array, Array], Array | None]

CURVES = ("line", "spline")
MARKED, VENTRAL, FAR, LAST = (
    "marked",
    "most ventral",
    "farthest from the surface",
    "last click",
)
"""The rules by which the tip was found."""

_HORIZONTAL = 0.1  # of a direction that is ventral: within 6° of horizontal
_PATH_UM = 20.0
_QUANTISED = 0.3  # of a pixel: the scatter of places that were rounded to pixels


@dataclass(frozen=True, eq=False)
class Track:
    """A track as it was fitted; true when there is one.

    Attributes
    ----------
    problem
        Why there is no fit, in a sentence; empty when there is.
    entry, tip
        (3,) pixels. `entry` is on the brain's surface where that is known, else the
        end of the clicked part.
    direction
        (3,) unit vector in µm along the stack's axes, from entry to tip. Of a curve,
        that of its straight fit.
    path
        (M, 3) pixels from entry to tip: what to draw. Two for a line.
    length_um
        From the outermost click to the tip along the fit.
    depth_um
        From the brain's surface to the tip along the fit; NaN without a surface.
    tip_rule
        Why this end is the tip: one of the four constants of this module.
    angles
        Of the direction; None without an orientation.
    residuals_um
        (N,) distance of each point from the fit; NaN for points that are no place.
    rms_um
        Root of the mean squared residual.
    flagged
        (N,) bool; points that do not belong, or are no place. Flagged points take
        part in the fit all the same, until somebody moves or deletes them.
    tip_sideways_um
        Root mean squared distance of the line from the true track at the tip, from
        the scatter of the points; NaN with two points and for curves.
    tip_along_um
        Standard deviation of the tip along the line: that of the one click it is at.
    """

    problem: str
    entry: Array
    tip: Array
    direction: Array
    path: Array
    length_um: float
    depth_um: float
    tip_rule: str
    angles: Angles | None
    residuals_um: Array
    rms_um: float
    flagged: NDArray[np.bool_]
    tip_sideways_um: float
    tip_along_um: float

    def __bool__(self) -> bool:
        return not self.problem

    @property
    def summary(self) -> tuple[tuple[str, str], ...]:
        """What there is to say, as pairs of a label and a text."""
        if self.problem:
            return (("track", self.problem),)
        said = [("length", f"{self.length_um:,.0f} µm")]
        if np.isfinite(self.depth_um):
            said.append(("depth", f"{self.depth_um:,.0f} µm below the surface"))
        if self.angles is not None:
            said.append(("AP angle", _side(self.angles.ap_deg, "anterior posterior")))
            said.append(("ML angle", _side(self.angles.ml_deg, "right left")))
        said.append(("residual", f"{self.rms_um:.0f} µm rms"))
        if np.isfinite(self.tip_sideways_um):
            said.append(("tip", f"± {self.tip_sideways_um:.0f} µm sideways"))
        if n := int(self.flagged.sum()):
            said.append(("check", f"{n} point{'s' * (n > 1)} off the line"))
        return tuple(said)


def length_um(points: ArrayLike, um_per_pixel: ArrayLike) -> float:
    """Measure the way along the points in their order.

    Parameters
    ----------
    points
        (N, 3) in z, y, x pixels.
    um_per_pixel
        (3,) pitch z, y, x in µm.

    Returns
    -------
    float
        Length in µm; 0 for a single point.

    Raises
    ------
    InvalidValue
        When the points or the pitch have another shape or are not finite.
    """
    places, _ = in_um(points, as_pitch(um_per_pixel))
    if not len(places):
        raise InvalidValue("A track needs a point at least; click one.")
    if not np.all(np.isfinite(places)):
        raise InvalidValue("A track has points that are not finite; delete them.")
    return _way(places)


def fit_track(
    points: ArrayLike,
    um_per_pixel: ArrayLike,
    *,
    shape: Sequence[int] | None = None,
    orientation: str | None = None,
    tip: int | None = None,
    surface: Surface | None = None,
    curve: str = "line",
    smoothing_um: float = SMOOTHING_UM,
) -> Track:
    """Fit a track through points that were clicked in any order.

    Parameters
    ----------
    points
        (N, 3) pixels along the stack's spatial axes. Any number, also none; those
        that are no place (NaN, infinite) are flagged and left out.
    um_per_pixel
        (3,) pitch of those axes in µm.
    shape
        (3,) of the stack; the fit is cut where it would leave it.
    orientation
        Code of those axes, such as "asr"; without it there are no angles.
    tip
        Index of the point that was marked as the tip.
    surface
        Told the tip and a direction out of the brain (pixels, and µm), tells where
        the line meets the brain's surface (pixels), or None; such as
        `BrainSurface.entry_along`.
    curve
        "line", the default: two points suffice. "spline" for bent tracks; fewer than
        three points along the line give the line.
    smoothing_um
        Root mean squared distance that a spline may keep from the points.

    Returns
    -------
    Track

    Raises
    ------
    InvalidValue
        For a pitch, orientation, curve or smoothing that is none, or an array of
        another shape. Never because of where the points are.
    """
    pitch = as_pitch(um_per_pixel)
    _check(curve, smoothing_um, orientation)
    places, used = in_um(points, pitch)
    line = line_through(places[used])
    if line is None:
        return _no_track(_why_not(places, used), used)
    marked = _marked(used, tip)
    line, rule = _to_tip(line, marked, orientation, surface, pitch)
    bent = curve_through(places[used], line, smoothing_um) if curve != "line" else None
    first = float(line.along.min())
    last = float(line.along.max() if marked is None else line.along[marked])
    start = _surface_along(line, last, surface, pitch)
    whole = _path(line, bent, first if start is None else start, last)
    path = _inside(whole / pitch, shape)
    if path is None:
        return _no_track("The track lies outside of the stack.", used)
    residuals = np.full(len(places), np.nan)
    residuals[used] = line.residuals if bent is None else bent.residuals(places[used])
    flagged = ~used
    flagged[used] = strays(places[used], _QUANTISED * float(pitch.min()))
    return Track(
        problem="",
        entry=path[0],
        tip=path[-1],
        direction=line.direction,
        path=path,
        length_um=_way(_path(line, bent, first, last)),
        depth_um=np.nan if start is None else _way(path * pitch),
        tip_rule=rule,
        angles=None if orientation is None else angles_of(line.direction, orientation),
        residuals_um=residuals,
        rms_um=float(np.sqrt(np.mean(residuals[used] ** 2))),
        flagged=flagged,
        tip_sideways_um=line.sideways_error(last) if bent is None else np.nan,
        tip_along_um=line.noise if bent is None else np.nan,
    )


def _check(curve: str, smoothing_um: float, orientation: str | None) -> None:
    if curve not in CURVES:
        raise InvalidValue(f"A track is fitted by 'line' or 'spline', not {curve!r}.")
    if not (np.isfinite(smoothing_um) and smoothing_um >= 0):
        raise InvalidValue(
            f"The smoothing must be a distance in µm, 0 or more; got {smoothing_um}."
        )
    if orientation is not None:
        check_orientation(orientation)


def _why_not(places: Array, used: NDArray[np.bool_]) -> str:
    count = int(used.sum())
    if not len(places):
        return "A track needs two points; click them."
    if count < len(places) and count < 2:
        return "Too few of its points are places; delete the others and click again."
    if count == 1:
        return "A track needs two points; click one more."
    return f"All {count} points are at one place; click another."


def _no_track(problem: str, used: NDArray[np.bool_]) -> Track:
    nowhere = np.full(3, np.nan)
    return Track(
        problem=problem,
        entry=nowhere,
        tip=nowhere,
        direction=nowhere,
        path=np.zeros((0, 3)),
        length_um=np.nan,
        depth_um=np.nan,
        tip_rule="",
        angles=None,
        residuals_um=np.full(len(used), np.nan),
        rms_um=np.nan,
        flagged=~used,
        tip_sideways_um=np.nan,
        tip_along_um=np.nan,
    )


def _marked(used: NDArray[np.bool_], tip: int | None) -> int | None:
    """Return the number of the marked point among those that are used."""
    if tip is None or not 0 <= tip < len(used) or not used[tip]:
        return None
    return int(used[:tip].sum())


def _to_tip(
    line: Line,
    marked: int | None,
    orientation: str | None,
    surface: Surface | None,
    pitch: Array,
) -> tuple[Line, str]:
    """Let the line run to the tip, and say by which rule."""
    if marked is not None:
        place = float(line.along[marked])
        nearer_end = place - line.along.min() >= line.along.max() - place
        return (line if nearer_end else line.reversed), MARKED
    if orientation is not None:
        ventral = float(in_animal(line.direction, orientation)[1])
        if abs(ventral) > _HORIZONTAL:
            return (line if ventral > 0 else line.reversed), VENTRAL
    if surface is not None:
        ways = []
        for each in (line, line.reversed):
            last = float(each.along.max())
            start = _surface_along(each, last, surface, pitch)
            ways.append(np.inf if start is None else float(each.along.min()) - start)
        if ways[0] != ways[1]:
            return (line if ways[0] < ways[1] else line.reversed), FAR
    return line, LAST


def _surface_along(
    line: Line, last: float, surface: Surface | None, pitch: Array
) -> float | None:
    """Where the line enters the brain, in µm along it; None when nobody knows."""
    if surface is None:
        return None
    found = surface(line.at(last) / pitch, -line.direction)
    if found is None or not np.all(np.isfinite(found)):
        return None
    start = float((np.asarray(found) * pitch - line.middle) @ line.direction)
    return start if start < last else None


def _path(line: Line, bent: Curve | None, start: float, last: float) -> Array:
    """Return places in µm from start to last."""
    if bent is None:
        return np.array([line.at(start), line.at(last)])
    count = max(2, min(2000, int(np.ceil((last - start) / _PATH_UM)) + 1))
    return bent.at(np.linspace(start, last, count))


def _way(places: Array) -> float:
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _inside(path: Array, shape: Sequence[int] | None) -> Array | None:
    """Cut a path in pixels to what lies in the stack; None when nothing does."""
    if shape is None:
        return path
    low, high = np.full(3, -0.5), np.asarray(shape, np.float64) - 0.5
    if len(path) == 2:
        piece = clipped(path[0], path[1], low, high)
        return None if piece is None else np.array(piece)
    inside = ((path >= low) & (path <= high)).all(axis=1)
    if not inside.any():
        return None
    first, last = np.flatnonzero(inside)[[0, -1]]
    return np.clip(path[first : last + 1], low, high)


def _side(degrees: float, words: str) -> str:
    positive, negative = words.split()
    rounded = round(abs(degrees), 1)
    if not rounded:
        return "0°"
    return f"{rounded:.1f}° {positive if degrees > 0 else negative}"
