"""Draw what arrives from far away, without the window waiting for it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.core.awaited import Awaited
from labdata_napari.core.lazy import LazyArray
from labdata_napari.layers.source import layers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labdata_napari.errors import LabdataError
    from labdata_napari.layers.source import LabIdentity
    from labdata_napari.widgets.workspace import Workspace


class Arrivals(QObject):
    """Refreshes the layers of one row whenever something of its file arrives.

    Lives as long as the arrays that tell it.
    """

    _arrived = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        kind: str,
        key: Mapping[str, Any],
        lab: LabIdentity | None,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._row = (kind, dict(key), lab)
        self._arrived.connect(self._on_arrived)

    def awaited(self, levels: Sequence[Sequence[LazyArray]]) -> list[list[LazyArray]]:
        """Return each channel's levels as arrays that never let the window wait."""
        return [
            [LazyArray.of(Awaited(level, self._tell)) for level in channel]
            for channel in levels
        ]

    def _tell(self, error: LabdataError | None) -> None:
        # on a fetching thread; the window may be gone by now
        with contextlib.suppress(RuntimeError):
            self._arrived.emit(error)

    def _on_arrived(self, error: LabdataError | None) -> None:
        viewer = self._workspace.viewer
        if error is not None:
            self._workspace.status.emit(str(error))
        elif viewer is not None:
            for layer in layers_of(viewer.layers, *self._row):
                layer.refresh()
