"""Parameters that yield what the usual tools for atlas registration expect.

That is the same voxel size along every axis, 10 or 25 µm, planes from anterior to
posterior, rows from dorsal to ventral, columns from right to left ("asr", the order
of the Allen and BrainGlobe atlases), and both hemispheres or one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labdata_napari.core.orientation import half, left_right_axis, shown_as
from labdata_napari.core.transform import plan
from labdata_napari.core.transform_parameters import TransformParameters
from labdata_napari.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from labdata_napari.core.transform_draft import TransformDraft

ATLAS = "asr"
ATLAS_UM = (10.0, 25.0)
HEMISPHERES = ("both", "left", "right")
_SPATIAL = (0, 2, 3)
_MOST_VOXELS = 20_000  # along an axis: a voxel size in the wrong unit, otherwise


@dataclass(frozen=True)
class Preset:
    """Parameters for a purpose.

    Attributes
    ----------
    name
        Such as "asr_25um_left".
    parameters
        To compute with.
    um_per_pixel, shape
        Of the result: its spatial axes, and all four.
    hemisphere
        "both", "left" or "right".
    """

    name: str
    parameters: TransformParameters
    um_per_pixel: tuple[float, float, float]
    shape: tuple[int, int, int, int]
    hemisphere: str


def atlas_preset(
    shape: Sequence[int],
    um_per_pixel: Sequence[float],
    orientation: str,
    target_um: float = 25.0,
    hemisphere: str = "both",
    *,
    parameters: TransformParameters | None = None,
    midline: float | None = None,
) -> Preset:
    """Make the parameters of a stack for atlas registration.

    Parameters
    ----------
    shape, um_per_pixel
        (Z, C, Y, X) of the stack to transform, and its pitch (z, y, x) in µm.
    orientation
        Its code: the side each of z, y and x starts at, "asr" for example.
    target_um
        Wanted voxel size. Every axis gets the number of voxels that comes closest,
        so what the result has, `um_per_pixel`, differs from it by less than one voxel
        over the length of the axis.
    hemisphere
        "both", "left" or "right" of the animal.
    parameters
        What the stack was straightened with; its angles are kept.
    midline
        Voxel of the result for both hemispheres, along its last axis, on which the
        midline lies; None for its middle. A plane that lies on it is in both halves.

    Returns
    -------
    Preset
        Of orientation "asr".

    Raises
    ------
    InvalidValue
        When the orientation is none, sizes are not positive or the midline is not in
        the stack.
    """
    if hemisphere not in HEMISPHERES:
        raise InvalidValue(
            f"The hemisphere is one of {', '.join(HEMISPHERES)}, not {hemisphere!r}."
        )
    before = parameters or TransformParameters()
    channels = None if before.crop is None else before.crop[1]
    equal = replace(
        before,
        downsample=equal_voxels(shape, um_per_pixel, target_um),
        crop=None if channels is None else (None, channels, None, None),
        transpose=None,
    )
    turned = shown_as(equal, shape, orientation, ATLAS)
    geometry = plan(shape, um_per_pixel, turned)
    if hemisphere != "both":
        across = left_right_axis(ATLAS)
        spatial = [axis for axis in geometry.transpose if axis != 1]
        kept = half(ATLAS, geometry.spatial_shape_out[across], hemisphere, midline)
        crop = list(turned.crop or (None,) * 4)
        crop[spatial[across]] = (kept.start, kept.stop, None)
        z, c, y, x = crop
        turned = replace(turned, crop=(z, c, y, x))
        geometry = plan(shape, um_per_pixel, turned)
    um = geometry.um_per_pixel_out
    assert um is not None
    name = f"{ATLAS}_{target_um:g}um" + (
        "" if hemisphere == "both" else f"_{hemisphere}"
    )
    return Preset(name, turned, um, geometry.shape_out, hemisphere)


def draft_for_atlas(
    draft: TransformDraft,
    target_um: float = 25.0,
    hemisphere: str = "both",
    midline: ArrayLike | None = None,
) -> tuple[TransformDraft, Preset]:
    """Make a draft one for atlas registration: angles and channels stay as they are.

    Parameters
    ----------
    draft
        Of a stack whose voxel size and orientation are known.
    target_um, hemisphere
        As for `atlas_preset`.
    midline
        Places (N, 3) on the midline, in voxels of the stack; None for the middle.

    Returns
    -------
    draft, preset
        The new draft, and what it was made of.

    Raises
    ------
    InvalidValue
        As `atlas_preset`, and when the voxel size or the orientation is not known.
    """
    um, code = draft.um_per_pixel, draft.orientation
    if um is None or code is None:
        missing = "its voxel size" if um is None else "which way the brain lies"
        raise InvalidValue(f"An atlas needs to know {missing}; say so first.")

    def preset_of(side: str, place: float | None) -> Preset:
        return atlas_preset(
            draft.shape,
            um,
            code,
            target_um,
            side,
            parameters=draft.parameters,
            midline=place,
        )

    place = None
    if midline is not None and hemisphere != "both":
        whole = plan(draft.shape, um, preset_of("both", None).parameters)
        place = float(whole.points_to_result(midline)[:, left_right_axis(ATLAS)].mean())
    preset = preset_of(hemisphere, place)
    new = draft.with_parameters(preset.parameters).with_hemisphere(hemisphere)
    return new, preset


def equal_voxels(
    shape: Sequence[int], um_per_pixel: Sequence[float], target_um: float
) -> tuple[float, float, float, float]:
    """Ratios that bring every axis as close to a voxel size as whole numbers allow.

    Axes that are coarser are enlarged, unlike with
    `labdata_napari.core.transform_parameters.downsample_to`.

    Parameters
    ----------
    shape, um_per_pixel
        (Z, C, Y, X), and pitch (z, y, x) in µm.
    target_um
        Wanted pitch.

    Returns
    -------
    tuple
        For `TransformParameters.downsample`.

    Raises
    ------
    InvalidValue
        When a size is not positive, or would need absurdly many voxels.
    """
    sizes = (*um_per_pixel, target_um)
    if len(sizes) != 4 or not all(math.isfinite(um) and um > 0 for um in sizes):
        raise InvalidValue(
            "Voxel sizes must be positive numbers in µm, three for the stack (z, y, "
            f"x) and one to reach; got {tuple(um_per_pixel)} and {target_um}."
        )
    ratios = []
    for axis, um in zip(_SPATIAL, um_per_pixel, strict=True):
        n = int(shape[axis])
        wanted = (n - 1) * um / target_um + 1  # first and last centre stay in place
        if wanted > max(_MOST_VOXELS, n):
            raise InvalidValue(
                f"{n} voxels of {um:g} µm would become {wanted:,.0f} of {target_um:g} "
                "µm; check the voxel size, or choose a larger one."
            )
        ratios.append(max(1, round(wanted)) / n)
    return (ratios[0], 1.0, ratios[1], ratios[2])
