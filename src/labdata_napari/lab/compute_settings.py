"""How a transform is computed, beyond what its parameters say."""

from __future__ import annotations

from dataclasses import dataclass

from labdata_napari.errors import InvalidValue

HEMISPHERES = ("left", "right", "both")
MODES = ("standard", "linear", "labdata")


@dataclass(frozen=True)
class ComputeSettings:
    """What no column of the parameters holds.

    Attributes
    ----------
    hemisphere
        What the row is to note: "left", "right" or "both". None: what the crop and
        the brain's orientation tell.
    mode
        "standard"; "linear": interpolated as labdata does, which blurs more and
        without numba takes half the time; or "labdata": voxel for voxel what labdata
        0.1.25 computes.
    ome_zarr
        Keep the result as a zipped OME-Zarr (``.ome.zarr.zip``) in place of an
        OME-TIFF. labdata's own ``get()`` does not read it.
    threads
        None: as many as there are cores.

    Raises
    ------
    InvalidValue
        When a value is none of these.
    """

    hemisphere: str | None = None
    mode: str = "standard"
    ome_zarr: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.hemisphere not in (None, *HEMISPHERES):
            raise InvalidValue(
                "The hemisphere of a transform is left, right or both, not "
                f"{self.hemisphere!r}."
            )
        if self.mode not in MODES:
            raise InvalidValue(
                "A transform is computed in mode standard, linear or labdata, not "
                f"{self.mode!r}."
            )
        threads = self.threads
        if threads is not None and not (isinstance(threads, int) and threads >= 1):
            raise InvalidValue("A transform is computed by at least one thread.")

    @property
    def suffix(self) -> str:
        """What the name of the result's file ends with."""
        return ".ome.zarr.zip" if self.ome_zarr else ".ome.tif"


STANDARD = ComputeSettings()
