"""The table of entries: filtering, sorting and the keyboard, with real key presses."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import pytest
from qtpy.QtCore import Qt

from labdata_napari.widgets.record_table import (
    Column,
    RecordTableModel,
    RecordTableView,
)


@dataclass(frozen=True)
class Record:
    number: int
    name: str
    size: float | None
    note: str = ""


COLUMNS = (
    Column("Name", "The name", lambda r: r.name),
    Column(
        "Size",
        "The size",
        lambda r: "" if r.size is None else f"{r.size:.0f}",
        lambda r: r.size,
        numeric=True,
    ),
)
RECORDS = [
    Record(0, "M1 brain", 300.0),
    Record(1, "M2 brain", 20.0),
    Record(2, "M1 video", None),
    Record(3, "M3 brain", 1000.0, note="hidden"),
]


@pytest.fixture
def view(qtbot):
    model = RecordTableModel(COLUMNS, lambda r: r.number)
    view = RecordTableView(model)
    qtbot.addWidget(view)
    view.show()
    model.set_records(RECORDS, also=lambda r: r.note)
    return view


def shown(view) -> list[int]:
    model = view.records()
    rows = range(model.rowCount())
    return [model.record(model.index(row, 0)).number for row in rows]


def test_every_word_has_to_occur_in_any_column_in_any_case(view):
    view.records().filter("m1 BRAIN")
    assert shown(view) == [0]
    view.records().filter("1000")
    assert shown(view) == [3]
    view.records().filter("hidden")
    assert shown(view) == [3]
    view.records().filter("nothing")
    assert shown(view) == []
    view.records().filter("")
    assert shown(view) == [0, 1, 2, 3]


def test_a_condition_narrows_the_words_further(view):
    view.records().filter("brain", keeps=lambda r: (r.size or 0) > 100)
    assert shown(view) == [0, 3]


def test_a_click_on_a_header_sorts_by_value_and_keeps_blanks_last(view, qtbot):
    header = view.horizontalHeader()
    middle = header.sectionViewportPosition(1) + header.sectionSize(1) // 2
    place = header.viewport().rect().center()
    place.setX(middle)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown(view) == [1, 0, 3, 2]
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown(view) == [3, 0, 1, 2]


def test_enter_and_a_double_click_open_the_current_record(view, qtbot):
    view.select_first()
    with qtbot.waitSignal(view.activated_record) as opened:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert opened.args == [RECORDS[0]]
    cell = view.visualRect(view.model().index(2, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    with qtbot.waitSignal(view.activated_record) as opened:
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert opened.args == [RECORDS[2]]


def test_arrows_move_and_the_way_up_leaves_the_table(view, qtbot):
    view.select_first()
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.current_record() == RECORDS[1]
    qtbot.keyClick(view, Qt.Key.Key_Up)
    with qtbot.waitSignal(view.left_at_top):
        qtbot.keyClick(view, Qt.Key.Key_Up)


def test_the_current_record_survives_filter_sorting_and_a_refresh(view):
    view.select(RECORDS[3])
    view.records().filter("brain")
    assert view.current_record() == RECORDS[3]
    view.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
    assert view.current_record() == RECORDS[3]
    grown = [replace(r, size=(r.size or 0) + 1) for r in RECORDS]
    view.records().set_records(grown)
    assert view.current_record() == grown[3]


def test_when_the_current_record_is_filtered_out_the_first_takes_over(view, qtbot):
    view.select(RECORDS[3])
    with qtbot.waitSignal(view.current_changed) as changed:
        view.records().filter("m1")
    assert changed.args == [RECORDS[0]]
    with qtbot.waitSignal(view.current_changed) as changed:
        view.records().filter("nothing at all")
    assert changed.args == [None]


@pytest.mark.alone
def test_ten_thousand_records_filter_in_less_than_50_ms_per_key(view, qtbot):
    many = [Record(i, f"M{i % 300} brain {i}", float(i)) for i in range(10_000)]
    view.records().set_records(many)
    view.select(many[9_000])
    for text in ("m", "m1", "m12", "m12 9", ""):
        start = time.perf_counter()
        view.records().filter(text)
        view.repaint()
        assert time.perf_counter() - start < 0.05, text
