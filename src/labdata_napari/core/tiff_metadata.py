"""What OME-XML, ImageJ and plain TIFF tags say about an image."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from labdata_napari.core.axes import KNOWN, um_from_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Resolutions that programs write without having measured anything: for printing.
_PRINTER_DPI = {1, 72, 96, 100, 120, 150, 200, 240, 300, 360, 400, 600, 720, 1200, 2400}


@dataclass(frozen=True)
class Described:
    """What a TIFF says about its first image.

    Attributes
    ----------
    format
        Dialect, for messages.
    axes
        Letters a person or program wrote down for the stored array, else None.
    um
        µm per pixel by axis letter.
    channel_names, channel_wavelengths_nm
        Per channel; empty where not given.
    frame_rate
        Hz.
    planes
        How many planes the description promises, None where it does not say.
    """

    format: str
    axes: str | None = None
    um: Mapping[str, float] = field(default_factory=dict)
    channel_names: tuple[str, ...] = ()
    channel_wavelengths_nm: tuple[float | None, ...] = ()
    frame_rate: float | None = None
    planes: int | None = None


def describe(tif: Any) -> Described:
    """Metadata of an open tifffile.TiffFile, from the richest dialect it speaks."""
    if tif.is_ome and tif.ome_metadata:
        found = _from_ome(tif.ome_metadata)
        if found is not None:
            return found
    if tif.is_imagej:
        return _from_imagej(tif)
    return _from_tags(tif)


def missing_companions(tif: Any, path: Path | None) -> list[str]:
    """Names of files an OME-TIFF is spread over that are not beside it."""
    if path is None or not (tif.is_ome and tif.ome_metadata):
        return []
    try:
        root = ElementTree.fromstring(tif.ome_metadata)
    except ElementTree.ParseError:
        return []
    named = {
        element.attrib["FileName"]
        for element in root.iter()
        if element.tag.endswith("UUID") and element.attrib.get("FileName")
    }
    # A renamed file still names itself as it was called; alone it lacks nothing.
    if len(named) < 2:
        return []
    return sorted(n for n in named if not (path.parent / n).exists())


def _from_ome(text: str) -> Described | None:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None
    get = pixels.attrib.get
    um = {}
    for letter in "ZYX":
        size = um_from_unit(
            _number(get(f"PhysicalSize{letter}")),
            get(f"PhysicalSize{letter}Unit", "µm"),
        )
        if size is not None:
            um[letter] = size
    channels = [e.attrib for e in pixels if e.tag.endswith("}Channel")]
    names = tuple(c.get("Name", "") for c in channels)
    waves = tuple(_wavelength(c) for c in channels)
    step = _number(get("TimeIncrement"))
    seconds = {"ms": 1e-3, "µs": 1e-6, "min": 60.0, "h": 3600.0}
    step *= seconds.get(get("TimeIncrementUnit", "s"), 1.0)
    return Described(
        "OME-TIFF",
        None,
        um,
        names if any(names) else (),
        waves if any(w is not None for w in waves) else (),
        1 / step if step > 0 else None,
        _planes(pixels.attrib, channels),
    )


def _planes(
    pixels: Mapping[str, str], channels: Sequence[Mapping[str, str]]
) -> int | None:
    try:
        samples = int(channels[0].get("SamplesPerPixel", 1)) if channels else 1
        sizes = [int(pixels[f"Size{letter}"]) for letter in "ZCT"]
    except (KeyError, ValueError):
        return None
    return math.prod(sizes) // max(1, samples)


def _wavelength(channel: Mapping[str, str]) -> float | None:
    for kind in ("EmissionWavelength", "ExcitationWavelength"):
        um = um_from_unit(_number(channel.get(kind)), channel.get(f"{kind}Unit", "nm"))
        if um is not None:
            return um * 1e3
    return None


def _from_imagej(tif: Any) -> Described:
    meta = tif.imagej_metadata or {}
    unit = str(meta.get("unit", ""))
    um = {}
    for letter, tag in (("Y", "YResolution"), ("X", "XResolution")):
        per_unit = _ratio(tif.pages[0].tags, tag)
        size = um_from_unit(1 / per_unit if per_unit else math.nan, unit)
        if size is not None:
            um[letter] = size
    depth = um_from_unit(
        _number(meta.get("spacing")), str(meta.get("zunit", unit)) or unit
    )
    if depth is not None:
        um["Z"] = depth
    interval, rate = _number(meta.get("finterval")), _number(meta.get("fps"))
    if not rate > 0:
        rate = 1 / interval if interval > 0 else math.nan
    return Described("ImageJ TIFF", None, um, frame_rate=rate if rate > 0 else None)


def _from_tags(tif: Any) -> Described:
    """Plain TIFF; tifffile's own description (JSON) may name the axes."""
    axes = None
    shaped = tif.shaped_metadata if tif.is_shaped else None
    first = dict(shaped[0]) if shaped else {}
    named = str(first.get("axes", "")).upper()
    if named and set(named) <= set(KNOWN) and len(set(named)) == len(named):
        axes = named
    tags = tif.pages[0].tags
    unit = {2: "inch", 3: "cm"}.get(int(tags.valueof("ResolutionUnit", 2)))
    um = {}
    for letter, tag in (("Y", "YResolution"), ("X", "XResolution")):
        per_unit = _ratio(tags, tag)
        if not per_unit or (unit == "inch" and round(per_unit) in _PRINTER_DPI):
            continue
        size = um_from_unit(1 / per_unit, unit)
        # A centimetre cut in less than ten pixels is no measurement either.
        if size is not None and size < 1000:
            um[letter] = size
    for letter in "ZYX":
        size = um_from_unit(
            _number(first.get(f"PhysicalSize{letter}")),
            str(first.get(f"PhysicalSize{letter}Unit", "µm")),
        )
        if size is not None:
            um[letter] = size
    return Described("TIFF", axes, um)


def _ratio(tags: Any, name: str) -> float | None:
    value = tags.valueof(name)
    if not isinstance(value, tuple) or len(value) != 2 or not value[0] or not value[1]:
        return None
    return float(value[0]) / float(value[1])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
