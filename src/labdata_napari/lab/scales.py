"""µm per pixel as rows keep them, in the order of the stack's axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labdata_napari.core.axes import BRAIN, SPATIAL

if TYPE_CHECKING:
    from labdata_napari.core.transform import TransformParameters

# where z, y and x are in the four axes of a stored brain
_PLACES = (0, 2, 3)


def um_of_brain(value: Any) -> tuple[float, ...] | None:
    """µm of a brain along z, y, x; None where the row has none that can be used.

    Parameters
    ----------
    value
        What the blob holds: three numbers, four with one for the channel axis, or a
        single one for all.
    """
    um = _numbers(value)
    if len(um) == 1:
        um *= len(SPATIAL)
    if len(um) == 4:
        um = [um[place] for place in _PLACES]
    return tuple(um) if len(um) == len(SPATIAL) else None


def um_of_recording(value: Any) -> tuple[float, ...] | None:
    """µm of a recording along y, x; its row keeps x, y, or one number for both."""
    um = _numbers(value)
    if len(um) == 1:
        um *= 2
    return tuple(reversed(um)) if len(um) == 2 else None


def um_after_labdata(
    um: tuple[float, ...] | None, parameters: TransformParameters, n_channels: int
) -> tuple[float, ...] | None:
    """Correct the µm of a transform that labdata computed.

    labdata divides the source's µm by the ratios and stores that: it forgets the
    steps of the crop, and that `transpose` permutes the axes, and for a stack of
    one channel it leaves z as it was but divides all the same.

    Parameters
    ----------
    um
        From the row, in the order z, y, x of the source.
    parameters
        Of the transform.
    n_channels
        Of the source.

    Returns
    -------
    tuple of float
        In the order of the result's spatial axes.
    """
    if um is None:
        return None
    corrected = list(um)
    if parameters.downsample is not None and n_channels == 1:
        corrected[0] *= parameters.downsample[0]
    for axis, place in enumerate(_PLACES):
        part = None if parameters.crop is None else parameters.crop[place]
        if part is not None and part[2] is not None:
            corrected[axis] *= abs(part[2])
    order = parameters.transpose or range(4)
    return tuple(corrected[_PLACES.index(a)] for a in order if a in _PLACES)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Lengths of the four axes of a stored brain; None where there are none."""
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if array.size != len(BRAIN) or not np.isfinite(array).all():
        return None
    return tuple(int(n) for n in array.ravel())


def _numbers(value: Any) -> list[float]:
    if value is None:
        return []
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        return []
    if array.size > len(_PLACES) + 1:
        return []
    um = [float(v) for v in array.ravel()]
    return um if all(np.isfinite(v) and v > 0 for v in um) else []
