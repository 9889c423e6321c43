"""The two planes across the picture, linked with it: orthogonal views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QSize, Signal
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from labdata_napari.core.track_plane import section
from labdata_napari.layers import looking
from labdata_napari.layers.cursor import displayed
from labdata_napari.layers.slab import slab_um
from labdata_napari.layers.source import source_of
from labdata_napari.layers.track_picture import channels_of
from labdata_napari.widgets.plane_view import Cut, PlaneView
from labdata_napari.widgets.rows import TRANSFORM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from labdata_napari.layers.annotator import Annotator
    from labdata_napari.widgets.workspace import Workspace

_HINT = "The brain is cut here once its picture is open."
_MOST = 1024  # voxels along an axis of the level that is cut


class SectionViews(QWidget):
    """Shows the planes across the picture through one place, with cross-hairs there.

    The place is where the cursor was when they were asked for or the last point was
    clicked, in the slice that is shown. A click in one of them goes there, and adds a
    point while clicks add points.

    Parameters
    ----------
    workspace
        Computes the pictures in the background.
    """

    told = Signal(str)
    """A line for the status of the dock."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("annotation_sections")
        self._workspace = workspace
        self._annotator: Annotator | None = None
        self._place: NDArray[np.float64] | None = None
        self._views = (PlaneView(workspace, _HINT), PlaneView(workspace, _HINT))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for number, view in enumerate(self._views):
            view.setObjectName(f"annotation_section_{number}")
            view.setToolTip(
                "A plane across the picture; a click goes there, and adds a point "
                "while clicks add points; the wheel goes through the slices (G)"
            )
            policy = QSizePolicy.Policy.Expanding
            view.setSizePolicy(policy, policy)
            layout.addWidget(view)
            view.told.connect(self.told)
            view.clicked.connect(self._on_clicked)
            view.wheeled.connect(self._on_wheeled)
        self.hide()

    def follow(self, annotator: Annotator | None) -> None:
        """Show the brain of another layer."""
        self._annotator, self._place = annotator, None
        self.refresh()

    def come_to_cursor(self) -> None:
        """Show the planes through the place under the cursor."""
        place = None if self._annotator is None else self._annotator.mouse.place()
        if place is not None:
            self._place = place
        self.refresh()

    def refresh(self) -> None:
        """Cut the planes again: the slice, or what is annotated, is another."""
        if self.isHidden():
            return
        cuts, place = self._cuts(), self._place
        for view, cut in zip(self._views, cuts, strict=True):
            view.show_cut(cut, place)

    def sizeHint(self) -> QSize:
        """Return a size in which a brain can be seen twice."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(unit * 50, unit * 26)

    def minimumSizeHint(self) -> QSize:
        """Return half of it."""
        return self.sizeHint() / 2

    # -- how

    def _cuts(self) -> tuple[Cut | None, Cut | None]:
        annotator, viewer = self._annotator, self._workspace.viewer
        setting = None if annotator is None else annotator.figures.setting
        if annotator is None or viewer is None or setting is None:
            return None, None
        source, layer = source_of(annotator.layer), annotator.layer
        if source is None or setting.shape is None or viewer.dims.ndisplay != 2:
            return None, None
        rows, columns = displayed(viewer, layer)
        (hidden,) = {0, 1, 2} - {rows, columns}
        place = self._place
        if place is None:
            place = (np.array(setting.shape) - 1) / 2
        place = np.array(place, dtype=np.float64)
        place[hidden] = np.asarray(layer.world_to_data(viewer.dims.point))[hidden]
        self._place = place
        channels = channels_of(viewer, TRANSFORM, source, _MOST)
        thickness, um, shape = slab_um(viewer), setting.um_per_pixel, setting.shape
        # one shares the columns with the picture, the other its rows
        below = section(place, hidden, columns, um, shape)
        beside = section(place, rows, hidden, um, shape)
        return (
            Cut(annotator, below, thickness, channels),
            Cut(annotator, beside, thickness, channels),
        )

    def _on_clicked(self, place: Any) -> None:
        annotator, viewer = self._annotator, self._workspace.viewer
        if annotator is None or viewer is None:
            return
        self._place = np.asarray(place)
        looking.go_to_point(viewer, annotator.layer, self._place)
        if annotator.mouse.is_adding:
            annotator.add_at(self._place)
        self.refresh()

    def _on_wheeled(self, way: int) -> None:
        viewer = self._workspace.viewer
        if viewer is not None:
            looking.step_slices(viewer, way)
            self.refresh()
