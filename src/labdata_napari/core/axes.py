"""The one place that knows axis order, µm ↔ pixel, xyz ↔ zyx, voxel centre ↔ edge.

Conventions
-----------
An *axes string* names the dimensions of an array in storage order, one letter
each: ``T`` time, ``P`` imaging plane, ``Z`` section, ``C`` channel, ``Y`` row,
``X`` column, ``S`` colour sample. Brains are ``"ZCYX"``, one-photon recordings
``"TCYX"``, two-photon recordings ``"TPCYX"``, videos ``"TYXS"``.

A *position* in pixels is the index of a voxel **centre**: voxel 0 has its centre
at 0.0 and its edges at -0.5 and +0.5. That is napari's convention, and the one
in which annotation points are stored. World coordinates in napari are
``position * um_per_pixel``: voxel 0 is centred on 0 µm.

*Edge micrometres*, used by atlases, put 0 µm on the outer edge of voxel 0, whose
centre therefore lies at half a voxel. Mixing the two shifts everything by half a
voxel, which is why the conversions live here and nowhere else.

*Points* are ``(N, 3)`` in z, y, x. Names such as ``xyz`` in the database are
historical: what is stored there is in the order of the stored array's axes, which
for brains is z, y, x. `reverse_axes` turns real x, y, z into z, y, x and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SPATIAL = "ZYX"
KNOWN = "TPZCYXS"
BRAIN = "ZCYX"
RECORDING = "TCYX"
PLANES = "TPCYX"
VIDEO = "TYXS"

_UM_PER_UNIT = {
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "cm": 1e4,
    "centimeter": 1e4,
    "centimetre": 1e4,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "µm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "micrometers": 1.0,
    "micrometres": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "å": 1e-4,
    "angstrom": 1e-4,
    "pm": 1e-6,
    "inch": 25400.0,
    "in": 25400.0,
}


def check_axes(axes: str) -> str:
    """Return `axes` in upper case if it is a usable axes string.

    Raises
    ------
    InvalidValue
        If a letter is unknown or repeated, or Y and X are not both there.
    """
    upper = axes.upper()
    unknown = sorted(set(upper) - set(KNOWN))
    if unknown:
        raise InvalidValue(
            f"Axes {axes!r} hold the unknown letter {unknown[0]!r}; "
            f"use letters of {KNOWN} such as {BRAIN!r}."
        )
    if len(set(upper)) != len(upper):
        raise InvalidValue(f"Axes {axes!r} name one axis twice; name each once.")
    if not {"Y", "X"} <= set(upper):
        raise InvalidValue(f"Axes {axes!r} lack Y or X; an image needs both.")
    return upper


def spatial_axes(axes: str) -> str:
    """Spatial letters of an axes string, in its order: ``"ZCYX"`` → ``"ZYX"``."""
    return "".join(letter for letter in axes if letter in SPATIAL)


def permutation(axes: str, wanted: str) -> tuple[int, ...]:
    """Return the `order` for which ``array.transpose(order)`` has axes `wanted`.

    Raises
    ------
    InvalidValue
        If the two strings do not hold the same letters.
    """
    if sorted(axes) != sorted(wanted):
        raise InvalidValue(f"Axes {axes!r} cannot be put in the order {wanted!r}.")
    return tuple(axes.index(letter) for letter in wanted)


def um_along(axes: str, um: Sequence[float] | None) -> tuple[float, ...] | None:
    """Spread one µm value per *spatial* axis over all axes, 1.0 for the others.

    ``um_along("ZCYX", (25, 10, 10))`` → ``(25.0, 1.0, 10.0, 10.0)``.
    """
    if um is None:
        return None
    spatial = spatial_axes(axes)
    values = dict(zip(spatial, checked_um(um, spatial), strict=True))
    return tuple(values.get(letter, 1.0) for letter in axes)


def checked_um(um: Sequence[float], spatial: str) -> tuple[float, ...]:
    """Return `um` as floats, one positive finite value per letter of `spatial`.

    A stack whose depth is unknown to the table may come with three values for two
    spatial axes (or the reverse); that is an error here, never a silent cut.

    Raises
    ------
    InvalidValue
        If there are too few or too many values, or one is not positive.
    """
    try:
        values = tuple(float(v) for v in np.ravel(np.asarray(um, dtype=np.float64)))
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"µm per pixel {um!r} are not numbers.") from error
    if len(values) != len(spatial):
        raise InvalidValue(
            f"{len(values)} values of µm per pixel for the {len(spatial)} spatial axes "
            f"{', '.join(spatial.lower())}; give one each."
        )
    if not all(np.isfinite(v) and v > 0 for v in values):
        raise InvalidValue(
            f"µm per pixel {values} must all be finite and greater than zero."
        )
    return values


def um_from_unit(value: float, unit: str | None) -> float | None:
    r"""Length in µm, or None where the unit is missing or no length.

    Understands what OME, OME-Zarr, ImageJ and TIFF write: ``µm`` with either
    Unicode sign, ``\u00B5m`` as ImageJ escapes it, ``micron``, ``nm``, ``mm``…
    """
    if unit is None:
        return None
    text = unit.strip().replace("\\u00b5", "µ").replace("\\u00B5", "µ")
    text = text.replace("\u03bc", "µ").replace("Âµ", "µ").lower()
    factor = _UM_PER_UNIT.get(text)
    if factor is None or not np.isfinite(value) or value <= 0:
        return None
    return float(value) * factor


def index_to_um(
    position: ArrayLike, um_per_pixel: Sequence[float]
) -> NDArray[np.float64]:
    """World µm of positions in pixels; voxel 0 is centred on 0 µm (as in napari)."""
    return np.asarray(position, np.float64) * np.asarray(um_per_pixel, np.float64)


def um_to_index(um: ArrayLike, um_per_pixel: Sequence[float]) -> NDArray[np.float64]:
    """Positions in pixels (voxel centres) of world µm; inverse of `index_to_um`."""
    return np.asarray(um, np.float64) / np.asarray(um_per_pixel, np.float64)


def index_to_edge_um(
    position: ArrayLike, um_per_pixel: Sequence[float]
) -> NDArray[np.float64]:
    """Edge µm (atlas convention) of positions in pixels: ``(position + ½) * µm``."""
    return (np.asarray(position, np.float64) + 0.5) * np.asarray(
        um_per_pixel, np.float64
    )


def edge_um_to_index(
    um: ArrayLike, um_per_pixel: Sequence[float]
) -> NDArray[np.float64]:
    """Positions in pixels of edge µm; inverse of `index_to_edge_um`."""
    return np.asarray(um, np.float64) / np.asarray(um_per_pixel, np.float64) - 0.5


def nearest_voxel(position: ArrayLike) -> NDArray[np.int64]:
    """Index of the voxel that holds a position: halves go up, never truncated."""
    return np.floor(np.asarray(position, np.float64) + 0.5).astype(np.int64)


def reverse_axes(points: ArrayLike) -> NDArray[np.float64]:
    """Turn points ``(N, D)`` in x, y, z into z, y, x, and the reverse."""
    return np.asarray(points, np.float64)[..., ::-1].copy()


def level_scale(
    shape: Sequence[int], level_shape: Sequence[int], um: Sequence[float]
) -> tuple[float, ...]:
    """µm per pixel of a pyramid level that spans the same edges as level 0."""
    return tuple(
        u * (n / m if m else 1.0)
        for n, m, u in zip(shape, level_shape, um, strict=True)
    )


def level_translate(
    shape: Sequence[int], level_shape: Sequence[int], um: Sequence[float]
) -> tuple[float, ...]:
    """World µm of voxel 0's centre of a pyramid level.

    Level 0's voxel 0 is centred on 0 µm. A level that halves an axis has its first
    centre half a fine voxel further, ``(2**level - 1) / 2`` voxels in general.
    """
    scales = level_scale(shape, level_shape, um)
    return tuple((s - u) / 2 for s, u in zip(scales, um, strict=True))
