"""The context menu of an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QPoint, QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QApplication, QMenu, QWidget

from labdata_napari.lab.availability import COMPUTING, IMPORTING, OPENING
from labdata_napari.widgets.entry_columns import key_as_python
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.new_window import open_in_new_viewer
from labdata_napari.widgets.place_words import place_hint
from labdata_napari.widgets.pose_opening import POSE_KINDS, show_pose_dock
from labdata_napari.widgets.rights import allow
from labdata_napari.widgets.rows import BRAIN, locate
from labdata_napari.widgets.transform_opening import show_transform_dock

if TYPE_CHECKING:
    from pathlib import Path

    from labdata_napari.lab.entries import Entry
    from labdata_napari.widgets.downloading import DownloadFlow
    from labdata_napari.widgets.file_places import FilePlaces
    from labdata_napari.widgets.restoring import RestoreFlow
    from labdata_napari.widgets.workspace import Workspace


class EntryMenu(QObject):
    """Open, download, copy, reveal, import: what can be done with an entry."""

    import_wanted = Signal()

    def __init__(
        self,
        workspace: Workspace,
        places: FilePlaces,
        downloads: DownloadFlow,
        restores: RestoreFlow,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._places = places
        self._downloads = downloads
        self._restores = restores
        self._entry: Entry | None = None
        self._menu = QMenu(parent)
        self._menu.setObjectName("entry_menu")
        self._menu.setToolTipsVisible(True)
        self._actions = {}
        for name, text, slot in (
            ("open", "Open", self._open),
            ("new_viewer", "Open in new viewer", self._open_in_new_viewer),
            ("transform", "Transform …", self._transform),
            ("poses", "Correct poses …", self._correct_poses),
            ("download", "Download", self._download),
            ("restore", "Restore from cold storage …", self._restore),
            ("copy_key", "Copy key as Python", self._copy_key),
            ("copy_path", "Copy path of the file", self._copy_path),
            ("reveal", "Show in the file manager", self._reveal),
            ("import", "Import …", self.import_wanted),
        ):
            action = self._menu.addAction(text)
            action.setObjectName(f"entry_{name}")
            action.triggered.connect(slot)
            self._actions[name] = action

    def show_for(self, entry: Entry | None, place: QPoint) -> None:
        """Show the menu for an entry; without one only what needs none is enabled."""
        self._entry = entry
        opens = entry is not None
        is_set = entry is not None and entry.kind == "PoseEstimationLabelSet"
        has_file = entry is not None and entry.file_path is not None
        connection = self._workspace.connection
        for name, enabled in (
            ("open", opens),
            ("new_viewer", opens and not is_set),
            ("copy_key", entry is not None),
            ("copy_path", has_file),
            ("reveal", has_file),
        ):
            self._actions[name].setEnabled(enabled)
        self._offer_file(entry)
        brain = entry is not None and entry.kind == BRAIN
        reason = connection.why_not_written(COMPUTING) if brain else ""
        allow(self._actions["transform"], brain, reason)
        has_poses = entry is not None and entry.kind in POSE_KINDS
        reason = connection.why_not(OPENING[POSE_KINDS[0]]) if has_poses else ""
        allow(self._actions["poses"], has_poses, reason)
        importing = self._actions["import"]
        reason = connection.why_not_written(IMPORTING)
        allow(importing, connection.is_open, reason)
        self._menu.popup(place)

    def _offer_file(self, entry: Entry | None) -> None:
        """Offer to download what is in S3 and to restore what is archived."""
        place = self._places.of(entry) if entry is not None else None
        state = place.state if place is not None else ""
        reason = ""
        if entry is not None and entry.file_path is not None and state != "remote":
            reason = place_hint(entry, self._places)
        coming = entry is not None and self._downloads.is_under_way(entry)
        allow(self._actions["download"], state == "remote" and not coming, reason)
        self._actions["restore"].setVisible(state == "archived")

    def _download(self) -> None:
        if self._entry is not None:
            self._downloads.start(self._entry)

    def _restore(self) -> None:
        if self._entry is not None:
            self._restores.ask(self._entry)

    def _open(self) -> None:
        if self._entry is None:
            return
        if self._entry.kind == "PoseEstimationLabelSet":
            self._correct_poses()
        else:
            self._workspace.opener.open_entry(self._entry)

    def _correct_poses(self) -> None:
        if self._entry is not None:
            show_pose_dock(self._workspace, self._entry.kind, self._entry.key)

    def _transform(self) -> None:
        if self._entry is not None:
            show_transform_dock(self._workspace, self._entry.key)

    def _open_in_new_viewer(self) -> None:
        profile = self._workspace.connection.profile
        if self._entry is not None and profile is not None:
            open_in_new_viewer(profile, self._entry)

    def _copy_key(self) -> None:
        if self._entry is not None:
            _to_clipboard(key_as_python(self._entry.kind, self._entry.key))
            self._workspace.status.emit("The key is in the clipboard.")

    def _copy_path(self) -> None:
        if self._entry is not None:
            self._workspace.submit(
                locate, self._entry, on_loss=OnLoss.REPEAT, done=self._put_path
            )

    def _put_path(self, path: Path) -> None:
        _to_clipboard(str(path))
        self._workspace.status.emit(f"In the clipboard: {path}")

    def _reveal(self) -> None:
        if self._entry is not None:
            self._workspace.submit(
                locate, self._entry, on_loss=OnLoss.REPEAT, done=self._show_folder
            )

    def _show_folder(self, path: Path) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _to_clipboard(text: str) -> None:
    QApplication.clipboard().setText(text)
