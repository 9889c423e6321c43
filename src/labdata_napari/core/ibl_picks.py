"""The International Brain Laboratory's picks: `xyz_picks.json`, one file a shank.

``{"xyz_picks": [[ml, ap, dv], …]}`` in whole µm from bregma, ML to the right, AP to
anterior and DV upwards positive, from the entry to the tip: as ibllib writes them
(`pipes/histology.py`: int32 of metres × 1e6) and its alignment tools read them, which
divide by 1e6 and fit the way into the brain through the first. A probe of one shank
has `xyz_picks.json`; of several, `xyz_picks_shank1.json` and so on, counted from 1,
where names of tracks (`<probe_id>_shank0`) count from 0.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.draft import Draft
from labdata_napari.core.small_files import as_points, read_json
from labdata_napari.core.track_space import inverse, mapped
from labdata_napari.core.tracks import fit_track
from labdata_napari.errors import InvalidValue, UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from labdata_napari.core.track_space import Space

KEY = "xyz_picks"
BREGMA_AXES = "lpi"
"""Code of axes that run to the right, to anterior and upwards: ML, AP, DV."""

_FARTHEST_UM = 50_000
_MILLIMETRES = 30.0  # a brain in mm fits in this, one in µm does not
_SHANK = re.compile(r"(?P<probe>.*)_shank(?P<number>\d+)\Z", re.DOTALL)
_FILE = re.compile(r"xyz_picks(?:_shank(?P<number>\d+))?\Z")


def picks_of(draft: Draft, space: Space) -> NDArray[np.int64]:
    """Return a track's picks (N, 3): whole µm [ML, AP, DV] from bregma, entry first.

    Raises
    ------
    InvalidValue
        When bregma is not known, the points make no track, or they lie where no
        brain is, counted from bregma.
    """
    places = mapped(space.bregma, draft.points)
    track = fit_track(places, (1, 1, 1), orientation=BREGMA_AXES)
    if not track:
        raise InvalidValue(f"{draft.name!r} cannot be written: {track.problem}")
    if np.abs(places).max() > _FARTHEST_UM:
        raise InvalidValue(
            f"{draft.name!r} lies {np.abs(places).max() / 1000:.0f} mm from bregma; "
            "check where bregma is, and the voxel size."
        )
    order = np.argsort(places @ track.direction, kind="stable")
    return np.rint(places[order]).astype(np.int64)


def picks_files(
    path: Path, drafts: Iterable[Draft], space: Space
) -> Mapping[Path, bytes]:
    """Say which files hold the picks of tracks, and what is in them.

    Parameters
    ----------
    path
        A file that ends with `.json`, for one track; else a folder. With tracks of
        several probes each probe gets a folder in it, as the alignment tools want.
    drafts
        The tracks.
    space
        With bregma.

    Raises
    ------
    InvalidValue
        As `picks_of`, or when a file is named for several tracks.
    """
    probes: dict[str, dict[str, Draft]] = {}
    for draft in drafts:
        match = _SHANK.match(draft.name)
        probe = match["probe"] if match else draft.name
        number = str(int(match["number"]) + 1) if match else ""
        shanks = probes.setdefault(probe, {})
        if number in shanks:
            raise InvalidValue(
                f"{draft.name!r} and {shanks[number].name!r} are the same shank; "
                "rename one."
            )
        shanks[number] = draft
    if path.suffix == ".json":
        all_tracks = [d for shanks in probes.values() for d in shanks.values()]
        if len(all_tracks) != 1:
            raise InvalidValue(
                f"One file of picks holds one shank; choose a folder for these "
                f"{len(all_tracks)} tracks."
            )
        return {path: _content(all_tracks[0], space)}
    files: dict[Path, bytes] = {}
    for probe, shanks in probes.items():
        folder = path / file_name(probe) if len(probes) > 1 else path
        for number, draft in shanks.items():
            shank = f"_shank{number}" if len(shanks) > 1 and number else ""
            target = folder / f"{KEY}{shank}.json"
            if target in files:
                raise InvalidValue(f"Two probes would be '{target}'; rename one.")
            files[target] = _content(draft, space)
    return files


def read_picks(path: Path, space: Space) -> tuple[Draft, ...]:
    """Read one file of picks; it is named after its folder and shank.

    Raises
    ------
    UnreadableFile
        When it holds none, or its numbers are millimetres or metres.
    InvalidValue
        When bregma is not known.
    """
    record = read_json(path)
    if not isinstance(record, dict) or KEY not in record:
        raise UnreadableFile(
            f"'{path}' holds no annotations of ours and no picks of the IBL: the key "
            f"{KEY!r} is missing."
        )
    from_bregma = inverse(space.bregma)
    picks = as_points(record[KEY], path)
    if len(picks) and np.abs(picks).max() < _MILLIMETRES:
        raise UnreadableFile(
            f"The picks in '{path}' reach {np.abs(picks).max():g} from bregma: that "
            "is mm or m, and such files hold µm. Multiply them, and check that their "
            "order is ML, AP, DV."
        )
    match = _FILE.match(path.stem)
    probe = (path.resolve().parent.name or "probe") if match else path.stem
    shank = f"_shank{int(match['number']) - 1}" if match and match["number"] else ""
    return (Draft(probe + shank, "probe_track", mapped(from_bregma, picks)),)


def _content(draft: Draft, space: Space) -> bytes:
    return json.dumps({KEY: picks_of(draft, space).tolist()}, indent=1).encode() + b"\n"


def file_name(probe: str) -> str:
    """Turn a name into one that is a single part of a path everywhere."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", probe).strip(" .") or "probe"
