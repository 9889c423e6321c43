"""The dialog that brings a brain from a file into the lab."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.stacks import StackInfo, probe
from labdata_napari.errors import Cancelled
from labdata_napari.lab import preferences
from labdata_napari.widgets.connection import Profile, open_lab
from labdata_napari.widgets.entry_columns import bytes_text
from labdata_napari.widgets.import_form import ImportForm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtGui import QCloseEvent

    from labdata_napari.core.progress import Progress
    from labdata_napari.errors import LabdataError
    from labdata_napari.lab.ingest import BrainImport
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.workspace import Workspace

_FILTER = "Stacks (*.tif *.tiff *.zip *.ozx *.zarr *.btf);;All files (*)"


class ImportDialog(QDialog):
    """Asks for what a file does not say of itself, then imports it.

    Parameters
    ----------
    workspace
        Whose lab the brain goes into, over a connection of its own: copying a large
        file would keep everybody else off the workspace's.
    parent
        The browser.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import a brain")
        self.setObjectName("import_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._workspace = workspace
        self._probing: Job | None = None
        self._importing: Job | None = None
        self._info: StackInfo | None = None
        self._form = ImportForm()
        self._form.changed.connect(self._check)
        self._form.path_edited.connect(self._probe)
        self._found = QLabel()
        self._found.setObjectName("import_found")
        self._found.setWordWrap(True)
        self._hint = QLabel()
        self._hint.setObjectName("import_hint")
        self._hint.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setObjectName("import_progress")
        self._bar.hide()
        self._file_button = self._button(
            "import_file",
            "File …",
            "Choose a TIFF, zarr.zip or ozx file",
            self._ask_file,
        )
        self._folder_button = self._button(
            "import_folder", "Folder …", "Choose a zarr folder", self._ask_folder
        )
        self._cancel = self._button(
            "import_cancel", "Cancel", "Import nothing", self._on_cancel
        )
        self._import = self._button(
            "import_start", "Import", "Bring it into the lab", self._start
        )
        self._import.setDefault(True)
        self._lay_out()
        self._check()

    def choose(self, path: Path) -> None:
        """Fill in what a file says of itself."""
        self._form.set_path(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop an import that is running; nothing of it is kept."""
        for job in (self._probing, self._importing):
            if job is not None:
                job.cancel()
        super().closeEvent(event)

    # -- building

    def _button(self, name: str, text: str, tooltip: str, slot: Any) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _lay_out(self) -> None:
        choose = QHBoxLayout()
        choose.addWidget(self._found, 1)
        choose.addWidget(self._file_button)
        choose.addWidget(self._folder_button)
        buttons = QHBoxLayout()
        buttons.addWidget(self._bar, 1)
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._import)
        layout = QVBoxLayout(self)
        layout.addLayout(choose)
        layout.addWidget(self._form)
        layout.addWidget(self._hint)
        layout.addStretch()
        layout.addLayout(buttons)
        self.resize(
            self.fontMetrics().averageCharWidth() * 84, self.sizeHint().height()
        )

    # -- the file

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import a brain", "", _FILTER)
        if path:
            self.choose(Path(path))

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Import a zarr folder")
        if path:
            self.choose(Path(path))

    def _probe(self, path: Path | None) -> None:
        if self._probing is not None:
            self._probing.cancel()
        self._info = None
        if path is None:
            self._found.clear()
            self._check()
            return
        self._found.setText("Reading what the file says …")
        self._probing = self._workspace.background(
            _look_into,
            path,
            self._workspace.connection.url,
            done=self._on_probed,
            failed=self._on_not_probed,
        )
        self._check()

    def _on_probed(self, found: _Found) -> None:
        if found.path == self._form.path():
            self._info = found.info
            self._found.setText(_in_words(found.info))
            self._form.fill(found.info, found.modified, found.names)
            self._check()

    def _on_not_probed(self, error: LabdataError) -> None:
        if self._probing is not None and self._probing.is_over:
            self._found.setText(str(error))
            self._check()

    def _check(self) -> None:
        """Say in one sentence what is still missing."""
        running = self._importing is not None and not self._importing.is_over
        missing = self._form.missing(self._info)
        if not running:
            self._hint.setText(missing or self._form.note())
        self._import.setEnabled(not missing and not running)
        self._form.setEnabled(not running)
        self._file_button.setEnabled(not running)
        self._folder_button.setEnabled(not running)

    # -- the import

    def _start(self) -> None:
        profile = self._workspace.connection.profile
        if profile is None or not self._import.isEnabled():
            return
        values = self._form.values()
        self._bar.setRange(0, 0)
        self._bar.show()
        self._hint.setText("Importing …")
        self._importing = self._workspace.background(
            _import,
            profile,
            values,
            done=self._on_imported,
            failed=self._on_not_imported,
            progress=self._on_progress,
            title=f"Importing {Path(values['file']).name}",
        )
        self._check()

    def _on_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, 100)
        self._bar.setValue(int(100 * done / total) if total else 0)

    def _on_imported(self, key: Mapping[str, Any]) -> None:
        self._workspace.rows_changed.emit(dict(key))
        self._workspace.status.emit(f"Imported {' · '.join(map(str, key.values()))}.")
        self.close()

    def _on_not_imported(self, error: LabdataError) -> None:
        self._bar.hide()
        self._check()
        cancelled = isinstance(error, Cancelled)
        self._hint.setText("Cancelled; nothing was kept." if cancelled else str(error))

    def _on_cancel(self) -> None:
        if self._importing is not None and not self._importing.is_over:
            self._hint.setText("Stopping …")
            self._importing.cancel()
        else:
            self.close()


@dataclass(frozen=True)
class _Found:
    """What a file, its date and its folders say."""

    path: Path
    info: StackInfo
    modified: datetime
    names: dict[str, str]


def _look_into(path: Path, lab_url: str) -> _Found:
    info = probe(path)
    labdata = preferences.read()
    names = labdata.names_in(path) if labdata.serves(lab_url) else {}
    modified = datetime.fromtimestamp(path.stat().st_mtime)
    return _Found(path, info, modified, names)


def _import(
    profile: Profile, values: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    from labdata_napari.lab.ingest import BrainImport, import_brain

    request: BrainImport = BrainImport(**values)
    with open_lab(profile, progress) as lab:
        return dict(import_brain(lab, request, progress))


def _in_words(info: StackInfo) -> str:
    sizes = " × ".join(str(n) for n in info.shape)
    axes = ", ".join(info.axes)
    size = bytes_text(info.size_bytes)
    return f"{info.format}: {sizes} ({axes}), {info.dtype}, {size} of voxels"
