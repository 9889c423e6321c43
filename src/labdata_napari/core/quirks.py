"""What is off about a transform that labdata computed, and how to read it all the same.

labdata 0.1.25 leaves the planes of one-channel stacks as they are when it downsamples,
stores source µm / ratio as voxel size whatever the crop's steps and the transpose,
casts nothing, and writes an ImageJ TIFF under the name .ome.tif. What it computes loses
the last row, column or plane for some lengths and ratios (scipy issues 4922 and 6713).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.transform import plan
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.core.transform import Plan
    from labdata_napari.core.transform_parameters import TransformParameters

_NOTICEABLE = 0.005  # of a voxel size
# Words for an edge by the axis it lies across.
_EDGES = {0: "plane", 2: "row", 3: "column"}


@dataclass(frozen=True)
class Quirks:
    """How to read a transform, and what to tell the person about it.

    Attributes
    ----------
    words
        A sentence for everything that is off; empty where nothing is.
    shape
        Lengths of the stored array's axes; None where the row has none.
    axes
        Their letters by place: the spatial axes are Z, Y, X as they come.
    um_per_pixel
        True pitch of its spatial axes in their order; None where it is unknown.
    """

    words: tuple[str, ...]
    shape: tuple[int, ...] | None
    axes: str
    um_per_pixel: tuple[float, ...] | None


def labdata_quirks(
    row: Mapping[str, Any],
    parameters: TransformParameters,
    source_shape: Sequence[int],
    source_um: Sequence[float] | None,
    *,
    dtype: str | None = None,
    file_format: str | None = None,
) -> Quirks:
    """Compare a FixedBrainTransform row of labdata with what its parameters mean.

    Parameters
    ----------
    row
        With its ``shape`` and ``um_per_pixel``.
    parameters
        Of the transform.
    source_shape, source_um
        (Z, C, Y, X) of the brain, and its pitch (z, y, x) in µm or None.
    dtype, file_format
        Type of the voxels in the file, and its format as
        `labdata_napari.core.stacks.probe` tells it; None where not looked at.

    Returns
    -------
    Quirks
        Without a true pitch where shape and parameters disagree: then nobody knows
        what was computed.
    """
    shape = _numbers(row.get("shape"), 4)
    stored = None if shape is None else tuple(int(n) for n in shape)
    um = _numbers(row.get("um_per_pixel"), 3)
    words: list[str] = []
    axes = _axes(parameters)
    try:
        geometry = _computed(stored, parameters, source_shape, source_um)
    except InvalidValue as error:
        words.append(f"Its parameters fit the brain no more: {error}")
        return Quirks(tuple(words), stored, axes, None)
    if stored is not None and geometry.shape_out != stored:
        words.append(
            f"Its shape {_times(stored)} is not what its parameters give, "
            f"{_times(geometry.shape_out)}; the parameters or the brain were changed "
            "since, and its voxel size is not known."
        )
        return Quirks(tuple(words), stored, axes, None)
    words += _planes_left(geometry, parameters)
    words += _wrong_um(um, geometry)
    words += _lost_edges(geometry)
    words += _of_the_file(parameters, dtype, file_format)
    true = geometry.um_per_pixel_out
    return Quirks(tuple(words), geometry.shape_out, axes, true)


def _computed(
    stored: tuple[int, ...] | None,
    parameters: TransformParameters,
    source_shape: Sequence[int],
    source_um: Sequence[float] | None,
) -> Plan:
    """Give the geometry that explains the stored shape, labdata's own otherwise."""
    meant = plan(source_shape, source_um, parameters)
    if parameters.downsample is None or int(source_shape[1]) != 1:
        return meant
    _, c, y, x = parameters.downsample
    done = plan(source_shape, source_um, replace(parameters, downsample=(1.0, c, y, x)))
    return meant if stored == meant.shape_out != done.shape_out else done


def _planes_left(geometry: Plan, parameters: TransformParameters) -> list[str]:
    ratio = 1.0 if parameters.downsample is None else parameters.downsample[0]
    if ratio == 1 or geometry.shape_in[1] != 1 or geometry.step[0] != 1:
        return []
    return [
        f"Its planes were not downsampled by {ratio:g}: labdata leaves them as they "
        "are in a brain of one channel."
    ]


def _wrong_um(um: tuple[float, ...] | None, geometry: Plan) -> list[str]:
    true = geometry.um_per_pixel_out
    if true is None:
        return []
    if um is None:
        return [f"Its voxel size was not stored; it is {_um(true)} µm."]
    off = max(abs(a / b - 1) for a, b in zip(um, true, strict=True))
    if off < _NOTICEABLE:
        return []
    return [f"Its voxel size is stored as {_um(um)} µm; it is {_um(true)} µm."]


def _lost_edges(geometry: Plan) -> list[str]:
    lost = []
    for axis, name in _EDGES.items():
        n, m = geometry.shape_in[axis], geometry.shape_grid[axis]
        # scipy's zoom takes a sample outside, by rounding, for one outside
        if n != m and m > 1 and (n - 1) / (m - 1) * (m - 1) > n - 1:
            lost.append(name)
    if not lost:
        return []
    return [f"The last {' and '.join(lost)} before it was turned or cropped is empty."]


def _of_the_file(
    parameters: TransformParameters, dtype: str | None, file_format: str | None
) -> list[str]:
    words = []
    if parameters.cast is not None and dtype is not None:
        found = np.dtype(dtype).name
        if found != parameters.cast:
            words.append(f"It was not cast to {parameters.cast}; its type is {found}.")
    if file_format == "ImageJ TIFF":
        words.append(
            "Its file is an ImageJ TIFF without a voxel size, whatever its name says."
        )
    return words


def _axes(parameters: TransformParameters) -> str:
    letters = iter("ZYX")
    order = parameters.transpose or (0, 1, 2, 3)
    return "".join("C" if axis == 1 else next(letters) for axis in order)


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    try:
        array = np.asarray(value, np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        return None
    if array.size != count or not np.isfinite(array).all() or np.any(array <= 0):
        return None
    return tuple(float(v) for v in array)


def _times(shape: Sequence[int]) -> str:
    return " × ".join(str(n) for n in shape)


def _um(um: Sequence[float]) -> str:
    return " × ".join(f"{v:.4g}" for v in um)
