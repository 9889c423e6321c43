"""Small files about a brain, written while somebody goes on working."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from labdata_napari.errors import LabdataError
from labdata_napari.lab.draft_file import forget_draft, keep_draft
from labdata_napari.lab.orientation import keep_orientation
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from labdata_napari.core.transform_draft import DraftModel, TransformDraft
    from labdata_napari.widgets.question import Question
    from labdata_napari.widgets.transform_drafts import Drafts
    from labdata_napari.widgets.transform_source import BrainRows

_LOOK_MS = 150
_REST_MS = 700


class Keeping(QObject):
    """Keeps what was not saved of a brain, and offers it when the brain is opened.

    Parameters
    ----------
    model, drafts
        What is worked on.
    question
        Where it is offered.
    parent
        Its owner.
    """

    told = Signal(str)
    """Why something could not be kept."""
    wanted = Signal(object)
    """Number of the set that is taken up, None for a new one: it is to be chosen."""

    def __init__(
        self, model: DraftModel, drafts: Drafts, question: Question, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._model, self._drafts, self._question = model, drafts, question
        self._rows: BrainRows | None = None
        self._keeper = DraftKeeper(self)
        self._keeper.told.connect(self.told)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_LOOK_MS)
        self._rest.timeout.connect(self._look)

    def start(self, rows: BrainRows | None) -> None:
        """Begin on another brain, after `now`; offer what was kept of it."""
        self._rows = rows
        if rows is None or rows.kept is None:
            return
        if not self._drafts.is_news(rows.kept.parameters):
            self._keeper.forget(rows)
            return
        when = f"{rows.kept.when.astimezone():%d %B, %H:%M}"
        words = self._drafts.blank.with_parameters(rows.kept.parameters).summary
        go_on = Answer("Go on with it", "Take it up", "transform_kept_yes", self._adopt)
        forget = Answer("Forget it", "Let it go", "transform_kept_no", self._forget)
        self._question.ask(
            f"Parameters of {when} were never saved: {words}.", (go_on, forget)
        )

    def soon(self, _: Any = None) -> None:
        """Keep what is worked on, once nothing has changed for a moment."""
        self._rest.start()

    def now(self) -> None:
        """Keep it at once: somebody leaves it."""
        if self._rest.isActive():
            self._rest.stop()
            self._look()
        self._keeper.flush()

    def end(self) -> None:
        """Keep it, and leave what is kept to others from now on."""
        self.now()
        self._rows = None

    def keep_orientation(self, rows: BrainRows, code: str) -> None:
        """Keep which way a brain lies."""
        self._keeper.keep_orientation(rows, code)

    def _look(self) -> None:
        rows, draft = self._rows, self._model.draft
        if rows is None or draft is None:
            return
        if self._drafts.is_changed:
            self._keeper.note(rows, draft, self._drafts.number)
        elif self._question.isHidden() and not self._drafts.has_changes:
            self._keeper.forget(rows)

    def _adopt(self) -> None:
        kept = None if self._rows is None else self._rows.kept
        if kept is None:
            return
        numbers = {record.transform_id for record in self._drafts.records}
        self.wanted.emit(kept.transform_id if kept.transform_id in numbers else None)
        self._model.set(self._drafts.current.with_parameters(kept.parameters))

    def _forget(self) -> None:
        if self._rows is not None:
            self._keeper.forget(self._rows)


class DraftKeeper(QObject):
    """Keeps the newest draft of a brain on disk; a thread of its own writes."""

    told = Signal(str)
    """Why something could not be kept."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # Its thread ends with it. Qt must call nothing for that: it would be a function
        # that Python is just taking apart where both are collected together.
        self._executor = ThreadPoolExecutor(1, "labdata-draft")
        self._next: Callable[[], None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self.flush)

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
            with suppress(RuntimeError):  # the dock was deleted meanwhile
                self.told.emit(
                    f"What you set could not be kept on this computer: {error}"
                )
