"""Going through the slices, the slabs and the points of an annotation layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from labdata_napari.layers import editing, looking, slab

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Points

_FAR = 10  # slices that a step with Shift goes


class Going:
    """Where a person looks, one method for each step.

    Parameters
    ----------
    viewer, layer
        The layer is one of the viewer's.
    """

    told = Signal(str)
    """A line about what was just done, or why it was not."""

    def __init__(self, viewer: ViewerModel, layer: Points) -> None:
        self.viewer = viewer
        self.layer = layer

    def go_to(self, name: str) -> None:
        """Go to the nearest point of an annotation."""
        looking.go_to_annotation(self.viewer, self.layer, name)

    def slice_back(self) -> None:
        """Go one slice back."""
        looking.step_slices(self.viewer, -1)

    def slice_on(self) -> None:
        """Go one slice on."""
        looking.step_slices(self.viewer, 1)

    def ten_back(self) -> None:
        """Go ten slices back."""
        looking.step_slices(self.viewer, -_FAR)

    def ten_on(self) -> None:
        """Go ten slices on."""
        looking.step_slices(self.viewer, _FAR)

    def point_before(self) -> None:
        """Go to the point before the one that is shown."""
        self._step_point(-1)

    def next_point(self) -> None:
        """Go to the point after the one that is shown."""
        self._step_point(1)

    def next_slab(self) -> None:
        """Show a slab of the next thickness."""
        self.show_slab(slab.next_thickness(slab.slab_um(self.viewer)))

    def show_slab(self, thickness_um: float) -> None:
        """Show a slab around each slice; 0 for single slices."""
        slab.show_slab(self.viewer, thickness_um)
        self.told.emit(
            f"The brightest of {thickness_um:.0f} µm." if thickness_um else "One slice."
        )

    def _step_point(self, step: int) -> None:
        name = editing.chosen_annotation(self.layer)
        if name is None:
            return
        point = looking.neighbour(self.viewer, self.layer, name, step)
        if point is not None:
            looking.go_to_point(self.viewer, self.layer, point)
