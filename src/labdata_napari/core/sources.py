"""What every file format is turned into before it becomes a `Stack`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from labdata_napari.core.lazy import LazyArray
    from labdata_napari.core.remote_bytes import RemoteFile


@dataclass(frozen=True, eq=False)
class Source:
    """An array in a file and what the file says about it.

    Attributes
    ----------
    where
        Path or address of the file or folder, for messages.
    format
        Name of the format for messages, such as "OME-TIFF".
    data
        The stored array, all axes, in stored order.
    axes
        One letter per axis of `data`, or None where the file does not say.
        The letter ``I`` stands for pages of which the file only gives the number.
    um
        µm per pixel by axis letter; letters that are unknown are left out.
    channel_names, channel_wavelengths_nm
        Per channel, empty where unknown. Wavelengths are of emission, or of
        excitation where only that is given.
    frame_rate
        Hz, along T.
    levels
        Coarser copies of `data` in the same axes, if the file holds any.
    refold
        For files of planes: gives the array ``(*lead, Y, X)`` for other lengths
        `lead` than the file tells. None where the format has no planes.
    path, remote
        The file or folder on this computer, or the file far away.
    """

    where: str
    format: str
    data: LazyArray
    axes: str | None = None
    um: Mapping[str, float] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    channel_wavelengths_nm: tuple[float | None, ...] = ()
    frame_rate: float | None = None
    levels: tuple[LazyArray, ...] = ()
    refold: Callable[[tuple[int, ...]], LazyArray] | None = None
    path: Path | None = None
    remote: RemoteFile | None = None
