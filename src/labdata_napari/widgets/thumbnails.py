"""Thumbnails of entries: made in the background, kept on disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtGui import QImage

from labdata_napari import settings
from labdata_napari.layers.thumbnail import far_thumbnail, thumbnail
from labdata_napari.widgets.file_places import name_of
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.rows import row_opening

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.opening import Opening
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.file_places import FilePlaces
    from labdata_napari.widgets.workspace import Workspace


_FAR_DELAY_MS = 400
_NOT_HERE = "The file is not on this computer."
_WITHOUT = ("PoseEstimationLabelSet",)


class ThumbnailMaker(QObject):
    """Gives the picture of one entry at a time; the last one asked for wins.

    Of a file in S3 one plane is read, and only when its entry stays chosen.
    """

    ready = Signal(object)
    """A `QImage`, empty when there can be none."""
    failed = Signal(str)
    """Why there is no picture."""

    def __init__(
        self, workspace: Workspace, places: FilePlaces, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._places = places
        self._entry: Entry | None = None
        self._job: Job | None = None
        self._waits = False  # for where the file is
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_FAR_DELAY_MS)
        self._delay.timeout.connect(self._open)
        places.changed.connect(self._on_places)

    def ask(self, entry: Entry | None) -> None:
        """Make or look up the picture of an entry; what was asked before is dropped."""
        self._overtake()
        self._entry, self._waits = entry, False
        self._delay.stop()
        self.ready.emit(QImage())
        if entry is None or entry.kind in _WITHOUT:
            return
        self._job = self._workspace.background(
            _look_up, entry, done=self._on_looked_up, failed=self._on_failed
        )

    def _overtake(self) -> None:
        """Stop what goes on; that it failed, which is told later, concerns nobody."""
        job, self._job = self._job, None
        if job is not None and not job.is_over:
            job.failed.disconnect(self._on_failed)
            job.cancel()

    def _on_looked_up(self, answer: tuple[Entry, QImage]) -> None:
        entry, image = answer
        if entry is not self._entry:
            return
        if not image.isNull():
            self.ready.emit(image)
        elif self._places.is_far(entry):
            self._open_far(entry)
        elif self._is_missing(entry):
            self.failed.emit(_NOT_HERE)
        else:
            self._waits = self._is_unknown(entry)
            self._open()

    def _is_missing(self, entry: Entry) -> bool:
        place = self._places.of(entry)
        return entry.local is False if place is None else place.state == "missing"

    def _is_unknown(self, entry: Entry) -> bool:
        return entry.local is None and self._places.of(entry) is None

    def _on_places(self, names: set[tuple[str, str]]) -> None:
        entry = self._entry
        if self._waits and entry is not None and name_of(entry) in names:
            self.ask(entry)

    def _open_far(self, entry: Entry) -> None:
        place = self._places.of(entry)
        self._waits = place is None or place.state != "remote"
        if place is not None and place.state == "remote":
            self._delay.start()
        elif place is not None:
            self.failed.emit(_NOT_HERE)

    def _open(self) -> None:
        if self._entry is not None:
            self._job = self._workspace.submit(
                _read_row,
                self._entry,
                on_loss=OnLoss.REPEAT,
                done=self._on_row,
                failed=self._on_failed,
            )

    def _on_row(self, answer: tuple[Entry, Opening]) -> None:
        entry, opening = answer
        if entry is self._entry:
            self._job = self._workspace.background(
                _make, entry, opening, done=self._on_made, failed=self._on_failed
            )

    def _on_made(self, answer: tuple[Entry, QImage]) -> None:
        entry, image = answer
        if entry is self._entry:
            self._waits = False
            self.ready.emit(image)

    def _on_failed(self, error: LabdataError) -> None:
        self.failed.emit(str(error))


def _read_row(lab: object, entry: Entry) -> tuple[Entry, Opening]:
    return entry, row_opening(lab, entry.kind, entry.key)  # type: ignore[arg-type]


def _file(entry: Entry) -> Path:
    """Name the picture after everything that would make it another one."""
    facts = (entry.kind, sorted(entry.key.items()), entry.file_path, entry.size)
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
    return settings.cache_home() / "thumbnails" / f"{digest}.png"


def _look_up(entry: Entry) -> tuple[Entry, QImage]:
    return entry, QImage(str(_file(entry)))


def _make(entry: Entry, opening: Opening) -> tuple[Entry, QImage]:
    stack = opening()
    draw = thumbnail if stack.remote is None else far_thumbnail
    pixels = np.ascontiguousarray(draw(stack))
    height, width, _ = pixels.shape
    image = QImage(
        pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
    ).copy()  # the copy owns its pixels
    _keep(image, _file(entry))
    return entry, image


def _keep(image: QImage, path: Path) -> None:
    """Save a picture under its name in one step; a full disk only costs the cache."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, suffix=".png")
        os.close(handle)
    except OSError:
        return
    if image.save(part, "PNG"):
        os.replace(part, path)
    else:
        os.unlink(part)
