"""The numbers of the chosen annotation, the regions along it and the plane it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from labdata_napari.layers import editing
from labdata_napari.widgets.annotation_numbers import AnnotationNumbers
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.region_strip import RegionStrip
from labdata_napari.widgets.section_views import SectionViews
from labdata_napari.widgets.track_view import TrackView

if TYPE_CHECKING:
    from napari.layers import Layer

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
        self._sections = SectionViews(workspace)
        self._strip = RegionStrip(workspace)
        self._listening = Listening(self)
        left = QVBoxLayout()
        left.addWidget(self._numbers)
        left.addWidget(self._plane, 1)
        top = QHBoxLayout()
        top.addLayout(left, 1)
        top.addWidget(self._strip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top, 1)
        layout.addWidget(self._sections, 1)
        self._plane.told.connect(self.told)
        self._sections.told.connect(self.told)
        self._strip.told.connect(self._numbers.show_regions)

        viewer = workspace.viewer
        if viewer is not None:
            self._listening.to(viewer.dims.events.point, self._on_looks)
            self._listening.to(viewer.dims.events.order, self._on_looks)
            self._listening.to(viewer.layers.events.inserted, self._on_inserted)
            self._listening.to(viewer.layers.events.removed, self._on_looks)
            for layer in viewer.layers:
                self._listen_to(layer)

    def follow(self, annotator: Annotator | None) -> None:
        """Show annotations of another layer."""
        self._annotator = annotator
        self._plane.follow(annotator)
        self._sections.follow(annotator)
        self.refresh()

    def foresee(self, name: str, count: int) -> None:
        """Paint the numbers of an annotation that is about to have so many points.

        They are what a click is made for, and are there in a third of the time that
        the picture takes.
        """
        self._show(name, count)
        self._numbers.repaint()

    def refresh(self) -> None:
        """Show the chosen annotation as it is."""
        annotator = self._annotator
        name = None if annotator is None else editing.chosen_annotation(annotator.layer)
        count = 0
        if annotator is not None and name is not None:
            count = len(editing.indices_of(annotator.layer, name))
        self._show(name, count)
        self._plane.refresh()
        self._sections.refresh()

    def come_to_cursor(self) -> None:
        """Show the planes across the picture at the cursor, where an edit was."""
        if not self._sections.isHidden():
            self._sections.come_to_cursor()

    def toggle_plane(self) -> None:
        """Show the plane along the track, or hide it."""
        self._plane.setVisible(self._plane.isHidden())
        self._plane.refresh()

    def toggle_sections(self) -> None:
        """Show the planes across the picture, or hide them."""
        self._sections.setVisible(self._sections.isHidden())
        self._sections.come_to_cursor()

    # -- how

    def _show(self, name: str | None, count: int) -> None:
        annotator = self._annotator
        numbers = None if annotator is None else annotator.figures.of(name)
        self._numbers.show_numbers(name, count, numbers)
        self._strip.show_track(annotator, name)

    def _on_inserted(self, event: Any) -> None:
        self._listen_to(event.value)
        self._on_looks()

    def _listen_to(self, layer: Layer) -> None:
        """Let the planes look as the pictures do."""
        if isinstance(layer, Image):
            events = layer.events
            for event in (events.contrast_limits, events.colormap, events.visible):
                self._listening.to(event, self._on_looks)

    def _on_looks(self, _event: Any = None) -> None:
        self._plane.refresh()
        self._sections.refresh()
