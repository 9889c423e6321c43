"""Asks for the password of a lab that did not let us in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from labdata_napari.lab.address import with_user
from labdata_napari.lab.passwords import keyring_problem

if TYPE_CHECKING:
    from labdata_napari.widgets.connection import Connection, Profile
    from labdata_napari.widgets.workspace import Workspace


class PasswordForm(QFrame):
    """Hidden until a server wants to know who we are.

    Parameters
    ----------
    workspace
        Runs the look at the keyring in the background.
    """

    chosen = Signal(object)
    """The `Profile` to connect to, with a password."""
    cancelled = Signal()

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._workspace = workspace
        self._profile: Profile | None = None
        self._url = ""
        self._where = QLabel()
        self._where.setObjectName("login_where")
        self._where.setWordWrap(True)
        self._user = self._line("login_user", "your name there", "User name there")
        self._password = self._line(
            "login_password",
            "kept only until napari closes",
            "Kept in memory only, unless you have it remembered",
        )
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._remember = RememberBox(workspace)
        self._remember.setObjectName("login_remember")
        self._connect = QPushButton("Connect")
        self._connect.setObjectName("login_connect")
        self._connect.setToolTip("Connect with this password (Enter)")
        self._connect.clicked.connect(self._choose)
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("login_cancel")
        self._cancel.setToolTip("Stay unconnected")
        self._cancel.clicked.connect(self._give_up)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._connect)
        form = QFormLayout(self)
        form.addRow(self._where)
        form.addRow("User", self._user)
        form.addRow("Password", self._password)
        form.addRow("", self._remember)
        form.addRow(buttons)
        self.hide()

    def show_for(self, connection: Connection) -> None:
        """Ask for what the connection lacks; hide when it lacks nothing."""
        if not connection.login_url or connection.profile is None:
            self.hide()
            return
        self._profile, self._url = connection.profile, connection.login_url
        parts = urlsplit(self._url)
        self._where.setText(f"Log in at {parts.hostname}")
        self._user.setText(unquote(parts.username or ""))
        self._password.clear()
        self._remember.look()
        self.show()
        first = self._password if self._user.text() else self._user
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        self._check()

    def _line(self, name: str, placeholder: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(placeholder)
        line.setToolTip(tooltip)
        line.returnPressed.connect(self._choose)
        line.textChanged.connect(self._check)
        return line

    def _check(self) -> None:
        ready = bool(self._user.text().strip() and self._password.text())
        self._connect.setEnabled(ready)

    def _give_up(self) -> None:
        self._password.clear()
        self.hide()
        self.cancelled.emit()

    def _choose(self) -> None:
        if self._profile is None or not self._connect.isEnabled():
            return
        profile = replace(
            self._profile,
            # the profile's own address may say more, such as ?tls=no
            url=with_user(self._profile.url or self._url, self._user.text().strip()),
            password=self._password.text(),
            remembers=self._remember.isChecked(),
        )
        self._password.clear()
        self.hide()
        self.chosen.emit(profile)


class RememberBox(QCheckBox):
    """Whether to keep a password in the keyring; off and explained without one."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__("Remember in the keyring", parent)
        self._workspace = workspace
        self.setEnabled(False)
        self.setToolTip("Looking for this computer's keyring …")

    def look(self) -> None:
        """Ask, in the background, whether there is a keyring."""
        self._workspace.background(keyring_problem, done=self._show)

    def _show(self, problem: str) -> None:
        self.setEnabled(not problem)
        if problem:
            self.setChecked(False)
        self.setToolTip(
            problem or "So that it need not be typed again; it is written nowhere else"
        )
        self.setText(
            "Remember in the keyring (this computer has none that works)"
            if problem
            else "Remember in the keyring"
        )
