"""Getting at the stack that somebody wants to transform, off the GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.layers.source import source_of
from labdata_napari.widgets.entry_columns import row_name
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.rows import BRAIN, TRANSFORM
from labdata_napari.widgets.transform_source import (
    channels_beside,
    facts_of,
    open_brain_source,
    open_layer_source,
    read_brain_rows,
    read_sets,
    refined,
    why_not_transformed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.layers import Image

    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.transform_source import (
        BrainRows,
        Loaded,
        TransformSource,
    )
    from labdata_napari.widgets.workspace import Workspace


class SourceLoader(QObject):
    """Loads what is asked for last; what was asked for before is dropped."""

    loaded = Signal(object, object)
    """The `Loaded`, and the number of the parameter set to begin with, or None."""
    refined = Signal(object)
    """The `Loaded` of before, with more voxels."""
    sets = Signal(object, object)
    """A brain's key and its parameter sets, as they are now."""
    told = Signal(str)

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._asked: Any = None
        self._source: TransformSource | None = None
        self._reading: Job | None = None
        self._number: int | None = None

    def load_brain(self, key: Mapping[str, Any], transform_id: int | None) -> None:
        """Load a brain of the lab."""
        name = row_name(key)
        self._let_go()
        self._asked, self._number = name, transform_id
        self.told.emit(f"Opening {name} …")
        self._reading = self._workspace.submit(
            read_brain_rows,
            dict(key),
            name,
            on_loss=OnLoss.REPEAT,
            done=self._on_rows,
            failed=self._on_failed,
        )

    def load_layer(self, layer: Image) -> None:
        """Load an image that is open; its row where it is a brain of the lab."""
        source = source_of(layer)
        if source is not None and source.kind in (BRAIN, TRANSFORM):
            self.load_brain(source.key, source.key.get("transform_id"))
            return
        viewer, reason = self._workspace.viewer, why_not_transformed(layer)
        if reason or viewer is None:
            self.told.emit(reason)
            return
        facts = [facts_of(viewer, one) for one in channels_beside(viewer, layer)]
        self._let_go()
        self._asked, self._number = layer.name, None
        self._read(layer.name, open_layer_source, facts)

    def read_sets(self, rows: BrainRows) -> None:
        """Read a brain's parameter sets again."""
        if self._workspace.connection.is_open:
            self._workspace.submit(
                read_sets,
                rows.lab,
                rows.key,
                on_loss=OnLoss.REPEAT,
                done=self._on_sets,
            )

    def _on_rows(self, rows: BrainRows) -> None:
        if self._asked == rows.name:
            self._read(rows.name, open_brain_source, rows)

    def _read(self, name: str, function: Any, what: Any) -> None:
        self.told.emit(f"Reading {name} …")
        self._begin(name, function, what, self._on_loaded)

    def _begin(
        self, name: str, function: Any, what: Any, done: Callable[[Any], None]
    ) -> None:
        self._reading = self._workspace.background(
            function,
            what,
            done=done,
            failed=self._on_failed,
            title=f"Reading {name}",
        )

    def _let_go(self) -> None:
        """End what reads a stack that nobody waits for any more, and hear no more."""
        self._source = None
        if self._reading is not None:
            self._reading.failed.disconnect(self._on_failed)
            self._reading.cancel()
            self._reading = None

    def _on_loaded(self, loaded: Loaded) -> None:
        if self._asked == loaded.source.name:
            self._asked = None
            self.told.emit("")
            self._source = loaded.source
            self.loaded.emit(loaded, self._number)
            self._refine(loaded)

    def _refine(self, loaded: Loaded) -> None:
        if loaded.source is not self._source:
            return
        self._reading = None
        if loaded.is_glimpse:
            self._begin(loaded.source.name, refined, loaded, self._on_refined)

    def _on_refined(self, loaded: Loaded) -> None:
        self.refined.emit(loaded)
        self._refine(loaded)

    def _on_sets(
        self, answer: tuple[Mapping[str, Any], tuple[TransformRecord, ...] | None]
    ) -> None:
        key, records = answer
        if records is not None:
            self.sets.emit(key, records)

    def _on_failed(self, error: LabdataError) -> None:
        self._reading = None
        self.told.emit(str(error))
