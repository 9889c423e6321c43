"""Where the brain's surface is, from one channel of its stack.

A coarse copy of the channel is smoothed and cut at a threshold; the largest piece,
its holes and narrow cracks filled, is the brain: ventricles and dark tracts are
inside, specks of dirt outside. Between coarse voxels the surface lies where the
linearly interpolated brightness passes the threshold, so it is known more finely than
the voxels are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from labdata_napari.core.lines import clipped
from labdata_napari.core.places import as_pitch
from labdata_napari.core.progress import Progress, silent
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

COARSE_UM = 50.0
"""Voxel size of the copy in which the surface is looked for."""

_MOST_VOXELS = 1 << 25
_SMOOTH = 0.8  # coarse voxels, sigma
_BINS = 256
_BRIGHTEST = 99.0  # percent; dye and labelled cells say nothing about the surface
_RUN_UM = 150.0  # of tissue in a row that make a brain; dirt and vessels are smaller
_CLOSED_UM, _DEEP_UM = 200.0, 150.0
_DEEP_GRID_UM = 100.0
_SNAP_UM = (300.0, 1000.0, 3000.0, math.inf)


@dataclass(frozen=True, eq=False)
class BrainSurface:
    """The surface of a brain; answers in pixels of the stack that points are in.

    Attributes
    ----------
    field
        (Z, Y, X) float32, coarse: positive in the brain, negative outside of it.
    um
        (3,) size of its voxels. Its outer edges at index 0 are those of the stack.
    um_per_pixel
        (3,) pitch of the stack.
    threshold
        Brightness that tells tissue from background.
    outside
        What `field` is beyond the stack.
    """

    field: NDArray[np.float32]
    um: Array
    um_per_pixel: Array
    threshold: float
    outside: float

    def on_grid(self, um_per_pixel: ArrayLike) -> BrainSurface:
        """Return the same surface for points in pixels of another size.

        Made from a level of a pyramid, it serves points of the whole stack so: both
        begin at the same edge.
        """
        return replace(self, um_per_pixel=as_pitch(um_per_pixel))

    def contains(self, points: ArrayLike) -> NDArray[np.bool_]:
        """Tell which points (N, 3) in pixels lie in the brain."""
        places = self._to_coarse(np.asarray(points, np.float64).reshape(-1, 3))
        return np.asarray(self._values(places) > 0)

    def entry_along(self, tip: ArrayLike, towards_um: ArrayLike) -> Array | None:
        """Find where a track enters the brain.

        The line is followed from outside: the first tissue of 150 µm or more counts,
        so neither dirt above the brain nor a ventricle below the surface does.

        Parameters
        ----------
        tip
            (3,) pixels, the end of the track in the brain.
        towards_um
            (3,) direction in µm along the stack's axes in which it leaves the brain.

        Returns
        -------
        ndarray or None
            (3,) pixels; None where the line meets no brain. Where tissue goes on to
            the edge of the stack, that edge.
        """
        start = self._to_coarse(np.asarray(tip, np.float64))
        way = np.asarray(towards_um, np.float64) / self.um
        if not (np.isfinite(start).all() and np.isfinite(way).all() and way.any()):
            return None
        way = way / np.linalg.norm(way * self.um)  # coarse voxels per µm
        shape = np.array(self.field.shape, np.float64)
        far = start + way * float(np.linalg.norm(shape * self.um) * 2)
        piece = clipped(start, far, np.full(3, -1.0), shape)
        if piece is None:
            return None
        step = float(self.um.min()) / 2
        length = float(np.linalg.norm((piece[1] - piece[0]) * self.um))
        places = piece[0] + np.arange(0, length + step, step)[:, None] * way
        values = self._values(places)
        last = _outermost(values > 0, max(1, math.ceil(_RUN_UM / step)))
        if last is None:
            return None
        share = 0.0
        if last + 1 < len(values):
            share = values[last] / (values[last] - values[last + 1])
        return self._to_pixels(places[last] + share * step * way)

    def snap(self, point: ArrayLike) -> Array | None:
        """Find the place on the surface that is nearest to a point.

        Parameters
        ----------
        point
            (3,) pixels, in the brain or outside of it.

        Returns
        -------
        ndarray or None
            (3,) pixels; None when the stack shows no surface.
        """
        place = self._to_coarse(np.asarray(point, np.float64))
        if not np.isfinite(place).all():
            return None
        for radius in _SNAP_UM:
            found = self._crossings(place, radius)
            if not len(found):
                continue
            distances = np.linalg.norm((found - place) * self.um, axis=1)
            nearest = int(np.argmin(distances))
            if distances[nearest] <= radius:
                return self._to_pixels(found[nearest])
        return None

    def _crossings(self, place: Array, radius: float) -> Array:
        """Return places (N, 3) on the surface in a box, in coarse indices."""
        shape = np.array(self.field.shape)
        reach = np.minimum(radius / self.um + 2, shape)
        low = np.clip(np.floor(place - reach), 0, shape - 1).astype(int)
        high = np.clip(np.ceil(place + reach), low, shape - 1).astype(int) + 1
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        values = self.field[box].astype(np.float64)
        found = []
        for axis in range(3):
            before = np.moveaxis(values, axis, 0)[:-1]
            after = np.moveaxis(values, axis, 0)[1:]
            at = np.argwhere((before > 0) != (after > 0)).astype(np.float64)
            index = tuple(at.astype(int).T)
            at[:, 0] += before[index] / (before[index] - after[index])
            found.append(np.insert(at[:, 1:], axis, at[:, 0], axis=1))
        return np.asarray(np.concatenate(found) + low)

    def _values(self, places: Array) -> Array:
        values = ndimage.map_coordinates(
            self.field, places.T, order=1, mode="grid-constant", cval=self.outside
        )
        return np.asarray(values, np.float64)

    def _to_coarse(self, points: Array) -> Array:
        return np.asarray((points + 0.5) * self.um_per_pixel / self.um - 0.5)

    def _to_pixels(self, places: Array) -> Array:
        return np.asarray((places + 0.5) * self.um / self.um_per_pixel - 0.5)


def brain_surface(
    volume: Any,
    um_per_pixel: ArrayLike,
    *,
    target_um: float = COARSE_UM,
    threshold: float | None = None,
    progress: Progress = silent,
) -> BrainSurface:
    """Find the surface of a brain.

    Parameters
    ----------
    volume
        (Z, Y, X), lazily read: one plane of every coarse voxel along the first axis.
        The channel that shows anatomy, not that of the dye, which spreads above the
        brain. A coarse level of a pyramid is enough.
    um_per_pixel
        (3,) pitch of this volume in µm.
    target_um
        Size of the coarse voxels; larger where the brain would not fit in memory.
    threshold
        Brightness that tells tissue from background; by default Otsu's.
    progress
        Told planes read of all; what it raises ends the work.

    Raises
    ------
    InvalidValue
        When the volume has other than three axes, or a number makes no sense.
    """
    pitch = as_pitch(um_per_pixel)
    shape = tuple(int(n) for n in volume.shape)
    if len(shape) != 3 or 0 in shape:
        raise InvalidValue(
            f"A brain's surface is looked for in one channel (Z, Y, X), not {shape}."
        )
    if not (math.isfinite(target_um) and target_um > 0):
        raise InvalidValue(f"A voxel cannot have the size {target_um} µm.")
    factors = _factors(shape, pitch, target_um)
    coarse = _coarse(volume, factors, progress)
    limit = otsu(coarse) if threshold is None else float(threshold)
    field = _field(coarse, limit, pitch * factors)
    outside = -max(float(np.abs(field).max()), 1.0)
    return BrainSurface(field, pitch * factors, pitch, limit, outside)


def otsu(values: ArrayLike) -> float:
    """Return the brightness that parts two classes best.

    By the largest variance between them (Otsu 1979, IEEE Trans SMC 9:62), on square
    roots, in which the noise of photons is alike everywhere, and with the brightest
    percent counted as less bright than it is.
    """
    flat = np.asarray(values, np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not len(flat):
        return 0.0
    low, high = float(flat.min()), float(np.percentile(flat, _BRIGHTEST))
    if high <= low:
        return low
    roots = np.sqrt(np.clip(flat, low, high) - low)
    counts, edges = np.histogram(roots, _BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    # Between two clear classes every cut is as good: take the middle one.
    best = np.flatnonzero(between[:-1] >= np.nanmax(between[:-1]) * (1 - 1e-9))
    return low + float(edges[1:][best].mean()) ** 2


def _outermost(inside: NDArray[np.bool_], run: int) -> int | None:
    """Return the last index of the last run of tissue that is long enough.

    A run that begins at the tip may be shorter: the track may be shallow.
    """
    edges = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    enough = (ends - starts >= run) | (starts == 0)
    return int(ends[enough][-1]) - 1 if enough.any() else None


def _factors(shape: tuple[int, ...], pitch: Array, target_um: float) -> Array:
    while True:
        factors = np.clip(np.floor(target_um / pitch + 1e-6), 1, shape)
        if math.prod(np.ceil(np.array(shape) / factors)) <= _MOST_VOXELS:
            return np.asarray(factors, np.float64)
        target_um *= 1.26


def _coarse(volume: Any, factors: Array, progress: Progress) -> NDArray[np.float32]:
    step, *plane = (int(f) for f in factors)
    n = volume.shape[0]
    starts = range(0, n, step)
    planes = []
    for done, start in enumerate(starts):
        progress(done, len(starts))
        middle = start + (min(step, n - start) - 1) // 2
        planes.append(_means(np.asarray(volume[middle], np.float32), plane))
    progress(len(starts), len(starts))
    return np.nan_to_num(np.stack(planes))


def _means(plane: NDArray[np.float32], factors: list[int]) -> NDArray[np.float32]:
    """Average blocks; the last ones may be cut."""
    rows = np.arange(0, plane.shape[0], factors[0])
    columns = np.arange(0, plane.shape[1], factors[1])
    sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1)
    height = np.diff(np.r_[rows, plane.shape[0]])
    width = np.diff(np.r_[columns, plane.shape[1]])
    return np.asarray(sums / np.outer(height, width), np.float32)


def _field(
    coarse: NDArray[np.float32], threshold: float, um: Array
) -> NDArray[np.float32]:
    # Cut off as far above the threshold as the background lies below it, else bright
    # tissue and dye would spread outwards when smoothed.
    dark = coarse[coarse <= threshold]
    depth = threshold - float(np.median(dark)) if dark.size else threshold
    field = np.clip(coarse - np.float32(threshold), -depth, max(depth, 1e-6))
    field = np.asarray(
        ndimage.gaussian_filter(field.astype(np.float32), _SMOOTH), np.float32
    )
    bright = field > 0
    brain = _largest(ndimage.binary_opening(bright))
    if not brain.any():
        brain = _largest(bright)
    brain = _filled(ndimage.binary_dilation(brain) & bright)
    brain |= _deep(brain, um)
    some = np.float32(max(float(np.abs(field).mean()), 1e-6) / 2)
    field[brain & ~bright] = some
    field[bright & ~brain] = -some
    return field


def _deep(brain: NDArray[np.bool_], um: Array) -> NDArray[np.bool_]:
    """Tell what lies deep in the brain although it is dark and open to the outside.

    Cracks and ventricles of less than 400 µm are closed, then all counts that is
    150 µm below; so the surface itself stays where it was seen.
    """
    steps = [max(1, int(_DEEP_GRID_UM / size)) for size in um]
    small = brain[:: steps[0], :: steps[1], :: steps[2]]
    size = um * steps
    border = [math.ceil(_CLOSED_UM / s) + 1 for s in size]
    padded = np.pad(small, [(b, b) for b in border])
    near = ndimage.distance_transform_edt(~padded, sampling=size) <= _CLOSED_UM
    depth = ndimage.distance_transform_edt(_filled(near), sampling=size)
    inner = depth > _CLOSED_UM + _DEEP_UM
    for axis, (step, b) in enumerate(zip(steps, border, strict=True)):
        middle = np.arange(b, inner.shape[axis] - b)
        inner = inner.take(middle, axis=axis).repeat(step, axis=axis)
    z, y, x = brain.shape
    return np.asarray(inner[:z, :y, :x], np.bool_)


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Take in what is enclosed: `binary_fill_holes`, in a fifth of the time."""
    labels, count = ndimage.label(~mask)
    is_outside = np.zeros(count + 1, np.bool_)
    for axis in range(3):
        for face in (0, -1):
            is_outside[labels.take(face, axis=axis)] = True
    is_outside[0] = False
    return np.asarray(~is_outside[labels], np.bool_)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())
