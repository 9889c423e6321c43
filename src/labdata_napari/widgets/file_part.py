"""Where one file is, for as long as it is not on this computer, and how it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from labdata_napari.widgets.file_places import name_of
from labdata_napari.widgets.place_words import place_hint

if TYPE_CHECKING:
    from labdata_napari.widgets.downloading import DownloadFlow
    from labdata_napari.widgets.file_places import FilePlaces, OfAFile
    from labdata_napari.widgets.restoring import RestoreFlow


class FilePart(QWidget):
    """Says where the file of an entry or a transform is; hidden when it is here.

    Parameters
    ----------
    places, downloads, restores
        Of the browser.
    name
        Begins the names of its widgets.
    """

    def __init__(
        self,
        places: FilePlaces,
        downloads: DownloadFlow,
        restores: RestoreFlow,
        name: str,
    ) -> None:
        super().__init__()
        self._places = places
        self._downloads = downloads
        self._restores = restores
        self._record: OfAFile | None = None
        self._download = QPushButton("Download")
        self._stop = QPushButton("Stop")
        self._restore = QPushButton("Restore …")
        self._text = QLabel()
        self._text.setObjectName(f"{name}_place")
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._text, 1)
        for button, own, slot, tooltip in (
            (self._download, "download", self._on_download, "Bring it here, verified"),
            (
                self._stop,
                "stop",
                self._on_stop,
                "Stop the download; the next one goes on from there",
            ),
            (
                self._restore,
                "restore",
                self._on_restore,
                "Ask for a readable copy; what it costs is shown first",
            ),
        ):
            button.setObjectName(f"{name}_{own}_button")
            button.setToolTip(tooltip)
            button.clicked.connect(slot)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        places.changed.connect(self._on_places)
        downloads.changed.connect(self._update)
        self.hide()

    def show_for(self, record: OfAFile | None) -> None:
        """Say it of another file."""
        self._record = record
        self._update()

    def minimumSizeHint(self) -> QSize:
        """Let the text wrap instead of widening the dock."""
        return QSize(0, super().minimumSizeHint().height())

    def _on_places(self, names: set[tuple[str, str]]) -> None:
        if self._record is not None and name_of(self._record) in names:
            self._update()

    def _update(self) -> None:
        record = self._record
        away = bool(record and record.file_path and not self._places.is_here(record))
        # what nobody looked for yet is no news
        known = bool(record and (record.local is False or self._places.of(record)))
        self.setVisible(away and known)
        if record is None or not away:
            return
        place = self._places.of(record)
        state = place.state if place is not None else ""
        coming = self._downloads.is_under_way(record)
        self._download.setVisible(state == "remote" and not coming)
        self._stop.setVisible(coming)
        self._restore.setVisible(state == "archived")
        hint = place_hint(record, self._places)
        self._text.setText("It is being downloaded." if coming else hint)

    def _on_download(self) -> None:
        if self._record is not None:
            self._downloads.start(self._record)

    def _on_stop(self) -> None:
        if self._record is not None:
            self._downloads.stop(self._record)

    def _on_restore(self) -> None:
        if self._record is not None:
            self._restores.ask(self._record)
