"""Rows that say where a probe was: of the lab's tables, from regions along its shanks.

`ProbeBrainRegion` is the lab's own. The others belong to labdata's plugin for atlas
registration; where a lab has its tables, the same rows go there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import checked_um, edge_um_to_index
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.registration import AtlasMapping
    from labdata_napari.core.track_regions import TrackRegions

SHANK = "shank"
"""``annotation_type`` of the plugin's tracks; it reads no others."""


@dataclass(frozen=True, eq=False)
class Sites:
    """The connected sites of a probe, as a `ProbeConfiguration` row has them.

    Attributes
    ----------
    sites, shanks
        (n,) number of each site, and of the shank it is on.
    above_um
        (n,) its height above the lowest point of the layout, along the shank.
    tip_um
        From the tip of a shank to that point: 175 for Neuropixels 1.0, about 200 for
        2.0. Manufacturers' layouts do not count from the tip.
    """

    sites: NDArray[np.int64]
    shanks: NDArray[np.int64]
    above_um: NDArray[np.float64]
    tip_um: float = 0.0

    @classmethod
    def from_row(cls, row: Mapping[str, Any], tip_um: float = 0.0) -> Sites:
        """Read channel_idx, channel_shank and channel_coords of a row.

        Raises
        ------
        InvalidValue
            When they are not as many, or no numbers.
        """
        try:
            sites = np.ravel(np.asarray(row["channel_idx"])).astype(np.int64)
            shanks = np.ravel(np.asarray(row["channel_shank"])).astype(np.int64)
            coords = np.asarray(row["channel_coords"], np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidValue("The sites of this probe are no numbers.") from error
        if len(sites) != len(shanks) or coords.shape != (len(sites), 2):
            raise InvalidValue(
                f"The probe's row has {len(sites)} sites, {len(shanks)} shanks and "
                f"coordinates {coords.shape}; correct its configuration."
            )
        return cls(sites, shanks, coords[:, 1], float(tip_um))


def probe_region_rows(
    tracks: Mapping[int, TrackRegions],
    sites: Sites,
    acronym_of: Callable[[int], str | None],
) -> list[dict[str, Any]]:
    """Make the rows of `ProbeBrainRegion` of one probe, without its keys.

    Parameters
    ----------
    tracks
        Regions along each shank, by its number.
    sites
        Of the probe's configuration.
    acronym_of
        The lab's acronym of a region's number; None for one that the lab's table
        does not have, which is left out.

    Returns
    -------
    list of dict
        ``region_acronym``, ``min_depth`` and ``max_depth`` (µm along the probe,
        above the tip, over all shanks), ``shanks`` (those that run through it) and
        ``electrodes`` (the sites in it); from the tip upwards.
    """
    found: dict[str, list[tuple[int, float, float]]] = {}
    for shank, track in sorted(tracks.items()):
        for interval in track.in_brain:
            acronym = acronym_of(interval.region_id)
            if acronym is not None:
                low = track.length_um - interval.exit_um
                high = track.length_um - interval.entry_um
                found.setdefault(acronym, []).append((shank, low, high))
    above = sites.above_um + sites.tip_um
    rows = []
    for acronym, stretches in found.items():
        inside = np.zeros(len(above), bool)
        for shank, low, high in stretches:
            inside |= (sites.shanks == shank) & (above >= low) & (above < high)
        rows.append(
            {
                "region_acronym": acronym,
                "min_depth": min(low for _, low, _ in stretches),
                "max_depth": max(high for *_, high in stretches),
                "shanks": np.unique([shank for shank, *_ in stretches]),
                "electrodes": np.sort(sites.sites[inside]),
            }
        )
    return sorted(rows, key=lambda row: (row["max_depth"], row["region_acronym"]))


def split_name(name: str) -> tuple[str, int] | None:
    """Take ``<probe_id>_shank<n>`` apart; None for another name."""
    probe, mark, number = name.rpartition("_shank")
    if not mark or not probe or not number.isdecimal():
        return None
    return probe, int(number)


@dataclass(frozen=True, eq=False)
class PluginTrack:
    """A track in the form of the plugin's tables, without the keys.

    Attributes
    ----------
    annotation
        Row of `AtlasRegistrationAnnotation` without its number.
    track
        Row of `ProbeTrack`.
    regions
        Rows of `ProbeTrack.Region`.
    """

    annotation: dict[str, Any]
    track: dict[str, Any]
    regions: tuple[dict[str, Any], ...]


def plugin_track(
    name: str,
    points: ArrayLike,
    path: ArrayLike,
    regions: TrackRegions,
    mapping: AtlasMapping,
    atlas: AtlasVolume,
    first_voxel: Sequence[float] = (0, 0, 0),
) -> PluginTrack:
    """Make the plugin's rows of one track.

    Parameters
    ----------
    name
        ``<probe_id>_shank<n>``.
    points
        (N, 3) pixels that were clicked, N at least 2.
    path
        (M, 3) pixels from the entry to the tip.
    regions
        What it runs through.
    mapping, atlas
        The plugin keeps voxels of the atlas (centres, in its order of axes).
    first_voxel
        Voxel of the atlas at which the plugin's registered stack begins: it may hold
        one half only.

    Raises
    ------
    InvalidValue
        When the name is another one, or there are fewer than two points.
    """
    named = split_name(name)
    if named is None:
        raise InvalidValue(
            f"{name!r} does not name a shank; call the track <probe>_shank<number>, "
            "such as NP1-0417_shank0."
        )
    clicked = np.asarray(points, np.float64)
    if clicked.ndim != 2 or len(clicked) < 2:
        raise InvalidValue(f"The track {name!r} needs two points or more.")
    entry, tip = _voxels(mapping, atlas, np.asarray(path, np.float64)[[0, -1]])
    way = (tip - entry) * np.asarray(atlas.resolution_um)
    length = float(np.linalg.norm(way))
    if not length > 0:
        raise InvalidValue(f"The track {name!r} has no length in the atlas.")
    back, down, left = _anatomical(way, atlas.orientation)
    corner = np.asarray(first_voxel, np.float64)
    return PluginTrack(
        {
            "annotation_name": name,
            "annotation_type": SHANK,
            "xyz": _voxels(mapping, atlas, clicked) - corner,
        },
        {
            "probe_id": named[0],
            "shank": named[1],
            "entry_voxel": entry - corner,
            "exit_voxel": tip - corner,
            "direction": way / length,
            "ap_angle": float(np.degrees(np.arctan2(back, down))),
            "ml_angle": float(np.degrees(np.arctan2(left, down))),
            "track_length_um": length,
        },
        tuple(
            {
                "region_index": number,
                "region_id": interval.region_id,
                "region_acronym": interval.acronym,
                "entry_um": interval.entry_um,
                "exit_um": interval.exit_um,
                "length_um": interval.length_um,
            }
            for number, interval in enumerate(regions.in_brain)
        ),
    )


def _voxels(
    mapping: AtlasMapping, atlas: AtlasVolume, pixels: NDArray[np.float64]
) -> NDArray[np.float64]:
    um = checked_um(atlas.resolution_um, "ZYX")
    return edge_um_to_index(mapping.to_atlas_um(pixels), um)


def _anatomical(way: NDArray[np.float64], code: str) -> tuple[float, float, float]:
    """Backwards, downwards and leftwards parts of a vector along an atlas's axes."""
    parts = {}
    for letter, value in zip(code, way.tolist(), strict=True):
        for first, last in ("ap", "si", "rl"):
            if letter in (first, last):
                parts[first] = value if letter == first else -value
    return parts["a"], parts["s"], parts["r"]
