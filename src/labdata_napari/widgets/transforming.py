"""New transforms from the browser: chosen by voxel size, computed in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMenu, QPushButton

from labdata_napari.core.transform_parameters import TransformParameters, downsample_to
from labdata_napari.errors import InvalidValue
from labdata_napari.widgets.rights import allow
from labdata_napari.widgets.transform_opening import show_transform_dock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.workspace import Workspace

SIZES_UM = (10.0, 25.0, 50.0)
_BY_EYE = "by eye"


class NewTransformButton(QPushButton):
    """Offers the voxel sizes a new transform of a brain can have.

    Parameters
    ----------
    maker
        What computes the chosen one.
    """

    def __init__(self, maker: TransformMaker) -> None:
        super().__init__()
        self.setObjectName("new_transform_button")
        self.setText("New transform")
        self.setToolTip("Make a stack of this brain to annotate, at a voxel size")
        self._maker = maker
        self._entry: Entry | None = None
        menu = QMenu(self)
        menu.setObjectName("new_transform_menu")
        by_eye = menu.addAction("by eye …")
        by_eye.setToolTip("Straighten and crop it in the Transform dock")
        by_eye.setData(_BY_EYE)
        menu.addSeparator()
        for um in SIZES_UM:
            action = menu.addAction(f"at {um:g} µm")
            action.setData(um)
        menu.addAction("at the brain's own size")
        menu.triggered.connect(self._on_chosen)
        self.setMenu(menu)

    def offer(self, entry: Entry | None, reason: str) -> None:
        """Offer it for a brain, unless there is a reason not to; without one hide."""
        self._entry = entry
        self.setVisible(entry is not None)
        if entry is None:
            return
        sizes = entry.um_per_pixel
        for action in self.menu().actions():
            um = action.data()
            if um == _BY_EYE:
                continue
            action.setEnabled(um is None or (sizes is not None and um > min(sizes)))
        allow(self, True, reason)

    def _on_chosen(self, action: Any) -> None:
        if self._entry is None:
            return
        if action.data() == _BY_EYE:
            self._maker.open_dock(self._entry.key)
        else:
            self._maker.make(self._entry, action.data())


class TransformMaker(QObject):
    """Queues transforms of brains; see `labdata_napari.widgets.computing`."""

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace

    def make(self, entry: Entry, target_um: float | None) -> None:
        """Compute a brain at a voxel size in µm; None leaves the size as it is."""
        try:
            parameters = parameters_for(entry, target_um)
        except InvalidValue as error:
            self._workspace.status.emit(str(error))
            return
        self._workspace.computing.compute_new(entry.key, parameters)

    def open_dock(self, key: Mapping[str, Any]) -> None:
        """Straighten a brain by eye."""
        show_transform_dock(self._workspace, key)

    def compute(self, record: TransformRecord) -> None:
        """Compute a parameter set that is there."""
        self._workspace.computing.compute(record.key)


def parameters_for(entry: Entry, target_um: float | None) -> TransformParameters:
    """Parameters that bring a brain to a voxel size.

    Raises
    ------
    InvalidValue
        When the brain's row has no voxel size to start from.
    """
    if target_um is None:
        return TransformParameters()
    if entry.um_per_pixel is None:
        raise InvalidValue(
            f"{entry.subject} {entry.dataset} has no voxel size in its row; enter "
            "um_per_pixel there, or compute it at its own size."
        )
    return TransformParameters(downsample=downsample_to(entry.um_per_pixel, target_um))
