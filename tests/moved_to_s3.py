"""A browser whose lab keeps its files in S3 and none on this computer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton

from hands import row_of
from labdata_napari.lab.files import Files
from labdata_napari.widgets.record_table import RecordTableView
from s3_server import put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from labdata_napari.lab.lab import Lab
    from labdata_napari.lab.storage import StorageEntry

FILE_COLUMN = -1


@dataclass
class Moved:
    """What a test holds of such a browser.

    Attributes
    ----------
    here
        The local folder, empty at first.
    bucket
        Of the storage ``data``; that of ``analysis`` is in its folder "analysis".
    """

    viewer: Any
    workspace: Any
    browser: Any
    here: Path
    bucket: StorageEntry
    qtbot: Any

    @property
    def table(self) -> RecordTableView:
        return self.browser.findChild(RecordTableView, "entry_table")

    def row(self, subject: str) -> int:
        return row_of(self.table, subject)

    def choose(self, subject: str) -> None:
        self.table.selectRow(self.row(subject))

    def open(self, subject: str) -> None:
        cell = self.table.visualRect(self.table.model().index(self.row(subject), 1))
        view, left = self.table.viewport(), Qt.MouseButton.LeftButton
        self.qtbot.mouseClick(view, left, pos=cell.center())
        self.qtbot.mouseDClick(view, left, pos=cell.center())

    def word(self, subject: str) -> str:
        """What the list says of where the file is."""
        return str(self._cell(subject).data())

    def hint(self, subject: str) -> str:
        return str(self._cell(subject).data(Qt.ItemDataRole.ToolTipRole))

    def _cell(self, subject: str) -> Any:
        model = self.table.model()
        return model.index(self.row(subject), model.columnCount() + FILE_COLUMN)

    def wait_for(self, subject: str, word: str) -> None:
        self.qtbot.waitUntil(lambda: self.word(subject) == word, timeout=20_000)

    def said(self, name: str = "browser_status") -> str:
        return self.browser.findChild(QLabel, name).text()

    def wait_until_said(self, words: str, name: str = "browser_status") -> None:
        self.qtbot.waitUntil(lambda: words in self.said(name), timeout=20_000)

    def button(self, name: str) -> QPushButton:
        return self.browser.findChild(QPushButton, name)

    def with_lab(self, function: Callable[[Lab], Any]) -> Any:
        """Run a function on the lab's thread and wait for it."""
        answer = Answer()
        job = self.workspace.submit(function, done=answer.take, failed=answer.take)
        self.qtbot.waitUntil(lambda: job.is_over, timeout=20_000)
        return answer.value

    def use(self, storages: dict[str, StorageEntry]) -> None:
        """Let the lab have other storages, and list it again."""

        def change(lab: Lab) -> None:
            lab.files = Files([self.here], storages=storages)

        self.with_lab(change)
        self.workspace.rows_changed.emit({})


class Answer(QObject):
    """Keeps what a job answers."""

    came = Signal()
    value: Any = None

    def take(self, value: Any) -> None:
        self.value = value
        self.came.emit()


def storages_in(bucket: StorageEntry) -> dict[str, StorageEntry]:
    analysis = dataclasses.replace(bucket, name="analysis", folder="analysis")
    return {"data": bucket, "analysis": analysis}


def move(browser: Moved, **classes: str) -> None:
    """Put every file into the bucket; a subject's one in a storage class."""

    def upload(lab: Lab) -> None:
        for table, folder in ((lab.File, ""), (lab.AnalysisFile, "analysis/")):
            for row in table.to_dicts():
                path = row["file_path"]
                content = lab.files.locate(path, row["storage"]).read_bytes()
                subject = path.split("/")[0]
                more = {"StorageClass": classes.get(subject, "STANDARD")}
                put(browser.bucket, folder + path, content, **more)

    browser.with_lab(upload)
    browser.use(storages_in(browser.bucket))
