"""Choosing the frames of a new label set: suggested, or picked while watching."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QCompleter,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_new import suggest_in
from labdata_napari.core.pose_predictions import VideoKey
from labdata_napari.errors import Cancelled, LabdataError
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_new_rows import open_video_of
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.layers import Layer

    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.widgets.workspace import Workspace

_WAYS = (("that look different", "kmeans"), ("at even distances", "uniform"))
_MOST = 10_000
_FRAME = Qt.ItemDataRole.UserRole


class NewSetFrames(QWidget):
    """Lists the frames that are chosen.

    Parameters
    ----------
    workspace
        Whose lab has the videos, and whose viewer shows frames to pick.
    """

    changed = Signal()
    told = Signal(str)
    """What came of a search."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._chosen: dict[VideoKey, set[int]] = {}
        self._sought: VideoKey | None = None
        self._videos = QComboBox()
        self._videos.setObjectName("pose_new_video")
        self._videos.setToolTip("The video to take frames of; type a part of its name")
        self._videos.setEditable(True)
        shrinks = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self._videos.setSizeAdjustPolicy(shrinks)
        self._videos.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = self._videos.completer()
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self._count = QSpinBox()
        self._count.setObjectName("pose_new_count")
        self._count.setRange(1, _MOST)
        self._count.setValue(20)
        self._count.setToolTip("How many frames to add")
        self._way = QComboBox()
        self._way.setObjectName("pose_new_way")
        self._way.setSizeAdjustPolicy(shrinks)
        self._way.setMinimumContentsLength(8)
        self._way.setToolTip("How they are chosen; none is chosen twice")
        for words, way in _WAYS:
            self._way.addItem(words, way)
        self._suggest = QPushButton("Add")
        self._suggest.setObjectName("pose_new_suggest")
        self._suggest.setToolTip("Look for such frames, and add them")
        self._pick = QPushButton("Add the frame that is shown")
        self._pick.setObjectName("pose_new_pick")
        self._pick.setToolTip(
            "Add the frame of the lab's video that the window shows; open the video, "
            "and go through it"
        )
        self._summary = QLabel()
        self._summary.setObjectName("pose_new_summary")
        self._list = QListWidget()
        self._list.setObjectName("pose_new_frames")
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setToolTip("The frames of the new set; Delete takes the chosen out")
        self._list.setMinimumHeight(5 * self._list.fontMetrics().lineSpacing())
        self._list.installEventFilter(self)
        self._lay_out()
        self._suggest.clicked.connect(self._seek)
        self._pick.clicked.connect(self._pick_shown)
        self._show()

    def _lay_out(self) -> None:
        how = QHBoxLayout()
        how.addWidget(self._count)
        how.addWidget(self._way, 1)
        how.addWidget(self._suggest)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Video", self._videos)
        form.addRow("Frames", how)
        form.addRow("", self._pick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self._summary)
        layout.addWidget(self._list, 1)

    @property
    def chosen(self) -> dict[VideoKey, tuple[int, ...]]:
        """The frames, by video."""
        return {video: tuple(sorted(n)) for video, n in self._chosen.items() if n}

    def show_videos(self, videos: Sequence[VideoKey]) -> None:
        """Offer the videos of a lab."""
        current = self._videos.currentText()
        self._videos.clear()
        for video in videos:
            self._videos.addItem(_words(video), video)
        self._videos.setCurrentIndex(max(self._videos.findText(current), 0))
        allow(self._suggest, bool(videos), "" if videos else "The lab has no videos.")

    def add(self, video: VideoKey, numbers: Iterable[int]) -> None:
        """Add frames of a video."""
        self._chosen.setdefault(VideoKey(*video), set()).update(map(int, numbers))
        self._show()

    def clear(self) -> None:
        """Begin anew."""
        self._chosen.clear()
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the chosen frames out when somebody presses Delete."""
        if event.type() == QEvent.Type.KeyPress and watched is self._list:
            key: Any = event
            if key.matches(QKeySequence.StandardKey.Delete) or (
                key.key() == Qt.Key.Key_Backspace
            ):
                self._remove_chosen()
                return True
        return bool(super().eventFilter(watched, event))

    # -- how

    def _show(self) -> None:
        self._list.clear()
        count = 0
        for video, numbers in self.chosen.items():
            for number in numbers:
                item = QListWidgetItem(f"frame {number:,} of {_words(video)}")
                item.setData(_FRAME, (video, number))
                self._list.addItem(item)
                count += 1
        videos = len(self.chosen)
        self._summary.setText(
            f"{_many(count, 'frame')} of {_many(videos, 'video')}"
            if count
            else "No frame is chosen yet."
        )
        self.changed.emit()

    def _remove_chosen(self) -> None:
        for item in self._list.selectedItems():
            video, number = item.data(_FRAME)
            self._chosen[VideoKey(*video)].discard(number)
        self._show()

    def _seek(self) -> None:
        index = self._videos.findText(self._videos.currentText())
        video = self._videos.itemData(index)
        if video is None:
            self.told.emit(
                "No video of the lab is called that; choose one of the list."
            )
            return
        self._sought = VideoKey(*video)
        allow(self._suggest, False)
        self._workspace.submit(
            open_video_of,
            self._sought,
            on_loss=OnLoss.REPEAT,
            done=self._on_opened,
            failed=self._on_failed,
        )

    def _on_opened(self, reader: Pictures) -> None:
        known = self._chosen.get(self._sought, set()) if self._sought else set()
        # the database is not kept waiting while the video is looked through
        self._workspace.background(
            suggest_in,
            reader,
            self._count.value(),
            self._way.currentData(),
            tuple(known),
            done=self._on_found,
            failed=self._on_failed,
            title="Looking for frames to label",
        )

    def _on_found(self, numbers: list[int]) -> None:
        video, self._sought = self._sought, None
        allow(self._suggest, True)
        if video is not None:
            self.add(video, numbers)
        self.told.emit(f"{_many(len(numbers), 'frame')} added.")

    def _on_failed(self, error: LabdataError) -> None:
        self._sought = None
        allow(self._suggest, True)
        self.told.emit("" if isinstance(error, Cancelled) else str(error))

    def _pick_shown(self) -> None:
        found = shown_frame(self._workspace)
        if found is None:
            self.told.emit(
                "The window shows no video of the lab: open one in the Lab Browser."
            )
            return
        video, number = found
        self.add(video, [number])
        self.told.emit(f"Frame {number:,} added.")


def shown_frame(workspace: Workspace) -> tuple[VideoKey, int] | None:
    """Return which frame of which of the lab's videos a viewer shows; None for none."""
    work, viewer = workspace.posing.work, workspace.viewer
    if work is not None and work.session.frame is not None:
        frame = work.session.frame
        return VideoKey(*frame[:4]), frame.frame_num
    if viewer is None:
        return None
    active = viewer.layers.selection.active
    layers = [active] if active is not None else []
    for layer in [*layers, *reversed(viewer.layers)]:
        video = _video_of(layer)
        if video is not None and layer.visible:
            place = layer.world_to_data(viewer.dims.point[-layer.ndim :])
            return video, round(float(place[0]))
    return None


def _video_of(layer: Layer) -> VideoKey | None:
    source = source_of(layer)
    if source is None or source.kind != "DatasetVideo":
        return None
    return VideoKey(*(str(source.key[name]) for name in VideoKey._fields))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _words(video: VideoKey) -> str:
    return " ".join(video)
