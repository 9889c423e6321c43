"""What the stored transform parameters mean: one affine and one output grid.

A row of FixedBrainTransformParameters is applied in this order, always:
downsample, rotate (in the y-x plane, then z-x, then z-y, then the flips), crop,
transpose, cast. Everything but the cast is geometry, so it composes into one
4x4 matrix from output voxel to input voxel; the pixels are then read once
(`labdata_napari.core.resample`) instead of once per step.

Indices are voxel centres, in z, y, x order, as everywhere in the core.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import cosdg, sindg

from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Affine = NDArray[np.float64]

__all__ = ["AXES", "Plan", "TransformParameters", "plan"]

AXES = "ZCYX"
_AXIS_WORDS = ("z", "channel", "y", "x")
_SPATIAL = (0, 2, 3)  # positions of z, y, x in a (Z, C, Y, X) stack

# In the order they are applied: position in `rotate`, the two spatial axes turned
# into one another, and the words a person understands. The stored names are
# misleading ("anglez" does not turn about z), so messages name the plane.
_ROTATIONS = ((2, (1, 2), "y-x"), (1, (0, 2), "z-x"), (0, (0, 1), "z-y"))


@dataclass(frozen=True, eq=False)
class Plan:
    """Where every voxel of the result comes from; made by `plan`.

    Attributes
    ----------
    affine
        (4, 4); homogeneous output index (the three spatial axes in output order)
        to input index (z, y, x), voxel centres.
    grid_affine
        (4, 4); the same to the index in the downsampled stack.
    shape_in, shape_grid, shape_out
        (Z, C, Y, X) of the input and of the downsampled stack; shape of the result
        in its own axis order.
    channels
        Input channel of each output channel.
    transpose
        Axis of the (Z, C, Y, X) stack that each output axis is.
    axes_out
        The same in letters: "YCXZ" for (2, 1, 3, 0).
    step
        Input voxels from one voxel of the downsampled stack to the next (z, y, x).
    um_per_pixel_out
        Pitch of the three spatial output axes, in output order; None if unknown.
    cast
        Name of the output type, None for the input's own.
    """

    affine: Affine
    grid_affine: Affine
    shape_in: tuple[int, int, int, int]
    shape_grid: tuple[int, int, int, int]
    shape_out: tuple[int, int, int, int]
    channels: tuple[int, ...]
    transpose: tuple[int, int, int, int]
    axes_out: str
    step: tuple[float, float, float]
    um_per_pixel_out: tuple[float, float, float] | None
    cast: str | None

    @property
    def channel_axis(self) -> int:
        """Where the channels are in the result."""
        return self.transpose.index(1)

    @property
    def spatial_shape_out(self) -> tuple[int, int, int]:
        """Shape of one channel of the result, in output order."""
        z, y, x = (n for k, n in enumerate(self.shape_out) if k != self.channel_axis)
        return z, y, x

    def points_to_source(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map result pixels to input pixels.

        Parameters
        ----------
        points
            (N, 3), the spatial axes in the result's order, voxel centres.

        Returns
        -------
        ndarray
            (N, 3) in z, y, x pixels of the input.

        Raises
        ------
        InvalidValue
            When `points` is not (N, 3).
        """
        return _apply(self.affine, points)

    def points_to_result(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map input pixels (N, 3) in z, y, x to result pixels; see the inverse."""
        return _apply(np.linalg.inv(self.affine), points)

    def on_level(self, level_shape: Sequence[int], coarser: int = 1) -> Plan:
        """Plan the same result from a pyramid level, or on a coarser grid.

        Parameters
        ----------
        level_shape
            (Z, C, Y, X) of the level, which spans the same edges as the input.
        coarser
            The result gets 1 / `coarser` of the voxels per axis (rounded up), and
            spans the same edges as before.

        Returns
        -------
        Plan
            Of a stack of shape `level_shape`, which is sampled as it is: its points
            are pixels of the level. With `coarser` 1 the result's are unchanged.

        Raises
        ------
        InvalidValue
            When the level has other channels, or `coarser` is below 1.
        """
        level = _as_shape(level_shape)
        if level[1] != self.shape_in[1] or coarser < 1:
            raise InvalidValue(
                f"A level of shape {level} cannot stand for a stack of shape "
                f"{self.shape_in} at 1 / {coarser} of the size."
            )
        shape = [-(-n // coarser) for n in self.shape_out]
        shape[self.channel_axis] = len(self.channels)
        a, b, c, d = shape
        spatial = tuple(n for k, n in enumerate(shape) if k != self.channel_axis)
        to_level = _same_edges(level, self.shape_in, _SPATIAL)
        to_fine = _same_edges(self.spatial_shape_out, spatial, (0, 1, 2))
        affine = to_level @ self.affine @ to_fine
        um = self.um_per_pixel_out
        if um is not None:
            pairs = zip(um, self.spatial_shape_out, spatial, strict=True)
            z, y, x = (u * n / m for u, n, m in pairs)
            um = (z, y, x)
        return replace(
            self,
            affine=affine,
            grid_affine=affine,
            shape_in=level,
            shape_grid=level,
            shape_out=(a, b, c, d),
            step=(1.0, 1.0, 1.0),
            um_per_pixel_out=um,
        )


def plan(
    shape: Sequence[int],
    um_per_pixel: ArrayLike | None,
    parameters: TransformParameters,
) -> Plan:
    """Work out the geometry of a transform, without touching any pixel.

    Parameters
    ----------
    shape
        (Z, C, Y, X) of the input.
    um_per_pixel
        Input pitch (z, y, x) in µm, or None when unknown.
    parameters
        What to do.

    Returns
    -------
    Plan
        `um_per_pixel_out` is exact: the true step of the downsampled grid,
        (n_in - 1) / (n_out - 1) and not 1 / ratio, times the crop's step,
        permuted like the axes.

    Raises
    ------
    InvalidValue
        When the parameters cannot be applied to a stack of this shape: nothing is
        left, channels would be blended, or a single plane be turned out of itself.
    """
    shape_in = _as_shape(shape)
    um = _as_um(um_per_pixel)
    shape_grid = _grid_shape(shape_in, parameters.downsample)
    step = np.array(
        [_step(shape_in[axis], shape_grid[axis]) for axis in _SPATIAL], dtype=float
    )
    kept = _kept(shape_grid, parameters.crop)
    transpose = parameters.transpose or (0, 1, 2, 3)

    cut = np.eye(4)
    for k, axis in enumerate(_SPATIAL):
        cut[k, k], cut[k, 3] = kept[axis].step, kept[axis].start
    order = [_SPATIAL.index(axis) for axis in transpose if axis != 1]
    permutation = np.zeros((4, 4))
    permutation[3, 3] = 1
    permutation[order, [0, 1, 2]] = 1

    turned = _rotation([shape_grid[axis] for axis in _SPATIAL], parameters.rotate)
    grid_affine = turned @ cut @ permutation
    pitch = None
    if um is not None:
        pitch_zyx = [
            float(um[k] * step[k] * abs(kept[axis].step))
            for k, axis in enumerate(_SPATIAL)
        ]
        pitch = (pitch_zyx[order[0]], pitch_zyx[order[1]], pitch_zyx[order[2]])
    a, b, c, d = (len(kept[axis]) for axis in transpose)
    return Plan(
        affine=np.diag([*step, 1.0]) @ grid_affine,
        grid_affine=grid_affine,
        shape_in=shape_in,
        shape_grid=shape_grid,
        shape_out=(a, b, c, d),
        channels=tuple(kept[1]),
        transpose=transpose,
        axes_out="".join(AXES[axis] for axis in transpose),
        step=(float(step[0]), float(step[1]), float(step[2])),
        um_per_pixel_out=pitch,
        cast=parameters.cast,
    )


# --- geometry ---------------------------------------------------------------------


def _grid_shape(
    shape: tuple[int, int, int, int],
    downsample: tuple[float, float, float, float] | None,
) -> tuple[int, int, int, int]:
    if downsample is None:
        return shape
    # Python's round, half to even: the rule of scipy.ndimage.zoom.
    z, c, y, x = (round(n * r) for n, r in zip(shape, downsample, strict=True))
    for axis, n in enumerate((z, c, y, x)):
        if n < 1:
            raise InvalidValue(
                f"Downsampling {shape[axis]} voxels along {_AXIS_WORDS[axis]} by "
                f"{downsample[axis]:g} leaves none; use a larger ratio."
            )
    if c != shape[1]:
        raise InvalidValue(
            f"A downsample ratio of {downsample[1]:g} would blend {shape[1]} channels "
            f"into {c}; set it to 1 and choose channels with the crop instead."
        )
    return z, c, y, x


def _step(n_in: int, n_out: int) -> float:
    """Input voxels per output voxel when the end centres stay where they are."""
    return (n_in - 1) / (n_out - 1) if n_out > 1 else 1.0


def _kept(
    shape: tuple[int, int, int, int], crop: tuple[Any, ...] | None
) -> list[range]:
    kept = []
    for axis, n in enumerate(shape):
        part = None if crop is None else crop[axis]
        indices = range(n) if part is None else range(*slice(*part).indices(n))
        if not indices:
            text = ":".join("" if v is None else str(v) for v in part or ())
            raise InvalidValue(
                f"The crop [{text}] along {_AXIS_WORDS[axis]} leaves nothing of "
                f"{n} voxels; choose a range inside 0 to {n}."
            )
        kept.append(indices)
    return kept


def _rotation(
    grid: Sequence[int], rotate: tuple[float, float, float, bool, bool] | None
) -> Affine:
    """(4, 4); index after rotation and flips to index before, both z, y, x."""
    matrix = np.eye(4)
    if rotate is None:
        return matrix
    # The output-to-input matrix of the first step applied stands leftmost.
    for position, plane, words in _ROTATIONS:
        angle = float(rotate[position])
        if angle == 0:
            continue
        if angle % 180 and min(grid[axis] for axis in plane) == 1:
            raise InvalidValue(
                f"A stack of z, y, x = {', '.join(map(str, grid))} voxels cannot "
                f"be turned by {angle:g}° in the {words} plane: it is one voxel thin."
            )
        matrix = matrix @ _rotation_in_plane(grid, angle, plane)
    for flipped, axis in ((rotate[3], 2), (rotate[4], 1)):
        if flipped:
            mirror = np.eye(4)
            mirror[axis, axis], mirror[axis, 3] = -1, grid[axis] - 1
            matrix = matrix @ mirror
    return matrix


def _rotation_in_plane(
    grid: Sequence[int], angle: float, plane: tuple[int, int]
) -> Affine:
    """As scipy.ndimage.rotate(reshape=False): about the centre, exact at 90°."""
    a, b = plane
    cosine, sine = float(cosdg(angle)), float(sindg(angle))
    matrix = np.eye(4)
    matrix[a, a] = matrix[b, b] = cosine
    matrix[a, b], matrix[b, a] = sine, -sine
    centre = (np.asarray(grid, dtype=float) - 1) / 2
    matrix[:3, 3] = centre - matrix[:3, :3] @ centre
    return matrix


def _same_edges(
    target: Sequence[int], source: Sequence[int], axes: Sequence[int]
) -> Affine:
    """(4, 4); voxel centre in `source` to the same place in `target`."""
    matrix = np.eye(4)
    for k, axis in enumerate(axes):
        ratio = target[axis] / source[axis]
        matrix[k, k], matrix[k, 3] = ratio, (ratio - 1) / 2
    return matrix


def _apply(matrix: NDArray[Any], points: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise InvalidValue(
            f"Points must be an (N, 3) array, one row per point; got {array.shape}."
        )
    return np.asarray(array @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


# --- checks ---
def _as_shape(shape: Sequence[int]) -> tuple[int, int, int, int]:
    values = tuple(int(n) for n in shape)
    if len(values) != 4 or min(values) < 1:
        raise InvalidValue(
            f"A stack to transform has four axes (Z, C, Y, X) of at least one voxel; "
            f"this one has shape {values}."
        )
    return values


def _as_um(um_per_pixel: ArrayLike | None) -> NDArray[np.float64] | None:
    if um_per_pixel is None:
        return None
    try:
        um = np.asarray(um_per_pixel, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidValue(
            f"The voxel size must be three numbers in µm; got {um_per_pixel!r}."
        ) from error
    if um.shape != (3,) or not np.all(np.isfinite(um)) or np.any(um <= 0):
        raise InvalidValue(
            "The voxel size must be three positive numbers in µm (z, y, x); "
            f"got {um_per_pixel!r}."
        )
    return um
