"""Archived files asked back from cold storage, once a person agreed to the price."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.archives import DAYS, Estimate, estimate
from labdata_napari.widgets.entry_columns import bytes_text
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.opening import Request, request_of
from labdata_napari.widgets.question import Answer, Question
from labdata_napari.widgets.rows import wanted_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.places import Wanted
    from labdata_napari.widgets.file_places import FilePlaces, Name, OfAFile
    from labdata_napari.widgets.workspace import Workspace

_TIERS = ("Bulk", "Standard", "Expedited")  # the cheapest first


@dataclass(frozen=True, eq=False)
class _Offer:
    """What a restore would take, one estimate for each tier that there is."""

    request: Request
    files: Files
    names: Sequence[Name]
    estimates: Sequence[Estimate]


class RestoreFlow(QObject):
    """Asks whether, how fast and at what price; then asks S3.

    Parameters
    ----------
    workspace, places
        Of the browser.
    question
        Where it is asked.
    """

    def __init__(
        self,
        workspace: Workspace,
        places: FilePlaces,
        question: Question,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._places = places
        self._question = question
        self._wanted: Request | None = None

    def ask(self, record: OfAFile) -> None:
        """Ask about the files of an entry or a transform that are archived."""
        request = request_of(record)
        self._wanted = request
        self._workspace.submit(
            wanted_files,
            request.kind,
            request.key,
            record,
            on_loss=OnLoss.REPEAT,
            done=self._on_rows,
        )

    def forget(self) -> None:
        """Take back a question that is open: another lab is coming."""
        self._wanted = None
        self._question.hide()

    def _on_rows(self, answer: tuple[OfAFile, Files, list[Wanted]]) -> None:
        record, files, wanted = answer
        names = [(one.file_path, one.storage) for one in wanted]
        self._workspace.background(
            _offer, request_of(record), files, names, done=self._on_offer
        )

    def _on_offer(self, offer: _Offer) -> None:
        wanted = self._wanted
        if wanted is None or offer.request.identity != wanted.identity:
            return  # something else was asked for since
        if not offer.estimates:  # nothing of it is archived, or not any more
            self._places.look_again([offer.request.record], now=True)
            return
        no = Answer("Not now", "Leave it archived; nothing is charged", "restore_no")
        self._question.ask(
            _text(offer),
            (no, *(self._answer(offer, one) for one in offer.estimates)),
        )

    def _answer(self, offer: _Offer, one: Estimate) -> Answer:
        return Answer(
            one.tier,
            f"Readable after {one.takes}; costs {one.cost}",
            f"restore_{one.tier.lower()}",
            partial(self._restore, offer, one),
        )

    def _restore(self, offer: _Offer, one: Estimate) -> None:
        self._workspace.status.emit(f"Asking S3 to restore {offer.request.name} …")
        self._workspace.background(
            _restore, offer, one, done=self._on_asked, failed=self._on_failed
        )

    def _on_asked(self, answer: tuple[_Offer, Estimate]) -> None:
        offer, one = answer
        name = offer.request.name
        self._workspace.status.emit(
            f"{name} is being restored ({one.tier}) and can be opened after "
            f"{one.takes}; the list says when it can."
        )
        self._places.look_again([offer.request.record], now=True)

    def _on_failed(self, error: LabdataError) -> None:
        self._workspace.status.emit(f"The restore was not asked for: {error}")


def _text(offer: _Offer) -> str:
    first = offer.estimates[0]
    size = bytes_text(1e9 * first.gigabytes)
    files = "1 file" if first.files == 1 else f"{first.files} files"
    lines = [f"{one.tier}: {one.takes}, {one.cost}" for one in offer.estimates]
    return "\n".join(
        (
            f"Restore {offer.request.name} from cold storage? That is {files}, "
            f"{size}, readable for {first.days} days. It costs, at AWS's "
            "list prices:",
            *lines,
        )
    )


def _offer(request: Request, files: Files, names: Sequence[Name]) -> _Offer:
    from labdata_napari.lab.places import to_restore

    stored = [place.stored for place in to_restore(files, names) if place.stored]
    estimates = []
    for tier in _TIERS if stored else ():
        try:
            estimates.append(estimate(stored, tier, DAYS))
        except InvalidValue:  # not for this class of storage
            continue
    return _Offer(request, files, names, estimates)


def _restore(offer: _Offer, one: Estimate) -> tuple[_Offer, Estimate]:
    offer.files.restore(offer.names, one.days, one.tier)
    return offer, one
