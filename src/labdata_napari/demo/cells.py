"""The demo's two-photon and miniscope recordings: cells that flash at known times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter, shift

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

DECAY_S = 0.7
"""Time in which a flash fades to a third."""


@dataclass(frozen=True, eq=False)
class CellsTruth:
    """Cells of a calcium imaging recording.

    Attributes
    ----------
    key
        Primary key of the TwoPhoton or Miniscope row.
    file_name
        A labdata zarr.zip.
    shape
        (T, planes, C, Y, X) for two-photon, (T, C, Y, X) for the miniscope.
    um_per_pixel
        y, x in µm.
    frame_rate
        Hz.
    centres
        (cells, 3): plane, y, x in pixels at rest.
    radius
        (cells,) in pixels.
    events
        (T, cells) flashes that start in a frame.
    dff
        (T, cells) what the flashes add up to.
    displacement
        (T, 2) y, x by which the tissue moves, in pixels.
    """

    key: Mapping[str, str]
    file_name: str
    shape: tuple[int, ...]
    um_per_pixel: tuple[float, float]
    frame_rate: float
    centres: Array
    radius: Array
    events: Array
    dff: Array
    displacement: Array
    blurred: bool
    seed: int

    @property
    def n_planes(self) -> int:
        """Planes imaged; 1 for a miniscope."""
        return self.shape[1] if len(self.shape) == 5 else 1

    def footprint(self, cell: int) -> tuple[Array, Array]:
        """Flat pixel indices of a cell in its plane, and their weights (0 to 1)."""
        mask = _disc(self, cell)
        flat = np.flatnonzero(mask > 0.3)
        return flat, mask.ravel()[flat]


def two_photon_truth(seed: int, scale: float) -> CellsTruth:
    """Describe the two-photon recording: two planes of cortex."""
    frames = max(48, round(240 * scale))
    key = {
        "subject_name": "Nissl",
        "session_name": "20260115_150000",
        "dataset_name": "two_photon",
    }
    return _describe(
        key,
        (frames, 2, 1, 192, 192),
        (1.9, 1.9),
        15.0,
        34,
        (5.0, 6.6),
        False,
        seed + 60,
    )


def miniscope_truth(seed: int, scale: float) -> CellsTruth:
    """Describe the miniscope recording: hippocampus through a lens."""
    frames = max(48, round(300 * scale))
    key = {
        "subject_name": "Nissl",
        "session_name": "20260212_110000",
        "dataset_name": "miniscope",
    }
    return _describe(
        key, (frames, 1, 160, 160), (3.2, 3.2), 20.0, 26, (4.0, 5.2), True, seed + 70
    )


def _describe(
    key: dict[str, str],
    shape: tuple[int, ...],
    um: tuple[float, float],
    rate: float,
    per_plane: int,
    radii: tuple[float, float],
    blurred: bool,
    seed: int,
) -> CellsTruth:
    rng = np.random.default_rng([seed, 61])
    planes = shape[1] if len(shape) == 5 else 1
    centres = np.concatenate(
        [_places(rng, plane, per_plane, shape[-2:]) for plane in range(planes)]
    )
    count, frames = len(centres), shape[0]
    busy = rng.uniform(0.03, 0.35, count)  # flashes per second
    events = rng.random((frames, count)) < busy / rate
    dff = np.zeros((frames, count))
    level = np.zeros(count)
    for t in range(frames):
        level = level * np.exp(-1 / (DECAY_S * rate)) + events[t] * 1.1
        dff[t] = level
    time = np.arange(frames) / rate
    sway = np.stack(
        [0.9 * np.sin(2 * np.pi * 0.21 * time), 1.3 * np.sin(2 * np.pi * 0.13 * time)],
        -1,
    )
    return CellsTruth(
        key=key,
        file_name=f"{key['subject_name']}_{key['dataset_name']}.zarr.zip",
        shape=shape,
        um_per_pixel=um,
        frame_rate=rate,
        centres=centres,
        radius=rng.uniform(*radii, count),
        events=events,
        dff=dff,
        displacement=sway,
        blurred=blurred,
        seed=seed,
    )


def _places(
    rng: np.random.Generator, plane: int, count: int, size: tuple[int, ...]
) -> Array:
    """Places of cells that do not overlap: (count, 3)."""
    chosen: list[Array] = []
    middle = np.array(size) / 2
    while len(chosen) < count:
        place = rng.uniform(16, np.array(size) - 16)
        far = [np.hypot(*(place - other)) > 15 for other in chosen]
        if all(far) and np.hypot(*((place - middle) / middle)) < 1.05:
            chosen.append(place)
    return np.column_stack([np.full(count, float(plane)), np.array(chosen)])


def _disc(truth: CellsTruth, cell: int) -> Array:
    """One cell at rest: a ring with a darker nucleus, (Y, X) from 0 to 1."""
    _, cy, cx = truth.centres[cell]
    y, x = np.ogrid[: truth.shape[-2], : truth.shape[-1]]
    lean = 0.12 * np.cos(2 * np.arctan2(y - cy, x - cx) + cell)
    away = np.hypot(y - cy, x - cx) / (truth.radius[cell] * (1 + lean))
    body = 1 / (1 + np.exp((away - 1) * 9))
    nucleus = 0.0 if truth.blurred else 0.5 * np.exp(-((away / 0.45) ** 2))
    return np.asarray(body * (1 - nucleus))


@cache
def _still(truth: CellsTruth) -> tuple[Array, Array]:
    """Resting light (planes, Y, X) and the cells' discs (cells, Y, X)."""
    rng = np.random.default_rng([truth.seed, 62])
    size = truth.shape[-2:]
    y, x = np.mgrid[: size[0], : size[1]].astype(float)
    discs = np.stack([_disc(truth, n) for n in range(len(truth.centres))])
    base = []
    for plane in range(truth.n_planes):
        fine = gaussian_filter(rng.standard_normal(size), 1.3)
        broad = gaussian_filter(rng.standard_normal(size), 14)
        light = 60 + 10 * fine / fine.std() + 16 * broad / broad.std()
        for _ in range(4):
            light *= 1 - 0.6 * _vessel(rng, y, x)
        light += 38 * discs[truth.centres[:, 0] == plane].sum(axis=0)
        base.append(light)
    still = np.stack(base)
    if truth.blurred:
        away = np.hypot(y / size[0] - 0.5, x / size[1] - 0.5) * 2
        lens = 1 / (1 + np.exp((away - 0.98) * 22)) * (1.1 - 0.45 * away**2)
        still, discs = still * lens * 2.2, discs * lens * 2.2
        discs = gaussian_filter(discs, (0, 2.0, 2.0))
        still = gaussian_filter(still, (0, 1.2, 1.2)) + 12
    return still.astype(np.float32), discs.astype(np.float32)


def _vessel(rng: np.random.Generator, y: Array, x: Array) -> Array:
    angle, off = rng.uniform(0, np.pi), rng.uniform(-60, 60)
    bend, thick = rng.uniform(-9, 9), rng.uniform(2.0, 5.0)
    across = (x - x.mean()) * np.sin(angle) - (y - y.mean()) * np.cos(angle) - off
    along = (x - x.mean()) * np.cos(angle) + (y - y.mean()) * np.sin(angle)
    return np.asarray(
        np.exp(-(((across + bend * np.sin(along / 30)) / thick) ** 2) / 2)
    )


def frame(truth: CellsTruth, number: int) -> NDArray[np.uint16]:
    """Draw one frame: (planes, C, Y, X), or (C, Y, X) for the miniscope, uint16."""
    still, discs = _still(truth)
    rng = np.random.default_rng([truth.seed, 63, number])
    planes = []
    for plane in range(truth.n_planes):
        here = truth.centres[:, 0] == plane
        light = still[plane].copy()
        # Not a matrix product: its own threads would get in the way of ours.
        for cell in np.flatnonzero(here & (truth.dff[number] > 0.01)):
            light += 95 * truth.dff[number, cell] * discs[cell]
        moved = shift(light, truth.displacement[number], order=1, mode="nearest")
        photons = rng.standard_normal(moved.shape, np.float32) * np.sqrt(
            0.9 * np.clip(moved, 0, 9e4)
        )
        planes.append(np.clip(moved + photons + 8.5, 0, 65535))
    out = np.stack(planes)[:, None].astype(np.uint16)
    return out if len(truth.shape) == 5 else out[0]
