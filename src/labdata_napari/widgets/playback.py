"""Play recordings as fast as they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget as Window

_SLIDER = "QtDimSliderWidget"


def set_playback_rate(window: Window, axis: int, frames_per_second: float) -> None:
    """Set the rate of the play button of the slider of one axis.

    napari has no public call for it but a preference, which would change the rate of
    everything and outlive the window. The sliders are found through Qt by the name of
    their class; where a future napari has none of that name, its own rate stays.
    """
    for widget in window.findChildren(QWidget):
        if widget.metaObject().className() == _SLIDER and widget.axis == axis:
            widget.fps = frames_per_second
