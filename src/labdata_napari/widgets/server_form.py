"""The form for a lab on a server: connect to it, try it, save it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from labdata_napari.errors import InvalidValue
from labdata_napari.settings import DEFAULT_NAME
from labdata_napari.widgets.connection import Profile, title_of
from labdata_napari.widgets.keeping import forget_password, keep_password
from labdata_napari.widgets.password_form import RememberBox
from labdata_napari.widgets.preferences import forget_lab, preferences, save_lab
from labdata_napari.widgets.server_fields import ServerFields, without_password
from labdata_napari.widgets.trial_view import TrialView

if TYPE_CHECKING:
    from labdata_napari.lab.saved_labs import SavedLab
    from labdata_napari.widgets.workspace import Workspace

_NEW = "New server"


class ServerForm(QFrame):
    """Asks where a lab's server is; saves labs, tries them out, connects to them.

    Parameters
    ----------
    workspace
        Runs what takes time.
    """

    chosen = Signal(object)
    """The `Profile` to connect to."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._workspace = workspace
        self._fields = ServerFields()
        self._fields.changed.connect(self._check)
        self._fields.accepted.connect(self._choose)
        self._saved = QComboBox()
        self._saved.setObjectName("server_saved")
        self._saved.setToolTip("A lab you saved, to change or to forget it")
        self._saved.activated.connect(self._on_saved)
        self._forget = self._button(
            "server_forget", "Forget", "Take this lab out of the menu, password too"
        )
        self._forget.clicked.connect(self._on_forget)
        self._remember = RememberBox(workspace)
        self._remember.setObjectName("server_remember")
        self._title = QLineEdit()
        self._title.setObjectName("server_title")
        self._title.setPlaceholderText("a name of your own")
        self._title.setToolTip("What the lab is called in the menu")
        self._title.textChanged.connect(self._check)
        self._save = self._button(
            "server_save", "Save", "Put this lab into the menu, under that name"
        )
        self._save.clicked.connect(self._on_save)
        self._hint = QLabel()
        self._hint.setObjectName("server_hint")
        self._hint.setWordWrap(True)
        self._trial = TrialView(workspace)
        self._trial.ended.connect(self._check)
        self._test = self._button(
            "server_test", "Test connection", "Try it and say what works"
        )
        self._test.clicked.connect(self._on_test)
        self._connect = self._button(
            "server_connect", "Connect", "Connect to this lab (Enter)"
        )
        self._connect.clicked.connect(self._choose)
        self._cancel = self._button(
            "server_cancel", "Cancel", "Keep the lab that is open"
        )
        self._cancel.clicked.connect(self._close)
        self._lay_out()
        self._list_saved()
        self._check()

    def start(self) -> None:
        """Get ready to be filled in."""
        self._list_saved(self._saved.currentData() or "")
        self._remember.look()
        self._say("")
        self._check()
        self._fields.start()

    def _button(self, name: str, text: str, tooltip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tooltip)
        return button

    def _lay_out(self) -> None:
        saved, title, buttons = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        saved.addWidget(self._saved, 1)
        saved.addWidget(self._forget)
        title.addWidget(self._title, 1)
        title.addWidget(self._save)
        buttons.addWidget(self._test)
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._connect)
        form = self._fields.form
        form.insertRow(self._fields.below_password, "", self._remember)
        form.insertRow(0, "Lab", saved)
        form.addRow("Save as", title)
        layout = QVBoxLayout(self)
        layout.addWidget(self._fields)
        layout.addLayout(buttons)
        # below, so that no button moves while it is aimed at
        layout.addWidget(self._hint)
        layout.addWidget(self._trial)

    # -- saved labs

    def _list_saved(self, current: str = "") -> None:
        self._saved.clear()
        self._saved.addItem(_NEW, "")
        for lab in preferences().saved:
            self._saved.addItem(lab.title, lab.title)
        self._saved.setCurrentIndex(max(0, self._saved.findData(current)))
        self._forget.setEnabled(bool(self._saved.currentData()))

    def _on_saved(self) -> None:
        title = self._saved.currentData()
        self._forget.setEnabled(bool(title))
        self._trial.clear()
        self._say("")
        self._title.setText(title)
        lab = next((each for each in preferences().saved if each.title == title), None)
        if lab is None:
            self._fields.clear()
        else:
            self._fields.show_lab(lab)
        self._fields.start()

    def _on_save(self) -> None:
        lab, password = self._described()
        try:
            save_lab(lab)
        except InvalidValue as error:
            self._say(str(error))
            return
        self._list_saved(lab.title)
        self._say(f"'{lab.title}' is in the menu now.")
        if self._remember.isChecked() and password:
            self._workspace.background(
                keep_password, lab.url, password, done=self._say, failed=self._fail
            )

    def _on_forget(self) -> None:
        title = self._saved.currentData()
        labs = preferences().saved
        lab = next((each for each in labs if each.title == title), None)
        forget_lab(title)
        self._list_saved()
        self._title.clear()
        self._fields.clear()
        self._say(f"'{title}' is out of the menu.")
        if lab is not None and not any(
            each.url == lab.url for each in preferences().saved
        ):
            self._workspace.background(forget_password, lab.url, failed=self._fail)

    # -- the rest

    def _described(self) -> tuple[SavedLab, str | None]:
        lab, pasted = without_password(self._fields.lab(self._title.text().strip()))
        return lab, self._fields.password or pasted

    def _check(self) -> None:
        missing = self._fields.missing
        if missing or self._hint.text().startswith("Still needed"):
            self._say(missing)
        self._connect.setEnabled(not missing)
        self._test.setEnabled(not missing)
        self._save.setEnabled(not missing and bool(self._title.text().strip()))

    def _on_test(self) -> None:
        lab, password = self._described()
        self._test.setEnabled(False)
        self._trial.start(lab, password)

    def _choose(self) -> None:
        if not self._connect.isEnabled():
            return
        lab, password = self._described()
        where = urlsplit(lab.url).hostname or lab.url
        saved = next((s for s in preferences().saved if s.url == lab.url), None)
        profile = Profile(
            title_of(lab.name or DEFAULT_NAME, where) if saved is None else saved.title,
            lab.url,
            lab.name,
            lab.project or "",  # the field says "none"
            password,
            tls=True,
            remembers=self._remember.isChecked() and password is not None,
        )
        self._fields.clear_password()
        self._close()
        self.chosen.emit(profile)

    def _close(self) -> None:
        self._fields.clear_password()
        self._trial.clear()
        self.hide()

    def _fail(self, error: Exception) -> None:
        self._say(str(error))

    def _say(self, text: str) -> None:
        self._hint.setText(text)
        self._hint.setVisible(bool(text))
