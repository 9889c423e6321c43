"""The numbers of the chosen annotation, the regions along it and the plane it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from labdata_napari.layers import editing
from labdata_napari.widgets.annotation_numbers import AnnotationNumbers
from labdata_napari.widgets.region_strip import RegionStrip
from labdata_napari.widgets.track_view import TrackView

if TYPE_CHECKING:
    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.workspace import Workspace


class TrackPanel(QWidget):
    """Shows what is known of the chosen annotation at this moment.

    Parameters
    ----------
    workspace
        Looks things up in the background.
    """

    told = Signal(str)
    """A line for the status of the dock."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator: Annotator | None = None
        self._numbers = AnnotationNumbers()
        self._plane = TrackView(workspace)
        self._strip = RegionStrip(workspace)
        left = QVBoxLayout()
        left.addWidget(self._numbers)
        left.addWidget(self._plane, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(left, 1)
        layout.addWidget(self._strip)
        self._plane.told.connect(self.told)
        self._strip.told.connect(self._numbers.show_regions)

    def follow(self, annotator: Annotator | None) -> None:
        """Show annotations of another layer."""
        self._annotator = annotator
        self._plane.follow(annotator)
        self.refresh()

    def refresh(self) -> None:
        """Show the chosen annotation as it is."""
        annotator = self._annotator
        name = None if annotator is None else editing.chosen_annotation(annotator.layer)
        count, numbers = 0, None
        if annotator is not None and name is not None:
            count = len(editing.indices_of(annotator.layer, name))
            numbers = annotator.figures.of(name)
        self._numbers.show_numbers(name, count, numbers)
        self._strip.show_track(annotator, name)
        self._plane.refresh()

    def toggle_plane(self) -> None:
        """Show the plane along the track, or hide it."""
        self._plane.setVisible(self._plane.isHidden())
        self._plane.refresh()
