"""What there is to know about the chosen entry, with a picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.availability import COMPUTING, TRANSFORMS
from labdata_napari.widgets.entry_columns import um_text
from labdata_napari.widgets.file_part import FilePart
from labdata_napari.widgets.file_places import name_of
from labdata_napari.widgets.place_words import place_word
from labdata_napari.widgets.rows import BRAIN
from labdata_napari.widgets.thumbnails import ThumbnailMaker
from labdata_napari.widgets.transforming import NewTransformButton, TransformMaker

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from labdata_napari.lab.details import EntryDetails
    from labdata_napari.lab.entries import Entry
    from labdata_napari.lab.transforms import TransformRecord
    from labdata_napari.widgets.downloading import DownloadFlow
    from labdata_napari.widgets.file_places import FilePlaces
    from labdata_napari.widgets.restoring import RestoreFlow
    from labdata_napari.widgets.workspace import Workspace

_PICTURE = 150
_RECORD = Qt.ItemDataRole.UserRole


class _TransformList(QListWidget):
    """A list whose Enter opens."""

    opened = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)


class DetailsPane(QWidget):
    """Picture, facts and transforms of one entry."""

    transform_opened = Signal(object)
    """A `TransformRecord` that should be opened."""

    def __init__(
        self,
        workspace: Workspace,
        places: FilePlaces,
        downloads: DownloadFlow,
        restores: RestoreFlow,
    ) -> None:
        super().__init__()
        self._workspace = workspace
        self._places = places
        self._file = FilePart(places, downloads, restores, "entry")
        self._transform_file = FilePart(places, downloads, restores, "transform")
        self._entry: Entry | None = None
        self._transformer = TransformMaker(workspace, self)
        self._new = NewTransformButton(self._transformer)
        self._maker = ThumbnailMaker(workspace, places, self)
        self._maker.ready.connect(self._show_picture)
        self._maker.failed.connect(self._show_no_picture)
        self._picture = QLabel()
        self._picture.setObjectName("entry_thumbnail")
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._picture.setFixedSize(QSize(_PICTURE, _PICTURE))
        self._picture.setWordWrap(True)
        self._facts = QWidget()
        self._facts_form = QFormLayout(self._facts)
        self._facts_form.setContentsMargins(0, 0, 0, 0)
        self._facts_form.setVerticalSpacing(2)
        scroll = QScrollArea()
        scroll.setObjectName("details_scroll")
        scroll.setWidget(self._facts)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumHeight(_PICTURE)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._transforms = _TransformList()
        self._transforms.setObjectName("transform_list")
        self._transforms.setToolTip("Transforms of this brain; Enter opens one")
        self._transforms.opened.connect(self._open_transform)
        self._transforms.itemDoubleClicked.connect(self._open_transform)
        self._transforms.currentItemChanged.connect(self._on_transform)
        self._transforms.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        )
        self._open = QPushButton("Open transform")
        self._open.setObjectName("open_transform_button")
        self._open.setToolTip("Open the chosen transform with its annotations")
        self._open.clicked.connect(self._open_transform)
        self._transforms_part = QWidget()
        transforms = QVBoxLayout(self._transforms_part)
        transforms.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        self._title = QLabel("Transforms")
        row.addWidget(self._title, 1)
        row.addWidget(self._new)
        row.addWidget(self._open)
        transforms.addLayout(row)
        transforms.addWidget(self._transforms)
        transforms.addWidget(self._transform_file)

        top = QHBoxLayout()
        top.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(scroll, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top, 1)
        layout.addWidget(self._file)
        layout.addWidget(self._transforms_part)
        self._transforms_part.hide()
        places.changed.connect(self._on_places)

    def show_entry(self, entry: Entry | None) -> None:
        """Start on another entry: its picture is made, its facts follow."""
        self._entry = entry
        self._clear_facts()
        self._transforms.clear()
        self._transforms_part.hide()
        self._transform_file.show_for(None)
        self._file.show_for(entry)
        self._maker.ask(entry)

    @property
    def current_transform(self) -> TransformRecord | None:
        """The transform that is chosen in the list, if there is one."""
        item = self._transforms.currentItem()
        return item.data(_RECORD) if item is not None else None

    def show_details(self, details: EntryDetails) -> None:
        """Fill in what the database says of the entry."""
        self._clear_facts()
        for label, value in details.lines:
            text = QLabel(str(value))
            text.setWordWrap(True)
            text.setMinimumWidth(1)  # a checksum has no place to break at
            text.setToolTip(str(value))
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts_form.addRow(QLabel(label), text)
        self._transforms.clear()
        self._places.look_again(details.transforms)
        for record in details.transforms:
            item = QListWidgetItem(transform_text(record, self._places))
            item.setData(_RECORD, record)
            item.setSizeHint(QSize(0, int(self.fontMetrics().height() * 1.5)))
            self._transforms.addItem(item)
        count = self._transforms.count()
        brain = self._entry if self._is_brain() else None
        connection = self._workspace.connection
        self._new.offer(brain, connection.why_not_written(COMPUTING))
        self._transforms_part.setVisible(brain is not None)
        self._transforms.setVisible(count > 0)
        self._open.setVisible(count > 0)
        missing = connection.why_not(TRANSFORMS)
        none = "No transforms in this lab" if missing else "No transform yet"
        self._title.setText("Transforms" if count else none)
        self._title.setToolTip(missing)
        if count:
            self._transforms.setCurrentRow(0)
            height = self._transforms.sizeHintForRow(0) * min(count, 4)
            self._transforms.setFixedHeight(height + 2 * self._transforms.frameWidth())

    def show_problem(self, text: str) -> None:
        """Say why there are no facts."""
        self._clear_facts()
        label = QLabel(text)
        label.setWordWrap(True)
        self._facts_form.addRow(label)

    def _clear_facts(self) -> None:
        while self._facts_form.rowCount():
            self._facts_form.removeRow(0)

    def _is_brain(self) -> bool:
        return self._entry is not None and self._entry.kind == BRAIN

    def _open_transform(self, *_: Any) -> None:
        item = self._transforms.currentItem()
        if item is None or not self._open.isEnabled():
            return
        record: TransformRecord = item.data(_RECORD)
        if record.computed:
            self.transform_opened.emit(record)
        else:
            self._transformer.compute(record)

    def _on_places(self, names: set[tuple[str, str]]) -> None:
        for row in range(self._transforms.count()):
            item = self._transforms.item(row)
            record: TransformRecord = item.data(_RECORD)
            if name_of(record) in names:
                item.setText(transform_text(record, self._places))
                if item is self._transforms.currentItem():
                    self._on_transform(item)

    def _on_transform(self, item: QListWidgetItem | None, *_: Any) -> None:
        if item is None:
            self._open.setEnabled(False)
            self._transform_file.show_for(None)
            return
        record: TransformRecord = item.data(_RECORD)
        self._transform_file.show_for(record if record.computed else None)
        if record.computed:
            reason = why_not_opened(record, self._places)
            self._open.setText("Open transform")
            self._open.setToolTip(reason or "Open it with its annotations (Enter)")
        else:
            reason = record.problem or self._workspace.connection.why_not_written(
                COMPUTING
            )
            self._open.setText("Compute")
            self._open.setToolTip(reason or "Compute it in the background (Enter)")
        self._open.setEnabled(not reason)

    def _show_picture(self, image: QImage) -> None:
        if image.isNull():
            self._picture.clear()
            return
        self._picture.setPixmap(
            QPixmap.fromImage(image).scaled(
                self._picture.size(),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )

    def _show_no_picture(self, reason: str) -> None:
        self._picture.setText(reason)


def transform_text(record: TransformRecord, places: FilePlaces) -> str:
    """Describe a transform in one line."""
    um = um_text(record.um_per_pixel)
    count = record.annotations
    where = place_word(record, places) if places.is_far(record) else ""
    parts = (
        f"transform {record.transform_id}",
        f"{um} µm" if um else "",
        " × ".join(map(str, record.shape)) if record.shape else "",
        record.hemisphere or "",
        f"{count} annotation{'s' if count != 1 else ''}" if count else "",
        where if record.computed else "",
        why_not_opened(record, places),
    )
    return "  ·  ".join(part for part in parts if part)


def why_not_opened(record: TransformRecord, places: FilePlaces) -> str:
    """Say why a transform cannot be opened; empty when it can, or nobody knows yet."""
    if not record.computed:
        return record.problem or "not computed yet"
    if record.local is None or places.is_far(record) or places.is_here(record):
        return ""  # a file far away is asked for when it is opened
    return "its file is not on this computer"
