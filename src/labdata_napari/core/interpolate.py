"""One interpolation of a window, and how its values become the result's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from labdata_napari.core.reduce import working_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray


def interpolate(
    data: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
    order: int,
) -> NDArray[Any]:
    """Sample `data` at matrix @ index + offset for every index of an output shape.

    Parameters
    ----------
    data
        (z, y, x) voxels; outside of them everything is 0.
    matrix, offset
        (3, 3) and (3,); output index to data index, voxel centres.
    shape
        Of the output.
    order
        1 for linear interpolation, 3 for cubic splines.

    Returns
    -------
    ndarray
        Float values; where every sample is a voxel's centre, a view of the voxels.
    """
    indices = _plain_indices(matrix, offset, shape, data.shape)
    if indices is not None:
        axes, slices = indices
        return data[slices].transpose(axes)
    still = _still_axis(matrix, offset)
    if still is not None:
        return _by_planes(data, matrix, offset, shape, order, *still)
    return np.asarray(
        ndimage.affine_transform(
            data,
            matrix,
            offset,
            output_shape=tuple(int(n) for n in shape),
            output=working_dtype(data.dtype),
            order=order,
            mode="constant",
        )
    )


def _still_axis(
    matrix: NDArray[np.float64], offset: NDArray[np.float64]
) -> tuple[int, int] | None:
    """Give a data axis and the output axis that alone walks it, in whole voxels."""
    whole = (matrix == np.rint(matrix)).all(axis=1) & (offset == np.rint(offset))
    for axis in np.flatnonzero(whole):
        (along,) = np.nonzero(matrix[axis])
        if len(along) == 1 and np.count_nonzero(matrix[:, along[0]]) == 1:
            return int(axis), int(along[0])
    return None


def _by_planes(
    data: NDArray[Any],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
    order: int,
    axis: int,
    along: int,
) -> NDArray[Any]:
    """Interpolate plane by plane: the same values, from half as many neighbours."""
    out = np.zeros(tuple(int(n) for n in shape), working_dtype(data.dtype))
    flat = np.delete(np.delete(matrix, axis, 0), along, 1)
    start = np.delete(offset, axis)
    planes = np.moveaxis(data, axis, 0)
    first, step = int(offset[axis]), int(matrix[axis, along])
    for number, target in enumerate(np.moveaxis(out, along, 0)):
        index = first + step * number
        if 0 <= index < len(planes):
            ndimage.affine_transform(
                planes[index], flat, start, output=target, order=order, mode="constant"
            )
    return out


def _plain_indices(
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: NDArray[np.intp],
    available: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[slice, ...]] | None:
    """Give the slices and the axis order, where every sample is a voxel's centre."""
    used = matrix != 0
    if not (np.all(used.sum(axis=0) == 1) and np.all(used.sum(axis=1) == 1)):
        return None
    if np.any(matrix != np.rint(matrix)) or np.any(offset != np.rint(offset)):
        return None
    axes = used.argmax(axis=0)  # data axis of each output axis
    slices = [slice(None)] * 3
    for k, axis in enumerate(axes):
        first, step = int(offset[axis]), int(matrix[axis, k])
        last = first + step * (int(shape[k]) - 1)
        if min(first, last) < 0 or max(first, last) >= available[axis]:
            return None
        beyond = last + (1 if step > 0 else -1)
        slices[axis] = slice(first, None if beyond < 0 else beyond, step)
    return tuple(int(a) for a in axes), tuple(slices)


def store(values: NDArray[Any], target: NDArray[Any]) -> None:
    """Write values into the result; whole-number types get them rounded and clipped.

    Halves go to the even neighbour; what is not a number becomes 0.
    """
    if target.dtype.kind == "f" or values.dtype == target.dtype:
        target[...] = values
        return
    limits = np.iinfo(target.dtype)
    low, high = limits.min, limits.max
    if values.dtype.kind == "f":
        if target.dtype.itemsize > 2:  # float32 cannot hold the limits of these
            values = values.astype(np.float64)
        values = np.rint(values)
        if np.isnan(values.min()):
            values[np.isnan(values)] = 0
    else:
        values = values.astype(np.uint8) if values.dtype.kind == "b" else values
        held = np.iinfo(values.dtype)
        low, high = max(low, held.min), min(high, held.max)
    np.copyto(target, np.clip(values, low, high), casting="unsafe")
