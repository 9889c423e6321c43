"""The Lab Browser dock: which lab, what is in it, and opening it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QPoint, QSize, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QShortcut,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.availability import IMPORTING, OPENING
from labdata_napari.widgets.compute_queue import ComputeQueueView
from labdata_napari.widgets.connection import DEMO, Connection, Phase, Profile
from labdata_napari.widgets.connection_line import ConnectionLine
from labdata_napari.widgets.details_pane import DetailsPane
from labdata_napari.widgets.downloading import DownloadFlow
from labdata_napari.widgets.empty_state import EmptyState
from labdata_napari.widgets.entry_columns import (
    entry_columns,
    entry_identity,
)
from labdata_napari.widgets.entry_menu import EntryMenu
from labdata_napari.widgets.file_places import FilePlaces, name_of
from labdata_napari.widgets.filter_bar import EntryFilter, FilterBar
from labdata_napari.widgets.import_dialog import ImportDialog
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.place_words import place_search
from labdata_napari.widgets.pose_opening import show_pose_dock
from labdata_napari.widgets.preferences import remember_lab, start_profile
from labdata_napari.widgets.question import Question
from labdata_napari.widgets.record_table import RecordTableModel, RecordTableView
from labdata_napari.widgets.recovery import IS_BACK
from labdata_napari.widgets.restoring import RestoreFlow
from labdata_napari.widgets.rights import allow
from labdata_napari.widgets.rows import Listing, list_entries, load_details
from labdata_napari.widgets.workspace import Workspace, workspace_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import napari
    from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent

    from labdata_napari.errors import Archived, LabdataError
    from labdata_napari.lab.details import EntryDetails
    from labdata_napari.lab.entries import Entry

_DETAILS_DELAY_MS = 120
ANNOTATIONS = ("labdata-napari", "Annotations")


class LabBrowser(QWidget):
    """Lists what the lab holds and opens it in napari.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._workspace: Workspace = workspace_for(napari_viewer)
        self._wants_first = True
        self._written: Mapping[str, Any] | None = None
        self._connection = ConnectionLine(self._workspace)
        self._filter = FilterBar()
        self._places = FilePlaces(self._workspace, self)
        columns = entry_columns(self._places)
        self._model = RecordTableModel(columns, entry_identity, self)
        self._table = RecordTableView(self._model)
        self._table.setObjectName("entry_table")
        self._table.setToolTip("↑ ↓ to choose, Enter to open, / to filter")
        self._downloads = DownloadFlow(self._workspace, self._places, self)
        self._question = Question()
        self._restores = RestoreFlow(
            self._workspace, self._places, self._question, self
        )
        files = (self._places, self._downloads, self._restores)
        self._details = DetailsPane(self._workspace, *files)
        self._empty = EmptyState()
        self._menu = EntryMenu(self._workspace, *files, self)
        self._status = QLabel()
        self._status.setObjectName("browser_status")
        self._status.setWordWrap(True)
        self._unavailable = QLabel()
        self._unavailable.setObjectName("browser_unavailable")
        self._unavailable.setWordWrap(True)
        self._count = QLabel()
        self._count.setObjectName("entry_count")
        self._open = self._button("open_button", "Open", "Open what is chosen (Enter)")
        self._import = self._button(
            "import_button", "Import …", "Bring a brain from a file into the lab"
        )
        self._details_timer = QTimer(self)
        self._details_timer.setSingleShot(True)
        self._details_timer.setInterval(_DETAILS_DELAY_MS)
        self._lay_out()
        self._connect_signals()
        self.setAcceptDrops(True)
        self._on_connection(self._workspace.connection)

    # -- building

    def _button(self, name: str, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        return button

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self._table)
        split.addWidget(self._details)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        split.setSizes([600, 340])
        self._pages = QStackedWidget()
        self._pages.addWidget(split)
        self._pages.addWidget(self._empty)
        bottom = QHBoxLayout()
        bottom.addWidget(self._count, 1)
        bottom.addWidget(self._import)
        bottom.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.addWidget(self._connection)
        layout.addWidget(self._filter)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._unavailable)
        layout.addWidget(self._question)
        layout.addWidget(ComputeQueueView(self._workspace))
        layout.addWidget(self._status)
        layout.addLayout(bottom)

    def _connect_signals(self) -> None:
        self._listening = Listening(self)
        self._listening.to(self._workspace.changed, self._on_connection)
        self._listening.to(self._workspace.status, self._say)
        self._listening.to(self._workspace.rows_changed, self._on_rows_changed)
        self._listening.to(self._workspace.opener.archived, self._on_archived)
        self._connection.lab_chosen.connect(remember_lab)
        self._places.changed.connect(self._on_places)
        self._filter.changed.connect(self._on_filter)
        self._filter.left_down.connect(self._enter_table)
        self._filter.accepted.connect(self._open_current)
        self._table.activated_record.connect(self._open_entry)
        self._table.current_changed.connect(self._on_current)
        self._table.left_at_top.connect(self._filter.focus_line)
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._table.customContextMenuRequested.connect(self._show_menu)
        self._menu.import_wanted.connect(self.open_import)
        self._details.transform_opened.connect(self._open_transform)
        self._details_timer.timeout.connect(self._load_details)
        self._open.clicked.connect(self._open_current)
        self._import.clicked.connect(self.open_import)
        self._empty.again_wanted.connect(self._workspace.reconnect)
        self._empty.demo_wanted.connect(self._connect_demo)
        self._empty.import_wanted.connect(self.open_import)
        self._empty.server_wanted.connect(self._connection.open_form)
        self._empty.filter_reset.connect(self._filter.reset)
        slash = QShortcut(QKeySequence("/"), self)
        slash.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        slash.activated.connect(self._filter.focus_line)

    # -- what others call

    def connect_to(self, profile: Profile) -> None:
        """Open a lab; the window of the command line says which."""
        self._wants_first = False
        self._workspace.connect(profile)

    def filter_by(self, text: str) -> None:
        """Put words into the filter line."""
        self._filter.set_text(text)

    def open_import(self, path: Path | None = None) -> None:
        """Show the import dialog, filled in from a file when there is one."""
        reason = self._workspace.connection.why_not_written(IMPORTING)
        if reason:
            self._say(reason)
            return
        dialog = ImportDialog(self._workspace, self)
        dialog.show()
        if path:
            dialog.choose(path)

    def sizeHint(self) -> QSize:
        """Return a size that shows every column and leaves the picture its half."""
        unit = self.fontMetrics().averageCharWidth()
        return QSize(
            min(unit * 110, int(self.screen().size().width() * 0.4)), unit * 130
        )

    # -- events

    def showEvent(self, event: QShowEvent) -> None:
        """Connect to the first lab when the dock is first seen."""
        super().showEvent(event)
        self._workspace.attach_window(self.window())
        if self._wants_first and self._workspace.connection.phase is Phase.CLOSED:
            self._wants_first = False
            self._workspace.connect(start_profile())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls() and self._workspace.connection.is_open:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import the first of the dropped files."""
        from pathlib import Path

        local = [url.toLocalFile() for url in event.mimeData().urls()]
        if local and local[0]:
            event.acceptProposedAction()
            self.open_import(Path(local[0]))

    # -- what happens

    def _on_connection(self, connection: Connection) -> None:
        if connection.phase is Phase.LOST and self._model.total:
            if self._status.text() == IS_BACK:  # which it no longer is
                self._say("")
            return  # the list stays as it was read last
        self._say("")
        self._filter.setEnabled(connection.is_open)
        importing = connection.why_not_written(IMPORTING)
        allow(self._import, connection.is_open, importing)
        self._unavailable.setText(connection.unavailable_line)
        reasons = (f"{u.what}: {u.reason}" for u in connection.unavailable)
        self._unavailable.setToolTip("\n".join(reasons))
        self._unavailable.setVisible(bool(connection.unavailable))
        if connection.is_open:
            self._refresh()
        else:
            self._places.forget()
            self._restores.forget()
            self._model.set_records([])
            self._show_page()

    def _on_rows_changed(self, key: Mapping[str, Any]) -> None:
        self._written = key
        self._refresh()

    def _refresh(self) -> None:
        self._workspace.submit(
            list_entries, on_loss=OnLoss.REPEAT, done=self._show_entries
        )

    def _show_entries(self, listing: Listing) -> None:
        entries, first = listing.entries, self._model.total == 0
        self._model.set_records(entries, also=self._searched)
        self._choose_written(entries)
        if first:
            self._table.fit_columns()
            self._table.select_first()
        else:
            self._load_details()
        self._show_page()
        self._places.look(listing.files, [*self._table.in_sight(), *entries])

    def _searched(self, entry: Entry) -> str:
        return f"{entry.text} {place_search(entry, self._places)}"

    def _on_places(self, names: set[tuple[str, str]]) -> None:
        shown = self._model.rowCount()
        self._model.retell(lambda entry: name_of(entry) in names)
        if self._model.rowCount() != shown:
            self._show_page()

    def _choose_written(self, entries: list[Entry]) -> None:
        """Make the entry current whose rows were just written, if it is in sight."""
        written, self._written = self._written, None
        for entry in entries if written else ():
            if entry.key.items() <= dict(written or {}).items():
                self._table.select(entry)
                return

    def _on_filter(self, value: EntryFilter) -> None:
        self._model.filter(value.text, None if value.is_only_text else value.keeps)
        self._show_page()

    def _show_page(self) -> None:
        connection = self._workspace.connection
        shown, total = self._model.rowCount(), self._model.total
        self._pages.setCurrentIndex(0 if shown else 1)
        self._empty.show_reason(connection, total)
        if connection.is_open:
            plural = "entry" if total == 1 else "entries"
            of = f"{shown:,} of " if shown != total else ""
            self._count.setText(f"{of}{total:,} {plural}")
        else:
            self._count.clear()
        self._on_current(self._table.current_record())

    def _on_current(self, entry: Entry | None) -> None:
        reason = self._why_not_opened(entry)
        self._open.setEnabled(entry is not None and not reason)
        self._open.setToolTip(reason or "Open what is chosen (Enter)")
        self._details_timer.start()

    def _why_not_opened(self, entry: Entry | None) -> str:
        kind = "" if entry is None else entry.kind
        return self._workspace.connection.why_not(OPENING.get(kind, ""))

    def _load_details(self) -> None:
        self._details_timer.stop()
        entry = self._table.current_record()
        self._places.look_again([entry] if entry is not None else [])
        self._details.show_entry(entry)
        if entry is not None:
            self._workspace.submit(
                load_details,
                entry,
                on_loss=OnLoss.REPEAT,
                done=self._show_details,
                failed=self._show_no_details,
            )

    def _show_details(self, answer: tuple[Entry, EntryDetails]) -> None:
        entry, details = answer
        if entry == self._table.current_record():
            self._details.show_details(details)

    def _show_no_details(self, error: LabdataError) -> None:
        self._details.show_problem(str(error))

    def _enter_table(self) -> None:
        if self._model.rowCount():
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _open_current(self) -> None:
        entry = self._table.current_record()
        if entry is not None:
            self._open_entry(entry)

    def _open_entry(self, entry: Entry) -> None:
        reason = self._why_not_opened(entry)
        if reason:
            self._say(reason)
        elif entry.kind == "PoseEstimationLabelSet":
            show_pose_dock(self._workspace, entry.kind, entry.key)
        else:
            self._workspace.opener.open_entry(entry)

    def _open_transform(self, record: Any) -> None:
        viewer = self._workspace.viewer
        if viewer is not None:
            # Only the annotation dock makes sense of what opens now.
            dock, _ = viewer.window.add_plugin_dock_widget(*ANNOTATIONS, tabify=True)
            dock.show()
            dock.raise_()
        self._workspace.opener.open_transform(record)

    def _on_archived(self, error: Archived) -> None:
        for record in (self._table.current_record(), self._details.current_transform):
            if record is not None and record.file_path in error.files:
                self._places.look_again([record], now=True)
                self._restores.ask(record)

    def _show_menu(self, place: QPoint) -> None:
        entry = self._model.record(self._table.indexAt(place))
        at = self._table.viewport().mapToGlobal(place)
        self._menu.show_for(entry or self._table.current_record(), at)

    def _connect_demo(self) -> None:
        self._workspace.connect(DEMO)

    def _say(self, text: str) -> None:
        self._status.setText(text)
        self._status.setVisible(bool(text))
