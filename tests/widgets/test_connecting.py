"""Getting into a lab's server from the window: settings, passwords, saved labs."""

from __future__ import annotations

import pytest
from napari.settings import get_plugin_settings
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QMenu, QPushButton

from labdata_napari.widgets.browser import LabBrowser
from labdata_napari.widgets.connection import Phase
from labdata_napari.widgets.preferences import PLUGIN, preferences
from labdata_napari.widgets.workspace import workspace_for

pytestmark = [
    pytest.mark.gui,
    pytest.mark.mysql,
    pytest.mark.parametrize("backend", ["mysql"]),
]
LEFT = Qt.MouseButton.LeftButton


class Window:
    """A window with the Lab Browser, and what a person does in it."""

    def __init__(self, viewer, qtbot) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        self.browser = LabBrowser(viewer)
        viewer.window.add_dock_widget(self.browser)
        self.workspace = workspace_for(viewer)

    def find(self, kind, name):
        return self.browser.findChild(kind, name)

    def text(self, name: str) -> str:
        return self.find(QLabel, name).text()

    def write(self, name: str, text: str) -> None:
        line = self.find(QLineEdit, name)
        line.selectAll()
        self.qtbot.keyClicks(line, text)

    def press(self, name: str) -> None:
        button = self.find(QPushButton, name)
        assert button.isEnabled(), name
        self.qtbot.mouseClick(button, LEFT)

    def place(self, name: str) -> int:
        """How far down in the dock a button is."""
        self.qtbot.wait(50)  # laid out
        button = self.find(QPushButton, name)
        return button.mapTo(self.browser, button.rect().topLeft()).y()

    def until(self, what, timeout: int = 20_000) -> None:
        self.qtbot.waitUntil(what, timeout=timeout)

    def until_open(self) -> None:
        self.until(lambda: self.workspace.connection.phase is not Phase.CONNECTING)
        self.until(lambda: self.workspace.connection.is_open)

    def until_refused(self) -> None:
        self.until(lambda: self.workspace.connection.phase is Phase.FAILED)
        self.until(lambda: not self.find(QLineEdit, "login_password").isHidden())

    def menu(self, name: str = "connection_menu") -> dict[str, object]:
        menu = self.find(QMenu, name)
        return {a.text(): a for a in menu.actions() if a.text()}


@pytest.fixture
def open_window(make_napari_viewer, qtbot):
    return lambda: Window(make_napari_viewer(show=True), qtbot)


@pytest.fixture
def labdata_file(lab_place, labdata_home):
    """Settings of labdata that name the server but no password."""
    here = lab_place.parameters
    facts = {"host": f"{here['host']}:{here['port']}", "user": here["user"]}
    labdata_home.write(facts)
    return facts


def test_a_missing_password_is_asked_for_in_the_window_and_remembered(
    open_window, lab_place, labdata_file, keyring_memory
):
    window = open_window()
    window.until_refused()
    assert "without a password" in window.text("connection_problem")
    assert window.text("login_where") == "Log in at 127.0.0.1"
    assert window.find(QLineEdit, "login_user").text() == "labdata"
    password = window.find(QLineEdit, "login_password")
    assert password.echoMode() == QLineEdit.EchoMode.Password
    assert not window.find(QPushButton, "login_connect").isEnabled()

    window.write("login_password", "wrong")
    window.qtbot.keyClick(password, Qt.Key.Key_Return)
    assert password.text() == ""
    window.until(lambda: "this password" in window.text("connection_problem"))
    window.until(lambda: window.find(QCheckBox, "login_remember").isEnabled())
    window.find(QCheckBox, "login_remember").click()
    window.write("login_password", lab_place.parameters["password"])
    window.press("login_connect")
    window.until_open()
    assert window.workspace.connection.line.startswith("lab_data at 127.0.0.1 · as")
    assert not window.find(QLineEdit, "login_password").isVisible()
    window.until(lambda: "is in the keyring" in window.text("browser_status"))
    (secret,) = keyring_memory.held.values()
    assert secret == lab_place.parameters["password"]
    assert secret not in repr(window.workspace.connection)
    saved = get_plugin_settings(PLUGIN).model_dump_json()
    assert secret not in saved

    window.workspace.disconnect()
    window.workspace.connect(window.workspace.connection.profile or start())
    window.until_open()  # from the keyring


def start():
    from labdata_napari.widgets.connection import START

    return START


def test_a_keyring_that_fails_is_told_and_the_lab_is_open_all_the_same(
    open_window, lab_place, labdata_file, keyring_memory
):
    window = open_window()
    window.until_refused()
    window.until(lambda: window.find(QCheckBox, "login_remember").isEnabled())
    window.find(QCheckBox, "login_remember").click()
    keyring_memory.locked = "the collection is locked"
    window.write("login_password", lab_place.parameters["password"])
    window.press("login_connect")
    window.until_open()
    window.until(lambda: "collection is locked" in window.text("browser_status"))


def test_without_a_keyring_nothing_can_be_ticked_and_the_reason_is_there(
    open_window, labdata_file
):
    window = open_window()
    window.until_refused()
    box = window.find(QCheckBox, "login_remember")
    window.until(lambda: "no keyring" in box.toolTip())
    assert not box.isEnabled()


def test_labdatas_lab_is_first_in_the_menu_and_its_projects_can_be_chosen(
    open_window, lab_place, labdata_home, labdata_file
):
    declare_project(lab_place, "px")
    secret = labdata_home.encrypted(lab_place.parameters["password"])
    labdata_home.write(labdata_file | {"password": secret})
    window = open_window()
    window.until_open()
    assert window.workspace.connection.line == (
        "lab_data at 127.0.0.1 · as labdata · read and write"
    )
    window.find(QMenu, "connection_menu").refresh()
    window.until(lambda: "lab_data at 127.0.0.1" in window.menu())
    first, action = next(iter(window.menu().items()))
    assert first == "lab_data at 127.0.0.1"
    assert action.isChecked()
    assert str(labdata_home.file) in action.toolTip()
    window.until(lambda: "px" in window.menu("project_menu"))
    projects = window.menu("project_menu")
    assert not projects["old"].isEnabled()
    assert projects["px"].toolTip() == "vision"
    projects["px"].trigger()
    window.until(lambda: window.workspace.connection.project == "px")
    assert "· project px ·" in window.workspace.connection.line
    window.find(QMenu, "connection_menu").refresh()
    window.until(lambda: "px" in window.menu("project_menu"))
    assert window.menu("project_menu")["px"].isChecked()
    window.menu("project_menu")["None (the lab's own tables)"].trigger()
    window.until_open()
    window.until(lambda: window.workspace.connection.project is None)
    lab_place.sql(
        "SET foreign_key_checks = 0",
        "DROP DATABASE lab_data_px",
        "DROP DATABASE lab_data_px_computed",
    )


def declare_project(place, name: str) -> None:
    from labdata_napari.schema import Tables

    Tables(place.instance(), project=name, create=True).bind_all()
    place.sql(
        "REPLACE INTO lab_data.lab_member (user_name, date_joined) "
        "VALUES ('ana', '2020-01-01')",
        "REPLACE INTO lab_data.project "
        "(project_name, project_description, project_contact) "
        f"VALUES ('{name}', 'vision', 'ana'), ('old', 'gone', 'ana')",
    )


def test_a_server_is_tried_saved_opened_and_forgotten(
    open_window, lab_place, keyring_memory
):
    here = lab_place.parameters
    window = open_window()
    window.until_open()  # the embedded lab
    window.menu()["Other server …"].trigger()
    before = window.place("server_connect")
    assert "Still needed: the server" in window.text("server_hint")
    window.write("server_host", f"{here['host']}:{here['port']}")
    window.write("server_user", here["user"])
    window.write("server_password", here["password"])
    window.until(lambda: window.find(QLabel, "server_hint").isHidden())
    assert window.place("server_connect") == before  # what is aimed at stays
    window.press("server_test")
    window.until(lambda: window.find(QPushButton, "server_test").isEnabled())
    said = " ".join(w.text() for w in window.browser.findChildren(QLabel))
    for words in ("MariaDB", "You are in as 'labdata'", "All 88 are there", "may add"):
        assert words in said

    window.until(lambda: window.place("server_connect") == before)
    assert not window.find(QPushButton, "server_save").isEnabled()
    window.write("server_title", "Our rig")
    window.until(lambda: window.find(QCheckBox, "server_remember").isEnabled())
    window.find(QCheckBox, "server_remember").click()
    window.press("server_save")
    window.until(lambda: bool(keyring_memory.held))
    url = f"mysql://labdata@{here['host']}:{here['port']}"
    assert preferences().saved[0].text == f"Our rig = {url}"
    assert here["password"] not in get_plugin_settings(PLUGIN).model_dump_json()
    window.press("server_cancel")

    window.find(QMenu, "connection_menu").refresh()
    window.menu()["Our rig"].trigger()
    window.until_open()
    assert window.workspace.connection.line.startswith("Our rig · lab_data · on 127")
    assert preferences().url == url

    window.menu()["Other server …"].trigger()
    saved = window.find(QComboBox, "server_saved")
    saved.setCurrentText("Our rig")
    saved.activated.emit(saved.currentIndex())
    assert window.find(QLineEdit, "server_user").text() == "labdata"
    window.press("server_forget")
    window.until(lambda: not keyring_memory.held)
    assert preferences().saved == ()


def test_a_trial_that_fails_says_where_and_connecting_without_encryption_is_warned_of(
    open_window, lab_place
):
    here = lab_place.parameters
    window = open_window()
    window.menu()["Other server …"].trigger()
    window.write("server_host", f"{here['host']}:{here['port']}")
    window.write("server_user", here["user"])
    window.write("server_password", "wrong")
    window.press("server_test")
    window.until(lambda: window.find(QPushButton, "server_test").isEnabled())
    sentences = [
        w.text() for w in window.browser.findChildren(QLabel, "trial_sentence")
    ]
    assert any("A database answers at" in s for s in sentences)
    assert any("does not accept the user 'labdata'" in s for s in sentences)
    warning = window.find(QLabel, "server_warning")
    assert warning.isHidden()
    window.find(QCheckBox, "server_tls").click()
    assert not warning.isHidden()
    assert "read your password" in warning.text()


def test_broken_settings_are_told_and_no_other_lab_opens_by_itself(
    open_window, lab_place, labdata_home
):
    labdata_home.file.write_text("{")
    window = open_window()
    window.until(lambda: "are not valid JSON" in window.text("connection_problem"))
    assert not window.workspace.connection.is_open
    menu = window.find(QMenu, "connection_menu")
    mine = menu.findChild(QAction, "My lab (this computer)")
    mine.trigger()
    window.until_open()
    assert window.workspace.connection.where == "this computer"


def test_a_saved_lab_that_cannot_be_read_is_in_the_menu_with_the_reason(
    open_window, lab_place
):
    get_plugin_settings(
        PLUGIN
    ).connection.saved = "Rig = mysql://me:hunter2@rig; nothing"
    window = open_window()
    actions = window.find(QMenu, "connection_menu").actions()
    bad = [a for a in actions if a.text() == "Saved lab that cannot be read"]
    assert [a.isEnabled() for a in bad] == [False, False]
    assert "has a password in its address" in bad[0].toolTip()
    assert not any("hunter2" in a.toolTip() for a in bad)
