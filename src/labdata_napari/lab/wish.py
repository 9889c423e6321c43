"""What a person says of how a brain lies in an atlas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labdata_napari.core.registration import HEMISPHERES

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.core.registration import LandmarkPair

LANDMARKS, BRAINREG = "landmarks", "brainreg"
WAYS = (*HEMISPHERES, LANDMARKS, BRAINREG)
"""How a brain is laid into an atlas: its stack is registered, whole or one half of it;
by landmarks; by what brainreg found."""


@dataclass(frozen=True, eq=False)
class Wish:
    """What somebody says of a brain and an atlas.

    Attributes
    ----------
    atlas
        Its name.
    way
        One of `WAYS`.
    shape, um_per_pixel
        Of the transform's three spatial axes, in their order.
    orientation
        Code of these axes.
    pairs
        The landmarks.
    folder
        What brainreg wrote.
    lab_atlas
        As of `labdata_napari.lab.atlas_choice.AtlasChoice`.
    fit
        How the landmarks are fitted: one of `labdata_napari.core.landmark_fit.FITS`.
    """

    atlas: str
    way: str
    shape: tuple[int, int, int]
    um_per_pixel: tuple[float, float, float]
    orientation: str | None
    pairs: tuple[LandmarkPair, ...] = ()
    folder: Path | None = None
    lab_atlas: str | None = None
    fit: str = "auto"
