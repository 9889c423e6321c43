"""The numbers of an annotation, whatever its type: what to tell, draw and flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.annotation_types import (
    BOUNDARY,
    INJECTION,
    LANDMARK,
    REGION,
    TRACK_TYPES,
)
from labdata_napari.core.curves import SMOOTHING_UM
from labdata_napari.core.measures import (
    Injection,
    Summary,
    boundary_of,
    injection_of,
    landmark_of,
)
from labdata_napari.core.painted import region_of
from labdata_napari.core.tracks import CURVES, Track, fit_track

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is known of the stack that annotations belong to.

    Attributes
    ----------
    um_per_pixel
        (3,) along the stored axes.
    shape
        (3,) of the stack, in pixels; None if not known.
    orientation
        Such as "asr"; None if nobody said.
    surface
        Where a line from a point (3,) in a direction in µm leaves the brain; None
        where the surface is not known.
    curve
        How tracks are fitted: one of `core.tracks.CURVES`.
    """

    um_per_pixel: tuple[float, float, float]
    shape: tuple[int, int, int] | None = None
    orientation: str | None = None
    surface: Callable[[Array, Array], Array | None] | None = None
    curve: str = CURVES[0]


@dataclass(frozen=True, eq=False)
class Measured:
    """What there is to know of one annotation.

    Attributes
    ----------
    summary
        Labels and texts, for a person; the text of a "note" is a sentence.
    problem
        Why there are no numbers, in a sentence; empty when there are.
    path
        (M, 3) pixels: the line to draw; M is 0 where there is none.
    flagged
        (N,) bool: points that do not belong.
    length_um
        Of a track or an outline; NaN for others.
    track
        The fit of a track.
    """

    summary: tuple[tuple[str, str], ...]
    problem: str
    path: Array
    flagged: NDArray[np.bool_]
    length_um: float = np.nan
    track: Track | None = None


def measure(
    type: str,  # noqa: A002
    points: Array,
    setting: Setting,
    tip: Sequence[float] | None = None,
) -> Measured:
    """Measure an annotation by what its type is about.

    Parameters
    ----------
    type
        Tracks are fitted by a line; of outlines, injections and landmarks
        `core.measures` knows what there is to say; anything else is where it is.
    points
        (N, 3) pixels in the order of the stored axes; N may be 0.
    setting
        Of the stack.
    tip
        (3,) the point that was marked as the tip of a track, if one was.
    """
    if type in TRACK_TYPES:
        return _track(points, setting, tip)
    if type == REGION:
        region = region_of(points, setting.um_per_pixel)
        return measured_region(region, setting, len(points))
    return _place_or_outline(type, points, setting)


def measured_region(region: Injection, setting: Setting, count: int) -> Measured:
    """Return what there is to know of a painted region of so many points."""
    nothing = np.zeros((0, 3)), np.zeros(count, dtype=bool)
    if region.problem:
        return Measured((), region.problem, *nothing)
    um = np.asarray(setting.um_per_pixel)
    centre = _centre(region.centroid[None], um)
    return Measured((*region.summary, centre), "", *nothing)


def _place_or_outline(kind: str, points: Array, setting: Setting) -> Measured:
    none = np.zeros(len(points), dtype=bool)
    places = points[np.isfinite(points).all(axis=1)]
    if not len(places):
        return Measured((), "It has no points yet; click one.", places, none)
    um = np.asarray(setting.um_per_pixel)
    if kind == BOUNDARY:
        boundary = boundary_of(places, um)
        around = np.concatenate([places, places[:1]]) if len(places) > 2 else places
        said, problem = _said(boundary.summary, boundary.problem)
        return Measured(said, problem, around, none, boundary.length_um)
    if kind == LANDMARK:
        said, problem = landmark_of(places, um).summary, ""
    else:
        said, problem = (_centre(places, um),), ""
    if kind == INJECTION:
        said = (*injection_of(places, um).summary, *said)
    return Measured(said, problem, np.zeros((0, 3)), none)


def _said(summary: Summary, problem: str) -> tuple[Summary, str]:
    """Leave a problem out of a summary that says nothing else."""
    return ((), problem) if problem and len(summary) == 1 else (summary, "")


def _centre(places: Array, um: Array) -> tuple[str, str]:
    where = ", ".join(f"{value:,.0f}" for value in places.mean(axis=0) * um)
    return "centre", f"{where} µm (z, y, x)"


def _track(points: Array, setting: Setting, tip: Sequence[float] | None) -> Measured:
    marked = None
    if tip is not None and len(points):
        same = np.flatnonzero((points == np.asarray(tip)).all(axis=1))
        marked = int(same[0]) if len(same) else None
    track = fit_track(
        points,
        setting.um_per_pixel,
        shape=setting.shape,
        orientation=setting.orientation,
        tip=marked,
        surface=setting.surface,
        curve=setting.curve,
    )
    path = track.path if track else np.zeros((0, 3))
    rule: Summary = (("tip by", track.tip_rule),) if track else ()
    if len(path) > 2:
        rule = (*rule, ("fit", f"curve, smoothing {SMOOTHING_UM:.0f} µm rms"))
    return Measured(
        (*track.summary, *rule),
        track.problem,
        path,
        track.flagged,
        track.length_um,
        track,
    )
