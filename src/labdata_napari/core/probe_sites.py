"""The recording sites of a probe along its tracks: where each is, and how deep.

Geometries are read from probeinterface's JSON (its specification is the format; the
package is not needed). Heights count from the tip of the shank upwards, where the
probe's outline says where the tip is, else from its lowest site.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import um_from_unit
from labdata_napari.core.places import as_pitch
from labdata_napari.core.small_files import read_json, write_files
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.track_space import Space
    from labdata_napari.core.tracks import Track

    Array = NDArray[np.float64]

_MOST_SITES = 100_000


@dataclass(frozen=True, eq=False)
class ProbeGeometry:
    """Where the sites of a probe are on it.

    Attributes
    ----------
    sites
        Their names, in the probe's order.
    shanks
        (N,) number of the shank of each, from 0.
    above_tip_um
        (N,) height of each above the tip of its shank.
    across_um
        (N,) place across the probe.
    """

    sites: tuple[str, ...]
    shanks: NDArray[np.int64]
    above_tip_um: Array
    across_um: Array


@dataclass(frozen=True)
class Site:
    """One site in the brain.

    Attributes
    ----------
    track, site, shank
        Name of the track, name of the site, number of the shank.
    above_tip_um
        From the tip, along the track.
    depth_um
        From the entry, along the track; negative outside of the brain.
    pixel
        Along the stack's spatial axes.
    region
        Acronym; empty where nobody knows.
    """

    track: str
    site: str
    shank: int
    above_tip_um: float
    depth_um: float
    pixel: tuple[float, float, float]
    region: str = ""


def read_probe(path: Path, number: int = 0) -> ProbeGeometry:
    """Read a probe's geometry from a probeinterface JSON file.

    Parameters
    ----------
    path
        The file.
    number
        Which of the probes in it.

    Raises
    ------
    NotFound, UnreadableFile
        When it is missing, or is no such file.
    """
    record = read_json(path)
    if not isinstance(record, dict) or record.get("specification") != "probeinterface":
        raise UnreadableFile(f"'{path}' is no probeinterface file.")
    try:
        return _geometry(record["probes"][number])
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise UnreadableFile(
            f"Probe {number} in '{path}' is missing, damaged or not two-dimensional."
        ) from None


def sites_along(
    tracks: Mapping[int, tuple[str, Track]],
    geometry: ProbeGeometry,
    um_per_pixel: ArrayLike,
    region_of: Callable[[Array], Sequence[str]] | None = None,
) -> tuple[Site, ...]:
    """Find where the sites of a probe are.

    Sites lie on the fit of their shank; that they are some µm beside its middle is
    left out, being less than the fit's error.

    Parameters
    ----------
    tracks
        Shank number to the name of its track and its fit. Shanks without one are
        left out.
    geometry
        Of the probe.
    um_per_pixel
        (3,) pitch of the stack.
    region_of
        Told pixels (N, 3), gives the acronym of each.

    Raises
    ------
    InvalidValue
        When a track has no fit.
    """
    um = as_pitch(um_per_pixel)
    found: list[Site] = []
    for shank, (name, track) in sorted(tracks.items()):
        if not track:
            raise InvalidValue(f"{name!r} has no sites: {track.problem}")
        on_it = np.flatnonzero(geometry.shanks == shank)
        order = on_it[np.argsort(-geometry.above_tip_um[on_it], kind="stable")]
        heights = geometry.above_tip_um[order]
        places, length = _up_from_tip(track.path * um, heights)
        pixels = places / um
        regions = [""] * len(order) if region_of is None else list(region_of(pixels))
        rows = zip(order, heights, pixels.tolist(), regions, strict=True)
        for index, height, pixel, region in rows:
            site = geometry.sites[index]
            depth = length - float(height)
            z, y, x = pixel
            found.append(
                Site(name, site, shank, float(height), depth, (z, y, x), str(region))
            )
    return tuple(found)


def write_sites(
    path: Path, sites: Sequence[Site], space: Space, *, overwrite: bool = False
) -> list[Path]:
    """Write a table of sites as CSV, deepest last on each shank.

    Raises
    ------
    InvalidValue
        When there are none.
    WriteRefused
        As `labdata_napari.core.track_formats.write_annotations`.
    """
    if not sites:
        raise InvalidValue("There are no sites; check which shanks have tracks.")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ["track", "shank", "site", "above_tip_um", "depth_um", "region"]
    writer.writerow([*columns, *(f"pixel_{k}" for k in range(3)), *_um_columns()])
    for site in sites:
        um = np.array(site.pixel) * space.um_per_pixel
        numbers = [round(v, 3) for v in (site.above_tip_um, site.depth_um)]
        places = [round(v, 3) for v in (*site.pixel, *um.tolist())]
        writer.writerow(
            [site.track, site.shank, site.site, *numbers, site.region, *places]
        )
    return write_files({path: text.getvalue().encode()}, overwrite=overwrite)


def _um_columns() -> list[str]:
    return [f"um_{k}" for k in range(3)]


def _geometry(probe: Mapping[str, Any]) -> ProbeGeometry:
    scale = um_from_unit(1.0, str(probe.get("si_units", "um")))
    places = np.array(probe["contact_positions"], np.float64)
    if scale is None or places.ndim != 2 or places.shape[1] != 2:
        raise ValueError("not two-dimensional, or of an unknown unit")
    contour = np.array(probe.get("probe_planar_contour") or places, np.float64)
    if not 0 < len(places) <= _MOST_SITES:
        raise ValueError("no sites, or too many")
    if not (np.isfinite(places).all() and np.isfinite(contour).all()):
        raise ValueError("a place that is none")
    ids = [str(s) for s in probe.get("shank_ids") or [""] * len(places)]
    names = [str(s) for s in probe.get("contact_ids") or range(len(places))]
    if not len(ids) == len(names) == len(places):
        raise ValueError("names do not fit the sites")
    numbers = {shank: k for k, shank in enumerate(sorted(set(ids), key=_as_number))}
    places, tip = places * scale, float(contour[:, 1].min()) * scale
    return ProbeGeometry(
        sites=tuple(names),
        shanks=np.array([numbers[shank] for shank in ids], np.int64),
        above_tip_um=places[:, 1] - min(tip, float(places[:, 1].min())),
        across_um=places[:, 0],
    )


def _as_number(text: str) -> tuple[float, str]:
    return (float(text) if text.isdecimal() else math.inf, text)


def _up_from_tip(path: Array, heights: Array) -> tuple[Array, float]:
    """Return places (N, 3) at heights above the end of a path, and its length."""
    upwards = path[::-1]
    steps = np.linalg.norm(np.diff(upwards, axis=0), axis=1)
    way = np.r_[0.0, np.cumsum(steps)]
    places = np.stack(
        [np.interp(heights, way, upwards[:, k]) for k in range(3)], axis=1
    )
    beyond = np.maximum(heights - way[-1], 0)  # above the entry it goes on straight
    last = upwards[-1] - upwards[-2]
    places += np.outer(beyond, last / max(float(np.linalg.norm(last)), 1e-12))
    return places, float(way[-1])
