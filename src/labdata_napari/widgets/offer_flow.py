"""Asking, inside a dock, what becomes of unsaved changes that a journal held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.errors import LabdataError
from labdata_napari.widgets.question import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from labdata_napari.lab.journal import Recovered
    from labdata_napari.widgets.journaling import Journaling
    from labdata_napari.widgets.question import Question


@dataclass(frozen=True)
class Offering:
    """How what was found for working copies of one kind is offered.

    Attributes
    ----------
    lines
        Takes a copy and what was found; says what it is beside the rows as they are.
    restore
        Puts it into the copy; the rows as they are stay what a save compares with.
    rows
        What is opened when it is asked again: "transform".
    """

    lines: Callable[[Any, Recovered[Any]], list[str]]
    restore: Callable[[Any, Recovered[Any]], None]
    rows: str


class OfferFlow(QObject):
    """Leads from what a journal held for the copy of a dock to a decision.

    Parameters
    ----------
    journaling
        Whose offers to follow.
    question
        Where to ask.
    offering
        How.

    Attributes
    ----------
    copy
        The working copy that the dock shows; None while it shows none.
    """

    told = Signal(str)
    """A line for the status of the dock."""
    restored = Signal()
    """The copy holds what was offered."""
    waiting_changed = Signal()
    """Something waits for a decision now, or no longer does."""

    def __init__(
        self,
        journaling: Journaling,
        question: Question,
        offering: Offering,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._journaling = journaling
        self._question = question
        self._offering = offering
        self.copy: Any = None
        self._is_restoring = False
        journaling.offered.connect(self._on_offered)
        journaling.told.connect(self.told)

    def offer(self) -> None:
        """Ask about what was found for the copy, unless a question is open."""
        offer = self._found()
        # while it is put back, the copy tells its dock of edits, which may ask again
        if offer is None or self._is_restoring or not self._question.isHidden():
            return
        try:
            lines = self._offering.lines(self.copy, offer)
        except LabdataError as error:  # the working copy first has to be put right
            self.told.emit(str(error))
            return
        self._question.ask(
            "\n".join([*lines, offer.problem] if offer.problem else lines),
            (
                Answer(
                    "Restore",
                    "Put these changes back; the lab holds them only after a save",
                    "recover_restore",
                    self._restore,
                ),
                Answer(
                    "Discard", "Let them go for good", "recover_discard", self._discard
                ),
                Answer(
                    "Later",
                    "Keep them aside and ask again at the next opening",
                    "recover_later",
                    self._postpone,
                ),
            ),
        )

    def _found(self) -> Recovered[Any] | None:
        return None if self.copy is None else self._journaling.offer_for(self.copy)

    def _on_offered(self, copy: Any) -> None:
        if copy is self.copy:
            self.offer()
            self.waiting_changed.emit()

    def _restore(self) -> None:
        offer = self._found()
        if offer is None:
            return
        self._is_restoring = True
        try:
            self._offering.restore(self.copy, offer)
        except LabdataError as error:
            self.told.emit(str(error))
            return
        finally:
            self._is_restoring = False
        self._journaling.adopt(self.copy)
        when = time_words(offer.when)
        self.told.emit(offer.problem or f"The changes of {when} are back, not saved.")
        self.restored.emit()

    def _discard(self) -> None:
        if self.copy is not None:
            self._journaling.dismiss(self.copy)
            self.told.emit("The unsaved changes are gone.")
            self.waiting_changed.emit()

    def _postpone(self) -> None:
        if self.copy is not None:
            self._journaling.postpone(self.copy)
            self.told.emit(
                "The unsaved changes are kept; they are offered again when this "
                f"{self._offering.rows} is opened next."
            )
            self.waiting_changed.emit()


WAITING = "● earlier changes wait"
"""What a badge says of a copy with nothing unsaved, while it is asked about others."""


def time_words(when: datetime) -> str:
    """Say when something was, on this computer's clock: "today 14:02"."""
    local, now = when.astimezone(), datetime.now().astimezone()
    if local.date() == now.date():
        return f"today {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"
