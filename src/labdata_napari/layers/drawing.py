"""Telling napari to draw, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Layer


def draw_only(layer: Layer) -> None:
    """Draw a layer whose arrays were written in place.

    A new array, or a plain refresh, makes napari measure the extent of everything,
    look again for what the mouse is over and paint a thumbnail, which takes as long as
    drawing.
    """
    layer.refresh(thumbnail=False, extent=False, highlight=False)
