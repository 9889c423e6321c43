"""Colours of body parts that are told apart with any colour vision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labdata_napari.layers.colours import ANNOTATION_COLOURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of Okabe and Ito's seven, the lighter tints and shades of each: with the name in the
# list and in the picture's corner, no hue alone has to tell two body parts apart.
_SHADES = (1.0, 0.62, 1.45)


def bodypart_colours(
    names: Sequence[str], own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give each body part a colour, in the order of the list.

    Parameters
    ----------
    names
        In order.
    own
        Colours that the lab keeps of some of them, "#RRGGBB".
    """
    found: dict[str, str] = {}
    for number, name in enumerate(names):
        shade, hue = divmod(number, len(ANNOTATION_COLOURS))
        found[name] = _shaded(ANNOTATION_COLOURS[hue], _SHADES[shade % len(_SHADES)])
    return found | {name: c for name, c in (own or {}).items() if name in found}


def _shaded(colour: str, factor: float) -> str:
    """Make a colour darker, below 1, or lighter."""
    values = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    if factor <= 1:
        values = [round(value * factor) for value in values]
    else:
        values = [round(255 - (255 - value) / factor) for value in values]
    return "#" + "".join(f"{value:02X}" for value in values)
