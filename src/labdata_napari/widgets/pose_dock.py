"""The Pose dock: labels of body parts corrected straight from and to the lab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.lab.availability import OPENING
from labdata_napari.widgets.annotation_keys import KeyListener
from labdata_napari.widgets.canvas import canvas_of
from labdata_napari.widgets.connection import Phase
from labdata_napari.widgets.docked import come_forward, is_closed
from labdata_napari.widgets.keys_anywhere import KeysAnywhere
from labdata_napari.widgets.lane import OnLoss
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.pose_keys import POSE_ACTIONS, REPEATED
from labdata_napari.widgets.pose_new import NewSetForm
from labdata_napari.widgets.pose_page import PosePage
from labdata_napari.widgets.pose_rows import find_poses
from labdata_napari.widgets.pose_sets import PoseSets
from labdata_napari.widgets.preferences import preferences, preferences_changed
from labdata_napari.widgets.workspace import Workspace, workspace_for

if TYPE_CHECKING:
    import napari
    from qtpy.QtGui import QShowEvent

    from labdata_napari.core.pose_predictions import VideoKey
    from labdata_napari.widgets.annotation_keys import KeyAction
    from labdata_napari.widgets.connection import Connection
    from labdata_napari.widgets.posing import PoseWork

_SETS = OPENING["PoseEstimationLabelSet"]
_LIST, _WORK, _NEW = range(3)
_SAVE = tuple(action for action in POSE_ACTIONS if action.name == "save")


class PoseDock(QWidget):
    """Lists what there is to correct, and shows what is being corrected.

    The session of the workspace keeps what is true; the dock shows it and passes on
    what a person does.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._workspace: Workspace = workspace_for(napari_viewer)
        self._wanted_video: VideoKey | None = None
        self._sets = PoseSets()
        self._page = PosePage(self._workspace)
        self._new = NewSetForm(self._workspace)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._sets)
        self._pages.addWidget(self._page)
        form = QScrollArea()  # it is long, and must make no dock wider or higher
        form.setFrameShape(QScrollArea.Shape.NoFrame)
        form.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        form.setWidgetResizable(True)
        form.setWidget(self._new)
        self._pages.addWidget(form)
        # napari leaves no room below a dock with a part that takes what there is
        every = QSizePolicy.Policy.Expanding
        self._pages.setSizePolicy(every, every)
        self._back = QPushButton("◂ All label sets and predictions")
        self._back.setObjectName("pose_back")
        self._back.setToolTip("What is not saved is kept and offered when it is opened")
        self._status = QLabel()
        self._status.setObjectName("pose_status")
        self._status.setWordWrap(True)
        self._of_connection = ""
        self._keys = KeyListener(self._takes_keys, self, POSE_ACTIONS, REPEATED)
        self._save_key = KeysAnywhere(
            self._saves, self, _SAVE, lambda: (self._workspace.window, self.window())
        )
        layout = QVBoxLayout(self)
        layout.addWidget(self._back)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._status)
        self._connect_signals()
        self._show_work(self._workspace.posing.work)
        self._on_connection(self._workspace.connection)

    def _connect_signals(self) -> None:
        posing = self._workspace.posing
        self._listening = Listening(self)
        self._listening.to(self._workspace.changed, self._on_connection)
        self._listening.to(self._workspace.rows_changed, self._on_rows_changed)
        self._listening.to(posing.opened, self._show_work)
        self._listening.to(posing.told, self._say)
        edited = preferences_changed()
        if edited is not None:
            self._listening.to(edited, self._take_chosen_keys)
        self._sets.set_wanted.connect(self.open_set)
        self._sets.predictions_wanted.connect(self._open_predictions)
        self._sets.new_wanted.connect(self._ask_new)
        self._page.told.connect(self._say)
        self._new.told.connect(self._say)
        self._new.made.connect(self.open_set)
        self._back.clicked.connect(self._go_back)
        for keys in (self._keys, self._save_key):
            keys.pressed.connect(self._on_key)

    def sizeHint(self) -> QSize:
        """Return a size that shows the lists without cutting."""
        return QSize(56, 90) * self.fontMetrics().averageCharWidth()

    def showEvent(self, event: QShowEvent) -> None:
        """Tell the workspace which window it lives in, and hear its keys."""
        super().showEvent(event)
        self._workspace.attach_window(self.window())
        self._keys.listen_to(canvas_of(self._workspace.window))
        self._take_chosen_keys()

    def _take_chosen_keys(self, *_: Any) -> None:
        keys = preferences().pose_keys
        for listener in (self._keys, self._save_key):
            listener.choose(keys)
        self._page.show_keys(keys)

    # -- what others call

    def open_set(self, num: int) -> None:
        """Correct a label set."""
        self._workspace.posing.open_set(num)

    def show_video(self, video: VideoKey) -> None:
        """Correct the predictions of a video, where there are some in the lab."""
        self._wanted_video = video
        self._workspace.posing.close()
        self._refresh()

    # -- how

    def _on_connection(self, connection: Connection) -> None:
        before, words = self._of_connection, connection.why_not(_SETS)
        if not connection.is_open:
            words = "Not connected: choose a lab in the Lab Browser."
        self._of_connection = words
        # while the lab is away each attempt is told: what a save said stays
        if words or self._status.text() == before:
            self._say(words)
        if not words and connection.phase is Phase.OPEN:
            self._refresh()
        self._page.refresh_state()

    def _on_rows_changed(self, _key: Any) -> None:
        self._refresh()

    def _refresh(self) -> None:
        connection = self._workspace.connection
        if connection.is_open and not connection.why_not(_SETS):
            self._workspace.submit(
                find_poses, on_loss=OnLoss.REPEAT, done=self._on_listed
            )

    def _on_listed(self, answer: Any) -> None:
        self._sets.show_listed(*answer)
        video, self._wanted_video = self._wanted_video, None
        if video is None:
            return
        if self._sets.choose_video(video) is not None:
            self._sets.open_current()
        else:
            self._say(
                f"The lab has no predictions of {' '.join(video)}. If a model wrote "
                "some, choose a row of this video and press “From a file …”."
            )

    def _open_predictions(
        self, found: int | Path, video: VideoKey, into: int | None
    ) -> None:
        if isinstance(found, Path):
            self._workspace.posing.open_file(found, video, into)
        else:
            self._workspace.posing.open_predictions(found, video, into)

    def _ask_new(self) -> None:
        self._new.look()
        self._back.setVisible(True)
        self._pages.setCurrentIndex(_NEW)
        self._say("")

    def _go_back(self) -> None:
        if self._workspace.posing.work is None:
            self._show_work(None)
        else:
            self._workspace.posing.close()

    def _show_work(self, work: PoseWork | None) -> None:
        self._page.follow(work)
        self._back.setVisible(work is not None)
        self._pages.setCurrentIndex(_LIST if work is None else _WORK)
        self._say("")

    def _say(self, text: str) -> None:
        self._status.setText(text)
        self._status.setVisible(bool(text))

    def _takes_keys(self, action: KeyAction) -> bool:
        viewer, work = self._workspace.viewer, self._workspace.posing.work
        if viewer is None or work is None:
            return False
        if action.name == "save":
            return self._saves(action)
        if is_closed(self):
            return False
        active = viewer.layers.selection.active
        return active is None or active in work.view.layers

    def _saves(self, _action: KeyAction) -> bool:
        """Whatever layer is chosen, unless it is one that has annotations to save."""
        viewer, work = self._workspace.viewer, self._workspace.posing.work
        if viewer is None or work is None:
            return False
        return not self._workspace.annotating.edits(viewer.layers.selection.active)

    def _on_key(self, name: str) -> None:
        if name in ("save", "show_keys"):
            come_forward(self)
        self._page.do(name, self._keys.repeats)
