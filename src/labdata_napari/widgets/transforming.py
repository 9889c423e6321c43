"""New transforms from the browser: chosen by voxel size, computed in the background."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QMenu, QPushButton

from labdata_napari.core.transform_parameters import TransformParameters, downsample_to
from labdata_napari.errors import Cancelled, InvalidValue
from labdata_napari.widgets.connection import open_lab
from labdata_napari.widgets.entry_columns import row_name
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.connection import Profile
    from labdata_napari.widgets.workspace import Workspace

SIZES_UM = (10.0, 25.0, 50.0)


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
            action.setEnabled(um is None or (sizes is not None and um > min(sizes)))
        allow(self, True, reason)

    def _on_chosen(self, action: Any) -> None:
        if self._entry is not None:
            self._maker.make(self._entry, action.data())


class TransformMaker(QObject):
    """Stores parameters and computes transforms, each on a connection of its own.

    A transform takes minutes; on the lab's one thread it would keep everybody waiting.
    """

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
        self._start(entry.key, partial(_make, key=entry.key, parameters=parameters))

    def compute(self, record: TransformRecord) -> None:
        """Compute a parameter set that is there."""
        self._start(record.key, partial(_compute, key=record.key))

    def _start(self, key: Mapping[str, Any], work: Any) -> None:
        profile = self._workspace.connection.profile
        if profile is None:
            return
        name = row_name(key)
        self._workspace.status.emit(f"Computing a transform of {name} …")
        self._workspace.background(
            _with_own_lab,
            profile,
            work,
            done=self._on_done,
            failed=self._on_failed,
            title=f"Transforming {name}",
        )

    def _on_done(self, key: Mapping[str, Any]) -> None:
        self._workspace.status.emit(
            f"Transform {key['transform_id']} of {row_name(key)} is computed."
        )
        self._workspace.rows_changed.emit(dict(key))

    def _on_failed(self, error: LabdataError) -> None:
        cancelled = isinstance(error, Cancelled)
        self._workspace.status.emit(
            "The transform was cancelled; no file was kept."
            if cancelled
            else str(error)
        )
        self._workspace.rows_changed.emit({})


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


def _with_own_lab(profile: Profile, work: Any, progress: Progress) -> dict[str, Any]:
    with open_lab(profile, progress) as lab:
        return dict(work(lab, progress))


def _make(
    lab: Lab,
    progress: Progress,
    *,
    key: Mapping[str, Any],
    parameters: TransformParameters,
) -> dict[str, Any]:
    number = lab.brains.add_transform_parameters(key, parameters)
    return _compute(lab, progress, key={**key, "transform_id": number})


def _compute(lab: Lab, progress: Progress, *, key: Mapping[str, Any]) -> dict[str, Any]:
    return lab.brains.compute_transform(key, progress)
