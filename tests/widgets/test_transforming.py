"""Making a transform from the browser, with the mouse."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QLabel, QListWidget, QMenu, QPushButton

from hands import choose, press, row_of
from labdata_napari.widgets.record_table import RecordTableView

pytestmark = pytest.mark.gui


def select(browser, qtbot, subject: str) -> None:
    table = browser.findChild(RecordTableView, "entry_table")
    table.selectRow(row_of(table, subject))
    button = browser.findChild(QPushButton, "new_transform_button")
    qtbot.waitUntil(button.isVisible, timeout=10_000)


def transforms(browser) -> list[str]:
    listed = browser.findChild(QListWidget, "transform_list")
    return [listed.item(row).text() for row in range(listed.count())]


def test_a_brain_without_transform_gets_one_at_the_chosen_size(
    open_browser, lab_folder, qtbot
):
    _, _, browser = open_browser(lab_folder, show=True)
    select(browser, qtbot, "M2")
    assert transforms(browser) == []
    menu = browser.findChild(QMenu, "new_transform_menu")
    choose(menu, "at 50 µm")
    qtbot.waitUntil(lambda: len(transforms(browser)) == 1, timeout=30_000)
    with lab_folder.connect() as lab:
        row = (lab.FixedBrainTransform & {"subject_name": "M2"}).fetch1()
        assert row["um_per_pixel"] == pytest.approx([50, 50, 50], rel=0.05)
        assert row["shape"][1] == 2
    said = browser.findChild(QLabel, "browser_status").text()
    assert "Transform 0 of M2 brain is computed" in said


def test_parameters_that_wait_are_computed_by_the_same_button(
    open_browser, lab_folder, qtbot
):
    with lab_folder.connect() as lab:
        key = (lab.FixedBrain & {"subject_name": "M2"}).keys()[0]
        lab.FixedBrainTransformParameters.insert1(key | {"transform_id": 4})
    _, _, browser = open_browser(lab_folder, show=True)
    select(browser, qtbot, "M2")
    button = browser.findChild(QPushButton, "open_transform_button")
    assert button.text() == "Compute"
    press(button)
    qtbot.waitUntil(lambda: button.text() == "Open transform", timeout=30_000)
    with lab_folder.connect() as lab:
        assert len(lab.FixedBrainTransform & {"transform_id": 4}) == 1


def test_a_colleague_who_takes_the_same_number_meanwhile_keeps_it(
    open_browser, lab_folder, qtbot
):
    _, _, browser = open_browser(lab_folder, show=True)
    select(browser, qtbot, "M2")
    assert transforms(browser) == []
    with lab_folder.connect() as theirs:
        key = (theirs.FixedBrain & {"subject_name": "M2"}).keys()[0]
        table = theirs.FixedBrainTransformParameters & key
        with theirs.connection.transaction:
            # nobody else sees it yet, so that the window counts from 0 as well
            table.insert1(key | {"transform_id": 0})
            choose(browser.findChild(QMenu, "new_transform_menu"), "at 50 µm")
            qtbot.wait(500)
        qtbot.waitUntil(
            lambda: (
                "Transform 1 of M2 brain is computed"
                in browser.findChild(QLabel, "browser_status").text()
            ),
            timeout=30_000,
        )
        qtbot.waitUntil(lambda: len(transforms(browser)) == 2, timeout=10_000)
        first, second = table.to_dicts(order_by="KEY")
        assert first["downsample"] is None
        assert second["downsample"] is not None
        assert (theirs.FixedBrainTransform & key).fetch1("transform_id") == 1
