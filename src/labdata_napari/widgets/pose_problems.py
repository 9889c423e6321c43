"""What is probably wrong, ranked and in words, to be walked through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_problems import Limits, Problem, find_problems
from labdata_napari.core.pose_queue import predictions_of_labels
from labdata_napari.core.pose_suggest import suggest_frames
from labdata_napari.errors import Cancelled
from labdata_napari.widgets.rights import allow
from labdata_napari.widgets.table_model import TableModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtCore import QObject

    from labdata_napari.core.pose import FrameKey
    from labdata_napari.core.pose_predictions import Predictions, VideoKey
    from labdata_napari.core.pose_session import PoseSession
    from labdata_napari.core.progress import Progress
    from labdata_napari.core.video_thread import Pictures
    from labdata_napari.errors import LabdataError
    from labdata_napari.widgets.background import Job
    from labdata_napari.widgets.workspace import Workspace

_TITLES = ("Frame", "Why")
_SUGGESTED = 20
_SEARCHING = "Looking for frames worth labelling"
_GREY = QColor(128, 128, 128)
_LIMITS = (
    ("likelihood", "less likely than", 0.05, 1.0),
    ("spike", "jumps, MAD", 1.0, 100.0),
    ("bone", "distances, MAD", 1.0, 100.0),
    ("swap", "left and right, px", 1.0, 500.0),
    ("shape", "posture, MAD", 1.0, 100.0),
    ("path", "path, MAD", 1.0, 100.0),
)
_OF_SETS = Limits(likelihood=None, spike=None, swap=None, bone=8.0, shape=8.0)


class PoseProblemModel(TableModel):
    """A view of a session's queue; what is over is grey."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_TITLES, parent=parent)
        self._session: PoseSession | None = None
        self._queue: Any = None

    def show_session(self, session: PoseSession | None) -> None:
        """Show another session's queue."""
        self._session = session
        self.refresh()

    def refresh(self) -> None:
        """Show what is left; all rows are others where the queue is another."""
        queue = None if self._session is None else self._session.queue
        if queue is not self._queue:
            self.beginResetModel()
            self._queue = queue
            self.endResetModel()
        elif self.rowCount():
            last = self.index(self.rowCount() - 1, len(_TITLES) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def count(self) -> int:
        """Return how many problems there are."""
        return 0 if self._queue is None else len(self._queue)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one cell."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        row = index.row()
        if role == Qt.ItemDataRole.ForegroundRole and not self._queue.is_open(row):
            return _GREY
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            if index.column() == 0:
                return f"{self._queue.places[row][0].frame_num:,}"
            done = "" if self._queue.is_open(row) else "✓ "
            return f"{done}{self._queue.problems[row].words}"
        return None


class PoseProblems(QWidget):
    """Finds problems in the background and lists them; a click goes there.

    Parameters
    ----------
    workspace
        Whose background work it is.
    """

    told = Signal(str)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._session: PoseSession | None = None
        self._video: VideoKey | None = None
        self._reader: Pictures | None = None
        self._why_none = ""  # frames can be suggested
        self._newest: object = None  # search for problems
        self._limits = Limits()
        self._search: Job | None = None
        self._left = QLabel()
        self._left.setObjectName("pose_left")
        self._searching = QLabel()
        self._searching.setObjectName("pose_searching")
        self._searching.setWordWrap(True)
        self._searching.hide()
        self._find = QPushButton("Find problems")
        self._find.setObjectName("pose_find")
        self._find.setToolTip("Look for what is probably wrong; Space walks through it")
        self._suggest = QPushButton("Suggest frames")
        self._suggest.setObjectName("pose_suggest")
        self._suggest.setToolTip(
            f"Choose {_SUGGESTED} frames of the video that look different, none of the "
            "set's; Space walks through them"
        )
        self._fold = QToolButton()
        self._fold.setObjectName("pose_limits")
        self._fold.setText("Limits")
        self._fold.setCheckable(True)
        self._fold.setToolTip("From where on something is a problem; 0 looks for none")
        self._form = QWidget()
        self._fields = {
            name: self._field(step, most) for name, _, step, most in _LIMITS
        }
        self.rows = PoseProblemModel(self)
        self.table = QTableView()
        self._lay_out()
        self._find.clicked.connect(self.find)
        self._suggest.clicked.connect(self.suggest)
        self._fold.toggled.connect(self._form.setVisible)
        self.table.clicked.connect(self._on_clicked)
        self.table.activated.connect(self._on_clicked)

    def _field(self, step: float, most: float) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(0, most)
        field.setSingleStep(step)
        field.setDecimals(2 if step < 1 else 0)
        field.setSpecialValueText("off")
        field.valueChanged.connect(self._on_limit)
        return field

    def _lay_out(self) -> None:
        form = QFormLayout(self._form)
        form.setContentsMargins(0, 0, 0, 0)
        for name, words, *_ in _LIMITS:
            field = self._fields[name]
            field.setObjectName(f"pose_limit_{name}")
            field.setToolTip(f"A problem: {words}; 0 looks for none of this kind")
            form.addRow(words, field)
        self._form.hide()
        table = self.table
        table.setObjectName("pose_problems")
        table.setToolTip("A click goes to the frame and chooses the body part")
        table.setModel(self.rows)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        heads = table.verticalHeader()
        heads.hide()
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        heads.setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        table.setColumnWidth(0, 9 * self.fontMetrics().averageCharWidth())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        head = QHBoxLayout()
        head.addWidget(self._fold)
        head.addStretch()
        head.addWidget(self._suggest)
        head.addWidget(self._find)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._left)
        layout.addWidget(self._searching)
        layout.addWidget(self._form)
        layout.addWidget(table, 1)

    def follow(self, session: PoseSession | None) -> None:
        """Show another session's problems; of predictions they are looked for."""
        self._session, self._newest = session, None
        if self._search is not None and not self._search.is_over:
            self._search.cancel()
        self.rows.show_session(session)
        if session is None:
            return
        of_video = session.predictions is not None
        self._show_limits(Limits() if of_video else _OF_SETS)
        self.refresh()
        if of_video:
            self.find()

    def follow_video(
        self, video: VideoKey | None, reader: Pictures | None, misfit: str = ""
    ) -> None:
        """Take frames to suggest from another video.

        Parameters
        ----------
        video, reader
            Which; None while none is open.
        misfit
            Why its frames are not those of the session, in words.
        """
        self._video, self._reader = video, reader
        self._why_none = misfit
        if reader is None:
            self._why_none = (
                "Frames are suggested from the video of most frames here, which is "
                "not open: it is still being opened, or cannot be."
            )
        self._allow_search()

    def refresh(self) -> None:
        """Show what is left, and which problem is looked at."""
        session = self._session
        if session is None:
            return
        self.rows.refresh()
        queue = session.queue
        words = f"{queue.left:,} of {len(queue):,} left" if len(queue) else ""
        self._say_left(words)
        if queue.current is not None and len(queue):
            self.table.selectRow(queue.current)

    def find(self) -> None:
        """Look for problems, in the background; the newest search counts."""
        session = self._session
        if session is None:
            return
        found = session.predictions
        if found is None:
            found = predictions_of_labels(
                session.draft.labels, session.frames, session.bodyparts
            )
        self._say_left("Looking for problems …")
        self._newest = newest = object()
        self._workspace.background(
            _find,
            newest,
            found,
            self._limits,
            session.skeleton.edges,
            done=self._on_found,
            failed=self._on_failed,
        )

    def suggest(self) -> None:
        """Look for frames worth labelling, in the background."""
        session, reader, video = self._session, self._reader, self._video
        if session is None or reader is None or video is None:
            return
        frames = session.draft.labels.frames
        known = [f.frame_num for f in frames if f[:4] == video]
        self._search = self._workspace.background(
            _suggest,
            session,
            video,
            reader,
            known,
            done=self._on_suggested,
            failed=self._on_none_suggested,
            progress=self._on_looked,
            title=_SEARCHING,
        )
        self._search.ended.connect(self._allow_search)
        self._on_looked(0, 0)
        self._allow_search()

    def sizeHint(self) -> QSize:
        """Return a size that shows some rows."""
        return QSize(0, 10 * self.fontMetrics().lineSpacing())

    # -- how

    def _say_left(self, words: str) -> None:
        self._left.setText(words)
        self._left.setVisible(bool(words))

    def _show_limits(self, limits: Limits) -> None:
        self._limits = limits
        for name, field in self._fields.items():
            field.blockSignals(True)
            field.setValue(getattr(limits, name) or 0.0)
            field.blockSignals(False)

    def _on_limit(self, _value: float) -> None:
        values = {n: field.value() or None for n, field in self._fields.items()}
        self._limits = replace(self._limits, **values)

    def _on_found(self, answer: tuple[object, Sequence[Problem]]) -> None:
        session, (search, problems) = self._session, answer
        if session is None or search is not self._newest:
            return  # it was for another session, or with other limits
        session.show_problems(problems)
        if not problems:
            self._say_left("Nothing looks wrong.")
        elif session.predictions is not None and not session.at:
            session.next_problem()  # that is what predictions are opened for

    def _allow_search(self, *_: Any) -> None:
        """Offer a search while none runs, and while one runs show how far it is."""
        runs = self._search is not None and not self._search.is_over
        self._searching.setVisible(runs)
        allow(self._suggest, not runs, _SEARCHING if runs else self._why_none)

    def _on_looked(self, done: int, total: int) -> None:
        how_far = f": {done:,} of {total:,}" if total else ""
        self._searching.setText(f"{_SEARCHING}{how_far} …")

    def _on_suggested(self, answer: tuple[PoseSession, Sequence[FrameKey]]) -> None:
        """Show them; whoever works on meanwhile goes there when he likes."""
        session, frames = answer
        if session is not self._session:
            return
        session.suggest(frames)
        self.told.emit(
            f"{len(frames)} frames that look unlike the others: Space goes to them."
            if frames
            else "The set has every frame that was looked at."
        )

    def _on_none_suggested(self, error: LabdataError) -> None:
        if not isinstance(error, Cancelled):
            self.told.emit(str(error))

    def _on_failed(self, error: LabdataError) -> None:
        self.refresh()
        self.told.emit(str(error))

    def _on_clicked(self, index: QModelIndex) -> None:
        if self._session is not None and index.isValid():
            self._session.look_at(index.row())


def _suggest(
    session: PoseSession,
    video: VideoKey,
    reader: Pictures,
    known: Sequence[int],
    progress: Progress,
) -> tuple[PoseSession, list[FrameKey]]:
    numbers = suggest_frames(reader, _SUGGESTED, known, progress)
    return session, [video.frame(number) for number in numbers]


def _find(
    search: object,
    predictions: Predictions,
    limits: Limits,
    edges: Sequence[tuple[str, str]],
) -> tuple[object, list[Problem]]:
    return search, find_problems(predictions, limits, edges)
