"""What OME-Zarr metadata (0.4 and 0.5) say about an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labdata_napari.core.axes import KNOWN, um_from_unit
from labdata_napari.errors import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ImageMetadata:
    """The first multiscale image of an OME-Zarr group.

    Attributes
    ----------
    datasets
        Path of each level's array below the group, finest first.
    axes
        One letter per axis, or None where they are not named (before 0.3).
    um
        µm per pixel of the finest level by axis letter.
    channel_names, channel_wavelengths_nm
        Per channel; empty where not given.
    """

    datasets: tuple[str, ...]
    axes: str | None
    um: Mapping[str, float] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    channel_wavelengths_nm: tuple[float | None, ...] = ()


def image_metadata(described: dict[str, Any], where: str) -> ImageMetadata:
    """Read the ``multiscales`` and ``omero`` parts of a group's attributes.

    Raises
    ------
    UnreadableFile
        If they do not name a single level.
    """
    try:
        first = described["multiscales"][0]
        datasets = tuple(str(d["path"]).strip("/") for d in first["datasets"])
        named = [
            a if isinstance(a, dict) else {"name": a} for a in first.get("axes", [])
        ]
        axes = _letters(named)
        um = _um(first, named, axes) if axes else {}
        channels = described.get("omero", {}).get("channels", [])
        names = tuple(str(c.get("label") or "") for c in channels)
        waves = tuple(_nm(c) for c in channels)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFile(
            f"The OME-Zarr description of {where} is damaged ({error!r})."
        ) from error
    if any(".." in d.split("/") for d in datasets):
        raise UnreadableFile(f"{where} names a level outside of it; it is damaged.")
    if not datasets:
        raise UnreadableFile(f"{where} is an OME-Zarr image without any array.")
    return ImageMetadata(
        datasets,
        axes,
        um,
        names if any(names) else (),
        waves if any(w is not None for w in waves) else (),
    )


def _letters(named: list[dict[str, Any]]) -> str | None:
    letters = "".join(str(a["name"])[:1].upper() for a in named)
    if (
        not letters
        or len(set(letters)) != len(letters)
        or not set(letters) <= set(KNOWN)
    ):
        return None
    return letters


def _um(
    first: dict[str, Any], named: list[dict[str, Any]], axes: str
) -> dict[str, float]:
    scale = [1.0] * len(axes)
    transforms = [
        *first["datasets"][0].get("coordinateTransformations", []),
        *first.get("coordinateTransformations", []),
    ]
    for transform in transforms:
        if transform.get("type") == "scale" and "scale" in transform:
            scale = [
                a * float(b) for a, b in zip(scale, transform["scale"], strict=True)
            ]
    um = {}
    for letter, axis, value in zip(axes, named, scale, strict=True):
        length = um_from_unit(value, axis.get("unit")) if letter in "ZYX" else None
        if length is not None:
            um[letter] = length
    return um


def _nm(channel: dict[str, Any]) -> float | None:
    value = channel.get("emission_wavelength", channel.get("excitation_wavelength"))
    return float(value) if isinstance(value, int | float) else None
