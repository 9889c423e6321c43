"""Random transform parameters, and the chain of scipy calls that labdata makes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from labdata_napari.core.transform import TransformParameters, plan
from labdata_napari.errors import InvalidValue

ANGLES = (0, 2, -3, 5.5, 30, 90, -45, 180)


def random_case(
    rng: np.random.Generator,
) -> tuple[tuple[int, ...], TransformParameters]:
    """Draw a stack shape and parameters that leave something of it."""
    shape = (
        int(rng.integers(18, 40)),
        int(rng.integers(1, 4)),
        int(rng.integers(18, 45)),
        int(rng.integers(18, 45)),
    )
    downsample = None
    if rng.random() < 0.85:
        downsample = [float(r) for r in rng.uniform(0.25, 1.2, 4)]
        downsample[1] = 1
    rotate = None
    if rng.random() < 0.85:
        flips = [bool(flip) for flip in rng.random(2) < 0.5]
        rotate = [float(a) for a in rng.choice(ANGLES, 3)] + flips
    transpose = None
    if rng.random() < 0.7:
        transpose = [int(axis) for axis in rng.permutation(4)]
    for _ in range(100):
        crop = None if rng.random() < 0.3 else [_random_slice(rng, n) for n in shape]
        parameters = TransformParameters(downsample, rotate, crop, transpose)
        try:
            plan(shape, None, parameters)
        except InvalidValue:
            continue  # cropped to nothing: draw again
        return shape, parameters
    raise AssertionError("no crop left anything")


def _random_slice(rng: np.random.Generator, n: int) -> list[int | None] | None:
    kind = rng.random()
    if kind < 0.25:
        return None
    if kind < 0.4:
        return [None, int(rng.integers(1, n + 9))]
    if kind < 0.55:
        return [-int(rng.integers(1, n + 1)), None]
    if kind < 0.75:
        return [None, None, -int(rng.integers(1, 3))]
    start = int(rng.integers(0, max(1, n // 4)))
    return [start, int(rng.integers(start + 1, n + 9)), int(rng.integers(1, 4))]


def labdata_chain(stack: np.ndarray, parameters: TransformParameters) -> np.ndarray:
    """Do what labdata does, one scipy call per step, order 1, in the stack's dtype."""
    result: Any = stack
    if parameters.downsample is not None:
        z, c, y, x = parameters.downsample
        result = np.stack([ndimage.zoom(f, (c, y, x), order=1) for f in result])
        channels = [
            ndimage.zoom(result[:, k], (z, 1, 1), order=1)
            for k in range(result.shape[1])
        ]
        result = np.stack(channels, axis=1)
    if parameters.rotate is not None:
        angle_z, angle_y, angle_x, flip_x, flip_y = parameters.rotate
        volumes = list(np.moveaxis(result, 1, 0))
        for angle, axes in (
            (angle_x, (1, 2)),
            (angle_y, (0, 2)),
            (angle_z, (0, 1)),
        ):
            if angle:
                volumes = [
                    ndimage.rotate(v, angle, axes, reshape=False, order=1)
                    for v in volumes
                ]
        result = np.stack(volumes, axis=1)
        if flip_x:
            result = result[..., ::-1]
        if flip_y:
            result = result[..., ::-1, :]
    if parameters.crop is not None:
        result = result[tuple(slice(*(part or (None,))) for part in parameters.crop)]
    if parameters.transpose is not None:
        result = result.transpose(parameters.transpose)
    return np.ascontiguousarray(result)


def output_indices(shape: tuple[int, ...], channel_axis: int) -> np.ndarray:
    """(N, 3) index of every voxel of one channel of the result."""
    spatial = [n for k, n in enumerate(shape) if k != channel_axis]
    grids = np.meshgrid(*(np.arange(n, dtype=float) for n in spatial), indexing="ij")
    return np.stack([grid.ravel() for grid in grids], axis=1)
