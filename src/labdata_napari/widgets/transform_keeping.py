"""Small files about a brain, written while somebody goes on working."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.errors import LabdataError
from labdata_napari.lab.draft_file import forget_draft, keep_draft
from labdata_napari.lab.orientation import keep_orientation

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from labdata_napari.core.transform_draft import TransformDraft
    from labdata_napari.widgets.transform_source import BrainRows

_REST_MS = 700


class DraftKeeper(QObject):
    """Keeps the newest draft of a brain on disk; a thread of its own writes."""

    told = Signal(str)
    """Why something could not be kept."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._executor = executor = ThreadPoolExecutor(1, "labdata-draft")
        self._next: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.flush)
        self.destroyed.connect(lambda *_: executor.shutdown(wait=False))

    def note(self, rows: BrainRows, draft: TransformDraft, number: int | None) -> None:
        """Keep a draft, once nothing has changed for a moment."""
        self._next = partial(keep_draft, rows.lab, rows.key, draft.parameters, number)
        self._timer.start()

    def forget(self, rows: BrainRows) -> None:
        """Let what was kept go: it is saved, or not wanted."""
        self._timer.stop()
        self._next = None
        self._executor.submit(forget_draft, rows.lab, rows.key)

    def keep_orientation(self, rows: BrainRows, code: str) -> None:
        """Keep which way a brain lies."""
        self._run(partial(keep_orientation, rows.lab, rows.key, code))

    def flush(self) -> None:
        """Write what waits now."""
        self._timer.stop()
        work, self._next = self._next, None
        if work is not None:
            self._run(work)

    def _run(self, work: Callable[[], Any]) -> None:
        self._executor.submit(work).add_done_callback(self._on_done)

    def _on_done(self, future: Future[Any]) -> None:
        error = future.exception()
        if isinstance(error, (OSError, LabdataError)):
            self.told.emit(f"What you set could not be kept on this computer: {error}")
