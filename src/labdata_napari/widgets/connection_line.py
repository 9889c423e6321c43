"""One line that says which lab is open, and the menu that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from labdata_napari.widgets.connection import START, Connection, Phase, Profile
from labdata_napari.widgets.keeping import keep_password
from labdata_napari.widgets.lab_icon import LabIcon
from labdata_napari.widgets.lab_menu import LabMenu
from labdata_napari.widgets.listening import Listening
from labdata_napari.widgets.password_form import PasswordForm
from labdata_napari.widgets.server_form import ServerForm

if TYPE_CHECKING:
    from labdata_napari.widgets.workspace import Workspace

_WAITING = (
    "The lab's server has not answered yet. You can go on working; if it stays silent, "
    "the connection is made again by itself."
)


class ConnectionLine(QWidget):
    """Shows the workspace's connection and lets it be changed."""

    lab_chosen = Signal(object)
    """The `Profile` that was chosen, to start with the next time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._kept: Profile | None = None
        self._icon = LabIcon()
        self._text = QElidingLabel()
        self._text.setObjectName("connection_text")
        # Which lab and the rights in it, at the two ends, are what must be seen.
        self._text.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._menu_button = QPushButton("Lab")
        self._menu_button.setObjectName("connection_menu_button")
        self._menu_button.setToolTip("Open another lab, or connect again")
        self._menu = LabMenu(workspace, self)
        self._menu.chosen.connect(self._on_lab)
        self._menu.form_wanted.connect(self.open_form)
        self._menu.again_wanted.connect(self._reconnect)
        self._menu_button.setMenu(self._menu)
        self._problem = QLabel()
        self._problem.setObjectName("connection_problem")
        self._problem.setWordWrap(True)
        self._problem.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._again = QPushButton("Reconnect")
        self._again.setObjectName("reconnect_button")
        self._again.setToolTip("Try the same lab again")
        self._again.clicked.connect(self._reconnect)
        self._form = ServerForm(workspace)
        self._form.chosen.connect(self._on_lab)
        self._form.hide()
        self._login = PasswordForm(workspace)
        self._login.chosen.connect(self._on_login)
        self._login.cancelled.connect(self._again.show)

        line = QHBoxLayout()
        line.addWidget(self._icon)
        line.addWidget(self._text, 1)
        line.addWidget(self._again)
        line.addWidget(self._menu_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._problem)
        layout.addWidget(self._login)
        layout.addWidget(self._form)

        self._listening = Listening(self)
        self._listening.to(workspace.changed, self._show)
        self._listening.to(workspace.waiting, self._show_waiting)
        self._show(workspace.connection)

    def open_form(self) -> None:
        """Show the form for another server."""
        self._form.show()
        self._form.start()

    def _reconnect(self) -> None:
        self._workspace.reconnect()

    def _on_lab(self, profile: Profile) -> None:
        self._form.hide()
        if not profile.is_demo:
            self.lab_chosen.emit(START if self._menu.is_labdatas(profile) else profile)
        self._workspace.connect(profile)

    def _on_login(self, profile: Profile) -> None:
        self._workspace.connect(profile)

    def _keep_password(self, profile: Profile) -> None:
        if profile is self._kept:  # connected again
            return
        self._kept = profile
        if profile.remembers and profile.url and profile.password:
            self._workspace.background(
                keep_password, profile.url, profile.password, done=self._on_kept
            )

    def _on_kept(self, sentence: str) -> None:
        self._workspace.status.emit(sentence)

    def _show(self, connection: Connection) -> None:
        self._icon.show_connection(connection)
        self._text.setText(connection.line)
        self._text.setToolTip(connection.line)
        self._problem.setText(connection.problem)
        self._problem.setVisible(bool(connection.problem))
        asked, lost = bool(connection.login_url), connection.phase is Phase.LOST
        self._again.setText("Try now" if lost else "Reconnect")
        failed = connection.phase is Phase.FAILED
        self._again.setVisible(lost or (failed and not asked))
        self._login.show_for(connection)
        if connection.phase is Phase.OPEN and connection.profile is not None:
            self._keep_password(connection.profile)

    def _show_waiting(self, seconds: int) -> None:
        connection = self._workspace.connection
        if connection.phase is not Phase.OPEN:  # which is told already
            return
        line = connection.line_waiting(seconds) if seconds else connection.line
        self._text.setText(line)
        self._text.setToolTip(_WAITING if seconds else line)
