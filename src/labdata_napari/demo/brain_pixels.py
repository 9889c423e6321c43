"""Draw the demo brains plane by plane: tissue, vessels, dye, cells, light, noise."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.demo.anatomy import tissue
from labdata_napari.demo.brain import DYE_RADIUS_UM, BrainTruth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[Any]

_COUNTS = 430.0  # counts of tissue of brightness 1
_DYE_COUNTS = 2600.0
_CELL_COUNTS = 1500.0
_CELL_RADIUS_UM = 14.0
_OFFSET = 9.0


def plane(brain: BrainTruth, z: int) -> NDArray[np.uint16]:
    """Draw plane z of a brain.

    Every plane has its own random numbers, so planes may be drawn in any order and
    by any number of threads and are always the same.

    Returns
    -------
    ndarray
        (C, Y, X) uint16.
    """
    um = np.array(brain.um_per_pixel)
    tissue_ = _tissue_plane(brain, z) * _vessel_plane(brain, z)
    dye = _tube_plane(brain, z) * _DYE_COUNTS + _cell_plane(brain, z) * _CELL_COUNTS
    shading = _shading(brain, z, um)
    rng = np.random.default_rng([brain.seed, z])
    grain = rng.standard_normal((2, *tissue_.shape), dtype=np.float32)
    out = np.empty((2, *tissue_.shape), np.uint16)
    for channel, signal in enumerate(
        (tissue_ * _COUNTS + 0.02 * dye, 0.30 * tissue_ * _COUNTS + dye)
    ):
        light = signal * shading
        # Photon noise grows with the square root; the camera adds its own.
        light = light + grain[channel] * np.sqrt(0.10 * light + 0.5) + _OFFSET
        out[channel] = np.clip(light + 0.5, 0, 65535)
    return out


def _tissue_plane(brain: BrainTruth, z: int) -> NDArray[Any]:
    pose = brain.pose
    um = brain.um_per_pixel
    size_y, size_x = brain.shape[2:]
    matrix = pose.matrix / 1000
    offset = pose.to_brain(np.array([z * um[0], 0.0, 0.0]))
    y = np.arange(size_y, dtype=np.float32)[:, None] * np.float32(um[1])
    x = np.arange(size_x, dtype=np.float32)[None, :] * np.float32(um[2])
    a, d, m = (
        (np.float32(offset[k]) + y * np.float32(matrix[k, 1]))
        + x * np.float32(matrix[k, 2])
        for k in range(3)
    )
    # Skip the empty corners: everything outside a roomy ellipsoid.
    near = ((a - 6.6) / 7.2) ** 2 + ((d - 4.0) / 4.6) ** 2 + (m / 6.2) ** 2 < 1
    value = np.full((size_y, size_x), 0.012, np.float32)
    if near.any():
        value[near] = tissue(a[near], d[near], m[near])
    return value


def _tube_plane(brain: BrainTruth, z: int) -> NDArray[Any]:
    """Brightness of the dye tracks in plane z, 1 on their axes."""
    um = np.array(brain.um_per_pixel)
    value = np.zeros(brain.shape[2:], np.float32)
    sigma = float(np.hypot(DYE_RADIUS_UM, 0.3 * um[1]))
    for track in brain.tracks:
        entry, tip = np.array(track.entry_um), np.array(track.tip_um)
        low = np.minimum(entry, tip) - 4 * sigma
        high = np.maximum(entry, tip) + 4 * sigma
        if not low[0] <= z * um[0] <= high[0]:
            continue
        y0, x0 = np.maximum(np.floor(low[1:] / um[1:]), 0).astype(int)
        y1, x1 = np.ceil(high[1:] / um[1:]).astype(int) + 1
        part = value[y0:y1, x0:x1]
        y = (np.arange(part.shape[0]) + y0)[:, None] * um[1] - entry[1]
        x = (np.arange(part.shape[1]) + x0)[None, :] * um[2] - entry[2]
        dz = z * um[0] - entry[0]
        axis = (tip - entry) / track.length_um
        along = np.clip(dz * axis[0] + y * axis[1] + x * axis[2], 0, track.length_um)
        away = (dz - along * axis[0]) ** 2 + (y - along * axis[1]) ** 2
        away = away + (x - along * axis[2]) ** 2
        # Dye gathers where the shank entered and where its tip stayed.
        strength = (
            0.70
            + 0.45 * np.exp(-along / 250)
            + 0.20 * np.exp(-(track.length_um - along) / 150)
        )
        core = np.exp(-away / (2 * sigma**2)) + 0.10 * np.exp(-away / (18 * sigma**2))
        part[:] = np.maximum(part, (strength * core).astype(np.float32))
    return value


def _cell_plane(brain: BrainTruth, z: int) -> NDArray[Any]:
    um = np.array(brain.um_per_pixel)
    sigma = np.hypot(_CELL_RADIUS_UM, 0.3 * um)
    dz = (brain.cells_um[:, 0] - z * um[0]) / sigma[0] if len(brain.cells_um) else []
    near = np.abs(np.asarray(dz)) < 3
    value = np.zeros(brain.shape[2:], np.float32)
    if near.any():
        weight = np.exp(-0.5 * np.asarray(dz)[near] ** 2)
        yx = brain.cells_um[near, 1:] / um[1:]
        _stamp(value, yx, weight, sigma[1:] / um[1:], np.add)
    return value


def _stamp(
    value: NDArray[Any],
    yx: Points,
    weight: Points,
    sigma: Points,
    how: np.ufunc,
) -> None:
    """Put Gaussian dots of `sigma` pixels at the places yx (N, 2) onto an image."""
    reach = int(np.ceil(3 * sigma.max()))
    corner = np.round(yx).astype(int)
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            at = corner + np.array([i, j])
            ok = np.all((at >= 0) & (at < value.shape), axis=1)
            off = (at[ok] - yx[ok]) / sigma
            dot = weight[ok] * np.exp(-0.5 * (off**2).sum(axis=1))
            how.at(value, (at[ok, 0], at[ok, 1]), dot.astype(np.float32))


def _vessel_plane(brain: BrainTruth, z: int) -> NDArray[Any]:
    """Share of light that is left where blood vessels run: 1 beside them."""
    um = np.array(brain.um_per_pixel)
    points, radius = _vessels(brain)
    reach = np.hypot(radius, 0.3 * um[0])
    dz = (points[:, 0] - z * um[0]) / reach
    near = np.abs(dz) < 2.5
    dark = np.zeros(brain.shape[2:], np.float32)
    for thickness in np.unique(radius):
        chosen = near & (radius == thickness)
        if chosen.any():
            sigma = np.hypot(thickness, 0.3 * um[1:]) / um[1:]
            weight = np.exp(-0.5 * dz[chosen] ** 2)
            _stamp(dark, points[chosen, 1:] / um[1:], weight, sigma, np.maximum)
    return 1 - np.float32(0.75) * dark


_DRAWING = Lock()


def _vessels(brain: BrainTruth) -> tuple[Points, Points]:
    """(N, 3) places along the vessels in stack µm and their (N,) radii in µm."""
    with _DRAWING:  # the threads that draw planes all want them first
        return _drawn_vessels(brain)


@cache
def _drawn_vessels(brain: BrainTruth) -> tuple[Points, Points]:
    rng = np.random.default_rng([brain.seed, 5])
    thick = np.arange(420) % 12 == 0
    rays, walks = zip(*(_vessel(rng, 2.6 if t else 1.1) for t in thick), strict=True)
    a, d, m = np.stack(rays).astype(np.float32).transpose(2, 0, 1)
    first = np.argmax(tissue(a.ravel(), d.ravel(), m.ravel()).reshape(a.shape) > 0.3, 1)
    places = [ray[n] + walk for ray, n, walk in zip(rays, first, walks, strict=True)]
    radii = np.repeat(np.where(thick, 22.0, 10.0), [len(walk) for walk in walks])
    return brain.pose.to_stack(np.concatenate(places)), radii


def _vessel(rng: np.random.Generator, length_mm: float) -> tuple[Points, Points]:
    """Draw a ray from outside to the middle, and how a vessel wavers inwards, in mm.

    The vessel starts where the ray enters the tissue; both are a, d, m.
    """
    middle = np.array([rng.uniform(3.0, 10.0), 4.2, 0.0])
    outward = rng.normal(size=3) * (0.35, 1.0, 1.0)
    outward[1] = -abs(outward[1])
    outward /= np.linalg.norm(outward)
    ray = middle + np.linspace(7, 0, 300)[:, None] * outward
    steps = int(length_mm / 0.008)
    ahead = -outward + np.cumsum(rng.normal(0, 0.045, (steps, 3)), axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    return ray, np.cumsum(ahead * 0.008, axis=0)


def _shading(brain: BrainTruth, z: int, um: Points) -> NDArray[Any]:
    """Uneven light: tiles of a scanning microscope, or stripes of a light-sheet."""
    y = np.arange(brain.shape[2]) * um[1]
    x = np.arange(brain.shape[3]) * um[2]
    if brain.orientation == "asr":
        fall_y, fall_x = (0.11 * (2 * ((v / 1400) % 1) - 1) ** 6 for v in (y, x))
        return np.asarray(np.outer(1 - fall_y, 1 - fall_x), np.float32)
    rng = np.random.default_rng([brain.seed, 6])
    wave = rng.normal(size=(2, 24))
    stripes = sum(
        wave[0, k] * np.sin(y * (k + 3) * 2e-4 * np.pi + 9 * wave[1, k] + 0.02 * z)
        for k in range(24)
    )
    fade = 1.06 - 0.12 * np.abs(2 * x / x[-1] - 1) ** 2
    return np.asarray(np.outer(1 + 0.010 * np.asarray(stripes), fade), np.float32)
