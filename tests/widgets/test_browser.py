"""The Lab Browser in a real window, driven with mouse and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QPushButton,
    QScrollArea,
)
from superqt import QElidingLabel

from labdata_napari import settings
from labdata_napari.lab.embedded import EmbeddedPostgres
from labdata_napari.layers.source import source_of
from labdata_napari.widgets.browser import LabBrowser
from labdata_napari.widgets.connection import Phase
from labdata_napari.widgets.record_table import RecordTableView
from labdata_napari.widgets.workspace import workspace_for

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


def table_of(browser) -> RecordTableView:
    return browser.findChild(RecordTableView, "entry_table")


def line_of(browser) -> QLineEdit:
    return browser.findChild(QLineEdit, "filter_line")


def shown(browser) -> list[str]:
    model = table_of(browser).records()
    rows = range(model.rowCount())
    return [model.record(model.index(row, 0)).subject for row in rows]


def text_of(browser, name: str) -> str:
    return browser.findChild(QLabel, name).text()


def click(qtbot, browser, name: str) -> None:
    qtbot.mouseClick(browser.findChild(QPushButton, name), LEFT)


def test_the_lab_is_listed_newest_first_with_its_numbers(open_browser, shared_lab):
    _, _, browser = open_browser(shared_lab)
    assert shown(browser) == ["M1", "M2"]
    model = table_of(browser).records()
    row = [model.index(0, c).data() for c in range(model.columnCount())]
    kind, subject, day, dataset, size, channels, um, transforms, notes, place = row
    assert (kind, subject, day, dataset) == ("brain", "M1", "2026-01-01", "brain")
    assert size.endswith("kB")
    assert (channels, um, transforms, notes, place) == (
        "2",
        "50 × 20 × 20",
        "1",
        "1",
        "local",
    )
    assert text_of(browser, "entry_count") == "2 entries"


def test_every_column_is_wide_enough_for_its_texts(open_browser, shared_lab, qtbot):
    _, _, browser = open_browser(shared_lab, show=True)
    browser.window().resize(1500, 900)
    table = table_of(browser)
    model = table.records()
    for column in range(model.columnCount()):
        texts = [model.index(row, column).data() for row in range(model.rowCount())]
        widest = max(table.fontMetrics().horizontalAdvance(text) for text in texts)
        assert table.columnWidth(column) >= widest, model.columns[column].title
    qtbot.waitUntil(lambda: not table.horizontalScrollBar().isVisible())


def test_slash_filters_arrow_enters_the_table_and_enter_opens(
    open_browser, shared_lab, qtbot
):
    viewer, workspace, browser = open_browser(shared_lab, show=True)
    table, line = table_of(browser), line_of(browser)
    browser.window().activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_Slash)
    qtbot.waitUntil(line.hasFocus)
    qtbot.keyClicks(line, "m2 bra/")
    assert shown(browser) == []
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert shown(browser) == ["M2"]
    qtbot.keyClick(line, Qt.Key.Key_Down)
    assert table.hasFocus()
    with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert [layer.name for layer in viewer.layers] == [
        "M2 brain · GFP",
        "M2 brain · Cy5",
    ]
    qtbot.keyClick(table, Qt.Key.Key_Up)
    qtbot.waitUntil(line.hasFocus)
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert line.text() == ""
    assert shown(browser) == ["M1", "M2"]


def test_types_and_dates_narrow_the_list(open_browser, shared_lab):
    _, _, browser = open_browser(shared_lab)
    kinds = browser.findChild(QComboBox, "filter_kind")
    kinds.setCurrentText("Widefield")
    assert shown(browser) == []
    assert text_of(browser, "empty_text") == "No entry passes the filter."
    kinds.setCurrentText("Brain")
    dates = browser.findChild(QComboBox, "filter_dates")
    dates.setCurrentText("From … to …")
    first = browser.findChild(object, "filter_first")
    last = browser.findChild(object, "filter_last")
    first.setDate(first.date().fromString("2025-05-31", "yyyy-MM-dd"))
    last.setDate(last.date().fromString("2025-06-01", "yyyy-MM-dd"))
    assert shown(browser) == ["M2"]


def has_picture(label):
    pixmap = label.pixmap()  # None from PyQt5 where there is none
    return pixmap is not None and not pixmap.isNull()


def test_the_details_show_facts_transforms_and_a_cached_picture(
    open_browser, shared_lab, qtbot
):
    _, _, browser = open_browser(shared_lab)
    transforms = browser.findChild(QListWidget, "transform_list")
    qtbot.waitUntil(lambda: transforms.count() == 1, timeout=5000)
    assert "1 annotation" in transforms.item(0).text()
    picture = browser.findChild(QLabel, "entry_thumbnail")
    cache = settings.cache_home() / "thumbnails"
    # shown after it is kept, which begins under another name
    qtbot.waitUntil(lambda: has_picture(picture), timeout=5000)
    (file,) = cache.glob("*.png")
    image = QImage(str(file))
    assert (image.width(), image.height()) == (80, 60)
    middle = image.pixelColor(60, 30)
    assert middle.green() > 150 > middle.red()  # GFP in green
    facts = [label.text() for label in browser.findChildren(QLabel)]
    assert any("M1 (sex unknown" in fact for fact in facts)


def test_enter_on_a_transform_opens_it_with_its_annotations(
    open_browser, shared_lab, qtbot
):
    viewer, workspace, browser = open_browser(shared_lab)
    transforms = browser.findChild(QListWidget, "transform_list")
    qtbot.waitUntil(lambda: transforms.count() == 1, timeout=5000)
    with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
        qtbot.keyClick(transforms, Qt.Key.Key_Return)
    assert len(viewer.layers) == 4  # two channels, a line, points
    points = viewer.layers[-1]
    assert points.data.shape == (3, 3)
    assert source_of(points).key["transform_id"] == 0
    assert any("Annotations" in name for name in viewer.window.dock_widgets)


def test_opening_twice_selects_instead_of_adding(open_browser, shared_lab, qtbot):
    viewer, workspace, browser = open_browser(shared_lab)
    with qtbot.waitSignal(workspace.entry_opened, timeout=10_000):
        click(qtbot, browser, "open_button")
        click(qtbot, browser, "open_button")  # impatient
    viewer.layers.selection.clear()
    click(qtbot, browser, "open_button")
    qtbot.wait(200)
    assert len(viewer.layers) == 2
    assert viewer.layers.selection == set(viewer.layers)
    assert "open already" in text_of(browser, "browser_status")


def test_the_key_and_the_path_go_to_the_clipboard(open_browser, shared_lab, qtbot):
    _, workspace, browser = open_browser(shared_lab)
    table = table_of(browser)
    place = table.visualRect(table.model().index(1, 0)).center()
    table.customContextMenuRequested.emit(place)
    menu = browser.findChild(QMenu, "entry_menu")
    actions = {action.objectName(): action for action in menu.actions()}
    actions["entry_copy_key"].trigger()
    with workspace_lab(shared_lab) as lab:
        query = eval(QApplication.clipboard().text(), {"lab": lab})
        assert query.fetch1("subject_name") == "M2"
    with qtbot.waitSignal(workspace.status, timeout=5000):
        actions["entry_copy_path"].trigger()
    assert Path(QApplication.clipboard().text()).is_file()
    menu.close()


def workspace_lab(folder):
    return folder.connect()


def test_a_missing_file_is_told_in_the_status_line(open_browser, lab_folder, qtbot):
    viewer, _, browser = open_browser(lab_folder)
    root = Path(lab_folder.url.removeprefix("embedded:"))
    for file in root.rglob("*.ome.tif"):
        file.unlink()
    click(qtbot, browser, "open_button")
    qtbot.waitUntil(lambda: "brain.ome.tif" in text_of(browser, "browser_status"))
    assert not viewer.layers


def test_an_empty_lab_says_what_to_do(make_napari_viewer, qtbot, tmp_path):
    viewer = make_napari_viewer(show=True)
    browser = LabBrowser(viewer)
    viewer.window.add_dock_widget(browser)
    workspace = workspace_for(viewer)
    qtbot.waitUntil(lambda: workspace.connection.is_open, timeout=30_000)
    assert workspace.connection.line.startswith("My lab · lab_data · on this computer")
    qtbot.waitUntil(lambda: "This lab is empty" in text_of(browser, "empty_text"))
    for name in ("empty_import", "empty_demo"):
        assert not browser.findChild(QPushButton, name).isHidden()


def test_the_form_connects_to_another_server_and_the_failure_is_told(
    open_browser, shared_lab, qtbot
):
    _, workspace, browser = open_browser(shared_lab, show=True)
    menu = browser.findChild(QMenu, "connection_menu")
    next(a for a in menu.actions() if a.text().startswith("Other")).trigger()
    button = browser.findChild(QPushButton, "server_connect")
    assert not button.isEnabled()
    hint = browser.findChild(QLabel, "server_hint")
    assert hint.text() == "Still needed: the server and your user name."
    for name, text in (("server_host", "127.0.0.1:1"), ("server_user", "me")):
        qtbot.keyClicks(browser.findChild(QLineEdit, name), text)
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: workspace.connection.phase is Phase.FAILED, timeout=15_000)
    assert "127.0.0.1:1" in text_of(browser, "connection_problem")
    assert text_of(browser, "empty_text").startswith("This lab is not connected")
    assert browser.findChild(QPushButton, "empty_again").isVisible()


def test_facts_that_do_not_break_are_cut_and_shown_in_full_on_hover(
    open_browser, shared_lab, qtbot
):
    _, _, browser = open_browser(shared_lab, show=True)

    def checksum():
        labels = browser.findChildren(QLabel)
        return next((w for w in labels if len(w.text()) == 32), None)

    qtbot.waitUntil(lambda: checksum() is not None, timeout=10_000)
    area = browser.findChild(QScrollArea, "details_scroll")
    browser.parentWidget().setFixedWidth(360)
    qtbot.waitUntil(lambda: area.viewport().width() < 250)
    assert area.widget().width() <= area.viewport().width()
    assert checksum().toolTip() == checksum().text()


def test_a_narrow_line_still_says_which_lab_and_what_may_be_written(
    open_browser, shared_lab, qtbot
):
    _, _, browser = open_browser(shared_lab, show=True)
    line = browser.findChild(QElidingLabel, "connection_text")
    browser.parentWidget().setFixedWidth(300)
    qtbot.waitUntil(lambda: "…" in line._elidedText())
    assert line._elidedText().startswith("Test")
    assert line._elidedText().endswith("write")


def test_closing_the_window_stops_the_server(open_browser, lab_folder, qtbot):
    viewer, _, _ = open_browser(lab_folder, show=True)
    viewer.close()
    server = EmbeddedPostgres(Path(lab_folder.url.removeprefix("embedded:")))
    qtbot.waitUntil(lambda: server.status().state == "stopped", timeout=10_000)


@pytest.mark.parametrize("name", ["filter_line", "filter_kind", "open_button"])
def test_controls_have_a_tooltip_and_take_the_keyboard(open_browser, shared_lab, name):
    _, _, browser = open_browser(shared_lab)
    widget = browser.findChild(object, name)
    assert widget.toolTip()
    assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
