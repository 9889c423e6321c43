"""The plane that contains a track, from the surface down to its tip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize

from labdata_napari.core.track_plane import track_plane
from labdata_napari.layers import editing
from labdata_napari.layers.slab import slab_um
from labdata_napari.layers.source import source_of
from labdata_napari.layers.track_picture import channels_of
from labdata_napari.widgets.plane_view import Cut, PlaneView
from labdata_napari.widgets.rows import TRANSFORM

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.workspace import Workspace

_SPIN_DEG = 5.0
_HINT = "A straight track of two points or more is cut along here."


class TrackView(PlaneView):
    """Shows the plane along the chosen track; the wheel turns it about the track.

    A click in it adds a point where it was clicked, in the plane.

    Parameters
    ----------
    workspace
        Computes the pictures in the background.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, _HINT, parent)
        self.setObjectName("annotation_track_view")
        self.setToolTip(
            "The plane along the track, entry at the top; the wheel turns it about "
            "the track, a click adds a point"
        )
        self._annotator: Annotator | None = None
        self._spin = 0.0
        self.clicked.connect(self._on_clicked)
        self.wheeled.connect(self._on_wheeled)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Show the track of another layer."""
        self._annotator = annotator
        self.refresh()

    def refresh(self) -> None:
        """Cut the plane again: the track, or what is known of it, is another."""
        if not self.isHidden():
            self.show_cut(self._cut())

    def sizeHint(self) -> QSize:
        """Return a size in which a track can be seen."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 40, unit * 36)

    def minimumSizeHint(self) -> QSize:
        """Return half of it."""
        return self.sizeHint() / 2

    # -- how

    def _on_clicked(self, place: Any) -> None:
        if self._annotator is not None:
            self._annotator.add_at(place)

    def _on_wheeled(self, way: int) -> None:
        self._spin += way * _SPIN_DEG
        self.refresh()

    def _cut(self) -> Cut | None:
        annotator, viewer = self._annotator, self._workspace.viewer
        if annotator is None or viewer is None or annotator.figures.setting is None:
            return None
        setting, source = annotator.figures.setting, source_of(annotator.layer)
        numbers = annotator.figures.of(editing.chosen_annotation(annotator.layer))
        if source is None or setting.shape is None:
            return None
        if numbers is None or not numbers.track:
            return None
        plane = track_plane(
            numbers.track, setting.um_per_pixel, setting.shape, spin_deg=self._spin
        )
        channels = channels_of(viewer, TRANSFORM, source)
        return Cut(annotator, plane, slab_um(viewer), channels)
