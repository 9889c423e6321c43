"""A brain that lies in an atlas: what a place in it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labdata_napari.core.track_regions import TrackRegions, regions_along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from labdata_napari.core.atlas import AtlasVolume
    from labdata_napari.core.registration import AtlasMapping


@dataclass(frozen=True, eq=False)
class InAtlas:
    """An atlas, and how one brain lies in it.

    Attributes
    ----------
    atlas
        In memory where it fits (`AtlasVolume.loaded`): a look-up is then fast.
    mapping
        From pixels of the brain to the atlas.
    """

    atlas: AtlasVolume
    mapping: AtlasMapping

    @property
    def is_at_hand(self) -> bool:
        """Whether looking up a track takes milliseconds, and no file."""
        in_memory = isinstance(self.atlas.annotation, np.ndarray)
        return in_memory and self.mapping.field is None

    def regions_along(
        self, path: ArrayLike, um_per_pixel: Sequence[float]
    ) -> TrackRegions:
        """List the regions along a track, by depth below the atlas's surface.

        A track that begins in the brain is prolonged to where it entered. May read
        from disk.

        Parameters
        ----------
        path
            (M, 3) pixels from the beginning of the track to its tip.
        um_per_pixel
            Of the brain: z, y, x.

        Raises
        ------
        InvalidValue
            When the path or the voxel size cannot be used.
        NotFound, UnreadableFile
            When files of the atlas or of the mapping are gone or damaged.
        """
        return regions_along(
            self.atlas, self.mapping, path, um_per_pixel, from_surface=True
        )
