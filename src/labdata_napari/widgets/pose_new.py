"""The form that makes a new label set: frames of videos, and what to label in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.core.pose_new import NewSet
from labdata_napari.core.pose_problems import sided_pairs
from labdata_napari.core.pose_skeleton import Skeleton, pairs_in, words_of_pairs
from labdata_napari.errors import InvalidValue, LabdataError
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.pose_new_frames import NewSetFrames
from labdata_napari.widgets.pose_new_rows import (
    Choices,
    find_choices,
    make_set,
    read_skeleton_of,
)
from labdata_napari.widgets.rights import allow

if TYPE_CHECKING:
    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.widgets.workspace import Workspace

_NOBODY = "nobody"
_ANEW = "type them"
_NAME_ROWS = 5


class NewSetForm(QWidget):
    """Asks for frames, body parts and who labels, and makes the set.

    Parameters
    ----------
    workspace
        Whose lab gets it, and whose viewer shows frames to pick.
    """

    made = Signal(int)
    """Number of the set."""
    told = Signal(str)
    """A line for the status of the dock."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pose_new")
        self._workspace = workspace
        self._is_busy = False
        self._frames = NewSetFrames(workspace)
        self._like = QComboBox()
        self._like.setObjectName("pose_new_like")
        shrinks = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self._like.setSizeAdjustPolicy(shrinks)
        self._like.setToolTip("Take body parts, lines and sides from another label set")
        self._names = QTextEdit()  # which napari's themes give a colour
        self._names.setAcceptRichText(False)
        self._names.setObjectName("pose_new_names")
        self._names.setPlaceholderText("nose\nleft ear\nright ear")
        self._names.setToolTip("One body part a line, in the order they are labelled")
        self._names.setTabChangesFocus(True)
        self._names.setFrameShape(QFrame.Shape.Box)
        line = self._names.fontMetrics().lineSpacing()
        self._names.setFixedHeight(line * _NAME_ROWS + 12)
        self._edges = self._line(
            "pose_new_edges", "nose – left ear, nose – right ear", "Lines to be drawn"
        )
        self._pairs = self._line(
            "pose_new_pairs",
            "left ear – right ear",
            "Body parts that mirror each other",
        )
        self._description = self._line(
            "pose_new_description", "", "What the set is for"
        )
        self._labeler = QComboBox()
        self._labeler.setObjectName("pose_new_labeler")
        self._labeler.setToolTip("The member of the lab who labels")
        self._missing = QLabel()
        self._missing.setObjectName("pose_new_missing")
        self._missing.setWordWrap(True)
        self._make = QPushButton("Make the set")
        self._make.setObjectName("pose_new_make")
        self._make.setToolTip("Write the frames into the lab, and begin to label")
        self._lay_out()
        self._frames.changed.connect(self._refresh)
        self._frames.told.connect(self.told)
        self._names.textChanged.connect(self._on_names)
        for each in (self._edges, self._pairs):
            each.textChanged.connect(self._refresh)
        self._like.activated.connect(self._on_like)
        self._make.clicked.connect(self._start)
        self._refresh()

    def _line(self, name: str, example: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(example)
        line.setToolTip(tooltip)
        return line

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Body parts", self._like)
        form.addRow("", self._names)
        form.addRow("Lines", self._edges)
        form.addRow("Left – right", self._pairs)
        form.addRow("For", self._description)
        form.addRow("Labeler", self._labeler)
        bottom = QHBoxLayout()
        bottom.addWidget(self._missing, 1)
        bottom.addWidget(self._make, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._frames, 1)
        layout.addLayout(form)
        layout.addLayout(bottom)

    def look(self) -> None:
        """Read from the lab what there is to choose from."""
        self._workspace.submit(
            find_choices, on_loss=OnLoss.REPEAT, done=self._show_choices
        )

    def pick(self, video: VideoKey, number: int) -> None:
        """Add a frame to those chosen."""
        self._frames.add(video, [number])

    @property
    def request(self) -> NewSet:
        """What is asked for.

        Raises
        ------
        InvalidValue
            When a body part or a line is typed wrong.
        """
        names = [n.strip() for n in self._names.toPlainText().splitlines() if n.strip()]
        skeleton = Skeleton(
            tuple(names),
            pairs_in(self._edges.text(), names),
            pairs_in(self._pairs.text(), names),
        )
        description = self._description.text().strip() or None
        labeler = self._labeler.currentData()
        return NewSet(self._frames.chosen, skeleton, description, labeler)

    # -- how

    def _show_choices(self, choices: Choices) -> None:
        self._frames.show_videos(choices.videos)
        chosen = self._labeler.currentData() or choices.user
        self._labeler.clear()
        self._labeler.addItem(_NOBODY, None)
        for member in choices.members:
            self._labeler.addItem(member, member)
        self._labeler.setCurrentIndex(max(self._labeler.findData(chosen), 0))
        self._like.clear()
        self._like.addItem(_ANEW, None)
        for num, words in choices.sets:
            self._like.addItem(f"as in {words}", num)
        self._refresh()

    def _on_like(self) -> None:
        num = self._like.currentData()
        if num is not None:
            self._workspace.submit(
                read_skeleton_of, num, on_loss=OnLoss.REPEAT, done=self._show_skeleton
            )

    def _show_skeleton(self, skeleton: Skeleton) -> None:
        self._names.setPlainText("\n".join(skeleton.bodyparts))
        self._edges.setText(words_of_pairs(skeleton.edges))
        self._pairs.setText(words_of_pairs(skeleton.pairs))

    def _on_names(self) -> None:
        if not self._pairs.isModified():  # nobody typed there
            names = self._names.toPlainText().splitlines()
            pairs = sided_pairs([name.strip() for name in names if name.strip()])
            self._pairs.setText(words_of_pairs(pairs))
        self._refresh()

    def _refresh(self) -> None:
        try:
            missing = self.request.missing
        except InvalidValue as error:
            missing = str(error)
        reason = self._workspace.connection.why_read_only
        self._missing.setText(reason or missing)
        allow(self._make, not missing and not self._is_busy, reason)

    def _start(self) -> None:
        self._is_busy = True
        self._refresh()
        self._workspace.submit(
            make_set,
            self.request,
            on_loss=OnLoss.REPEAT,
            done=self._on_made,
            failed=self._on_failed,
            title="Making the label set",
        )

    def _on_made(self, num: int) -> None:
        self._is_busy = False
        self._frames.clear()
        self._workspace.rows_changed.emit({"pose_label_set_num": num})
        self.made.emit(num)

    def _on_failed(self, error: LabdataError) -> None:
        self._is_busy = False
        self._refresh()
        self.told.emit(str(error))
