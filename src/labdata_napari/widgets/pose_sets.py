"""The label sets and predictions of a lab, to choose what to correct."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.pose_list import ListedPredictions, ListedSet
from labdata_napari.widgets.record_table import (
    Column,
    RecordTableModel,
    RecordTableView,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labdata_napari.core.pose_predictions import VideoKey

_NEW = "a new label set"


def _what(record: Any) -> str:
    if isinstance(record, ListedSet):
        return f"label set {record.num}"
    return f"model {record.model_num}"


def _where(record: Any) -> str:
    videos = record.videos if isinstance(record, ListedSet) else (record.video,)
    first = " ".join((videos[0].subject_name, videos[0].video_name)) if videos else ""
    return f"{first} and {len(videos) - 1} more" if len(videos) > 1 else first


def _where_hint(record: Any) -> str:
    videos = record.videos if isinstance(record, ListedSet) else (record.video,)
    return "\n".join(" ".join(video) for video in videos)


def _frames(record: Any) -> str:
    return f"{record.frames:,}" if isinstance(record, ListedSet) else "all"


def _share(record: Any) -> str:
    share = record.share if isinstance(record, ListedSet) else None
    return "" if share is None else f"{share:.0%}"


def _by(record: Any) -> str:
    return record.labeler if isinstance(record, ListedSet) else record.model


def _notes(record: Any) -> str:
    if isinstance(record, ListedPredictions):
        parts = f"{record.bodyparts} body parts"
        of_set = record.trained_on
        return parts if of_set is None else f"{parts}, trained on set {of_set}"
    words = [record.description, *(f"model {num}" for num in record.models)]
    return ", ".join(filter(None, words))


def _identity(record: Any) -> tuple[Any, ...]:
    if isinstance(record, ListedSet):
        return ("set", record.num)
    return ("predictions", record.model_num, record.video)


_COLUMNS = (
    Column("What", "Label sets, and models that predicted a video", _what, width=11),
    Column("Of", "Subject and video", _where, takes_room=True, hint=_where_hint),
    Column(
        "Frames",
        "How many the set has; predictions are of all frames",
        _frames,
        lambda r: r.frames if isinstance(r, ListedSet) else None,
        numeric=True,
        width=6,
    ),
    Column(
        "Labelled",
        "Labels of those that there could be",
        _share,
        lambda r: r.share if isinstance(r, ListedSet) else None,
        numeric=True,
        width=7,
    ),
    Column("By", "Who labels, or the kind of model", _by, width=8),
    Column("Notes", "What the set is for; models trained on it", _notes, width=18),
)


class PoseSets(QWidget):
    """Lists what there is to correct; a double click or Enter opens it."""

    set_wanted = Signal(int)
    """Number of a label set."""
    new_wanted = Signal()
    """A label set is to be made."""
    predictions_wanted = Signal(object, object, object)
    """Number of a model or path of a file, a `VideoKey`, number of a set or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._records: list[Any] = []
        self._line = QLineEdit()
        self._line.setObjectName("pose_filter")
        self._line.setPlaceholderText("Search: set, subject, video, labeler")
        self._line.setToolTip("Show only what has all of these words")
        self._line.setClearButtonEnabled(True)
        self._model = RecordTableModel(_COLUMNS, _identity, self)
        self.table = RecordTableView(self._model)
        self.table.setObjectName("pose_sets")
        self.table.setToolTip("↑ ↓ to choose, Enter or a double click to open")
        self._into_label = QLabel("Corrected frames go into")
        self._into = QComboBox()
        self._into.setObjectName("pose_into")
        self._into.setToolTip("The label set that accepted and corrected frames join")
        self._file = QPushButton("From a file …")
        self._file.setObjectName("pose_file")
        self._file.setToolTip(
            "Predictions that a model wrote for the video of the chosen row: .h5 or "
            ".csv of DeepLabCut or Lightning Pose"
        )
        self._new = QPushButton("New set …")
        self._new.setObjectName("pose_new_set")
        self._new.setToolTip("Choose frames of videos and body parts to label in them")
        self._open = QPushButton("Correct")
        self._open.setObjectName("pose_open")
        self._open.setToolTip("Open what is chosen (Enter)")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._lay_out()
        self._line.textChanged.connect(self._model.filter)
        self.table.activated_record.connect(self._activate)
        self.table.current_changed.connect(self._on_current)
        self._open.clicked.connect(self.open_current)
        self._file.clicked.connect(self._choose_file)
        self._new.clicked.connect(self.new_wanted)
        self._on_current(None)

    def _lay_out(self) -> None:
        into, bottom = QHBoxLayout(), QHBoxLayout()
        into.addWidget(self._into_label)
        into.addWidget(self._into, 1)
        bottom.addWidget(self._file)
        bottom.addWidget(self._new)
        bottom.addStretch()
        bottom.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        layout.addWidget(self.table, 1)
        layout.addLayout(into)
        layout.addLayout(bottom)

    def show_listed(
        self, sets: Sequence[ListedSet], predictions: Sequence[ListedPredictions]
    ) -> None:
        """Show what a lab has."""
        first = not self._records
        self._records = [*sets, *predictions]
        self._model.set_records(self._records)
        if first:
            self.table.fit_columns()
            self.table.select_first()
        self._on_current(self.table.current_record())

    def choose_video(self, video: VideoKey) -> ListedPredictions | None:
        """Make the predictions of a video current; the first there are, or None."""
        of_video = (
            record
            for record in self._records
            if isinstance(record, ListedPredictions) and record.video == video
        )
        found = next(of_video, None)
        if found is not None:
            self._line.clear()
            self.table.select(found)
        return found

    def open_current(self) -> None:
        """Open what is chosen."""
        record = self.table.current_record()
        if record is not None:
            self._activate(record)

    # -- how

    def _on_current(self, record: Any) -> None:
        self._open.setEnabled(record is not None)
        is_predictions = isinstance(record, ListedPredictions)
        self._into_label.setVisible(is_predictions)
        self._into.setVisible(is_predictions)
        self._file.setEnabled(self._video_of(record) is not None)
        if isinstance(record, ListedPredictions):
            self._offer_sets(record)

    def _offer_sets(self, record: ListedPredictions) -> None:
        """Offer the sets to put frames into, the one it was trained on first."""
        self._into.clear()
        self._into.addItem(_NEW, None)
        chosen = 0
        for each in self._records:
            if not isinstance(each, ListedSet):
                continue
            words = f"label set {each.num}"
            if each.description:
                words += f": {each.description}"
            self._into.addItem(words, each.num)
            if each.num == record.trained_on:
                chosen = self._into.count() - 1
        self._into.setCurrentIndex(chosen)

    def _activate(self, record: Any) -> None:
        if isinstance(record, ListedSet):
            self.set_wanted.emit(record.num)
        else:
            into = self._into.currentData()
            self.predictions_wanted.emit(record.model_num, record.video, into)

    def _video_of(self, record: Any) -> VideoKey | None:
        if isinstance(record, ListedPredictions):
            return record.video
        if isinstance(record, ListedSet) and record.videos:
            return record.videos[0]
        return None

    def _choose_file(self) -> None:
        record = self.table.current_record()
        video = self._video_of(record)
        path, _ = QFileDialog.getOpenFileName(
            self, "Predictions of a video", "", "Predictions (*.h5 *.csv)"
        )
        if path and video is not None:
            into = record.num if isinstance(record, ListedSet) else None
            self.predictions_wanted.emit(Path(path), video, into)
