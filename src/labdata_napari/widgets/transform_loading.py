"""Getting at the stack that somebody wants to transform, off the GUI thread."""

from __future__ import annotations

import contextlib
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
    waiting = Signal(str)
    """What is being opened in place of what is shown; empty when nothing is."""
    told = Signal(str)

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._asked = ""
        self._shown: Loaded | None = None
        self._reading = _Reading()
        self._number: int | None = None
        self.destroyed.connect(self._reading.let_go)

    def load_brain(self, key: Mapping[str, Any], transform_id: int | None) -> None:
        """Load a brain of the lab."""
        name = row_name(key)
        self._ask(name, transform_id)
        self.told.emit(f"Opening {name} …")
        job = self._workspace.submit(
            read_brain_rows,
            dict(key),
            name,
            on_loss=OnLoss.REPEAT,
            done=self._on_rows,
            failed=self._on_failed,
        )
        self._reading.follow(job, self._on_rows, self._on_failed)

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
        self._ask(layer.name, None)
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

    @property
    def is_waiting(self) -> bool:
        """Whether something is being opened in place of what is shown."""
        return bool(self._asked)

    def stop(self) -> None:
        """Read nothing any more: what was asked for is not opened."""
        self._reading.let_go()
        if self._asked:
            self.told.emit("")
            self._answered()

    def go_on(self) -> None:
        """Read more of what is shown only roughly yet."""
        if self._shown is not None and not self._asked and not self._reading.is_on:
            self._refine(self._shown)

    def stay(self) -> None:
        """Stay with what is shown."""
        self.stop()
        self.go_on()

    def _ask(self, name: str, number: int | None) -> None:
        self._reading.let_go()
        self._asked, self._number = name, number
        self.waiting.emit(name)

    def _answered(self) -> None:
        self._asked = ""
        self.waiting.emit("")

    def _on_rows(self, rows: BrainRows) -> None:
        self._read(rows.name, open_brain_source, rows)

    def _read(self, name: str, function: Any, what: Any) -> None:
        self.told.emit(f"Reading {name} …")
        self._begin(name, function, what, self._on_loaded)

    def _begin(
        self, name: str, function: Any, what: Any, done: Callable[[Any], None]
    ) -> None:
        job = self._workspace.background(
            function,
            what,
            done=done,
            failed=self._on_failed,
            title=f"Reading {name}",
        )
        self._reading.follow(job, done, self._on_failed)

    def _on_loaded(self, loaded: Loaded) -> None:
        self._reading.let_go()
        self.told.emit("")
        self._shown = loaded
        self.loaded.emit(loaded, self._number)
        self._answered()
        self._refine(loaded)

    def _refine(self, loaded: Loaded) -> None:
        if loaded.is_glimpse:
            self._begin(loaded.source.name, refined, loaded, self._on_refined)

    def _on_refined(self, loaded: Loaded) -> None:
        self._reading.let_go()
        self._shown = loaded
        self.refined.emit(loaded)
        self._refine(loaded)

    def _on_sets(
        self, answer: tuple[Mapping[str, Any], tuple[TransformRecord, ...] | None]
    ) -> None:
        key, records = answer
        if records is not None:
            self.sets.emit(key, records)

    def _on_failed(self, error: LabdataError) -> None:
        self._reading.let_go()
        self.told.emit(str(error))
        if self._asked:
            self._answered()
            self.go_on()


class _Reading:
    """The work that is waited for; no Qt object, so that it can outlive its owner."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[LabdataError], None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether something is waited for."""
        return self._job is not None and not self._job.is_over

    def follow(
        self,
        job: Job,
        done: Callable[[Any], None],
        failed: Callable[[LabdataError], None],
    ) -> None:
        """Take note of a job that was begun, and of who hears of it."""
        self._job, self._done, self._failed = job, done, failed

    def let_go(self, _: Any = None) -> None:
        """End what is under way, and hear no more of it."""
        job, self._job = self._job, None
        if job is None or job.is_over:
            return
        for signal, slot in ((job.done, self._done), (job.failed, self._failed)):
            with contextlib.suppress(TypeError, RuntimeError):  # gone with its owner
                signal.disconnect(slot)
        job.cancel()
