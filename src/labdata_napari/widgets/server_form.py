"""The form for a lab on a server."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from labdata_napari.settings import DEFAULT_NAME
from labdata_napari.widgets.connection import Profile

_SYSTEMS = {"MySQL or MariaDB": "mysql", "PostgreSQL": "postgresql"}


class ServerForm(QFrame):
    """Asks where a lab's server is and who to be there."""

    chosen = Signal(object)
    """The `Profile` to connect to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._system = QComboBox()
        self._system.setObjectName("server_system")
        self._system.setToolTip("Which database the server runs")
        self._system.addItems(list(_SYSTEMS))
        self._host = self._line(
            "server_host", "db.mylab.org or db.mylab.org:3306", "Name of the server"
        )
        self._user = self._line("server_user", "your name there", "User name there")
        self._password = self._line(
            "server_password",
            "kept only until napari closes",
            "Your password; kept in memory only, never written anywhere",
        )
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._name = self._line(
            "server_name", DEFAULT_NAME, "Prefix of the lab's schemas in the database"
        )
        self._project = self._line(
            "server_project", "none", "Your project's own schema, if there is one"
        )
        self._hint = QLabel()
        self._hint.setObjectName("server_hint")
        self._hint.setWordWrap(True)
        self._connect = QPushButton("Connect")
        self._connect.setObjectName("server_connect")
        self._connect.setToolTip("Connect to this lab")
        self._connect.clicked.connect(self._choose)
        self._cancel = QPushButton("Cancel")
        self._cancel.setObjectName("server_cancel")
        self._cancel.setToolTip("Keep the lab that is open")
        self._cancel.clicked.connect(self.hide)

        form = QFormLayout(self)
        for label, widget in (
            ("System", self._system),
            ("Server", self._host),
            ("User", self._user),
            ("Password", self._password),
            ("Lab name", self._name),
            ("Project", self._project),
        ):
            form.addRow(label, widget)
        form.addRow(self._hint)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._connect)
        form.addRow(buttons)
        for line in self.findChildren(QLineEdit):
            line.returnPressed.connect(self._choose)
            line.textChanged.connect(self._check)
        self._check()

    def start(self) -> None:
        """Put the keyboard into the first line that is empty."""
        line = next(
            (w for w in (self._host, self._user) if not w.text()), self._password
        )
        line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _line(self, name: str, placeholder: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(placeholder)
        line.setToolTip(tooltip)
        return line

    def _check(self) -> None:
        missing = [
            word
            for word, line in (
                ("the server", self._host),
                ("your user name", self._user),
            )
            if not line.text().strip() and "://" not in self._host.text()
        ]
        self._hint.setText(f"Still needed: {' and '.join(missing)}." if missing else "")
        self._hint.setVisible(bool(missing))
        self._connect.setEnabled(not missing)

    def _choose(self) -> None:
        if not self._connect.isEnabled():
            return
        url = self._url()
        name = self._name.text().strip() or None
        title = f"{name or DEFAULT_NAME} at {urlsplit(url).hostname or url}"
        project = self._project.text().strip() or None
        password = self._password.text() or None
        self._password.clear()
        self.chosen.emit(Profile(title, url, name, project, password))

    def _url(self) -> str:
        host = self._host.text().strip()
        if "://" in host:  # somebody pasted a whole address
            return host
        system = _SYSTEMS[self._system.currentText()]
        return f"{system}://{quote(self._user.text().strip(), safe='')}@{host}"
