"""One line that says which lab is open, and the menu that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from labdata_napari.widgets.connection import DEMO, LOCAL, Connection, Phase, Profile
from labdata_napari.widgets.lab_icon import LabIcon
from labdata_napari.widgets.server_form import ServerForm

if TYPE_CHECKING:
    from labdata_napari.widgets.workspace import Workspace


class ConnectionLine(QWidget):
    """Shows the workspace's connection and lets it be changed."""

    server_chosen = Signal(object)
    """A `Profile` that the form was filled with."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._icon = LabIcon()
        self._text = QElidingLabel()
        self._text.setObjectName("connection_text")
        # Which lab and the rights in it, at the two ends, are what must be seen.
        self._text.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._menu_button = QPushButton("Lab")
        self._menu_button.setObjectName("connection_menu_button")
        self._menu_button.setToolTip("Open another lab, or connect again")
        self._menu_button.setMenu(self._build_menu())
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
        self._form = ServerForm()
        self._form.chosen.connect(self._on_server)
        self._form.hide()

        line = QHBoxLayout()
        line.addWidget(self._icon)
        line.addWidget(self._text, 1)
        line.addWidget(self._again)
        line.addWidget(self._menu_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._problem)
        layout.addWidget(self._form)

        workspace.changed.connect(self._show)
        self._show(workspace.connection)

    def open_form(self) -> None:
        """Show the form for another server."""
        self._form.show()
        self._form.start()

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setObjectName("connection_menu")
        menu.setToolTipsVisible(True)
        for text, tooltip, slot in (
            ("Demo lab", "A synthetic lab to try things out", self._open_demo),
            ("My lab (this computer)", "The database of your own", self._open_local),
            ("Other server …", "A MySQL or PostgreSQL server", self.open_form),
            ("Reconnect", "Connect again to the same lab", self._reconnect),
        ):
            action = menu.addAction(text)
            action.setObjectName(text)
            action.setToolTip(tooltip)
            action.triggered.connect(slot)
        return menu

    def _open_demo(self) -> None:
        self._form.hide()
        self._workspace.connect(DEMO)

    def _open_local(self) -> None:
        self._form.hide()
        self._workspace.connect(LOCAL)

    def _reconnect(self) -> None:
        self._workspace.reconnect()

    def _on_server(self, profile: Profile) -> None:
        self._form.hide()
        self.server_chosen.emit(profile)
        self._workspace.connect(profile)

    def _show(self, connection: Connection) -> None:
        self._icon.show_connection(connection)
        self._text.setText(connection.line)
        self._text.setToolTip(connection.line)
        self._problem.setText(connection.problem)
        self._problem.setVisible(bool(connection.problem))
        self._again.setVisible(connection.phase is Phase.FAILED)
