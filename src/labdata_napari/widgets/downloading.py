"""Files brought from S3 to this computer, in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from labdata_napari.errors import Cancelled
from labdata_napari.widgets.entry_columns import bytes_text
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.opening import Request, request_of
from labdata_napari.widgets.rows import wanted_files

if TYPE_CHECKING:
    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.files import Files
    from labdata_napari.lab.places import Wanted
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.file_places import FilePlaces, OfAFile
    from labdata_napari.widgets.workspace import Workspace


class DownloadFlow(QObject):
    """Downloads the files of entries and transforms; each can be stopped and goes on.

    Parameters
    ----------
    workspace, places
        Of the browser.
    """

    changed = Signal()
    """One has begun or ended."""

    def __init__(
        self, workspace: Workspace, places: FilePlaces, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._places = places
        self._under_way: dict[tuple[Any, ...], tuple[Request, Job]] = {}
        self._unwanted: set[tuple[Any, ...]] = set()

    def start(self, record: OfAFile) -> None:
        """Bring every file of an entry or a transform here."""
        request = request_of(record)
        if request.identity in self._under_way:
            return
        self._workspace.status.emit(f"Downloading {request.name} …")
        job = self._workspace.submit(
            wanted_files,
            request.kind,
            request.key,
            record,
            on_loss=OnLoss.REPEAT,
            done=self._on_rows,
            failed=self._on_failed,
        )
        self._keep(request, job)

    def stop(self, record: OfAFile) -> None:
        """Stop a download; what came of it is kept for the next one."""
        identity = request_of(record).identity
        if identity in self._under_way:
            self._unwanted.add(identity)  # its rows may be on their way only
            self._under_way[identity][1].cancel()

    def is_under_way(self, record: OfAFile) -> bool:
        """Whether a record's file is being downloaded."""
        return request_of(record).identity in self._under_way

    def _keep(self, request: Request, job: Job) -> None:
        self._under_way[request.identity] = (request, job)
        self.changed.emit()

    def _on_rows(self, answer: tuple[OfAFile, Files, list[Wanted]]) -> None:
        record, files, wanted = answer
        request = request_of(record)
        if request.identity in self._unwanted:
            self._end(request)
            self._workspace.status.emit(_stopped(request))
            return
        size = sum(one.size or 0 for one in wanted)
        self._workspace.status.emit(f"Downloading {request.name}, {bytes_text(size)} …")
        job = self._workspace.background(
            _download,
            request,
            files,
            wanted,
            done=self._on_done,
            failed=self._on_failed,
            title=f"Downloading {request.name}",
        )
        self._keep(request, job)

    def _on_done(self, request: Request) -> None:
        self._end(request)
        self._workspace.status.emit(f"{request.name} is on this computer.")
        self._workspace.rows_changed.emit({})  # details say where it is

    def _on_failed(self, error: LabdataError) -> None:
        stopped = isinstance(error, Cancelled)
        over = [one for one, job in self._under_way.values() if job.is_over]
        for request in over:
            self._end(request)
            self._workspace.status.emit(_stopped(request) if stopped else str(error))

    def _end(self, request: Request) -> None:
        self._under_way.pop(request.identity, None)
        self._unwanted.discard(request.identity)
        self._places.look_again([request.record], now=True)
        self.changed.emit()


def _stopped(request: Request) -> str:
    return (
        f"The download of {request.name} was stopped; what has come is kept, and the "
        "next one goes on from there."
    )


def _download(
    request: Request, files: Files, wanted: list[Wanted], progress: Progress
) -> Request:
    files.download(wanted, progress)
    return request
