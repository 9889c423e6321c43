"""Colours that mean something: channels by wavelength, annotations by name."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Upper edge in nm of each band and the napari colormap of the light a person would
# see there. 540-600 is where red dyes are excited and orange ones emit.
_BANDS = (
    (465.0, "blue"),
    (480.0, "cyan"),
    (545.0, "green"),
    (600.0, "bop orange"),
    (650.0, "red"),
)
_FAR_RED = "magenta"
_FALLBACKS = ("green", "magenta", "cyan", "yellow", "red", "blue")
_UNCOLOURED = re.compile(
    r"auto|background|reference|brightfield|bright.?field|grey|gray|transmi", re.I
)

# Emission peaks in nm of what channels are usually named after.
_DYES = (
    (r"dapi|hoechst|nissl.?blue", 460.0),
    (r"\b(cfp|cerulean)\b", 475.0),
    (r"gcamp|e?gfp|fitc|alexa.?488|af.?488|fluorogold", 510.0),
    (r"\b(e?yfp|venus|citrine)\b", 530.0),
    (r"\bdi.?i\b|cm.?di|tdt|tomato|cy3|alexa.?5[456]\d|af.?5[456]\d|rfp|rhod", 570.0),
    (r"mcherry|mruby|alexa.?594|af.?594|texas.?red|jrgeco|rcamp", 612.0),
    (r"cy5|alexa.?6[3-9]\d|af.?6[3-9]\d|\bdi.?d\b|irfp|far.?red", 670.0),
    (r"\b(violet|blue)\b", 440.0),
    (r"\bgreen\b", 510.0),
    (r"\b(yellow|orange)\b", 580.0),
    (r"\bred\b", 620.0),
)
_NUMBER = re.compile(r"(?<!\d)([3-9]\d\d)(?:\.\d+)?(?:\s*nm)?(?!\d)")

COLORMAP_RGB = {
    "gray": (1.0, 1.0, 1.0),
    "blue": (0.0, 0.0, 1.0),
    "cyan": (0.0, 1.0, 1.0),
    "green": (0.0, 1.0, 0.0),
    "yellow": (1.0, 1.0, 0.0),
    "bop orange": (1.0, 0.6, 0.1),
    "red": (1.0, 0.0, 0.0),
    "magenta": (1.0, 0.0, 1.0),
}
"""The brightest colour of each colormap that channels get."""

ANNOTATION_COLOURS = (
    "#E69F00",
    "#56B4E9",
    "#F0E442",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#0072B2",
)
"""Okabe and Ito's palette: told apart with any colour vision."""
MORE_COLOURS = (
    "#A5FFE1",
    "#2D695A",
    "#96F0FF",
    "#00D296",
    "#A53C1E",
    "#3C87FF",
    "#C30087",
    "#A5FFA5",
)
"""As far from those and from each other as those are: 11.6 (CIEDE2000), as the nearest
two look to whoever sees all colours, no red (protanopia) or no green (deuteranopia;
Machado, Oliveira and Fernandes 2009, IEEE TVCG 15:1291)."""
_LAST_COLOURS = (
    *("#2DE1D2", "#3C784B", "#5AC3D2", "#78D269", "#966978", "#3C963C", "#5A2DFF"),
    *("#1EB469", "#3CB496", "#87D2FF", "#D200C3", "#B478C3", "#F0C3B4", "#3C9696"),
    *("#1E6987", "#695AFF", "#E1A5B4"),
)
"""What is left for up to 32: the nearest two are 7.2 apart then. All have a lightness
of 40 to 94 and none is grey, as pictures are. They were found by taking the farthest
of 4,259 colours in turn, these 17 then exchanged as long as that helped."""
_TIERS = (ANNOTATION_COLOURS, MORE_COLOURS, _LAST_COLOURS)


def wavelength_of(name: str) -> float | None:
    """Guess a channel's wavelength in nm from its name: "DiI", "488 nm", "GCaMP6s"."""
    for pattern, wavelength in _DYES:
        if re.search(pattern, name, re.IGNORECASE):
            return wavelength
    number = _NUMBER.search(name)
    return float(number.group(1)) if number else None


def colormap_of(wavelength_nm: float) -> str:
    """Return the napari colormap for light of a wavelength in nm."""
    for edge, colormap in _BANDS:
        if wavelength_nm < edge:
            return colormap
    return _FAR_RED


def channel_colormaps(
    names: Sequence[str], wavelengths_nm: Sequence[float | None] = ()
) -> tuple[str, ...]:
    """Choose one napari colormap per channel, all different while colours last.

    Parameters
    ----------
    names
        The channels' names.
    wavelengths_nm
        What the table knows of them, in the same order; where it is missing or
        None, the name is asked.

    Returns
    -------
    tuple of str
        A single channel of unknown colour, and background channels, are grey.
    """
    wanted: list[str | None] = []
    for index, name in enumerate(names):
        known = wavelengths_nm[index] if index < len(wavelengths_nm) else None
        wavelength = known or wavelength_of(name)
        if _UNCOLOURED.search(name):
            wanted.append("gray")
        else:
            wanted.append(colormap_of(wavelength) if wavelength else None)
    if wanted == [None]:
        return ("gray",)
    chosen: list[str] = []
    for colormap in wanted:
        if colormap is None or (colormap in chosen and colormap != "gray"):
            taken = {*chosen, *wanted}
            colormap = next((c for c in _FALLBACKS if c not in taken), colormap)
        chosen.append(colormap or "gray")
    return tuple(chosen)


def annotation_colours(
    names: Sequence[str], own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give each annotation name a colour that stays its own between sessions.

    A name keeps the colour its letters choose; only when another name of the same
    set has it already does it move on to the next free one. Colours that are harder to
    tell apart are given only where the others are used up; after 32 they repeat.

    Parameters
    ----------
    names
        In order.
    own
        Colours that some of them have already, "#RRGGBB".
    """
    found = dict(own or {})
    taken = set(found.values())
    for name in names:
        if name not in found:
            found[name] = _free_colour(name, taken)
            taken.add(found[name])
    return found


def _free_colour(name: str, taken: Collection[str]) -> str:
    letters = zlib.crc32(name.encode())
    for tier in _TIERS:
        first = letters % len(tier)
        for colour in (*tier[first:], *tier[:first]):
            if colour not in taken:
                return colour
    every = [colour for tier in _TIERS for colour in tier]
    return every[letters % len(every)]
