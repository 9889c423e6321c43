"""The list of ten thousand entries, and a key stroke in its filter."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import datajoint as dj
import pytest
from big_lab import ENTRIES, PHANTOM
from qtpy.QtCore import QSortFilterProxyModel, Qt
from qtpy.QtGui import QStandardItem, QStandardItemModel
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit, QTableView, QVBoxLayout, QWidget

from labdata_napari.widgets.browser import LabBrowser
from labdata_napari.widgets.connection import Profile
from labdata_napari.widgets.entry_columns import ENTRY_COLUMNS
from labdata_napari.widgets.record_table import RecordTableModel
from labdata_napari.widgets.workspace import workspace_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from big_lab import BigLab

    from labdata_napari.lab.entries import Entry
    from labdata_napari.widgets.workspace import Workspace

LIST = "browser: list 10,000 entries"
DOCK = "browser: refresh the dock with 10,000 entries"
KEY = "browser: key stroke in the filter of 10,000"
TYPED = "m12 s3 brain"
PROXY = "QSortFilterProxyModel on a QStandardItemModel"


def test_list(measure: Callable[..., Any], big_lab: BigLab) -> None:
    found = measure(LIST, big_lab.lab.entries.find, target="< 500 ms")
    assert len(found) == ENTRIES


def with_datajoint(lab: Any) -> list[dict[str, Any]]:
    dataset = ("subject_name", "session_name", "dataset_name")
    brains = lab.FixedBrain * lab.Session.proj("session_datetime")
    rows = brains.join(lab.File.proj("file_size"), left=True).to_dicts()
    for table in (lab.FixedBrainTransform, lab.FixedBrainTransformAnnotation):
        dj.U(*dataset).aggr(table, n="count(*)").to_dicts()
    return rows


def test_list_datajoint(measure: Callable[..., Any], big_lab: BigLab) -> None:
    peer = "the same queries, DataJoint's to_dicts"
    rows = measure(LIST, lambda: with_datajoint(big_lab.lab), peer=peer)
    assert len(rows) == ENTRIES


@pytest.fixture(scope="module")
def entries(big_lab: BigLab) -> list[Entry]:
    return big_lab.lab.entries.find()


def items(entries: list[Entry]) -> QStandardItemModel:
    model = QStandardItemModel(0, len(ENTRY_COLUMNS))
    for entry in entries:
        model.appendRow([QStandardItem(c.text(entry)) for c in ENTRY_COLUMNS])
    return model


class Typist:
    """Types a text into a line again and again, one key for each round."""

    def __init__(self, line: QLineEdit) -> None:
        self.line = line
        self._keys = itertools.cycle(TYPED)

    def before(self) -> tuple[tuple[str], dict[str, Any]]:
        if len(self.line.text()) == len(TYPED):
            self.line.clear()
        QApplication.processEvents()
        return (next(self._keys),), {}

    def press(self, key: str) -> None:
        QTest.keyClick(self.line, key)
        QApplication.processEvents()  # the table is painted


@pytest.fixture
def browser(
    big_lab: BigLab, make_napari_viewer: Callable[..., Any], qtbot: Any
) -> Iterator[tuple[LabBrowser, Workspace]]:
    """The dock, connected and filled, and its workspace."""
    viewer = make_napari_viewer()
    dock = LabBrowser(viewer)
    qtbot.addWidget(dock)
    dock.connect_to(Profile("Big lab", big_lab.url, "lab_data"))
    dock.resize(700, 800)
    dock.show()
    model = dock.findChild(RecordTableModel)
    qtbot.waitUntil(lambda: model.total == ENTRIES, timeout=60_000)
    workspace = workspace_for(viewer)
    yield dock, workspace
    dock.hide()
    workspace.close()


def test_dock(
    measure: Callable[..., Any],
    browser: tuple[LabBrowser, Workspace],
    qtbot: Any,
) -> None:
    """What happens after rows were written; the GUI does not wait meanwhile."""
    dock, workspace = browser
    model = dock.findChild(RecordTableModel)

    def work() -> None:
        with qtbot.waitSignal(model.modelReset, timeout=60_000):
            workspace.rows_changed.emit(PHANTOM)
        QApplication.processEvents()

    measure(DOCK, work)


def test_dock_items(
    measure: Callable[..., Any], big_lab: BigLab, qapp: Any, entries: list[Entry]
) -> None:
    table = QTableView()

    def work() -> None:
        with_datajoint(big_lab.lab)
        table.setModel(items(entries))

    peer = "to_dicts into a QStandardItemModel, GUI waiting"
    measure(DOCK, work, peer=peer, rounds=3)


def test_key(
    measure: Callable[..., Any], browser: tuple[LabBrowser, Workspace]
) -> None:
    dock, _ = browser
    typist = Typist(dock.findChild(QLineEdit, "filter_line"))
    measure(
        KEY,
        typist.press,
        target="< 50 ms",
        setup=typist.before,
        rounds=4 * len(TYPED),
        warm=len(TYPED),
    )
    assert 0 < dock.findChild(RecordTableModel).rowCount() < ENTRIES


def test_key_proxy(
    measure: Callable[..., Any], qtbot: Any, entries: list[Entry]
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    line, table = QLineEdit(), QTableView()
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(items(entries))
    proxy.setFilterKeyColumn(-1)
    proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    table.setModel(proxy)
    line.textChanged.connect(proxy.setFilterRegularExpression)
    layout = QVBoxLayout(window)
    layout.addWidget(line)
    layout.addWidget(table)
    window.resize(700, 800)
    window.show()
    qtbot.waitExposed(window)
    typist = Typist(line)
    measure(KEY, typist.press, peer=PROXY, setup=typist.before, rounds=24)
