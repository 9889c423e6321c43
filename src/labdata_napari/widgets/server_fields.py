"""The fields that say where a lab's server is and who to be there."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from labdata_napari.errors import InvalidValue
from labdata_napari.lab.address import ServerAddress, is_embedded, parse
from labdata_napari.lab.saved_labs import SavedLab
from labdata_napari.settings import DEFAULT_NAME

_SYSTEMS = {"MySQL or MariaDB": "mysql", "PostgreSQL": "postgresql"}
_OPEN = (
    "Without encryption anybody in the network between can read your password and "
    "your data. Leave it on unless the server cannot and you trust the network."
)


class ServerFields(QWidget):
    """Turns fields into the address of a lab and back.

    Attributes
    ----------
    form
        Where the fields are, for others to add theirs in line.
    below_password
        The row in it after the password's.
    """

    below_password = 5

    changed = Signal()
    accepted = Signal()
    """Enter was pressed in one of the lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._system = QComboBox()
        self._system.setObjectName("server_system")
        self._system.setToolTip("Which database the server runs")
        self._system.addItems(list(_SYSTEMS))
        self._system.currentIndexChanged.connect(self._on_changed)
        self._host = self._line(
            "server_host", "db.mylab.org or db.mylab.org:3306", "Name of the server"
        )
        self._database = self._line(
            "server_database", "labdb", "The database inside the PostgreSQL server"
        )
        self._user = self._line("server_user", "your name there", "User name there")
        self._password = self._line(
            "server_password",
            "empty: the one that is known, or none",
            "Your password; kept in memory only, unless you have it remembered",
        )
        self._password.setEchoMode(QLineEdit.EchoMode.Password)
        self._name = self._line(
            "server_name", DEFAULT_NAME, "Prefix of the lab's schemas in the database"
        )
        self._project = self._line(
            "server_project", "none", "Your project's own schema, if there is one"
        )
        self._tls = QCheckBox("Only with encryption")
        self._tls.setObjectName("server_tls")
        self._tls.setToolTip("Refuse to connect where nobody protects what is sent")
        self._tls.setChecked(True)
        self._tls.toggled.connect(self._on_changed)
        self._warning = QLabel(_OPEN)
        self._warning.setObjectName("server_warning")
        self._warning.setWordWrap(True)
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        for label, widget in (
            ("System", self._system),
            ("Server", self._host),
            ("Database", self._database),
            ("User", self._user),
            ("Password", self._password),
            ("", self._tls),
            ("", self._warning),
            ("Lab name", self._name),
            ("Project", self._project),
        ):
            self.form.addRow(label, widget)
        self._on_changed()

    @property
    def password(self) -> str | None:
        """What was typed; None when nothing was."""
        return self._password.text() or None

    @property
    def missing(self) -> str:
        """What must still be filled in, in a sentence, or empty."""
        if "://" in self._host.text():  # somebody pasted a whole address
            return ""
        wanted = [("the server", self._host), ("your user name", self._user)]
        if self._is_postgresql:
            wanted.append(("the database", self._database))
        words = [word for word, line in wanted if not line.text().strip()]
        if not words:
            return ""
        *first, last = words
        listed = f"{', '.join(first)} and {last}" if first else last
        return f"Still needed: {listed}."

    def lab(self, title: str = "") -> SavedLab:
        """Return the lab that the fields describe, without a password."""
        return SavedLab(
            title,
            self._url(),
            self._name.text().strip() or None,
            self._project.text().strip() or None,
        )

    def show_lab(self, lab: SavedLab) -> None:
        """Fill the fields with a lab."""
        if is_embedded(lab.url):
            return
        try:
            address = parse(lab.url)
        except InvalidValue:
            return
        if not isinstance(address, ServerAddress):
            return
        mysql = address.backend == "mysql"
        self._system.setCurrentIndex(0 if mysql else 1)
        self._host.setText(f"{address.host}:{address.port}")
        self._database.setText(address.database or "")
        self._user.setText(address.user)
        self._password.clear()
        self._name.setText(lab.name or "")
        self._project.setText(lab.project or "")
        self._tls.setChecked(address.tls is not False)

    def clear(self) -> None:
        """Empty every field."""
        for line in self.findChildren(QLineEdit):
            line.clear()
        self._tls.setChecked(True)

    def clear_password(self) -> None:
        """Forget what was typed."""
        self._password.clear()

    def start(self) -> None:
        """Put the keyboard into the first line that is empty."""
        line = next(
            (w for w in (self._host, self._user) if not w.text()), self._password
        )
        line.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def _is_postgresql(self) -> bool:
        return _SYSTEMS[self._system.currentText()] == "postgresql"

    def _line(self, name: str, placeholder: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setPlaceholderText(placeholder)
        line.setToolTip(tooltip)
        line.returnPressed.connect(self.accepted)
        line.textChanged.connect(self._on_changed)
        return line

    def _on_changed(self) -> None:
        self._database.setVisible(self._is_postgresql)
        self.form.labelForField(self._database).setVisible(self._is_postgresql)
        self._warning.setVisible(not self._tls.isChecked())
        self.changed.emit()

    def _url(self) -> str:
        host = self._host.text().strip()
        if "://" in host:
            return host
        system = _SYSTEMS[self._system.currentText()]
        user = quote(self._user.text().strip(), safe="")
        database = self._database.text().strip() if self._is_postgresql else ""
        tail = f"/{quote(database, safe='')}" if database else ""
        tls = "" if self._tls.isChecked() else "?tls=no"
        return f"{system}://{user}@{host}{tail}{tls}"


def without_password(lab: SavedLab) -> tuple[SavedLab, str | None]:
    """Take the password out of a pasted address; the lab without it, and it."""
    parts = urlsplit(lab.url)
    if parts.password is None:
        return lab, None
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}"
    bare = parts._replace(netloc=netloc).geturl()
    return replace(lab, url=bare), unquote(parts.password)
